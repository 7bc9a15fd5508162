"""One student's way through the whole platform, from registration to a certificate that a stranger verifies.

Each test is a sentence of that way. The fixtures are how far somebody has come: a ``member`` has paid, a ``graduate``
has completed every lesson of the small first course of the seed program. Watching and certificates have files of
their own.
"""

from datetime import UTC, datetime
from typing import Any

from tests.platform.callers import Student
from tests.platform.installation import Platform
from tests.platform.journey import COURSE, LESSONS, NAME
from tests.platform.school import SEEDED, School
from tests.platform.shapes import assert_carries, assert_exactly, assert_problem

from contracts.http.discussion import DiscussionOut, PostOut
from contracts.http.learning import HomeOut, WeekHubOut
from edxelera.journey.checkout import pay

Json = dict[str, Any]

# --- arriving ---------------------------------------------------------------------------------------------------------


def test_a_stranger_registers_logs_in_and_is_known_by_their_name(platform: Platform) -> None:
    student = platform.student(NAME)
    assert student.get("/v1/me") == {
        "id": student.id, "email": student.email, "name": NAME, "roles": ["student"], "teaches": []
    }  # fmt: skip


def test_a_student_sees_the_program_its_price_and_that_the_door_is_open(platform: Platform, school: School) -> None:
    student = platform.student()
    programs = {program["slug"]: program for program in student.get("/v1/programs")["programs"]}
    assert programs[SEEDED]["price"] == {"amountMinor": 15_000_000, "currency": "NGN", "instalments": None}
    decision = student.get(f"/v1/programs/{SEEDED}/can-enroll")
    assert (decision["allowed"], decision["reason"]) == (True, "late_join")
    assert decision["cohort"]["slug"] == school.seeded_cohort
    assert_problem(student.send("GET", f"/v1/programs/{SEEDED}/home"), 403, "not_enrolled")


def test_paying_at_the_checkout_page_opens_the_program_by_webhook(platform: Platform, school: School) -> None:
    student = platform.student()
    back = {"callbackUrl": "http://localhost:3000/paid"}
    checkout = student.call("POST", f"/v1/programs/{SEEDED}/payments", 201, json=back)
    again = student.call("POST", f"/v1/programs/{SEEDED}/payments", 200, json={})
    assert again == checkout
    assert student.billing(SEEDED)["enrollmentStatus"] == "pending"

    landed_at = pay(checkout["authorization_url"])

    assert landed_at.startswith(f"{back['callbackUrl']}?")
    assert checkout["reference"] in landed_at
    billing = student.wait_until_inside(SEEDED)
    assert (billing["enrollmentStatus"], billing["canRetry"]) == ("active", False)
    assert [payment["status"] for payment in billing["payments"]] == ["succeeded"]
    platform.sandbox.wait_until_settled(checkout["reference"])
    attempts = [delivery["event"] for delivery in platform.sandbox.deliveries(checkout["reference"])]
    assert attempts == ["charge.success"]
    home = student.get(f"/v1/programs/{SEEDED}/home")
    assert (home["cohort"]["slug"], home["currentWeek"], home["preview"]) == (school.seeded_cohort, 1, False)


def test_the_payment_can_be_verified_by_its_owner_and_is_unknown_to_others(platform: Platform, member: Student) -> None:
    [payment] = member.billing(SEEDED)["payments"]
    path = f"/v1/payments/{payment['reference']}/verify"
    assert member.post(path) == {
        "reference": payment["reference"], "status": "succeeded", "programSlug": SEEDED, "enrollmentStatus": "active",
        "amountMinor": 15_000_000, "currency": "NGN", "paidAt": payment["paidAt"],
    }  # fmt: skip
    assert_problem(platform.student().send("POST", path), 404, "not_found")


def test_who_is_enrolled_may_not_pay_twice(member: Student) -> None:
    refused = member.send("POST", f"/v1/programs/{SEEDED}/payments", json={})
    assert_problem(refused, 409, "already_enrolled")


# --- learning ---------------------------------------------------------------------------------------------------------

HOME = """{program:{slug,title,summary}, cohort:{id,slug,startsAt,endsAt,timezone,status}, currentWeek,
    weeks:[{number,title,unlocksAt,status,completedLessons,totalLessons}],
    courses:[{slug,title,completedLessons,totalLessons,percent,completedAt}],
    progress:{completedLessons,totalLessons,percent,completedAt}, nextLesson:{courseSlug,lessonSlug,title,weekNumber},
    upcoming:[{kind,title,weekNumber,at}], preview}"""
HUB = """{programSlug, number, title, summary, unlocksAt, status,
    lessons:[{courseSlug,slug,title,kind,durationMinutes,required,status,reasons,requires,completedAt}],
    assignments:[{slug,title,instructions,dueAt,required,status,score}],
    liveSessions:[{slug,title,startsAt,endsAt,joinUrl}], discussion:{postCount,lastPostAt}, preview}"""


def test_the_program_home_shows_every_week_course_and_what_comes_next(member: Student) -> None:
    home = member.get(f"/v1/programs/{SEEDED}/home")
    assert_carries(HOME, home)
    assert_exactly(HomeOut, home)
    assert [week["status"] for week in home["weeks"]] == ["open"] + ["locked"] * 5
    assert home["courses"][0]["slug"] == COURSE
    assert home["nextLesson"] == {
        "courseSlug": COURSE, "lessonSlug": "welcome", "title": "What this program will make you able to do",
        "weekNumber": 1,
    }  # fmt: skip
    assert {item["kind"] for item in home["upcoming"]} == {"assignment", "liveSession", "weekUnlock"}
    assert [item["at"] for item in home["upcoming"]] == sorted(item["at"] for item in home["upcoming"])


def test_the_open_week_has_lessons_assignments_sessions_and_its_thread(member: Student) -> None:
    hub = member.get(f"/v1/programs/{SEEDED}/weeks/1")
    assert_carries(HUB, hub)
    assert_exactly(WeekHubOut, hub)
    assert (hub["status"], hub["number"]) == ("open", 1)
    assert [(lesson["slug"], lesson["status"]) for lesson in hub["lessons"]] == [
        ("welcome", "available"),
        *((slug, "locked") for slug in LESSONS[1:-1]),
        ("further-reading", "available"),
    ]
    second = hub["lessons"][1]
    assert (second["reasons"], second["requires"]) == (["lesson_locked"], ["welcome"])
    assert [assignment["slug"] for assignment in hub["assignments"]] == ["question-brief"]
    assert hub["liveSessions"][0]["joinUrl"].startswith("https://")


def test_the_locked_week_shows_titles_and_when_it_unlocks_and_nothing_more(member: Student) -> None:
    hub = member.get(f"/v1/programs/{SEEDED}/weeks/2")
    assert_carries(HUB, hub)
    assert_exactly(WeekHubOut, hub)
    assert hub["status"] == "locked"
    assert datetime.fromisoformat(hub["unlocksAt"]) > datetime.now(UTC)
    assert (hub["assignments"], hub["liveSessions"], hub["discussion"]) == ([], [], None)
    assert {lesson["status"] for lesson in hub["lessons"]} == {"locked"}
    assert {tuple(lesson["reasons"]) for lesson in hub["lessons"]} == {("week_locked",)}
    assert all(lesson["title"] and lesson["durationMinutes"] for lesson in hub["lessons"])


def test_a_week_that_the_program_does_not_have_is_unknown(member: Student) -> None:
    assert_problem(member.send("GET", f"/v1/programs/{SEEDED}/weeks/7"), 404, "not_found")


def test_an_unchanged_page_is_answered_without_a_body(member: Student) -> None:
    for path in ("home", "weeks/1", "billing", "can-enroll"):
        first = member.send("GET", f"/v1/programs/{SEEDED}/{path}")
        again = member.send("GET", f"/v1/programs/{SEEDED}/{path}", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


# --- completing -------------------------------------------------------------------------------------------------------


def test_lessons_open_one_after_another_and_completing_again_answers_the_same(
    platform: Platform, school: School
) -> None:
    student = platform.student()
    student.enroll(school.paid)
    path = f"/v1/courses/{school.basics}/lessons/{{}}/complete"
    assert_problem(student.send("POST", path.format("two")), 403, "lesson_locked")

    first = student.post(path.format("one"))
    assert first["unlocked"] == [{"courseSlug": school.basics, "lessonSlug": "two"}]
    assert (first["course"]["completedLessons"], first["course"]["percent"]) == (1, 33)
    assert student.post(path.format("one")) == first

    assert student.post(path.format("two"))["course"]["percent"] == 66
    done = student.post(path.format("three"))
    assert (done["course"]["percent"], done["course"]["completedAt"]) == (100, done["lesson"]["completedAt"])
    assert done["program"]["completedAt"] is None
    assert student.post(path.format("three")) == done
    locked = f"/v1/courses/{school.advanced}/lessons/four/complete"
    assert_problem(student.send("POST", locked), 403, "week_locked")


def test_progress_and_home_tell_of_the_completed_course(graduate: Student) -> None:
    progress = graduate.get(f"/v1/courses/{COURSE}/progress")
    assert (progress["completedLessons"], progress["totalLessons"], progress["percent"]) == (6, 6, 100)
    assert {lesson["status"] for lesson in progress["lessons"]} == {"completed"}
    home = graduate.get(f"/v1/programs/{SEEDED}/home")
    assert home["courses"][0]["completedAt"] == progress["completedAt"]
    assert home["progress"]["completedLessons"] == 6
    assert home["progress"]["completedAt"] is None


# --- the discussion ---------------------------------------------------------------------------------------------------


def test_a_student_posts_another_replies_and_the_instructor_pins(platform: Platform, school: School) -> None:
    writer, other = platform.student(NAME), platform.student("Ngozi")
    for student in (writer, other):
        student.enroll(school.paid)
    instructor = platform.staff("Ife", ["instructor"], [school.paid])
    thread = f"/v1/programs/{school.paid}/weeks/1/discussion"

    body = "What is **one row**? <script>alert(1)</script>"
    post = writer.call("POST", f"{thread}/posts", 201, json={"body": body})
    assert_exactly(PostOut, post)
    assert post["author"] == {"id": writer.id, "name": NAME, "role": "student"}
    assert "<strong>one row</strong>" in post["bodyHtml"]
    assert "<script" not in post["bodyHtml"]
    reply = other.call("POST", f"/v1/discussion/posts/{post['id']}/replies", 201, json={"body": "A delivered order."})
    assert reply["parentId"] == post["id"]
    later = other.call("POST", f"{thread}/posts", 201, json={"body": "And a column?"})

    pin = f"/v1/discussion/posts/{post['id']}/pin"
    for student in (writer, other):
        assert_problem(student.send("PUT", pin, json={"pinned": True}), 403, "staff_only")
    assert_problem(platform.stranger().send("PUT", pin, json={"pinned": True}), 401, "unauthenticated")
    assert instructor.call("PUT", pin, 200, json={"pinned": True})["pinned"] is True

    seen = writer.get(thread)
    assert_exactly(DiscussionOut, seen)
    shown = [found["id"] for found in seen["posts"]]
    assert shown.index(post["id"]) < shown.index(later["id"])
    assert all(found["pinned"] for found in seen["posts"][: shown.index(post["id"]) + 1])
    [pinned] = [found for found in seen["posts"] if found["id"] == post["id"]]
    assert [found["body"] for found in pinned["replies"]] == ["A delivered order."]
    assert instructor.get(thread, cohort=school.cohort)["preview"] is True


def test_the_locked_weeks_thread_and_the_thread_of_others_stay_closed(platform: Platform, member: Student) -> None:
    posts = f"/v1/programs/{SEEDED}/weeks/{{}}/discussion/posts"
    assert_problem(member.send("POST", posts.format(2), json={"body": "Early!"}), 403, "week_locked")
    outsider = platform.student()
    assert_problem(outsider.send("POST", posts.format(1), json={"body": "Hello?"}), 403, "not_enrolled")
    assert_problem(outsider.send("GET", posts.format(1).removesuffix("/posts")), 403, "not_enrolled")
