"""Start page, mails, health and settings."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sandbox.paystack.money import fees_of, written
from sandbox.settings import Settings
from sandbox.testing import RunningSandbox


def test_the_start_page_leads_to_open_checkouts_and_shows_webhooks(sandbox: RunningSandbox) -> None:
    url = sandbox.initialize()["authorization_url"]
    sandbox.paid("edx-2", announce=True)
    sandbox.settle()
    sandbox.control("faults/webhooks", {"kind": "drop", "next": 3}, status=201)
    page = sandbox.http.get("/").text
    for text in (url.removeprefix(sandbox.url), "charge.success", "delivered", "200 received", "drop"):
        assert text in page


def test_the_calls_are_explained_without_anything_from_elsewhere(sandbox: RunningSandbox) -> None:
    answer = sandbox.http.get("/docs")
    for text in ("POST /sandbox/transactions/{reference}/pay", "fees_passed_on", "insufficient_balance", "reorder"):
        assert text in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert f"{sandbox.url}/sandbox/faults/api" in answer.text


def test_a_refusal_on_order_is_named_on_the_start_page(sandbox: RunningSandbox) -> None:
    sandbox.control("faults/api", {"kind": "refused", "error": "fully_reversed"}, status=201)
    assert "refused: fully_reversed" in sandbox.http.get("/").text


def test_what_customers_write_is_escaped(sandbox: RunningSandbox) -> None:
    sandbox.initialize(email="<script>@x.test")
    sandbox.control("events", {"event": "<script>"})
    assert "<script>" not in sandbox.http.get("/").text


@pytest.mark.parametrize("path", ["/nowhere", "/sandbox/nowhere"])
def test_an_unknown_page_is_explained(sandbox: RunningSandbox, path: str) -> None:
    answer = sandbox.http.get(path)
    assert answer.status_code == 404
    assert "Not Found" in answer.text


def test_mails_are_shown_with_links_that_can_be_followed(make_settings: Any, tmp_path: Path) -> None:
    mails = tmp_path / "mails.txt"
    with RunningSandbox(lambda url: make_settings(public_url=url, mail_file=mails)) as sandbox:
        assert "No mail yet" in sandbox.http.get("/mails").text
        mails.write_text("To: ada@example.com\n\nhttps://learn.test/reset?token=abc <b>bold</b>\n" * 1000)
        page = sandbox.http.get("/mails").text
    assert '<a href="https://learn.test/reset?token=abc"' in page
    assert "<b>" not in page
    assert page.count('/reset?token=abc"') == 200, "only the end of a long file"


def test_without_a_mail_file_the_page_says_how_to_set_one(sandbox: RunningSandbox) -> None:
    assert "SANDBOX_MAIL_FILE" in sandbox.http.get("/mails").text


def test_the_style_sheet_is_served(sandbox: RunningSandbox) -> None:
    answer = sandbox.http.get("/sandbox.css")
    assert answer.headers["content-type"].startswith("text/css")


def test_health(sandbox: RunningSandbox) -> None:
    assert sandbox.http.get("/livez").json() == {"status": "alive"}
    ready = sandbox.http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert ready.json()["checks"] == {"store": "ok", "webhooks": "ok", "objects": "ok"}


def test_a_sandbox_without_its_webhook_loop_is_not_ready(make_settings: Any) -> None:
    with RunningSandbox(lambda url: make_settings(public_url=url)) as sandbox:
        pump = sandbox.app.state.pump
        pump.loop.call_soon_threadsafe(pump._task.cancel)
        ready = sandbox.http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"] == {"store": "ok", "webhooks": "stopped", "objects": "not configured"}


def test_a_cleared_sandbox_does_not_take_the_new_for_the_old(sandbox: RunningSandbox) -> None:
    before = sandbox.paid()["id"]
    sandbox.control("reset")
    assert sandbox.api.get("/transaction").json()["data"] == []
    assert sandbox.paid()["id"] > before


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_PAYSTACK_SECRET_KEY", "sk_test_1")
    monkeypatch.setenv("SANDBOX_PUBLIC_URL", "http://sandbox.test/")
    monkeypatch.setenv("SANDBOX_RETRY_SECONDS", "1, 5,30.5")
    monkeypatch.setenv("SANDBOX_CALLBACK_URL", "")
    settings = Settings()
    assert settings.public_url == "http://sandbox.test"
    assert settings.retry_seconds == (1, 5, 30.5)
    assert settings.callback_url is None
    assert "sk_test_1" not in repr(settings)


def test_a_secret_key_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_PAYSTACK_SECRET_KEY", raising=False)
    with pytest.raises(ValidationError, match="paystack_secret_key"):
        Settings()


@pytest.mark.parametrize("text", ["", ",", "-1", "soon"])
def test_retry_intervals_must_be_usable(text: str) -> None:
    with pytest.raises(ValidationError, match="retry_seconds"):
        Settings(paystack_secret_key="sk_test_1", retry_seconds=text)


@pytest.mark.parametrize(
    ("currency", "amount", "fees"),
    [
        ("NGN", 2_499_99, 3_749),
        ("NGN", 2_500_00, 137_50),
        ("NGN", 1_000_000_00, 2_000_00),
        ("GHS", 100_00, 1_95),
        ("EUR", 100_00, 1_50),
    ],
)
def test_fees(currency: str, amount: int, fees: int) -> None:
    assert fees_of(currency, amount) == fees


def test_amounts_are_written_for_people() -> None:
    assert written("NGN", 2_500_005) == "NGN 25,000.05"
