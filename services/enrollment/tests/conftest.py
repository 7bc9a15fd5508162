"""The school: a real enrollment service, a real database, a real Paystack (the sandbox), and time that tests move."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from services.enrollment.tests.instalment_dates import MARCH, NOW
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.testing import deliver, published
from chassis.testing.clock import SettableClock
from chassis.testing.identity import TestTokens
from contracts.events import Event, ProgramPublished, PublishedCourse, PublishedWeek
from enrollment.events import consumers
from enrollment.main import create_app
from enrollment.models import AuditEntry, Enrollment, Payment, Refund, Webhook
from enrollment.parts import open_paystack, terms_of
from enrollment.payments import reconcile, refund_runner
from enrollment.payments.reconcile import Cashier
from enrollment.settings import EnrollmentSettings
from enrollment.webhooks.process import drain
from sandbox.settings import Settings as SandboxSettings
from sandbox.testing import Receiver, RunningSandbox

KEY, OLD_KEY = "sk_test_0123456789abcdef", "sk_test_fedcba9876543210"
PROGRAM = "data-engineering"
PRICE = 2_500_000
REFUND_STEP_SECONDS = 10


@pytest.fixture(scope="session")
def paystack_posts_to() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
def running_sandbox(paystack_posts_to: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    def settings(url: str) -> SandboxSettings:
        return SandboxSettings(
            public_url=url,
            data_dir=tmp_path_factory.mktemp("sandbox"),
            paystack_secret_key=KEY,
            webhook_url=paystack_posts_to.url,
            retry_seconds=(60, 300),
            refund_step_seconds=REFUND_STEP_SECONDS,
            log_level="ERROR",
        )

    with RunningSandbox(settings) as sandbox:
        yield sandbox


@dataclass(frozen=True)
class Student:
    """Somebody with an account."""

    id: UUID
    headers: dict[str, str]


@dataclass
class School:
    """What tests talk to; each method reads like a sentence."""

    http: httpx.Client
    app: FastAPI
    db: Database
    clock: SettableClock
    tokens: TestTokens
    sandbox: RunningSandbox
    posts: Receiver
    cashier: Cashier
    pool: ThreadPoolExecutor
    admin: dict[str, str] = field(default_factory=dict)

    program = PROGRAM
    price = PRICE
    old_key = OLD_KEY

    # People and programs

    def student(self, email: str | None = None) -> Student:
        account = uuid4()
        return Student(account, self.tokens.bearer(account, email=email or f"{account.hex[:8]}@example.com"))

    def publish(self, slug: str = PROGRAM, *, sequence: int = 1, weeks: int = 4, **changes: Any) -> None:
        facts = {
            "program_slug": slug,
            "title": slug.replace("-", " ").title(),
            "summary": "Learn it.",
            "version": sequence,
            "published": True,
            "weeks": [PublishedWeek(number=n, title=f"Week {n}") for n in range(1, weeks + 1)],
            "courses": [PublishedCourse(slug=f"{slug}-basics", title="Basics", description="First steps.")],
        }
        self.deliver(ProgramPublished(sequence=sequence, **{**facts, **changes}))

    def deliver(self, *events: Event) -> None:
        deliver(self.db, consumers, *events, clock=self.clock)

    def cohort_document(self, **changes: Any) -> dict[str, Any]:
        start = (self.clock.now + timedelta(days=30)).astimezone(ZoneInfo("Africa/Lagos")).date()
        return {
            "programSlug": PROGRAM,
            "slug": f"cohort-{uuid4().hex[:8]}",
            "startDate": start.isoformat(),
            "endDate": (start + timedelta(days=56)).isoformat(),
            "timezone": "Africa/Lagos",
            "lateJoin": True,
            "amountMinor": PRICE,
            "currency": "NGN",
            "published": True,
            **changes,
        }

    def cohort(self, **changes: Any) -> dict[str, Any]:
        answer = self.http.post("/v1/admin/cohorts", json=self.cohort_document(**changes), headers=self.admin)
        assert answer.status_code == 201, answer.text
        return answer.json()

    # What browsers do

    def can_enroll(self, student: Student | None = None, **query: str) -> dict[str, Any]:
        answer = self.http.get(
            f"/v1/programs/{PROGRAM}/can-enroll", params=query, headers=student.headers if student else {}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def checkout(self, student: Student, body: Any = None, program: str = PROGRAM, **headers: str) -> httpx.Response:
        return self.http.post(
            f"/v1/programs/{program}/payments", json=body or {}, headers={**student.headers, **headers}
        )

    def reference(self, student: Student, **body: Any) -> str:
        answer = self.checkout(student, body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()["reference"]

    def verify(self, student: Student, reference: str) -> dict[str, Any]:
        answer = self.http.post(f"/v1/payments/{reference}/verify", headers=student.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def billing(self, student: Student) -> dict[str, Any]:
        answer = self.http.get(f"/v1/programs/{PROGRAM}/billing", headers=student.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refund(self, reference: str, status: int = 200, **body: Any) -> dict[str, Any]:
        answer = self.http.post(
            f"/v1/admin/payments/{reference}/refund", json={"reason": "asked", **body}, headers=self.admin
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    # What customers, banks and Paystack do

    def pay(self, reference: str, **how: Any) -> dict[str, Any]:
        return self.sandbox.control(f"transactions/{reference}/pay", {"announce": False, **how})

    def happen(self, reference: str, what: str, **body: Any) -> dict[str, Any]:
        return self.sandbox.control(f"transactions/{reference}/{what}", body)

    def outage(self, kind: str, call: str | None = None, **body: Any) -> None:
        self.sandbox.control("faults/api", {"kind": kind, "call": call, **body})

    def signed(self, raw: bytes, key: str = KEY) -> dict[str, str]:
        signature = hmac.new(key.encode(), raw, hashlib.sha512).hexdigest()
        return {"x-paystack-signature": signature, "content-type": "application/json"}

    def webhook(self, event: str, data: Any, key: str = KEY) -> httpx.Response:
        raw = json.dumps({"event": event, "data": data}).encode()
        return self.http.post("/webhooks/paystack", content=raw, headers=self.signed(raw, key))

    def charge(self, reference: str) -> httpx.Response:
        return self.webhook("charge.success", {"reference": reference, "status": "success", "domain": "test"})

    def forward(self, count: int = 1, *, times: int = 1) -> list[str]:
        """Hand webhooks that Paystack really posted on to the service."""
        events = []
        for _ in range(count):
            webhook = self.posts.take()
            for _ in range(times):
                headers = {name: webhook.headers[name] for name in ("x-paystack-signature", "content-type")}
                assert self.http.post("/webhooks/paystack", content=webhook.body, headers=headers).status_code == 200
            events.append(webhook.event)
        return events

    def refund_that_needs_attention(self) -> tuple[str, Refund]:
        """Of a paid reference; Paystack cannot tell the customer's account."""
        student = self.student()
        reference = self.reference(student)
        self.pay(reference, card="refund-needs-attention")
        self.verify(student, reference)
        self.refund(reference)
        self.run_refunds()
        self.forward()
        self.step_refunds(2)
        (refund,) = self.refunds(reference)
        assert refund.status == "needs_attention"
        return reference, refund

    def step_refunds(self, steps: int) -> list[str]:
        """Let refunds move on at Paystack, and its webhooks arrive."""
        events = []
        for _ in range(steps):
            self.sandbox.advance(REFUND_STEP_SECONDS)
            events += self.forward()
            self.work()
        return events

    # What the worker does

    def work(self) -> None:
        """Process what was delivered."""
        while drain(self.cashier, self.pool, self.clock.now):
            pass

    def run_refunds(self) -> int:
        return refund_runner.run_due(self.cashier, self.clock.now)

    def reconcile(self) -> int:
        return reconcile.reconcile_due(self.cashier, self.clock.now)

    def expire_holds(self) -> int:
        return reconcile.expire_holds(self.cashier, self.clock.now)

    def pass_time(self, **by: float) -> None:
        self.clock.advance(**by)
        self.sandbox.advance(timedelta(**by).total_seconds())

    # What is true afterwards

    def enrolled(self, **changes: Any) -> tuple[Student, str]:
        """A student who has paid."""
        student = self.student()
        reference = self.reference(student, **changes)
        self.pay(reference)
        assert self.verify(student, reference)["status"] == "succeeded"
        return student, reference

    def payment(self, reference: str) -> Payment:
        with self.db.begin() as session:
            return session.scalars(select(Payment).where(Payment.reference == reference)).one()

    def enrollment_of(self, reference: str) -> Enrollment:
        with self.db.begin() as session:
            return session.get_one(Enrollment, self.payment(reference).enrollment_id)

    def standing(self, reference: str) -> tuple[str, str]:
        """The statuses of a payment and of its enrollment."""
        return self.payment(reference).status, self.enrollment_of(reference).status

    def refunds(self, reference: str) -> list[Refund]:
        with self.db.begin() as session:
            payment = session.scalars(select(Payment).where(Payment.reference == reference)).one()
            return list(session.scalars(select(Refund).where(Refund.payment_id == payment.id).order_by(Refund.id)))

    def webhooks(self) -> list[Webhook]:
        with self.db.begin() as session:
            return list(session.scalars(select(Webhook).order_by(Webhook.id)))

    def audited(self, *actions: str) -> list[AuditEntry]:
        with self.db.begin() as session:
            return list(
                session.scalars(select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.id))
            )

    def events(self, kind: type[Event] | None = None) -> list[Any]:
        return [event for event in published(self.db) if kind is None or isinstance(event, kind)]

    def rows(self, read: Callable[[Session], Any]) -> Any:
        with self.db.begin() as session:
            return read(session)


@pytest.fixture
def enrollment_settings(
    settings_for: Callable[..., Any], running_sandbox: RunningSandbox
) -> Callable[..., EnrollmentSettings]:
    def settings(**overrides: Any) -> EnrollmentSettings:
        values = {
            "paystack_base_url": f"{running_sandbox.url}/paystack",
            "paystack_secret_keys": f"{KEY},{OLD_KEY}",
            "paystack_domain": "test",
            "paystack_timeout_seconds": 5,
            "public_url": "https://school.example",
        }
        found: EnrollmentSettings = settings_for(EnrollmentSettings, **{**values, **overrides})
        return found

    return settings


@pytest.fixture
def school(
    enrollment_settings: Callable[..., EnrollmentSettings],
    database_for: Callable[[str], Database],
    serve: Callable[[Any], httpx.Client],
    tokens: TestTokens,
    running_sandbox: RunningSandbox,
    paystack_posts_to: Receiver,
) -> Iterator[School]:
    running_sandbox.reset()
    paystack_posts_to.clear()
    settings = enrollment_settings()
    app = create_app(settings)
    clock = SettableClock()
    app.state.clock = clock
    paystack = open_paystack(settings)
    with ThreadPoolExecutor(8) as pool:
        yield School(
            http=serve(app),
            app=app,
            db=database_for("enrollment"),
            clock=clock,
            tokens=tokens,
            sandbox=running_sandbox,
            posts=paystack_posts_to,
            cashier=Cashier(app.state.db, paystack, terms_of(settings)),
            pool=pool,
            admin=tokens.admin(),
        )
    paystack.close()


@pytest.fixture
def open_school(school: School) -> School:
    """A school whose program is on sale."""
    school.publish()
    return school


@pytest.fixture
def february(open_school: Any) -> Any:
    """The enrollment service on 1 February 2026."""
    open_school.clock.set(NOW)
    return open_school


@pytest.fixture
def march(february: Any) -> Any:
    """The same with a cohort in March that is paid in three parts."""
    february.cohort(**MARCH)
    return february
