"""Rows of the identity slice."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from chassis.errors import NotFound
from chassis.ids import new_id
from gateway.models import Account, ExternalIdentity, LoginSession, Mail, PasswordReset


def find_account(session: Session, account_id: UUID) -> Account | None:
    """A living account."""
    return session.scalar(select(Account).where(Account.id == account_id, Account.erased_at.is_(None)))


def lock_account(session: Session, account_id: UUID) -> Account | None:
    """A living account, until the end of the transaction nobody else's."""
    return session.scalar(
        select(Account).where(Account.id == account_id, Account.erased_at.is_(None)).with_for_update()
    )


def get_locked_account(session: Session, account_id: UUID) -> Account:
    """``lock_account``; raises ``NotFound``."""
    account = lock_account(session, account_id)
    if account is None:
        raise NotFound("There is no such account.")
    return account


def find_by_email(session: Session, key: str) -> Account | None:
    """The account with this address (see ``emails.key_of``)."""
    return session.scalar(select(Account).where(Account.email_key == key))


def list_accounts(session: Session, *, after: UUID | None, limit: int) -> Sequence[Account]:
    """Living accounts, oldest first."""
    query = select(Account).where(Account.erased_at.is_(None)).order_by(Account.id).limit(limit)
    return session.scalars(query if after is None else query.where(Account.id > after)).all()


def lock_session(session: Session, session_id: UUID) -> LoginSession | None:
    """A login session that has not ended."""
    return session.scalar(
        select(LoginSession).where(LoginSession.id == session_id, LoginSession.ended_at.is_(None)).with_for_update()
    )


def end_sessions(session: Session, account_id: UUID, now: datetime, reason: str, *, but: UUID | None = None) -> None:
    """End every session of the account, except ``but``."""
    ending = update(LoginSession).where(LoginSession.account_id == account_id, LoginSession.ended_at.is_(None))
    if but is not None:
        ending = ending.where(LoginSession.id != but)
    session.execute(ending.values(ended_at=now, end_reason=reason))


def find_external(session: Session, issuer: str, subject: str) -> ExternalIdentity | None:
    """Who this subject of the issuer is here."""
    return session.get(ExternalIdentity, (issuer, subject))


def lock_reset(session: Session, token_hash: bytes, now: datetime) -> PasswordReset | None:
    """A reset that has not expired."""
    return session.scalar(
        select(PasswordReset)
        .where(PasswordReset.token_hash == token_hash, PasswordReset.expires_at > now)
        .with_for_update()
    )


def delete_resets(session: Session, account_id: UUID) -> None:
    """Links that were mailed before work no more."""
    session.execute(delete(PasswordReset).where(PasswordReset.account_id == account_id))


def owe_mail(session: Session, kind: str, address: str, now: datetime) -> None:
    """The worker sends this mail once the transaction has committed."""
    session.add(Mail(id=new_id(), kind=kind, address=address, created_at=now, attempts=0, next_attempt_at=now))


def delete_personal_rows(session: Session, account: Account) -> None:
    """Everything that belongs to the account but its own row."""
    for table in (LoginSession, ExternalIdentity, PasswordReset):
        session.execute(delete(table).where(table.account_id == account.id))
    addresses = [address for address in (account.email, account.email_key) if address is not None]
    session.execute(delete(Mail).where(Mail.address.in_(addresses)))


def delete_expired(session: Session, now: datetime, ended_before: datetime) -> int:
    """Forget sessions and resets that are over; answers how many."""
    sessions = delete(LoginSession).where((LoginSession.expires_at < now) | (LoginSession.ended_at < ended_before))
    resets = delete(PasswordReset).where(PasswordReset.expires_at < now)
    return sum(int(getattr(session.execute(each), "rowcount", 0)) for each in (sessions, resets))
