"""Learning's worker: the relay, the consumers, the reassessment after imports, and what heals."""

from datetime import timedelta

from starlette.types import ASGIApp

from chassis.messaging import Job, create_worker
from chassis.messaging.sweeps import Sweeps
from chassis.service_client import service_client
from learning.curriculum.repository import install_shelf
from learning.events import consumers
from learning.progress.reassessing import reassess_changed_programs
from learning.progress.uncertified import completed_not_certified
from learning.settings import LearningSettings

JOBS = (Job("learning.reassess", timedelta(seconds=5), reassess_changed_programs),)


def create_app(settings: LearningSettings | None = None) -> ASGIApp:
    """The worker; settings come from the environment unless given."""
    settings = settings or LearningSettings()
    certificates = service_client(settings, settings.certificates_url, "certificates")
    sweeps = Sweeps(comparisons=[completed_not_certified(certificates)])
    app = create_worker(settings, consumers, jobs=[*JOBS, *sweeps.jobs], gauges=[sweeps.gauge])
    sweeps.count_into(app.state.worker.metrics.registry, settings.service)
    install_shelf(app.state.db)
    return app
