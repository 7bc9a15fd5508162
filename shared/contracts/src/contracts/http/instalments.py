"""Enrollment's HTTP models of instalments: the plan of a cohort, and the parts of a price."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from contracts.http.base import AdminInput, ApiModel, Instant

InstalmentStatus = Literal["paid", "overdue", "due", "upcoming"]


class InstalmentPlanPart(AdminInput):
    """One part of a price: a share of it, or an amount. It falls due at the end of a local day of the cohort:
    ``due_date``, or ``due_days`` after the start date. The first part has neither: it is paid at the checkout.
    """

    percent: Annotated[int, Field(ge=1, le=99)] | None = None
    amount_minor: Annotated[int, Field(ge=1, le=1_000_000_000_000)] | None = None
    due_date: date | None = None
    due_days: Annotated[int, Field(ge=0, le=3650)] | None = None


class InstalmentPlan(AdminInput):
    """How the price of a cohort may be paid in parts. ``grace_days`` after its due date an unpaid part suspends."""

    parts: Annotated[list[InstalmentPlanPart], Field(min_length=2, max_length=12)]
    grace_days: Annotated[int, Field(ge=0, le=90)] = 7


class InstalmentOffer(ApiModel):
    """A part as it would be agreed now; ``due_at`` is null for the one that is paid at the checkout."""

    number: int
    amount_minor: int
    currency: str
    due_at: Instant | None


class BillingInstalment(ApiModel):
    """A part of a price that is paid in parts. ``due`` is the one to pay next; while it is unpaid access rests from
    ``suspends_at`` on; ``reference`` is the payment that paid it.
    """

    number: int
    amount_minor: int
    currency: str
    due_at: Instant
    suspends_at: Instant
    status: InstalmentStatus
    paid_at: Instant | None
    reference: str | None
