"""POST /transaction/initialize: who may, what is accepted, what it answers."""

import json
import re
from typing import Any

import pytest

from sandbox.testing import RunningSandbox

GOOD = {"email": "ada@example.com", "amount": 20_000}
MINIMUMS = {"NGN": 5_000, "USD": 200, "GHS": 10, "ZAR": 100, "KES": 300, "XOF": 100}


def test_a_transaction_gets_a_checkout(sandbox: RunningSandbox) -> None:
    answer = sandbox.api.post("/transaction/initialize", json={**GOOD, "reference": "edx-1"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["message"]) == (True, "Authorization URL created")
    data = body["data"]
    assert data["reference"] == "edx-1"
    assert data["authorization_url"] == f"{sandbox.url}/checkout/{data['access_code']}"


def test_paystack_chooses_a_reference_when_none_is_given(sandbox: RunningSandbox) -> None:
    answer = sandbox.api.post("/transaction/initialize", json=GOOD)
    assert re.fullmatch(r"[A-Za-z0-9.=-]+", answer.json()["data"]["reference"])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "No Authorization Header was found"),
        ("sk_test_0123456789abcdef", "Format is Authorization Bearer [secret key]"),
        ("Basic sk_test_0123456789abcdef", "Format is Authorization Bearer [secret key]"),
        ("Bearer", "Format is Authorization Bearer [secret key]"),
        ("Bearer sk_test_of_somebody_else", "Invalid key"),
        ("Bearer sk_test_0123456789abcde", "Invalid key"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/transaction/initialize"),
        ("GET", "/transaction/verify/edx-1"),
        ("GET", "/transaction"),
        ("POST", "/refund"),
        ("GET", "/refund/1"),
        ("POST", "/refund/retry_with_customer_details/1"),
    ],
)
def test_every_call_needs_the_secret_key(
    sandbox: RunningSandbox, method: str, path: str, header: str | None, message: str
) -> None:
    headers = {"authorization": header} if header else {}
    answer = sandbox.http.request(method, f"/paystack{path}", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"status": False, "message": message})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": None}, "missing_params"),
        ({"email": ""}, "missing_params"),
        ({"email": "ada"}, "invalid_params"),
        ({"email": 7}, "invalid_params"),
        ({"amount": None}, "missing_params"),
        ({"amount": 200.5}, "invalid_params"),
        ({"amount": "200.5"}, "invalid_params"),
        ({"amount": True}, "invalid_params"),
        ({"amount": 0}, "invalid_params"),
        ({"amount": -20_000}, "invalid_params"),
        ({"amount": 10_000_000_01}, "invalid_params"),
        ({"currency": "EUR"}, "invalid_params"),
        ({"currency": "ngn"}, "invalid_params"),
        ({"currency": ["NGN"]}, "invalid_params"),
        ({"channels": "card"}, "invalid_params"),
        ({"channels": ["card", "cheque"]}, "invalid_params"),
        ({"callback_url": "javascript:alert(1)"}, "invalid_params"),
        ({"callback_url": "/relative"}, "invalid_params"),
        ({"callback_url": "http://[half"}, "invalid_params"),
        ({"metadata": 5}, "invalid_params"),
    ],
)
def test_a_bad_parameter_is_refused(sandbox: RunningSandbox, change: dict[str, Any], code: str) -> None:
    answer = sandbox.api.post("/transaction/initialize", json={**GOOD, **change})
    body = answer.json()
    assert answer.status_code == 400
    assert (body["status"], body["type"], body["code"]) == (False, "validation_error", code)
    assert body["meta"]["nextStep"]


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(sandbox: RunningSandbox, raw: bytes) -> None:
    answer = sandbox.api.post("/transaction/initialize", content=raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_params")


@pytest.mark.parametrize(("currency", "minimum"), MINIMUMS.items())
def test_each_currency_has_its_minimum(sandbox: RunningSandbox, currency: str, minimum: int) -> None:
    def ask(amount: int) -> int:
        body = {**GOOD, "currency": currency, "amount": amount}
        return sandbox.api.post("/transaction/initialize", json=body).status_code

    assert (ask(minimum), ask(minimum - 1)) == (200, 400)


def test_an_amount_may_be_a_string_of_digits(sandbox: RunningSandbox) -> None:
    sandbox.initialize(amount="20000")
    assert sandbox.verify()["requested_amount"] == 20_000


@pytest.mark.parametrize("reference", ["abc", "A-1.b=C", "0", "-", "x" * 100])
def test_a_reference_of_allowed_characters_is_taken(sandbox: RunningSandbox, reference: str) -> None:
    assert sandbox.initialize(reference)["reference"] == reference


@pytest.mark.parametrize("reference", ["a_b", "a b", "a/b", "ä", "a+b", "a:b", "a\n", 5])
def test_a_reference_with_another_character_is_refused(sandbox: RunningSandbox, reference: object) -> None:
    answer = sandbox.api.post("/transaction/initialize", json={**GOOD, "reference": reference})
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid character in transaction reference")


def test_a_reference_is_used_once(sandbox: RunningSandbox) -> None:
    first = sandbox.initialize("edx-1")
    answer = sandbox.api.post("/transaction/initialize", json={**GOOD, "reference": "edx-1"})
    assert answer.status_code == 400
    assert answer.json() == {
        "status": False,
        "message": "Duplicate Transaction Reference",
        "meta": {"nextStep": "Try and create the Transaction or Charge with a new reference"},
        "type": "validation_error",
        "code": "duplicate_reference",
    }
    assert sandbox.control("transactions/edx-1", method="GET")["access_code"] == first["access_code"]


@pytest.mark.parametrize("form", [dict, json.dumps])
def test_metadata_comes_as_an_object_or_as_stringified_json(sandbox: RunningSandbox, form: Any) -> None:
    sandbox.initialize(metadata=form({"cohort": "march", "n": 1}))
    assert sandbox.verify()["metadata"] == {"cohort": "march", "n": 1}


def test_the_currency_is_naira_unless_said(sandbox: RunningSandbox) -> None:
    sandbox.initialize()
    assert sandbox.verify()["currency"] == "NGN"


def test_an_unknown_call_is_answered_in_paystacks_manner(sandbox: RunningSandbox) -> None:
    answer = sandbox.api.get("/plan")
    assert (answer.status_code, answer.json()["status"]) == (404, False)
    assert answer.json()["message"] == "Cannot GET /paystack/plan"
