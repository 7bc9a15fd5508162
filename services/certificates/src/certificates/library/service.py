"""What owners do with their certificates: see, download."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from certificates.errors import CertificateNotFound, DocumentNotReady, require_valid
from certificates.library import repository
from certificates.library.schemas import CertificateOut, DownloadOut
from certificates.models import READY, Certificate
from certificates.presenting import common_fields
from certificates.settings import Settings
from chassis.objects import ObjectStore


def shown_to_owner(certificate: Certificate, settings: Settings) -> CertificateOut:
    """The certificate as its owner sees it."""
    return CertificateOut.model_validate(common_fields(certificate, settings))


def get_own(session: Session, student_id: UUID, certificate_id: UUID) -> Certificate:
    """The student's own certificate; anybody else's does not exist."""
    certificate = repository.find_own(session, certificate_id, student_id)
    if certificate is None:
        raise CertificateNotFound
    return certificate


def download(certificate: Certificate, store: ObjectStore, settings: Settings, now: datetime) -> DownloadOut:
    """Where the PDF can be fetched for a while; raises ``DocumentNotReady``."""
    require_valid(certificate)
    if certificate.document_state != READY:
        raise DocumentNotReady("The PDF is being made; ask again in a moment.", headers={"Retry-After": "2"})
    lifetime = timedelta(seconds=settings.download_url_seconds)
    url = store.presign_get(
        settings.certificates_bucket, certificate.document_key, lifetime, filename=_filename(certificate)
    )
    return DownloadOut(url=url, expires_at=now + lifetime)


def _filename(certificate: Certificate) -> str:
    slug = certificate.course_slug or certificate.program_slug
    return f"certificate-{slug}-{certificate.code[:8].lower()}.pdf"
