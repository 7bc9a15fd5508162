"""The certificates API: wiring only."""

from fastapi import FastAPI

from certificates.administration import api as administration
from certificates.corrections import api as corrections
from certificates.credentials import api as credentials
from certificates.credentials.service import Credentials
from certificates.issuing import api as issuing
from certificates.library import api as library
from certificates.settings import Settings
from certificates.verification import api as verification
from certificates.verification.page import VerificationPage
from chassis.app import create_service
from chassis.objects import ObjectStore


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; settings come from the environment unless given."""
    settings = settings or Settings()
    routers = [
        verification.router,
        library.router,
        corrections.router,
        administration.router,
        credentials.router,
        issuing.router,
    ]
    app = create_service(settings, title="EdXelera certificates", routers=routers)
    app.state.store = ObjectStore.of(settings)
    app.state.credentials = Credentials(settings)
    app.state.verification_page = VerificationPage()
    return app
