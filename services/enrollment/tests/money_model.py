"""What must hold about money whatever happens: our books against Paystack's (used by the model-based test)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enrollment.enrollments.policy import LIVE, SEATED
from enrollment.models import Cohort, Dispute, Enrollment, Payment, Refund
from enrollment.payments import policy


@dataclass(frozen=True)
class Truth:
    """What really happened to a reference at Paystack."""

    charged: int | None
    returned: int
    moving: bool


@dataclass(frozen=True)
class Account:
    """One payment in our books, with all that belongs to it."""

    payment: Payment
    enrollment: Enrollment
    refunds: list[Refund]
    disputes: list[Dispute]

    @property
    def grants(self) -> bool:
        """It pays for a seat that the student has."""
        return self.enrollment.payment_id == self.payment.id and self.enrollment.status in SEATED

    @property
    def under_way(self) -> int:
        """On its way back, never more than is left."""
        asked = sum(one.amount_minor for one in self.refunds if one.status in policy.UNDER_WAY)
        return min(asked, (self.payment.received_minor or 0) - self.payment.refunded_minor)

    @property
    def rest(self) -> int:
        """What we have and are not sending back."""
        return (self.payment.received_minor or 0) - self.payment.refunded_minor - self.under_way


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
            )
        return found


def accounts_of(session: Session) -> Iterator[Account]:
    """Our books, payment by payment."""
    enrollments = {one.id: one for one in session.scalars(select(Enrollment))}
    refunds, disputes = list(session.scalars(select(Refund))), list(session.scalars(select(Dispute)))
    for payment in session.scalars(select(Payment).order_by(Payment.id)):
        yield Account(
            payment,
            enrollments[payment.enrollment_id],
            [one for one in refunds if one.payment_id == payment.id],
            [one for one in disputes if one.payment_id == payment.id],
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
    assert account.rest >= 0, f"more went back than came: {told}"
    assert account.rest == 0 or _is_placed(account), f"{account.rest} is nowhere: {told}"
    if payment.status == "mismatched":
        assert payment.review, f"under review for no reason: {told}"
    if account.grants and account.enrollment.status != "suspended":
        assert payment.status in {"succeeded", "partially_refunded", "refunding"}, f"access all the same: {told}"


def _is_placed(account: Account) -> bool:
    """What we keep is for a seat, under review, in dispute, or Paystack's fee for a charge that went back."""
    payment = account.payment
    fee = (payment.received_minor or 0) - payment.amount_minor
    if payment.status == "refunded":
        return account.rest <= fee
    return (
        account.grants or payment.status in {"mismatched", "disputed"} or (account.under_way > 0 < account.rest <= fee)
    )


def check_ended(account: Account, truth: Truth) -> None:
    """When everything has arrived and been worked on: charged = granted + refunded + under review."""
    payment = account.payment
    told = f"{payment.reference}: {payment.status}, {payment.refunded_minor} back, {truth}"
    assert payment.received_minor == truth.charged, f"money unknown to us: {told}"
    if truth.charged is None:
        assert payment.open_enrollment is None, f"still open: {told}"
        return
    assert payment.refunded_minor == truth.returned, f"disagrees about what went back: {told}"
    assert account.under_way == 0, f"nobody moves this refund: {told}"
    assert payment.status not in {"refunding", "disputed"}, f"never ends: {told}"
    assert not [one for one in account.refunds if one.status in policy.UNDER_WAY], f"a refund in limbo: {told}"


def check_seats(session: Session) -> None:
    """No cohort is overbooked, and nobody has two live enrollments in a program."""
    seated = dict(
        session.execute(
            select(Enrollment.cohort_id, func.count())
            .where(Enrollment.status.in_(SEATED))
            .group_by(Enrollment.cohort_id)
        ).all()
    )
    for cohort in session.scalars(select(Cohort).where(Cohort.seats.is_not(None))):
        assert seated.get(cohort.id, 0) <= cohort.seats, f"{seated[cohort.id]} on {cohort.seats} seats"
    students = list(session.scalars(select(Enrollment.student_id).where(Enrollment.status.in_(LIVE))))
    assert len(students) == len(set(students)), "two live enrollments of one student"


class Letter(NamedTuple):
    """A webhook on its way."""

    event: str
    body: bytes


class PostOffice:
    """Between Paystack and us: takes webhooks from the sandbox's queue, in its order, so that runs repeat."""

    def __init__(self, school: Any) -> None:
        self.school = school
        self.letters: list[Letter] = []
        self._last = 0

    def collect(self) -> None:
        """What Paystack has sent since."""
        with self.school.sandbox.app.state.store.read() as db:
            rows = db.execute(
                "SELECT id, event, body FROM deliveries WHERE id > ? ORDER BY id", (self._last,)
            ).fetchall()
        self.letters += [Letter(row["event"], bytes(row["body"])) for row in rows]
        self._last = max([self._last, *(row["id"] for row in rows)])

    def deliver(self, letter: Letter, times: int) -> None:
        """Hand it to the service, signed."""
        for _ in range(times):
            headers = self.school.signed(letter.body)
            assert self.school.http.post("/webhooks/paystack", content=letter.body, headers=headers).status_code == 200
