"""Waiting, by condition, until the platform has healed and has nothing left to do."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import redis
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from tests.faults.stage import Stage

from chassis.testing import eventually
from contracts.events import stream_of
from edxelera.environment import database_name
from edxelera.failure import Failure
from edxelera.units import UNITS

#: Reconciliation asks after a minute, then after two more; everything else is quicker.
HEALS_WITHIN = 300.0
#: What is still waited for is said this often (seconds), so that whoever reads a run knows where its end went.
_SAY_EVERY = 10.0

_OPEN = {
    "webhooks to process": ("enrollment", "webhooks WHERE status = 'received'"),
    "payments to reconcile": ("enrollment", "payments WHERE status IN ('pending', 'refunding')"),
    "refunds under way": ("enrollment", "refunds WHERE status NOT IN ('processed', 'failed')"),
}


def wait_for_rest(stage: Stage, say: Callable[[str], None] | None = None, seconds: float = HEALS_WITHIN) -> str:
    """Return when every process is ready and nothing is under way; else what still is, as a complaint."""
    said = time.monotonic()

    def rests() -> bool:
        nonlocal said
        left = unrest(stage)
        if left and say is not None and time.monotonic() - said > _SAY_EVERY:
            said = time.monotonic()
            say(f"not yet at rest: {'; '.join(left)}")
        return not left

    try:
        stage.platform.processes.wait_until_ready()
        eventually(rests, seconds, what="rest", every=0.25)
    except (AssertionError, Failure):
        return f"promise 4: after {seconds:.0f} s there is no rest: {'; '.join(unrest(stage)) or 'processes'}"
    return ""


def unrest(stage: Stage) -> list[str]:
    """What is under way, in words; empty when nothing is."""
    try:
        with stage.admin_engine.connect() as connection:
            found = [*_in_schemas(connection)]
        return [*found, *_on_streams(stage.platform.env["EDX_REDIS_URL"])]
    except (DBAPIError, redis.RedisError) as error:
        return [f"a server does not answer: {error}"]


def _in_schemas(connection: Connection) -> Iterator[str]:
    for unit in UNITS:
        schema = database_name(unit)
        for what, rows in (
            ("events to publish", f"{schema}.outbox WHERE stream_id IS NULL"),
            ("events to try again", f"{schema}.event_failures WHERE state = 'retrying'"),
        ):
            if count := connection.scalar(text(f"SELECT COUNT(*) FROM {rows}")):
                yield f"{unit} has {count} {what}"
    for what, (unit, rows) in _OPEN.items():
        if count := connection.scalar(text(f"SELECT COUNT(*) FROM {database_name(unit)}.{rows}")):
            yield f"{count} {what}"


def _on_streams(url: str) -> Iterator[str]:
    with closing(redis.Redis.from_url(url)) as client:
        for unit in UNITS:
            stream = stream_of(unit)
            try:
                last, groups = client.xinfo_stream(stream)["last-generated-id"], client.xinfo_groups(stream)
            except redis.ResponseError:
                continue  # nothing was ever published there
            for group in groups:
                if group["last-delivered-id"] != last or group["pending"]:  # "lag" is not always known
                    yield f"{group['name'].decode()} has entries of {unit} to take in, {group['pending']} of them read"
