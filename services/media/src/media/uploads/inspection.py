"""Looks at what was uploaded, in S3, before it counts as a video. No transaction is open meanwhile."""

from dataclasses import dataclass

from chassis.errors import Conflict
from chassis.objects import ObjectInfo, ObjectMissing, ObjectStore
from media.models import Video
from media.uploads import hls, mp4, policy


class UploadIncomplete(Conflict):
    code = "upload_incomplete"
    title = "Not all of the video has arrived"


class Unacceptable(Exception):
    """The bytes are all there and are not the video that was announced; the message says why."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found out about a good upload."""

    etag: str
    duration_seconds: float | None


def inspect(store: ObjectStore, bucket: str, video: Video, expected_etag: str | None) -> Inspection:
    """Check size, type, ETag and content; raises ``UploadIncomplete``, ``Unacceptable`` or ``StorageUnavailable``."""
    if video.upload_id is not None:
        _join_parts(store, bucket, video)
    try:
        found = store.head(bucket, video.object_key)
    except ObjectMissing as error:
        raise UploadIncomplete("The file is not there yet: PUT it to the upload URL first.") from error
    _check_head(video, found, expected_etag)
    duration = _hls_duration(store, bucket, video) if video.kind == "hls" else _mp4_duration(store, bucket, video)
    return Inspection(found.etag, duration)


def _join_parts(store: ObjectStore, bucket: str, video: Video) -> None:
    """Make one object of the parts; parts that are gone were joined by an earlier call."""
    assert video.upload_id is not None
    try:
        parts = store.list_parts(bucket, video.object_key, video.upload_id)
    except ObjectMissing:
        return
    expected = policy.part_sizes(video.size_bytes)
    arrived = {part.number: part.size for part in parts}
    missing = [number for number, size in enumerate(expected, start=1) if arrived.get(number) != size]
    if missing:
        raise UploadIncomplete(
            f"{len(missing)} of {len(expected)} parts have not arrived whole.", missingParts=missing[:100]
        )
    store.complete_multipart(bucket, video.object_key, video.upload_id, parts[: len(expected)])


def _check_head(video: Video, found: ObjectInfo, expected_etag: str | None) -> None:
    if found.size != video.size_bytes:
        raise Unacceptable(f"the file has {found.size} bytes, {video.size_bytes} were announced")
    if found.content_type.partition(";")[0].strip().lower() != video.content_type:
        raise Unacceptable(f"the file was sent as {found.content_type!r}, not as {video.content_type!r}")
    if expected_etag is not None and expected_etag.strip('"') != found.etag:
        raise UploadIncomplete("The stored file has another ETag than the one you sent: upload it again.")


def _mp4_duration(store: ObjectStore, bucket: str, video: Video) -> float | None:
    def read(start: int, length: int) -> bytes:
        return store.get_range(bucket, video.object_key, start, length)

    try:
        return mp4.duration_of(read, video.size_bytes)
    except mp4.NotAnMp4 as error:
        raise Unacceptable(str(error)) from error


def _hls_duration(store: ObjectStore, bucket: str, video: Video) -> float | None:
    folder = video.object_key.removesuffix(policy.MASTER_PLAYLIST)
    expected = {policy.MASTER_PLAYLIST: video.size_bytes, **dict(video.files or [])}
    arrived = {key.removeprefix(folder): size for key, size in store.sizes(bucket, folder).items()}
    missing = [path for path, size in expected.items() if arrived.get(path) != size]
    if missing:
        raise UploadIncomplete(f"{len(missing)} files have not arrived whole.", missingFiles=missing[:100])
    try:
        return hls.duration_of(lambda path: store.get(bucket, folder + path), policy.MASTER_PLAYLIST, set(expected))
    except hls.BrokenPlaylist as error:
        raise Unacceptable(str(error)) from error
