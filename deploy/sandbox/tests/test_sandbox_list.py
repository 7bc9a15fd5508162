"""GET /transaction: reconciliation by filters and pages."""

import base64

import pytest

from sandbox.testing import RunningSandbox


@pytest.fixture
def three(sandbox: RunningSandbox) -> RunningSandbox:
    """edx-1 paid, edx-2 failed an hour later, edx-3 of another customer open, two hours later."""
    sandbox.paid("edx-1", amount=10_000)
    sandbox.advance(3600)
    sandbox.initialize("edx-2", amount=20_000)
    sandbox.control("transactions/edx-2/fail")
    sandbox.advance(3600)
    sandbox.initialize("edx-3", amount=30_000, email="grace@example.com")
    return sandbox


def references(sandbox: RunningSandbox, **query: object) -> list[str]:
    answer = sandbox.api.get("/transaction", params=query)
    assert answer.status_code == 200, answer.text
    return [row["reference"] for row in answer.json()["data"]]


def test_the_newest_come_first(three: RunningSandbox) -> None:
    assert references(three) == ["edx-3", "edx-2", "edx-1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "success"}, ["edx-1"]),
        ({"status": "failed"}, ["edx-2"]),
        ({"status": "abandoned"}, ["edx-3"]),
        ({"status": "nonsense"}, []),
        ({"amount": 20_000}, ["edx-2"]),
        ({"channel": "card"}, ["edx-1"]),
        ({"channel": "ussd"}, []),
        ({"settlement": "123"}, []),
        ({"source": "merchant_api"}, ["edx-3", "edx-2", "edx-1"]),
        ({"source": "pos"}, []),
        ({"status": "success", "amount": 20_000}, []),
    ],
)
def test_filters(three: RunningSandbox, query: dict[str, object], found: list[str]) -> None:
    assert references(three, **query) == found


def test_filters_by_customer(three: RunningSandbox) -> None:
    assert references(three, customer=three.verify("edx-3")["customer"]["id"]) == ["edx-3"]


def test_filters_by_time_with_both_ends_included(three: RunningSandbox) -> None:
    at = three.verify("edx-2")["created_at"]
    assert references(three, **{"from": at}) == ["edx-3", "edx-2"]
    assert references(three, to=at) == ["edx-2", "edx-1"]
    assert references(three, **{"from": at, "to": at}) == ["edx-2"]


@pytest.mark.parametrize(
    "query",
    [
        {"amount": "much"},
        {"amount": 2**63},
        {"customer": "ada"},
        {"from": "yesterday"},
        {"to": "2024-13-01"},
        {"perPage": 0},
        {"perPage": "all"},
        {"page": -1},
        {"use_cursor": "true", "next": "rubbish!"},
        {"use_cursor": "true", "next": base64.b64encode(b"refund:5").decode()},
    ],
)
def test_a_bad_filter_is_refused(sandbox: RunningSandbox, query: dict[str, object]) -> None:
    answer = sandbox.api.get("/transaction", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_params")


def test_pages_by_number(three: RunningSandbox) -> None:
    answer = three.api.get("/transaction", params={"perPage": 2, "page": 2}).json()
    assert [row["reference"] for row in answer["data"]] == ["edx-1"]
    assert answer["meta"] == {
        "total": 3,
        "total_volume": 60_000,
        "skipped": 2,
        "perPage": 2,
        "page": 2,
        "pageCount": 2,
    }


def test_pages_by_cursor_do_not_shift_when_transactions_are_added(three: RunningSandbox) -> None:
    first = three.api.get("/transaction", params={"use_cursor": "true", "perPage": 2}).json()
    three.initialize("edx-4")
    following = first["meta"]["next"]
    second = three.api.get("/transaction", params={"use_cursor": "true", "perPage": 2, "next": following}).json()
    assert [row["reference"] for row in first["data"] + second["data"]] == ["edx-3", "edx-2", "edx-1"]
    assert second["meta"] == {"next": None, "previous": None, "perPage": 2}


def test_a_last_page_that_is_full_has_no_next(three: RunningSandbox) -> None:
    assert three.api.get("/transaction", params={"use_cursor": "true", "perPage": 3}).json()["meta"]["next"] is None
