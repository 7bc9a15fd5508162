"""The access decision, reason by reason, and a sentence for every code."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from contracts.rules import LessonFacts, decide_access, message_for
from contracts.rules.access import AccessReason
from contracts.rules.enrollment import EnrollmentReason

UNLOCK = datetime(2026, 3, 9, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FACTS = LessonFacts(enrollment_status="active", access_ends_at=ENDS, week_unlocks_at=UNLOCK)


@pytest.mark.parametrize("status", ["active", "completed"])
def test_an_enrolled_student_opens_a_lesson_from_the_very_second_of_its_unlock(status: str) -> None:
    facts = replace(FACTS, enrollment_status=status)
    locked = decide_access(facts, UNLOCK - SECOND)
    assert (locked.allowed, locked.reasons, locked.unlocks_at) == (False, ("week_locked",), UNLOCK)
    opened = decide_access(facts, UNLOCK)
    assert (opened.allowed, opened.reasons, opened.unlocks_at) == (True, (), None)


def test_access_ends_to_the_second() -> None:
    assert decide_access(FACTS, ENDS - SECOND).allowed
    assert decide_access(FACTS, ENDS).reasons == ("access_ended",)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (None, "not_enrolled"),
        ("none", "not_enrolled"),
        ("pending", "not_enrolled"),
        ("cancelled", "not_enrolled"),
        ("revoked", "not_enrolled"),
        ("suspended", "enrollment_suspended"),
    ],
)
def test_other_enrollments_give_no_access(status: str | None, reason: str) -> None:
    assert decide_access(replace(FACTS, enrollment_status=status), UNLOCK).reasons == (reason,)


def test_prerequisites_are_named() -> None:
    decision = decide_access(replace(FACTS, missing_prerequisites=("intro", "setup")), UNLOCK)
    assert (decision.reasons, decision.requires) == (("lesson_locked",), ("intro", "setup"))


def test_every_reason_is_told_the_gravest_first() -> None:
    facts = LessonFacts("suspended", UNLOCK, ENDS, ("intro",))
    decision = decide_access(facts, UNLOCK)
    assert decision.reasons == ("enrollment_suspended", "access_ended", "week_locked", "lesson_locked")


def test_an_unknown_calendar_keeps_lessons_closed() -> None:
    assert decide_access(LessonFacts("active", None, None), UNLOCK).reasons == ("week_locked",)
    assert decide_access(LessonFacts(None, None, None), UNLOCK).reasons == ("not_enrolled",)


def test_staff_see_everything() -> None:
    assert decide_access(LessonFacts(None, UNLOCK, ENDS, ("intro",), is_staff=True), UNLOCK).allowed


def test_every_reason_has_a_sentence_of_its_own() -> None:
    codes = {*get_args(EnrollmentReason), *get_args(AccessReason)}
    sentences = {message_for(code) for code in codes}
    assert len(sentences) == len(codes)
    assert all(sentence.endswith(".") for sentence in sentences)
    assert message_for("something_new") not in sentences
