"""POST /webhooks/paystack: check the signature over the raw bytes, store, answer. The rest is the worker's."""

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter

from chassis.database import Database
from chassis.errors import Forbidden, Problem, TooLarge, problems
from chassis.messaging.outbox import HintPublisher
from enrollment.settings import EnrollmentSettings
from enrollment.webhooks import inbox, policy
from enrollment.webhooks.delivery import read
from enrollment.webhooks.schemas import WebhookOut

MAX_BYTES = 256 * 1024
SIGNATURE = "x-paystack-signature"

router = APIRouter(tags=["webhooks"])


class InvalidSignature(Problem):
    status = 401
    code = "invalid_signature"
    title = "The signature does not fit the body"


class WrongSource(Forbidden):
    code = "wrong_source"
    title = "Deliveries from this address are not taken"


class Deliveries:
    """What the endpoint needs: its metric, and how to wake the worker."""

    def __init__(self, registry: CollectorRegistry, waker: HintPublisher) -> None:
        self.waker = waker
        self._counter = Counter(
            "edx_webhook_deliveries",
            "Deliveries: stored, bad_signature, too_large, wrong_source",
            ["service", "outcome"],
            registry=registry,
        )
        for outcome in ("stored", "bad_signature", "too_large", "wrong_source"):
            self._counter.labels(EnrollmentSettings.service, outcome)

    def count(self, outcome: str) -> None:
        """One delivery came to this end."""
        self._counter.labels(EnrollmentSettings.service, outcome).inc()


@router.post(
    "/webhooks/paystack",
    response_model=WebhookOut,
    operation_id="receivePaystackWebhook",
    responses=problems(InvalidSignature, WrongSource, TooLarge),
)
async def receive(request: Request) -> WebhookOut:
    """Store a signed delivery, whatever it says; Paystack sends again what is not answered with 200."""
    deliveries: Deliveries = request.app.state.deliveries
    settings: EnrollmentSettings = request.app.state.settings
    if not policy.is_allowed_source(_source(request), settings.paystack_webhook_sources):
        deliveries.count("wrong_source")
        raise WrongSource("Deliveries are taken from Paystack's addresses only.")
    raw = await _read(request, deliveries)
    secrets = [secret.get_secret_value() for secret in settings.paystack_secret_keys]
    if not policy.is_signed(raw, request.headers.get(SIGNATURE), secrets):
        deliveries.count("bad_signature")
        raise InvalidSignature("Sign the raw body with HMAC-SHA512 and send it as x-paystack-signature.")
    delivery, now = read(raw), request.app.state.clock()
    database: Database = request.app.state.db

    def keep() -> None:
        database.run(lambda session: inbox.store(session, delivery, raw, now))
        deliveries.waker.publish()

    await run_sync(keep)
    deliveries.count("stored")
    return WebhookOut(received=True)


def _source(request: Request) -> str:
    """The caller's address: the first that the gateway tells (it believes its trusted proxies only), else the peer."""
    told = request.headers.get("x-forwarded-for")
    peer = request.client.host if request.client else ""
    return told.split(",")[0].strip() if told else peer


async def _read(request: Request, deliveries: Deliveries) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BYTES:
            deliveries.count("too_large")
            raise TooLarge(f"A delivery may have at most {MAX_BYTES} bytes.")
    return bytes(raw)
