"""Uploads over HTTP."""

from contracts.http.media import (
    CompleteIn,
    FilesUploadOut,
    MultipartUploadOut,
    SingleUploadOut,
    UploadFileOut,
    UploadOut,
    UploadPartOut,
    VideoIn,
    VideoOut,
    VideosOut,
)

__all__ = [
    "CompleteIn",
    "FilesUploadOut",
    "MultipartUploadOut",
    "SingleUploadOut",
    "UploadFileOut",
    "UploadOut",
    "UploadPartOut",
    "VideoIn",
    "VideoOut",
    "VideosOut",
]
