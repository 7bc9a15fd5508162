"""Heals completions without a certificate (promise 2 of the design), from the facts that are noted here.

Every fact that arrives settles the student's certificates in its own transaction, so this finds nothing unless rows
were changed by hand, lost with a backup, or written by a version with a bug.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from certificates.issuing import policy, repository, service
from certificates.issuing.policy import LatestCertificate, Verdict
from certificates.models import ISSUED, STAFF, Achievement, Certificate, Person
from chassis.messaging.sweeps import Sweep

#: A saga that is still on its way is not an open case.
_GRACE = timedelta(minutes=1)


def completed_not_certified() -> Sweep:
    """Completed course or program without its certificate."""
    return Sweep("completed_not_certified", find, repair)


def find(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Achievements of students whose name is known, without a valid certificate although the rule gives one.

    Those that the rule gives none (the money went back, staff revoked) are looked at each time: they are few.
    """
    certified = exists().where(Certificate.valid_for == Achievement.id)
    query = (
        select(Achievement)
        .join(Person, Person.account_id == Achievement.student_id)
        .where(Person.name.is_not(None), ~certified, Achievement.completed_at < now - _GRACE)
        .order_by(Achievement.id)
    )
    due = (achievement.id for achievement in session.scalars(query) if _is_due(session, achievement))
    return [found for found, _ in zip(due, range(limit), strict=False)]


def _is_due(session: Session, achievement: Achievement) -> bool:
    mine = select(Certificate).where(Certificate.achievement_id == achievement.id)
    latest = session.scalars(mine.order_by(Certificate.id.desc()).limit(1)).first()
    facts = LatestCertificate(latest.status == ISSUED, latest.revocation == STAFF) if latest else None
    cohort_id = achievement.cohort_id if achievement.kind == "program" else None
    enrollments = repository.enrollments_of(session, achievement.student_id, achievement.program_slug)
    known = [policy.EnrollmentFacts(each.cohort_id, each.revoked_reason, each.changed_at) for each in enrollments]
    return policy.decide(facts, policy.standing_of(known, cohort_id)) is Verdict.ISSUE


def repair(session: Session, achievement_id: UUID, now: datetime) -> None:
    """Settle the student's certificates of that program once more."""
    achievement = session.get_one(Achievement, achievement_id)
    person = repository.lock_person(session, achievement.student_id)
    service.settle(session, person, now, achievement.program_slug)
