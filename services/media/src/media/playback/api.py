"""GET …/playback."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from chassis.clock import Now
from chassis.errors import NotFound, problems
from chassis.routing import ServiceRoute
from media.auth import AsCaller
from media.playback.access import AccessUnknown
from media.playback.schemas import PlaybackOut
from media.playback.service import LessonLocked, NoVideo, Playback
from media.wiring import Access, CdnSigner, Db, MediaSettings

#: Whether such a thing exists is for learning to say.
PathSlug = Annotated[str, Path(max_length=100)]

router = APIRouter(route_class=ServiceRoute, tags=["playback"])


@router.get(
    "/v1/programs/{program_slug}/courses/{course_slug}/lessons/{lesson_slug}/playback",
    response_model=PlaybackOut,
    responses=problems(LessonLocked, NoVideo, NotFound, AccessUnknown),
    operation_id="getLessonPlaybackUrl",
)
def get_lesson_playback_url(
    program_slug: PathSlug,
    course_slug: PathSlug,
    lesson_slug: PathSlug,
    caller: AsCaller,
    db: Db,
    access: Access,
    signer: CdnSigner,
    settings: MediaSettings,
    now: Now,
    response: Response,
) -> PlaybackOut:
    """A signed URL (or cookies, for HLS) with which the caller may play the lesson's video for a while."""
    answer = Playback(db, access, signer, settings).grant(caller, program_slug, course_slug, lesson_slug, now)
    response.headers["Cache-Control"] = "no-store"
    for cookie in answer.cookies if settings.cdn_cookie_domain else ():
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=settings.hls_cookie_seconds,
            domain=cookie.domain,
            path=cookie.path,
            secure=settings.cdn_base_url.startswith("https://"),
            httponly=True,
            samesite="lax",
        )
    return answer
