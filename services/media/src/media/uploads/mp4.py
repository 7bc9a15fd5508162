"""Reads the little of an MP4 file that tells whether it is one and how long it plays (ISO/IEC 14496-12).

Boxes are walked by their headers, so that only a few hundred bytes of a large file are fetched, wherever its ``moov``
box stands.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: ``read(start, length)`` answers at most ``length`` bytes.
Read = Callable[[int, int], bytes]

#: A file with more boxes at its top than this is not one that a player would be given.
_MOST_BOXES = 4096
_HEADER = 16


class NotAnMp4(ValueError):
    """The bytes are not those of a playable MP4 file."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, and where its payload is."""

    kind: bytes
    start: int
    end: int


def duration_of(read: Read, size: int) -> float | None:
    """Seconds the file plays, None when it does not say (fragmented); raises ``NotAnMp4``."""
    if read(0, 8)[4:] != b"ftyp":
        raise NotAnMp4("the file does not begin as an MP4 file does (no 'ftyp' box)")
    moov = next((box for box in _boxes(read, 0, size) if box.kind == b"moov"), None)
    if moov is None:
        raise NotAnMp4("the file has no 'moov' box: it is cut off or was not finished")
    header = next((box for box in _boxes(read, moov.start, moov.end) if box.kind == b"mvhd"), None)
    if header is None:
        raise NotAnMp4("the file has no 'mvhd' box")
    return _duration(read(header.start, min(32, header.end - header.start)))


def _boxes(read: Read, start: int, end: int) -> Iterator[Box]:
    for _ in range(_MOST_BOXES):
        if start >= end:
            return
        box = _box(read(start, _HEADER), start, end)
        yield box
        start = box.end
    raise NotAnMp4("the file has too many boxes")


def _box(header: bytes, start: int, end: int) -> Box:
    length, kind, payload = int.from_bytes(header[:4], "big"), header[4:8], start + 8
    if length == 1:
        length, payload = int.from_bytes(header[8:16], "big"), start + 16
    elif length == 0:
        length = end - start
    if len(header) < payload - start or start + length < payload or start + length > end:
        raise NotAnMp4(f"the box at byte {start} does not fit into the file")
    return Box(kind, payload, start + length)


def _duration(header: bytes) -> float | None:
    version = header[:1]
    if version == b"\x00" and len(header) >= 20:
        scale, ticks, unknown = header[12:16], header[16:20], 2**32 - 1
    elif version == b"\x01" and len(header) >= 32:
        scale, ticks, unknown = header[20:24], header[24:32], 2**64 - 1
    else:
        raise NotAnMp4("the 'mvhd' box is cut off or of an unknown version")
    per_second, count = int.from_bytes(scale, "big"), int.from_bytes(ticks, "big")
    if not per_second or count in {0, unknown}:
        return None
    return count / per_second
