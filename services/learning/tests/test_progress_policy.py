"""Percentages and completions: tables."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from contracts.http.learning import ProgramDocument
from learning.curriculum.structure import LessonKey, Program, build_program
from learning.progress.policy import (
    WHOLE_PROGRAM,
    HandedIn,
    Mark,
    Record,
    advance,
    measure_course,
    measure_program,
    with_marks,
)

IN_TIME = HandedIn(late=False, graded=False, score=None)


def built(program: dict[str, Any]) -> Program:
    return build_program("data", 1, ProgramDocument.model_validate(program))


def record(now: Any, *lessons: LessonKey, handed_in: tuple[str, ...] = (), **marks: Mark) -> Record:
    return Record(dict.fromkeys(lessons, now), dict.fromkeys(handed_in, IN_TIME), marks, marks)


HELLO, TOUR, EXTRA = ("intro", "hello"), ("intro", "tour"), ("intro", "extra")
TABLES = (("tables", "rows"), ("tables", "joins"), ("tables", "cleaning"))


@pytest.mark.parametrize(
    ("lessons", "handed_in", "intro", "tables", "whole"),
    [
        ((), (), 0, 0, 0),
        ((EXTRA,), (), 0, 0, 0),
        ((HELLO,), (), 50, 0, 16),
        ((HELLO, TOUR), (), 100, 0, 33),
        ((), ("bonus",), 0, 0, 0),
        ((), ("essay",), 0, 25, 16),
        (TABLES, (), 0, 75, 50),
        ((HELLO, TOUR, *TABLES), (), 100, 75, 83),
        ((HELLO, TOUR, *TABLES), ("essay",), 100, 100, 100),
    ],
)
def test_percent_counts_what_is_required_and_rounds_down(
    program: dict[str, Any], clock: Any, lessons: Any, handed_in: Any, intro: int, tables: int, whole: int
) -> None:
    curriculum = built(program)
    done = record(clock(), *lessons, handed_in=handed_in)
    percents = [measure_course(course, done).percent for course in curriculum.courses]
    assert [*percents, measure_program(curriculum, done).percent] == [intro, tables, whole]


def test_lessons_are_counted_whether_required_or_not(program: dict[str, Any], clock: Any) -> None:
    measure = measure_course(built(program).courses[0], record(clock(), HELLO, EXTRA))
    assert (measure.completed_lessons, measure.total_lessons) == (2, 3)


def test_progress_never_goes_down_when_the_course_grows(program: dict[str, Any], clock: Any) -> None:
    before = built(copy.deepcopy(program))
    done = record(clock(), HELLO)
    told = with_marks(done, advance(before, done, clock()).marks)
    for number in range(8):
        program["courses"][0]["lessons"].append(
            {"slug": f"more-{number}", "title": "More", "kind": "reading", "week": 1, "durationMinutes": 1}
        )
    after = built(program)
    assert measure_course(after.courses[0], done).percent == 10
    assert measure_course(after.courses[0], told).percent == 50
    assert measure_program(after, told).percent == 16


def test_a_completed_course_stays_complete_when_it_grows(program: dict[str, Any], clock: Any) -> None:
    done = record(clock(), HELLO, TOUR)
    told = with_marks(done, advance(built(copy.deepcopy(program)), done, clock()).marks)
    program["courses"][0]["lessons"].append(
        {"slug": "more", "title": "More", "kind": "reading", "week": 1, "durationMinutes": 1}
    )
    grown = built(program)
    measure = measure_course(grown.courses[0], told)
    assert (measure.percent, measure.completed_at) == (100, clock())
    assert (measure.completed_lessons, measure.total_lessons) == (2, 4)
    assert advance(grown, told, clock()).courses == ()


def test_99_is_the_most_before_complete(program: dict[str, Any], clock: Any) -> None:
    high = record(clock(), HELLO, intro=Mark(percent=100))
    assert measure_course(built(program).courses[0], high).percent == 99


def test_each_completion_is_told_once(program: dict[str, Any], clock: Any) -> None:
    curriculum = built(program)
    done = record(clock(), HELLO, TOUR, *TABLES, handed_in=("essay",))
    first = advance(curriculum, done, clock())
    assert ([course.slug for course in first.courses], first.program) == (["intro", "tables"], True)
    second = advance(curriculum, with_marks(done, first.marks), clock())
    assert (second.courses, second.program, second.marks) == ((), False, {})


def test_a_later_enrollment_is_told_of_earlier_completions_with_their_time(program: dict[str, Any], clock: Any) -> None:
    curriculum = built(program)
    earlier = clock() - timedelta(days=90)
    done = Record({HELLO: earlier, TOUR: earlier}, {}, marks={"intro": Mark(100, earlier)}, own_marks={})
    news = advance(curriculum, done, clock())
    assert [course.slug for course in news.courses] == ["intro"]
    assert news.marks["intro"] == Mark(100, earlier)
    assert news.marks[WHOLE_PROGRAM] == Mark(33, None)
