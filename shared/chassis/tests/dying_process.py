"""A real process that dies at an exact point: ``python dying_process.py POINT``, its settings from the environment.

``after-commit``: emits an event as an API does, and dies before the relay is woken. The others run a worker:
``before-stamp`` dies between XADD and stamp, ``before-ack`` between a consumer's commit and its acknowledgement,
``never`` not at all.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from messaging_parts import Effects, MediaSettings, emit_all

from chassis.app import connect_database
from chassis.messaging import create_worker, relay_store
from chassis.messaging.intake import Taker
from chassis.messaging.outbox import HintPublisher


def die(*_: Any, **__: Any) -> None:
    """As if killed with -9."""
    os.kill(os.getpid(), signal.SIGKILL)


def _and_die(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: die(function(*arguments))


def emit(settings: MediaSettings) -> None:
    """Commit one event over a database that wakes the relay."""
    HintPublisher.publish = die  # type: ignore[method-assign]
    emit_all(connect_database(settings), [1])


def work(settings: MediaSettings, point: str) -> None:
    """Relay and consume until the point is passed."""
    if point == "before-stamp":
        relay_store.stamp = die  # type: ignore[assignment]
    if point == "before-ack":
        Taker.take_in = _and_die(Taker.take_in)  # type: ignore[method-assign]
    app = create_worker(settings, Effects(connect_database(settings)).consumers())
    uvicorn.run(app, port=0, log_config=None, access_log=False)


if __name__ == "__main__":
    where = sys.argv[1]
    if where == "after-commit":
        emit(MediaSettings())
    else:
        work(MediaSettings(), where)
