"""The caller's payments of all programs, and their receipts."""

from typing import Annotated

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request, Response

from chassis.cache import is_known
from chassis.database import Database, Tx
from chassis.documents.rendering import Manuscript, Renderer, RenderingFailed
from chassis.errors import Unavailable, problems
from chassis.routing import ServiceRoute
from enrollment.auth import AsCaller
from enrollment.paging import Cursor, Limit
from enrollment.payments.locks import PaymentNotFound
from enrollment.receipts import service
from enrollment.receipts.schemas import PaymentHistoryOut
from enrollment.receipts.service import Issuer, ReceiptNotAvailable

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/payments", route_class=ServiceRoute, tags=["payments"])

#: Receipts that a process makes at a time, each in a process of its own of about 40 MiB; more wait in line.
AT_A_TIME = 2


class ReceiptNotMade(Unavailable):
    code = "receipt_not_made"
    title = "The receipt cannot be made right now"


class ReceiptDesk:
    """Makes PDFs in threads of its own, so that endpoints never wait for a receipt."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self._limiter = CapacityLimiter(AT_A_TIME)

    async def print_out(self, manuscript: Manuscript) -> bytes:
        """The PDF; raises ``ReceiptNotMade``."""
        try:
            return await run_sync(_print_out, manuscript, limiter=self._limiter)
        except RenderingFailed as error:
            log.exception("receipt_not_made", error=str(error))
            raise ReceiptNotMade("Try again in a moment.") from error


def _print_out(manuscript: Manuscript) -> bytes:
    with Renderer() as renderer:
        return renderer.typeset(manuscript)


async def _receipts(request: Request) -> ReceiptDesk:
    desk: ReceiptDesk = request.app.state.receipts
    return desk


async def _database(request: Request) -> Database:
    database: Database = request.app.state.db
    return database


Receipts = Annotated[ReceiptDesk, Depends(_receipts)]
Db = Annotated[Database, Depends(_database)]


@router.get("", response_model=PaymentHistoryOut, operation_id="getPaymentHistory")
def list_payments(
    caller: AsCaller, tx: Tx, receipts: Receipts, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PaymentHistoryOut:
    """The caller's payments of all programs with their refunds, newest first."""
    response.headers["Cache-Control"] = "no-store"
    return service.list_payments(tx, caller.account_id, receipts.issuer, cursor, limit)


@router.get(
    "/{reference}/receipt",
    response_class=Response,
    operation_id="getPaymentReceipt",
    responses={
        200: {"content": {"application/pdf": {}}, "description": "The receipt"},
        304: {"description": "The caller has it already (`If-None-Match`)"},
        **problems(PaymentNotFound, ReceiptNotAvailable, ReceiptNotMade),
    },
)
async def get_receipt(request: Request, reference: str, caller: AsCaller, receipts: Receipts, db: Db) -> Response:
    """The receipt of a payment as a PDF, for who paid and for administrators. It tells of refunds so far."""

    def prepare() -> Manuscript:
        with db.begin() as session:
            return service.prepare_receipt(session, caller, reference, receipts.issuer)

    manuscript = await run_sync(prepare)
    etag = f'"{manuscript.fingerprint}"'
    headers = {"etag": etag, "cache-control": "private, no-cache", "vary": "Authorization"}
    if is_known(etag, request.headers.get("if-none-match")):
        return Response(None, 304, headers)
    headers["content-disposition"] = f'inline; filename="receipt-{reference}.pdf"'
    return Response(await receipts.print_out(manuscript), 200, headers, "application/pdf")
