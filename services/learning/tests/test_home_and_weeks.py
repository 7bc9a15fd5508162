"""The program home and the week hub, as the contract shapes them."""

from datetime import timedelta
from typing import Any

from chassis.ids import new_id
from contracts.events import PostCreated, PostModerated


def test_the_home_of_a_new_student(school: Any) -> None:
    school.open()
    home = school.home(school.enroll())
    assert home == {
        "program": {"slug": "data", "title": "Data", "summary": "All about data."},
        "cohort": {
            "id": str(school.cohort_id),
            "slug": "march",
            "startsAt": "2026-03-01T23:00:00Z",
            "endsAt": "2026-03-22T23:00:00Z",
            "timezone": "Africa/Lagos",
            "status": "running",
        },
        "currentWeek": 1,
        "weeks": [
            {
                "number": number,
                "title": f"Week {number}",
                "unlocksAt": unlocks,
                "status": status,
                "completedLessons": 0,
                "totalLessons": total,
            }
            for number, unlocks, status, total in [
                (1, "2026-03-01T23:00:00Z", "open", 4),
                (2, "2026-03-08T23:00:00Z", "locked", 1),
                (3, "2026-03-15T23:00:00Z", "locked", 1),
            ]
        ],
        "courses": [
            {
                "slug": slug,
                "title": title,
                "completedLessons": 0,
                "totalLessons": 3,
                "percent": 0,
                "completedAt": None,
            }
            for slug, title in [("intro", "Introduction"), ("tables", "Tables")]
        ],
        "progress": {"completedLessons": 0, "totalLessons": 6, "percent": 0, "completedAt": None},
        "nextLesson": {"courseSlug": "intro", "lessonSlug": "hello", "title": "Hello", "weekNumber": 1},
        "upcoming": [
            {"kind": "liveSession", "title": "Kick-off", "weekNumber": 1, "at": "2026-03-04T17:00:00Z"},
            {"kind": "assignment", "title": "Essay", "weekNumber": 1, "at": "2026-03-08T22:59:59Z"},
            {"kind": "weekUnlock", "title": "Week 2", "weekNumber": 2, "at": "2026-03-08T23:00:00Z"},
            {"kind": "liveSession", "title": "Clinic", "weekNumber": 2, "at": "2026-03-10T17:00:00Z"},
            {"kind": "assignment", "title": "Bonus", "weekNumber": 2, "at": "2026-03-15T22:59:59Z"},
            {"kind": "weekUnlock", "title": "Week 3", "weekNumber": 3, "at": "2026-03-15T23:00:00Z"},
        ],
        "preview": False,
    }


def test_the_home_follows_progress(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello", "tour")
    assert school.submit(student, "essay", 1).status_code == 201
    home = school.home(student)
    assert home["courses"][0]["percent"] == 100
    assert home["courses"][0]["completedAt"] == "2026-03-02T11:00:00Z"
    assert home["courses"][1]["percent"] == 25
    assert home["progress"] == {"completedLessons": 2, "totalLessons": 6, "percent": 50, "completedAt": None}
    assert home["weeks"][0]["completedLessons"] == 2
    assert home["nextLesson"]["lessonSlug"] == "rows"
    assert "Essay" not in [item["title"] for item in home["upcoming"]]


def test_an_optional_lesson_is_next_only_when_nothing_else_is_open(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello", "tour")
    school.complete_all(student, "tables", "rows")
    assert school.home(student)["nextLesson"]["lessonSlug"] == "extra"
    school.complete_all(student, "intro", "extra")
    assert school.home(student)["nextLesson"] is None


def test_before_the_start_there_is_no_current_week(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.clock.set(school.start - timedelta(microseconds=1))
    home = school.home(student)
    assert (home["currentWeek"], home["cohort"]["status"], home["nextLesson"]) == (0, "upcoming", None)
    school.clock.set(school.start)
    assert school.home(student)["currentWeek"] == 1


def test_upcoming_holds_ten_at_most(school: Any, program: dict[str, Any]) -> None:
    program["liveSessions"] += [
        {**program["liveSessions"][0], "slug": f"extra-{number}", "day": 3 + number} for number in range(12)
    ]
    school.open()
    assert school.import_program(program).status_code == 200
    upcoming = school.home(school.enroll())["upcoming"]
    assert len(upcoming) == 10
    assert upcoming == sorted(upcoming, key=lambda item: item["at"])


def test_the_hub_of_an_open_week(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello")
    assert school.week(student, 1) == {
        "programSlug": "data",
        "number": 1,
        "title": "Week 1",
        "summary": "…",
        "unlocksAt": "2026-03-01T23:00:00Z",
        "status": "open",
        "lessons": [
            hub_lesson("intro", "hello", status="completed", completedAt="2026-03-02T11:00:00Z"),
            hub_lesson("intro", "tour", kind="video"),
            hub_lesson("intro", "extra", required=False),
            hub_lesson("tables", "rows"),
        ],
        "assignments": [
            {
                "slug": "essay",
                "title": "Essay",
                "instructions": "Write.",
                "dueAt": "2026-03-08T22:59:59Z",
                "required": True,
                "status": "open",
                "score": None,
            }
        ],
        "liveSessions": [
            {
                "slug": "kickoff",
                "title": "Kick-off",
                "startsAt": "2026-03-04T17:00:00Z",
                "endsAt": "2026-03-04T18:00:00Z",
                "joinUrl": "https://meet.example/kickoff",
            }
        ],
        "discussion": {"postCount": 0, "lastPostAt": None},
        "preview": False,
    }


def hub_lesson(course: str, slug: str, **changed: Any) -> dict[str, Any]:
    return {
        "courseSlug": course,
        "slug": slug,
        "title": slug.title(),
        "kind": "reading",
        "durationMinutes": 5,
        "required": True,
        "status": "available",
        "reasons": [],
        "requires": [],
        "completedAt": None,
        **changed,
    }


def test_a_locked_lesson_says_which_come_first(school: Any) -> None:
    school.open()
    tour = school.lessons(school.enroll(), 1)["tour"]
    assert (tour["status"], tour["reasons"], tour["requires"]) == ("locked", ["lesson_locked"], ["hello"])


def test_a_locked_week_answers_titles_and_when_it_unlocks(school: Any) -> None:
    school.open()
    assert school.week(school.enroll(), 2) == {
        "programSlug": "data",
        "number": 2,
        "title": "Week 2",
        "summary": "…",
        "unlocksAt": "2026-03-08T23:00:00Z",
        "status": "locked",
        "lessons": [hub_lesson("tables", "joins", status="locked", reasons=["week_locked"])],
        "assignments": [],
        "liveSessions": [],
        "discussion": None,
        "preview": False,
    }


def test_a_week_unlocks_at_its_very_instant(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.clock.set(school.start + timedelta(days=7) - timedelta(microseconds=1))
    assert school.week(student, 2)["status"] == "locked"
    school.clock.set(school.start + timedelta(days=7))
    assert school.week(student, 2)["status"] == "open"


def test_the_program_has_no_week_0_or_4(school: Any) -> None:
    school.open()
    student = school.enroll()
    for number in (0, 4, -1, 10**30):
        assert school.get(f"/v1/programs/data/weeks/{number}", student).status_code == 404


def test_an_assignment_is_overdue_right_after_its_deadline(school: Any) -> None:
    school.open()
    student = school.enroll()
    due = school.start + timedelta(days=7) - timedelta(seconds=1)
    school.clock.set(due)
    assert school.week(student, 1)["assignments"][0]["status"] == "open"
    school.clock.set(due + timedelta(microseconds=1))
    assert school.week(student, 1)["assignments"][0]["status"] == "overdue"


def post(school: Any, sequence: int = 1, **changed: Any) -> PostCreated:
    values = {
        "post_id": new_id(),
        "thread_id": new_id(),
        "program_slug": "data",
        "cohort_id": school.cohort_id,
        "week_number": 1,
        "parent_id": None,
        "author_id": new_id(),
        "created_at": school.clock(),
    }
    return PostCreated(sequence=sequence, **{**values, **changed})


def moderated(created: PostCreated, sequence: int, action: str) -> PostModerated:
    values = created.model_dump(exclude={"sequence", "author_id", "created_at"})
    return PostModerated(sequence=sequence, action=action, occurred_at=created.created_at, **values)


def test_the_hub_counts_visible_posts_without_replies(school: Any) -> None:
    school.open()
    student = school.enroll()
    first, second = post(school), post(school, created_at=school.clock() + timedelta(minutes=1))
    reply = post(school, parent_id=first.post_id, created_at=school.clock() + timedelta(hours=1))
    elsewhere = [post(school, week_number=2), post(school, cohort_id=new_id())]
    school.deliver(first, second, reply, *elsewhere)
    assert school.week(student, 1)["discussion"] == {"postCount": 2, "lastPostAt": "2026-03-02T11:01:00Z"}
    school.deliver(moderated(second, 2, "hidden"), moderated(first, 2, "pinned"))
    assert school.week(student, 1)["discussion"] == {"postCount": 1, "lastPostAt": "2026-03-02T11:00:00Z"}
    school.deliver(moderated(second, 3, "unhidden"), moderated(first, 3, "deleted"))
    assert school.week(student, 1)["discussion"] == {"postCount": 1, "lastPostAt": "2026-03-02T11:01:00Z"}


def test_staff_see_a_preview_of_the_cohort_they_name(school: Any) -> None:
    school.open()
    later = new_id()
    school.deliver(school.scheduled(later, slug="june", start_date="2026-06-01", end_date="2026-06-21"))
    home = school.home(school.staff())
    assert (home["preview"], home["cohort"]["slug"], home["progress"]["percent"]) == (True, "march", 0)
    assert [week["status"] for week in home["weeks"]] == ["open"] * 3
    for name in ("june", str(later)):
        hub = school.week(school.staff(), 3, cohort=name)
        assert (hub["preview"], hub["status"], hub["unlocksAt"]) == (True, "open", "2026-06-14T23:00:00Z")
        assert hub["lessons"][0]["status"] == "available"
    assert school.get("/v1/programs/data/home", school.staff(), cohort="none").status_code == 404


def test_staff_see_a_program_that_has_no_cohort_yet(school: Any) -> None:
    school.import_program()
    admin = school.tokens.admin()
    home = school.home(admin)
    assert (home["cohort"], home["currentWeek"], home["upcoming"], home["preview"]) == (None, 0, [], True)
    hub = school.week(admin, 1)
    assert (hub["unlocksAt"], hub["assignments"][0]["dueAt"], hub["liveSessions"][0]["startsAt"]) == (None,) * 3


def test_a_student_cannot_choose_a_cohort(school: Any) -> None:
    school.open()
    school.deliver(school.scheduled(new_id(), slug="june", start_date="2026-06-01", end_date="2026-06-21"))
    assert school.home(school.enroll(), cohort="june")["cohort"]["slug"] == "march"
