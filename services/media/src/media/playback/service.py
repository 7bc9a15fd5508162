"""A playback grant: learning decides, the video is looked up, the CDN's URL or cookies are signed."""

from datetime import datetime
from urllib.parse import quote, urlsplit

from chassis.auth import Caller
from chassis.database import Database
from chassis.errors import Forbidden, NotFound
from contracts.http.base import to_wire
from contracts.http.learning import InternalAccessOut
from media.playback import policy, repository
from media.playback.access import AccessClient
from media.playback.cloudfront import Signer
from media.playback.repository import PlayableVideo
from media.playback.schemas import CookieOut, PlaybackOut
from media.settings import Settings


class NoVideo(NotFound):
    code = "no_video"
    title = "This lesson has no video"


class LessonLocked(Forbidden):
    """Refused for the first of the decision's reasons."""

    code = "lesson_locked"
    title = "You may not watch this lesson"


class Playback:
    """Grants playback. No transaction is open while learning is asked."""

    def __init__(self, db: Database, access: AccessClient, signer: Signer, settings: Settings) -> None:
        self._db = db
        self._access = access
        self._signer = signer
        self._settings = settings

    def grant(self, caller: Caller, program: str, course: str, lesson: str, now: datetime) -> PlaybackOut:
        """Where ``caller`` may play the lesson's video; raises ``LessonLocked``, ``NoVideo``, ``NotFound``."""
        access = self._access.ask(caller, program, course, lesson)
        require_allowed(access)
        video = self._find(access, program)
        return self._hls(video, access, now) if video.kind == "hls" else self._file(video, access, now)

    def _find(self, access: InternalAccessOut, program_slug: str) -> PlayableVideo:
        video = None
        if access.video_id is not None:
            with self._db.begin() as session:
                video = repository.find_ready(session, access.video_id, program_slug)
        if video is None:
            raise NoVideo("The lesson has no video, or it is not ready yet.")
        return video

    def _file(self, video: PlayableVideo, access: InternalAccessOut, now: datetime) -> PlaybackOut:
        grant = policy.grant(now, self._settings.playback_url_seconds)
        url = self._signer.signed_url(self._url(video.object_key), grant.expires_at)
        return _answer(video, access, grant, url, [])

    def _hls(self, video: PlayableVideo, access: InternalAccessOut, now: datetime) -> PlaybackOut:
        grant = policy.grant(now, self._settings.hls_cookie_seconds)
        url = self._url(video.object_key)
        folder = url.rpartition("/")[0]
        host = urlsplit(url).hostname or ""
        cookies = [
            CookieOut(
                name=name,
                value=value,
                domain=self._settings.cdn_cookie_domain or host,
                path=urlsplit(folder).path,
            )
            for name, value in self._signer.cookies(f"{folder}/*", grant.expires_at).items()
        ]
        return _answer(video, access, grant, url, cookies)

    def _url(self, key: str) -> str:
        return f"{self._settings.cdn_base_url}/{quote(key)}"


def require_allowed(access: InternalAccessOut) -> None:
    """Refuse with the decision's own reasons."""
    if access.allowed:
        return
    reason = access.reasons[0] if access.reasons else LessonLocked.code
    raise LessonLocked.because(
        reason,
        f"This lesson is not open to you: {', '.join(access.reasons) or reason}.",
        reasons=access.reasons,
        unlocksAt=to_wire(access.unlocks_at) if access.unlocks_at else None,
        requires=access.requires,
    )


def _answer(
    video: PlayableVideo, access: InternalAccessOut, grant: policy.Grant, url: str, cookies: list[CookieOut]
) -> PlaybackOut:
    return PlaybackOut(
        url=url,
        expires_at=grant.expires_at,
        kind="hls" if video.kind == "hls" else "mp4",
        content_type=video.content_type,
        duration_seconds=video.duration_seconds,
        renew_after=grant.renew_after,
        cookies=cookies,
        preview=access.preview,
    )
