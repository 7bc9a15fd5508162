"""Paystack's documents, read tolerantly; its answers, understood."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from enrollment.paystack import Charge, DisputeNotice, Paystack, ProviderRefused, ProviderUnavailable, RefundNotice
from enrollment.paystack.client import understand
from enrollment.paystack.facts import identifier, instant, money, text

GOOD = {
    "id": 4099260516,
    "domain": "test",
    "status": "success",
    "reference": "edx-1",
    "amount": 40333,
    "paid_at": "2024-08-22T09:15:02.000Z",
    "currency": "NGN",
    "metadata": "",
    "requested_amount": 30050,
}


def test_a_verified_charge() -> None:
    charge = Charge.parse(GOOD)
    assert (charge.status, charge.amount_minor, charge.requested_minor) == ("success", 40333, 30050)
    assert charge.paid_at == datetime(2024, 8, 22, 9, 15, 2, tzinfo=UTC)
    assert charge.provider_id == 4099260516


@pytest.mark.parametrize("rubbish", [None, "", 0, [], {}, True, "x" * 5000, -1, 2**70, 1.5, "\ud800"])
def test_no_field_of_any_type_breaks_the_reading(rubbish: Any) -> None:
    Charge.parse(dict.fromkeys(GOOD, rubbish))
    RefundNotice.parse("refund.processed", dict.fromkeys(["transaction_reference", "amount", "status"], rubbish))
    DisputeNotice.parse({"id": rubbish, "transaction": rubbish, "status": rubbish, "resolution": rubbish})
    DisputeNotice.parse({"id": 1, "transaction": {"reference": rubbish}, "refund_amount": rubbish})


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        (5000, 5000),
        ("5000", 5000),
        (5000.0, 5000),
        ("50.00", None),
        ("-1", None),
        (-1, None),
        (True, None),
        (2**63, None),
    ],
)
def test_money_is_an_int_or_a_string_of_digits(value: Any, minor: int | None) -> None:
    assert money(value) == minor


def test_ids_are_unsigned_64_bit() -> None:
    assert identifier(2**64 - 1) == 2**64 - 1
    assert identifier(2**64) is None
    assert identifier("302961") == 302961


def test_instants_without_an_offset_are_utc_and_impossible_ones_are_missing() -> None:
    assert instant("2024-08-22T09:15:02") == datetime(2024, 8, 22, 9, 15, 2, tzinfo=UTC)
    assert instant("0001-01-01T00:00:00+14:00") is None
    assert instant("yesterday") is None
    assert text(False) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (503, b"<html>"),
        (429, b'{"status":false,"message":"Please wait"}'),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b""),
        (302, b"{}"),
    ],
)
def test_what_is_no_answer_leaves_everything_open(status: int, body: bytes) -> None:
    with pytest.raises(ProviderUnavailable):
        understand(status, body, {})


@pytest.mark.parametrize(("status", "code"), [(400, "duplicate_reference"), (401, ""), (404, "x"), (422, "y")])
def test_a_refusal_is_a_definite_no(status: int, code: str) -> None:
    with pytest.raises(ProviderRefused) as refusal:
        understand(status, orjson.dumps({"status": False, "message": "No", "code": code}), {})
    assert refusal.value.code == code


def test_status_false_with_200_is_a_refusal_too() -> None:
    with pytest.raises(ProviderRefused):
        understand(200, b'{"status":false,"message":"No"}', {})


def paystack(answer: Any) -> Paystack:
    return Paystack("https://api.paystack.test", "sk_test_x", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    "refusal",
    [
        (404, {"status": False, "message": "Transaction reference not found."}),
        (400, {"status": False, "message": "Transaction reference not found", "code": "transaction_not_found"}),
        (400, {"status": False, "message": "Transaction reference not found"}),
    ],
)
def test_an_unknown_reference_is_none_however_paystack_says_it(refusal: tuple[int, dict[str, Any]]) -> None:
    assert paystack(lambda _: httpx.Response(refusal[0], json=refusal[1])).verify("edx-1") is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"authorization_url": "javascript:alert(1)", "access_code": "x"},
        {"authorization_url": "https://pay.test/x"},
        {"authorization_url": "https://pay.test/x", "access_code": "x", "reference": "another"},
    ],
)
def test_a_checkout_without_its_page_is_no_checkout(data: Any) -> None:
    client = paystack(lambda _: httpx.Response(200, json={"status": True, "data": data}))
    with pytest.raises(ProviderUnavailable):
        client.initialize(email="a@b.c", amount_minor=1, currency="NGN", reference="edx-1", callback_url=None)


def test_verify_about_another_reference_is_no_answer() -> None:
    with pytest.raises(ProviderUnavailable):
        paystack(lambda _: httpx.Response(200, json={"status": True, "data": GOOD})).verify("edx-2")


def _failing(calls: list[str], error: type[httpx.TransportError]) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        raise error("no", request=request)

    return answer


@pytest.mark.parametrize(
    ("error", "reads", "writes"),
    [(httpx.ConnectError, 2, 2), (httpx.ReadError, 2, 1), (httpx.ReadTimeout, 1, 1), (httpx.RemoteProtocolError, 2, 1)],
)
def test_only_what_is_safe_is_sent_again(error: type[httpx.TransportError], reads: int, writes: int) -> None:
    calls: list[str] = []
    client = paystack(_failing(calls, error))
    with pytest.raises(ProviderUnavailable):
        client.verify("edx-1")
    with pytest.raises(ProviderUnavailable):
        client.refund(reference="edx-1", amount_minor=1, currency="NGN", refund_id=uuid4())
    assert (calls.count("GET"), calls.count("POST")) == (reads, writes)


def test_an_endless_answer_is_cut_off() -> None:
    client = paystack(lambda _: httpx.Response(200, content=b" " * (2 * 1024 * 1024)))
    with pytest.raises(ProviderUnavailable):
        client.verify("edx-1")
