"""The model-based test: students, Paystack, banks, staff and bad luck in random order; money is never lost or doubled.

Hypothesis chooses the steps. After each, DESIGN's first promise holds for every reference, and at the end of each run
all that is still under way arrives and our books equal Paystack's. ``EDX_MODEL_RUNS`` says how many runs
(8 take well under a minute); under CI the runs are always the same.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from services.enrollment.tests.money_model import (
    Account,
    PostOffice,
    Truth,
    accounts_of,
    check_account,
    check_ended,
    check_seats,
    truth_of,
)

from enrollment.payments.reconcile import release_dead

RUNS = int(os.environ.get("EDX_MODEL_RUNS", "8"))
STEPS = 30
STUDENTS = 3
#: What one run may let pass: less than the 30 days for which an unpaid reference is asked about.
LONGEST = timedelta(days=20)

#: Mostly as asked, now and then with fees on top, or not what was asked.
WAYS_TO_PAY = st.sampled_from([*[{}] * 6, {"fees_passed_on": True}, {"amount": 100}, {"currency": "GHS"}])

MOVES: dict[str, tuple[str, ...]] = {
    "pending": ("processing", "processed", "failed"),
    "processing": ("processed", "failed", "needs-attention"),
    "needs-attention": ("processed", "failed"),
}

PART = 1_000_000
NOTHING = Truth(charged=None, returned=0, moving=False)


class MoneyMachine(RuleBasedStateMachine):
    """Three students, a cohort with one seat, one without a limit."""

    school: Any
    empty: Callable[[], None]

    references = Bundle("references")

    def __init__(self) -> None:
        super().__init__()
        school = self.school
        self.empty()
        school.sandbox.reset()
        school.posts.clear()
        school.clock.set(datetime.now(UTC))
        school.publish()
        self.cohorts = [school.cohort(seats=1)["slug"], school.cohort()["slug"]]
        self.students = [school.student() for _ in range(STUDENTS)]
        self.owners: dict[str, Any] = {}
        self.post = PostOffice(school)
        self.passed = timedelta()

    # Students

    @initialize(target=references, ways=st.tuples(WAYS_TO_PAY, WAYS_TO_PAY))
    def two_buy(self, ways: tuple[dict[str, Any], ...]) -> Any:
        """Nothing is worth watching before somebody has paid."""
        bought = []
        for who, how in enumerate(ways):
            reference = self.school.reference(self.students[who], cohort=self.cohorts[who])
            self.owners[reference] = self.students[who]
            self.pay(reference, how)
            bought.append(reference)
        return multiple(*bought)

    @rule(target=references, who=st.integers(0, STUDENTS - 1), cohort=st.integers(0, 1))
    def check_out(self, who: int, cohort: int) -> Any:
        answer = self.school.checkout(self.students[who], {"cohort": self.cohorts[cohort]})
        assert answer.status_code in {200, 201, 409, 502}, answer.text
        reference = answer.json().get("reference") if answer.is_success else None
        if reference is None or reference in self.owners:
            return multiple()
        self.owners[reference] = self.students[who]
        return reference

    @rule(reference=references, how=WAYS_TO_PAY)
    def pay(self, reference: str, how: dict[str, Any]) -> None:
        if self._can_be_paid(reference):
            self.school.pay(reference, announce=True, **how)
            path = f"transactions/{reference}/refund-outcome"
            self.school.sandbox.control(path, {"outcome": "manual"}, method="PUT")

    @rule(reference=references, what=st.sampled_from(["fail", "abandon", "ongoing"]))
    def pay_in_vain(self, reference: str, what: str) -> None:
        if self._can_be_paid(reference):
            self.school.happen(reference, what)

    @rule(reference=references)
    def verify(self, reference: str) -> None:
        self._ask(reference)

    # Webhooks: dropped, doubled, in any order

    @rule(which=st.integers(0, 20), times=st.integers(1, 3))
    def deliver(self, which: int, times: int) -> None:
        self.post.collect()
        if self.post.letters:
            self.post.deliver(self.post.letters.pop(which % len(self.post.letters)), times)

    @rule(which=st.integers(0, 20))
    def lose(self, which: int) -> None:
        """Disputes are only delayed: nothing else tells of them, and Paystack sends for 72 hours."""
        self.post.collect()
        lost = [one for one in self.post.letters if "dispute" not in one.event]
        if lost:
            self.post.letters.remove(lost[which % len(lost)])

    @rule()
    def all_arrives(self) -> None:
        self.post.collect()
        while self.post.letters:
            self.post.deliver(self.post.letters.pop(0), 1)
        self.school.work()

    @rule(which=st.lists(st.integers(0, 20), max_size=2))
    def rush(self, which: list[int]) -> None:
        """Everything that settles, at once."""
        self.post.collect()
        steps: list[Callable[[], Any]] = [self.school.work, self.school.reconcile, self.school.expire_holds]
        known = list(self.owners)
        steps += [partial(self._ask, known[each % len(known)]) for each in which if known]
        steps += [partial(self.post.deliver, webhook, 1) for webhook in self.post.letters[:3]]
        del self.post.letters[:3]
        with ThreadPoolExecutor(len(steps)) as pool:
            for each in [pool.submit(step) for step in steps]:
                each.result()

    # The worker's schedule, and time

    @rule(job=st.sampled_from(["work", "reconcile", "expire_holds", "run_refunds", "run_refunds", "release_dead"]))
    def worker(self, job: str) -> None:
        if job == "release_dead":
            release_dead(self.school.cashier, self.school.clock.now)
        else:
            getattr(self.school, job)()

    @rule(minutes=st.sampled_from([1, 10, 10, 61, 26 * 60]))
    def time_passes(self, minutes: int) -> None:
        by = timedelta(minutes=minutes)
        if self.passed + by <= LONGEST:
            self.passed += by
            self.school.pass_time(minutes=minutes)

    # Staff, Paystack and banks

    @rule(reference=references, amount=st.sampled_from([None, 1, PART]))
    def staff_refund(self, reference: str, amount: int | None) -> None:
        answer = self.school.http.post(
            f"/v1/admin/payments/{reference}/refund",
            json={"reason": "asked", **({"amountMinor": amount} if amount else {})},
            headers=self.school.admin,
        )
        assert answer.status_code in {200, 409}, answer.text

    @rule(which=st.integers(0, 20), step=st.integers(0, 2))
    def refund_moves(self, which: int, step: int) -> None:
        moving = [one for one in self._refunds() if one["status"] in MOVES]
        if moving:
            refund = moving[which % len(moving)]
            following = MOVES[refund["status"]]
            self._move(refund, following[step % len(following)])

    @rule(reference=references, part=st.booleans())
    def dispute(self, reference: str, part: bool) -> None:
        """Of all of it while nothing has gone back, or of a part of what gives access."""
        account = self._accounts().get(reference)
        truth = self._truth()[reference] if account else None
        if account is None or truth is None or truth.charged is None or truth.returned or truth.moving:
            return
        if account.refunds or (part and not account.grants):
            return
        self.school.sandbox.control(
            f"transactions/{reference}/disputes", {"amount": PART} if part and truth.charged > PART else {}, status=201
        )

    @rule(which=st.integers(0, 20), outcome=st.sampled_from(["won", "lost", "auto-accepted"]))
    def dispute_ends(self, which: int, outcome: str) -> None:
        """A bank does not take what has gone back already."""
        disputes = [one for one in self.school.sandbox.control("disputes", method="GET") if one["resolution"] is None]
        if disputes:
            self._resolve(disputes[which % len(disputes)], outcome)

    @rule(reference=references)
    def reversal(self, reference: str) -> None:
        """Paystack takes a charge back by itself, before we know of it, and tells nobody."""
        account, truth = self._accounts().get(reference), self._truth().get(reference)
        if account is None or truth is None or account.payment.received_minor is not None:
            return
        if truth.charged and not (truth.returned or truth.moving):
            self.school.happen(reference, "reverse")

    @rule(
        kind=st.sampled_from(["down", "rubbish", "rate-limited", "lost-answer"]),
        call=st.sampled_from(["initialize", "verify", "refund"]),
    )
    def outage(self, kind: str, call: str) -> None:
        self.school.outage(kind, call)

    # What must hold

    @invariant()
    def promise_1(self) -> None:
        truth = self._truth()
        with self.school.db.begin() as session:
            for account in accounts_of(session):
                check_account(account, truth.get(account.payment.reference, NOTHING))
            check_seats(session)

    def teardown(self) -> None:
        """All that is still under way arrives; then the books are closed and compared."""
        self.school.sandbox.control("faults", method="DELETE")
        for _ in range(10):
            for refund in self._refunds():
                if refund["status"] in MOVES:
                    self._move(refund, "processed")
            for dispute in self.school.sandbox.control("disputes", method="GET"):
                if dispute["resolution"] is None:
                    self._resolve(dispute, "won")
            self.post.collect()
            while self.post.letters:
                self.post.deliver(self.post.letters.pop(), 1)
            for work in (self.school.work, self.school.expire_holds, self.school.reconcile, self.school.run_refunds):
                work()
            self.school.pass_time(hours=13)
        self.promise_1()
        truth = self._truth()
        for reference, account in self._accounts().items():
            check_ended(account, truth.get(reference, NOTHING))

    # How it is done

    def _accounts(self) -> dict[str, Account]:
        with self.school.db.begin() as session:
            return {account.payment.reference: account for account in accounts_of(session)}

    def _truth(self) -> dict[str, Truth]:
        return truth_of(self.school.sandbox.app.state.store)

    def _refunds(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.school.sandbox.control("refunds", method="GET")
        return sorted(found, key=lambda one: one["id"])

    def _can_be_paid(self, reference: str) -> bool:
        status = self.school.sandbox.control(f"transactions/{reference}", method="GET")["status"]
        return status in {"abandoned", "ongoing", "pending"}

    def _ask(self, reference: str) -> None:
        answer = self.school.http.post(f"/v1/payments/{reference}/verify", headers=self.owners[reference].headers)
        assert answer.status_code in {200, 502}, answer.text

    def _move(self, refund: dict[str, Any], status: str) -> None:
        self.school.sandbox.control(f"refunds/{refund['id']}/move", {"status": status})

    def _resolve(self, dispute: dict[str, Any], outcome: str) -> None:
        reference = dispute["transaction"]["reference"]
        gone = [one for one in self._refunds() if one["transaction"]["reference"] == reference]
        if any(one["status"] != "failed" for one in gone):
            outcome = "won"
        self.school.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": outcome})


def test_money_is_conserved_whatever_happens(school: Any, schema_for: Callable[[str], Any]) -> None:
    bound = {"school": school, "empty": staticmethod(schema_for("enrollment").empty)}
    run_state_machine_as_test(
        type("BoundMoneyMachine", (MoneyMachine,), bound),
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=bool(os.environ.get("CI")),
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
