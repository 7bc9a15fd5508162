"""What a student completes is a trace of its own that follows the one in which the enrollment became active."""

from typing import Any

from sqlalchemy import select

from chassis import tracing
from chassis.ids import new_id
from chassis.tables import outbox
from chassis.testing import deliver
from chassis.testing.messaging import enveloped
from contracts.events import CourseCompleted, Envelope, LessonCompleted
from learning.events import consumers

PAYMENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
REQUEST = "00-11111111111111111111111111111111-2222222222222222-01"
RESTORED = "00-33333333333333333333333333333333-4444444444444444-01"


def arrive(school: Any, event: Any, traceparent: str) -> None:
    """The event arrives out of that trace."""
    deliver(school.db, consumers, enveloped(event).model_copy(update={"traceparent": traceparent}))


def complete(school: Any, student: Any, course: str, slug: str) -> None:
    headers = {**student.headers, "traceparent": REQUEST}
    assert school.client.post(f"/v1/courses/{course}/lessons/{slug}/complete", headers=headers).status_code == 200


def traces(school: Any, kind: Any) -> list[tuple[str | None, str | None]]:
    """The trace of each event of that kind, and the one it follows."""
    with school.db.begin() as session:
        rows = session.scalars(select(outbox.c.envelope).where(outbox.c.type == kind.type).order_by(outbox.c.position))
        envelopes = [Envelope.parse(raw) for raw in rows]
    return [(tracing.trace_id_of(each.traceparent), each.traceorigin) for each in envelopes]


def test_a_completion_follows_the_payment(school: Any) -> None:
    school.open()
    student = school.student(new_id())
    arrive(school, student.activated(), PAYMENT)
    for slug in ("hello", "tour"):
        complete(school, student, "intro", slug)
    assert set(traces(school, LessonCompleted)) == {(tracing.trace_id_of(REQUEST), PAYMENT)}
    assert traces(school, CourseCompleted) == [(tracing.trace_id_of(REQUEST), PAYMENT)]


def test_after_a_dispute_it_follows_what_restored_the_access(school: Any) -> None:
    school.open()
    student = school.student(new_id())
    restored = student.activated(3, origin="restored")
    for event, trace in ((restored, RESTORED), (student.suspended(2), REQUEST), (student.activated(1), PAYMENT)):
        arrive(school, event, trace)
    complete(school, student, "intro", "hello")
    assert [origin for _, origin in traces(school, LessonCompleted)] == [RESTORED]


def test_what_was_learned_before_is_told_in_the_trace_of_the_new_payment(school: Any) -> None:
    school.open()
    first = school.enroll()
    for slug in ("hello", "tour"):
        complete(school, first, "intro", slug)
    school.deliver(first.revoked())
    again = school.student(first.account_id)
    arrive(school, again.activated(), PAYMENT)
    told = traces(school, CourseCompleted)
    assert told[1:] == [(tracing.trace_id_of(PAYMENT), None)]
