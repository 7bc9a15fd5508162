"""Gives up uploads that were begun and never completed, so that their parts do not stay in S3 for ever."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from chassis.database import Database
from chassis.objects import ObjectStore
from media.models import Video
from media.uploads import repository

log = structlog.get_logger(__name__)

_BATCH = 50
#: Beyond the life of the URLs, for the last part of a slow upload.
_GRACE = timedelta(hours=1)


def sweeper(store: ObjectStore, bucket: str, lifetime: timedelta) -> Callable[[Database, datetime], None]:
    """The job: first nobody can complete the upload any more, then its bytes go, then that is noted.

    In this order a crash only repeats a step, and no video that was just made ready can lose its bytes.
    """

    def sweep(db: Database, now: datetime) -> None:
        db.run(lambda session: repository.abandon_stale(session, now - lifetime - _GRACE))
        with db.begin() as session:
            abandoned = list(repository.list_unfreed(session, _BATCH))
        for video in abandoned:
            _free(store, bucket, video)
            _note(db, video.id)
            log.info("upload_abandoned", video_id=str(video.id), program=video.program_slug)

    return sweep


def _free(store: ObjectStore, bucket: str, video: Video) -> None:
    if video.upload_id is not None:
        store.abort_multipart(bucket, video.object_key, video.upload_id)
    store.delete(bucket, video.object_key)
    folder = video.object_key.rpartition("/")[0]
    for path, _ in video.files or []:
        store.delete(bucket, f"{folder}/{path}")


def _note(db: Database, video_id: UUID) -> None:
    db.run(lambda session: repository.note_freed(session, video_id))
