"""The verdict complains of everything that a world can have wrong, and of nothing else."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy

import pytest
from tests.faults.facts import Enrollment, Payment, World
from tests.faults.model import Ledger, Promises, Story
from tests.faults.verdict import complaints

COURSE = "course"


def good_end() -> tuple[Ledger, World]:
    """Four students: one paid and finished, one's money went back, one paid the wrong sum, one was let in."""
    world = World(
        charged={"ref-0", "ref-1", "ref-2"},
        given_back={"ref-1"},
        payments={
            "ref-0": Payment("ada", "succeeded", "enr-0"),
            "ref-1": Payment("bayo", "refunded", "enr-1"),
            "ref-2": Payment("chi", "mismatched", "enr-2"),
        },
        enrollments={
            "enr-0": Enrollment("ada", "completed"),
            "enr-1": Enrollment("bayo", "revoked"),
            "enr-2": Enrollment("chi", "pending"),
            "enr-3": Enrollment("dayo", "active"),
        },
        views={
            unit: {"enr-0": "active", "enr-1": "revoked", "enr-3": "active"}
            for unit in ("learning", "discussion", "certificates")
        },
        accounts={"ada", "bayo", "chi", "dayo"},
        lessons={("ada", "one"), ("bayo", "one")},
        completed={("ada", COURSE), ("ada", ""), ("bayo", COURSE), ("bayo", "")},
        certificates=Counter({("ada", COURSE): 1, ("ada", ""): 1}),
        posts={"post-0"},
        counted_posts={"post-0"},
    )
    ada, bayo, chi = (
        Promises(number, story) for number, story in enumerate((Story.PLAIN, Story.REFUNDED, Story.WRONG_SUM))
    )
    for student, account in ((ada, "ada"), (bayo, "bayo"), (chi, "chi")):
        student.account_id, student.reference, student.finished = account, f"ref-{student.number}", True
    for student in (ada, bayo):
        student.lessons, student.course_complete, student.program_complete = {"one"}, True, True
    ada.posts, ada.payment_heard, bayo.refund_begun = {"post-0"}, ["succeeded"], True
    dayo = Promises(3, Story.SCHOLAR, "dayo", granted="enr-3", finished=True)
    return Ledger([ada, bayo, chi, dayo]), world


def test_a_good_end_is_no_complaint() -> None:
    assert complaints(*good_end(), COURSE) == []


def _pay(world: World, reference: str, status: str) -> None:
    world.payments[reference] = Payment(world.payments[reference].student, status, world.payments[reference].enrollment)


#: What is done to the good end, and a word of the complaint.
WRONGS: dict[str, tuple[Callable[[Ledger, World], object], str]] = {
    "a student gave up": (lambda ledger, _: ledger.stuck.append("student 7: no answer"), "promise stuck"),
    "an account is gone": (lambda _, w: w.accounts.discard("chi"), "registered"),
    "a checkout is gone": (lambda _, w: w.payments.pop("ref-2"), "ref-2, which is unknown"),
    "who was let in is outside": (lambda _, w: w.enrollments.pop("enr-3"), "was let in; the enrollment is unknown"),
    "a lesson is gone": (lambda _, w: w.lessons.discard(("ada", "one")), "had completed one"),
    "a course is gone": (lambda _, w: w.completed.discard(("ada", COURSE)), "had completed the course"),
    "a program is gone": (lambda _, w: w.completed.discard(("ada", "")), "had completed the program"),
    "a post is gone": (lambda _, w: w.posts.discard("post-0"), "had written post"),
    "a payment that succeeded has not": (lambda _, w: _pay(w, "ref-0", "abandoned"), "was told that ref-0 succeeded"),
    "money nobody knows of": (lambda _, w: w.charged.add("ref-9"), "ref-9 was charged and is unknown"),
    "money without access": (lambda _, w: w.enrollments.update({"enr-0": Enrollment("ada", "pending")}), "has 0 enrol"),
    "money with two enrollments": (
        lambda _, w: w.enrollments.update({"enr-8": Enrollment("ada", "active")}), "has 2 enrollments",
    ),
    "money still pending": (lambda _, w: _pay(w, "ref-2", "pending"), "was charged and is pending"),
    "refunded in our books alone": (lambda _, w: w.given_back.clear(), "given back False"),
    "refunded and still inside": (
        lambda _, w: w.enrollments.update({"enr-1": Enrollment("bayo", "active")}), "inside 1",
    ),
    "given back twice as it seems": (lambda _, w: w.given_back.add("ref-0"), "ref-0 was given back and is succeeded"),
    "the wrong sum was enough": (lambda _, w: _pay(w, "ref-2", "succeeded"), "should be mismatched"),
    "inside without money": (lambda _, w: w.charged.discard("ref-0"), "ada is inside and was never charged"),
    "no certificate": (lambda _, w: w.certificates.pop(("ada", "")), "0 certificates of the program instead of 1"),
    "two certificates": (lambda _, w: w.certificates.update([("ada", COURSE)]), "has 2 certificates of course"),
    "a certificate for nothing": (lambda _, w: w.certificates.update([("chi", COURSE)]), "chi has 1"),
    "a certificate outlives the money": (lambda _, w: w.certificates.update([("bayo", "")]), "bayo has 1"),
    "events that nobody published": (lambda _, w: w.unpublished.update(learning=3), "3 events of learning"),
    "an event without effect": (lambda _, w: w.lost.append("1 × a had no effect at b"), "had no effect"),
    "an effect without event": (lambda _, w: w.invented.append("1 effects at b"), "1 effects at b"),
    "an event told twice": (lambda _, w: w.told_twice.append("a of b: 2 times"), "told more than once"),
    "a dead letter": (lambda _, w: w.failures.append("a: b is dead"), "is dead"),
    "learning believes otherwise": (lambda _, w: w.views["learning"].update({"enr-1": "active"}), "learning believes"),
    "the discussion has not heard": (lambda _, w: w.views["discussion"].pop("enr-0"), "is None; it is completed"),
    "an enrollment out of nothing": (lambda _, w: w.views["learning"].update({"enr-9": "active"}), "which is not one"),
    "a post that is not counted": (lambda _, w: w.counted_posts.clear(), "post-0 is not counted"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONGS)
def test_what_is_wrong_is_said(what: str) -> None:
    ledger, world = deepcopy(good_end())
    spoil, word = WRONGS[what]
    spoil(ledger, world)
    assert any(word in complaint for complaint in complaints(ledger, world, COURSE))


def test_of_many_cases_some_are_told_and_the_rest_counted() -> None:
    ledger, world = good_end()
    world.failures += [f"case {number}" for number in range(40)]
    said = complaints(ledger, world, COURSE)
    assert len(said) == 6
    assert said[-1] == "promise 3 (events): and 35 more"
