"""Finding accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.errors import Unprocessable
from gateway.identity import repository
from gateway.identity.emails import key_of
from gateway.models import Account


@dataclass(frozen=True, slots=True)
class Page:
    """Some accounts, and where the next ones begin."""

    accounts: Sequence[Account]
    next_cursor: str | None


def list_users(session: Session, *, email: str | None, limit: int, cursor: str | None) -> Page:
    """A page of living accounts; with ``email`` at most one."""
    if email is not None:
        found = repository.find_by_email(session, key_of(email))
        return Page([found] if found is not None else [], None)
    accounts = repository.list_accounts(session, after=_after(cursor), limit=limit + 1)
    more = len(accounts) > limit
    return Page(accounts[:limit], accounts[limit - 1].id.hex if more else None)


def _after(cursor: str | None) -> UUID | None:
    try:
        return UUID(hex=cursor) if cursor else None
    except ValueError:
        raise Unprocessable.field("cursor", "is not one that a list has answered") from None
