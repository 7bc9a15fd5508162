"""The refresh cookie: out of reach of scripts, sent to the authentication endpoints only."""

from datetime import datetime
from http.cookies import SimpleCookie
from typing import Annotated

from fastapi import Cookie

from gateway.identity.refresh_tokens import RefreshToken

NAME = "edx_refresh"
PATH = "/v1/auth"

#: The value that the browser sent, if any.
RefreshCookie = Annotated[str | None, Cookie(alias=NAME)]


def set_cookie(token: RefreshToken, *, seconds: int, secure: bool) -> str:
    """A ``Set-Cookie`` value that stores the token."""
    return _cookie(token.encode(), seconds, secure)


def clear_cookie(*, secure: bool) -> str:
    """A ``Set-Cookie`` value that removes it."""
    return _cookie("", 0, secure)


def seconds_until(expires_at: datetime, now: datetime) -> int:
    """For ``Max-Age``."""
    return max(0, int((expires_at - now).total_seconds()))


def _cookie(value: str, seconds: int, secure: bool) -> str:
    cookie = SimpleCookie({NAME: value})
    morsel = cookie[NAME]
    morsel["path"], morsel["max-age"], morsel["samesite"] = PATH, seconds, "Lax"
    morsel["httponly"] = True
    if secure:
        morsel["secure"] = True
    return morsel.OutputString()
