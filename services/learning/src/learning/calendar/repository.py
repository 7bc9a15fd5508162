"""Secret addresses of calendars, stored as hashes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from learning.models import CalendarToken


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose calendar a token opens; ``cohort_id`` is set for staff."""

    account_id: UUID
    program_slug: str
    cohort_id: UUID | None


def replace(session: Session, holder: Holder, token: str, now: datetime) -> None:
    """The person's calendar of the program has this address from now on, and no other."""
    new = mysql.insert(CalendarToken).values(
        account_id=holder.account_id,
        program_slug=holder.program_slug,
        token_hash=_hashed(token),
        cohort_id=holder.cohort_id,
        created_at=now,
    )
    session.execute(
        new.on_duplicate_key_update(
            token_hash=new.inserted.token_hash, cohort_id=new.inserted.cohort_id, created_at=new.inserted.created_at
        )
    )


def find_holder(session: Session, token: str) -> Holder | None:
    """Whose token this is."""
    query = select(CalendarToken.account_id, CalendarToken.program_slug, CalendarToken.cohort_id)
    row = session.execute(query.where(CalendarToken.token_hash == _hashed(token))).first()
    return None if row is None else Holder(row.account_id, row.program_slug, row.cohort_id)


def erase_of(session: Session, account_id: UUID) -> None:
    """End every address of a person."""
    session.execute(delete(CalendarToken).where(CalendarToken.account_id == account_id))


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
