"""Where a received payment stands, derived anew from its refunds and disputes whenever one of them changes.

Nothing here depends on the order in which Paystack's messages arrive: facts are collected, the verdict is a pure
function of all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.events.enrollment import RevokeReason
from enrollment.audit import PAYSTACK, Actor, Subject, record
from enrollment.enrollments import steps
from enrollment.enrollments.policy import SEATED
from enrollment.instalments import service as instalments
from enrollment.instalments.repository import list_locked
from enrollment.models import Dispute, Enrollment, Instalment, Payment, Refund
from enrollment.payments import policy
from enrollment.payments.checkout import abandon
from enrollment.payments.locks import Case


def refunds_of(session: Session, payment: Payment) -> list[Refund]:
    """All refunds of a payment, oldest first."""
    return list(session.scalars(select(Refund).where(Refund.payment_id == payment.id).order_by(Refund.id)))


def disputes_of(session: Session, payment: Payment) -> list[Dispute]:
    """All disputes of a payment, oldest first."""
    return list(session.scalars(select(Dispute).where(Dispute.payment_id == payment.id).order_by(Dispute.id)))


def apply_standing(session: Session, case: Case, now: datetime, actor: Actor = PAYSTACK) -> None:
    """Bring the payment's status and the enrollment it pays for in line with its refunds and disputes."""
    payment = case.payment
    session.flush()
    parts = list_locked(session, case.enrollment.id)
    pays = payment.id in {case.enrollment.payment_id, *(part.payment_id for part in parts)}
    verdict = _stand(session, case.enrollment, payment, now, actor, pays=pays)
    if pays and parts:
        apply_parts(session, case.enrollment, parts, case.payments, now, actor)
    elif pays:
        _apply_access(session, case.enrollment, verdict, now, actor)
    steps.outdate(
        session, student_id=payment.student_id, program_slug=payment.program_slug, cohort_id=payment.cohort_id
    )


def _stand(
    session: Session, enrollment: Enrollment, payment: Payment, now: datetime, actor: Actor, *, pays: bool
) -> policy.Standing:
    """The payment's status from its facts; ``pays``: for an access, or a part of one."""
    refunds, disputes = refunds_of(session, payment), disputes_of(session, payment)
    facts = replace(gather(payment, enrollment, refunds, disputes), gives_access=pays)
    verdict = policy.decide_standing(facts)
    payment.refunded_minor = facts.refunded_minor
    _review(payment, verdict.status, refunds, charged_back(payment, disputes))
    if payment.status != verdict.status:
        record(session, now, actor, f"payment.{verdict.status}", ("payment", payment.reference), before=payment.status)
        payment.status = verdict.status
        payment.version += 1
    return verdict


def apply_parts(
    session: Session,
    enrollment: Enrollment,
    parts: Sequence[Instalment],
    payments: Sequence[Payment],
    now: datetime,
    actor: Actor,
) -> None:
    """Bring an enrollment that is paid in parts in line with all its parts, what was paid for them, and the hour."""

    def verdict_of(payment: Payment) -> tuple[policy.Access, str | None]:
        facts = gather(payment, enrollment, refunds_of(session, payment), disputes_of(session, payment))
        verdict = policy.decide_standing(replace(facts, gives_access=True))
        return verdict.access, verdict.reason

    if enrollment.status not in SEATED:
        return
    access, reason = instalments.follow(session, enrollment, parts, payments, verdict_of, now)
    _apply_access(session, enrollment, policy.Standing("", access, reason), now, actor)
    if access == "revoked":
        _end_parts(session, enrollment, parts, payments, now, actor)


def _end_parts(
    session: Session,
    enrollment: Enrollment,
    parts: Sequence[Instalment],
    payments: Sequence[Payment],
    now: datetime,
    actor: Actor,
) -> None:
    """Money took the access away: what was paid for other parts gives none any more, so a person decides about it."""
    for payment in payments:
        if payment.open_enrollment == enrollment.id:
            abandon(session, payment, now)
    for payment in instalments.release_kept(session, enrollment, parts, payments):
        payment.review = "another instalment was charged back, and access has ended"
        _stand(session, enrollment, payment, now, actor, pays=False)


def gather(
    payment: Payment, enrollment: Enrollment, refunds: Iterable[Refund], disputes: Iterable[Dispute]
) -> policy.StandingFacts:
    """The facts of a received payment. What went back is never counted above what came."""
    found, claims = list(refunds), list(disputes)
    received = payment.received_minor or 0
    processed = sum(refund.amount_minor for refund in found if refund.status == "processed")
    return policy.StandingFacts(
        price_minor=payment.amount_minor,
        received_minor=received,
        gives_access=enrollment.payment_id == payment.id,
        matched=payment.matched,
        refunded_minor=min(received, processed + charged_back(payment, claims)),
        under_way_minor=sum(refund.amount_minor for refund in found if refund.status in policy.UNDER_WAY),
        open_disputes=sum(claim.status == "open" for claim in claims),
        lost_disputes=sum(claim.status == "lost" for claim in claims),
    )


def charged_back(payment: Payment, disputes: Iterable[Dispute]) -> int:
    """What lost disputes took; one that names no amount took all. At most what was received."""
    received = payment.received_minor or 0
    lost = (received if one.amount_minor is None else one.amount_minor for one in disputes if one.status == "lost")
    return min(received, sum(lost))


def _review(payment: Payment, status: str, refunds: list[Refund], lost_minor: int) -> None:
    """Money under review always says why, and so does access for which a part was charged back; money that has gone
    back needs no review any more.
    """
    if status in {"refunded", "succeeded"}:
        payment.review = None
    elif status == "partially_refunded" and lost_minor:
        payment.review = f"a dispute was lost: {lost_minor} of {payment.received_minor} went back to the payer's bank"
    elif status == "mismatched" and payment.review is None:
        failed = next((refund for refund in reversed(refunds) if refund.status == "failed"), None)
        payment.review = f"a refund failed: {failed.error or failed.reason}"[:500] if failed else "gives no access"


def _apply_access(
    session: Session, enrollment: Enrollment, verdict: policy.Standing, now: datetime, actor: Actor
) -> None:
    status = enrollment.status
    about: tuple[Subject, object] = ("enrollment", enrollment.id)
    if verdict.access == "revoked" and status in {"active", "completed", "suspended"}:
        cause: RevokeReason = "chargeback" if verdict.reason == "chargeback" else "refund"
        steps.revoke(session, enrollment, cause, now)
        record(session, now, actor, "enrollment.revoked", about, reason=cause)
    elif verdict.access == "suspended" and status in {"active", "completed"}:
        steps.suspend(session, enrollment, verdict.reason or "review", now)
        record(session, now, actor, "enrollment.suspended", about, reason=verdict.reason)
    elif verdict.access == "suspended" and status == "suspended" and enrollment.reason != verdict.reason:
        enrollment.reason = verdict.reason
        record(session, now, actor, "enrollment.suspended", about, reason=verdict.reason)
    elif verdict.access == "granted" and status == "suspended":
        steps.restore(session, enrollment, now)
        record(session, now, actor, "enrollment.restored", about)
