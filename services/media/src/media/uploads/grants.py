"""The presigned URLs of an upload."""

from datetime import timedelta

from chassis.objects import ObjectStore
from media.models import Video
from media.uploads import policy
from media.uploads.schemas import FilesUploadOut, MultipartUploadOut, SingleUploadOut, UploadFileOut, UploadPartOut

Upload = SingleUploadOut | MultipartUploadOut | FilesUploadOut


def upload_urls(store: ObjectStore, bucket: str, video: Video, lifetime: timedelta) -> Upload:
    """Where the video's bytes go: each URL takes exactly the announced size and type."""
    if video.kind == "hls":
        return FilesUploadOut(files=_files(store, bucket, video, lifetime))
    if video.upload_id is not None:
        return MultipartUploadOut(parts=_parts(store, bucket, video, lifetime))
    url = store.presign_put(bucket, video.object_key, lifetime, content_type=video.content_type, size=video.size_bytes)
    return SingleUploadOut(url=url)


def _parts(store: ObjectStore, bucket: str, video: Video, lifetime: timedelta) -> list[UploadPartOut]:
    assert video.upload_id is not None
    return [
        UploadPartOut(
            part_number=number,
            url=store.presign_part(bucket, video.object_key, video.upload_id, number, lifetime, size),
            size_bytes=size,
        )
        for number, size in enumerate(policy.part_sizes(video.size_bytes), start=1)
    ]


def _files(store: ObjectStore, bucket: str, video: Video, lifetime: timedelta) -> list[UploadFileOut]:
    folder = video.object_key.removesuffix(policy.MASTER_PLAYLIST)
    wanted = [(policy.MASTER_PLAYLIST, video.size_bytes, video.content_type)]
    wanted += [(path, size, policy.file_type(path) or "application/octet-stream") for path, size in video.files or []]
    return [
        UploadFileOut(
            path=path,
            url=store.presign_put(bucket, folder + path, lifetime, content_type=content_type, size=size),
            content_type=content_type,
            size_bytes=size,
        )
        for path, size, content_type in wanted
    ]
