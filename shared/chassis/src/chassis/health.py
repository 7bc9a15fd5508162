"""/livez: this process can work at all. /readyz: what it needs to do its work can be reached."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from anyio.to_thread import run_sync
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse

from chassis.database import Database

#: Raises when the part cannot be reached.
Check = Callable[[], Awaitable[None]]

_SECONDS = 2.0


async def livez(request: Request) -> JSONResponse:  # noqa: ARG001
    """GET /livez: the event loop answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> JSONResponse:
    """GET /readyz: each needed part, by name; 503 when one is missing."""
    return await report(request.app.state.checks)


async def report(checks: Mapping[str, Check]) -> JSONResponse:
    """Run all checks at once, each for at most two seconds."""
    names = list(checks)
    results = await asyncio.gather(*(_outcome(checks[name]) for name in names))
    found = dict(zip(names, results, strict=True))
    ready = all(outcome == "ok" for outcome in results)
    return JSONResponse({"status": "ok" if ready else "unavailable", "checks": found}, 200 if ready else 503)


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), _SECONDS)
    except TimeoutError:
        return f"no answer within {_SECONDS:g} s"
    except Exception as error:
        return type(error).__name__
    return "ok"


def database_check(database: Database) -> Check:
    """The database answers."""

    def ping() -> None:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    async def check() -> None:
        await run_sync(ping, abandon_on_cancel=True)

    return check
