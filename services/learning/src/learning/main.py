"""The learning API: wiring only."""

from fastapi import FastAPI

from chassis.app import create_service
from learning.access import api as access
from learning.assignments import api as assignments
from learning.calendar import api as calendar
from learning.curriculum import api as curriculum
from learning.curriculum.repository import install_shelf
from learning.enrollments import api as enrollments
from learning.home import api as home
from learning.lessons import api as lessons
from learning.progress import api as progress
from learning.settings import LearningSettings
from learning.weeks import api as weeks

#: The pages that students open all the time first: a route's place costs (facts: measured costs).
ROUTERS = (
    weeks.router,
    home.router,
    progress.router,
    lessons.router,
    access.router,
    assignments.router,
    calendar.router,
    curriculum.router,
    enrollments.router,
)


def create_app(settings: LearningSettings | None = None) -> FastAPI:
    """The application; settings come from the environment unless given."""
    app = create_service(settings or LearningSettings(), title="EdXelera learning", routers=ROUTERS)
    install_shelf(app.state.db)
    return app
