"""What staff of a program does: look up, revoke, issue again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from certificates.administration.schemas import StaffCertificateOut
from certificates.errors import CertificateSuperseded
from certificates.issuing import service as issuing
from certificates.issuing.policy import EnrollmentFacts, standing_of
from certificates.issuing.repository import enrollments_of
from certificates.issuing.service import Revocation
from certificates.models import ISSUED, REVOKED, STAFF, SUPERSEDED, Achievement, Certificate
from certificates.presenting import common_fields
from certificates.settings import Settings
from certificates.staff import managed
from chassis.auth import Caller
from chassis.errors import Conflict


class CertificateStillValid(Conflict):
    code = "certificate_valid"
    title = "The certificate is valid"


class PaymentWithdrawn(Conflict):
    code = "payment_withdrawn"
    title = "The payment for this program was taken back"


class RecipientUnknown(Conflict):
    code = "recipient_unknown"
    title = "The account has no name: it was erased"


def revoke(session: Session, caller: Caller, certificate_id: UUID, reason: str, now: datetime) -> Certificate:
    """End a certificate for good: from now on only staff issue it again. Again answers the same."""
    certificate, _ = managed(session, caller, certificate_id)
    if certificate.status == SUPERSEDED:
        raise CertificateSuperseded("Revoke the certificate that stands in its place.")
    if certificate.status == ISSUED:
        issuing.revoke(session, certificate, Revocation(STAFF, reason, caller.account_id), now)
    elif certificate.revocation != STAFF:  # ended with the payment; now it will not come back with another
        certificate.revocation, certificate.revoked_reason, certificate.revoked_by = STAFF, reason, caller.account_id
    return certificate


def reissue(session: Session, caller: Caller, certificate_id: UUID, now: datetime) -> Certificate:
    """A new certificate in the place of a revoked one."""
    certificate, person = managed(session, caller, certificate_id)
    if certificate.status == ISSUED:
        raise CertificateStillValid("There is nothing to issue again.")
    if certificate.status != REVOKED or certificate.superseded_by_id is not None:
        raise CertificateSuperseded("It was issued again already.")
    if person.name is None:
        raise RecipientUnknown
    achievement = session.get_one(Achievement, certificate.achievement_id)
    _require_paid(session, achievement)
    name = certificate.recipient_name or person.name
    return issuing.issue(session, achievement, name, now, supersedes=certificate)


def _require_paid(session: Session, achievement: Achievement) -> None:
    rows = enrollments_of(session, achievement.student_id, achievement.program_slug)
    facts = [EnrollmentFacts(row.cohort_id, row.revoked_reason, row.changed_at) for row in rows]
    if standing_of(facts, achievement.cohort_id if achievement.kind == "program" else None).is_withdrawn:
        raise PaymentWithdrawn("The certificate comes back by itself when the student is enrolled again.")


def shown_to_staff(certificate: Certificate, settings: Settings) -> StaffCertificateOut:
    """The certificate with what staff may know."""
    return StaffCertificateOut.model_validate(
        {
            **common_fields(certificate, settings),
            "student_id": certificate.student_id,
            "cohort_id": certificate.cohort_id,
            "revoked_at": certificate.revoked_at,
            "revocation": certificate.revocation,
            "revoked_reason": certificate.revoked_reason,
            "supersedes": certificate.supersedes_id,
            "superseded_by": certificate.superseded_by_id,
        }
    )
