"""Playback over HTTP."""

from contracts.http.media import CookieOut, PlaybackOut

__all__ = ["CookieOut", "PlaybackOut"]
