"""What the media service reads from its environment."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from chassis.objects import S3Settings
from chassis.settings import BaseUrl


class Settings(S3Settings):
    """Settings of the media API and its worker."""

    service: ClassVar[str] = "media"

    learning_url: BaseUrl = "http://127.0.0.1:8102"
    media_bucket: str = "edxelera-media"
    cdn_base_url: BaseUrl = Field(description="the distribution in front of the bucket")
    cdn_key_pair_id: str = Field(description="the id CloudFront gave to the public key")
    cdn_private_key_path: Path = Field(description="PEM; ECDSA P-256 or RSA-2048")
    cdn_hash: Literal["SHA1", "SHA256"] = Field(default="SHA256", description="of CloudFront signatures")
    cdn_cookie_domain: str | None = Field(default=None, description="parent domain of the API and the CDN, for HLS")

    playback_url_seconds: int = Field(default=300, ge=30, le=300)
    hls_cookie_seconds: int = Field(default=4 * 3600, ge=60, le=4 * 3600)
    upload_hours: int = Field(default=12, ge=1, le=7 * 24 - 1)
    upload_max_bytes: int = Field(default=50 * 2**30, ge=1)

    @property
    def upload_lifetime(self) -> timedelta:
        """How long upload URLs live; an upload not complete by then is abandoned."""
        return timedelta(hours=self.upload_hours)

    def unsafe_for_production(self) -> list[str]:
        """Videos travel over HTTPS."""
        plain = [] if self.cdn_base_url.startswith("https://") else ["EDX_CDN_BASE_URL must be https"]
        return [*super().unsafe_for_production(), *plain]
