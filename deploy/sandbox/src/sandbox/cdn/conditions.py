"""Which part of an object a request wants, and whether it has it already. Pure."""

import re

ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def usable_range(header: str | None) -> str | None:
    """The one byte range to fetch; several ranges or nonsense count as none, so the whole is served."""
    match = ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None:
        return None
    first, last = match.groups()
    if not (first or last) or (first and last and int(first) > int(last)):
        return None
    return match.group()


def is_known(if_none_match: str | None, etag: str | None) -> bool:
    """True when the viewer's copy is the present one."""
    if not if_none_match or not etag:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def range_applies(if_range: str | None, etag: str | None, last_modified: str | None) -> bool:
    """False when the viewer's part is of an older object, so that it needs the whole new one."""
    return if_range is None or if_range in (etag, last_modified)
