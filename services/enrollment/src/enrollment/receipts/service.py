"""The history of a student's payments, and the manuscript of a receipt. The PDF is made outside any transaction."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.documents.rendering import Manuscript
from chassis.errors import Conflict
from chassis.tokens import Caller
from contracts.http.enrollment import CohortName
from enrollment import paging
from enrollment.payments.locks import PaymentNotFound
from enrollment.payments.policy import UNDER_WAY
from enrollment.receipts import policy, repository
from enrollment.receipts.policy import Paid, Returned
from enrollment.receipts.schemas import PaymentHistoryOut, PaymentInHistory, PaymentRefund

TEMPLATE = Path(__file__).parent / "receipt.typ"


class ReceiptNotAvailable(Conflict):
    code = "receipt_not_available"
    title = "There is no receipt for this payment"


@dataclass(frozen=True, slots=True)
class Issuer:
    """The school, as it stands on receipts (settings)."""

    name: str
    address: tuple[str, ...]
    tax_id: str | None
    support_email: str | None
    public_url: str

    def receipt_url(self, payment: Any) -> str | None:
        """Where the payment's receipt is; None until money came."""
        if not policy.has_receipt(payment.received_minor, payment.paid_at):
            return None
        return f"{self.public_url}/v1/payments/{payment.reference}/receipt"


def list_payments(
    session: Session, student_id: UUID, issuer: Issuer, cursor: str | None, limit: int
) -> PaymentHistoryOut:
    """The student's payments of all programs, newest first. Always two queries."""
    rows = repository.list_of_student(session, student_id, paging.decode_id(cursor), limit + 1)
    page = rows[:limit]
    refunds = defaultdict(list)
    for refund in repository.refunds_of(session, [row.id for row in page]):
        refunds[refund.payment_id].append(_refund(refund))
    return PaymentHistoryOut(
        payments=[_in_history(row, refunds[row.id], issuer) for row in page],
        next_cursor=paging.encode(str(page[-1].id)) if len(rows) > limit else None,
    )


def _in_history(row: Any, refunds: list[PaymentRefund], issuer: Issuer) -> PaymentInHistory:
    return PaymentInHistory(
        reference=row.reference,
        status=row.status,
        program_slug=row.program_slug,
        program_title=row.program_title,
        cohort=CohortName(id=row.cohort_id, slug=row.cohort_slug),
        amount_minor=row.amount_minor,
        received_minor=row.received_minor,
        refunded_minor=row.refunded_minor,
        instalment=row.instalment,
        discount_minor=row.discount_minor,
        coupon_code=row.coupon_code,
        currency=row.currency,
        created_at=row.created_at,
        paid_at=row.paid_at,
        refunds=refunds,
        receipt_url=issuer.receipt_url(row),
    )


def _refund(row: Any) -> PaymentRefund:
    return PaymentRefund(amount_minor=row.amount_minor, status=row.status, at=row.processed_at or row.created_at)


def prepare_receipt(session: Session, caller: Caller, reference: str, issuer: Issuer) -> Manuscript:
    """What is to be printed, for the payment's owner and administrators; another's does not exist. Three queries.

    Enrollment keeps no names: the owner's name and address come from the token, and an administrator's copy names the
    account.
    """
    row = repository.find(session, reference)
    if row is None or (row.student_id != caller.account_id and not caller.is_admin):
        raise PaymentNotFound(f"There is no payment {reference!r}.")
    if not policy.has_receipt(row.received_minor, row.paid_at):
        raise ReceiptNotAvailable("No money has come for this payment; a free place has no receipt either.")
    refunds = repository.refunds_of(session, [row.id])
    disputes = repository.lost_disputes_of(session, row.id)
    paid = _paid(row, refunds, disputes)
    return Manuscript(TEMPLATE, _contents(row, paid, _payer(row, caller), issuer), paid.stated_at)


def _paid(row: Any, refunds: Any, disputes: Any) -> Paid:
    back = [Returned(one.amount_minor, "refund", one.processed_at) for one in refunds if one.status == "processed"]
    back += [Returned(_claimed(row, one), "chargeback", one.resolved_at or one.opened_at) for one in disputes]
    return Paid(
        amount_minor=row.amount_minor,
        currency=row.currency,
        received_minor=row.received_minor,
        received_currency=row.received_currency or row.currency,
        matched=row.matched,
        paid_at=row.paid_at,
        instalment=row.instalment,
        discount_minor=row.discount_minor,
        coupon_code=row.coupon_code,
        returned=tuple(sorted(back, key=lambda one: one.at)),
        under_way_minor=sum(one.amount_minor for one in refunds if one.status in UNDER_WAY),
    )


def _claimed(row: Any, dispute: Any) -> int:
    claimed: int = row.received_minor if dispute.amount_minor is None else dispute.amount_minor
    return claimed


def _payer(row: Any, caller: Caller) -> list[str]:
    if row.student_id != caller.account_id:
        return [f"Account {row.student_id}"]
    return [text for text in (caller.name, caller.email) if text] or [f"Account {row.student_id}"]


def _contents(row: Any, paid: Paid, payer: list[str], issuer: Issuer) -> dict[str, Any]:
    timezone = row.timezone or "UTC"
    return {
        "issuer": {
            "name": issuer.name,
            "address": list(issuer.address),
            "taxId": issuer.tax_id,
            "support": issuer.support_email,
        },
        "number": row.reference,
        "standing": policy.standing_of(paid),
        "payer": payer,
        "facts": _facts(row, paid, timezone),
        "lines": [asdict(line) for line in policy.lines_of(paid, timezone)],
        "notes": policy.notes_of(paid),
        "stated": policy.day(paid.stated_at, timezone),
    }


def _facts(row: Any, paid: Paid, timezone: str) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = [{"label": "Program", "values": [row.program_title or row.program_slug]}]
    if row.cohort_slug is not None:
        dates = f"{_date(row.start_date)} – {_date(row.end_date)}"
        facts.append({"label": "Cohort", "values": [row.cohort_slug, dates]})
    facts.append({"label": "Paid on", "values": list(policy.instant(paid.paid_at, timezone))})
    facts.append({"label": "Paid through", "values": ["Paystack", f"reference {row.reference}"]})
    return facts


def _date(value: Any) -> str:
    return f"{value.day} {value:%B %Y}"
