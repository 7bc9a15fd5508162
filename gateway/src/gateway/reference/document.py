"""The platform's document: fetched from the services, kept for a minute, and never missing because one is down."""

import asyncio
import time
from collections.abc import Callable

import orjson
import structlog

from gateway.proxy.routes import Upstream
from gateway.proxy.upstreams import Upstreams
from gateway.reference.merge import Document, merge

log = structlog.get_logger(__name__)

_KEPT_SECONDS = 60.0
#: The first document of a service that just started takes it a second of work or more.
_FETCH_SECONDS = 10.0
_AGAIN_SECONDS = 3.0


class PlatformDocument:
    """``get`` answers the merged document; a service that does not answer appears as it was last seen."""

    def __init__(self, upstreams: Upstreams, own: Callable[[], Document], *, version: str, server: str) -> None:
        self._upstreams = upstreams
        self._own = own
        self._version = version
        self._server = server
        self._seen: dict[str, Document] = {}
        self._merged: Document | None = None
        self._fresh_until = float("-inf")
        self._fetching = asyncio.Lock()

    async def get(self) -> Document:
        """The document, at most a minute old where the services answer."""
        async with self._fetching:
            if self._merged is None or time.monotonic() >= self._fresh_until:
                missing = [name for name in await asyncio.gather(*map(self._fetch, self._upstreams.urls)) if name]
                self._merged = merge(
                    {"gateway": self._own(), **{name: self._seen[name] for name in sorted(self._seen)}},
                    title="EdXelera",
                    version=self._version,
                    server=self._server,
                )
                self._merged["x-not-answering"] = sorted(missing)
                self._fresh_until = time.monotonic() + (_KEPT_SECONDS if not missing else _AGAIN_SECONDS)
            return self._merged

    async def _fetch(self, upstream: Upstream) -> str | None:
        try:
            body = await asyncio.wait_for(self._upstreams.get(upstream, "/openapi.json"), _FETCH_SECONDS)
            document = orjson.loads(body)
        except Exception as error:  # whatever is wrong with one service, the others' part is worth having
            log.info("openapi_unavailable", upstream=upstream.value, error=f"{type(error).__name__}: {error}")
            return upstream.value
        self._seen[upstream.value] = document
        return None
