"""What must hold about money whatever happens: our books against Paystack's (used by the model-based test).

Conservation, by currency: what Paystack charged and we know of = what pays for an access + what went back + what is on
its way back + what is under review + fees that Paystack keeps. At the end nothing is on its way, and we know of all.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.events import Event, PaymentRefunded, PaymentVerified
from enrollment.enrollments.policy import LIVE, SEATED
from enrollment.models import Cohort, Coupon, Dispute, Enrollment, Instalment, Payment, Refund
from enrollment.payments import policy

#: The money took the access away itself; any other revocation is somebody's decision, and the money was earned.
BY_MONEY = {"refund", "chargeback"}


@dataclass(frozen=True)
class Truth:
    """What really happened to a reference at Paystack."""

    charged: int | None
    returned: int
    moving: bool
    currency: str = ""


@dataclass(frozen=True)
class Account:
    """One payment in our books, with all that belongs to it."""

    payment: Payment
    enrollment: Enrollment
    refunds: list[Refund]
    disputes: list[Dispute]
    pays_a_part: bool = False

    @property
    def received(self) -> int:
        """What came, as far as we know."""
        return self.payment.received_minor or 0

    @property
    def grants(self) -> bool:
        """It pays for a seat that the student has, or had until staff or the student themselves ended it."""
        pays = self.enrollment.payment_id == self.payment.id or self.pays_a_part
        if not pays or self.payment.status == "refunded":
            return False
        return self.enrollment.status in SEATED or self.ended_by_somebody

    @property
    def ended_by_somebody(self) -> bool:
        """Revoked, and not because of its money."""
        return self.enrollment.status == "revoked" and self.enrollment.reason not in BY_MONEY

    @property
    def under_way(self) -> int:
        """On its way back, never more than is left."""
        asked = sum(one.amount_minor for one in self.refunds if one.status in policy.UNDER_WAY)
        return min(asked, self.received - self.payment.refunded_minor)

    def split(self) -> Counter[str]:
        """Where each unit of what came is; ``nowhere`` must stay empty."""
        rest = self.received - self.payment.refunded_minor - self.under_way
        return Counter(
            {"went back": self.payment.refunded_minor, "going back": self.under_way, self._place(rest): rest}
        )

    def _place(self, rest: int) -> str:
        if self.payment.status in {"mismatched", "disputed"}:
            return "under review"
        fee = self.received - self.payment.amount_minor
        if self.payment.status == "refunded" or not self.grants:
            return "fee" if rest <= fee else "nowhere"
        return "for access"


def truth_of(store: Any) -> dict[str, Truth]:
    """By reference, from the sandbox's own tables."""
    with store.read() as db:
        found = {}
        for row in db.execute("SELECT * FROM transactions").fetchall():
            refunds = db.execute("SELECT * FROM refunds WHERE transaction_id = ?", (row["id"],)).fetchall()
            disputes = db.execute("SELECT * FROM disputes WHERE transaction_id = ?", (row["id"],)).fetchall()
            lost = [one["refund_amount"] for one in disputes if one["resolution"] not in {None, "declined"}]
            returned = sum(one["amount"] for one in refunds if one["status"] == "processed") + sum(lost)
            if row["status"] == "reversed":
                returned = row["amount"]
            found[row["reference"]] = Truth(
                charged=row["amount"] if row["paid_at"] is not None else None,
                returned=returned,
                moving=any(one["status"] not in {"processed", "failed"} for one in refunds)
                or any(one["resolution"] is None for one in disputes),
                currency=row["currency"],
            )
        return found


def accounts_of(session: Session) -> Iterator[Account]:
    """Our books, payment by payment."""
    enrollments = {one.id: one for one in session.scalars(select(Enrollment))}
    refunds, disputes = list(session.scalars(select(Refund))), list(session.scalars(select(Dispute)))
    paying = set(session.scalars(select(Instalment.payment_id)))
    for payment in session.scalars(select(Payment).order_by(Payment.id)):
        yield Account(
            payment,
            enrollments[payment.enrollment_id],
            [one for one in refunds if one.payment_id == payment.id],
            [one for one in disputes if one.payment_id == payment.id],
            payment.id in paying,
        )


def check_account(account: Account, truth: Truth) -> None:
    """DESIGN promise 1 for one reference, at any moment."""
    payment = account.payment
    told = f"{payment.reference}: {payment.status}, enrollment {account.enrollment.status}, {truth}"
    if payment.received_minor is None:
        assert payment.status in policy.UNPAID, f"no money, yet {told}"
        assert account.enrollment.payment_id != payment.id, f"access without money: {told}"
        return
    assert payment.received_minor == truth.charged, f"received {payment.received_minor}: {told}"
    assert payment.refunded_minor <= truth.returned, f"refunded {payment.refunded_minor}: {told}"
    ends = [account.grants, payment.status == "refunded", payment.status == "mismatched"]
    if payment.status in {"refunding", "disputed"}:
        assert sum(ends) <= 1, f"two ends: {told}"
    else:
        assert sum(ends) == 1, f"not exactly one end: {told}"
    split = account.split()
    assert min(split.values()) >= 0, f"more went back than came, {dict(split)}: {told}"
    assert not split["nowhere"], f"{split['nowhere']} is nowhere: {told}"
    if payment.status == "mismatched":
        assert payment.review, f"under review for no reason: {told}"
    if account.grants:
        assert truth.currency == payment.currency, f"access for another currency than {payment.currency}: {told}"
        assert (truth.charged or 0) >= payment.amount_minor, f"access for less than {payment.amount_minor}: {told}"
    if account.grants and account.enrollment.status in {"active", "completed"}:
        assert payment.status in {"succeeded", "partially_refunded", "refunding"}, f"access all the same: {told}"


def check_conserved(accounts: Iterable[Account], truths: Mapping[str, Truth]) -> None:
    """By currency: every unit that Paystack charged and we know of is in exactly one place."""
    charged, placed = Counter[str](), Counter[str]()
    for account in accounts:
        if account.payment.received_minor is not None:
            truth = truths[account.payment.reference]
            charged[truth.currency] += truth.charged or 0
            placed[account.payment.received_currency or ""] += account.split().total()
    assert charged == placed, f"charged {charged}, placed {placed}"


def check_ended(account: Account, truth: Truth) -> None:
    """When everything has arrived and been worked on: charged = for access + went back + under review (+ fees)."""
    payment = account.payment
    told = f"{payment.reference}: {payment.status}, {payment.refunded_minor} back, {truth}"
    assert payment.received_minor == truth.charged, f"money unknown to us: {told}"
    if truth.charged is None:
        assert payment.open_enrollment is None, f"still open: {told}"
        return
    assert payment.received_currency == truth.currency, f"{payment.received_currency} for {told}"
    assert payment.refunded_minor == truth.returned, f"disagrees about what went back: {told}"
    assert payment.status not in {"refunding", "disputed"}, f"never ends: {told}"
    assert not [one for one in account.refunds if one.status in policy.UNDER_WAY], f"a refund in limbo: {told}"
    if payment.status == "mismatched":
        assert is_for_a_person(account), f"under review though it should have gone back: {told}"


def is_for_a_person(account: Account) -> bool:
    """Only a person can decide: it is not what was asked for, its refund failed, or it paid for a part of an access
    that ended for another part's sake. All else that gives no access goes back by itself.
    """
    return (
        not account.payment.matched
        or any(one.status == "failed" for one in account.refunds)
        or (account.payment.instalment is not None and account.enrollment.status == "revoked")
    )


def check_told(accounts: Iterable[Account], events: Iterable[Event]) -> None:
    """Other services and our books agree: money is told to have come once, and every refund once."""
    told = list(events)
    verified = Counter(one.reference for one in told if isinstance(one, PaymentVerified))
    refunded = Counter[str]()
    for one in told:
        if isinstance(one, PaymentRefunded):
            refunded[one.reference] += one.refunded_minor
    for account in accounts:
        reference = account.payment.reference
        made = sum(one.amount_minor for one in account.refunds if one.status == "processed")
        assert refunded[reference] == made, f"{reference}: {refunded[reference]} told, {made} refunded"
        assert verified[reference] <= 1, f"{reference}: told {verified[reference]} times"
        assert verified[reference] or not account.grants, f"{reference}: access that nobody told of"


def check_made_once(store: Any) -> None:
    """A refund of ours is made at Paystack once, however often it is asked for: our id stands in its note."""
    with store.read() as db:
        query = (
            "SELECT merchant_note, COUNT(*) FROM refunds WHERE merchant_note IS NOT NULL GROUP BY 1 HAVING COUNT(*) > 1"
        )
        assert [tuple(row) for row in db.execute(query)] == [], "made twice"


def check_seats(session: Session) -> None:
    """No cohort is overbooked (staff may grant above the seats), and nobody has two live enrollments in a program."""
    seated = dict(
        session.execute(
            select(Enrollment.cohort_id, func.count())
            .where(Enrollment.status.in_(SEATED), Enrollment.origin != "grant")
            .group_by(Enrollment.cohort_id)
        ).all()
    )
    for cohort in session.scalars(select(Cohort).where(Cohort.seats.is_not(None))):
        assert seated.get(cohort.id, 0) <= cohort.seats, f"{seated[cohort.id]} on {cohort.seats} seats"
    students = list(session.scalars(select(Enrollment.student_id).where(Enrollment.status.in_(LIVE))))
    assert len(students) == len(set(students)), "two live enrollments of one student"


def check_parts(session: Session, now: datetime) -> None:
    """A part is paid by money that we keep, and nobody has access with a part unpaid beyond its grace."""
    payments = {one.id: one for one in session.scalars(select(Payment))}
    enrollments = {one.id: one for one in session.scalars(select(Enrollment))}
    for part in session.scalars(select(Instalment)):
        enrollment, payment = enrollments[part.enrollment_id], payments.get(part.payment_id)
        told = f"part {part.number} of an enrollment that is {enrollment.status} ({enrollment.reason})"
        if payment is not None:
            assert payment.amount_minor == part.amount_minor, f"another amount: {told}"
            assert payment.status != "refunded" or enrollment.status not in SEATED, f"paid by nothing: {told}"
        elif part.suspends_at <= now:
            assert enrollment.status not in {"active", "completed"}, f"access without paying: {told}"


def check_coupons(session: Session) -> None:
    """Nobody pays less than was agreed without a coupon, and a full price is what it says."""
    coupons = {one.id: one for one in session.scalars(select(Coupon))}
    for payment in session.scalars(select(Payment)):
        assert (payment.discount_minor > 0) == (payment.coupon_id in coupons), f"{payment.reference}: a gift"
