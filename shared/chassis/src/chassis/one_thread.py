"""A sync endpoint that needs one thread, once: nothing waits for a second one while it holds row locks.

FastAPI validates the answer of a sync endpoint in the thread pool again, with the transaction still open. When as
many requests as there are threads wait for a row lock which that transaction holds, it never gets the thread it needs
to commit, and all of them stand still until a timeout (seen with 8 clicks on one row, 6 threads and 6 connections).
Behind an async wrapper the endpoint itself still runs in a thread, and its answer is validated on the event loop.
"""

import functools
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from anyio.to_thread import run_sync

from chassis.routing import ServiceRoute


class OneThreadRoute(ServiceRoute):
    """``APIRouter(route_class=OneThreadRoute)``: a ``ServiceRoute`` for endpoints whose transactions meet at a row."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint if iscoroutinefunction(endpoint) else in_one_thread(endpoint), **options)


def in_one_thread(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """``endpoint`` as a coroutine function that runs it in a thread; marks and signature are kept."""

    @functools.wraps(endpoint)
    async def run(**arguments: Any) -> Any:
        return await run_sync(functools.partial(endpoint, **arguments))

    return run
