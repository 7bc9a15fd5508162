"""Production refuses what only development may have; secrets never show."""

from typing import Any

import pytest
from example_service import ExampleSettings
from pydantic import ValidationError

GOOD = {"env": "production", "public_url": "https://api.school.example", "service_token_secrets": "s" * 32}


def test_production_takes_safe_settings(settings_for: Any) -> None:
    assert settings_for(ExampleSettings, **GOOD).env == "production"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"public_url": "http://api.school.example"}, "EDX_PUBLIC_URL must be https"),
        ({"service_token_secrets": "short"}, "EDX_SERVICE_TOKEN_SECRETS needs 32 characters"),
        ({"service_token_secrets": f"{'s' * 32},short"}, "EDX_SERVICE_TOKEN_SECRETS needs 32 characters"),
    ],
)
def test_production_refuses_unsafe_settings(settings_for: Any, changed: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings_for(ExampleSettings, **{**GOOD, **changed})


def test_without_a_service_secret_nothing_starts(settings_for: Any) -> None:
    with pytest.raises(ValidationError, match="EDX_SERVICE_TOKEN_SECRETS is empty"):
        settings_for(ExampleSettings, service_token_secrets="")


def test_a_service_reads_only_its_own_database_url(settings_for: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDX_CHASSIS_DATABASE_URL", "mysql+pymysql://own")
    monkeypatch.setenv("EDX_DATABASE_URL", "mysql+pymysql://shared")
    monkeypatch.setenv("EDX_REDIS_URL", "redis://one")
    monkeypatch.setenv("EDX_CACHE_REDIS_URL", "redis://two")
    monkeypatch.setenv("EDX_SERVICE_TOKEN_SECRETS", "new-secret, old-secret")
    settings = ExampleSettings()
    assert settings.database_url.get_secret_value() == "mysql+pymysql://own"
    assert [secret.get_secret_value() for secret in settings.service_token_secrets] == ["new-secret", "old-secret"]
    assert "secret" not in repr(settings).replace("service_token_secrets", "").replace("SecretStr", "")


def test_settings_are_frozen(settings_for: Any) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings_for(ExampleSettings).env = "production"
