"""Open Badges 3.0 documents as plain data (1EdTech Open Badges 3.0; W3C VC Data Model 2.0, Bitstring Status List)."""

import gzip
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
#: The least that a status list may have, for the privacy of those on it.
LIST_BITS = 131_072


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues: its name, its site, and the base of its public URLs."""

    name: str
    site: str
    base_url: str

    @property
    def url(self) -> str:
        return f"{self.base_url}/issuer"

    def achievement_url(self, kind: str, slug: str) -> str:
        return f"{self.base_url}/achievements/{kind}s/{quote(slug, safe='')}"

    def list_url(self, number: int) -> str:
        return f"{self.base_url}/status/{number}"

    def profile(self) -> dict[str, Any]:
        """The issuer as credentials name it."""
        return {"id": self.url, "type": ["Profile"], "name": self.name, "url": self.site}


@dataclass(frozen=True, slots=True)
class AchievementFacts:
    """What is certified: a course or a program."""

    kind: str
    slug: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """One certificate."""

    certificate_id: UUID
    student_id: UUID
    recipient_name: str | None
    issued_at: datetime
    completed_at: datetime
    status_position: int
    achievement: AchievementFacts


def achievement(issuer: Issuer, facts: AchievementFacts) -> dict[str, Any]:
    """What holders of the badge have done."""
    whole = "all courses of the program" if facts.kind == "program" else "all required lessons and assignments"
    return {
        "id": issuer.achievement_url(facts.kind, facts.slug),
        "type": ["Achievement"],
        "achievementType": "CertificateOfCompletion",
        "name": facts.title,
        "description": facts.description or facts.title,
        "criteria": {"narrative": f"The learner has completed {whole}: {facts.title}."},
        "creator": issuer.profile(),
    }


def credential_claims(issuer: Issuer, facts: CredentialFacts) -> dict[str, Any]:
    """The claims of an OpenBadgeCredential as VC-JWT: the credential itself and the registered claims it implies."""
    subject: dict[str, Any] = {
        "id": f"urn:uuid:{facts.student_id}",
        "type": ["AchievementSubject"],
        "achievement": achievement(issuer, facts.achievement),
        "activityEndDate": _instant(facts.completed_at),
    }
    if facts.recipient_name:
        name = {"type": "IdentityObject", "hashed": False, "identityType": "name", "identityHash": facts.recipient_name}
        subject["identifier"] = [name]
    number, index = divmod(facts.status_position, LIST_BITS)
    credential = {
        "@context": CONTEXT,
        "id": f"urn:uuid:{facts.certificate_id}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": facts.achievement.title,
        "issuer": issuer.profile(),
        "validFrom": _instant(facts.issued_at),
        "credentialSubject": subject,
        "credentialStatus": {
            "id": f"{issuer.list_url(number)}#{index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(index),
            "statusListCredential": issuer.list_url(number),
        },
    }
    return _secured(credential, facts.issued_at)


def status_list_claims(issuer: Issuer, number: int, revoked: Iterable[int], now: datetime) -> dict[str, Any]:
    """The claims of status list ``number`` with the bits of these indexes set."""
    url = issuer.list_url(number)
    credential = {
        "@context": CONTEXT[:1],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer.url,
        "validFrom": _instant(now),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded_list(revoked),
        },
    }
    return _secured(credential, now)


def encoded_list(revoked: Iterable[int]) -> str:
    """The bits, index 0 left-most, compressed and encoded as Multibase base64url."""
    bits = bytearray(LIST_BITS // 8)
    for index in revoked:
        bits[index // 8] |= 0x80 >> (index % 8)
    return "u" + urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).rstrip(b"=").decode()


def _secured(credential: dict[str, Any], valid_from: datetime) -> dict[str, Any]:
    issuer = credential["issuer"]
    return {
        **credential,
        "iss": issuer if isinstance(issuer, str) else issuer["id"],
        "jti": credential["id"],
        "sub": credential["credentialSubject"]["id"],
        "nbf": int(valid_from.timestamp()),
    }


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
