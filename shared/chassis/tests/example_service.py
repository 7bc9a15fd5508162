"""A small service on chassis alone: what the tests of chassis speak to."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, FastAPI, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from chassis import auth, tables
from chassis.app import create_service
from chassis.cache import Fresh, forget
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import Conflict, NotFound, Problem, Unprocessable, problems
from chassis.idempotency import idempotent
from chassis.ids import new_id
from chassis.routing import ServiceRoute
from chassis.settings import ServiceSettings

router = APIRouter(route_class=ServiceRoute)


class ExampleSettings(ServiceSettings):
    service = "chassis"


class NoteIn(BaseModel):
    text: str = Field(min_length=1, max_length=20)


class TooBusy(Conflict):
    code = "too_busy"


# Notes live in the outbox table: these tests need some table, and every schema has that one.
def notes(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(tables.outbox)) or 0


def add_note(session: Session, text_: str, now: datetime) -> str:
    id_ = new_id()
    session.execute(
        insert(tables.outbox).values(id=id_, type="note", subject=text_, sequence=1, time=now, envelope=b"{}")
    )
    return str(id_)


@router.get("/notes", responses=problems(NotFound))
async def count(request: Request) -> Response:
    def build(session: Session, now: datetime) -> Fresh:
        return Fresh(orjson.dumps({"count": notes(session)}), now + timedelta(hours=1))

    return await request.app.state.cache.read(request, "count", ["notes"], build)


@router.get("/notes/mine")
async def mine(request: Request, caller: auth.AsCaller) -> Response:
    return await request.app.state.cache.read(request, f"mine:{caller.account_id}", [], lambda *_: Fresh(b"{}"))


@router.post("/notes", status_code=201)
@idempotent
def create(note: Annotated[NoteIn, Body()], tx: Tx, now: Now, caller: auth.MaybeCaller) -> dict[str, Any]:
    if note.text == "refuse":
        raise TooBusy("Refused after all.")
    forget(tx, "notes")
    return {"id": add_note(tx, note.text, now)}


@router.post("/swap/{first}/{second}")
def swap(first: str, second: str, tx: Tx, request: Request) -> dict[str, int]:
    """Locks two rows in the order asked: two of these with the order reversed deadlock."""
    attempts = request.app.state.attempts
    attempts.append((first, second))
    for step, name in enumerate((first, second)):
        tx.execute(
            update(tables.outbox).where(tables.outbox.c.subject == name).values(sequence=tables.outbox.c.sequence + 1)
        )
        if step == 0:
            request.app.state.meet()
    return {"attempts": len(attempts)}


@router.post("/broken-commit")
def broken_commit(tx: Tx, now: Now) -> dict[str, bool]:
    """Its transaction cannot be committed: the connection dies first."""
    add_note(tx, "never", now)
    tx.execute(text("SELECT 1"))
    tx.connection().connection.driver_connection.close()  # type: ignore[union-attr]
    return {"ok": True}


@router.get("/me")
def me(caller: auth.AsCaller) -> dict[str, Any]:
    return {"id": str(caller.account_id), "roles": sorted(caller.roles)}


@router.get("/admin")
def admin(caller: auth.AsAdmin) -> dict[str, bool]:
    return {"ok": True}


@router.get("/staff")
def staff(caller: auth.AsStaff) -> dict[str, bool]:
    return {"ok": True}


@router.get("/internal/whoami")
def whoami(service: auth.AsService) -> dict[str, str]:
    return {"service": service}


@router.get("/bug")
def bug() -> None:
    raise RuntimeError("a bug with a secret in it: hunter2")


@router.get("/problem")
def problem() -> None:
    raise Unprocessable.field("name", "is too short")


@router.get("/bare-problem")
def bare() -> None:
    raise Problem


def create_app(settings: ExampleSettings) -> FastAPI:
    app = create_service(settings, title="Example", routers=[router])
    app.state.attempts = []
    app.state.meet = lambda: None
    return app
