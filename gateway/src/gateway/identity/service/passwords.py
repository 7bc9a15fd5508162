"""Passwords: change one that is known, reset one that is forgotten."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.errors import Conflict, Unauthenticated
from gateway.identity import repository
from gateway.identity.emails import key_of
from gateway.identity.problems import InvalidToken
from gateway.identity.refresh_tokens import RefreshToken
from gateway.identity.service import sessions
from gateway.models import Account, PasswordReset


class PasswordChanged(Conflict):
    code = "password_changed"
    title = "The password was changed meanwhile"


def change_password(
    session: Session, account_id: UUID, old_hash: str | None, new_hash: str, cookie: RefreshToken | None, now: datetime
) -> None:
    """Set the new password if the verified one is still the password; the other sessions end."""
    account = repository.lock_account(session, account_id)
    if account is None:
        raise Unauthenticated("This account no longer exists.")
    if account.password_hash != old_hash:
        raise PasswordChanged("Log in with the new password.")
    keep = sessions.session_of(session, cookie, account.id)
    _set_password(session, account, new_hash, now, keep=keep)


def ask_for_reset(session: Session, email: str, now: datetime) -> None:
    """Owe a mail. Who has this address is looked up when it is sent: the caller cannot tell, by time either."""
    repository.owe_mail(session, "password_reset", key_of(email)[:254], now)


def make_reset(session: Session, account: Account, now: datetime, lifetime: timedelta) -> str:
    """A token that resets the password once, within ``lifetime``."""
    token = secrets.token_urlsafe(32)
    session.add(
        PasswordReset(token_hash=_digest(token), account_id=account.id, created_at=now, expires_at=now + lifetime)
    )
    return token


def account_of_reset(session: Session, token: str, now: datetime) -> Account:
    """Whose password the token resets; raises ``InvalidToken``."""
    reset = repository.lock_reset(session, _digest(token), now)
    account = repository.lock_account(session, reset.account_id) if reset is not None else None
    if account is None:
        raise InvalidToken("Ask for a new link; each works once and for a short time.")
    return account


def confirm_reset(session: Session, token: str, new_hash: str, now: datetime) -> None:
    """Set the password; every session ends and every link dies."""
    _set_password(session, account_of_reset(session, token, now), new_hash, now, keep=None)


def _set_password(session: Session, account: Account, new_hash: str, now: datetime, *, keep: UUID | None) -> None:
    account.password_hash = new_hash
    repository.end_sessions(session, account.id, now, "password", but=keep)
    repository.delete_resets(session, account.id)
    if account.email is not None:
        repository.owe_mail(session, "password_changed", account.email, now)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
