"""Settings: one frozen object, read once in ``create_app`` from ``EDX_*`` variables (see ``.env.example``)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.sources import EnvSettingsSource

PREFIX = "EDX_"


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


#: A comma-separated list in the environment, a tuple of strings here.
CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


def _split_secrets(value: Any) -> Any:
    parts = _split(value.get_secret_value() if isinstance(value, SecretStr) else value)
    return tuple(part if isinstance(part, SecretStr) else SecretStr(part) for part in parts)


#: A comma-separated list of secrets: the first is used, all are accepted (rotation).
SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_secrets)]

#: A URL without its trailing slash, so that paths can be appended.
BaseUrl = Annotated[str, AfterValidator(lambda value: value.rstrip("/"))]


class _OwnDatabaseUrl(EnvSettingsSource):
    """Reads ``database_url`` from ``EDX_<SERVICE>_DATABASE_URL``: each service knows only its own."""

    def _extract_field_info(
        self, field: FieldInfo, field_name: str, model_config: Mapping[str, Any] | None = None
    ) -> list[tuple[str, str, bool]]:
        if field_name == "database_url":
            name = environment_key(self.settings_cls, field_name)  # type: ignore[arg-type]
            return [(field_name, name.lower(), False)]
        return super()._extract_field_info(field, field_name, model_config)


class ServiceSettings(BaseSettings):
    """What every process of a service reads."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    #: The unit's name: its schema, stream, group and metrics carry it.
    service: ClassVar[str] = "service"

    env: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    database_url: SecretStr = Field(description="the service's own schema, by its least privileged user")
    database_pool_size: int = Field(default=6, ge=1, le=64)
    redis_url: SecretStr = Field(description="streams; noeviction")
    cache_redis_url: SecretStr = Field(description="cached reads; may be lost at any time")
    stream_maxlen: int = Field(default=1_000_000, ge=1000)
    stream_max_age_days: float = Field(default=7, ge=0)
    outbox_retention_days: int = Field(default=0, ge=0)
    consumer_batch: int = Field(default=100, ge=1, le=1000)

    public_url: BaseUrl = "http://127.0.0.1:8080"
    gateway_url: BaseUrl = "http://127.0.0.1:8080"
    jwks_url: str | None = None
    token_issuer: str | None = None
    token_audience: str = "edxelera"  # noqa: S105
    service_token_secrets: SecretList = Field(description="first signs, all verify")
    otel_endpoint: str | None = None

    @property
    def issuer(self) -> str:
        """Who signs access tokens."""
        return self.token_issuer or self.public_url

    @property
    def jwks(self) -> str:
        """Where the public keys of access tokens are."""
        return self.jwks_url or f"{self.gateway_url}/.well-known/jwks.json"

    @model_validator(mode="after")
    def refuse_unsafe_production(self) -> Self:
        """Production refuses plain-HTTP public URLs and short secrets."""
        if self.env == "production":
            for problem in self.unsafe_for_production():
                raise ValueError(f"EDX_ENV=production: {problem}")
        return self

    def unsafe_for_production(self) -> list[str]:
        """What a production environment must not have; services add their own."""
        problems = []
        if urlsplit(self.public_url).scheme != "https":
            problems.append("EDX_PUBLIC_URL must be https")
        if any(len(secret.get_secret_value()) < 32 for secret in self.service_token_secrets):
            problems.append("each of EDX_SERVICE_TOKEN_SECRETS needs 32 characters or more")
        return problems

    @model_validator(mode="after")
    def need_a_service_secret(self) -> Self:
        """Without a secret no internal call could be trusted."""
        if not self.service_token_secrets:
            raise ValueError("EDX_SERVICE_TOKEN_SECRETS is empty")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment."""
        return init_settings, _OwnDatabaseUrl(settings_cls), file_secret_settings


def environment_key(settings: type[ServiceSettings], field: str) -> str:
    """The environment variable that fills ``field``."""
    if field == "database_url":
        return f"{PREFIX}{settings.service.upper()}_DATABASE_URL"
    return f"{PREFIX}{field.upper()}"
