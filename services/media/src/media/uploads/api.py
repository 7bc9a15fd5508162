"""Videos for staff: announce, complete, list."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from chassis.auth import StaffOnly
from chassis.clock import Now
from chassis.errors import Unprocessable, problems
from chassis.idempotency import idempotent
from chassis.objects import StorageUnavailable
from chassis.routing import ServiceRoute
from contracts.http.media import SlugText
from media.auth import AsStaff
from media.uploads.inspection import UploadIncomplete
from media.uploads.schemas import CompleteIn, UploadOut, VideoIn, VideoOut, VideosOut
from media.uploads.service import UploadAbandoned, UploadRejected, Uploads, VideoNotFound
from media.wiring import Db, MediaSettings, Store

router = APIRouter(route_class=ServiceRoute, prefix="/v1/admin/videos", tags=["videos"])


@router.post(
    "",
    status_code=201,
    response_model=UploadOut,
    responses=problems(StaffOnly, Unprocessable, StorageUnavailable),
)
@idempotent
def create_video(
    asked: VideoIn, caller: AsStaff, db: Db, store: Store, settings: MediaSettings, now: Now, response: Response
) -> UploadOut:
    """Announce a video of a program that the caller teaches; PUT the bytes to the URLs of the answer."""
    response.headers["Cache-Control"] = "no-store"
    return Uploads(db, store, settings).begin(caller, asked, now)


@router.post(
    "/{video_id}/complete",
    response_model=VideoOut,
    responses=problems(VideoNotFound, UploadIncomplete, UploadRejected, UploadAbandoned, StorageUnavailable),
)
def complete_video(
    video_id: UUID,
    caller: AsStaff,
    db: Db,
    store: Store,
    settings: MediaSettings,
    now: Now,
    sent: CompleteIn | None = None,
) -> VideoOut:
    """Check what was uploaded (size, type, ETag, content); from then on lessons may name the video."""
    video = Uploads(db, store, settings).complete(caller, video_id, sent.etag if sent else None, now)
    return VideoOut.model_validate(video)


@router.get("", response_model=VideosOut, responses=problems(StaffOnly))
def list_videos(
    caller: AsStaff,
    db: Db,
    store: Store,
    settings: MediaSettings,
    program_slug: Annotated[SlugText | None, Query(alias="programSlug")] = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> VideosOut:
    """The videos of the programs that the caller teaches (an administrator: of all), newest first."""
    videos, following = Uploads(db, store, settings).page(caller, program_slug, cursor, limit)
    return VideosOut(
        videos=[VideoOut.model_validate(video) for video in videos],
        next_cursor=str(following) if following else None,
    )
