"""Logging in with a password. The hash is checked between two transactions, so none waits for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from gateway.identity import repository
from gateway.identity.service.sessions import Lifetimes, Opened, open_session


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is stored for an address; nothing for an unknown one, or for an account without a password."""

    account_id: UUID | None = None
    password_hash: str | None = None
    email: str = ""
    name: str = ""


def find_credentials(session: Session, email_key: str) -> Credentials:
    """What the password given for this address is checked against."""
    account = repository.find_by_email(session, email_key)
    if account is None:
        return Credentials()
    return Credentials(account.id, account.password_hash, account.email or "", account.name)


def credentials_of(session: Session, account_id: UUID) -> Credentials:
    """What the account's current password is checked against."""
    account = repository.find_account(session, account_id)
    if account is None:
        return Credentials()
    return Credentials(account.id, account.password_hash, account.email or "", account.name)


def log_in(
    session: Session, verified: Credentials, rehashed: str | None, now: datetime, lifetimes: Lifetimes
) -> Opened | None:
    """A new session, or None when the account or its password changed since the hash was checked.

    ``rehashed``: the same password under the present parameters, when those it was stored with are outdated.
    """
    account = repository.lock_account(session, verified.account_id) if verified.account_id else None
    if account is None or account.password_hash != verified.password_hash:
        return None
    if rehashed is not None:
        account.password_hash = rehashed
    return open_session(session, account, now, lifetimes)
