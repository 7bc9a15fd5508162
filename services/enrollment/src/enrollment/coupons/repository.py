"""Rows of coupons, and how often each is in use."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from chassis.errors import NotFound
from enrollment.coupons.policy import Purchase, Terms, Uses, normalise
from enrollment.models import Cohort, Coupon, Payment, Program

#: Statuses of payments that have used their coupon for good. What went back in full has given it back.
USED = ("succeeded", "partially_refunded", "refunding", "disputed", "mismatched")


class CouponNotFound(NotFound):
    title = "There is no such coupon"


def find(session: Session, code: str) -> Coupon | None:
    """The coupon that students call ``code``."""
    return session.scalars(select(Coupon).where(Coupon.code == normalise(code))).one_or_none()


def get(session: Session, code: str) -> Coupon:
    """The coupon; ``CouponNotFound`` if there is none."""
    found = find(session, code)
    if found is None:
        raise CouponNotFound(f"There is no coupon {code!r}.")
    return found


def lock(session: Session, code: str) -> Coupon | None:
    """The coupon, locked: until this transaction ends nobody else takes a use. Always the last lock that is taken."""
    return session.scalars(
        select(Coupon).where(Coupon.code == normalise(code)).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()


def terms_of(coupon: Coupon) -> Terms:
    """What the rules need of the row."""
    return Terms(
        kind="percentage" if coupon.kind == "percentage" else "fixed",
        percent=coupon.percent,
        amount_minor=coupon.amount_minor,
        currency=coupon.currency,
        max_uses=coupon.max_uses,
        max_uses_per_student=coupon.max_uses_per_student,
        valid_from=coupon.valid_from,
        valid_until=coupon.valid_until,
        programs=None if coupon.programs is None else frozenset(coupon.programs),
        cohorts=None if coupon.cohorts is None else frozenset(map(UUID, coupon.cohorts)),
        disabled=coupon.disabled,
    )


def _in_use(now: datetime) -> ColumnElement[bool]:
    """A use is held exactly as long as the seat: while the checkout is open; it is kept with the money."""
    held = and_(Payment.status == "pending", Payment.hold_expires_at > now)
    return or_(Payment.status.in_(USED), held)


def count_uses(session: Session, coupon_id: UUID, student_id: UUID, purchase: Purchase, now: datetime) -> Uses:
    """Enrollments that use the coupon; the student's own open checkout of this program is no use against itself."""
    own_checkout = and_(
        Payment.status == "pending",
        Payment.student_id == student_id,
        Payment.program_slug == purchase.program_slug,
    )
    rows = session.execute(
        select(Payment.student_id == student_id, func.count(Payment.enrollment_id.distinct()))
        .where(Payment.coupon_id == coupon_id, _in_use(now), ~own_checkout)
        .group_by(Payment.student_id == student_id)
    )
    counted = {bool(own): count for own, count in rows}
    own = counted.get(True, 0)
    return Uses(all=own + counted.get(False, 0), own=own)


def count_all_uses(session: Session, coupon_ids: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """How often each of them is in use."""
    rows = session.execute(
        select(Payment.coupon_id, func.count(Payment.enrollment_id.distinct()))
        .where(Payment.coupon_id.in_(coupon_ids), _in_use(now))
        .group_by(Payment.coupon_id)
    )
    return {coupon_id: count for coupon_id, count in rows if coupon_id is not None}


def list_page(session: Session, after: UUID | None, limit: int) -> Sequence[Coupon]:
    """Coupons newest first."""
    query = select(Coupon).order_by(Coupon.id.desc()).limit(limit)
    return session.scalars(query if after is None else query.where(Coupon.id < after)).all()


def find_unknown_program(session: Session, slugs: Collection[str]) -> str | None:
    """The first of these slugs that is no program's."""
    known = set(session.scalars(select(Program.slug).where(Program.slug.in_(slugs))))
    return next((slug for slug in slugs if slug not in known), None)


def find_cohort_id(session: Session, condition: ColumnElement[bool]) -> UUID | None:
    """The id of the cohort that fits."""
    return session.scalar(select(Cohort.id).where(condition))
