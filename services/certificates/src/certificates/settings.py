"""What the certificates service reads from its environment."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from chassis.objects import S3Settings
from chassis.settings import CommaList


class Settings(S3Settings):
    """Settings of the certificates API and its worker."""

    service: ClassVar[str] = "certificates"

    certificates_bucket: str = "edxelera-certificates"
    issuer_name: str = Field(default="EdXelera", description="as it stands on certificates and credentials")
    download_url_seconds: int = Field(default=300, ge=30, le=300)
    credential_signing_key_path: CommaList = Field(
        default=(), description="PEM files (ECDSA P-256 or RSA); the first signs, all are published"
    )

    @property
    def credential_keys(self) -> tuple[Path, ...]:
        """Without any, no Open Badges credentials are given out."""
        return tuple(Path(path) for path in self.credential_signing_key_path)

    def verification_url(self, code: str) -> str:
        """Where people verify a certificate; its QR code leads there."""
        return f"{self.public_url}/verify/{code}"
