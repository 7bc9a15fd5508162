"""What may be uploaded, and in how many pieces."""

from collections.abc import Set
from typing import Literal

MIB = 2**20

#: Up to here one PUT will do; above it a broken connection should not cost the whole upload.
SINGLE_PUT_BYTES = 64 * MIB
#: Parts of this size keep the largest permitted upload far below S3's 10,000 parts.
PART_BYTES = 64 * MIB

KINDS: dict[str, Literal["mp4", "hls"]] = {
    "video/mp4": "mp4",
    "application/vnd.apple.mpegurl": "hls",
    "application/x-mpegurl": "hls",
}

#: Of the files of an HLS rendition, by their names' ends.
FILE_TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "ts": "video/mp2t",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "aac": "audio/aac",
    "vtt": "text/vtt",
}

MASTER_PLAYLIST = "index.m3u8"


def may_manage(is_admin: bool, teaches: Set[str], program_slug: str) -> bool:
    """Staff of the program manage its videos."""
    return is_admin or program_slug in teaches


def is_single(size: int) -> bool:
    """Whether an upload of ``size`` bytes is one PUT."""
    return size <= SINGLE_PUT_BYTES


def part_sizes(size: int) -> tuple[int, ...]:
    """The parts of a larger upload: all of ``PART_BYTES`` but the last."""
    whole, rest = divmod(size, PART_BYTES)
    return (PART_BYTES,) * whole + ((rest,) if rest else ())


def file_type(path: str) -> str | None:
    """The content type of an HLS file, or None if such a file has no place in a rendition."""
    return FILE_TYPES.get(path.rpartition(".")[2].lower())


def declaration_problem(kind: str, size: int, limit: int, files: list[tuple[str, int]]) -> tuple[str, str] | None:
    """The field and what is wrong with it, if the declared upload cannot be."""
    if kind == "mp4" and files:
        return "files", "only HLS has files beside its playlist"
    if kind == "hls" and not files:
        return "files", "name the segments and playlists beside the master playlist"
    if kind == "hls" and size > MIB:
        return "sizeBytes", "a playlist has at most 1 MiB"
    if size + sum(size for _, size in files) > limit:
        return "sizeBytes", f"at most {limit} bytes"
    paths = [path for path, _ in files]
    if len({MASTER_PLAYLIST, *paths}) != len(paths) + 1:
        return "files", f"each path once, and not {MASTER_PLAYLIST}, which is the master playlist"
    unknown = [path for path in paths if file_type(path) is None]
    if unknown:
        return "files", f"not part of an HLS rendition: {unknown[0]}"
    return None
