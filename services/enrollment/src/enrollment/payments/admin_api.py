"""Payments for administrators: list, look, refund, reconcile."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from enrollment.audit import admin, record
from enrollment.auth import AsAdmin
from enrollment.paging import Cursor, Limit
from enrollment.payments import queries, refunding
from enrollment.payments.api import Desk
from enrollment.payments.errors import PaymentProviderUnavailable
from enrollment.payments.locks import PaymentNotFound
from enrollment.payments.refunding import NotRefundable
from enrollment.payments.schemas import AdminPaymentDetailOut, AdminPaymentsOut, PaymentStatus, RefundIn

router = APIRouter(prefix="/v1/admin/payments", route_class=ServiceRoute, tags=["admin"])


@router.get("", response_model=AdminPaymentsOut, operation_id="listPayments")
def list_payments(
    _admin: AsAdmin,
    tx: Tx,
    status: Annotated[PaymentStatus | None, Query()] = None,
    review: Annotated[bool | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AdminPaymentsOut:
    """All payments, newest first; ``review=true`` is what needs a person: mismatched, or charged back in part."""
    return queries.list_page(tx, queries.Wanted(status, review), cursor, limit)


@router.get(
    "/{reference}",
    response_model=AdminPaymentDetailOut,
    operation_id="getPayment",
    responses=problems(PaymentNotFound),
)
def get_payment(reference: str, _admin: AsAdmin, tx: Tx) -> AdminPaymentDetailOut:
    """One payment with its refunds."""
    return queries.get_detail(tx, reference)


@router.post(
    "/{reference}/refund",
    response_model=AdminPaymentDetailOut,
    operation_id="refundPayment",
    responses=problems(PaymentNotFound, NotRefundable),
)
@idempotent
def refund_payment(reference: str, body: RefundIn, caller: AsAdmin, tx: Tx, now: Now) -> AdminPaymentDetailOut:
    """Queue a refund of all that is left, or of an amount; the worker makes it at Paystack."""
    refunding.ask_for_refund(tx, reference, body.amount_minor, body.reason, admin(caller.account_id), now)
    tx.flush()
    return queries.get_detail(tx, reference)


@router.post(
    "/{reference}/reconcile",
    response_model=AdminPaymentDetailOut,
    operation_id="reconcilePayment",
    responses=problems(PaymentNotFound, PaymentProviderUnavailable),
)
async def reconcile_payment(reference: str, caller: AsAdmin, desk: Desk) -> AdminPaymentDetailOut:
    """Ask Paystack about this reference now, whatever its state, and settle what it says."""

    def note() -> None:
        with desk.database.begin() as session:
            queries.get_detail(session, reference)
            record(session, desk.clock(), admin(caller.account_id), "payment.reconciled", ("payment", reference))

    def read() -> AdminPaymentDetailOut:
        with desk.database.begin() as session:
            return queries.get_detail(session, reference)

    await run_sync(note)
    await desk.verify(reference)
    return await run_sync(read)
