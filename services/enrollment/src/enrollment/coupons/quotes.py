"""What a student pays for a cohort with a coupon or without one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.errors import Conflict
from contracts.http.base import to_wire
from enrollment.catalog import offers
from enrollment.catalog import repository as catalog
from enrollment.cohorts.policy import MINIMUM_CHARGE
from enrollment.cohorts.views import CohortView
from enrollment.coupons import policy, repository
from enrollment.coupons.schemas import PriceOut
from enrollment.instalments import plans


class CouponRefused(Conflict):
    """409 with the reason as its code."""

    code = "coupon_unknown"
    title = "This coupon cannot be used"

    @classmethod
    def by(cls, reason: policy.Refusal, terms: policy.Terms | None) -> Conflict:
        """The refusal for a reason, and when the coupon works."""
        known = terms is not None and reason != "coupon_unknown"
        valid_from = terms.valid_from if known and terms is not None else None
        valid_until = terms.valid_until if known and terms is not None else None
        return cls.because(
            reason,
            policy.MESSAGES[reason],
            validFrom=to_wire(valid_from) if valid_from else None,
            validUntil=to_wire(valid_until) if valid_until else None,
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """A price as it is agreed: ``full_minor`` less ``discount_minor``."""

    full_minor: int
    currency: str
    discount_minor: int = 0
    coupon_id: UUID | None = None
    coupon_code: str | None = None

    @property
    def amount_minor(self) -> int:
        """What is to be paid."""
        return self.full_minor - self.discount_minor


def quote(
    session: Session, student_id: UUID, cohort: CohortView, code: str | None, now: datetime, *, locked: bool
) -> Quote:
    """The price of a cohort for a student; ``CouponRefused`` when the code does not apply.

    ``locked`` is for taking a use: nobody else can take one until the transaction ends. A free cohort needs no
    coupon, and takes no use of one.
    """
    if code is None or cohort.amount_minor == 0:
        return Quote(cohort.amount_minor, cohort.currency)
    coupon = repository.lock(session, code) if locked else repository.find(session, code)
    if coupon is None:
        raise CouponRefused.by("coupon_unknown", None)
    purchase = policy.Purchase(
        program_slug=cohort.program_slug,
        cohort_id=cohort.id,
        full_minor=cohort.amount_minor,
        currency=cohort.currency,
        minimum_minor=MINIMUM_CHARGE[cohort.currency],
    )
    terms = repository.terms_of(coupon)
    uses = repository.count_uses(session, coupon.id, student_id, purchase, now)
    refusal = policy.find_refusal(terms, purchase, uses, now)
    if refusal is not None:
        raise CouponRefused.by(refusal, terms)
    discount = policy.find_discount(terms, purchase)
    return Quote(cohort.amount_minor, cohort.currency, discount, coupon.id, coupon.code)


def preview(
    session: Session, student_id: UUID, program_slug: str, cohort_name: str | None, code: str | None, now: datetime
) -> PriceOut:
    """What the cohort on offer (or the one named) costs this student; nothing is taken."""
    catalog.require_published(session, program_slug)
    live = offers.find_live(session, student_id, program_slug)
    offer = offers.load_offer(session, program_slug, cohort_name, live, now)
    cohort, summary = offer.cohort, offer.summary()
    if cohort is None or summary is None:
        raise offers.EnrollmentClosed.by(offer)
    found = quote(session, student_id, cohort, code, now, locked=False)
    return PriceOut(
        program_slug=program_slug,
        cohort=summary,
        full_minor=found.full_minor,
        discount_minor=found.discount_minor,
        amount_minor=found.amount_minor,
        currency=found.currency,
        coupon_code=found.coupon_code,
        instalments=plans.offer(cohort, found.discount_minor, now),
    )
