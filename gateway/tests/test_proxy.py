"""The way through the gateway: what passes, what does not, and what happens when something breaks."""

import json
import socket
import threading
from collections import Counter
from contextlib import closing

import httpx
import pytest

from gateway.proxy.headers import traceparent

JSON = {"Content-Type": "application/json"}


def names(seen):
    return Counter(name for name, _ in seen["headers"])


def value(seen, name):
    (found,) = [found for header, found in seen["headers"] if header == name]
    return found


def raw(door, request, *, read=True):
    """Bytes on a socket: what no well-behaved client would send. Answers everything until the gateway closes."""
    with closing(socket.create_connection(("127.0.0.1", door.port), 10)) as connection:
        connection.sendall(request)
        received = b""
        while read and (part := connection.recv(65_536)):
            received += part
        return received


def test_method_path_query_and_body_arrive_as_they_were_sent(proxied):
    client = proxied().browser()
    seen = client.patch("/v1/admin/cohorts/a%20b?x=1&x=%2F..&y=", content=b'{"a":1}', headers=JSON).json()
    assert (seen["method"], seen["path"], seen["query"], seen["length"]) == (
        "PATCH",
        "/v1/admin/cohorts/a%20b",
        "x=1&x=%2F..&y=",
        7,
    )
    assert value(seen, "content-type") == "application/json"
    assert value(seen, "content-length") == "7"


def test_end_to_end_headers_pass_and_connection_headers_do_not(proxied):
    headers = {
        "Authorization": "Bearer something",
        "Idempotency-Key": "k",
        "If-None-Match": '"x"',
        "Cookie": "a=b",
        "User-Agent": "browser/1",
        "Accept-Encoding": "br",
        "Connection": "keep-alive, X-Hop",
        "X-Hop": "1",
        "Keep-Alive": "timeout=5",
        "TE": "trailers",
        "Proxy-Authorization": "Basic x",
    }
    seen = proxied().browser().get("/v1/programs", headers=headers).json()
    for name in ("authorization", "idempotency-key", "if-none-match", "cookie", "user-agent", "accept-encoding"):
        assert names(seen)[name] == 1, name
    for name in ("x-hop", "keep-alive", "te", "proxy-authorization", "connection"):
        assert names(seen)[name] == 0, name


def test_the_answers_headers_pass_untouched_but_for_those_of_the_connection(proxied):
    with proxied().browser().stream("GET", "/v1/courses/headers") as whole:
        assert b"".join(whole.iter_raw()) == b"not really gzip"
        assert whole.status_code == 307
        assert whole.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert (whole.headers["etag"], whole.headers["location"]) == ('"x"', "/v1/elsewhere")
        assert whole.headers["content-encoding"] == "gzip"
        assert "x-secret-hop" not in whole.headers
        assert len(whole.headers.get_list("x-request-id")) == 1
        assert len(whole.headers.get_list("date")) == 1
        assert whole.headers["x-request-id"] != "the-services-own"


def test_what_only_the_gateway_may_say_is_not_believed(proxied):
    spoofed = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example.com",
        "X-Forwarded-Prefix": "/internal",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "X-Original-URL": "/internal",
        "X-Rewrite-URL": "/internal",
        "X-HTTP-Method-Override": "DELETE",
        "Host": "api.example.com",
    }
    seen = proxied().browser().get("/v1/programs", headers=spoofed).json()
    assert value(seen, "x-forwarded-for") == "127.0.0.1"
    assert value(seen, "x-forwarded-proto") == "http"
    assert value(seen, "x-forwarded-host") == "api.example.com"
    assert "6.6.6.6" not in json.dumps(seen)
    assert "/internal" not in json.dumps(seen)
    assert names(seen)["x-http-method-override"] == 0


def test_a_trusted_proxy_is_believed(proxied):
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2", "X-Forwarded-Proto": "https"}
    door = proxied(trusted_proxies="127.0.0.0/8, 10.0.0.0/8")
    seen = door.browser().get("/v1/programs", headers={**headers, "X-Forwarded-Host": "api.example.com"}).json()
    assert value(seen, "x-forwarded-for") == "203.0.113.9, 127.0.0.1"
    assert (value(seen, "x-forwarded-proto"), value(seen, "x-forwarded-host")) == ("https", "api.example.com")


def test_the_request_id_goes_in_and_out(proxied):
    client = proxied().browser()
    answer = client.get("/v1/programs", headers={"X-Request-Id": "from-the-browser.1"})
    assert (answer.headers["x-request-id"], value(answer.json(), "x-request-id")) == ("from-the-browser.1",) * 2
    answer = client.get("/v1/programs", headers={"X-Request-Id": "two words"})
    assert len(answer.headers["x-request-id"]) == 32
    assert value(answer.json(), "x-request-id") == answer.headers["x-request-id"]


def test_the_trace_goes_on_in_a_span_of_our_own(proxied):
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    seen = proxied().browser().get("/v1/programs", headers={"traceparent": given}).json()
    passed = value(seen, "traceparent")
    assert (passed[:36], passed[52:]) == (given[:36], "-00")
    assert passed != given


@pytest.mark.parametrize("given", [None, b"", b"nonsense", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01"])
def test_a_trace_begins_where_there_is_none(given):
    begun = traceparent(given).decode().split("-")
    assert [len(part) for part in begun] == [2, 32, 16, 2]
    assert int(begun[1], 16) > 0


def test_an_answer_streams(proxied, service):
    with proxied().browser().stream("GET", "/v1/courses/stream") as answer:
        parts = answer.iter_bytes()
        assert next(parts) == b"first"
        service.go_on.set()
        assert b"".join(parts) == b"rest"


def test_a_body_streams(proxied, service):
    def parts():
        yield b"a" * 1000
        assert service.got_part.wait(10), "the service did not get the first part before the second was sent"
        yield b"b" * 1000

    seen = proxied().browser().post("/v1/admin/videos", content=parts()).json()
    assert seen["length"] == 2000


def test_a_streamed_body_keeps_its_announced_length(proxied):
    body = b"x" * 900_000
    seen = proxied().browser().put("/v1/admin/programs/web", content=body).json()
    assert (seen["length"], value(seen, "content-length")) == (900_000, "900000")
    assert names(seen)["transfer-encoding"] == 0


@pytest.mark.parametrize(("headers", "status"), [({}, 204), ({"If-None-Match": "x"}, 304)])
def test_answers_without_a_body(proxied, headers, status):
    answer = proxied().browser().get("/v1/courses/nothing", headers=headers)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (status, b"", "x")


def test_head_answers_the_length_and_nothing_else(proxied):
    answer = proxied().browser().head("/v1/programs")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


@pytest.mark.parametrize(
    ("path", "limit"), [("/v1/admin/programs/web", 1024 * 1024), ("/webhooks/paystack", 256 * 1024)]
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_announced_or_not(proxied, service, problem, path, limit, chunked):
    client = proxied().browser()

    def send(size):
        return client.post(
            path, content=iter([b"x" * (size // 2), b"x" * (size - size // 2)]) if chunked else b"x" * size
        )

    assert send(limit).json()["length"] == limit
    document = problem(send(limit + 1), 413, "too_large")
    assert str(limit) in document["detail"]
    assert len(service.seen) == 1


def test_a_service_that_is_down_is_a_503(proxied, problem):
    door = proxied(media_url="http://127.0.0.1:1")
    answer = door.browser().get("/v1/admin/videos")
    assert "media" in problem(answer, 503, "service_unavailable")["detail"]
    assert answer.headers["retry-after"] == "2"
    assert door.browser().get("/v1/programs").status_code == 200


def test_a_service_that_does_not_answer_is_a_504(proxied, service, problem):
    door = proxied(upstream_read_seconds=0.3)
    problem(door.browser().get("/v1/courses/hang"), 504, "upstream_timeout")
    assert service.client_gone.wait(10)


def test_a_busy_service_does_not_hold_up_the_others(proxied, service, problem):
    door = proxied(upstream_max_requests=1, upstream_connect_seconds=0.2)
    hanging = threading.Thread(target=lambda: httpx.get(f"{door.url}/v1/courses/hang", timeout=3), daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", lambda _: None)
        hanging.start()
        assert service.got_part.wait(10)
        problem(door.browser().get("/v1/courses/echo"), 503, "service_unavailable")
        assert door.browser().get("/v1/programs").status_code == 200
        hanging.join(10)


def test_an_answer_that_breaks_off_is_not_taken_for_whole(proxied):
    with pytest.raises(httpx.RemoteProtocolError):
        proxied().browser().get("/v1/courses/broken")


@pytest.mark.parametrize("behaviour", ["hang", "endless"])
def test_a_client_that_goes_away_takes_its_request_along(proxied, service, behaviour):
    door = proxied()
    with closing(socket.create_connection(("127.0.0.1", door.port), 10)) as connection:
        connection.sendall(f"GET /v1/courses/{behaviour} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert service.got_part.wait(10)
    assert service.client_gone.wait(10)
    assert door.browser().get("/v1/programs").status_code == 200


def test_a_client_that_goes_away_in_the_middle_of_its_body(proxied, service):
    door = proxied()
    with closing(socket.create_connection(("127.0.0.1", door.port), 10)) as connection:
        connection.sendall(b"POST /v1/admin/videos HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this")
        assert service.got_part.wait(10)
    assert service.client_gone.wait(10)
    assert service.seen == []


class Fickle(threading.Thread):
    """A service that answers one request on each connection, and closes it when the next one arrives."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.requests = []
        self.connections = 0
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self.read(connection)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                self.read(connection)

    def read(self, connection):
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65_536)
            if not part:
                return
            received += part
        self.requests.append(received.split(b" ", 1)[0].decode())


@pytest.fixture
def fickle():
    service = Fickle()
    yield service
    service.listener.close()


def test_a_read_is_asked_again_when_a_pooled_connection_was_closed(proxied, fickle):
    client = proxied(learning_url=fickle.url).browser()
    for _ in range(3):
        assert client.get("/v1/courses/html/progress").text == "ok"
    assert fickle.requests == ["GET"] * 5
    assert fickle.connections == 3


def test_a_write_is_not(proxied, fickle, problem):
    client = proxied(learning_url=fickle.url).browser()
    path = "/v1/courses/html/lessons/intro/complete"
    assert client.post(path, content=b"{}").text == "ok"
    problem(client.post(path, content=b"{}"), 503, "service_unavailable")
    assert fickle.requests == ["POST", "POST"]


@pytest.mark.parametrize("path", ["/internal/access", "/v1/nothing", "/"])
def test_an_unknown_address_is_a_404(proxied, service, problem, path):
    problem(proxied().browser().get(path), 404, "not_found")
    assert service.seen == []


def test_a_method_that_the_address_does_not_take(proxied, problem):
    answer = proxied().browser().get("/webhooks/paystack")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "target", ["/v1/../internal/access", "//internal", "/v1/%2e%2e/internal", "/v1/a%2fb", "/v1/a\\b"]
)
def test_tricks_with_paths_go_nowhere(proxied, service, target):
    received = raw(proxied(), f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert received.startswith(b"HTTP/1.1 400")
    assert b"invalid_path" in received
    assert service.seen == []


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
def test_methods_that_nobody_uses_go_nowhere(proxied, service, method):
    received = raw(proxied(), f"{method} /v1/programs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert received.startswith((b"HTTP/1.1 404", b"HTTP/1.1 405"))
    assert service.seen == []


def test_two_lengths_or_a_length_and_chunks_smuggle_nothing(proxied, service):
    smuggled = b"GET /v1/me HTTP/1.1\r\nHost: x\r\n\r\n"
    for headers in (
        b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(smuggled),
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % len(smuggled),
    ):
        request = b"POST /v1/admin/videos HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n" + smuggled
        assert raw(proxied(), request).startswith(b"HTTP/1.1 400")
    assert service.seen == []


def test_a_header_that_cannot_be_passed_on_is_the_clients_mistake(proxied, service):
    request = b"GET /v1/programs HTTP/1.1\r\nHost: x\r\nX-Name: \xff\xfe\r\nConnection: close\r\n\r\n"
    received = raw(proxied(), request)
    assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))
