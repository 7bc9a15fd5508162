"""Certificates over HTTP: the owner's, the verifier's and the staff's view."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from contracts.http.base import AdminInput, ApiInput, ApiModel, Instant

CertificateKind = Literal["course", "program"]
CertificateStatus = Literal["issued", "revoked", "superseded"]
CorrectionStatus = Literal["requested", "approved", "rejected"]

#: A person's name: something to see, in one line.
PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class CertificateOut(ApiModel):
    """A certificate as its owner sees it; ``recipientName`` is null once the account was erased."""

    id: UUID
    kind: CertificateKind
    program_slug: str
    course_slug: str | None
    title: str
    recipient_name: str | None
    issued_at: Instant
    status: CertificateStatus
    verification_code: str
    verification_url: str
    document_ready: bool


class CertificatesOut(ApiModel):
    """The caller's certificates, newest first."""

    certificates: list[CertificateOut]


class DownloadOut(ApiModel):
    """Where the PDF is, for a few minutes."""

    url: str
    expires_at: Instant


class VerificationOut(ApiModel):
    """What anybody may know of a certificate whose code they hold; ``supersededBy`` is a verification code."""

    valid: bool
    status: CertificateStatus
    kind: CertificateKind
    title: str
    recipient_name: str | None
    issued_at: Instant
    revoked_at: Instant | None
    superseded_by: str | None


class NameCorrectionIn(ApiInput):
    """The name as it should stand on the certificate."""

    name: PersonName


class NameCorrectionOut(ApiModel):
    """A request to correct a name; ``supersededBy`` is the corrected certificate once staff approved."""

    id: UUID
    certificate_id: UUID
    program_slug: str
    current_name: str | None
    name: str | None
    status: CorrectionStatus
    requested_at: Instant
    decided_at: Instant | None
    superseded_by: UUID | None


class NameCorrectionsOut(ApiModel):
    """Requests that wait for staff, oldest first."""

    corrections: list[NameCorrectionOut]
    next_cursor: str | None


class RevocationIn(AdminInput):
    """Why; whoever verifies does not see it, staff does."""

    reason: Reason


class StaffCertificateOut(CertificateOut):
    """A certificate as staff of its program sees it."""

    student_id: UUID
    cohort_id: UUID
    revoked_at: Instant | None
    revocation: Literal["refund", "chargeback", "staff"] | None
    revoked_reason: str | None
    supersedes: UUID | None
    superseded_by: UUID | None


class StaffCertificatesOut(ApiModel):
    """Certificates of the programs that the caller teaches, newest first."""

    certificates: list[StaffCertificateOut]
    next_cursor: str | None
