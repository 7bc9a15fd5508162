"""Adding to the audit trail, in the transaction of what it tells. There is no way to change or remove an entry."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import event, insert
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper, Session

from chassis.ids import new_id
from enrollment.models import AuditEntry

Subject = Literal["cohort", "coupon", "enrollment", "payment", "webhook"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted; ``account_id`` for people."""

    kind: Literal["admin", "student", "paystack", "rules", "operator"]
    account_id: UUID | None = None


#: What Paystack told us made us act.
PAYSTACK = Actor("paystack")
#: A rule acted by itself: an expired hold, an automatic refund.
RULES = Actor("rules")


#: Somebody with the command line of a server; the entry's details say who.
OPERATOR = Actor("operator")


def admin(account_id: UUID) -> Actor:
    """An administrator."""
    return Actor("admin", account_id)


def student(account_id: UUID) -> Actor:
    """The student."""
    return Actor("student", account_id)


def record(
    session: Session,
    now: datetime,
    actor: Actor,
    action: str,
    subject: tuple[Subject, object],
    *,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Add one entry; ``details`` are JSON values without personal data."""
    kind, identity = subject
    session.execute(
        insert(AuditEntry).values(
            id=new_id(),
            at=now,
            actor=actor.kind,
            actor_id=actor.account_id,
            action=action,
            subject_kind=kind,
            subject_id=str(identity),
            reason=reason[:500] if reason else None,
            details=details,
        )
    )


class AppendOnly(RuntimeError):
    """Somebody tried to change the past."""


@event.listens_for(AuditEntry, "before_update")
@event.listens_for(AuditEntry, "before_delete")
def _refuse(_mapper: Mapper[AuditEntry], _connection: Connection, entry: AuditEntry) -> None:
    raise AppendOnly(f"audit entry {entry.id} cannot be changed")
