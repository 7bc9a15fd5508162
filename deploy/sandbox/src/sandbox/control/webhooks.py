"""/sandbox/events, /sandbox/deliveries, /sandbox/faults: webhooks, and what goes wrong with them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from sandbox import faults
from sandbox.control.schemas import EventIn, FaultIn, OutageIn, WebhookFaultIn
from sandbox.errors import SandboxProblem
from sandbox.faults import OrderedFault
from sandbox.pump import Pump
from sandbox.web import Now, TheStore
from sandbox.webhooks import outbox

Document = dict[str, Any]

router = APIRouter(prefix="/sandbox", tags=["control: webhooks and faults"])


@router.post("/events", status_code=201)
def send_event(store: TheStore, now: Now, body: EventIn) -> Document:
    """Send any event, known to the platform or not."""
    with store.begin() as db:
        return {"deliveries": outbox.announce(db, body.event, body.data, body.reference, now)}


@router.get("/deliveries")
def list_deliveries(
    store: TheStore, reference: str | None = None, event: str | None = None, limit: int = 100
) -> list[Document]:
    """Webhooks, newest first, each with its attempts and the answers."""
    with store.read() as db:
        found = outbox.listed(db, reference=reference, event=event, limit=min(limit, 1000))
        return [outbox.document(db, delivery) for delivery in found]


@router.get("/deliveries/settled")
async def wait_until_settled(
    request: Request,
    store: TheStore,
    reference: str | None = None,
    wait: Annotated[float, Query(ge=0, le=60)] = 10,
) -> Document:
    """Answer as soon as no webhook is outstanding, at the latest after ``wait`` seconds."""

    def settled() -> bool:
        with store.read() as db:
            return outbox.unsettled(db, reference=reference) == 0

    pump: Pump = request.app.state.pump
    return {"settled": await pump.wait_until(settled, wait)}


@router.post("/deliveries/release")
def release(store: TheStore, now: Now) -> Document:
    """Send what a reorder fault holds back, newest first."""
    with store.begin() as db:
        return {"released": outbox.release(db, now)}


@router.post("/deliveries/{delivery_id}/resend", status_code=201)
def resend(delivery_id: int, store: TheStore, now: Now) -> Document:
    """Send a webhook again, even one that was dropped."""
    with store.begin() as db:
        delivery = outbox.find(db, delivery_id)
        if delivery is None:
            raise SandboxProblem(404, f"There is no delivery {delivery_id}.", "GET /sandbox/deliveries lists them.")
        return {"deliveries": [outbox.resend(db, delivery, now)]}


@router.post("/faults/webhooks", status_code=201)
def order_webhook_fault(store: TheStore, body: WebhookFaultIn) -> Document:
    """Let the next webhooks go wrong."""
    with store.begin() as db:
        ordered = faults.order(
            db,
            faults.WEBHOOK,
            body.kind,
            remaining=_turns(body, is_narrow=body.reference is not None),
            match_reference=body.reference,
            match_event=body.event,
            seconds=body.seconds,
        )
    return _document(ordered)


@router.post("/faults/api", status_code=201)
def order_outage(store: TheStore, body: OutageIn) -> Document:
    """Let the next calls of the Paystack API go wrong."""
    with store.begin() as db:
        ordered = faults.order(
            db,
            faults.API,
            body.kind,
            remaining=_turns(body, is_narrow=False),
            match_call=body.call,
            seconds=body.seconds,
            status=body.status,
            error=body.error,
        )
    return _document(ordered)


@router.get("/faults")
def list_faults(store: TheStore) -> list[Document]:
    """Faults still to come."""
    with store.read() as db:
        return [_document(fault) for fault in faults.ordered(db)]


@router.delete("/faults")
def withdraw_all(store: TheStore) -> Document:
    """Withdraw all faults; what a reorder held back stays held until it is released."""
    with store.begin() as db:
        return {"withdrawn": faults.withdraw(db)}


@router.delete("/faults/{fault_id}")
def withdraw_one(fault_id: int, store: TheStore) -> Document:
    """Withdraw one fault."""
    with store.begin() as db:
        return {"withdrawn": faults.withdraw(db, fault_id)}


@router.post("/reset")
def reset(store: TheStore) -> Document:
    """Forget everything: a new sandbox."""
    store.clear()
    return {"reset": True}


def _turns(body: FaultIn, *, is_narrow: bool) -> int | None:
    if "next" in body.model_fields_set or is_narrow:
        return body.next
    return 1


def _document(fault: OrderedFault) -> Document:
    return {
        "id": fault.id,
        "scope": fault.scope,
        "kind": fault.kind,
        "remaining": fault.remaining,
        "reference": fault.match_reference,
        "event": fault.match_event,
        "call": fault.match_call,
        "seconds": fault.seconds,
        "status": fault.status,
        "error": fault.error,
    }
