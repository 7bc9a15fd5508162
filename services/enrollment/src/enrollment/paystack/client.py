"""The calls to Paystack. Blocking, thread-safe, without any state of ours.

What may be sent again safely is: reading (verify, refunds) after any failure, and initialising when no connection
could be made, because then nothing was sent. Paystack knows no idempotency key; the unique reference is it.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx
import orjson

from enrollment.paystack.errors import ProviderRefused, ProviderUnavailable, ProviderUnreachable
from enrollment.paystack.facts import Charge, Checkout, ProviderRefund, text

CONNECT_SECONDS = 3.0
#: Far more than any answer of Paystack; what is longer is rubbish.
MAX_ANSWER_BYTES = 1024 * 1024
ATTEMPTS = 2
#: Of a hundred transactions each; a list that is longer is asked for in shorter spans.
MOST_PAGES = 1000


class Paystack:
    """Paystack's API under one secret key. Every call ends within ``timeout`` seconds per attempt."""

    def __init__(
        self, base_url: str, secret_key: str, *, timeout: float = 12.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._timeout = timeout
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {secret_key}", "Accept": "application/json"},
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
            follow_redirects=False,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def initialize(
        self, *, email: str, amount_minor: int, currency: str, reference: str, callback_url: str | None
    ) -> Checkout:
        """A checkout page for exactly this reference; ``ProviderRefused`` if the reference exists."""
        body = {"email": email, "amount": amount_minor, "currency": currency, "reference": reference}
        if callback_url:
            body["callback_url"] = callback_url
        data = self._data("POST", "/transaction/initialize", body)
        url, code = text(data.get("authorization_url")), text(data.get("access_code"))
        answered = text(data.get("reference"))
        if url is None or not url.startswith(("https://", "http://")) or code is None or len(code) > 200:
            raise ProviderUnavailable("Paystack answered without a checkout page")
        if answered is not None and answered != reference:
            raise ProviderUnavailable("Paystack answered with another reference")
        return Checkout(url, code, reference)

    def verify(self, reference: str) -> Charge | None:
        """The transaction; None when Paystack does not know the reference."""
        try:
            data = self._data("GET", f"/transaction/verify/{quote(reference, safe='')}")
        except ProviderRefused as refusal:
            if refusal.is_unknown_transaction:
                return None
            raise
        charge = Charge.parse(data)
        if charge.reference != reference:
            raise ProviderUnavailable("Paystack answered about another reference")
        return charge

    def list_transactions(self, since: datetime) -> Iterator[Charge]:
        """Every transaction begun since then, newest first, page by page; ``PaystackError``."""
        begin = since.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        following: str | None = None
        for _ in range(MOST_PAGES):
            query = {
                "use_cursor": "true",
                "perPage": "100",
                "from": begin,
                **({"next": following} if following else {}),
            }
            document = self._call("GET", f"/transaction?{urlencode(query)}")
            found, meta = document.get("data"), document.get("meta")
            if not isinstance(found, list):
                raise ProviderUnavailable("Paystack answered without a list")
            yield from (Charge.parse(item) for item in found if isinstance(item, Mapping))
            following = text(meta.get("next")) if isinstance(meta, Mapping) else None
            if following is None:
                return
        raise ProviderUnavailable(f"Paystack's list does not end after {MOST_PAGES} pages")

    def refund(self, *, reference: str, amount_minor: int, currency: str, refund_id: UUID) -> ProviderRefund:
        """Ask for a refund. After ``ProviderUnavailable`` look with ``find_refund`` before asking again."""
        body = {
            "transaction": reference,
            "amount": amount_minor,
            "currency": currency,
            "merchant_note": str(refund_id),
        }
        return ProviderRefund.parse(self._data("POST", "/refund", body))

    def find_refund(self, *, reference: str, refund_id: UUID) -> ProviderRefund | None:
        """The refund that ``refund`` asked for under this id, if Paystack has it."""
        found = self._call("GET", f"/refund?transaction={quote(reference, safe='')}&perPage=100").get("data")
        refunds = [ProviderRefund.parse(item) for item in found if isinstance(item, Mapping)] if found else []
        return next((refund for refund in refunds if refund.note == str(refund_id)), None)

    def fetch_refund(self, provider_id: int) -> ProviderRefund:
        """How a refund stands."""
        return ProviderRefund.parse(self._data("GET", f"/refund/{provider_id}"))

    def _data(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        data = self._call(method, path, body).get("data")
        if not isinstance(data, Mapping):
            raise ProviderUnavailable("Paystack answered without data")
        return data

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once(method, path, body)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if attempt == ATTEMPTS:
                    raise ProviderUnreachable(f"Paystack cannot be reached: {error}") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if attempt == ATTEMPTS or method != "GET" or isinstance(error, httpx.TimeoutException):
                    raise ProviderUnavailable(f"Paystack did not answer: {type(error).__name__} {error}") from error
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        deadline = time.monotonic() + self._timeout
        raw = bytearray()
        with self._http.stream(method, path, json=body) as response:
            for chunk in response.iter_bytes():
                raw += chunk
                if time.monotonic() > deadline or len(raw) > MAX_ANSWER_BYTES:
                    raise ProviderUnavailable("Paystack's answer is too slow or too long")
        return understand(response.status_code, bytes(raw), response.headers)


def understand(status: int, raw: bytes, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """The document of a good answer; raises for every other (facts: 200, 201, 400, 401, 404, 422, 5xx; 429)."""
    if status == 429 or status >= 500 or status in {408, 425}:
        after = headers.get("retry-after", "")
        raise ProviderUnavailable(f"Paystack answered {status}", int(after) if after.isdigit() else 5)
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ProviderUnavailable(f"Paystack answered {status} with something that is not JSON") from error
    if not isinstance(document, Mapping):
        raise ProviderUnavailable(f"Paystack answered {status} with JSON that is no document")
    if status in {200, 201} and document.get("status") is not False:
        return document
    if 300 <= status < 400:
        raise ProviderUnavailable(f"Paystack answered {status}, a redirect")
    raise ProviderRefused(status, text(document.get("code")) or "", text(document.get("message")) or "no message")
