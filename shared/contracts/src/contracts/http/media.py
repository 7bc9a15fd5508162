"""Media over HTTP: uploads by staff, playback by students."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.http.base import AdminInput, ApiInput, ApiModel, Instant

VideoKind = Literal["mp4", "hls"]
VideoStatus = Literal["uploading", "ready", "rejected", "abandoned"]
SlugText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=100)]
#: A file of an HLS rendition, relative to its folder.
FilePath = Annotated[
    str, StringConstraints(pattern=r"^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/){0,4}[A-Za-z0-9_-][A-Za-z0-9._-]*$")
]


class HlsFileIn(AdminInput):
    """One file of an HLS rendition (a playlist, a segment)."""

    path: Annotated[FilePath, Field(max_length=200)]
    size_bytes: Annotated[int, Field(gt=0, le=5 * 2**30)]


class VideoIn(AdminInput):
    """What is going to be uploaded. ``files`` is for HLS only, beside the master playlist itself."""

    filename: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    content_type: Annotated[str, StringConstraints(to_lower=True, max_length=100)]
    size_bytes: Annotated[int, Field(gt=0)]
    program_slug: SlugText
    files: Annotated[tuple[HlsFileIn, ...], Field(max_length=2000)] = ()


class UploadPartOut(ApiModel):
    """PUT these many bytes here, the next ones to the next part."""

    part_number: int
    url: str
    size_bytes: int


class UploadFileOut(ApiModel):
    """PUT the file of this path here, with this Content-Type."""

    path: str
    url: str
    content_type: str
    size_bytes: int


class SingleUploadOut(ApiModel):
    """One PUT with the Content-Type of the video."""

    kind: Literal["single"] = "single"
    url: str
    parts: None = None
    files: None = None


class MultipartUploadOut(ApiModel):
    """One PUT for each part, in any order."""

    kind: Literal["multipart"] = "multipart"
    url: None = None
    parts: list[UploadPartOut]
    files: None = None


class FilesUploadOut(ApiModel):
    """One PUT for each file (HLS)."""

    kind: Literal["files"] = "files"
    url: None = None
    parts: None = None
    files: list[UploadFileOut]


class UploadOut(ApiModel):
    """A new video and where to put its bytes; then call ``complete``."""

    video_id: UUID
    upload: Annotated[SingleUploadOut | MultipartUploadOut | FilesUploadOut, Field(discriminator="kind")]
    expires_at: Instant


class CompleteIn(ApiInput):
    """What the uploader believes to have sent: the ETag of a single PUT, if it wants it compared."""

    etag: Annotated[str, StringConstraints(max_length=100)] | None = None


class VideoOut(ApiModel):
    """A video and how far it has come; ``problem`` says why it was rejected."""

    id: UUID
    program_slug: str
    filename: str
    kind: VideoKind
    content_type: str
    size_bytes: int
    status: VideoStatus
    problem: str | None
    duration_seconds: float | None
    created_at: Instant
    ready_at: Instant | None


class VideosOut(ApiModel):
    """A page of videos, newest first."""

    videos: list[VideoOut]
    next_cursor: str | None


class CookieOut(ApiModel):
    """A CDN cookie, to be set by whoever plays HLS."""

    name: str
    value: str
    domain: str
    path: str


class PlaybackOut(ApiModel):
    """Where to play, until when, and when to ask again (an instant before ``expiresAt``)."""

    url: str
    expires_at: Instant
    kind: VideoKind
    content_type: str
    duration_seconds: float | None
    renew_after: Instant
    cookies: list[CookieOut]
    preview: bool
