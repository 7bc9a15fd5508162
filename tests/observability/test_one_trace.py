"""One trace id, searched in the logs of all services, tells the story from the webhook to the certificate.

ADR 0011 says which lines carry it as their own ``trace_id`` and which as the ``origin_trace_id`` that they follow.
"""

import secrets

import pytest
from tests.observability.platform_logs import Line, PlatformLogs
from tests.platform.callers import ASK_EVERY, Json, Student
from tests.platform.installation import Platform
from tests.platform.school import School

from chassis.testing import eventually
from edxelera.journey.checkout import pay

LESSONS = ("one", "two", "three")

Step = tuple[str, str]


@pytest.fixture
def logs(platform: Platform) -> PlatformLogs:
    return PlatformLogs(platform.home)


def pay_for(student: Student, program: str) -> str:
    """Pay at the checkout page and wait for access; the reference. Only the webhook settles the payment."""
    checkout = student.init_payment(program)
    pay(checkout["authorization_url"])
    student.wait_until_inside(program)
    return str(checkout["reference"])


def finish_course(student: Student, school: School, traceparent: str) -> Json:
    """Complete the course in requests of one trace; the certificate."""
    for lesson in LESSONS:
        path = f"/v1/courses/{school.basics}/lessons/{lesson}/complete"
        student.call("POST", path, 200, headers={"traceparent": traceparent})
    return student.certificate(program=school.paid, course=school.basics)


def webhook_trace(logs: PlatformLogs, reference: str) -> str:
    """The trace in which the payment's delivery was processed."""

    def processed() -> list[Line]:
        lines = [line for line in logs.lines() if line.event == "webhook_processed"]
        return [line for line in lines if line.said["reference"] == reference]

    found = eventually(processed, 20, what="the processed webhook", every=ASK_EVERY)
    assert found[0].trace_id is not None
    return found[0].trace_id


def steps(lines: list[Line], relation: str, trace_id: str) -> set[Step]:
    """What happened where; an event by its consumer, a request by its route."""
    own = [line for line in lines if line.said.get(relation) == trace_id]
    return {(line.service, _what(line)) for line in own}


def _what(line: Line) -> str:
    match line.event:
        case "request":
            return f"{line.said['method']} {line.said['route']}"
        case "event_handled":
            return str(line.said["consumer"])
    return line.event


def up_to_the_document(logs: PlatformLogs, trace_id: str) -> list[Line]:
    """What the trace's id finds, once that is the whole story."""
    found = logs.of(trace_id)
    return found if any(line.event == "document_ready" for line in found) else []


def new_traceparent() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def test_the_webhooks_trace_id_finds_everything_up_to_the_certificate(
    platform: Platform, school: School, logs: PlatformLogs
) -> None:
    student = platform.student("Tracy Trace")
    trace_id = webhook_trace(logs, pay_for(student, school.paid))
    completion = new_traceparent()
    finish_course(student, school, completion)
    story = eventually(lambda: up_to_the_document(logs, trace_id), 20, what="the document", every=ASK_EVERY)
    # at once: one trace, in five services
    assert steps(story, "trace_id", trace_id) >= {
        ("gateway", "POST /webhooks/paystack"),
        ("enrollment", "POST /webhooks/paystack"),
        ("enrollment", "webhook_processed"),
        ("learning", "learning.grant_access"),
        ("discussion", "discussion.know_enrollments"),
        ("certificates", "certificates.follow_enrollments"),
    }
    # weeks later: the completion's trace, which follows it
    assert steps(story, "origin_trace_id", trace_id) >= {
        ("learning", "course_completed"),
        ("certificates", "certificates.issue"),
        ("certificates", "certificate_issued"),
        ("certificates", "document_ready"),
    }
    assert {line.service for line in story} >= {"gateway", "enrollment", "learning", "certificates"}
    # and the completion's own trace is whole as well
    own = completion[3:35]
    route = "POST /v1/courses/{course_slug}/lessons/{lesson_slug}/complete"
    found = steps(logs.of(own), "trace_id", own)
    assert found >= {
        ("learning", route),
        ("learning", "course_completed"),
        ("certificates", "certificates.issue"),
        ("certificates", "certificate_issued"),
        ("certificates", "document_ready"),
    }
    assert "gateway" in {service for service, _ in found}


def test_who_pays_again_is_certified_again_in_one_trace_from_the_webhook_to_the_document(
    platform: Platform, school: School, logs: PlatformLogs
) -> None:
    student = platform.student("Twice Payer")
    first = pay_for(student, school.paid)
    before = finish_course(student, school, new_traceparent())
    platform.admin.call("POST", f"/v1/admin/payments/{first}/refund", 200, json={"reason": "for the test"})
    eventually(lambda: not student.billing(school.paid)["hasAccess"], 30, what="the end of access", every=ASK_EVERY)

    def status_of_first() -> str:
        certificates = student.get("/v1/certificates")["certificates"]
        return next(str(one["status"]) for one in certificates if one["id"] == before["id"])

    eventually(lambda: status_of_first() == "revoked", 30, what="the revocation", every=ASK_EVERY)
    trace_id = webhook_trace(logs, pay_for(student, school.paid))
    again = student.certificate(program=school.paid, course=school.basics)
    assert again["id"] != before["id"]
    eventually(
        lambda: (
            steps(logs.of(trace_id), "trace_id", trace_id)
            >= {
                ("gateway", "POST /webhooks/paystack"),
                ("enrollment", "webhook_processed"),
                ("learning", "learning.grant_access"),
                ("learning", "course_completed"),
                ("certificates", "certificate_issued"),
                ("certificates", "document_ready"),
            }
        ),
        20,
        what="the whole story in one trace",
    )


def test_every_line_is_json_and_names_its_trace_while_something_is_handled(
    platform: Platform, school: School, logs: PlatformLogs
) -> None:
    student = platform.student("Ada Lines")
    webhook_trace(logs, pay_for(student, school.paid))
    student.send("POST", f"/v1/courses/{school.basics}/lessons/two/complete")  # refused
    student.send("GET", "/v1/nowhere")
    finish_course(student, school, new_traceparent())
    about_work = [line for line in logs.lines() if line.is_about_work()]
    assert {line.service for line in about_work} >= {"gateway", "enrollment", "learning", "certificates", "discussion"}
    assert [line for line in about_work if not line.names_its_trace] == []
