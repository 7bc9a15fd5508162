"""The comparison with Paystack's list: what it finds, what it mends, and how finance reads it."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from enrollment import money
from enrollment.payments import report
from enrollment.payments.comparison import Ours, Theirs, compare, find_problem
from enrollment.payments.report import compare_with_paystack, run_daily

OURS = Ours("edx-1", "succeeded", 500, "NGN")
THEIRS = Theirs("edx-1", "success", 500, "NGN")


@pytest.mark.parametrize(
    ("ours", "theirs", "problem"),
    [
        (OURS, THEIRS, None),
        (None, THEIRS, "unknown to us"),
        (OURS, None, "unknown to Paystack"),
        (OURS, Theirs("edx-1", "failed", 500, "NGN"), "not paid at Paystack"),
        (Ours("edx-1", "abandoned", None, "NGN"), THEIRS, "not noted by us"),
        (OURS, Theirs("edx-1", "success", 400, "NGN"), "another amount"),
        (OURS, Theirs("edx-1", "success", 500, "GHS"), "another currency"),
        (OURS, Theirs("edx-1", "reversed", 500, "NGN"), "reversed at Paystack"),
        (Ours("edx-1", "refunded", 500, "NGN"), Theirs("edx-1", "reversed", 500, "NGN"), None),
    ],
)
def test_what_is_wrong_between_two_books(ours: Ours | None, theirs: Theirs | None, problem: str | None) -> None:
    assert find_problem(ours, theirs) == problem


def test_a_reference_without_money_has_no_line() -> None:
    assert compare([Ours("a", "abandoned", None, "NGN")], [Theirs("a", "abandoned", 500, "NGN")]) == []


def test_the_difference_is_what_paystack_took_and_we_do_not_count() -> None:
    (unknown,) = compare([], [THEIRS])
    (missing,) = compare([OURS], [])
    assert (unknown.difference_minor, missing.difference_minor) == (500, -500)


def _compared(school: Any) -> dict[str, str | None]:
    lines = compare_with_paystack(school.cashier, school.clock.now - timedelta(days=3), school.clock.now)
    return {line.reference: line.problem for line in lines}


def test_money_under_a_strange_reference_is_found(open_school: Any) -> None:
    open_school.cohort()
    _, known = open_school.enrolled()
    open_school.sandbox.paid("shop-7", amount=70_000)
    assert _compared(open_school) == {known: None, "shop-7": "unknown to us"}
    assert run_daily(open_school.cashier, open_school.clock.now) == 1


def test_the_list_is_read_over_all_its_pages(open_school: Any) -> None:
    for number in range(103):
        open_school.sandbox.paid(f"shop-{number}")
    assert len(_compared(open_school)) == 103


def test_money_that_polling_has_given_up_on_is_noted_by_the_comparison(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    assert _compared(open_school) == {reference: None}
    assert open_school.standing(reference) == ("succeeded", "active")


def test_a_reversal_that_nobody_told_is_noted_by_the_comparison(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.happen(reference, "reverse")
    assert _compared(open_school) == {reference: None}
    assert open_school.standing(reference) == ("refunded", "revoked")


def test_when_paystack_is_down_the_daily_run_waits_for_the_next(open_school: Any) -> None:
    open_school.outage("down", next=5)
    assert run_daily(open_school.cashier, open_school.clock.now) == 0


@pytest.fixture
def command(enrollment_settings: Callable[..., Any], open_school: Any) -> Callable[..., int]:
    def run(*arguments: str) -> int:
        return money.main(arguments, enrollment_settings(), open_school.clock)

    return run


def test_finance_reads_a_table_and_a_file(
    open_school: Any, command: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    open_school.cohort()
    _, known = open_school.enrolled()
    assert command("report", "--all") == 0
    told = capsys.readouterr().out
    assert known in told
    assert f"NGN: ours {open_school.price}, Paystack {open_school.price}, difference 0" in told
    open_school.sandbox.paid("=shop-7", amount=70_000)
    path = tmp_path / "money.csv"
    assert command("report", "--csv", str(path)) == 1
    (row,) = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    assert tuple(row) == report.COLUMNS
    assert (row["reference"], row["problem"], row["difference_minor"]) == ("'=shop-7", "unknown to us", "70000")


def test_without_paystack_the_report_says_so(
    open_school: Any, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    open_school.outage("down", next=5)
    assert command("report") == 2
    assert "Paystack cannot be asked" in capsys.readouterr().err


def test_an_operator_replays_a_webhook_that_was_given_up_on(
    open_school: Any, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.charge(reference)
    for _ in range(24):
        open_school.work()
        open_school.clock.advance(hours=1)
    assert command("webhooks", "--status", "failed") == 0
    assert reference in capsys.readouterr().out
    open_school.pay(reference)
    assert command("replay", "--failed", "--by", "ada", "--reason", "Paystack was late") == 0
    open_school.work()
    (webhook,) = open_school.webhooks()
    assert webhook.status == "processed"
    assert open_school.payment(reference).status == "succeeded"
    (entry,) = open_school.audited("webhook.replayed")
    assert (entry.actor, entry.reason, entry.details) == (
        "operator",
        "Paystack was late",
        {"who": "ada", "before": "failed"},
    )


def test_replaying_what_has_taken_effect_changes_nothing(open_school: Any, command: Callable[..., int]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.charge(reference)
    open_school.work()
    told = len(open_school.events())
    assert command("replay", "--reference", reference, "--by", "ada", "--reason", "to be sure") == 0
    open_school.work()
    assert open_school.webhooks()[0].status == "processed"
    assert (open_school.standing(reference), len(open_school.events())) == (("succeeded", "active"), told)


def test_a_replay_must_say_which(command: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert command("replay", "--by", "ada", "--reason", "all of them?") == 2
    assert "Say which" in capsys.readouterr().err
