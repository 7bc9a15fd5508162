"""Outages of the Paystack API, as ordered by a test."""

import json
import time

import httpx
import pytest

from sandbox.paystack.errors import REFUSALS
from sandbox.testing import RunningSandbox


def order(sandbox: RunningSandbox, **body: object) -> None:
    sandbox.control("faults/api", body, status=201)


def verify(sandbox: RunningSandbox) -> httpx.Response:
    return sandbox.api.get("/transaction/verify/edx-1")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "down"}, 503),
        ({"kind": "down", "status": 500}, 500),
        ({"kind": "down", "status": 502}, 502),
        ({"kind": "rate-limited"}, 429),
        ({"kind": "lost-answer", "seconds": 0}, 504),
    ],
)
def test_an_outage_strikes_as_often_as_ordered(sandbox: RunningSandbox, fault: dict[str, object], status: int) -> None:
    sandbox.initialize()
    order(sandbox, **fault, next=2)
    answers = [verify(sandbox) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].json()["status"] is False


@pytest.mark.parametrize("error", REFUSALS)
def test_every_documented_refusal_can_be_ordered(sandbox: RunningSandbox, error: str) -> None:
    sandbox.initialize()
    order(sandbox, kind="refused", error=error)
    answer = verify(sandbox)
    assert answer.status_code == REFUSALS[error].http_status
    assert (answer.json()["status"], answer.json().get("code")) == (False, REFUSALS[error].code)
    assert "{" not in answer.text.removeprefix("{").replace('"meta": {', "")
    assert verify(sandbox).status_code == 200


def test_a_refusal_may_come_with_another_status(sandbox: RunningSandbox) -> None:
    order(sandbox, kind="refused", error="invalid_key", status=400)
    answer = verify(sandbox)
    assert (answer.status_code, answer.json()) == (400, {"status": False, "message": "Invalid key"})


@pytest.mark.parametrize(
    "body", [{"kind": "refused"}, {"kind": "refused", "error": "x"}, {"kind": "down", "error": "internal"}]
)
def test_an_order_for_a_refusal_names_it(sandbox: RunningSandbox, body: dict[str, str]) -> None:
    sandbox.control("faults/api", body, status=422)


def test_a_rate_limited_caller_is_told_to_wait(sandbox: RunningSandbox) -> None:
    order(sandbox, kind="rate-limited")
    answer = verify(sandbox)
    assert answer.json()["message"] == "Please wait a few minutes and try again."
    assert answer.headers["retry-after"] == "60"


def test_rubbish_is_no_json(sandbox: RunningSandbox) -> None:
    order(sandbox, kind="rubbish")
    answer = verify(sandbox)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_slow_answer_is_the_true_one(sandbox: RunningSandbox) -> None:
    sandbox.initialize()
    order(sandbox, kind="slow", seconds=0.2)
    started = time.monotonic()
    assert verify(sandbox).json()["data"]["reference"] == "edx-1"
    assert time.monotonic() - started >= 0.2


def test_a_call_takes_effect_though_its_caller_lost_patience(sandbox: RunningSandbox) -> None:
    order(sandbox, kind="slow", seconds=0.3, call="initialize")
    order(sandbox, kind="slow", seconds=1, call="verify")
    body = {"email": "ada@example.com", "amount": 20_000, "reference": "edx-1"}
    with pytest.raises(httpx.ReadTimeout):
        sandbox.api.post("/transaction/initialize", json=body, timeout=0.1)
    assert verify(sandbox).json()["data"]["reference"] == "edx-1"


def test_a_lost_answer_hides_a_call_that_took_effect(sandbox: RunningSandbox) -> None:
    order(sandbox, kind="lost-answer", call="initialize", seconds=0)
    body = {"email": "ada@example.com", "amount": 20_000, "reference": "edx-1"}
    assert sandbox.api.post("/transaction/initialize", json=body).status_code == 504
    assert sandbox.verify()["reference"] == "edx-1"
    assert sandbox.api.post("/transaction/initialize", json=body).json()["code"] == "duplicate_reference"


@pytest.mark.parametrize(
    ("call", "path"),
    [("verify", "/transaction/verify/edx-1"), ("list", "/transaction"), ("other", "/refund/1")],
)
def test_an_outage_can_be_for_one_call(sandbox: RunningSandbox, call: str, path: str) -> None:
    sandbox.initialize()
    order(sandbox, kind="down", call=call, next=None)
    down = {
        p: sandbox.api.get(p).status_code == 503 for p in ("/transaction/verify/edx-1", "/transaction", "/refund/1")
    }
    assert [p for p, is_down in down.items() if is_down] == [path]


def test_an_endless_outage_ends_when_it_is_withdrawn(sandbox: RunningSandbox) -> None:
    sandbox.initialize()
    order(sandbox, kind="down", next=None)
    assert {verify(sandbox).status_code for _ in range(5)} == {503}
    assert sandbox.control("faults", method="DELETE") == {"withdrawn": 1}
    assert verify(sandbox).status_code == 200


def test_pages_and_the_control_api_stay_up_in_an_outage(sandbox: RunningSandbox) -> None:
    url = sandbox.initialize()["authorization_url"]
    order(sandbox, kind="down", next=None)
    assert sandbox.http.get(url).status_code == 200
    assert sandbox.control("transactions/edx-1", method="GET")["reference"] == "edx-1"
