"""The MP4 reader."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.uploads.mp4 import NotAnMp4, duration_of


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def wide(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(payload)) + payload


FTYP = box(b"ftyp", b"isom\x00\x00\x02\x00")
MVHD = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 600, 6300))
MVHD_64 = box(b"mvhd", struct.pack(">IQQIQ", 1 << 24, 0, 0, 90_000, 90_000 * 7200))


def read_of(file: bytes) -> Callable[[int, int], bytes]:
    return lambda start, length: file[start : start + length]


def duration(file: bytes) -> float | None:
    return duration_of(read_of(file), len(file))


@pytest.mark.parametrize(
    ("file", "seconds"),
    [
        pytest.param(FTYP + box(b"moov", MVHD) + box(b"mdat", b"x" * 99), 10.5, id="moov first"),
        pytest.param(FTYP + box(b"mdat", b"x" * 99) + box(b"moov", MVHD), 10.5, id="moov last"),
        pytest.param(FTYP + wide(b"mdat", b"x" * 99) + box(b"moov", MVHD), 10.5, id="a 64-bit box"),
        pytest.param(FTYP + box(b"moov", box(b"udta", b"") + MVHD_64), 7200.0, id="a 64-bit header, not first"),
        pytest.param(FTYP + struct.pack(">I4s", 0, b"moov") + MVHD, 10.5, id="a last box without a length"),
        pytest.param(FTYP + box(b"moov", box(b"mvhd", bytes(20))), None, id="fragmented: no duration"),
        pytest.param(
            FTYP + box(b"moov", box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 600, 2**32 - 1))), None, id="unknown"
        ),
    ],
)
def test_the_duration_stands_in_the_movie_header(file: bytes, seconds: float | None) -> None:
    assert duration(file) == seconds


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"MZ" + bytes(100), id="a program"),
        pytest.param(b"<html><body>hello</body></html>", id="a page"),
        pytest.param(box(b"moov", MVHD), id="no ftyp"),
        pytest.param(FTYP + box(b"mdat", b"x"), id="no moov"),
        pytest.param(FTYP + box(b"moov", b""), id="no mvhd"),
        pytest.param(FTYP + box(b"moov", box(b"mvhd", b"\x00" * 8)), id="a short header"),
        pytest.param(FTYP + box(b"moov", box(b"mvhd", b"\x07" * 40)), id="an unknown version"),
        pytest.param((FTYP + box(b"mdat", b"x" * 99) + box(b"moov", MVHD))[:-10], id="cut off"),
        pytest.param(FTYP + struct.pack(">I4s", 4, b"free"), id="a box shorter than its header"),
        pytest.param(FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**63) + bytes(8), id="a box longer than the file"),
        pytest.param(FTYP + box(b"free", b"") * 5000, id="too many boxes"),
    ],
)
def test_what_is_no_mp4_is_refused(file: bytes) -> None:
    with pytest.raises(NotAnMp4):
        duration(file)


def test_only_headers_are_read_of_a_large_file() -> None:
    file = FTYP + box(b"mdat", bytes(5_000_000)) + box(b"moov", MVHD)
    fetched = 0

    def read(start: int, length: int) -> bytes:
        nonlocal fetched
        fetched += length
        return file[start : start + length]

    assert duration_of(read, len(file)) == 10.5
    assert fetched < 200


@given(st.binary(max_size=300))
def test_any_bytes_are_either_read_or_refused(tail: bytes) -> None:
    try:
        found = duration(FTYP + tail)
    except NotAnMp4:
        return
    assert found is None or found > 0
