"""References: unguessable, and within Paystack's rules (facts: alphanumerics and ``-.=``, no underscore, under 50)."""

import secrets
from base64 import b32encode
from datetime import datetime, timedelta

from chassis.ids import new_id
from enrollment.models import Payment

PREFIX = "edx-"
#: What a new reference takes over from the one it replaces.
COPIED = (
    "student_id",
    "program_slug",
    "cohort_id",
    "enrollment_id",
    "amount_minor",
    "currency",
    "coupon_id",
    "coupon_code",
    "discount_minor",
    "instalment",
    "agreed_plan",
)


def new_reference() -> str:
    """128 random bits in lower-case base 32: 30 characters."""
    return PREFIX + b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def new_payment(
    like: "Payment | None" = None,
    *,
    now: datetime,
    hold_expires_at: datetime | None,
    lease: timedelta | None,
    **values: object,
) -> Payment:
    """An unsaved pending payment under a new reference; ``like`` another one, or with its own ``values``."""
    facts = {name: getattr(like, name) for name in COPIED} if like is not None else values
    return Payment(
        id=new_id(),
        reference=new_reference(),
        **facts,
        open_enrollment=facts["enrollment_id"],
        status="pending",
        hold_expires_at=hold_expires_at,
        initialising_until=None if lease is None else now + lease,
        next_check_at=hold_expires_at,
        refunded_minor=0,
        matched=True,
        checks=0,
        version=1,
        created_at=now,
    )
