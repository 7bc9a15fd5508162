"""Who calls the gateway: strangers, students, staff. They know nothing but HTTP."""

import secrets
import time
from typing import Any

import httpx

from chassis.testing import eventually
from edxelera.journey.checkout import pay

Json = dict[str, Any]

#: Access tokens live ten minutes; a run may take longer.
_RENEW_AFTER_SECONDS = 420
#: Between questions about something that will come: an account has 300 calls a minute.
ASK_EVERY = 0.25


class Stranger:
    """Somebody who is not logged in."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The raw answer."""
        return self.http.request(method, path, **options)

    def call(self, method: str, path: str, expect: int | tuple[int, ...] = (200, 201, 202, 204), **options: Any) -> Any:
        """The answer's JSON; fails with the whole answer when the status is another."""
        answer = self.send(method, path, **options)
        expected = (expect,) if isinstance(expect, int) else expect
        assert answer.status_code in expected, f"{method} {path} answered {answer.status_code}: {answer.text[:1500]}"
        return answer.json() if answer.content else None

    def get(self, path: str, **params: Any) -> Any:
        """GET, 200."""
        return self.call("GET", path, 200, params=params)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST JSON."""
        return self.call("POST", path, json={} if body is None else body, **options)


class Account(Stranger):
    """Somebody with an account."""

    user: Json
    email: str
    password: str
    _renew_at = float("inf")

    @property
    def id(self) -> str:
        """The account's."""
        return str(self.user["id"])

    @property
    def token(self) -> str:
        """The access token that is sent."""
        return self.http.headers["authorization"].removeprefix("Bearer ")

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Renews the session in time."""
        if time.monotonic() > self._renew_at:
            self._renew_at = float("inf")
            self._take(self.post("/v1/auth/refresh"))
        return super().send(method, path, **options)

    def register(self, name: str) -> Json:
        """Make the account and log in."""
        email, password = f"test-{secrets.token_hex(6)}@student.example", secrets.token_urlsafe(12)
        registered: Json = self.call(
            "POST", "/v1/auth/register", 201, json={"email": email, "password": password, "name": name}
        )
        self.login(email, password)
        return registered

    def login(self, email: str, password: str) -> Json:
        """Begin a session."""
        self.email, self.password = email, password
        return self._take(self.call("POST", "/v1/auth/login", 200, json={"email": email, "password": password}))

    def _take(self, session: Json) -> Json:
        self.http.headers["authorization"] = f"Bearer {session['accessToken']}"
        self.user = session["user"]
        self._renew_at = time.monotonic() + _RENEW_AFTER_SECONDS
        return session


class Student(Account):
    """What a student does; the names are those of the typed client."""

    def init_payment(self, program: str, **body: Any) -> Json:
        """Begin or continue a checkout."""
        checkout: Json = self.call("POST", f"/v1/programs/{program}/payments", (200, 201), json=body)
        return checkout

    def billing(self, program: str) -> Json:
        """getBillingStatus."""
        status: Json = self.get(f"/v1/programs/{program}/billing")
        return status

    def enroll(self, program: str) -> Json:
        """Pay at the checkout page (where there is something to pay) and wait until the program opens; the billing."""
        checkout = self.init_payment(program)
        if checkout["authorization_url"]:
            pay(checkout["authorization_url"])
        return self.wait_until_inside(program)

    def wait_until_inside(self, program: str, seconds: float = 30) -> Json:
        """Until billing, learning and the discussion know of the enrollment; the billing."""
        paths = [f"/v1/programs/{program}/{page}" for page in ("home", "weeks/1/discussion")]
        billing = eventually(lambda: self._with_access(program), seconds, what="the enrollment", every=ASK_EVERY)
        for path in paths:
            eventually(lambda path=path: self.send("GET", path).is_success, seconds, what=path, every=ASK_EVERY)
        return billing

    def _with_access(self, program: str) -> Json | None:
        billing = self.billing(program)
        return billing if billing["hasAccess"] else None

    def complete(self, course: str, lesson: str) -> Json:
        """completeLesson."""
        standing: Json = self.call("POST", f"/v1/courses/{course}/lessons/{lesson}/complete", 200)
        return standing

    def hand_in(self, program: str, week: int, assignment: str) -> Json:
        """Submit a text."""
        path = f"/v1/programs/{program}/weeks/{week}/assignments/{assignment}/submissions"
        submission: Json = self.call("POST", path, 201, json={"text": "What I found.", "url": None})
        return submission

    def certificate(self, *, program: str, course: str | None, seconds: float = 60) -> Json:
        """Wait for the certificate of a course, or of the program, and its document."""

        def mine() -> Json | None:
            found = self.get("/v1/certificates")["certificates"]
            wanted = (one for one in found if (one["programSlug"], one["courseSlug"]) == (program, course))
            return next((one for one in wanted if one["status"] == "issued" and one["documentReady"]), None)

        return eventually(mine, seconds, what=f"a certificate of {course or program}", every=ASK_EVERY)


class Staff(Account):
    """An instructor or an administrator."""
