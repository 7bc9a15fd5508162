"""JSON as RFC 8259 and databases know it: no NaN, no lone surrogates, which Python's own parser lets pass.

A ``"\\ud800"`` becomes a string that no UTF-8 can hold; whoever hashes or stores it later fails.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]


class StrictJsonRequest(Request):
    """A request whose body is read by orjson; its error is a ``json.JSONDecodeError`` too."""

    async def json(self) -> Any:
        """The body; parsed once."""
        if not hasattr(self, "_json"):
            self._json = orjson.loads(await self.body())
        return self._json


def reading_strictly(handle: Handler) -> Handler:
    """``handle`` with a request that reads its JSON strictly. Goes outermost: nothing may have read the body yet."""

    async def run(request: Request) -> Response:
        return await handle(StrictJsonRequest(request.scope, request.receive))

    return run
