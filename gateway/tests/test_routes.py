"""Which service answers what: every call of the contract, and what is never routed."""

import pytest

from gateway.limits.policy import Limit
from gateway.proxy.paths import refuse_path
from gateway.proxy.routes import ROUTES, Route, RouteTable, Upstream

TABLE = RouteTable()

CONTRACT = """
identity     POST   /v1/auth/register
identity     POST   /v1/auth/login
identity     POST   /v1/auth/refresh
identity     POST   /v1/auth/logout
identity     POST   /v1/auth/oidc
identity     GET    /v1/me
identity     PATCH  /v1/me
identity     DELETE /v1/me
identity     POST   /v1/auth/password
identity     POST   /v1/auth/password-reset
identity     POST   /v1/auth/password-reset/confirm
identity     GET    /.well-known/jwks.json
identity     PUT    /v1/admin/users/018f/roles
identity     GET    /v1/admin/users
enrollment   GET    /v1/programs
enrollment   GET    /v1/programs/web
enrollment   GET    /v1/programs/web/can-enroll
enrollment   POST   /v1/programs/web/payments
enrollment   POST   /v1/payments/edx_1/verify
enrollment   GET    /v1/programs/web/billing
enrollment   POST   /webhooks/paystack
enrollment   GET    /v1/enrollments
enrollment   POST   /v1/admin/cohorts
enrollment   PATCH  /v1/admin/cohorts/018f
enrollment   POST   /v1/admin/enrollments
enrollment   DELETE /v1/admin/enrollments/018f
enrollment   GET    /v1/admin/payments
enrollment   POST   /v1/admin/payments/edx_1/refund
enrollment   POST   /v1/admin/payments/edx_1/reconcile
learning     GET    /v1/programs/web/home
learning     GET    /v1/programs/web/weeks/1
learning     GET    /v1/programs/web/courses/html/lessons/intro
learning     POST   /v1/courses/html/lessons/intro/complete
learning     GET    /v1/courses/html/progress
learning     GET    /v1/programs/web/access
learning     POST   /v1/programs/web/weeks/1/assignments/essay/submissions
learning     GET    /v1/programs/web/weeks/1/assignments/essay/submissions
learning     PUT    /v1/programs/web/weeks/1/assignments/essay/submissions/018f/grade
learning     GET    /v1/programs/web/calendar.ics
learning     POST   /v1/programs/web/calendar-token
learning     PUT    /v1/admin/programs/web
learning     GET    /v1/admin/programs/web
media        GET    /v1/programs/web/courses/html/lessons/intro/playback
media        POST   /v1/admin/videos
media        POST   /v1/admin/videos/018f/complete
media        GET    /v1/admin/videos
certificates GET    /v1/certificates
certificates GET    /v1/certificates/018f/download-url
certificates GET    /v1/certificates/verify/ABCD
certificates GET    /verify/ABCD
certificates GET    /v1/certificates/018f/credential
certificates GET    /v1/credentials/issuer
certificates GET    /v1/credentials/achievements/courses/html
certificates POST   /v1/certificates/018f/name-correction
certificates POST   /v1/admin/certificates/018f/revoke
certificates POST   /v1/admin/certificates/018f/reissue
certificates POST   /v1/admin/certificates/018f/name-correction/approve
discussion   GET    /v1/programs/web/weeks/1/discussion
discussion   POST   /v1/programs/web/weeks/1/discussion/posts
discussion   POST   /v1/discussion/posts/018f/replies
discussion   GET    /v1/discussion/posts/018f/replies
discussion   PUT    /v1/discussion/posts/018f/pin
discussion   PATCH  /v1/discussion/posts/018f
discussion   DELETE /v1/discussion/posts/018f
discussion   POST   /v1/discussion/posts/018f/report
discussion   PUT    /v1/discussion/posts/018f/hidden
discussion   GET    /v1/programs/web/discussion/reports
platform     GET    /livez
platform     GET    /readyz
platform     GET    /openapi.json
platform     GET    /docs
"""
CALLS = [line.split() for line in CONTRACT.strip().splitlines()]


@pytest.mark.parametrize(("upstream", "method", "path"), CALLS)
def test_every_call_of_the_contract_reaches_its_service(upstream, method, path):
    assert refuse_path(path.encode()) is None
    route = TABLE.find(method, path).route
    assert route is not None
    assert route.upstream == upstream


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/internal",
        "/internal/access",
        "/v1/internal",
        "/v1",
        "/v2/programs",
        "/v1/programs/",
        "/v1/programs/web/unknown",
        "/v1/programs/web/home/more",
        "/v1/me/",
        "/V1/me",
        "/webhooks/other",
        "/v1/%70rograms",
        "/verify",
        "/verify/a/b",
    ],
)
def test_what_is_not_in_the_table_is_nowhere(path):
    found = TABLE.find("GET", path)
    assert found.route is None
    assert found.allowed == ()


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/webhooks/paystack", ("POST",)), ("POST", "/verify/ABCD", ("GET",)), ("DELETE", "/docs", ("GET",))],
)
def test_a_known_path_names_the_methods_it_takes(method, path, allowed):
    found = TABLE.find(method, path)
    assert (found.route, found.allowed) == (None, allowed)


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/v1/auth/login", Limit.LOGIN_ADDRESS),
        ("POST", "/v1/auth/register", Limit.REGISTER),
        ("POST", "/v1/auth/password-reset", Limit.PASSWORD_RESET),
        ("POST", "/v1/auth/password-reset/confirm", Limit.DEFAULT),
        ("POST", "/v1/auth/refresh", Limit.DEFAULT),
        ("POST", "/v1/programs/web/payments", Limit.PAYMENTS),
        ("POST", "/v1/payments/edx_1/verify", Limit.PAYMENTS),
        ("GET", "/v1/payments/edx_1/receipt", Limit.RECEIPTS),
        ("GET", "/v1/payments", Limit.DEFAULT),
        ("POST", "/v1/programs/web/weeks/1/discussion/posts", Limit.POSTS),
        ("GET", "/v1/programs/web/weeks/1/discussion/posts", Limit.DEFAULT),
        ("POST", "/v1/discussion/posts/018f/replies", Limit.POSTS),
        ("GET", "/v1/discussion/posts/018f/replies", Limit.DEFAULT),
        ("GET", "/v1/certificates/verify/ABCD", Limit.VERIFICATION),
        ("HEAD", "/verify/ABCD", Limit.VERIFICATION),
        ("POST", "/webhooks/paystack", None),
        ("GET", "/v1/programs/web/home", Limit.DEFAULT),
    ],
)
def test_every_limit_guards_its_calls(method, path, limit):
    route = TABLE.find(method, path).route
    assert route is not None
    assert route.limit == limit


def test_only_the_webhook_has_a_smaller_body():
    assert {route.pattern: route.body_limit for route in ROUTES if route.body_limit != 1024 * 1024} == {
        "/webhooks/paystack": 256 * 1024
    }


def test_two_routes_for_the_same_are_a_mistake():
    twice = [Route("GET", "/a", Upstream.MEDIA), Route("GET", "/a", Upstream.LEARNING)]
    with pytest.raises(ValueError, match="two routes for GET /a"):
        RouteTable(twice)


@pytest.mark.parametrize(
    "path",
    [
        b"//internal",
        b"/v1//me",
        b"/v1/../internal",
        b"/v1/..",
        b"/v1/.",
        b"/./v1",
        b"/v1/%2e%2e/internal",
        b"/v1/%2E/me",
        b"/v1/a%2fb",
        b"/v1/a%2Fb",
        b"/v1/a%5cb",
        b"/v1/a\\b",
        b"/v1/a%00",
        b"/v1/a%0d%0a",
        b"/v1/a%7f",
        b"/v1/a%252f",
        b"/v1/a%zz",
        b"/v1/a%2",
        b"/v1/a b",
        b"/v1/\xc3\xa9",
        b"/v1/<script>",
        b"v1/me",
        b"",
        b"http://elsewhere/v1/me",
        b"/" + b"a" * 2048,
    ],
)
def test_paths_that_mean_different_things_to_different_programs_are_refused(path):
    assert refuse_path(path) is not None


@pytest.mark.parametrize(
    "path",
    [b"/", b"/v1/me", b"/v1/programs/web-2026", b"/v1/a%20b", b"/v1/%C3%A9", b"/.well-known/x", b"/a/b.c", b"/a/"],
)
def test_plain_paths_pass(path):
    assert refuse_path(path) is None
