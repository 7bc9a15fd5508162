"""Making queued refunds at Paystack, and asking how those under way stand.

Paystack has no idempotency key for refunds. So each is claimed before it is asked for, carries our id in the
merchant note, and after an attempt whose end we do not know it is looked for before it is asked for again, once
Paystack has had time to finish with it.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from enrollment.models import Payment, Refund
from enrollment.payments import policy, refunding
from enrollment.payments.locks import lock_case
from enrollment.payments.reconcile import BATCH, Cashier, in_parallel
from enrollment.paystack import ProviderRefund, ProviderRefused, ProviderUnavailable, ProviderUnreachable

log = structlog.get_logger(__name__)

#: Longer than any attempt takes; then another worker may take the refund over.
CLAIM = timedelta(minutes=2)
#: An attempt that could not begin within so long of its claim (seconds) is left to the next claim: it might outlive it.
BEGINS_WITHIN = CLAIM.total_seconds() / 2


@dataclass(frozen=True, slots=True)
class Task:
    """One refund to make, or to ask about when ``provider_id`` is known."""

    refund_id: UUID
    reference: str
    amount_minor: int
    currency: str
    provider_id: int | None
    attempts: int
    #: By ``time.monotonic``.
    claimed: float


def run_due(cashier: Cashier, now: datetime) -> int:
    """Make or follow up every refund that is due; answers how many."""
    tasks = cashier.database.run(lambda session: _claim_due(session, now))
    in_parallel(tasks, lambda task: _run(cashier, task, now))
    return len(tasks)


def _claim_due(session: Session, now: datetime) -> list[Task]:
    rows = session.execute(
        select(Refund, Payment.reference)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.next_attempt_at <= now)
        .order_by(Refund.next_attempt_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    tasks, claimed = [], time.monotonic()
    for refund, reference in rows:
        if refund.status == "queued":
            refund.status = "sending"
        refund.attempts += 1
        refund.next_attempt_at = now + max(CLAIM, policy.refund_pause(refund.attempts))
        money = refund.amount_minor, refund.currency
        tasks.append(Task(refund.id, reference, *money, refund.provider_id, refund.attempts, claimed))
    return tasks


def _run(cashier: Cashier, task: Task, now: datetime) -> None:
    if time.monotonic() - task.claimed > BEGINS_WITHIN:
        log.warning("refund_not_begun", refund=str(task.refund_id), effect="left to the next claim")
        return
    try:
        answer = _ask(cashier, task)
    except ProviderUnreachable as error:
        log.warning("paystack_unreachable", refund=str(task.refund_id), error=str(error), effect="tried again soon")
        cashier.database.run(
            lambda session: _come_back(session.get_one(Refund, task.refund_id, with_for_update=True), now)
        )
    except ProviderUnavailable as error:
        log.warning("refund_not_answered", refund=str(task.refund_id), error=str(error), effect="tried again later")
    except ProviderRefused as refusal:
        _take_refusal(cashier, task, refusal, now)
    else:
        cashier.database.run(lambda session: _take_answer(session, task, answer, now))


def _ask(cashier: Cashier, task: Task) -> ProviderRefund:
    paystack = cashier.paystack
    if task.provider_id is not None:
        return paystack.fetch_refund(task.provider_id)
    if task.attempts > 1:
        found = paystack.find_refund(reference=task.reference, refund_id=task.refund_id)
        if found is not None:
            return found
    return paystack.refund(
        reference=task.reference, amount_minor=task.amount_minor, currency=task.currency, refund_id=task.refund_id
    )


def _come_back(refund: Refund, now: datetime) -> None:
    """The attempt's end is known, so the next one need not wait until its claim has run out. The row is locked."""
    if refund.next_attempt_at is not None:
        refund.next_attempt_at = now + policy.refund_pause(refund.attempts)


def _take_answer(session: Session, task: Task, answer: ProviderRefund, now: datetime) -> None:
    case = lock_case(session, task.reference, now)
    refund = session.get_one(Refund, task.refund_id, populate_existing=True)
    refund.provider_id = answer.provider_id or refund.provider_id
    refund.provider_reference = answer.refund_reference or refund.provider_reference
    refunding.move(session, case, refund, answer.status, now)
    _come_back(refund, now)


def _take_refusal(cashier: Cashier, task: Task, refusal: ProviderRefused, now: datetime) -> None:
    log.warning("refund_refused", refund=str(task.refund_id), reference=task.reference, error=str(refusal))
    if task.provider_id is not None:
        return  # a question about a refund was refused: its events and the next question go on
    if refusal.is_fully_reversed:
        charge = cashier.settle_reference(task.reference, now)
        if charge is not None and charge.status == "reversed":
            return
    later = refusal.may_pass_later and task.attempts < policy.REFUND_ATTEMPTS

    def note(session: Session) -> None:
        case = lock_case(session, task.reference, now)
        refund = session.get_one(Refund, task.refund_id, populate_existing=True)
        if later and refund.status == "sending":
            refund.error = refusal.message[:500]
            _come_back(refund, now)
        else:
            refunding.move(session, case, refund, "failed", now, error=refusal.message)

    cashier.database.run(note)
