"""Deny unless allowed: every way in which a token can be wrong."""

import time
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from example_service import ExampleSettings
from pydantic import SecretStr

from chassis import service_tokens
from chassis.errors import Unauthenticated
from chassis.testing.identity import AUDIENCE, ISSUER, SERVICE_SECRET

ME = "/me"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_good_token_is_the_caller(client: httpx.Client, tokens: Any) -> None:
    account = uuid4()
    answer = client.get(ME, headers=tokens.bearer(account, roles=("student", "instructor")))
    assert answer.json() == {"id": str(account), "roles": ["instructor", "student"]}


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "http://another.test"},
    "another audience": {"aud": "another"},
    "expired": {"exp": int(time.time()) - 120},
    "not yet valid": {"nbf": int(time.time()) + 3600},
    "the subject is no UUID": {"sub": "not-a-uuid"},
    "no subject": {"sub": None},
    "roles is a string": {"roles": "admin"},
    "roles holds a number": {"roles": [1]},
    "teaches is an object": {"teaches": {"a": 1}},
}


@pytest.mark.parametrize("what", WRONG_CLAIMS)
def test_a_wrong_claim_is_no_token(client: httpx.Client, tokens: Any, what: str) -> None:
    claims = {**tokens.claims(), **WRONG_CLAIMS[what]}
    answer = client.get(ME, headers=bearer(tokens.encode(claims)))
    assert (answer.status_code, answer.json().get("code")) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("shift", "status"), [(55, 200), (-55, 200), (75, 401), (-75, 401)], ids="{:+d} s".format)
def test_clocks_may_be_some_seconds_apart(client: httpx.Client, tokens: Any, shift: int, status: int) -> None:
    now = int(time.time())
    fresh = tokens.claims(iat=now + shift) if shift > 0 else tokens.claims(iat=now - 600, exp=now + shift)
    assert client.get(ME, headers=bearer(tokens.encode(fresh))).status_code == status


@pytest.mark.parametrize(("shift", "believed"), [(55, True), (-55, True), (75, False), (-75, False)])
def test_services_believe_each_other_although_their_clocks_differ(shift: int, believed: bool) -> None:
    settings = ExampleSettings.model_construct(service_token_secrets=(SecretStr(SERVICE_SECRET),))
    now = int(time.time())
    claims = {"iss": "media", "aud": settings.service, "iat": now, "exp": now + 60}
    claims |= {"iat": now + shift} if shift > 0 else {"exp": now + shift}
    token = jwt.encode(claims, SERVICE_SECRET, algorithm="HS256", headers={"typ": service_tokens.KIND})
    if believed:
        assert service_tokens.verify(settings, token) == "media"
    else:
        with pytest.raises(Unauthenticated):
            service_tokens.verify(settings, token)


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "exp", "iat"])
def test_a_missing_claim_is_no_token(client: httpx.Client, tokens: Any, missing: str) -> None:
    claims = tokens.claims()
    del claims[missing]
    assert client.get(ME, headers=bearer(tokens.encode(claims))).status_code == 401


def test_forgeries(client: httpx.Client, tokens: Any) -> None:
    claims = tokens.claims(roles=("admin",))
    good = tokens.encode(claims)
    head, body, signature = good.split(".")
    forged = {
        "another key": tokens.encode(claims, key=ec.generate_private_key(ec.SECP256R1())),
        "an unknown key id": tokens.encode(claims, kid="unknown"),
        "no signature": jwt.encode(claims, None, algorithm="none"),
        "HMAC with a guess": jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "test-key"}),
        "another body": f"{head}.{tokens.encode(tokens.claims()).split('.')[1]}.{signature}",
        "a cut signature": f"{head}.{body}.{signature[:-4]}",
        "not a token": "abc",
        "a service token": jwt.encode(
            {"iss": "media", "aud": AUDIENCE, "iat": int(time.time()), "exp": int(time.time()) + 60},
            SERVICE_SECRET,
            algorithm="HS256",
        ),
    }
    for what, token in forged.items():
        assert client.get(ME, headers=bearer(token)).status_code == 401, what


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "bearer", "token"])
def test_another_scheme_is_no_token(client: httpx.Client, header: str) -> None:
    assert client.get(ME, headers={"Authorization": header}).status_code == 401


def test_a_remembered_token_still_expires(tokens: Any, settings_for: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from chassis import tokens as module
    from chassis.tokens import TokenVerifier

    verifier = TokenVerifier(settings_for(ExampleSettings))
    token = tokens.encode(tokens.claims())
    assert verifier.verify(token) is verifier.remembered(token)
    real = time.time
    monkeypatch.setattr(module.time, "time", lambda: real() + 601)
    assert verifier.remembered(token) is None


@pytest.mark.parametrize(
    ("path", "roles", "status", "code"),
    [
        ("/admin", ("admin",), 200, None),
        ("/admin", ("instructor",), 403, "admin_only"),
        ("/admin", ("student",), 403, "admin_only"),
        ("/admin", (), 403, "admin_only"),
        ("/staff", ("admin",), 200, None),
        ("/staff", ("instructor",), 200, None),
        ("/staff", ("student",), 403, "staff_only"),
    ],
)
def test_roles(
    client: httpx.Client, tokens: Any, path: str, roles: tuple[str, ...], status: int, code: str | None
) -> None:
    answer = client.get(path, headers=tokens.bearer(roles=roles))
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_internal_endpoints_take_service_tokens_only(client: httpx.Client, tokens: Any) -> None:
    path = "/internal/whoami"
    assert client.get(path, headers=tokens.service("media", "chassis")).json() == {"service": "media"}
    assert client.get(path, headers=tokens.service("media", "learning")).status_code == 401
    assert client.get(path, headers=tokens.admin()).status_code == 401
    assert client.get(path).status_code == 401


def test_service_secrets_rotate(settings_for: Any) -> None:
    old = settings_for(ExampleSettings, service_token_secrets="o" * 40)
    both = settings_for(ExampleSettings, service_token_secrets=f"{'n' * 40},{'o' * 40}")
    new = settings_for(ExampleSettings, service_token_secrets="n" * 40)
    assert service_tokens.verify(both, service_tokens.mint(old, "chassis")) == "chassis"
    assert service_tokens.verify(new, service_tokens.mint(both, "chassis")) == "chassis"
    from chassis.errors import Unauthenticated

    with pytest.raises(Unauthenticated):
        service_tokens.verify(new, service_tokens.mint(old, "chassis"))


def test_the_issuer_is_the_public_url_unless_named(settings_for: Any) -> None:
    assert settings_for(ExampleSettings).issuer == ISSUER
    assert settings_for(ExampleSettings, token_issuer=None, public_url="https://api.school.example/").issuer == (
        "https://api.school.example"
    )
