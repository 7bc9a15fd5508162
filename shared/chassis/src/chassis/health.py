"""/livez: this process can work at all. /readyz: what it needs to do its work can be reached.

Who asks draws different conclusions, so the two differ (deploy/adr/0012-health-and-metrics.md): a failing /livez is
answered with a restart, so it fails only where a restart helps, never because MySQL or Redis is away; a failing /readyz
takes the process out of the balancer, so it names only what no request could be answered without.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import NullPool, text
from starlette.requests import Request
from starlette.responses import JSONResponse

from chassis.database import Database
from chassis.mysql import mysql_engine

#: Raises when the part cannot be reached.
Check = Callable[[], Awaitable[None]]

_SECONDS = 2.0
#: Threads that may be asking the database at a time: one that hangs must not make the next check wait.
_PROBES = 4


async def livez(request: Request) -> JSONResponse:  # noqa: ARG001
    """GET /livez: the event loop answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> JSONResponse:
    """GET /readyz: each needed part, by name; 503 when one is missing."""
    return await report(request.app.state.checks)


async def report(checks: Mapping[str, Check]) -> JSONResponse:
    """200 with every check, or 503 when one of them fails."""
    found = await outcomes_of(checks)
    ready = all(outcome == "ok" for outcome in found.values())
    return JSONResponse({"status": "ok" if ready else "unavailable", "checks": found}, 200 if ready else 503)


async def outcomes_of(checks: Mapping[str, Check]) -> dict[str, str]:
    """Run all checks at once, each for at most two seconds; ``ok`` or what is the matter, by name."""
    results = await asyncio.gather(*(_outcome(check) for check in checks.values()))
    return dict(zip(checks, results, strict=True))


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), _SECONDS)
    except TimeoutError:
        return f"no answer within {_SECONDS:g} s"
    except Exception as error:
        return type(error).__name__
    return "ok"


def database_check(database: Database) -> Check:
    """A new connection to the database can be made and answers.

    Not one of the pool, and in no thread of the endpoints: a service that is merely busy is ready, and taking it out
    of the balancer would only make the others busier.
    """
    engine = mysql_engine(database.engine.url, poolclass=NullPool, connect_args={"connect_timeout": int(_SECONDS)})
    limiter: CapacityLimiter | None = None

    def ping() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    async def check() -> None:
        nonlocal limiter
        limiter = limiter or CapacityLimiter(_PROBES)  # belongs to the event loop that asks first
        await run_sync(ping, limiter=limiter, abandon_on_cancel=True)

    return check
