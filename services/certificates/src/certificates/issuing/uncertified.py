"""Heals completions without a certificate (promise 2 of the design), from the facts that are noted here.

Every fact that arrives settles the student's certificates in its own transaction, so this finds nothing unless rows
were changed by hand, lost with a backup, or written by a version with a bug.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import Session

from certificates.issuing import policy, repository, service
from certificates.issuing.policy import EnrollmentFacts, LatestCertificate, Verdict
from certificates.models import ISSUED, STAFF, Achievement, Certificate, Enrollment, Person
from chassis.messaging.sweeps import Sweep

#: A saga that is still on its way is not an open case.
_GRACE = timedelta(minutes=1)
#: Nor is one that waits for the account's event, for a while; what was lost here only the gateway's events bring back.
_GRACE_WITHOUT_NAME = timedelta(hours=1)
#: Achievements that are judged with one query.
_PAGE = 5000
_SHOWN: tuple[Any, ...] = (
    Achievement.id,
    Achievement.student_id,
    Achievement.program_slug,
    Achievement.kind,
    Achievement.cohort_id,
)


def completed_not_certified() -> Sweep:
    """Completed course or program without its certificate."""
    return Sweep("completed_not_certified", find, repair)


def find(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Achievements without a valid certificate although the rule gives one; those that cannot be repaired, as the
    student's name is not known, come last.

    Those that the rule gives none (the money went back, staff revoked) are judged each time, many at once.
    """
    named = (Person.name.is_not(None), Achievement.completed_at < now - _GRACE)
    nameless = (Person.name.is_(None), ~Person.erased, Achievement.completed_at < now - _GRACE_WITHOUT_NAME)
    due = chain.from_iterable(_due(session, *which) for which in (named, nameless))
    return list(islice(due, limit))


def _due(session: Session, *which: ColumnElement[bool]) -> Iterator[UUID]:
    after = UUID(int=0)
    while True:
        page = _uncertified(*which).where(Achievement.id > after).limit(_PAGE)
        rows = session.execute(_with_facts(page))
        judged = [(id_, _is_due(list(facts))) for id_, facts in groupby(rows, key=lambda row: row.id)]
        yield from (id_ for id_, is_due in judged if is_due)
        if len(judged) < _PAGE:
            return
        after = judged[-1][0]


def _uncertified(*which: ColumnElement[bool]) -> Select[Any]:
    certified = exists().where(Certificate.valid_for == Achievement.id)
    query: Select[Any] = select(*_SHOWN).join(Person, Person.account_id == Achievement.student_id)
    return query.where(~certified, *which).order_by(Achievement.id)


def _with_facts(uncertified: Select[Any]) -> Select[Any]:
    """Each of these achievements with each of its certificates, oldest first, and each enrollment in its program."""
    mine = uncertified.subquery("mine")
    enrolled = and_(Enrollment.student_id == mine.c.student_id, Enrollment.program_slug == mine.c.program_slug)
    query: Select[Any] = select(
        mine.c.id,
        mine.c.kind,
        mine.c.cohort_id,
        Certificate.status,
        Certificate.revocation,
        Enrollment.cohort_id.label("enrolled_in"),
        Enrollment.revoked_reason,
        Enrollment.changed_at,
    )
    certificates = query.outerjoin(Certificate, Certificate.achievement_id == mine.c.id)
    return certificates.outerjoin(Enrollment, enrolled).order_by(mine.c.id, Certificate.id)


def _is_due(facts: Sequence[Any]) -> bool:
    last = facts[-1]
    latest = LatestCertificate(last.status == ISSUED, last.revocation == STAFF) if last.status is not None else None
    enrollments = [
        EnrollmentFacts(row.enrolled_in, row.revoked_reason, row.changed_at)
        for row in facts
        if row.enrolled_in is not None
    ]
    cohort_id = last.cohort_id if last.kind == "program" else None
    return policy.decide(latest, policy.standing_of(enrollments, cohort_id)) is Verdict.ISSUE


def repair(session: Session, achievement_id: UUID, now: datetime) -> None:
    """Settle the student's certificates of that program once more; without a name nothing can be issued."""
    achievement = session.get_one(Achievement, achievement_id)
    person = repository.lock_person(session, achievement.student_id)
    service.settle(session, person, now, achievement.program_slug)
