"""The playlist reader."""

import pytest

from media.uploads.hls import BrokenPlaylist, duration_of

MASTER = b"""#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="audio/list.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1280000
low/list.m3u8
"""
MEDIA = b"""#EXTM3U
#EXT-X-MAP:URI="../init.mp4"
#EXTINF:9.5,
0.ts
#EXTINF:3,
1.ts
#EXT-X-ENDLIST
"""
AUDIO = b"#EXTM3U\n#EXTINF:4.0,\n0.aac\n"
FILES = {
    "index.m3u8": MASTER,
    "low/list.m3u8": MEDIA,
    "audio/list.m3u8": AUDIO,
    "init.mp4": b"",
    "low/0.ts": b"",
    "low/1.ts": b"",
    "audio/0.aac": b"",
}


def duration(files: dict[str, bytes]) -> float | None:
    return duration_of(files.__getitem__, "index.m3u8", set(files))


def test_the_duration_is_that_of_the_longest_rendition() -> None:
    assert duration(FILES) == 12.5


def test_a_single_media_playlist_will_do() -> None:
    assert duration({"index.m3u8": b"#EXTM3U\n#EXTINF:2.5,\n0.ts\n", "0.ts": b""}) == 2.5


def test_a_playlist_without_segments_has_no_duration() -> None:
    assert duration({"index.m3u8": b"#EXTM3U\n"}) is None


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({**FILES, "index.m3u8": b"<html>"}, id="not a playlist"),
        pytest.param({**FILES, "low/list.m3u8": b"\xff\xfe"}, id="a broken rendition"),
        pytest.param({name: body for name, body in FILES.items() if name != "low/1.ts"}, id="a segment is missing"),
        pytest.param({**FILES, "index.m3u8": b"#EXTM3U\nhttps://elsewhere.example/x.m3u8\n"}, id="another host"),
        pytest.param({**FILES, "index.m3u8": b"#EXTM3U\n../../other/index.m3u8\n"}, id="another video"),
    ],
)
def test_broken_playlists_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(BrokenPlaylist):
        duration(files)


def test_playlists_that_name_each_other_end() -> None:
    files = {"index.m3u8": b"#EXTM3U\na.m3u8\n", "a.m3u8": b"#EXTM3U\nindex.m3u8\n#EXTINF:1,\n0.ts\n", "0.ts": b""}
    assert duration(files) == 1.0
