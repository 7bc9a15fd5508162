"""Heals enrollments that learning, discussion or certificates do not know, or know otherwise than they are.

Who lost one (a restored backup, a row changed by hand, a handler with a bug) is told again how it stands, by an event
under a new version: the event that told it first may stand in their inbox, and would be passed over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import httpx
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from chassis.messaging.comparisons import Comparison, Fact
from chassis.messaging.outbox import is_on_its_way
from chassis.service_client import ask, service_client
from contracts.events.enrollment import RevokeReason
from contracts.http.internal import ToldEnrollment, ToldEnrollmentsIn, UnknownEnrollmentsOut
from enrollment.enrollments import policy, steps
from enrollment.models import AuditEntry, Enrollment
from enrollment.settings import EnrollmentSettings

_SHOWN: tuple[Any, ...] = (Enrollment.id, Enrollment.status)


def enrollment_unknown(settings: EnrollmentSettings) -> list[Comparison]:
    """Active (suspended, revoked) enrollment unknown to learning, discussion or certificates."""
    places = {
        "learning": settings.learning_url,
        "discussion": settings.discussion_url,
        "certificates": settings.certificates_url,
    }
    return [compare_with(place, service_client(settings, url, place)) for place, url in places.items()]


def compare_with(place: str, client: httpx.Client) -> Comparison:
    """The comparison with one of them."""
    return Comparison(
        "enrollment_unknown",
        place,
        page=page,
        again=again,
        unknown=lambda facts: _ask(client, facts),
        repair=tell_again,
    )


def page(session: Session, after: str | None, limit: int) -> Sequence[Fact]:
    """Enrollments that were told of, in the order in which they began."""
    query = _select().order_by(Enrollment.id).limit(limit)
    return _facts(session, query if after is None else query.where(Enrollment.id > UUID(after)))


def again(session: Session, keys: Sequence[str]) -> Sequence[Fact]:
    """Those of them that are still to be known."""
    return _facts(session, _select().where(Enrollment.id.in_([UUID(key) for key in keys])))


def _select() -> Select[Any]:
    query: Select[Any] = select(*_SHOWN)
    return query.where(Enrollment.status.in_(policy.TOLD))


def _facts(session: Session, query: Select[Any]) -> list[Fact]:
    rows = session.execute(query)
    return [Fact(str(row.id), ToldEnrollment(id=row.id, status=policy.told_status(row.status))) for row in rows]


def _ask(client: httpx.Client, facts: Sequence[Fact]) -> Mapping[str, int | None]:
    question = ToldEnrollmentsIn(enrollments=[fact.asked for fact in facts])
    answer = ask(client, "/internal/enrollments/unknown", question, UnknownEnrollmentsOut)
    return {str(one.id): one.sequence for one in answer.unknown}


def tell_again(session: Session, key: str, known_sequence: int | None, now: datetime) -> bool:
    """Under a version above all that we told and they know; not while an event about it still waits to go out."""
    query = select(Enrollment).where(Enrollment.id == UUID(key)).with_for_update()
    enrollment = session.scalars(query).one_or_none()
    if enrollment is None or enrollment.status not in policy.TOLD or is_on_its_way(session, key):
        return False
    enrollment.version = max(enrollment.version, known_sequence or 0)
    steps.tell_again(session, enrollment, _cause(session, enrollment), now)
    return True


def _cause(session: Session, enrollment: Enrollment) -> RevokeReason:
    """Why it was revoked; what staff wrote may be anything, also the name of another cause."""
    mine = (AuditEntry.subject_kind == "enrollment", AuditEntry.subject_id == str(enrollment.id))
    revoked = select(AuditEntry.actor).where(*mine, AuditEntry.action == "enrollment.revoked")
    by = session.scalar(revoked.order_by(AuditEntry.id.desc()).limit(1))
    causes: dict[str, RevokeReason] = {cause: cause for cause in get_args(RevokeReason)}
    return "staff" if by == "admin" else causes.get(enrollment.reason or "", "staff")
