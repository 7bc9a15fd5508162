"""Open Badges credentials of certificates, and the public documents that they refer to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from certificates.credentials import documents, repository
from certificates.credentials.documents import AchievementFacts, CredentialFacts, Issuer
from certificates.credentials.keys import KeyRing
from certificates.errors import CertificateNotFound, require_valid
from certificates.settings import Settings
from certificates.staff import may_manage
from chassis.auth import Caller
from chassis.errors import NotFound


class CredentialsNotOffered(NotFound):
    code = "credentials_not_offered"
    title = "This platform gives out no credentials"


class Credentials:
    """The issuer with its keys."""

    def __init__(self, settings: Settings) -> None:
        base_url = f"{settings.public_url}/v1/credentials"
        self.issuer = Issuer(settings.issuer_name, settings.public_url, base_url)
        self.keys = KeyRing.load(settings.credential_keys, base_url)

    def profile(self) -> dict[str, Any]:
        """The issuer's public profile."""
        self._require_keys()
        return {"@context": documents.CONTEXT, **self.issuer.profile()}

    def credential_of(self, session: Session, caller: Caller, certificate_id: UUID) -> str:
        """The credential of a valid certificate, for its owner and staff of its program."""
        self._require_keys()
        row = repository.find(session, certificate_id)
        if row is None:
            raise CertificateNotFound
        certificate, achievement, position, description = row
        if certificate.student_id != caller.account_id and not may_manage(caller, certificate.program_slug):
            raise CertificateNotFound
        require_valid(certificate)
        facts = CredentialFacts(
            certificate_id=certificate.id,
            student_id=certificate.student_id,
            recipient_name=certificate.recipient_name,
            issued_at=certificate.issued_at,
            completed_at=achievement.completed_at,
            status_position=position,
            achievement=AchievementFacts(
                certificate.kind,
                certificate.course_slug or certificate.program_slug,
                certificate.title,
                description or "",
            ),
        )
        return self.keys.sign(documents.credential_claims(self.issuer, facts))

    def achievement(self, session: Session, kind: str, slug: str) -> dict[str, Any]:
        """What holders of the badge have done, in public."""
        facts = repository.find_achievement(session, kind, slug)
        if facts is None:
            raise NotFound("There is no such achievement.")
        return {"@context": documents.CONTEXT, **documents.achievement(self.issuer, facts)}

    def status_list(self, session: Session, number: int, now: datetime) -> str:
        """Which certificates are revoked, as a signed credential."""
        self._require_keys()
        revoked = repository.revoked_in(session, number)
        if revoked is None:
            raise NotFound("There is no such status list.")
        return self.keys.sign(documents.status_list_claims(self.issuer, number, revoked, now))

    def _require_keys(self) -> None:
        if not self.keys:
            raise CredentialsNotOffered("No signing key is configured (EDX_CREDENTIAL_SIGNING_KEY_PATH).")
