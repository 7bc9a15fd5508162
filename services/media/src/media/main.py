"""The media API: wiring only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.app import create_service
from chassis.objects import ObjectStore
from chassis.service_client import service_client
from media.playback import api as playback
from media.playback.access import AccessClient
from media.playback.cloudfront import Signer
from media.settings import Settings
from media.uploads import api as uploads


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; settings come from the environment unless given."""
    settings = settings or Settings()
    learning = service_client(settings, settings.learning_url, "learning")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with learning:
            yield

    app = create_service(settings, title="EdXelera media", routers=[playback.router, uploads.router], lifespan=lifespan)
    app.state.store = ObjectStore.of(settings)
    app.state.access = AccessClient(learning)
    app.state.signer = Signer.from_file(settings.cdn_key_pair_id, settings.cdn_private_key_path, settings.cdn_hash)
    return app
