"""Enrollment's settings."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from chassis.settings import BaseUrl, CommaList, SecretList, ServiceSettings

SANDBOX_MARK = "sandbox"


class EnrollmentSettings(ServiceSettings):
    """What the processes of enrollment read, beside what every service does."""

    service: ClassVar[str] = "enrollment"

    paystack_base_url: BaseUrl = "https://api.paystack.co"
    paystack_secret_keys: SecretList = Field(
        min_length=1, description="the first calls Paystack, all of them verify webhooks"
    )
    paystack_domain: Literal["test", "live"] = "test"
    #: The longest that one call to Paystack may take, from the first byte sent to the last received.
    paystack_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 12.0

    #: Who is asked whether they know our enrollments.
    learning_url: BaseUrl = "http://127.0.0.1:8102"
    certificates_url: BaseUrl = "http://127.0.0.1:8104"
    discussion_url: BaseUrl = "http://127.0.0.1:8105"

    #: Networks that webhooks may come from; empty means any. The gateway tells the address (its trusted proxies).
    paystack_webhook_sources: CommaList = ()

    #: Origins a browser may be sent back to after paying; empty means the public and the CORS origins.
    callback_url_allowlist: CommaList = ()
    cors_origins: CommaList = ()

    checkout_hold_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60
    checkout_grace_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24

    issuer_name: str = Field(default="EdXelera", description="as it stands on receipts")
    issuer_address: str = Field(default="", description="lines below the name, separated by semicolons")
    issuer_tax_id: str | None = None
    support_email: str | None = Field(default=None, description="where people ask about a receipt")

    #: Days before an instalment is due on which the student is reminded of it.
    instalment_reminder_days: CommaList = ("7", "1")

    @property
    def reminder_days(self) -> tuple[int, ...]:
        """The same as numbers."""
        return tuple(int(days) for days in self.instalment_reminder_days)

    @property
    def checkout_hold(self) -> timedelta:
        """How long a checkout keeps its seat."""
        return timedelta(minutes=self.checkout_hold_minutes)

    @property
    def checkout_grace(self) -> timedelta:
        """How long after the hold money is still welcome, window or not, as long as there is a seat."""
        return timedelta(hours=self.checkout_grace_hours)

    @property
    def callback_origins(self) -> tuple[str, ...]:
        """The origins that ``callbackUrl`` may have."""
        return self.callback_url_allowlist or (self.public_url, *self.cors_origins)

    @property
    def issuer_lines(self) -> tuple[str, ...]:
        """The issuer's address, line by line."""
        return tuple(line.strip() for line in self.issuer_address.split(";") if line.strip())

    @field_validator("paystack_webhook_sources")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network, strict=False)
        return value

    @field_validator("instalment_reminder_days")
    @classmethod
    def _are_days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for days in value:
            if not days.isdecimal() or not 1 <= int(days) <= 90:
                raise ValueError(f"{days!r} is no number of days from 1 to 90")
        return value

    def unsafe_for_production(self) -> list[str]:
        """Production takes real money: live keys, the real Paystack, over TLS."""
        problems = super().unsafe_for_production()
        if not self.paystack_base_url.startswith("https://"):
            problems.append("EDX_PAYSTACK_BASE_URL must be https")
        if not self.paystack_secret_keys:
            problems.append("EDX_PAYSTACK_SECRET_KEYS is empty")
        if any(_looks_like_sandbox(key.get_secret_value()) for key in self.paystack_secret_keys):
            problems.append("EDX_PAYSTACK_SECRET_KEYS holds a key of the sandbox")
        if self.paystack_domain == "live" and any(
            not key.get_secret_value().startswith("sk_live_") for key in self.paystack_secret_keys
        ):
            problems.append("EDX_PAYSTACK_DOMAIN=live needs sk_live_ keys in EDX_PAYSTACK_SECRET_KEYS")
        return problems


def _looks_like_sandbox(key: str) -> bool:
    return SANDBOX_MARK in key or len(key) < 20
