"""Media's worker: the relay, and the job that gives up abandoned uploads."""

from datetime import timedelta

from starlette.types import ASGIApp

from chassis.messaging import Consumers, Job, create_worker
from chassis.objects import ObjectStore
from media.settings import Settings
from media.uploads.sweeping import sweeper

#: Media learns nothing from other services' events: it asks learning when the answer must be fresh.
consumers = Consumers("media")


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The worker; settings come from the environment unless given."""
    settings = settings or Settings()
    sweep = sweeper(ObjectStore.of(settings), settings.media_bucket, settings.upload_lifetime)
    return create_worker(settings, consumers, jobs=[Job("abandon_uploads", timedelta(minutes=15), sweep)])
