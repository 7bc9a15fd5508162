"""What a stored delivery does. A charge is only a trigger: it is verified with Paystack before money is settled.
Disputes and refunds are believed from the signed body.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis import tracing
from enrollment.models import Payment
from enrollment.payments import disputes, refunding
from enrollment.payments.reconcile import Cashier
from enrollment.paystack import DisputeNotice, PaystackError, RefundNotice
from enrollment.webhooks import inbox
from enrollment.webhooks.delivery import parse
from enrollment.webhooks.inbox import BATCH, Claimed

log = structlog.get_logger(__name__)

PARALLEL = 8
FINAL = frozenset({"success", "failed", "reversed"})


class TryLater(Exception):
    """What the delivery builds on is not there yet."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``processed`` or ``ignored``, and why."""

    status: str
    note: str


NOT_OURS = Outcome("ignored", "about a transaction that is not ours")


def drain(cashier: Cashier, pool: ThreadPoolExecutor, now: datetime) -> int:
    """Process a batch of due deliveries; answers how many there were."""
    claimed = cashier.database.run(lambda session: inbox.claim(session, now))
    list(pool.map(lambda webhook: process(cashier, webhook, now), claimed))
    return len(claimed)


def is_full(count: int) -> bool:
    """Whether there may be more."""
    return count == BATCH


def process(cashier: Cashier, webhook: Claimed, now: datetime) -> None:
    """Process one delivery in the trace of its request and note what came of it; never raises."""
    with tracing.continued(webhook.traceparent, "enrollment.webhook"):
        _process(cashier, webhook, now)


def _process(cashier: Cashier, webhook: Claimed, now: datetime) -> None:
    try:
        outcome = understand(cashier, webhook, now)
        cashier.database.run(lambda session: inbox.finish(session, webhook, outcome.status, outcome.note, now))
        log.info("webhook_processed", webhook=webhook.event, reference=webhook.reference, outcome=outcome.note)
    except (PaystackError, TryLater) as error:
        _put_back(cashier, webhook, str(error), now)
    except Exception as error:
        log.exception("webhook_failed", id=str(webhook.id), webhook=webhook.event, reference=webhook.reference)
        _put_back(cashier, webhook, f"{type(error).__name__}: {error}", now)


def _put_back(cashier: Cashier, webhook: Claimed, why: str, now: datetime) -> None:
    try:
        again = cashier.database.run(lambda session: inbox.put_back(session, webhook, why, now))
    except Exception:
        log.exception("webhook_not_put_back", id=str(webhook.id), effect="taken up again when its claim runs out")
        return
    effect = "tried again later" if again else "given up; reconciliation goes on, an operator should look"
    log.warning("webhook_postponed", id=str(webhook.id), reference=webhook.reference, error=why, effect=effect)


def understand(cashier: Cashier, webhook: Claimed, now: datetime) -> Outcome:
    """Let a delivery take effect."""
    document = parse(webhook.body)
    data = document.get("data") if document is not None else None
    if not isinstance(data, Mapping):
        return Outcome("ignored", "no data")
    domain = data.get("domain")
    if isinstance(domain, str) and domain != cashier.terms.domain:
        return Outcome("ignored", f"domain {domain[:20]}, this is {cashier.terms.domain}")
    if webhook.event == "charge.success":
        return _charge(cashier, webhook.reference, now)
    if webhook.event.startswith("charge.dispute."):
        return _dispute(cashier, DisputeNotice.parse(data), now)
    if webhook.event.startswith("refund."):
        return _refund(cashier, RefundNotice.parse(webhook.event, data), now)
    return Outcome("ignored", "not an event that we act on")


def _charge(cashier: Cashier, reference: str | None, now: datetime) -> Outcome:
    noted = None if reference is None else _received(cashier, reference)
    if reference is None or noted is None:
        return NOT_OURS
    if noted:
        return Outcome("processed", "its money is noted already")
    charge = cashier.settle_reference(reference, now)
    if charge is None or charge.status not in FINAL:
        raise TryLater(f"Paystack says {charge.status if charge else 'that it does not know the reference'}")
    return Outcome("processed", f"charge is {charge.status}")


def _dispute(cashier: Cashier, notice: DisputeNotice | None, now: datetime) -> Outcome:
    if notice is None or not _settled_first(cashier, notice.reference, now):
        return NOT_OURS
    return Outcome("processed", cashier.database.run(lambda session: disputes.take_notice(session, notice, now)))


def _refund(cashier: Cashier, notice: RefundNotice | None, now: datetime) -> Outcome:
    if notice is None or not _settled_first(cashier, notice.reference, now):
        return NOT_OURS
    return Outcome("processed", cashier.database.run(lambda session: refunding.take_notice(session, notice, now)))


def _settled_first(cashier: Cashier, reference: str, now: datetime) -> bool:
    """A refund or a dispute is about money: if it has not been noted yet, it is settled first. False: not ours."""
    received = _received(cashier, reference)
    if received is False:
        cashier.settle_reference(reference, now)
        if not _received(cashier, reference):
            raise TryLater("the charge itself is not settled yet")
    return received is not None


def _received(cashier: Cashier, reference: str) -> bool | None:
    """Whether a payment's money has been noted; None for a reference that is not ours."""

    def find(session: Session) -> bool | None:
        row = session.execute(select(Payment.received_minor).where(Payment.reference == reference)).one_or_none()
        return None if row is None else row.received_minor is not None

    return cashier.database.run(find)
