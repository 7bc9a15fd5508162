"""Learning's worker: the relay, the consumers, and the reassessment after imports."""

from datetime import timedelta

from starlette.types import ASGIApp

from chassis.messaging import Job, create_worker
from learning.curriculum.repository import install_shelf
from learning.events import consumers
from learning.progress.reassessing import reassess_changed_programs
from learning.settings import LearningSettings

JOBS = (Job("learning.reassess", timedelta(seconds=5), reassess_changed_programs),)


def create_app(settings: LearningSettings | None = None) -> ASGIApp:
    """The worker; settings come from the environment unless given."""
    app = create_worker(settings or LearningSettings(), consumers, jobs=JOBS)
    install_shelf(app.state.db)
    return app
