"""What owners and staff both see of a certificate."""

from typing import Any

from certificates.issuing.codes import shown
from certificates.models import READY, Certificate
from certificates.settings import Settings


def common_fields(certificate: Certificate, settings: Settings) -> dict[str, Any]:
    """The fields of ``CertificateOut``."""
    code = shown(certificate.code)
    return {
        "id": certificate.id,
        "kind": certificate.kind,
        "program_slug": certificate.program_slug,
        "course_slug": certificate.course_slug,
        "title": certificate.title,
        "recipient_name": certificate.recipient_name,
        "issued_at": certificate.issued_at,
        "status": certificate.status,
        "verification_code": code,
        "verification_url": settings.verification_url(code),
        "document_ready": certificate.document_state == READY,
    }
