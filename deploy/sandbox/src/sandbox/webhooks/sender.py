"""One attempt at one delivery, and the record of how it went."""

import time
from typing import NamedTuple

import httpx
import structlog

from sandbox.clock import Clock
from sandbox.settings import Settings
from sandbox.store import Store, insert, update
from sandbox.webhooks.outbox import Delivery
from sandbox.webhooks.retry import next_attempt_at
from sandbox.webhooks.signing import signed

log = structlog.get_logger()

ANSWER_LENGTH = 500


class Answer(NamedTuple):
    """What the receiver said; ``status`` is None when nothing came back."""

    status: int | None
    text: str
    duration_ms: int


class Sender:
    """Posts signed webhooks; anything but 200 is tried again."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=settings.webhook_timeout_seconds, trust_env=False)

    async def post(self, delivery: Delivery) -> Answer:
        """Send it once."""
        secret = self._settings.paystack_secret_key.get_secret_value()
        body, headers = signed(bytes(delivery.body), secret, delivery.tampering)
        headers |= {"content-type": "application/json", "user-agent": "Paystack/2.0 (sandbox)"}
        started = time.monotonic()
        try:
            response = await self._client.post(self._settings.webhook_url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return Answer(None, f"{type(error).__name__}: {error}"[:ANSWER_LENGTH], _since(started))
        return Answer(response.status_code, response.text[:ANSWER_LENGTH], _since(started))

    def record(self, delivery: Delivery, answer: Answer) -> None:
        """Remember the attempt and decide what follows; also where the sandbox was cleared meanwhile."""
        now = self._clock()
        attempts = delivery.attempts + 1
        with self._store.begin() as db:
            if not db.execute("SELECT 1 FROM deliveries WHERE id = ?", (delivery.id,)).fetchone():
                return
            insert(db, "attempts", delivery_id=delivery.id, at=now, duration_ms=answer.duration_ms,
                   status=answer.status, answer=answer.text)  # fmt: skip
            update(db, "deliveries", delivery.id, attempts=attempts, **self._consequence(delivery, answer, now))
        log.info("webhook attempted", webhook=delivery.event, reference=delivery.reference, delivery=delivery.id,
                 attempt=attempts, status=answer.status)  # fmt: skip

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _consequence(self, delivery: Delivery, answer: Answer, now: int) -> dict[str, object]:
        if answer.status == 200:
            return {"state": "delivered"}
        again_at = next_attempt_at(
            attempts=delivery.attempts + 1,
            now=now,
            created_at=delivery.created_at,
            intervals=self._settings.retry_seconds,
            hours=self._settings.retry_hours,
        )
        return {"state": "gave_up"} if again_at is None else {"due_at": again_at}


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
