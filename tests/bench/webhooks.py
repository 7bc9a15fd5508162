"""Paystack's webhooks at a steady rate, sent when they are due whether or not earlier ones have been answered."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from uuid import uuid4

import httpx
from tests.bench.load import Outcome

PATH = "/webhooks/paystack"


def deliveries(secret: str, references: Sequence[str]) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Signed bodies, one for each charge: every one is stored, verified with Paystack and settled."""
    for reference in references:
        data = {"id": uuid4().int >> 80, "domain": "test", "status": "success", "reference": reference}
        body = json.dumps({"event": "charge.success", "data": data}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
        yield body, {"x-paystack-signature": signature, "content-type": "application/json"}


async def paced(url: str, posts: Iterable[tuple[bytes, dict[str, str]]], rate: float) -> Outcome:
    """Latencies count from the moment at which each was due: a server that falls behind cannot hide it."""
    outcome = Outcome()
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(timeout=20, limits=limits, trust_env=False) as client:

        async def send(due: float, body: bytes, headers: dict[str, str]) -> None:
            answer = await client.post(url, content=body, headers=headers)
            outcome.latencies.append(time.perf_counter() - due)
            outcome.statuses[answer.status_code] = outcome.statuses.get(answer.status_code, 0) + 1

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, (body, headers) in enumerate(posts):
                due = started + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(send(due, body, headers))
        outcome.seconds = time.perf_counter() - started
    return outcome


def references_of(client: httpx.Client, program: str, headers: Sequence[dict[str, str]]) -> list[str]:
    """A checkout of each student; ``client`` speaks to enrollment's API."""
    answers = [client.post(f"/v1/programs/{program}/payments", headers=one) for one in headers]
    return [answer.raise_for_status().json()["reference"] for answer in answers]
