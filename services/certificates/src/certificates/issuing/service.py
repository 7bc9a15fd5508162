"""Brings a student's certificates in line with what they have completed and how their enrollments stand.

Everything that changes any of this (a completion, an enrollment, a name) notes its fact and then calls ``settle``,
which reads all facts under the person's lock and decides. So the order in which events arrive does not matter, and
an event that arrives twice finds nothing left to do.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from certificates.issuing import policy, repository
from certificates.issuing.codes import new_code, shown
from certificates.issuing.policy import LatestCertificate, Standing, Verdict
from certificates.models import (
    DISCARD,
    GONE,
    ISSUED,
    PENDING,
    REVOKED,
    STAFF,
    SUPERSEDED,
    Achievement,
    Certificate,
    Person,
    StatusEntry,
)
from chassis import tracing
from chassis.ids import new_id
from chassis.messaging import emit
from contracts.events.certificates import CertificateIssued, CertificateRevoked

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Who or what ended a certificate, and why in words."""

    kind: str
    reason: str
    by: UUID | None = None


def settle(session: Session, person: Person, now: datetime, program_slug: str | None = None) -> None:
    """Issue and revoke what is due to ``person`` (locked), in one program or in all."""
    achievements = repository.achievements_of(session, person.account_id, program_slug)
    certificates = repository.certificates_of(session, person.account_id) if achievements else ()
    standings: dict[str, list[policy.EnrollmentFacts]] = {}
    for achievement in achievements:
        program = achievement.program_slug
        if program not in standings:
            standings[program] = _facts(session, person.account_id, program)
        cohort_id = achievement.cohort_id if achievement.kind == "program" else None
        standing = policy.standing_of(standings[program], cohort_id)
        _settle_one(session, person, achievement, certificates, standing, now)


def _facts(session: Session, student_id: UUID, program_slug: str) -> list[policy.EnrollmentFacts]:
    rows = repository.enrollments_of(session, student_id, program_slug)
    return [policy.EnrollmentFacts(row.cohort_id, row.revoked_reason, row.changed_at) for row in rows]


def _settle_one(
    session: Session,
    person: Person,
    achievement: Achievement,
    certificates: Sequence[Certificate],
    standing: Standing,
    now: datetime,
) -> None:
    latest = next((each for each in reversed(certificates) if each.achievement_id == achievement.id), None)
    facts = LatestCertificate(latest.status == ISSUED, latest.revocation == STAFF) if latest else None
    match policy.decide(facts, standing):
        case Verdict.ISSUE if person.name is not None:  # else the account's own event settles again
            earlier = latest or _before(achievement, certificates)
            name = (earlier.recipient_name if earlier else None) or person.name  # a corrected name stays corrected
            issue(session, achievement, name, now, supersedes=earlier)
        case Verdict.REVOKE if latest is not None:
            revoke(session, latest, Revocation(standing.value, f"the payment ended in a {standing.value}"), now)
        case _:
            pass


def _before(achievement: Achievement, certificates: Sequence[Certificate]) -> Certificate | None:
    """The ended certificate of the same program (with an earlier cohort) whose place a new one takes."""
    if achievement.kind != "program":
        return None
    same = [each for each in certificates if each.kind == "program" and each.program_slug == achievement.program_slug]
    ended = [each for each in same if each.status == REVOKED and each.superseded_by_id is None]
    return ended[-1] if ended else None


def issue(
    session: Session, achievement: Achievement, name: str, now: datetime, *, supersedes: Certificate | None = None
) -> Certificate:
    """A new valid certificate for an achievement that has none now. Its PDF follows (see ``documents``)."""
    certificate = Certificate(
        id=new_id(),
        achievement_id=achievement.id,
        valid_for=achievement.id,
        student_id=achievement.student_id,
        kind=achievement.kind,
        program_slug=achievement.program_slug,
        course_slug=achievement.course_slug,
        cohort_id=achievement.cohort_id,
        title=achievement.title,
        program_title=achievement.program_title,
        recipient_name=name,
        code=new_code(),
        status=ISSUED,
        issued_at=now,
        supersedes_id=supersedes.id if supersedes else None,
        document_key=f"certificates/{secrets.token_urlsafe(32)}.pdf",
        document_state=PENDING,
        document_due_at=now,
        document_attempts=0,
        document_traceparent=tracing.current_traceparent(),
        document_traceorigin=tracing.current_origin(),
        version=1,
    )
    session.add(certificate)
    if supersedes is not None:
        supersedes.superseded_by_id = certificate.id
    session.flush()
    session.add(StatusEntry(certificate_id=certificate.id, revoked=False))
    emit(session, _issued(certificate, name))
    log.info("certificate_issued", certificate_id=str(certificate.id), kind=certificate.kind)
    return certificate


def _issued(certificate: Certificate, name: str) -> CertificateIssued:
    return CertificateIssued(
        sequence=certificate.version,
        certificate_id=certificate.id,
        student_id=certificate.student_id,
        kind="course" if certificate.kind == "course" else "program",
        program_slug=certificate.program_slug,
        course_slug=certificate.course_slug,
        title=certificate.title,
        recipient_name=name,
        issued_at=certificate.issued_at,
        verification_code=shown(certificate.code),
        supersedes=certificate.supersedes_id,
    )


def revoke(session: Session, certificate: Certificate, revocation: Revocation, now: datetime) -> None:
    """End a valid certificate; whoever verifies it sees that from now on."""
    certificate.status = REVOKED
    certificate.revocation = revocation.kind
    certificate.revoked_reason = revocation.reason
    certificate.revoked_by = revocation.by
    _end(session, certificate, revocation.kind, now)


def supersede(session: Session, certificate: Certificate, achievement: Achievement, name: str, now: datetime) -> None:
    """Put a certificate with another name in the place of a valid one."""
    certificate.status = SUPERSEDED
    _end(session, certificate, "superseded", now)
    issue(session, achievement, name, now, supersedes=certificate)


def _end(session: Session, certificate: Certificate, reason: str, now: datetime) -> None:
    certificate.valid_for = None
    certificate.revoked_at = now
    certificate.version += 1
    discard_document(certificate, now)
    session.flush()
    repository.note_revoked(session, certificate.id)
    emit(
        session,
        CertificateRevoked(
            sequence=certificate.version,
            certificate_id=certificate.id,
            student_id=certificate.student_id,
            kind="course" if certificate.kind == "course" else "program",
            program_slug=certificate.program_slug,
            course_slug=certificate.course_slug,
            reason=reason,
            revoked_at=now,
        ),
    )
    log.info("certificate_ended", certificate_id=str(certificate.id), reason=reason)


def discard_document(certificate: Certificate, now: datetime) -> None:
    """The PDF is no longer to be had; a worker removes it, after one that may just be writing it."""
    if certificate.document_state != GONE:
        certificate.document_state = DISCARD
        certificate.document_due_at = max(certificate.document_due_at, now)
        certificate.document_attempts = 0
        certificate.document_traceparent = tracing.current_traceparent()
        certificate.document_traceorigin = tracing.current_origin()
