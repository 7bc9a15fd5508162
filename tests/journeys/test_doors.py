"""The gateway as an outer door: what is not routed, tricks with paths, methods and sizes, and Paystack's webhook."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator

import pytest
from tests.platform.contract import CALLS
from tests.platform.installation import Platform
from tests.platform.raw import get_raw, send_raw
from tests.platform.shapes import assert_problem
from tests.platform.world import World

MIB = 1024 * 1024
SIZED = [call for call in CALLS if call.body]
#: One address of each process behind the gateway, and of the gateway's own part.
UPLOADS = {call.path.split("/")[2]: call for call in SIZED}


@pytest.fixture(scope="module")
def world(rough_world: World) -> World:
    """What is sent here changes things: not the world in which the contract's answers are looked at."""
    return rough_world


@pytest.mark.parametrize(
    "path",
    [
        "/", "/v1", "/v2/programs", "/v1/nothing-here", "/admin", "/.env", "/.git/config", "/wp-login.php",
        "/internal", "/internal/access", "/internal/access?program=a&course=b&lesson=c&userId=d&staff=true",
        "/v1/internal/access", "/v1/programs/internal/access/x", "/openapi.yaml", "/redoc", "/docs/oauth2-redirect",
    ],
)  # fmt: skip
def test_what_is_not_in_the_contract_is_nowhere(platform: Platform, path: str) -> None:
    for caller in (platform.stranger(), platform.admin):
        assert_problem(caller.send("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    "target",
    [
        "//internal/access", "/v1/../internal/access", "/v1/programs/../../internal/access", "/./internal/access",
        "/v1/programs/%2e%2e/%2e%2e/internal/access", "/v1/programs/..%2f..%2finternal%2faccess",
        "/v1/programs/x%2f..%2f..%2finternal", "/%69nternal/access", "/internal%2faccess", "/v1/programs/%00",
        "/v1/programs/%0d%0aX-Injected:%20yes", "/v1/programs/%252e%252e/internal", "/v1/programs/..;/internal",
        "/v1\\..\\internal", "/v1/programs/%5c..%5cinternal", "http://learning/internal/access", "*", "/v1/programs/%",
        "/v1/programs/\xe9", "/v1/programs/<b>", "/v1/programs/" + "a" * 4000, "/INTERNAL/access",
        "/v1/programs?%00=%ff", "/v1/programs/a/weeks/1/../../../../internal/access",
    ],
)  # fmt: skip
def test_no_trick_with_the_path_reaches_another_place(platform: Platform, target: str) -> None:
    answer = get_raw(platform.url, target)
    if answer.status == 200:  # the query is not the path
        assert target.startswith("/v1/programs?")
        return
    assert 400 <= answer.status < 500, answer
    assert "X-Injected" not in answer.head
    if "application/problem+json" in answer.head:
        assert json.loads(answer.body)["status"] == answer.status
    else:  # uvicorn's parser refused bytes that are no HTTP
        assert answer.body == "Invalid HTTP request received."


@pytest.mark.parametrize("path", sorted({call.path for call in CALLS}))
def test_a_method_that_an_address_does_not_take_is_named_as_such(world: World, path: str) -> None:
    known = {call.method for call in CALLS if call.form == re.sub(r"{[^}]*}", "{}", path)}
    for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - known):
        answer = world.who("admin").send(method, world.filled(path))
        if answer.status_code != 404:  # another call has the same form: /v1/certificates/verify/x is /{id}/x
            assert_problem(answer, (401, 403, 405, 422))


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "FOO", "get", "G" * 40])
def test_methods_that_nobody_uses_are_refused(platform: Platform, method: str) -> None:
    answer = get_raw(platform.url, "/v1/me", method=method)
    assert answer.status in (0, 400, 404, 405, 501), answer


@pytest.mark.parametrize("name", UPLOADS)
def test_a_body_over_a_mebibyte_is_too_large_before_it_is_read(world: World, name: str) -> None:
    call = UPLOADS[name]
    path, headers = world.filled(call.address), {"content-type": "application/json"}
    big = b'{"a": "' + b"x" * MIB + b'"}'
    answer = world.who(call.spender).send(call.method, path, content=big, headers=headers)
    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize("name", UPLOADS)
def test_a_body_that_hides_its_length_is_too_large_when_it_is(world: World, name: str) -> None:
    call = UPLOADS[name]

    def parts() -> Iterator[bytes]:
        yield b'{"a": "'
        for _ in range(40):
            yield b"x" * 65536

    answer = world.who(call.spender).send(
        call.method, world.filled(call.address), content=parts(), headers={"content-type": "application/json"}
    )
    assert_problem(answer, 413, "too_large")


def test_headers_that_would_be_believed_inside_are_not_passed_on(world: World) -> None:
    lies = {"x-forwarded-for": "10.0.0.1", "x-http-method-override": "DELETE", "x-original-url": "/internal/access"}
    answer = world.member.send("GET", "/v1/me", headers=lies)
    assert answer.json()["id"] == world.member.id
    assert world.member.get("/v1/me")["id"] == world.member.id


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length: abc\r\n",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_smuggles_nothing(platform: Platform, head: str) -> None:
    host = platform.url.removeprefix("http://")
    smuggled = "0\r\n\r\nGET /internal/access HTTP/1.1\r\nHost: x\r\n\r\n"
    request = f"POST /v1/auth/login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}\r\n{smuggled}"
    answer = send_raw(platform.url, request.encode())
    assert answer.status < 500, answer
    assert answer.status != 200


def test_the_numbers_for_operators_are_not_public(platform: Platform) -> None:
    stranger = platform.stranger()
    assert_problem(stranger.send("GET", "/metrics"), (401, 403, 404))
    wrong = {"authorization": "Bearer wrong"}
    assert_problem(stranger.send("GET", "/metrics", headers=wrong), (401, 403, 404))
    right = {"authorization": f"Bearer {platform.env['EDX_METRICS_TOKEN']}"}
    assert "edx_" in stranger.send("GET", "/metrics", headers=right).text


# --- Paystack's webhook -----------------------------------------------------------------------------------------------

WEBHOOK = "/webhooks/paystack"


def _signature(platform: Platform, body: bytes) -> dict[str, str]:
    key = platform.env["EDX_PAYSTACK_SECRET_KEYS"].split(",")[0]
    signed = hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
    return {"content-type": "application/json", "x-paystack-signature": signed}


def _event(reference: str) -> bytes:
    return json.dumps({"event": "charge.success", "data": {"reference": reference, "status": "success"}}).encode()


def test_a_signed_webhook_is_received_whatever_it_says(platform: Platform) -> None:
    stranger = platform.stranger()
    for body in (_event("edx-nobody-knows"), b"{}", b"[]", b"not json", b'{"event": null}', b"\xff\xfe", b""):
        answer = stranger.send("POST", WEBHOOK, content=body, headers=_signature(platform, body))
        assert (answer.status_code, answer.json()) == (200, {"received": True})


def test_a_webhook_that_paystack_did_not_sign_is_refused(platform: Platform, world: World) -> None:
    checkout = world.newcomer.init_payment(world.school.paid)
    body = _event(checkout["reference"])
    good = _signature(platform, body)
    signature = good["x-paystack-signature"]
    json_only = {"content-type": "application/json"}
    tampered = body.replace(b'"success"', b'"success" ')
    stranger = platform.stranger()
    for content, headers in (
        (body, json_only),
        (body, {**json_only, "x-paystack-signature": ""}),
        (body, {**json_only, "x-paystack-signature": "0" * 128}),
        (body, {**json_only, "x-paystack-signature": signature[:-1]}),
        (body, {**json_only, "x-paystack-signature": hashlib.sha512(body).hexdigest()}),
        (tampered, good),
        (body + b" ", good),
        (b"", good),
    ):
        assert_problem(stranger.send("POST", WEBHOOK, content=content, headers=headers), 401, "invalid_signature")
    assert world.newcomer.billing(world.school.paid)["enrollmentStatus"] == "pending"


def test_a_signed_lie_about_an_unpaid_charge_opens_nothing(platform: Platform, world: World) -> None:
    checkout = world.newcomer.init_payment(world.school.paid)
    body = _event(checkout["reference"])
    answer = platform.stranger().send("POST", WEBHOOK, content=body, headers=_signature(platform, body))
    assert answer.status_code == 200
    verified = world.newcomer.post(f"/v1/payments/{checkout['reference']}/verify")
    assert (verified["status"], verified["enrollmentStatus"]) == ("pending", "pending")


def test_a_webhook_may_have_256_kibibytes_and_no_more(platform: Platform) -> None:
    stranger = platform.stranger()
    largest = b'{"event":"x","data":"' + b"y" * (256 * 1024 - 23) + b'"}'
    assert len(largest) == 256 * 1024
    assert stranger.send("POST", WEBHOOK, content=largest, headers=_signature(platform, largest)).status_code == 200
    larger = largest + b" "
    answer = stranger.send("POST", WEBHOOK, content=larger, headers=_signature(platform, larger))
    assert_problem(answer, 413, "too_large")


def test_the_webhooks_address_takes_nothing_but_posts(platform: Platform) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = platform.stranger().send(method, WEBHOOK)
        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"
