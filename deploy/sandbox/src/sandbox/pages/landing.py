"""The landing page, the platform's mails, and the style sheet."""

from collections import deque

from fastapi import APIRouter, Request
from starlette.responses import Response

from sandbox import faults
from sandbox.clock import iso
from sandbox.pages.render import STYLE, page
from sandbox.paystack import transactions
from sandbox.paystack.money import written
from sandbox.web import TheSettings, TheStore
from sandbox.webhooks import outbox

MAIL_LINES = 600

router = APIRouter(include_in_schema=False)


@router.get("/")
def landing(request: Request, settings: TheSettings, store: TheStore) -> Response:
    """What is going on: checkouts, webhooks, ordered faults."""
    with store.read() as db:
        newest = transactions.recent(db, 25)
        deliveries = [outbox.document(db, delivery) for delivery in outbox.listed(db, limit=25)]
        ordered = faults.ordered(db)
    return page(
        request,
        "landing.html",
        settings=settings,
        transactions=[(row, written(row.currency, row.requested_amount), iso(row.created_at)) for row in newest],
        deliveries=deliveries,
        faults=ordered,
        key_pair_ids=request.app.state.trusted_keys.ids(),
    )


@router.get("/mails")
def mails(request: Request, settings: TheSettings) -> Response:
    """The end of the file into which the platform writes its mails."""
    text = ""
    if settings.mail_file and settings.mail_file.is_file():
        with settings.mail_file.open(encoding="utf-8", errors="replace") as file:
            text = "".join(deque(file, maxlen=MAIL_LINES))
    return page(request, "mails.html", text=text, path_of_file=settings.mail_file)


@router.get("/sandbox.css")
def style() -> Response:
    """The style sheet of all pages."""
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=300"})
