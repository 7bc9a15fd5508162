"""One student's way through the whole platform, from registration to a certificate that a stranger verifies.

Each test is a sentence of that way. The fixtures are how far somebody has come: a ``member`` has paid, a ``graduate``
has completed every lesson of the small first course of the seed program.
"""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pypdf
import pytest
from tests.platform.callers import ASK_EVERY, Staff, Student
from tests.platform.installation import Platform
from tests.platform.media import changed, parameter, seed_video, signed, without_signature
from tests.platform.school import SEEDED, School
from tests.platform.shapes import assert_carries, assert_exactly, assert_problem

from chassis.testing import eventually
from contracts.http.discussion import DiscussionOut, PostOut
from contracts.http.learning import HomeOut, WeekHubOut
from edxelera.journey.checkout import pay

Json = dict[str, Any]

#: Letters of one code point each: for a letter of several the PDF says ``ActualText``, which pypdf does not read.
NAME = "Adébáyọ Ọlásúnkànmí O’Neill-Núñez"
COURSE = "thinking-with-data"
LESSONS = [
    "welcome",
    "a-question-you-can-answer",
    "kinds-of-data",
    "a-first-look",
    "sketch-the-answer",
    "further-reading",
]
PLAYBACK = f"/v1/programs/{SEEDED}/courses/{COURSE}/lessons/welcome/playback"


@pytest.fixture(scope="module")
def member(platform: Platform, school: School) -> Student:
    """Registered, paid, inside."""
    student = platform.student(NAME)
    student.enroll(SEEDED)
    return student


@pytest.fixture(scope="module")
def graduate(platform: Platform, school: School) -> Student:
    """Has handed in the assignment and completed every lesson of the first course."""
    student = platform.student(NAME)
    student.enroll(SEEDED)
    student.hand_in(SEEDED, 1, "question-brief")
    for lesson in LESSONS:
        student.complete(COURSE, lesson)
    return student


@pytest.fixture(scope="module")
def certificate(graduate: Student) -> Json:
    """The graduate's, with its document."""
    return graduate.certificate(program=SEEDED, course=COURSE)


# --- arriving ---------------------------------------------------------------------------------------------------------


def test_a_stranger_registers_logs_in_and_is_known_by_their_name(platform: Platform) -> None:
    student = platform.student(NAME)
    assert student.get("/v1/me") == {
        "id": student.id, "email": student.email, "name": NAME, "roles": ["student"], "teaches": []
    }  # fmt: skip


def test_a_student_sees_the_program_its_price_and_that_the_door_is_open(platform: Platform, school: School) -> None:
    student = platform.student()
    programs = {program["slug"]: program for program in student.get("/v1/programs")["programs"]}
    assert programs[SEEDED]["price"] == {"amountMinor": 15_000_000, "currency": "NGN"}
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


# --- watching ---------------------------------------------------------------------------------------------------------


def test_the_player_gets_exactly_the_bytes_of_the_file(member: Student) -> None:
    playback = member.get(PLAYBACK)
    assert (playback["kind"], playback["contentType"], playback["cookies"]) == ("mp4", "video/mp4", [])
    file = seed_video("welcome.mp4")

    whole = httpx.get(playback["url"])
    assert (whole.status_code, whole.content) == (200, file)
    for asked, expected in (("0-0", file[:1]), ("1000-4999", file[1000:5000]), ("-500", file[-500:])):
        part = httpx.get(playback["url"], headers={"range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, expected)
    beyond = httpx.get(playback["url"], headers={"range": f"bytes={len(file)}-"})
    assert beyond.status_code == 416


def test_a_playback_url_lives_at_most_five_minutes_and_names_when_to_renew(member: Student) -> None:
    answer = member.send("GET", PLAYBACK)
    playback = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    left = datetime.fromisoformat(playback["expiresAt"]) - datetime.now(UTC)
    assert timedelta(seconds=60) < left <= timedelta(seconds=300)
    assert (
        datetime.now(UTC)
        < datetime.fromisoformat(playback["renewAfter"])
        < datetime.fromisoformat(playback["expiresAt"])
    )


def test_the_cdn_refuses_every_url_that_the_platform_did_not_sign(platform: Platform, member: Student) -> None:
    url = member.get(PLAYBACK)["url"]
    signature = parameter(url, "Signature")
    assert httpx.get(url).status_code == 200
    for wrong in (
        without_signature(url),
        changed(url, Expires=str(int(parameter(url, "Expires")) + 1)),
        changed(url, Signature=("B" if signature[10] == "A" else "A").join((signature[:10], signature[11:]))),
        changed(url, Signature=None),
        changed(url, **{"Key-Pair-Id": "KSOMEBODYELSES"}),
        url.replace(".mp4?", ".mp4.bak?") if ".mp4?" in url else url.replace("?", "x?", 1),
    ):
        assert httpx.get(wrong).status_code == 403, wrong


def test_the_cdn_refuses_a_url_after_its_time(platform: Platform, member: Student) -> None:
    url, now = member.get(PLAYBACK)["url"], datetime.now(UTC)
    assert httpx.get(signed(platform, url, now + timedelta(minutes=1))).status_code == 200
    assert httpx.get(signed(platform, url, now - timedelta(seconds=1))).status_code == 403


def test_a_locked_lesson_has_no_playback_url_and_says_why(member: Student) -> None:
    locked = PLAYBACK.replace("welcome", "a-first-look")
    problem = assert_problem(member.send("GET", locked), 403, "lesson_locked")
    assert problem["reasons"] == ["lesson_locked"]
    in_locked_week = f"/v1/programs/{SEEDED}/courses/working-with-tables/lessons/types-and-missing-values/playback"
    assert "week_locked" in assert_problem(member.send("GET", in_locked_week), 403, "week_locked")["reasons"]
    reading = PLAYBACK.replace("welcome", "further-reading")
    assert_problem(member.send("GET", reading), 404, "no_video")


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


# --- the certificate --------------------------------------------------------------------------------------------------


def test_the_completed_course_earns_exactly_one_certificate(graduate: Student, certificate: Json) -> None:
    assert graduate.get("/v1/certificates")["certificates"] == [certificate]
    assert (certificate["kind"], certificate["courseSlug"], certificate["title"]) == (
        "course", COURSE, "Thinking with Data",
    )  # fmt: skip
    assert certificate["recipientName"] == NAME


def test_the_document_names_the_graduate_the_course_and_its_code(graduate: Student, certificate: Json) -> None:
    download = graduate.get(f"/v1/certificates/{certificate['id']}/download-url")
    left = datetime.fromisoformat(download["expiresAt"]) - datetime.now(UTC)
    assert timedelta(0) < left <= timedelta(seconds=300)
    document = httpx.get(download["url"])
    assert document.headers["content-type"] == "application/pdf"
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document.content)).pages)
    words = " ".join(text.split())
    assert NAME in words
    assert certificate["title"] in words
    assert certificate["verificationCode"] in words
    assert httpx.get(without_signature(download["url"])).is_client_error


def test_anybody_with_the_code_sees_that_it_is_valid(platform: Platform, certificate: Json) -> None:
    stranger = platform.stranger()
    verdict = stranger.get(f"/v1/certificates/verify/{certificate['verificationCode']}")
    assert verdict == {
        "valid": True, "status": "issued", "kind": "course", "title": "Thinking with Data", "recipientName": NAME,
        "issuedAt": certificate["issuedAt"], "revokedAt": None, "supersededBy": None,
    }  # fmt: skip
    page = stranger.http.get(certificate["verificationUrl"])
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "valid" in page.text.lower()
    assert NAME in page.text


def test_a_code_that_nobody_was_given_verifies_nothing(platform: Platform, certificate: Json) -> None:
    code = certificate["verificationCode"]
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    stranger = platform.stranger()
    assert_problem(stranger.send("GET", f"/v1/certificates/verify/{wrong}"), 404)
    page = stranger.send("GET", f"/verify/{wrong}")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert NAME not in page.text


def test_nobody_else_may_download_it(platform: Platform, certificate: Json) -> None:
    path = f"/v1/certificates/{certificate['id']}/download-url"
    assert_problem(platform.student().send("GET", path), 404)
    assert_problem(platform.stranger().send("GET", path), 401, "unauthenticated")


def test_the_certificate_is_a_badge_that_any_wallet_can_check(
    platform: Platform, graduate: Student, certificate: Json
) -> None:
    answer = graduate.send("GET", f"/v1/certificates/{certificate['id']}/credential")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vc+jwt")
    key = platform.stranger().get(jwt.get_unverified_header(answer.text)["kid"])
    claims = jwt.decode(answer.text, jwt.PyJWK(key), algorithms=["ES256"])
    assert "OpenBadgeCredential" in claims["type"]
    assert claims["credentialSubject"]["achievement"]["name"] == certificate["title"]
    assert platform.stranger().get(claims["credentialSubject"]["achievement"]["id"])["name"] == certificate["title"]


def test_completing_all_courses_earns_the_certificate_of_the_program_too(platform: Platform, school: School) -> None:
    student = platform.student(NAME)
    checkout = student.call("POST", f"/v1/programs/{school.free}/payments", 201, json={})
    assert (checkout["authorization_url"], checkout["status"], checkout["amountMinor"]) == (None, "succeeded", 0)
    student.wait_until_inside(school.free)
    done = student.complete(school.free_course, "only")
    assert done["program"]["percent"] == 100
    of_course = student.certificate(program=school.free, course=school.free_course)
    of_program = student.certificate(program=school.free, course=None)
    assert (of_course["kind"], of_program["kind"]) == ("course", "program")
    assert len(student.get("/v1/certificates")["certificates"]) == 2
    completed = lambda: student.billing(school.free)["enrollmentStatus"] == "completed"  # noqa: E731
    eventually(completed, 30, what="the enrollment's completion", every=ASK_EVERY)


# --- the discussion ---------------------------------------------------------------------------------------------------


def _thread(caller: Student | Staff, school: School) -> Json:
    params = {"cohort": school.seeded_cohort} if isinstance(caller, Staff) else {}
    thread: Json = caller.get(f"/v1/programs/{SEEDED}/weeks/1/discussion", **params)
    return thread


def test_a_student_posts_another_replies_and_the_instructor_pins(
    platform: Platform, school: School, member: Student
) -> None:
    other = platform.student("Ngozi")
    other.enroll(SEEDED)
    posts = f"/v1/programs/{SEEDED}/weeks/1/discussion/posts"
    post = member.call("POST", posts, 201, json={"body": "What is **one row**? <script>alert(1)</script>"})
    assert_exactly(PostOut, post)
    assert post["author"] == {"id": member.id, "name": NAME, "role": "student"}
    assert "<strong>one row</strong>" in post["bodyHtml"]
    assert "<script" not in post["bodyHtml"]
    reply = other.call("POST", f"/v1/discussion/posts/{post['id']}/replies", 201, json={"body": "A delivered order."})
    assert reply["parentId"] == post["id"]
    later = other.call("POST", posts, 201, json={"body": "And a column?"})

    pin = f"/v1/discussion/posts/{post['id']}/pin"
    assert_problem(member.send("PUT", pin, json={"pinned": True}), 403, "staff_only")
    assert_problem(other.send("PUT", pin, json={"pinned": True}), 403, "staff_only")
    assert_problem(platform.stranger().send("PUT", pin, json={"pinned": True}), 401, "unauthenticated")
    assert platform.instructor.call("PUT", pin, 200, json={"pinned": True})["pinned"] is True

    seen = _thread(member, school)
    assert_exactly(DiscussionOut, seen)
    assert [shown["id"] for shown in seen["posts"]][:2] == [post["id"], later["id"]]
    assert [shown["body"] for shown in seen["posts"][0]["replies"]] == ["A delivered order."]
    assert _thread(platform.instructor, school)["preview"] is True


def test_the_locked_weeks_thread_and_the_thread_of_others_stay_closed(platform: Platform, member: Student) -> None:
    posts = f"/v1/programs/{SEEDED}/weeks/{{}}/discussion/posts"
    assert_problem(member.send("POST", posts.format(2), json={"body": "Early!"}), 403, "week_locked")
    outsider = platform.student()
    assert_problem(outsider.send("POST", posts.format(1), json={"body": "Hello?"}), 403, "not_enrolled")
    assert_problem(outsider.send("GET", posts.format(1).removesuffix("/posts")), 403, "not_enrolled")
