"""Every setting of the sandbox: environment keys ``SANDBOX_<FIELD>``, read once."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """The sandbox's settings; intervals and time-outs are seconds."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", env_ignore_empty=True, frozen=True, extra="ignore")

    public_url: str = "http://127.0.0.1:8090"
    """The sandbox as the browser sees it; signed CDN URLs are URLs below it."""
    data_dir: Path = Path(".local/sandbox")
    mail_file: Path | None = None
    """The file into which the platform writes its mails, shown at /mails."""
    log_level: str = "INFO"

    paystack_secret_key: SecretStr
    """Authorises API calls and signs webhooks; sk_live_… makes the domain ``live``."""
    webhook_url: str = "http://127.0.0.1:8080/webhooks/paystack"
    callback_url: str | None = None
    """The dashboard's callback, used where a transaction brings none."""
    webhook_timeout_seconds: float = Field(default=30, gt=0)
    retry_seconds: Annotated[tuple[float, ...], NoDecode] = (1, 5, 15, 30, 60)
    """Waits between webhook attempts; the last repeats."""
    retry_hours: float = Field(default=72, gt=0)
    refund_step_seconds: float = Field(default=1, ge=0)
    """How long a refund stays pending, then processing."""

    cdn_public_keys_dir: Path | None = None
    """Holds ``<KEY_PAIR_ID>.pem`` public keys; changes are noticed."""
    s3_endpoint_url: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    s3_secret_access_key: SecretStr = SecretStr("")
    s3_bucket: str = ""

    @field_validator("public_url", "s3_endpoint_url")
    @classmethod
    def _without_trailing_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value

    @field_validator("retry_seconds", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("retry_seconds")
    @classmethod
    def _usable_intervals(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or min(value) < 0:
            msg = "name at least one wait in seconds, for example 1,5,30"
            raise ValueError(msg)
        return value

    @property
    def domain(self) -> str:
        """Paystack's ``domain``: the same base URL serves test and live, the key decides."""
        return "live" if self.paystack_secret_key.get_secret_value().startswith("sk_live_") else "test"
