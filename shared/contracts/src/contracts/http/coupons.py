"""Enrollment's HTTP models of coupons, and what a student pays."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from contracts.http.base import AdminInput, ApiModel, Instant
from contracts.http.enrollment import CohortSummary, Currency, Minor, Reason, Slug
from contracts.http.instalments import InstalmentOffer

CouponKind = Literal["percentage", "fixed"]

#: What people type: case does not matter, it is kept in capitals.
CouponCode = Annotated[str, Field(min_length=4, max_length=40, pattern=r"^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$")]
Percent = Annotated[int, Field(ge=1, le=100)]
Uses = Annotated[int, Field(ge=1, le=1_000_000)]


def _of_this_era(value: datetime) -> datetime:
    """An instant that every time zone and database can write."""
    if not 1970 <= value.year < 9000:
        raise ValueError("must lie between the years 1970 and 9000")
    return value


CouponTime = Annotated[AwareDatetime, AfterValidator(_of_this_era)]
Programs = Annotated[list[Slug], Field(min_length=1, max_length=100)]
Cohorts = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=1, max_length=100)]


class CouponIn(AdminInput):
    """A new coupon: ``percent`` for a percentage, ``amount_minor`` and ``currency`` for a fixed discount.

    It works from ``valid_from`` until just before ``valid_until``, for ``programs`` and ``cohorts`` (null: all).
    """

    code: CouponCode
    kind: CouponKind
    percent: Percent | None = None
    amount_minor: Annotated[Minor, Field(ge=1)] | None = None
    currency: Currency | None = None
    max_uses: Uses | None = None
    max_uses_per_student: Uses = 1
    valid_from: CouponTime | None = None
    valid_until: CouponTime | None = None
    programs: Programs | None = None
    cohorts: Cohorts | None = None
    disabled: bool = False
    reason: Reason


class CouponPatch(AdminInput):
    """Changes to a coupon; what is left out stays. Code and discount never change: make a new coupon instead."""

    max_uses: Uses | None = None
    max_uses_per_student: Uses | None = None
    valid_from: CouponTime | None = None
    valid_until: CouponTime | None = None
    programs: Programs | None = None
    cohorts: Cohorts | None = None
    disabled: bool | None = None
    reason: Reason


class CouponOut(ApiModel):
    """A coupon as administrators see it. ``uses`` counts enrollments that paid with it and checkouts still open."""

    id: UUID
    code: str
    kind: CouponKind
    percent: int | None
    amount_minor: int | None
    currency: str | None
    max_uses: int | None
    max_uses_per_student: int
    valid_from: Instant | None
    valid_until: Instant | None
    programs: list[str] | None
    cohorts: list[str] | None
    disabled: bool
    uses: int
    version: int
    created_at: Instant


class CouponsOut(ApiModel):
    coupons: list[CouponOut]
    next_cursor: str | None


class PriceOut(ApiModel):
    """What the caller pays: ``full_minor`` less ``discount_minor`` is ``amount_minor``; ``instalments`` are the parts
    that it may be paid in.
    """

    program_slug: str
    cohort: CohortSummary
    full_minor: int
    discount_minor: int
    amount_minor: int
    currency: str
    coupon_code: str | None
    instalments: list[InstalmentOffer] | None
