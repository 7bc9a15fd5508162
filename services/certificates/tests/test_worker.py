"""The worker as it runs: events come over Redis, a certificate and its PDF come out."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import redis

from certificates.main import create_app
from certificates.settings import Settings
from certificates.worker import create_app as create_worker_app
from chassis.testing import eventually
from chassis.testing.messaging import enveloped
from contracts.events import Event, stream_of


@pytest.fixture
def publish(redis_url: str) -> Callable[..., None]:
    """What other services' relays do."""

    def send(*events: Event) -> None:
        with redis.Redis.from_url(redis_url) as client:
            for event in events:
                client.xadd(stream_of(event.source), {"__data__": enveloped(event).to_json()})

    return send


def test_from_the_last_lesson_to_a_certificate_with_its_pdf(
    settings: Settings,
    live: Callable[[Any], Any],
    serve: Callable[[Any], httpx.Client],
    tokens: Any,
    student: Any,
    publish: Callable[..., None],
) -> None:
    api = serve(create_app(settings))
    live(create_worker_app(settings))
    mine = tokens.bearer(student.account_id)

    def certificates() -> list[dict[str, Any]]:
        return api.get("/v1/certificates", headers=mine).json()["certificates"]

    publish(student.registered("Ada Obi"), student.activated(), student.completed_course("warm-up"))
    eventually(lambda: certificates() and certificates()[0]["documentReady"], 20, what="the first document")

    started = time.monotonic()
    publish(student.completed_course("sql"))
    eventually(lambda: len(certificates()) == 2, what="the certificate")
    assert time.monotonic() - started < 1.0
    eventually(lambda: certificates()[0]["documentReady"], 5, what="its document")

    answer = api.get(f"/v1/certificates/{certificates()[0]['id']}/download-url", headers=mine)
    pdf = httpx.get(answer.json()["url"])
    assert pdf.content.startswith(b"%PDF")
