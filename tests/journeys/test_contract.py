"""Every call of the contract, made through the gateway: status, every field, camelCase, instants with ``Z``."""

import re
from typing import Any

import pytest
from tests.platform.contract import CALLS, Call
from tests.platform.installation import Platform
from tests.platform.shapes import assert_carries, assert_exactly, assert_problem
from tests.platform.world import World

#: Named as Paystack and the frontend do.
_NOT_CAMEL = {"authorization_url"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_the_call_answers_as_the_contract_says(world: World, call: Call) -> None:
    options: dict[str, Any] = {} if call.body is None else {"json": world.filled(call.body)}
    answer = world.who(call.who or call.needs).send(call.method, world.filled(call.address), **options)
    assert answer.status_code == call.status, answer.text
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    if call.status >= 400:
        assert_problem(answer, call.status)
    elif call.status in (202, 204):
        assert answer.content in (b"", b"null")
    elif call.model is not None:
        document = answer.json()
        assert_exactly(call.model, document)
        if call.shape:
            assert_carries(call.shape, document)
        assert not list(_mistakes(document))


def _mistakes(document: Any, path: str = "") -> Any:
    """Names that are not camelCase, instants that are not in UTC with ``Z``."""
    if isinstance(document, list):
        for item in document:
            yield from _mistakes(item, path)
    elif isinstance(document, dict):
        for name, value in document.items():
            if "_" in name and name not in _NOT_CAMEL:
                yield f"{path}.{name}"
            yield from _mistakes(value, f"{path}.{name}")
    elif isinstance(document, str) and path.endswith(("At", ".at")) and not _INSTANT.fullmatch(document):
        yield f"{path}: {document}"


_SECURITY: dict[str, Any] = {"nothing": ([], [{}, {"bearer": []}]), "login": ([{"bearer": []}],)}


def test_the_document_says_which_calls_need_a_token(platform: Platform) -> None:
    document = platform.stranger().get("/openapi.json")
    assert document["components"]["securitySchemes"].keys() == {"bearer"}
    told = {
        f"{method.upper()} {re.sub('{[^}]*}', '{}', path)}": operation.get("security", [])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    wrong = [
        call.name
        for call in CALLS
        if told[f"{call.method} {call.form}"] not in _SECURITY.get(call.needs, _SECURITY["login"])
    ]
    assert wrong == []
    assert told["GET /v1/programs/{}/can-enroll"] == [{}, {"bearer": []}]
    assert told["POST /webhooks/paystack"] == []


def test_the_table_above_is_the_whole_platform(platform: Platform) -> None:
    """A call that is added to a service is added to ``CALLS``, where its callers, inputs and answer are tested."""

    document = platform.stranger().get("/openapi.json")
    offered = {
        f"{method.upper()} {re.sub('{[^}]*}', '{}', path)}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    tested = {f"{call.method} {call.form}" for call in CALLS} | {"POST /webhooks/paystack"}
    assert offered == tested


def test_pages_for_people_and_calendars_have_their_own_types(world: World) -> None:
    page = world.stranger.send("GET", world.filled("/verify/{code}"))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    calendar = world.stranger.send("GET", world.filled("/v1/programs/{program}/calendar.ics?token={calendar_token}"))
    assert calendar.headers["content-type"].startswith("text/calendar")
    assert calendar.text.startswith("BEGIN:VCALENDAR")
    docs = world.stranger.send("GET", "/docs")
    assert docs.headers["content-type"] == "text/html; charset=utf-8"
    for path in ("/livez", "/readyz"):
        assert world.stranger.send("GET", path).status_code == 200


def test_an_idempotency_key_brings_the_first_answer_again(world: World) -> None:
    path, key = world.filled("/v1/programs/{program}/weeks/1/discussion/posts"), {"idempotency-key": "abc-123"}
    first = world.member.send("POST", path, json={"body": "Once."}, headers=key)
    again = world.member.send("POST", path, json={"body": "Once."}, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    other = world.member.send("POST", path, json={"body": "Twice."}, headers=key)
    assert_problem(other, 422, "idempotency_key_reused")


def test_a_request_keeps_its_id_and_its_trace(world: World) -> None:
    answer = world.stranger.send("GET", "/v1/programs/no-such-program", headers={"x-request-id": "from-the-browser-1"})
    assert answer.headers["x-request-id"] == "from-the-browser-1"
    assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize("path", ["/v1/admin/cohorts", "/v1/admin/payments", "/v1/admin/users", "/v1/programs"])
def test_lists_are_paged_by_cursor_without_gaps_or_repeats(world: World, path: str) -> None:
    name = path.rsplit("/", 1)[1]
    key = "reference" if name == "payments" else "slug" if name in ("cohorts", "programs") else "id"
    admin = world.who("admin")
    first = admin.get(path, limit=2)
    assert len(first[name]) == 2
    if first["nextCursor"]:
        second = admin.get(path, limit=2, cursor=first["nextCursor"])
        assert not {item[key] for item in first[name]} & {item[key] for item in second[name]}
    assert_problem(admin.send("GET", path, params={"limit": 0}), 422)
    assert_problem(admin.send("GET", path, params={"cursor": "not-a-cursor"}), 422)
