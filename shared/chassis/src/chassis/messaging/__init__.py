"""Events between services: emitted into the outbox, relayed to Redis Streams, taken in exactly once.

A service's code needs ``emit`` and ``Consumers``; its worker needs ``create_worker``, ``Job`` and ``Gauge``.
``create_worker`` is loaded on first use, so that API processes do not carry FastStream in their memory.
"""

from typing import TYPE_CHECKING, Any

from chassis.messaging.consumers import Consumers
from chassis.messaging.gauges import Gauge
from chassis.messaging.jobs import Job
from chassis.messaging.outbox import emit

if TYPE_CHECKING:
    from chassis.messaging.worker import create_worker

__all__ = ["Consumers", "Gauge", "Job", "create_worker", "emit"]


def __getattr__(name: str) -> Any:
    if name == "create_worker":
        from chassis.messaging.worker import create_worker

        return create_worker
    raise AttributeError(name)
