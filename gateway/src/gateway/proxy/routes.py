"""Which service answers what: one flat table, and nothing is routed that is not in it.

``{}`` is one segment of the path, a final ``**`` is any rest (also none). What is more literal wins, whatever the
order. ``/internal`` is not in the table and never will be: those addresses are between services.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.limits.policy import Limit

MIB = 1024 * 1024
ANY = "ANY"


class Upstream(StrEnum):
    """Who answers. ``IDENTITY`` and ``PLATFORM`` are this process."""

    IDENTITY = "identity"
    PLATFORM = "platform"
    ENROLLMENT = "enrollment"
    LEARNING = "learning"
    MEDIA = "media"
    CERTIFICATES = "certificates"
    DISCUSSION = "discussion"


@dataclass(frozen=True, slots=True)
class Route:
    """``limit`` None: not counted. ``body_limit`` in bytes."""

    method: str
    pattern: str
    upstream: Upstream
    limit: Limit | None = Limit.DEFAULT
    body_limit: int = MIB


U = Upstream

ROUTES = (
    # Platform
    Route("GET", "/livez", U.PLATFORM, limit=None),
    Route("GET", "/readyz", U.PLATFORM, limit=None),
    Route("GET", "/metrics", U.PLATFORM, limit=None),
    Route("GET", "/openapi.json", U.PLATFORM),
    Route("GET", "/docs", U.PLATFORM),
    # Identity
    Route("GET", "/.well-known/jwks.json", U.IDENTITY, limit=None),
    Route("POST", "/v1/auth/register", U.IDENTITY, Limit.REGISTER),
    Route("POST", "/v1/auth/login", U.IDENTITY, Limit.LOGIN_ADDRESS),
    Route("POST", "/v1/auth/oidc", U.IDENTITY, Limit.LOGIN_ADDRESS),
    Route("POST", "/v1/auth/password-reset", U.IDENTITY, Limit.PASSWORD_RESET),
    Route(ANY, "/v1/auth/**", U.IDENTITY),
    Route(ANY, "/v1/me", U.IDENTITY),
    Route(ANY, "/v1/admin/users/**", U.IDENTITY),
    # Enrollment and Paystack
    Route("POST", "/webhooks/paystack", U.ENROLLMENT, limit=None, body_limit=256 * 1024),
    Route(ANY, "/v1/programs", U.ENROLLMENT),
    Route(ANY, "/v1/programs/{}", U.ENROLLMENT),
    Route(ANY, "/v1/programs/{}/can-enroll", U.ENROLLMENT),
    Route("POST", "/v1/programs/{}/payments", U.ENROLLMENT, Limit.PAYMENTS),
    Route(ANY, "/v1/programs/{}/payments/**", U.ENROLLMENT),
    Route(ANY, "/v1/programs/{}/billing", U.ENROLLMENT),
    Route(ANY, "/v1/programs/{}/price", U.ENROLLMENT, Limit.PAYMENTS),
    Route("POST", "/v1/payments/{}/verify", U.ENROLLMENT, Limit.PAYMENTS),
    Route("GET", "/v1/payments/{}/receipt", U.ENROLLMENT, Limit.RECEIPTS),
    Route(ANY, "/v1/payments/**", U.ENROLLMENT),
    Route(ANY, "/v1/enrollments/**", U.ENROLLMENT),
    Route(ANY, "/v1/admin/cohorts/**", U.ENROLLMENT),
    Route(ANY, "/v1/admin/coupons/**", U.ENROLLMENT),
    Route(ANY, "/v1/admin/enrollments/**", U.ENROLLMENT),
    Route(ANY, "/v1/admin/payments/**", U.ENROLLMENT),
    # Learning
    Route(ANY, "/v1/programs/{}/home", U.LEARNING),
    Route(ANY, "/v1/programs/{}/weeks/**", U.LEARNING),
    Route(ANY, "/v1/programs/{}/courses/**", U.LEARNING),
    Route(ANY, "/v1/programs/{}/access", U.LEARNING),
    Route(ANY, "/v1/programs/{}/calendar.ics", U.LEARNING),
    Route(ANY, "/v1/programs/{}/calendar-token", U.LEARNING),
    Route(ANY, "/v1/programs/{}/submissions/**", U.LEARNING),
    Route(ANY, "/v1/programs/{}/assignments/**", U.LEARNING),
    Route(ANY, "/v1/courses/**", U.LEARNING),
    Route(ANY, "/v1/admin/programs/**", U.LEARNING),
    # Media
    Route(ANY, "/v1/programs/{}/courses/{}/lessons/{}/playback", U.MEDIA),
    Route(ANY, "/v1/admin/videos/**", U.MEDIA),
    # Certificates
    Route(ANY, "/v1/certificates/**", U.CERTIFICATES),
    Route("GET", "/v1/certificates/verify/{}", U.CERTIFICATES, Limit.VERIFICATION),
    Route("GET", "/verify/{}", U.CERTIFICATES, Limit.VERIFICATION),
    Route("GET", "/v1/credentials/**", U.CERTIFICATES),
    Route(ANY, "/v1/admin/certificates/**", U.CERTIFICATES),
    # Discussion
    Route(ANY, "/v1/programs/{}/weeks/{}/discussion/**", U.DISCUSSION),
    Route("POST", "/v1/programs/{}/weeks/{}/discussion/posts", U.DISCUSSION, Limit.POSTS),
    Route(ANY, "/v1/programs/{}/discussion/**", U.DISCUSSION),
    Route(ANY, "/v1/discussion/**", U.DISCUSSION),
    Route("POST", "/v1/discussion/posts/{}/replies", U.DISCUSSION, Limit.POSTS),
    Route(ANY, "/v1/admin/discussion/**", U.DISCUSSION),
)


@dataclass(frozen=True, slots=True)
class Found:
    """The route of a request; ``allowed`` says which methods the path has when none fits."""

    route: Route | None
    allowed: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    literal: dict[str, "_Node"] = field(default_factory=dict)
    any_segment: "_Node | None" = None
    here: dict[str, Route] = field(default_factory=dict)
    rest: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """``find`` walks the path's segments, so its cost does not depend on how many routes there are."""

    def __init__(self, routes: Iterable[Route] = ROUTES) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, segments = self._root, route.pattern.strip("/").split("/")
        takes_rest = segments[-1] == "**"
        for segment in segments[:-1] if takes_rest else segments:
            if segment == "{}":
                node.any_segment = node.any_segment or _Node()
                node = node.any_segment
            else:
                node = node.literal.setdefault(segment, _Node())
        kept = node.rest if takes_rest else node.here
        if route.method in kept:
            raise ValueError(f"two routes for {route.method} {route.pattern}")
        kept[route.method] = route

    def find(self, method: str, path: str) -> Found:
        """The route of ``path``, which begins with a slash and was judged by ``paths.refuse_path``."""
        allowed: set[str] = set()
        route = _walk(self._root, path[1:].split("/"), 0, method, allowed)
        return Found(route, tuple(sorted(allowed)))


def _walk(node: _Node, segments: list[str], position: int, method: str, allowed: set[str]) -> Route | None:
    if position == len(segments):
        return _pick(node.here, method, allowed) or _pick(node.rest, method, allowed)
    if (following := node.literal.get(segments[position])) is not None:
        found = _walk(following, segments, position + 1, method, allowed)
        if found is not None:
            return found
    if node.any_segment is not None and segments[position]:
        found = _walk(node.any_segment, segments, position + 1, method, allowed)
        if found is not None:
            return found
    return _pick(node.rest, method, allowed)


def _pick(routes: dict[str, Route], method: str, allowed: set[str]) -> Route | None:
    if not routes:
        return None
    found = routes.get("GET" if method == "HEAD" else method) or routes.get(ANY)
    if found is None:
        allowed.update(routes)
    return found
