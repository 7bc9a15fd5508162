"""Another name on a certificate: the owner asks, staff of the program decide."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from certificates.corrections import repository
from certificates.corrections.schemas import NameCorrectionOut
from certificates.errors import CertificateNotFound, require_valid
from certificates.issuing import service as issuing
from certificates.models import ISSUED, Achievement, Certificate, NameCorrection
from certificates.staff import managed
from chassis.auth import Caller
from chassis.errors import NotFound
from chassis.ids import new_id


class NoCorrectionAsked(NotFound):
    code = "no_name_correction"
    title = "Nobody asked for another name on this certificate"


def ask(
    session: Session, student_id: UUID, certificate_id: UUID, name: str, now: datetime
) -> tuple[NameCorrection, Certificate]:
    """Ask staff to put ``name`` on the certificate; asking again changes the request."""
    certificate = repository.lock_own(session, certificate_id, student_id)
    if certificate is None:
        raise CertificateNotFound
    require_valid(certificate)
    correction = repository.lock_open(session, certificate.id)
    if correction is None:
        correction = NameCorrection(
            id=new_id(),
            certificate_id=certificate.id,
            open_for=certificate.id,
            student_id=student_id,
            program_slug=certificate.program_slug,
            status="requested",
        )
        session.add(correction)
    correction.name, correction.requested_at = name, now
    session.flush()
    return correction, certificate


def approve(
    session: Session, caller: Caller, certificate_id: UUID, now: datetime
) -> tuple[NameCorrection, Certificate]:
    """Issue the certificate again under the name that was asked for; it supersedes the old one."""
    certificate, correction = _asked(session, caller, certificate_id)
    achievement = session.get_one(Achievement, certificate.achievement_id)
    name = correction.name or certificate.recipient_name or ""
    issuing.supersede(session, certificate, achievement, name, now)
    _decide(correction, caller, "approved", now)
    return correction, certificate


def reject(session: Session, caller: Caller, certificate_id: UUID, now: datetime) -> tuple[NameCorrection, Certificate]:
    """Leave the name as it is."""
    certificate, correction = _asked(session, caller, certificate_id)
    _decide(correction, caller, "rejected", now)
    return correction, certificate


def _decide(correction: NameCorrection, caller: Caller, status: str, now: datetime) -> None:
    correction.status, correction.open_for = status, None
    correction.decided_at, correction.decided_by = now, caller.account_id


def _asked(session: Session, caller: Caller, certificate_id: UUID) -> tuple[Certificate, NameCorrection]:
    certificate, _ = managed(session, caller, certificate_id)
    correction = repository.lock_open(session, certificate.id)
    if correction is None or certificate.status != ISSUED:
        raise NoCorrectionAsked
    return certificate, correction


def correction_out(correction: NameCorrection, certificate: Certificate) -> NameCorrectionOut:
    """A request with the name it would replace."""
    return NameCorrectionOut.model_validate(
        {
            "id": correction.id,
            "certificate_id": correction.certificate_id,
            "program_slug": correction.program_slug,
            "current_name": certificate.recipient_name,
            "name": correction.name,
            "status": correction.status,
            "requested_at": correction.requested_at,
            "decided_at": correction.decided_at,
            "superseded_by": certificate.superseded_by_id,
        }
    )
