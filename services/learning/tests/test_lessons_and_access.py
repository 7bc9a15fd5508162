"""Opening lessons, explaining access, and deciding it for media."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.ids import new_id
from contracts.events import AccountErased, AccountUpdated
from learning.lessons.rendering import render_markdown

HELLO = "/v1/programs/data/courses/intro/lessons/hello"
TOUR = "/v1/programs/data/courses/intro/lessons/tour"


def test_a_lesson_comes_as_markdown_and_as_safe_html(school: Any) -> None:
    school.open()
    answer = school.get(HELLO, school.enroll()).json()
    assert answer["content"] == "# Hello <script>alert(1)</script>"
    assert answer["contentHtml"] == "<h1>Hello &lt;script&gt;alert(1)&lt;/script&gt;</h1>\n"
    assert (answer["status"], answer["previous"], answer["next"]["slug"]) == ("available", None, "tour")
    assert (answer["hasVideo"], answer["preview"]) == (False, False)


def test_a_locked_lesson_says_why(school: Any) -> None:
    school.open()
    answer = school.get(TOUR, school.enroll())
    assert answer.status_code == 403
    problem = answer.json()
    assert (problem["code"], problem["reasons"], problem["requires"]) == ("lesson_locked", ["lesson_locked"], ["hello"])
    assert "content" not in problem


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        ("<img src=x onerror=alert(1)>", "<img"),
        ("[x](javascript:alert(1))", "href"),
        ("<iframe src='https://x'></iframe>", "<iframe"),
        ("![x](data:text/html;base64,AAAA)", "<img"),
    ],
)
def test_html_that_could_harm_does_not_come_through(text: str, unwanted: str) -> None:
    assert unwanted not in render_markdown(text)


def test_markdown_keeps_tables_and_code() -> None:
    html = render_markdown("| a |\n|---|\n| b |\n\n```sql\nSELECT 1\n```")
    assert "<table>" in html
    assert '<code class="language-sql">' in html


def access(school: Any, who: Any, lesson: str = "tour", course: str = "intro", **params: str) -> Any:
    return school.get("/v1/programs/data/access", who, course=course, lesson=lesson, **params)


def test_a_student_is_told_why(school: Any) -> None:
    school.open()
    student = school.enroll()
    answer = access(school, student, "joins", "tables").json()
    assert answer["allowed"] is False
    assert answer["reasons"] == ["week_locked", "lesson_locked"]
    assert answer["unlocksAt"] == "2026-03-08T23:00:00Z"
    assert answer["requires"] == ["rows"]
    assert answer["facts"] == {
        "userId": str(student.account_id),
        "at": "2026-03-02T11:00:00Z",
        "isStaff": False,
        "enrollmentStatus": "active",
        "cohort": "march",
        "timezone": "Africa/Lagos",
        "accessEndsAt": "2027-03-22T23:00:00Z",
        "weekNumber": 2,
        "weekUnlocksAt": "2026-03-08T23:00:00Z",
        "prerequisites": ["rows"],
        "missingPrerequisites": ["rows"],
        "completedAt": None,
    }


def test_a_stranger_is_told_that_they_are_not_enrolled(school: Any) -> None:
    school.open()
    answer = access(school, school.tokens.bearer())
    assert (answer.status_code, answer.json()["reasons"]) == (200, ["not_enrolled", "lesson_locked"])


def test_staff_may_ask_about_somebody_and_some_time(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello")
    user = str(student.account_id)
    assert access(school, school.staff(), userId=user).json()["allowed"] is True
    before = access(school, school.staff(), userId=user, at="2026-03-02T10:59:59Z").json()
    assert before["reasons"] == ["lesson_locked"]
    early = access(school, school.staff(), userId=user, at="2026-03-01T22:59:59Z").json()
    assert early["reasons"] == ["week_locked", "lesson_locked"]
    assert access(school, school.staff()).json()["facts"]["isStaff"] is True


def test_others_may_not_ask_about_somebody(school: Any) -> None:
    school.open()
    student = school.enroll()
    for params in ({"userId": str(new_id())}, {"at": "2026-03-02T10:00:00Z"}):
        answer = access(school, student, **params)
        assert (answer.status_code, answer.json()["code"]) == (403, "staff_only")
    assert access(school, student, userId=str(student.account_id)).status_code == 200


def test_staff_of_the_program_are_known_when_asked_about(school: Any) -> None:
    school.open()
    colleague = new_id()
    school.deliver(AccountUpdated(sequence=2, account_id=colleague, name="Ife", roles=["instructor"], teaches=["data"]))
    assert access(school, school.staff(), userId=str(colleague)).json()["facts"]["isStaff"] is True
    school.deliver(AccountErased(sequence=3, account_id=colleague))
    assert access(school, school.staff(), userId=str(colleague)).json()["reasons"][0] == "not_enrolled"


def internal(school: Any, headers: Any = None, **params: str) -> Any:
    values = {"program": "data", "course": "intro", "lesson": "tour", **params}
    return school.client.get(
        "/internal/access", params=values, headers=headers or school.tokens.service("media", "learning")
    )


def test_media_gets_the_decision_and_the_video(school: Any) -> None:
    school.open()
    student = school.enroll()
    user = str(student.account_id)
    assert internal(school, userId=user).json() == {
        "allowed": False,
        "reasons": ["lesson_locked"],
        "unlocksAt": None,
        "requires": ["hello"],
        "videoId": "0190a0a0-0000-7000-8000-000000000001",
        "preview": False,
    }
    school.complete_all(student, "intro", "hello")
    assert internal(school, userId=user).json()["allowed"] is True
    assert internal(school, userId=user, lesson="hello").json()["videoId"] is None
    assert internal(school, userId=str(new_id())).json()["reasons"][0] == "not_enrolled"
    staff = internal(school, userId=str(new_id()), staff="true").json()
    assert (staff["allowed"], staff["preview"]) == (True, True)


def test_the_internal_answer_needs_a_service_token_for_learning(school: Any) -> None:
    school.open()
    user = str(new_id())
    for headers in (school.tokens.admin(), school.tokens.service("media", "enrollment"), {"X-None": "1"}):
        assert internal(school, headers, userId=user).status_code == 401


@pytest.mark.parametrize("missing", [{"program": "none"}, {"course": "none"}, {"lesson": "none"}])
def test_the_internal_answer_for_what_does_not_exist_is_404(school: Any, missing: dict[str, str]) -> None:
    school.open()
    assert internal(school, userId=str(new_id()), **missing).status_code == 404


def test_an_enrollment_whose_cohort_is_still_on_its_way_is_asked_to_wait(school: Any) -> None:
    school.import_program()
    student = school.enroll()
    answer = school.get("/v1/programs/data/home", student)
    assert (answer.status_code, answer.json()["code"]) == (503, "cohort_not_here_yet")
    assert answer.headers["retry-after"]
    school.deliver(school.scheduled())
    assert school.home(student)["currentWeek"] == 1


def test_unpublished_programs_exist_for_staff_and_students_only(school: Any, program: dict[str, Any]) -> None:
    program["published"] = False
    school.import_program(program)
    school.deliver(school.scheduled())
    assert school.get("/v1/programs/data/home", school.tokens.bearer()).status_code == 404
    assert access(school, school.tokens.bearer()).status_code == 404
    assert school.home(school.staff())["preview"] is True
    assert school.home(school.enroll())["currentWeek"] == 1


def test_a_re_locked_week_closes_a_completed_lesson_but_keeps_it_complete(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello")
    start = (school.start + timedelta(days=8)).date()
    school.deliver(school.scheduled(sequence=2, start_date=start))
    assert school.get(HELLO, student).json()["code"] == "week_locked"
    assert school.progress(student, "intro")["lessons"][0]["status"] == "completed"
    assert school.complete(student, "intro", "hello").status_code == 200
