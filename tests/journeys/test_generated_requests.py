"""Requests that nobody thought of: generated from the platform's own OpenAPI document, the same ones in every run.

Whatever comes, the answer is no 5xx; a refusal is a problem document, and an answer has the shape of its model.
"""

import re
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from tests.platform.contract import CALLS, Call
from tests.platform.installation import Platform
from tests.platform.shapes import assert_exactly, assert_problem
from tests.platform.world import World

EXAMPLES = 4
#: These would take the others' world away when they succeed: they get what the generator draws, not what exists.
_NEVER_THE_REAL_THING = {
    "PUT /v1/admin/programs/{program}",
    "PATCH /v1/admin/cohorts/{cohort}",
    "DELETE /v1/discussion/posts/{doomed_post}",
}


@pytest.fixture(scope="module")
def world(rough_world: World) -> World:
    """What is sent here changes things: not the world in which the contract's answers are looked at."""
    return rough_world


@pytest.fixture(scope="module")
def operations(platform: Platform) -> dict[str, Any]:
    """The document's operations by method and path, parameters without names."""
    schema = schemathesis.openapi.from_dict(platform.stranger().get("/openapi.json"))
    return {
        f"{found.ok().method.upper()} {re.sub('{[^}]*}', '{}', found.ok().path)}": found.ok()
        for found in schema.get_all_operations()
    }


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "spoilt"])
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_whatever_comes_is_answered_or_refused(
    world: World, operations: dict[str, Any], call: Call, mode: GenerationMode
) -> None:
    paths = _paths(world, call)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations[f"{call.method} {call.form}"].as_strategy(generation_mode=mode))
    def explore(case: Case) -> None:
        _judge(call, _send(world, call, case, next(paths)))

    try:
        explore()
    except Unsatisfiable:  # nothing in this call can be spoilt
        assert mode is GenerationMode.NEGATIVE


def _paths(world: World, call: Call) -> Any:
    """In turn what exists, and None for what the generator draws."""
    real = None if call.name in _NEVER_THE_REAL_THING else world.filled(call.path)
    while True:
        yield real
        yield None


def _send(world: World, call: Call, case: Case, path: str | None) -> httpx.Response:
    drawn = case.as_transport_kwargs(base_url="http://drawn")
    who = "leaver" if call.name == "DELETE /v1/me" else call.spender
    options: dict[str, Any] = {"params": _flat(drawn.get("params"))}
    if "json" in drawn:
        options["json"] = drawn["json"]
    elif isinstance(drawn.get("data"), bytes):
        options |= {"content": drawn["data"], "headers": {"content-type": "application/json"}}
    return world.who(who).send(call.method, path or urlsplit(drawn["url"]).path or "/", **options)


def _flat(params: Any) -> list[tuple[str, str]]:
    """Query parameters as a browser could send them."""
    drawn = params or {}
    return [(name, str(value).encode("utf-8", "replace").decode()) for name, value in drawn.items()]


def _judge(call: Call, answer: httpx.Response) -> None:
    assert answer.status_code < 500, f"{answer.request.method} {answer.request.url}: {answer.text}"
    if answer.status_code >= 400 and not call.is_page:
        assert_problem(answer, answer.status_code)
    elif call.model is not None and answer.status_code == call.status and call.status < 400:
        assert_exactly(call.model, answer.json())
