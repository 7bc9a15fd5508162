"""The certificates worker: takes in events, issues, and makes the PDFs."""

from datetime import timedelta

from starlette.types import ASGIApp

from certificates.documents.missing import certificate_without_document, document_lost
from certificates.documents.rendering import Renderer
from certificates.documents.service import Documents
from certificates.events import consumers
from certificates.issuing.uncertified import completed_not_certified
from certificates.settings import Settings
from chassis.messaging import Job, create_worker
from chassis.messaging.sweeps import Sweeps
from chassis.objects import ObjectStore

#: How often new certificates are looked for: a student waits about this long for the PDF.
_LOOK = timedelta(seconds=1)


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The worker; settings come from the environment unless given."""
    settings = settings or Settings()
    store = ObjectStore.of(settings)
    documents = Documents(store, settings, Renderer())
    sweeps = Sweeps(
        [completed_not_certified(), certificate_without_document()],
        [document_lost(store, settings.certificates_bucket)],
    )
    jobs = [Job("make_documents", _LOOK, documents.run), *sweeps.jobs]
    app = create_worker(settings, consumers, jobs, gauges=[sweeps.gauge])
    sweeps.count_into(app.state.worker.metrics.registry, settings.service)
    return app
