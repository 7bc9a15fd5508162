"""What the endpoints need beside the chassis, held by the application."""

from typing import Annotated

from fastapi import Depends, Response
from starlette.requests import Request

from certificates.settings import Settings
from chassis.objects import ObjectStore


async def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


async def _store(request: Request) -> ObjectStore:
    found: ObjectStore = request.app.state.store
    return found


async def not_stored(response: Response) -> None:
    """Personal data stays in no cache."""
    response.headers["Cache-Control"] = "no-store"


CertificateSettings = Annotated[Settings, Depends(_settings)]
#: Signing a URL calls nobody, so it may be done while a transaction is open.
Store = Annotated[ObjectStore, Depends(_store)]
