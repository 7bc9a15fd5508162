"""An operator looks at stored deliveries and lets some be processed once more; their effects are idempotent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from enrollment.audit import OPERATOR, record
from enrollment.models import Webhook
from enrollment.webhooks.inbox import ERASED_BODY

MOST = 1000


@dataclass(frozen=True, slots=True)
class Which:
    """The deliveries that are meant; what is not given does not matter."""

    ids: Sequence[UUID] = ()
    reference: str | None = None
    status: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a query."""
        found: list[ColumnElement[bool]] = []
        if self.ids:
            found.append(Webhook.id.in_(self.ids))
        if self.reference is not None:
            found.append(Webhook.reference == self.reference)
        if self.status is not None:
            found.append(Webhook.status == self.status)
        return found


def list_deliveries(session: Session, which: Which, limit: int = 50) -> list[dict[str, Any]]:
    """Newest first, without their bodies."""
    names = ("id", "event", "reference", "status", "outcome", "deliveries", "attempts", "received_at")
    query = select(*(getattr(Webhook, name) for name in names)).where(*which.conditions())
    return [dict(row._mapping) for row in session.execute(query.order_by(Webhook.id.desc()).limit(limit))]


def replay(session: Session, which: Which, who: str, why: str, now: datetime) -> list[UUID]:
    """Let them be processed again from the first attempt, in their order; what was erased or waits is passed over."""
    waiting = Webhook.next_attempt_at.is_not(None)
    rows = session.scalars(
        select(Webhook)
        .where(*which.conditions(), Webhook.body != ERASED_BODY, ~waiting)
        .order_by(Webhook.id)
        .limit(MOST)
        .with_for_update()
    ).all()
    for webhook in rows:
        before, webhook.status = webhook.status, "received"
        webhook.attempts, webhook.next_attempt_at = 0, now
        record(session, now, OPERATOR, "webhook.replayed", ("webhook", webhook.id), reason=why, who=who, before=before)
    return [webhook.id for webhook in rows]
