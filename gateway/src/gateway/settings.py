"""What the gateway reads from its environment (see ``.env.example``)."""

from ipaddress import ip_network
from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from chassis.settings import BaseUrl, CommaList, ServiceSettings


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        ip_network(network, strict=False)
    return value


def _rate(value: str) -> str:
    from limits import parse

    parse(value)
    return value


#: "300/minute", in the notation of the ``limits`` library.
Rate = Annotated[str, AfterValidator(_rate)]


class GatewaySettings(ServiceSettings):
    """``EDX_<FIELD>`` in the environment."""

    service: ClassVar[str] = "gateway"

    # Where the services are.
    enrollment_url: BaseUrl = "http://127.0.0.1:8101"
    learning_url: BaseUrl = "http://127.0.0.1:8102"
    media_url: BaseUrl = "http://127.0.0.1:8103"
    certificates_url: BaseUrl = "http://127.0.0.1:8104"
    discussion_url: BaseUrl = "http://127.0.0.1:8105"

    # Tokens and sessions.
    gateway_signing_key_path: CommaList = Field(
        min_length=1, description="PEM files of ES256 private keys: the first signs, all are in the JWKS"
    )
    access_token_seconds: int = Field(default=600, ge=60, le=3600)
    session_idle_days: int = Field(default=30, ge=1, le=365, description="a session unused for this long has ended")
    session_max_days: int = Field(default=180, ge=1, le=730, description="after this the person logs in again")
    refresh_grace_seconds: int = Field(
        default=30, ge=0, le=300, description="how long the token before the last is accepted"
    )

    # Password hashing: argon2id at OWASP's minimum (19 MiB, t=2, p=1): about 25 ms of one core a login. Each hash
    # that runs holds its memory, so at most ``password_hash_concurrency`` run and ``..._queue`` wait at a time.
    password_hash_memory_kib: int = Field(default=19_456, ge=8)
    password_hash_time_cost: int = Field(default=2, ge=1)
    password_hash_parallelism: int = Field(default=1, ge=1)
    password_hash_concurrency: int = Field(default=2, ge=1, le=64)
    password_hash_queue: int = Field(default=64, ge=1)

    # Mail.
    password_reset_minutes: int = Field(default=60, ge=5, le=24 * 60)
    password_reset_url: str | None = Field(default=None, description="the page that takes ?token=…; default on the API")
    smtp_url: SecretStr | None = Field(default=None, description="smtp://user:password@host:587 or smtps://…:465")
    mail_from: str = "EdXelera <no-reply@edxelera.local>"
    mail_file: str | None = Field(default=None, description="append mails to this file instead of sending them")

    # An external OpenID Connect issuer.
    oidc_issuer: BaseUrl | None = None
    oidc_audience: str | None = None

    # The outer door.
    cors_origins: CommaList = ()
    trusted_proxies: Annotated[CommaList, AfterValidator(_networks)] = ()
    metrics_token: SecretStr | None = None
    upstream_connect_seconds: float = Field(default=2.0, gt=0)
    upstream_read_seconds: float = Field(default=30.0, gt=0)
    upstream_idle_seconds: float = Field(default=4.0, gt=0, description="below the keep-alive of the services (5 s)")
    upstream_max_requests: int = Field(default=512, ge=1, description="in flight to one service at a time")

    # Limits (API.md, fine print).
    limit_default: Rate = "300/minute"
    limit_login_account: Rate = "10/minute"
    limit_login_address: Rate = "30/minute"
    limit_register: Rate = "10/hour"
    limit_password_reset: Rate = "10/hour"  # noqa: S105  (a rate)
    limit_payments: Rate = "10/minute"
    limit_receipts: Rate = "20/minute"
    limit_posts: Rate = "20/minute"
    limit_verification: Rate = "60/minute"

    @property
    def reset_page(self) -> str:
        """The page that a reset mail links to, without the token."""
        return self.password_reset_url or f"{self.public_url}/password-reset"

    @property
    def secure_cookies(self) -> bool:
        """Cookies are ``Secure`` where the browser speaks HTTPS."""
        return urlsplit(self.public_url).scheme == "https"

    def unsafe_for_production(self) -> list[str]:
        problems = super().unsafe_for_production()
        if self.mail_file is not None:
            problems.append("EDX_MAIL_FILE is for the sandbox; set EDX_SMTP_URL")
        if self.smtp_url is None:
            problems.append("EDX_SMTP_URL is missing: nobody could reset a password")
        if any(urlsplit(origin).scheme != "https" for origin in self.cors_origins):
            problems.append("each of EDX_CORS_ORIGINS must be an https origin")
        if self.oidc_issuer is not None and urlsplit(self.oidc_issuer).scheme != "https":
            problems.append("EDX_OIDC_ISSUER must be https")
        return problems

    @model_validator(mode="after")
    def name_the_audience(self) -> Self:
        """Tokens of an issuer that were meant for somebody else must not be accepted."""
        if self.oidc_issuer is not None and not self.oidc_audience:
            raise ValueError("EDX_OIDC_ISSUER needs EDX_OIDC_AUDIENCE, the client id that its tokens are meant for")
        return self

    @model_validator(mode="after")
    def refuse_wildcard_origins(self) -> Self:
        """Credentials are allowed, so every origin has a name."""
        if "*" in self.cors_origins:
            raise ValueError("EDX_CORS_ORIGINS cannot be '*': cookies are sent, so name each origin")
        return self
