"""The model-based test: students, staff, Paystack, banks and bad luck in random order; money is never lost or doubled.

Hypothesis chooses the steps. After each, DESIGN's first promise holds for every reference and money is conserved in
every currency; at the end of each run all that is still under way arrives, and our books equal Paystack's.
``EDX_MODEL_RUNS`` says how many runs (the default takes about a minute); under CI the runs are always the same.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from services.enrollment.tests.money_mishaps import Letter, dying_worker
from services.enrollment.tests.money_model import (
    Account,
    Truth,
    accounts_of,
    check_account,
    check_conserved,
    check_coupons,
    check_ended,
    check_made_once,
    check_parts,
    check_seats,
    check_told,
    truth_of,
)
from services.enrollment.tests.money_rules import MOVES, PaystackAndBanks, Staff, Students

from enrollment.instalments import follow_up
from enrollment.payments.reconcile import release_dead
from enrollment.payments.report import compare_with_paystack, run_daily

RUNS = int(os.environ.get("EDX_MODEL_RUNS", "8"))
STEPS = 40
#: What one run may let pass: less than the 30 days for which an unpaid reference is asked about.
LONGEST = timedelta(days=20)
#: More than a run takes, with its end.
ALL_OF_IT = timedelta(days=40)

JOBS = ("work", "reconcile", "expire_holds", "run_refunds", "run_refunds", "release_dead", "compare", "follow_up")

NOTHING = Truth(charged=None, returned=0, moving=False)


class MoneyMachine(Students, Staff, PaystackAndBanks):
    """What they do, what becomes of the webhooks, the worker's schedule, and time."""

    empty: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        self.empty()
        self.school.sandbox.reset()
        self.school.posts.clear()
        self.school.clock.set(datetime.now(UTC))
        self.build()
        self.passed = timedelta()

    # Webhooks: lost, doubled, in any order, under either key

    @rule(which=st.integers(0, 20), times=st.integers(1, 3), old_key=st.booleans())
    def deliver(self, which: int, times: int, old_key: bool) -> None:
        self.post.collect()
        if self.post.letters:
            self.post.deliver(self.post.letters.pop(which % len(self.post.letters)), times, old_key=old_key)

    @rule(which=st.integers(0, 20))
    def lose(self, which: int) -> None:
        """What nothing else tells of is only delayed: Paystack sends for 72 hours."""
        self.post.collect()
        lost = [one for one in self.post.letters if self._is_told_otherwise(one)]
        if lost:
            self.post.letters.remove(lost[which % len(lost)])

    def _is_told_otherwise(self, letter: Letter) -> bool:
        """A charge is polled, and so are refunds that we asked for ourselves."""
        by_us = letter.event.startswith("refund.") and letter.reference not in self.refunded_by_hand
        return letter.event == "charge.success" or by_us

    @rule()
    def all_arrives(self) -> None:
        self.post.collect()
        while self.post.letters:
            self.post.deliver(self.post.letters.pop(0))
        self.school.work()

    @rule(which=st.lists(st.integers(0, 20), max_size=2))
    def rush(self, which: list[int]) -> None:
        """Everything that settles, at once."""
        self.post.collect()
        steps: list[Callable[[], Any]] = [self.school.work, self.school.reconcile, self.school.expire_holds]
        known = list(self.owners)
        steps += [partial(self.ask, known[each % len(known)]) for each in which if known]
        steps += [partial(self.post.deliver, webhook) for webhook in self.post.letters[:3]]
        del self.post.letters[:3]
        with ThreadPoolExecutor(len(steps)) as pool:
            for each in [pool.submit(step) for step in steps]:
                each.result()

    # The worker, and time

    @rule(job=st.sampled_from(JOBS))
    def worker(self, job: str) -> None:
        self._run(job)

    @rule(job=st.sampled_from(JOBS), after=st.integers(0, 4), committed=st.booleans())
    def worker_dies(self, job: str, after: int, committed: bool) -> None:
        with dying_worker(self.school, after, committed=committed):
            self._run(job)

    @rule(minutes=st.sampled_from([1, 10, 10, 61, 26 * 60]))
    def time_passes(self, minutes: int) -> None:
        by = timedelta(minutes=minutes)
        if self.passed + by <= LONGEST:
            self.passed += by
            self.school.pass_time(minutes=minutes)

    # What must hold

    @invariant()
    def promise_1(self) -> None:
        truth = truth_of(self.school.sandbox.app.state.store)
        check_made_once(self.school.sandbox.app.state.store)
        with self.school.db.begin() as session:
            accounts = list(accounts_of(session))
            for account in accounts:
                check_account(account, truth.get(account.payment.reference, NOTHING))
            check_conserved(accounts, truth)
            check_seats(session)
            check_coupons(session)

    def teardown(self) -> None:
        """All that is still under way arrives; then finance compares all of the books with Paystack's."""
        self.school.sandbox.control("faults", method="DELETE")
        for _ in range(10):
            self._let_all_end()
        self._run("follow_up")
        now = self.school.clock.now
        assert [one for one in compare_with_paystack(self.school.cashier, now - ALL_OF_IT, now) if one.problem] == []
        self.promise_1()
        truth = truth_of(self.school.sandbox.app.state.store)
        accounts = self._accounts()
        for account in accounts:
            check_ended(account, truth.get(account.payment.reference, NOTHING))
        check_told(accounts, self.school.events())
        with self.school.db.begin() as session:
            check_parts(session, self.school.clock.now)

    def _let_all_end(self) -> None:
        for refund in self.refunds():
            if refund["status"] in MOVES:
                self.move(refund, "processed")
        for dispute in self.disputes():
            if dispute["resolution"] is None:
                self.resolve(dispute, "won")
        self.post.collect()
        while self.post.letters:
            self.post.deliver(self.post.letters.pop())
        for job in JOBS:
            self._run(job)
        self.school.pass_time(hours=13)

    def _run(self, job: str) -> None:
        now = self.school.clock.now
        if job == "release_dead":
            release_dead(self.school.cashier, now)
        elif job == "compare":
            run_daily(self.school.cashier, now)
        elif job == "follow_up":
            follow_up.run_due(self.school.cashier, now)
        else:
            getattr(self.school, job)()

    def _accounts(self) -> list[Account]:
        with self.school.db.begin() as session:
            return list(accounts_of(session))


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
