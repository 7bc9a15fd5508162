"""Asking Paystack: one reference now, and in the background all that are not final, with growing distance."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.database import Database
from enrollment.models import Payment
from enrollment.payments import checkout, policy
from enrollment.payments.locks import lock_case
from enrollment.payments.settle import Terms, settle
from enrollment.paystack import Charge, Paystack, PaystackError

T = TypeVar("T")
log = structlog.get_logger(__name__)

BATCH = 50
#: Calls to Paystack at once; each waits for the network, not for a core.
PARALLEL = 4


@dataclass(frozen=True, slots=True)
class Cashier:
    """What settling outside a request needs: the database, Paystack, the terms."""

    database: Database
    paystack: Paystack
    terms: Terms

    def settle_reference(self, reference: str, now: datetime) -> Charge | None:
        """Verify and settle one reference of ours; None when Paystack does not know it. ``PaystackError``."""
        charge = self.paystack.verify(reference)
        if charge is None:
            self.database.run(lambda session: note_unknown(session, reference, now))
            return None
        self.database.run(lambda session: settle(session, reference, charge, self.terms, now))
        return charge


def note_unknown(session: Session, reference: str, now: datetime) -> None:
    """Paystack does not know a reference: one that nobody was ever sent to is not asked about again."""
    payment = lock_case(session, reference, now).payment
    if payment.open_enrollment is None:
        payment.next_check_at = None


def reconcile_due(cashier: Cashier, now: datetime) -> int:
    """Ask about every unpaid reference that is due; answers how many. A lost webhook costs minutes."""
    references = cashier.database.run(lambda session: _claim_due(session, now))
    in_parallel(references, lambda reference: _try(cashier, reference, now))
    return len(references)


def _claim_due(session: Session, now: datetime) -> list[str]:
    payments = session.scalars(
        select(Payment)
        .where(Payment.next_check_at <= now)
        .order_by(Payment.next_check_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for payment in payments:
        payment.next_check_at = policy.next_check_at(payment.checks, payment.created_at, now)
        payment.checks += 1
    return [payment.reference for payment in payments]


def _try(cashier: Cashier, reference: str, now: datetime) -> None:
    try:
        cashier.settle_reference(reference, now)
    except PaystackError as error:
        log.warning("reference_not_reconciled", reference=reference, error=str(error), effect="asked again later")


def expire_holds(cashier: Cashier, now: datetime) -> int:
    """End the checkouts whose hold has run out, after a last question to Paystack; answers how many."""
    references = cashier.database.run(lambda session: _list_expired(session, now))

    def expire(reference: str) -> None:
        _try(cashier, reference, now)
        cashier.database.run(lambda session: end_hold(session, reference, now))

    in_parallel(references, expire)
    return len(references)


def _list_expired(session: Session, now: datetime) -> list[str]:
    expired = select(Payment.reference).where(Payment.status == "pending", Payment.hold_expires_at <= now)
    return list(session.scalars(expired.order_by(Payment.hold_expires_at).limit(BATCH)))


def end_hold(session: Session, reference: str, now: datetime) -> None:
    """The seat is free, the reference abandoned; money that still comes is settled by the rules of late payment."""
    case = lock_case(session, reference, now)
    payment = case.payment
    if payment.open_enrollment is not None and payment.hold_expires_at is not None and payment.hold_expires_at <= now:
        checkout.close(session, case.enrollment, payment, now)


def release_dead(cashier: Cashier, now: datetime) -> int:
    """Free the seats of checkouts whose request died before it heard from Paystack; answers how many."""

    def find(session: Session) -> list[str]:
        dead = select(Payment.reference).where(
            Payment.status == "pending", Payment.authorization_url.is_(None), Payment.initialising_until <= now
        )
        return list(session.scalars(dead.limit(BATCH)))

    references = cashier.database.run(find)
    in_parallel(
        references,
        lambda reference: cashier.database.run(lambda session: checkout.release(session, reference, now)),
    )
    return len(references)


def in_parallel(items: Iterable[T], work: Callable[[T], object]) -> None:
    """Run ``work`` for each; an error of one is logged and does not stop the others."""

    def guarded(item: T) -> None:
        try:
            work(item)
        except Exception:
            log.exception("background_step_failed", item=str(item), effect="tried again with the next run")

    found = list(items)
    if found:
        with ThreadPoolExecutor(PARALLEL) as pool:
            here = copy_context()  # the trace goes along
            list(pool.map(lambda item: here.copy().run(guarded, item), found))
