"""Heals completions that certificates never heard of: they are told again as they were told first.

Not before certificates know the enrollment as it is (``enrollment_unknown`` heals that): who does not know that the
money went back would certify them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import Session

from chassis import tracing
from chassis.messaging import emit
from chassis.messaging.comparisons import Comparison, Fact
from chassis.messaging.outbox import is_on_its_way
from chassis.service_client import ask
from contracts.http.internal import (
    ToldCompletion,
    ToldCompletionsIn,
    ToldEnrollment,
    ToldEnrollmentsIn,
    UnknownCompletionsOut,
    UnknownEnrollmentsOut,
)
from learning.curriculum import repository as curriculum
from learning.curriculum.structure import Program
from learning.enrollments import repository as enrollments
from learning.models import WHOLE_PROGRAM, Enrollment, ProgressMark
from learning.progress.telling import course_completed, program_completed

_MARK: tuple[Any, ...] = (
    ProgressMark.enrollment_id,
    ProgressMark.course_slug,
    ProgressMark.student_id,
    ProgressMark.program_slug,
)


@dataclass(frozen=True, slots=True)
class _Told:
    """A completion, and the enrollment behind it."""

    completion: ToldCompletion
    enrollment: ToldEnrollment


def completed_not_certified(client: httpx.Client) -> Comparison:
    """Completed course or program of which certificates know nothing."""
    return Comparison(
        "completed_not_certified",
        "certificates",
        page=page,
        again=again,
        unknown=lambda facts: _ask(client, facts),
        repair=tell_again,
    )


def page(session: Session, after: str | None, limit: int) -> Sequence[Fact]:
    """Completions in the order of their enrollments. Marks whose enrollment is not known here are passed over."""
    facts: list[Fact] = []
    while len(facts) < limit:
        marks = session.execute(_after(after).limit(limit)).all()
        facts += _facts(session, marks)
        if len(marks) < limit:
            break
        after = _key(marks[-1])
    return facts[:limit]


def _after(after: str | None) -> Select[Any]:
    """One table in the order of its primary key: joined, some optimizers would begin with all enrollments and sort."""
    query = _completed().order_by(ProgressMark.enrollment_id, ProgressMark.course_slug)
    if after is None:
        return query
    enrollment_id, course = _parts(after)
    later = or_(ProgressMark.enrollment_id > enrollment_id, ProgressMark.course_slug > course)
    return query.where(ProgressMark.enrollment_id >= enrollment_id, later)


def again(session: Session, keys: Sequence[str]) -> Sequence[Fact]:
    """Those of them that are still there."""
    mark = tuple_(ProgressMark.enrollment_id, ProgressMark.course_slug)
    return _facts(session, session.execute(_completed().where(mark.in_([_parts(key) for key in keys]))).all())


def _completed() -> Select[Any]:
    query: Select[Any] = select(*_MARK)
    return query.where(ProgressMark.completed_at.is_not(None))


def _facts(session: Session, marks: Sequence[Any]) -> list[Fact]:
    behind_them = select(Enrollment.id, Enrollment.cohort_id, Enrollment.status).where(
        Enrollment.id.in_({mark.enrollment_id for mark in marks})
    )
    known = {row.id: row for row in session.execute(behind_them)} if marks else {}
    return [_fact(mark, known[mark.enrollment_id]) for mark in marks if mark.enrollment_id in known]


def _fact(mark: Any, enrollment: Any) -> Fact:
    key = _key(mark)
    completion = ToldCompletion(
        key=key,
        student_id=mark.student_id,
        program_slug=mark.program_slug,
        course_slug=mark.course_slug or None,
        cohort_id=enrollment.cohort_id,
    )
    return Fact(key, _Told(completion, ToldEnrollment(id=enrollment.id, status=enrollment.status)))


def _key(mark: Any) -> str:
    return f"{mark.enrollment_id}/{mark.course_slug}"


def _parts(key: str) -> tuple[UUID, str]:
    enrollment_id, _, course_slug = key.partition("/")
    return UUID(enrollment_id), course_slug


def _ask(client: httpx.Client, facts: Sequence[Fact]) -> Mapping[str, bool]:
    """The unknown completions, and of each whether its enrollment is known there as it is."""
    question = ToldCompletionsIn(completions=[fact.asked.completion for fact in facts])
    unknown = ask(client, "/internal/completions/unknown", question, UnknownCompletionsOut).unknown
    told: dict[str, _Told] = {fact.key: fact.asked for fact in facts}
    behind_them = {told[key].enrollment.id: told[key].enrollment for key in unknown}
    if not behind_them:
        return {}
    about = ToldEnrollmentsIn(enrollments=list(behind_them.values()))
    answer = ask(client, "/internal/enrollments/unknown", about, UnknownEnrollmentsOut)
    odd = {one.id for one in answer.unknown}
    return {key: told[key].enrollment.id not in odd for key in unknown}


def tell_again(session: Session, key: str, is_enrolled: bool, _now: datetime) -> bool:
    """The completion as of when it happened; not while events of the enrollment still wait to go out, or it is not
    known there (``is_enrolled``) as it is.
    """
    enrollment_id, course_slug = _parts(key)
    if not is_enrolled or is_on_its_way(session, str(enrollment_id)):
        return False
    enrollment = enrollments.lock(session, enrollment_id)
    mark = session.get(ProgressMark, (enrollment_id, course_slug))
    program = curriculum.find(session, enrollment.program_slug)
    if mark is None or mark.completed_at is None or program is None:
        return False
    version, at = enrollment.progress_version + 1, mark.completed_at
    enrollments.set_progress_version(session, enrollment_id, version)
    with tracing.following(enrollment.traceparent):
        if course_slug == WHOLE_PROGRAM:
            emit(session, program_completed(enrollment, version, program.title, at))
        else:
            title = _title(program, course_slug)
            emit(session, course_completed(enrollment, version, program.title, course_slug, title, at))
    return True


def _title(program: Program, course_slug: str) -> str:
    course = program.course(course_slug)
    return course.title if course else course_slug
