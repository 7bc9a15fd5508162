"""Heals money that we keep without access: it becomes an enrollment, or goes back (promise 1 of the design).

Settling is one transaction, so this finds nothing unless a row was changed by hand, lost with a backup, or written by
a version with a bug.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from chassis.messaging.sweeps import Sweep
from enrollment.audit import RULES, record
from enrollment.enrollments.policy import SEATED
from enrollment.instalments.repository import list_locked
from enrollment.models import Enrollment, Instalment, Payment
from enrollment.payments.locks import lock_case
from enrollment.payments.metrics import GONE, KEPT, UNOPENED, select_stranded
from enrollment.payments.settle import Terms, honour, origin_of
from enrollment.payments.standing import apply_standing


def paid_not_enrolled(terms: Terms) -> Sweep:
    """Succeeded payment without active enrollment or refund."""
    return Sweep("paid_not_enrolled", find, lambda session, reference, now: repair(session, reference, terms, now))


def find(session: Session, _: datetime, limit: int) -> Sequence[str]:
    """The references of stranded payments, oldest first; those that only a person can heal come last."""
    return session.scalars(select_stranded(Payment.reference).order_by(GONE, Payment.id).limit(limit)).all()


def repair(session: Session, reference: str, terms: Terms, now: datetime) -> None:
    """Decide once more, under the locks and by the rules under which money arrives. ``EnrollmentGone``: an open case
    until its row is back.
    """
    case = lock_case(session, reference, now)
    payment, enrollment = case.payment, case.enrollment
    parts = list_locked(session, enrollment.id)
    if payment.status not in KEPT or not _is_open(payment, enrollment, parts):
        return
    record(session, now, RULES, "payment.stranded", ("payment", reference), reason="kept money without access")
    if enrollment.status in SEATED and _gave_access(payment, enrollment, parts):
        enrollment.payment_id = payment.id
        apply_standing(session, case, now)
    else:
        honour(session, case, terms, now)


def _is_open(payment: Payment, enrollment: Enrollment, parts: Sequence[Instalment]) -> bool:
    """As ``select_stranded`` finds it, of locked rows."""
    if enrollment.status in UNOPENED:
        return True
    if enrollment.status == "suspended" and payment.instalment is None:
        return True
    return payment.id not in {enrollment.payment_id, *(part.payment_id for part in parts)}


def _gave_access(payment: Payment, enrollment: Enrollment, parts: Sequence[Instalment]) -> bool:
    """It is tied to the enrollment, or only that link was lost. What pays for a part is tied to the part."""
    if enrollment.payment_id is None:
        return not parts and enrollment.origin == origin_of(payment)
    return enrollment.payment_id == payment.id
