"""Login sessions: open, refresh, end. A session is a family of refresh tokens (``refresh_tokens``)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from chassis.ids import new_id
from gateway.identity import repository
from gateway.identity.refresh_tokens import RefreshToken, Use, new_secret, recognise
from gateway.models import Account, LoginSession

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long sessions last, and for how long the token before the last is accepted."""

    idle: timedelta
    longest: timedelta
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Opened:
    """Who is logged in, and the refresh token to hand out with its expiry."""

    account: Account
    token: RefreshToken
    expires_at: datetime


def open_session(session: Session, account: Account, now: datetime, lifetimes: Lifetimes) -> Opened:
    """A new family of refresh tokens."""
    token = RefreshToken(new_id(), new_secret())
    row = LoginSession(
        id=token.session_id,
        account_id=account.id,
        seed=new_secret(),
        token_hash=token.digest,
        generation=0,
        created_at=now,
        rotated_at=now,
        expires_at=now + min(lifetimes.idle, lifetimes.longest),
    )
    session.add(row)
    return Opened(account, token, row.expires_at)


def refresh(session: Session, token: RefreshToken, now: datetime, lifetimes: Lifetimes) -> Opened | None:
    """The next token of the family, or None. Reuse of an old token ends the family, so commit in any case.

    Within the grace the token before the last answers the last one again: two tabs that refresh at once both go on.
    """
    row = repository.lock_session(session, token.session_id)
    if row is None or row.expires_at <= now:
        return None
    use = recognise(token, seed=row.seed, current=row.token_hash, generation=row.generation)
    if use is Use.UNKNOWN:
        return None
    if use is Use.OLDER or (use is Use.PREVIOUS and now - row.rotated_at > lifetimes.grace):
        _end(row, now, "reuse")
        log.warning("refresh_token_reused", session_id=str(row.id), account_id=str(row.account_id))
        return None
    account = repository.find_account(session, row.account_id)
    if account is None:
        return None
    successor = token.successor(row.seed)
    if use is Use.CURRENT:
        row.token_hash = successor.digest
        row.generation += 1
        row.rotated_at = now
        row.expires_at = min(now + lifetimes.idle, row.created_at + lifetimes.longest)
    return Opened(account, successor, row.expires_at)


def end_session(session: Session, token: RefreshToken, now: datetime) -> None:
    """Log out: the present token of the family may, and the one before it."""
    row = repository.lock_session(session, token.session_id)
    if row is not None and _is_of_family(row, token):
        _end(row, now, "logout")


def session_of(session: Session, token: RefreshToken | None, account_id: UUID) -> UUID | None:
    """The living session of this account that the token belongs to."""
    row = repository.lock_session(session, token.session_id) if token is not None else None
    if row is None or token is None or row.account_id != account_id or not _is_of_family(row, token):
        return None
    return row.id


def _is_of_family(row: LoginSession, token: RefreshToken) -> bool:
    use = recognise(token, seed=row.seed, current=row.token_hash, generation=row.generation)
    return use in {Use.CURRENT, Use.PREVIOUS}


def _end(row: LoginSession, now: datetime, reason: str) -> None:
    row.ended_at = now
    row.end_reason = reason
