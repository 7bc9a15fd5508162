"""Uploads: announce a video, let the browser PUT it to S3, check it there, declare it ready."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.auth import Caller, StaffOnly
from chassis.database import Database
from chassis.errors import Conflict, NotFound, Unprocessable
from chassis.ids import new_id
from chassis.messaging import emit
from chassis.objects import ObjectStore
from contracts.events.media import VideoReady
from media.models import READY, REJECTED, UPLOADING, Video
from media.settings import Settings
from media.uploads import policy, repository
from media.uploads.grants import upload_urls
from media.uploads.inspection import Inspection, Unacceptable, inspect
from media.uploads.schemas import UploadOut, VideoIn


class VideoNotFound(NotFound):
    code = "video_not_found"
    title = "There is no such video"


class UploadRejected(Conflict):
    code = "upload_rejected"
    title = "The uploaded file is not the video that was announced"


class UploadAbandoned(Conflict):
    code = "upload_abandoned"
    title = "The upload was not completed in time; begin a new one"


class Uploads:
    """The use cases of staff. Calls to S3 are made between transactions, never inside one."""

    def __init__(self, db: Database, store: ObjectStore, settings: Settings) -> None:
        self._db = db
        self._store = store
        self._settings = settings
        self._bucket = settings.media_bucket

    def begin(self, caller: Caller, asked: VideoIn, now: datetime) -> UploadOut:
        """Announce a video; answers where to put it. Raises ``StaffOnly`` and ``Unprocessable``."""
        if not policy.may_manage(caller.is_admin, caller.teaches, asked.program_slug):
            raise StaffOnly
        video = _announced(caller, asked, self._settings.upload_max_bytes, now)
        self._store.ensure_bucket(self._bucket)
        if video.kind == "mp4" and not policy.is_single(video.size_bytes):
            video.upload_id = self._store.create_multipart(self._bucket, video.object_key, video.content_type)
            video.part_bytes = policy.PART_BYTES
        try:
            with self._db.begin() as session:
                session.add(video)
        except Exception:
            if video.upload_id is not None:
                self._store.abort_multipart(self._bucket, video.object_key, video.upload_id)
            raise
        lifetime = self._settings.upload_lifetime
        return UploadOut(
            video_id=video.id,
            upload=upload_urls(self._store, self._bucket, video, lifetime),
            expires_at=now + lifetime,
        )

    def complete(self, caller: Caller, video_id: UUID, expected_etag: str | None, now: datetime) -> Video:
        """Check the upload and make the video ready; again answers the same.

        Raises ``VideoNotFound``, ``UploadIncomplete`` (try again later), ``UploadRejected`` or ``UploadAbandoned``.
        """
        with self._db.begin() as session:
            video = _managed(session, caller, video_id)
        if video.status == UPLOADING:
            try:
                found = inspect(self._store, self._bucket, video, expected_etag)
            except Unacceptable as error:
                reason = str(error)
                video = self._db.run(lambda session: _reject(session, video_id, reason))
            else:
                video = self._db.run(lambda session: _make_ready(session, video_id, found, now))
        return require_ready(video)

    def page(
        self, caller: Caller, program_slug: str | None, before: UUID | None, limit: int
    ) -> tuple[list[Video], UUID | None]:
        """The videos that ``caller`` manages, newest first, and where the next page begins."""
        programs = None if caller.is_admin else set(caller.teaches)
        if program_slug is not None:
            programs = {program_slug} if programs is None else programs & {program_slug}
        with self._db.begin() as session:
            found = list(repository.list_for(session, programs, before, limit + 1))
        return found[:limit], found[limit - 1].id if len(found) > limit else None


def require_ready(video: Video) -> Video:
    """The video, unless its upload has failed for good."""
    if video.status == READY:
        return video
    if video.status == REJECTED:
        raise UploadRejected(f"{video.filename}: {video.problem}. Upload it again as a new video.")
    raise UploadAbandoned(f"{video.filename} was not completed in time. Upload it again as a new video.")


def _announced(caller: Caller, asked: VideoIn, limit: int, now: datetime) -> Video:
    kind = policy.KINDS.get(asked.content_type)
    if kind is None:
        raise Unprocessable.field("contentType", f"must be one of {', '.join(policy.KINDS)}")
    files = [(file.path, file.size_bytes) for file in asked.files]
    wrong = policy.declaration_problem(kind, asked.size_bytes, limit, files)
    if wrong is not None:
        raise Unprocessable.field(*wrong)
    video_id = new_id()
    return Video(
        id=video_id,
        program_slug=asked.program_slug,
        filename=asked.filename,
        kind=kind,
        content_type=asked.content_type,
        size_bytes=asked.size_bytes,
        files=[[path, size] for path, size in files] or None,
        status=UPLOADING,
        object_key=f"videos/{video_id}/{'video.mp4' if kind == 'mp4' else policy.MASTER_PLAYLIST}",
        created_by=caller.account_id,
        created_at=now,
        version=1,
    )


def _managed(session: Session, caller: Caller, video_id: UUID) -> Video:
    video = repository.find(session, video_id)
    if video is None or not policy.may_manage(caller.is_admin, caller.teaches, video.program_slug):
        raise VideoNotFound  # do not reveal other programs' videos
    return video


def _reject(session: Session, video_id: UUID, reason: str) -> Video:
    video = repository.lock(session, video_id)
    if video.status == UPLOADING:
        video.status = REJECTED
        video.problem = reason[:500]
        video.version += 1
    return video


def _make_ready(session: Session, video_id: UUID, found: Inspection, now: datetime) -> Video:
    video = repository.lock(session, video_id)
    if video.status != UPLOADING:
        return video
    video.status = READY
    video.ready_at = now
    video.etag = found.etag
    video.duration_seconds = found.duration_seconds
    video.version += 1
    emit(
        session,
        VideoReady(
            sequence=video.version,
            video_id=video.id,
            program_slug=video.program_slug,
            kind="hls" if video.kind == "hls" else "mp4",
            content_type=video.content_type,
            size_bytes=video.size_bytes + sum(size for _, size in video.files or []),
            duration_seconds=video.duration_seconds,
        ),
    )
    return video
