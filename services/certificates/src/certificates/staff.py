"""Which certificates a member of staff may handle."""

from uuid import UUID

from sqlalchemy.orm import Session

from certificates.errors import CertificateNotFound
from certificates.issuing.repository import lock_person
from certificates.models import Certificate, Person
from chassis.auth import Caller


def may_manage(caller: Caller, program_slug: str) -> bool:
    """Staff of the program."""
    return caller.is_admin or program_slug in caller.teaches


def managed(session: Session, caller: Caller, certificate_id: UUID) -> tuple[Certificate, Person]:
    """A certificate of a program that the caller manages, under its owner's lock."""
    certificate = session.get(Certificate, certificate_id)
    if certificate is None or not may_manage(caller, certificate.program_slug):
        raise CertificateNotFound
    person = lock_person(session, certificate.student_id)
    session.refresh(certificate)
    return certificate, person


def managed_programs(caller: Caller, program_slug: str | None) -> set[str] | None:
    """The programs to list: None for all."""
    own = None if caller.is_admin else set(caller.teaches)
    if program_slug is None:
        return own
    return {program_slug} if own is None else own & {program_slug}
