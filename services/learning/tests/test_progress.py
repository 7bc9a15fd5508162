"""Completing lessons: idempotent, told once, and right when two hands are faster than one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from contracts.events import CourseCompleted, LessonCompleted, ProgramCompleted
from learning.progress.reassessing import reassess_changed_programs


def test_completing_a_lesson_opens_the_next(school: Any) -> None:
    school.open()
    student = school.enroll()
    answer = school.complete(student, "intro", "hello")
    assert answer.status_code == 200
    assert answer.json() == {
        "lesson": {"courseSlug": "intro", "slug": "hello", "completedAt": "2026-03-02T11:00:00Z"},
        "course": {"slug": "intro", "completedLessons": 1, "totalLessons": 3, "percent": 50, "completedAt": None},
        "program": {"slug": "data", "percent": 16, "completedAt": None},
        "unlocked": [{"courseSlug": "intro", "lessonSlug": "tour"}],
    }
    event = school.events(LessonCompleted)[0]
    assert (event.student_id, event.enrollment_id, event.sequence) == (student.account_id, student.enrollment_id, 1)
    assert (event.course_slug, event.lesson_slug, event.week_number) == ("intro", "hello", 1)


def test_completing_it_again_answers_the_same_and_tells_nothing(school: Any) -> None:
    school.open()
    student = school.enroll()
    first = school.complete(student, "intro", "hello").json()
    school.clock.advance(hours=1)
    assert school.complete(student, "intro", "hello").json() == first
    assert len(school.events(LessonCompleted)) == 1


def test_what_waits_in_a_locked_week_is_not_unlocked(school: Any) -> None:
    school.open()
    assert school.complete(school.enroll(), "tables", "rows").json()["unlocked"] == []


def test_the_last_required_lesson_completes_the_course(school: Any) -> None:
    school.open()
    student = school.enroll()
    answer = school.complete_all(student, "intro", "hello", "tour")
    assert answer["course"]["percent"] == 100
    assert answer["course"]["completedAt"] == "2026-03-02T11:00:00Z"
    event = school.events(CourseCompleted)[0]
    assert (event.course_slug, event.course_title, event.program_title) == ("intro", "Introduction", "Data")
    assert (event.cohort_id, event.sequence) == (school.cohort_id, 3)
    assert school.complete_all(student, "intro", "extra")["course"]["completedAt"] == "2026-03-02T11:00:00Z"
    assert len(school.events(CourseCompleted)) == 1


def finish_all_but_essay(school: Any, student: Any) -> None:
    school.clock.set(school.start + timedelta(days=15))
    school.complete_all(student, "intro", "hello", "tour")
    school.complete_all(student, "tables", "rows", "joins", "cleaning")


def test_a_course_waits_for_its_required_assignment(school: Any) -> None:
    school.open()
    student = school.enroll()
    finish_all_but_essay(school, student)
    assert school.progress(student, "tables")["percent"] == 75
    assert [event.course_slug for event in school.events(CourseCompleted)] == ["intro"]
    assert school.submit(student, "essay", 1).json()["late"] is True
    assert school.progress(student, "tables")["percent"] == 100
    assert [event.course_slug for event in school.events(CourseCompleted)] == ["intro", "tables"]
    program = school.events(ProgramCompleted)
    assert [event.enrollment_id for event in program] == [student.enrollment_id]
    assert school.home(student)["progress"]["completedAt"] == "2026-03-16T23:00:00Z"
    sequences = [event.sequence for event in school.events() if event.subject == str(student.enrollment_id)]
    assert sequences == sorted(set(sequences))


def test_the_progress_of_a_course(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "tables", "rows")
    assert school.progress(student, "tables") == {
        "courseSlug": "tables",
        "programSlug": "data",
        "completedLessons": 1,
        "totalLessons": 3,
        "percent": 25,
        "completedAt": None,
        "lessons": [
            {"slug": "rows", "weekNumber": 1, "status": "completed", "completedAt": "2026-03-02T11:00:00Z"},
            {"slug": "joins", "weekNumber": 2, "status": "locked", "completedAt": None},
            {"slug": "cleaning", "weekNumber": 3, "status": "locked", "completedAt": None},
        ],
        "preview": False,
    }


@pytest.mark.parametrize(
    ("course", "slug", "reasons"),
    [
        ("intro", "tour", ["lesson_locked"]),
        ("tables", "joins", ["week_locked", "lesson_locked"]),
    ],
)
def test_a_lesson_that_is_not_open_cannot_be_completed(school: Any, course: str, slug: str, reasons: list[str]) -> None:
    school.open()
    answer = school.complete(school.enroll(), course, slug)
    assert (answer.status_code, answer.json()["code"], answer.json()["reasons"]) == (403, reasons[0], reasons)
    assert answer.json()["unlocksAt"] == ("2026-03-08T23:00:00Z" if "week_locked" in reasons else None)
    assert school.events(LessonCompleted) == []


def test_completing_needs_a_live_enrollment(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello")
    for event, code in [(student.suspended(2), "enrollment_suspended"), (student.revoked(3), "not_enrolled")]:
        school.deliver(event)
        for slug in ("hello", "tour"):
            answer = school.complete(student, "intro", slug)
            assert (answer.status_code, answer.json()["code"]) == (403, code)


def test_after_the_access_period_nothing_can_be_completed_but_progress_is_read(school: Any) -> None:
    school.open(access_days=30)
    student = school.enroll()
    school.clock.set(school.start + timedelta(days=51))
    answer = school.complete(student, "intro", "hello")
    assert (answer.status_code, answer.json()["code"]) == (403, "access_ended")
    assert school.get("/v1/programs/data/weeks/1", student).json()["code"] == "access_ended"
    assert school.progress(student, "intro")["percent"] == 0
    assert school.home(student)["cohort"]["status"] == "ended"


def at_once(*calls: Any) -> list[Any]:
    """Runs the calls in threads that start together."""
    barrier = Barrier(len(calls))

    def run(call: Any) -> Any:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_one_lesson_completed_by_eight_hands_is_completed_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    answers = at_once(*[lambda: school.complete(student, "intro", "hello")] * 8)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(school.events(LessonCompleted)) == 1


def test_two_last_completions_at_once_complete_the_course_once(school: Any, program: dict[str, Any]) -> None:
    program["courses"][0]["lessons"][1]["prerequisites"] = []
    school.open()
    assert school.import_program(program).status_code == 200
    for student in [school.enroll() for _ in range(4)]:
        answers = at_once(
            lambda student=student: school.complete(student, "intro", "hello"),
            lambda student=student: school.complete(student, "intro", "tour"),
        )
        assert sorted(answer.json()["course"]["percent"] for answer in answers) == [50, 100]
    assert len(school.events(CourseCompleted)) == 4


def test_the_last_lesson_and_the_last_assignment_at_once_complete_the_program_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.clock.set(school.start + timedelta(days=15))
    school.complete_all(student, "intro", "hello", "tour")
    school.complete_all(student, "tables", "rows", "joins")
    answers = at_once(
        lambda: school.complete(student, "tables", "cleaning"), lambda: school.submit(student, "essay", 1)
    )
    assert [answer.status_code for answer in answers] == [200, 201]
    assert len(school.events(CourseCompleted)) == 2
    assert len(school.events(ProgramCompleted)) == 1


def test_an_import_and_a_completion_at_once_lose_nothing(school: Any, program: dict[str, Any]) -> None:
    school.open()
    student = school.enroll()
    program["courses"][0]["lessons"].pop()
    imported, completed = at_once(
        lambda: school.import_program(program), lambda: school.complete(student, "intro", "extra")
    )
    assert (imported.status_code, completed.status_code) in {(200, 404), (409, 200)}


def test_a_curriculum_that_asks_for_less_completes_the_course(school: Any, program: dict[str, Any]) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello")
    program["courses"][0]["lessons"][1]["required"] = False
    assert school.import_program(program).status_code == 200
    assert school.events(CourseCompleted) == []
    reassess_changed_programs(school.db, school.clock())
    reassess_changed_programs(school.db, school.clock())
    assert [event.student_id for event in school.events(CourseCompleted)] == [student.account_id]
    assert school.progress(student, "intro")["completedAt"] == "2026-03-02T11:00:00Z"


def test_a_completed_course_stays_complete_when_the_curriculum_grows(school: Any, program: dict[str, Any]) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello", "tour")
    program["courses"][0]["lessons"].append(school.lesson("more", 1))
    assert school.import_program(program).status_code == 200
    reassess_changed_programs(school.db, school.clock())
    progress = school.progress(student, "intro")
    assert (progress["percent"], progress["completedLessons"], progress["totalLessons"]) == (100, 2, 4)
    assert school.complete_all(student, "intro", "extra", "more")["course"]["percent"] == 100
    assert len(school.events(CourseCompleted)) == 1


def test_a_new_enrollment_is_told_of_what_was_completed_before(school: Any) -> None:
    school.open()
    first = school.enroll()
    school.complete_all(first, "intro", "hello", "tour")
    school.deliver(first.revoked(2))
    school.clock.advance(days=1)
    second = school.enroll(first.account_id)
    told = school.events(CourseCompleted)
    assert [event.enrollment_id for event in told] == [first.enrollment_id, second.enrollment_id]
    assert told[0].completed_at == told[1].completed_at
    assert school.progress(second, "intro")["percent"] == 100


def test_a_restored_enrollment_is_told_nothing_twice(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello", "tour")
    school.deliver(student.suspended(2), student.activated(3, origin="restored"))
    assert len(school.events(CourseCompleted)) == 1
    assert school.progress(student, "intro")["percent"] == 100
