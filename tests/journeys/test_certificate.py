"""The student's journey: the certificate, from the completed course to a stranger who verifies it."""

import io
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pypdf
from tests.platform.callers import ASK_EVERY, Json, Student
from tests.platform.installation import Platform
from tests.platform.journey import COURSE, NAME
from tests.platform.media import without_signature
from tests.platform.school import School
from tests.platform.shapes import assert_problem

from chassis.testing import eventually


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
