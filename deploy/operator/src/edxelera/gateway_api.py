"""The gateway as an HTTP client sees it: JSON in and out, and refusals that say what happened."""

from collections.abc import Iterator
from typing import Any

import httpx

from edxelera.failure import Failure

Json = dict[str, Any]


class Refused(Failure):
    """An answer other than the one that was asked for."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.request_id = response.headers.get("x-request-id", "none")
        try:
            self.problem: Json = response.json()
        except ValueError:
            self.problem = {}
        request = response.request
        super().__init__(
            f"{request.method} {request.url} answered {self.status} (request id {self.request_id}): "
            f"{response.text[:600].strip() or 'no body'}"
        )

    @property
    def code(self) -> str | None:
        """The problem's stable code."""
        return self.problem.get("code")


class Unreachable(Failure):
    """Nothing answered."""


def fetch(url: str, **headers: str) -> httpx.Response:
    """GET of a public or signed URL, as a browser without our tokens."""
    try:
        return httpx.get(url, headers=headers, timeout=30)
    except httpx.TransportError as error:
        raise Unreachable(f"GET {url}: {error or type(error).__name__}") from error


class GatewayApi:
    """One caller of the gateway; ``login`` turns it into a signed-in one."""

    def __init__(self, url: str, timeout: float = 30) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.Client(timeout=timeout, follow_redirects=False)
        self.base = self.url
        self.user: Json = {}

    def call(self, method: str, path: str, expect: int | tuple[int, ...] = (200, 201, 202, 204), **options: Any) -> Any:
        """The answer's JSON; raises ``Refused`` when the status is not the expected one."""
        response = self.send(method, path, **options)
        expected = (expect,) if isinstance(expect, int) else expect
        if response.status_code not in expected:
            raise Refused(response)
        return response.json() if response.content else None

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The raw answer; ``path`` may be a whole URL."""
        url = path if path.startswith(("http://", "https://")) else self.base + path
        try:
            return self.http.request(method, url, **options)
        except httpx.TransportError as error:
            raise Unreachable(f"{method} {url}: {error or type(error).__name__}. Is the platform running?") from error

    def get(self, path: str, **params: Any) -> Any:
        """GET, 200."""
        return self.call("GET", path, 200, params=params)

    def post(self, path: str, body: Json | None = None, **options: Any) -> Any:
        """POST JSON."""
        return self.call("POST", path, json=body if body is not None else {}, **options)

    def pages(self, path: str, name: str, **params: Any) -> Iterator[Json]:
        """Every item of a cursor-paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, **params, **({"cursor": cursor} if cursor else {}))
            yield from page[name]
            cursor = page.get("nextCursor")
            if not cursor:
                return

    def login(self, email: str, password: str) -> Json:
        """Sign in; later calls carry the access token."""
        session: Json = self.post("/v1/auth/login", {"email": email, "password": password})
        self.http.headers["authorization"] = f"Bearer {session['accessToken']}"
        self.user = session["user"]
        return session
