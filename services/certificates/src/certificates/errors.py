"""Refusals that several slices give."""

from certificates.models import REVOKED, SUPERSEDED, Certificate
from chassis.errors import Conflict, NotFound


class CertificateNotFound(NotFound):
    code = "certificate_not_found"
    title = "There is no such certificate"


class CertificateRevokedAlready(Conflict):
    code = "certificate_revoked"
    title = "The certificate is revoked"


class CertificateSuperseded(Conflict):
    code = "certificate_superseded"
    title = "A newer certificate stands in the place of this one"


class DocumentNotReady(Conflict):
    code = "document_not_ready"
    title = "The PDF is still being made"


def require_valid(certificate: Certificate) -> None:
    """Ended certificates are to be seen and verified, and nothing else."""
    if certificate.status == REVOKED:
        raise CertificateRevokedAlready("The certificate is revoked; it can still be verified, and says so.")
    if certificate.status == SUPERSEDED:
        raise CertificateSuperseded("A newer certificate stands in the place of this one; use that.")
