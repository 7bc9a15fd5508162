"""A certificate, its event and its document belong to the trace of the completion, and follow what that follows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from certificates.events import consumers
from chassis import tracing
from chassis.database import Database
from chassis.tables import outbox
from chassis.testing import deliver
from chassis.testing.log_lines import LogLines
from chassis.testing.messaging import enveloped
from contracts.events import CertificateIssued, Envelope, Event

COMPLETION = "00-11111111111111111111111111111111-2222222222222222-01"
PAYMENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
REFUND = "00-33333333333333333333333333333333-4444444444444444-01"


def arrive(db: Database, event: Event, traceparent: str, traceorigin: str | None = None) -> None:
    """The event arrives out of that trace."""
    envelope = enveloped(event).model_copy(update={"traceparent": traceparent, "traceorigin": traceorigin})
    deliver(db, consumers, envelope)


def traces(log_lines: LogLines, event: str) -> list[tuple[str | None, str | None]]:
    """What the log lines of that name say of their trace, and of the one that it follows."""
    return [(line["trace_id"], line.get("origin_trace_id")) for line in log_lines() if line["event"] == event]


def test_from_the_completion_to_the_document_it_is_one_trace(
    db: Database, student: Any, make_documents: Callable[..., None], log_lines: LogLines
) -> None:
    student.tell(student.registered(), student.activated())
    arrive(db, student.completed_course(), COMPLETION, PAYMENT)
    make_documents()
    both = [(tracing.trace_id_of(COMPLETION), tracing.trace_id_of(PAYMENT))]
    assert traces(log_lines, "certificate_issued") == both
    assert traces(log_lines, "document_ready") == both
    with db.begin() as session:
        told = Envelope.parse(
            session.scalars(select(outbox.c.envelope).where(outbox.c.type == CertificateIssued.type)).one()
        )
    assert (tracing.trace_id_of(told.traceparent), told.traceorigin) == (both[0][0], PAYMENT)


def test_a_document_is_removed_in_the_trace_of_the_refund(
    db: Database, student: Any, make_documents: Callable[..., None], log_lines: LogLines
) -> None:
    student.tell(student.registered(), student.activated())
    arrive(db, student.completed_course(), COMPLETION, PAYMENT)
    make_documents()
    arrive(db, student.revoked(), REFUND)
    make_documents(datetime.now(UTC) + timedelta(hours=1))  # past the claim of the worker that made it
    assert traces(log_lines, "certificate_ended") == [(tracing.trace_id_of(REFUND), None)]
    assert traces(log_lines, "document_removed") == [(tracing.trace_id_of(REFUND), None)]
