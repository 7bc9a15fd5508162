"""Coupons for administrators, and the price for students."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from enrollment.audit import admin
from enrollment.auth import AsAdmin, AsCaller
from enrollment.catalog.offers import EnrollmentClosed
from enrollment.catalog.repository import ProgramNotFound
from enrollment.coupons import quotes, repository, service
from enrollment.coupons.quotes import CouponRefused
from enrollment.coupons.repository import CouponNotFound
from enrollment.coupons.schemas import CouponIn, CouponOut, CouponPatch, CouponsOut, PriceOut
from enrollment.coupons.service import CodeTaken
from enrollment.paging import Cursor, Limit

router = APIRouter(route_class=ServiceRoute)
COUPONS = "/v1/admin/coupons"


@router.get(
    "/v1/programs/{program_slug}/price",
    response_model=PriceOut,
    operation_id="getPrice",
    tags=["payments"],
    responses=problems(ProgramNotFound, EnrollmentClosed, CouponRefused),
)
def get_price(
    program_slug: str,
    caller: AsCaller,
    tx: Tx,
    now: Now,
    response: Response,
    cohort: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    coupon: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
) -> PriceOut:
    """What the caller would pay, with a coupon or without; a code that does not apply is refused with its reason."""
    response.headers["Cache-Control"] = "no-store"
    return quotes.preview(tx, caller.account_id, program_slug, cohort, coupon, now)


@router.post(
    COUPONS,
    response_model=CouponOut,
    status_code=201,
    operation_id="createCoupon",
    tags=["admin"],
    responses=problems(CodeTaken),
)
@idempotent
def create_coupon(body: CouponIn, caller: AsAdmin, tx: Tx, now: Now) -> CouponOut:
    """A new coupon."""
    coupon = service.create(tx, body, admin(caller.account_id), now)
    return service.present(tx, [coupon], now)[0]


@router.get(COUPONS, response_model=CouponsOut, operation_id="listCoupons", tags=["admin"])
def list_coupons(_admin: AsAdmin, tx: Tx, now: Now, limit: Limit = 50, cursor: Cursor = None) -> CouponsOut:
    """All coupons, newest first."""
    return service.list_page(tx, cursor, limit, now)


@router.get(
    COUPONS + "/{code}",
    response_model=CouponOut,
    operation_id="getCoupon",
    tags=["admin"],
    responses=problems(CouponNotFound),
)
def get_coupon(code: str, _admin: AsAdmin, tx: Tx, now: Now) -> CouponOut:
    """One coupon by its code."""
    return service.present(tx, [repository.get(tx, code)], now)[0]


@router.patch(
    COUPONS + "/{code}",
    response_model=CouponOut,
    operation_id="changeCoupon",
    tags=["admin"],
    responses=problems(CouponNotFound),
)
def change_coupon(code: str, body: CouponPatch, caller: AsAdmin, tx: Tx, now: Now) -> CouponOut:
    """Change dates, limits and scope, or disable it; checkouts that are open keep their price."""
    coupon = service.change(tx, code, body, admin(caller.account_id), now)
    return service.present(tx, [coupon], now)[0]
