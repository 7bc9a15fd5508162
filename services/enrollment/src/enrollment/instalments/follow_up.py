"""The worker's look at unpaid parts: reminders as events, and access that rests when the grace is over.

Each part says when it is to be looked at next, so a run costs what is due and nothing else. Several workers at once
wait for each other at the student's rows, and who comes second finds nothing left to do.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from chassis.ids import new_id
from chassis.messaging import emit
from contracts.events import InstalmentDue, InstalmentOverdue
from enrollment.audit import RULES
from enrollment.enrollments.policy import SEATED
from enrollment.instalments import reminders, repository
from enrollment.instalments.reminders import Reminder
from enrollment.models import Enrollment, Instalment, InstalmentNotice
from enrollment.payments.locks import lock_enrollments, lock_payments
from enrollment.payments.reconcile import BATCH, Cashier, in_parallel
from enrollment.payments.standing import apply_parts


def run_due(cashier: Cashier, now: datetime) -> int:
    """Look at every enrollment of which a part is due to be looked at; answers how many."""
    found = cashier.database.run(lambda session: repository.list_due(session, now, BATCH))
    days = cashier.terms.reminder_days
    in_parallel(found, lambda one: cashier.database.run(lambda session: follow_up(session, one, days, now)))
    return len(found)


def follow_up(session: Session, key: Any, days_before: Sequence[int], now: datetime) -> None:
    """Remind of the parts of one enrollment, and suspend it when one of them is unpaid beyond its grace."""
    enrollments = lock_enrollments(session, key.student_id, key.program_slug)
    payments = lock_payments(session, key.student_id, key.program_slug)
    enrollment = next(one for one in enrollments if one.id == key.id)
    parts = repository.list_locked(session, enrollment.id)
    for part in parts:
        if part.next_step_at is None or part.next_step_at > now:
            continue
        owed = part.payment_id is None and enrollment.status in SEATED
        if owed:
            _remind(session, enrollment, part, len(parts), days_before, now)
        part.next_step_at = reminders.next_step_after(part.due_at, part.suspends_at, days_before, now) if owed else None
    apply_parts(session, enrollment, parts, payments, now, RULES)
    session.flush()


def _remind(
    session: Session, enrollment: Enrollment, part: Instalment, parts: int, days_before: Sequence[int], now: datetime
) -> None:
    since = part.next_step_at or now
    for reminder in reminders.due_reminders(part.due_at, part.suspends_at, days_before, since, now):
        notice = {"id": new_id(), "instalment_id": part.id, "kind": reminder.name, "due_at": part.due_at}
        session.execute(insert(InstalmentNotice).values(**notice, told_at=now))
        part.version += 1
        emit(session, _event(enrollment, part, parts, reminder))


def _event(
    enrollment: Enrollment, part: Instalment, parts: int, reminder: Reminder
) -> InstalmentDue | InstalmentOverdue:
    facts: dict[str, Any] = {
        "sequence": part.version,
        "instalment_id": part.id,
        "enrollment_id": enrollment.id,
        "student_id": enrollment.student_id,
        "program_slug": enrollment.program_slug,
        "cohort_id": enrollment.cohort_id,
        "number": part.number,
        "parts": parts,
        "amount_minor": part.amount_minor,
        "currency": part.currency,
        "due_at": part.due_at,
        "suspends_at": part.suspends_at,
    }
    if reminder.kind == "due":
        return InstalmentDue(**facts, days_left=reminder.days)
    return InstalmentOverdue(**facts, stage=reminder.kind)
