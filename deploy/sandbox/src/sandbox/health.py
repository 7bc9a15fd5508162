"""/livez and /readyz."""

import asyncio
import sqlite3

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from sandbox.cdn.origin import Origin
from sandbox.store import Store

router = APIRouter(tags=["health"])


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Ready when the store and the webhook loop work; the object store may come later."""
    state = request.app.state
    checks = {
        "store": "ok" if await asyncio.to_thread(_store_answers, state.store) else "failed",
        "webhooks": "ok" if state.pump.is_alive else "stopped",
        "objects": await _objects(state.origin),
    }
    is_ready = checks["store"] == "ok" and checks["webhooks"] == "ok"
    return JSONResponse({"status": "ready" if is_ready else "not ready", "checks": checks}, 200 if is_ready else 503)


def _store_answers(store: Store) -> bool:
    try:
        with store.read() as db:
            db.execute("SELECT COUNT(*) FROM facts").fetchone()
    except sqlite3.Error:
        return False
    return True


async def _objects(origin: Origin) -> str:
    if not origin.is_configured:
        return "not configured"
    return "ok" if await origin.is_reachable() else "unreachable"
