"""Checkout, verify, billing: what a student's browser calls."""

from datetime import datetime, timedelta
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from chassis.cache import Fresh, ReadCache
from chassis.errors import Unprocessable, problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from enrollment.auth import AsCaller, email_of
from enrollment.catalog.offers import EnrollmentClosed
from enrollment.catalog.repository import ProgramNotFound
from enrollment.coupons.quotes import CouponRefused
from enrollment.models import Payment
from enrollment.payments import billing, policy, queries
from enrollment.payments.checkout import Order
from enrollment.payments.errors import EmailMissing, PaymentProviderUnavailable
from enrollment.payments.flow import CheckoutDesk
from enrollment.payments.locks import PaymentNotFound
from enrollment.payments.schemas import BillingOut, CheckoutIn, CheckoutOut, PaymentOut
from enrollment.settings import EnrollmentSettings

router = APIRouter(route_class=ServiceRoute, tags=["payments"])


async def _desk(request: Request) -> CheckoutDesk:
    desk: CheckoutDesk = request.app.state.desk
    return desk


async def _settings(request: Request) -> EnrollmentSettings:
    settings: EnrollmentSettings = request.app.state.settings
    return settings


Desk = Annotated[CheckoutDesk, Depends(_desk)]
Settings = Annotated[EnrollmentSettings, Depends(_settings)]


@router.get(
    "/v1/programs/{program_slug}/billing",
    response_model=BillingOut,
    operation_id="getBillingStatus",
    responses=problems(ProgramNotFound),
)
async def get_billing(request: Request, program_slug: str, caller: AsCaller) -> Response:
    """The caller's enrollment and payments of one program."""
    cache: ReadCache = request.app.state.cache
    student, issuer = caller.account_id, request.app.state.receipts.issuer

    def build(session: Session, now: datetime) -> Fresh:
        return billing.get_billing(session, program_slug, student, issuer, now)

    tags = [f"student:{student}", f"program:{program_slug}"]
    return await cache.read(request, f"billing:{student}:{program_slug}", tags, build)


@router.post(
    "/v1/programs/{program_slug}/payments",
    response_model=CheckoutOut,
    status_code=201,
    operation_id="initPaystackPayment",
    responses={
        200: {"model": CheckoutOut, "description": "The open checkout, while it is unpaid"},
        **problems(ProgramNotFound, EnrollmentClosed, CouponRefused, EmailMissing, PaymentProviderUnavailable),
    },
)
@idempotent
async def init_payment(
    program_slug: str,
    caller: AsCaller,
    desk: Desk,
    settings: Settings,
    response: Response,
    body: CheckoutIn | None = None,
) -> CheckoutOut:
    """Take a seat and open a checkout, or find the open one again."""
    wanted = body or CheckoutIn()
    email = email_of(caller)
    _require_allowed(wanted.callback_url, settings)
    order = Order(
        student_id=caller.account_id,
        program_slug=program_slug,
        cohort=wanted.cohort,
        coupon=wanted.coupon,
        plan=wanted.plan,
        hold=settings.checkout_hold,
        lease=timedelta(seconds=2 * settings.paystack_timeout_seconds + 5),
    )
    payment, created = await desk.check_out(order, email, wanted.callback_url)
    response.status_code = 201 if created else 200
    response.headers["Cache-Control"] = "no-store"
    return present(payment)


def _require_allowed(callback_url: str | None, settings: EnrollmentSettings) -> None:
    if callback_url is not None and not policy.is_allowed_callback(callback_url, settings.callback_origins):
        raise Unprocessable.field("callbackUrl", "is not an address of this platform")


def present(payment: Payment) -> CheckoutOut:
    """The checkout as the browser needs it."""
    return CheckoutOut(
        authorization_url=payment.authorization_url,
        reference=payment.reference,
        access_code=payment.access_code,
        status=payment.status,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        expires_at=payment.hold_expires_at,
        discount_minor=payment.discount_minor,
        coupon_code=payment.coupon_code,
        instalment=payment.instalment,
    )


@router.post(
    "/v1/payments/{reference}/verify",
    response_model=PaymentOut,
    operation_id="verifyPayment",
    responses=problems(PaymentNotFound, PaymentProviderUnavailable),
)
async def verify_payment(reference: str, caller: AsCaller, desk: Desk, response: Response) -> PaymentOut:
    """Where a payment of the caller's stands; while it is unpaid, Paystack is asked first."""

    def read() -> PaymentOut:
        with desk.database.begin() as session:
            return queries.get_own(session, reference, caller.account_id)

    response.headers["Cache-Control"] = "no-store"
    payment = await run_sync(read)
    if not queries.is_unpaid(payment):
        return payment
    await desk.verify(reference)
    return await run_sync(read)
