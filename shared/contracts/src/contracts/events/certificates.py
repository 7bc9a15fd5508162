"""What certificates tells about certificates."""

from typing import ClassVar, Literal
from uuid import UUID

from contracts.events.base import Event, UtcTime

CertificateKind = Literal["course", "program"]


class CertificateEvent(Event):
    """Something happened to a certificate; `course_slug` is null for a program's certificate."""

    source: ClassVar[str] = "certificates"
    subject_field: ClassVar[str] = "certificate_id"

    certificate_id: UUID
    student_id: UUID
    kind: CertificateKind
    program_slug: str
    course_slug: str | None


class CertificateIssued(CertificateEvent):
    """A certificate is valid now, in place of the one it `supersedes`, if any."""

    type: ClassVar[str] = "edxelera.certificates.certificate_issued.v1"

    title: str
    recipient_name: str
    issued_at: UtcTime
    verification_code: str
    supersedes: UUID | None


class CertificateRevoked(CertificateEvent):
    """A certificate is no longer valid."""

    type: ClassVar[str] = "edxelera.certificates.certificate_revoked.v1"

    reason: str
    revoked_at: UtcTime
