"""Paths that mean different things to different programs are refused at the door. Pure."""

import re

_MAX_LENGTH = 2048
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Unreserved and sub-delims of RFC 3986, and percent-encodings. Anything else has no business in our addresses.
_PLAIN = re.compile(rb"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)+")
#: Encoded slash, backslash, dot, NUL and other control characters, and a percent sign that encodes nothing.
_TRICK = re.compile(rb"%(?:2[fFeE]|5[cC]|[01][0-9a-fA-F]|7[fF]|25|(?![0-9a-fA-F]{2}))")
_EMPTY_OR_DOTS = re.compile(rb"/(?:\.{1,2})?(?=/)|/\.{1,2}$")


def refuse_path(raw_path: bytes) -> str | None:
    """Why this path (as it was sent, without its query) is refused, or None."""
    if len(raw_path) > _MAX_LENGTH:
        return "The path is too long."
    if _PLAIN.fullmatch(raw_path) is None:
        return "The path contains characters that do not belong there."
    if _EMPTY_OR_DOTS.search(raw_path) is not None:
        return "The path contains empty or dot segments."
    if b"%" in raw_path and _TRICK.search(raw_path) is not None:
        return "The path contains an encoded slash, dot or control character."
    return None


def is_known_method(method: str) -> bool:
    """Methods that the platform uses at all."""
    return method in _METHODS
