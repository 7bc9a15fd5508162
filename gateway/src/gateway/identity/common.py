"""The list of common passwords that comes with the package."""

from functools import cache
from importlib.resources import files


@cache
def common_passwords() -> frozenset[str]:
    """Lower-case passwords and words that nobody may choose, read once."""
    text = (files("gateway.identity") / "common_passwords.txt").read_text("utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line and not line.startswith("#"))
