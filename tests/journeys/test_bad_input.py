"""Bad input in every call: a problem document that says what is wrong, never a 500, never a half-done change."""

import json
from typing import Any

import pytest
from tests.platform.contract import CALLS, Call
from tests.platform.shapes import assert_problem
from tests.platform.world import World

WITH_BODY = [call for call in CALLS if call.body]
JSON = {"content-type": "application/json"}
UNKNOWN_ID = "0190a6b0-0000-7000-8000-000000000000"
UNKNOWN = {
    "program": "no-such-program",
    "course": "no-such-course",
    "lesson": "no-such-lesson",
    "week": "99",
    "assignment": "no-such-assignment",
    "cohort": "no-such-cohort",
    "reference": "edx-nosuchreference",
    "refundable": "edx-nosuchreference",
    "key": "no-such-key",
    "achievement": "no-such-kind",
    "status": "999999",
    "code": "NOSU-CHCO-DENO-SUCH",
    **dict.fromkeys(("post", "doomed_post", "submission", "certificate", "enrollment", "spare", "video"), UNKNOWN_ID),
    **dict.fromkeys(("to_approve", "to_reject", "to_revoke", "to_reissue"), UNKNOWN_ID),
}
#: Not for every parameter: what is put there is new, pages for people say it in words.
_MAY_BE_NEW = {
    "PUT /v1/admin/programs/{program}",
    "GET /verify/{code}",
    "GET /v1/programs/{program}/calendar.ics",  # its token is judged first
}
#: Without a body they mean something: the cohort on offer, whatever is there.
_BODY_OPTIONAL = {"POST /v1/programs/{program}/payments"}
#: As a hurried client would send them; none of these may become anything but a refusal.
STRANGE_SEGMENTS = [
    "%20",
    "null",
    "-1",
    "%27%20OR%201=1",
    "x" * 300,
    "%E2%80%AE",
    "%F0%9F%92%A9",
    "a.b",
    "*",
    "18f",
]


def _named(call: Call) -> list[str]:
    return [name for name in UNKNOWN if f"{{{name}}}" in call.path]


def _send(world: World, call: Call, path: str) -> Any:
    options = {} if call.body is None else {"json": world.filled(call.body)}
    return world.who(call.spender).send(call.method, path + world.filled(call.query), **options)


@pytest.fixture(scope="module")
def world(rough_world: World) -> World:
    """What is sent here changes things: not the world in which the contract's answers are looked at."""
    return rough_world


@pytest.mark.parametrize(
    ("call", "name"),
    [(call, name) for call in CALLS if call.name not in _MAY_BE_NEW for name in _named(call)],
    ids=lambda value: value.name if isinstance(value, Call) else value,
)
def test_what_does_not_exist_is_not_found(world: World, call: Call, name: str) -> None:
    path = call.path.format_map({**world.values, name: UNKNOWN[name]})
    assert_problem(_send(world, call, path), (404, 422) if name == "achievement" else 404)


@pytest.mark.parametrize(
    ("call", "name"),
    [(call, name) for call in CALLS if call.method == "GET" for name in _named(call)],
    ids=lambda value: value.name if isinstance(value, Call) else value,
)
def test_strange_names_are_refused_politely(world: World, call: Call, name: str) -> None:
    for strange in STRANGE_SEGMENTS:
        path = call.path.format_map({**world.values, name: strange})
        answer = _send(world, call, path)
        if call.is_page:
            assert answer.status_code in (200, 404, 422)
        else:
            assert_problem(answer, (400, 401, 403, 404, 422))


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.name)
def test_a_body_that_is_no_json_is_malformed(world: World, call: Call) -> None:
    path = world.filled(call.address)
    for raw in (b'{"a":', b"{'a': 1}", b"\xff\xfe\x00", b"not json", b'{"a": NaN_}', b"[" * 5000):
        answer = world.who(call.spender).send(
            call.method, path, content=raw, headers={"content-type": "application/json"}
        )
        assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.name)
def test_a_body_of_the_wrong_kind_is_refused(world: World, call: Call) -> None:
    path = world.filled(call.address)
    nothing = () if call.name in _BODY_OPTIONAL else (b"null", b"")
    for body in (b"[]", b'"text"', b"5", b"true", *nothing):
        answer = world.who(call.spender).send(
            call.method, path, content=body, headers={"content-type": "application/json"}
        )
        assert_problem(answer, (400, 422), ("validation_failed", "malformed_json"))
    xml = world.who(call.spender).send(call.method, path, content=b"<a/>", headers={"content-type": "application/xml"})
    assert_problem(xml, (400, 415, 422))


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.name)
def test_a_field_of_the_wrong_type_is_named(world: World, call: Call) -> None:
    path, body = world.filled(call.address), world.filled(call.body)
    for field in body:
        for wrong in ({"an": "object"}, [["lists"]], 1e300):
            answer = world.who(call.spender).send(call.method, path, json={**body, field: wrong})
            problem = assert_problem(answer, 422, "validation_failed")
            assert any(error["field"].split(".")[0] == field for error in problem["errors"]), problem


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.name)
def test_text_that_no_database_should_see_is_taken_or_refused_but_never_breaks(world: World, call: Call) -> None:
    body = world.filled(call.body)
    path = world.filled(call.address)
    for field in (name for name, value in body.items() if isinstance(value, str)):
        for text in ("\x00", "\ud800", "💥" * 50, "a" * 20_000, "' OR 1=1 --", "\u202e\u200b", " "):
            raw = json.dumps({**body, field: text}).encode()
            answer = world.who(call.spender).send(
                call.method, path, content=raw, headers={"content-type": "application/json"}
            )
            if answer.status_code >= 400:
                assert_problem(answer, (400, 401, 403, 404, 409, 413, 422, 429))


@pytest.mark.parametrize(
    "call", [call for call in WITH_BODY if call.needs in ("staff", "admin")], ids=lambda call: call.name
)
def test_administrative_documents_refuse_fields_they_do_not_know(world: World, call: Call) -> None:
    body = {**world.filled(call.body), "aTypo": 1}
    answer = world.who(call.spender).send(call.method, world.filled(call.address), json=body)
    if "discussion" in call.path:  # a staff call of the students' kind
        assert answer.status_code == 200
    else:
        assert_problem(answer, 422, "validation_failed")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=many", "limit=1e9", "cursor=%FF", "cursor=" + "A" * 3000, "limit=1&limit=x"]
)
@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if call.model and "nextCursor" in {f.alias for f in call.model.model_fields.values()}],
    ids=lambda call: call.name,
)
def test_paging_parameters_are_checked(world: World, call: Call, query: str) -> None:
    answer = world.who(call.spender).send(call.method, world.filled(call.path) + f"?{query}")
    assert_problem(answer, (400, 422))
