"""The optional list of addresses that webhooks may come from."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from enrollment.main import create_app
from enrollment.webhooks.policy import is_allowed_source

PAYSTACK = "52.31.139.75"


@pytest.mark.parametrize(
    ("address", "networks", "allowed"),
    [
        ("203.0.113.9", [], True),
        (PAYSTACK, [PAYSTACK], True),
        (PAYSTACK, ["10.0.0.0/8", "52.31.139.0/24"], True),
        ("203.0.113.9", [PAYSTACK], False),
        ("2001:db8::1", [PAYSTACK], False),
        ("unknown", [PAYSTACK], False),
        ("", [PAYSTACK], False),
    ],
)
def test_which_addresses_are_taken(address: str, networks: Sequence[str], allowed: bool) -> None:
    assert is_allowed_source(address, networks) is allowed


@pytest.fixture
def guarded(
    enrollment_settings: Callable[..., Any], serve: Callable[[Any], httpx.Client], open_school: Any
) -> Callable[..., httpx.Response]:
    http = serve(create_app(enrollment_settings(paystack_webhook_sources=PAYSTACK)))
    raw = b'{"event":"charge.success","data":{"reference":"edx-1","status":"success"}}'

    def post(**headers: str) -> httpx.Response:
        return http.post("/webhooks/paystack", content=raw, headers={**open_school.signed(raw), **headers})

    return post


def test_a_delivery_from_paystack_through_the_gateway_is_stored(guarded: Any, open_school: Any) -> None:
    assert guarded(**{"x-forwarded-for": f"{PAYSTACK}, 10.0.0.7"}).status_code == 200
    assert len(open_school.webhooks()) == 1


@pytest.mark.parametrize("chain", ["203.0.113.9", f"203.0.113.9, {PAYSTACK}", None])
def test_a_signed_delivery_from_elsewhere_is_refused_and_not_stored(
    guarded: Any, open_school: Any, chain: str | None
) -> None:
    answer = guarded(**({"x-forwarded-for": chain} if chain else {}))
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_source")
    assert open_school.webhooks() == []


def test_the_refusal_is_documented(open_school: Any) -> None:
    answers = open_school.app.openapi()["paths"]["/webhooks/paystack"]["post"]["responses"]
    assert "wrong_source" in answers["403"]["description"]


def test_a_mistyped_network_does_not_start(enrollment_settings: Callable[..., Any]) -> None:
    with pytest.raises(ValidationError):
        enrollment_settings(paystack_webhook_sources="52.31.139.75/99")
