"""Reads HLS playlists: which files they name, and how long they play (RFC 8216)."""

import posixpath
import re
from collections.abc import Callable, Iterator, Set

_DURATION = re.compile(r"#EXTINF:\s*(\d+(?:\.\d+)?)")
_URI = re.compile(r'URI="([^"]+)"')
#: A rendition with more playlists than this is not one that a player would be given.
_MOST_PLAYLISTS = 200


class BrokenPlaylist(ValueError):
    """A playlist is none, or names a file that was not uploaded."""


def duration_of(read: Callable[[str], bytes], master: str, paths: Set[str]) -> float | None:
    """Seconds of the longest media playlist reachable from ``master``; raises ``BrokenPlaylist``."""
    durations = [sum(map(float, _DURATION.findall(text))) for text in _playlists(read, master, paths)]
    return max(durations) or None


def _playlists(read: Callable[[str], bytes], master: str, paths: Set[str]) -> Iterator[str]:
    waiting, seen = [master], {master}
    while waiting:
        path = waiting.pop()
        text = _text(path, read(path))
        for name in _names(text):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if target not in paths:
                raise BrokenPlaylist(f"{path} names {name[:100]!r}, which is not among the files")
            if target.endswith(".m3u8") and target not in seen:
                seen.add(target)
                waiting.append(target)
        if len(seen) > _MOST_PLAYLISTS:
            raise BrokenPlaylist("the playlists name too many playlists")
        yield text


def _text(path: str, raw: bytes) -> str:
    text = raw.decode("utf-8", errors="replace")
    if not text.startswith("#EXTM3U"):
        raise BrokenPlaylist(f"{path} is not an HLS playlist (no #EXTM3U)")
    return text


def _names(text: str) -> Iterator[str]:
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            yield line
        elif line.startswith("#EXT"):
            yield from _URI.findall(line)
