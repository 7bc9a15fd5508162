"""What makes a document sound, and what a new one changes: tables."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from chassis.errors import Problem
from contracts.http.learning import ProgramDocument
from learning.curriculum.parsing import parse_document
from learning.curriculum.policy import diff_documents, find_flaws, removed_assignments, removed_lessons
from learning.curriculum.structure import build_program

Change = Callable[[dict[str, Any]], None]


def flaws_after(program: dict[str, Any], change: Change) -> list[str]:
    change(program)
    return [flaw.field for flaw in find_flaws(ProgramDocument.model_validate(program), "data")]


def lessons(program: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = program["courses"][1]["lessons"]
    return found


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (lambda p: None, []),
        (lambda p: p.update(slug="data"), []),
        (lambda p: p.update(slug="other"), ["slug"]),
        (lambda p: p["weeks"][1].update(number=3), ["weeks.1.number"]),
        (lambda p: p["courses"][1].update(slug="intro"), ["courses.1.slug"]),
        (lambda p: lessons(p)[1].update(slug="rows"), ["courses.1.lessons.1.slug"]),
        (lambda p: lessons(p)[2].update(week=4), ["courses.1.lessons.2.week"]),
        (lambda p: p["courses"][1]["assignments"][0].update(week=9), ["courses.1.assignments.0.week"]),
        (lambda p: p["courses"][1]["assignments"][1].update(slug="essay"), ["courses.1.assignments.1.slug"]),
        (lambda p: p["liveSessions"][0].update(week=9), ["liveSessions.0.week"]),
        (lambda p: p["liveSessions"][1].update(slug="kickoff"), ["liveSessions.1.slug"]),
        (lambda p: [each.update(required=False) for each in lessons(p)], ["courses.1.lessons"]),
        (lambda p: lessons(p)[0].update(prerequisites=["tour"]), ["courses.1.lessons.0.prerequisites"]),
        (lambda p: lessons(p)[0].update(prerequisites=["rows"]), ["courses.1.lessons.0.prerequisites"]),
        (lambda p: lessons(p)[0].update(prerequisites=["joins"]), ["courses.1.lessons.0.week"] + [
            f"courses.1.lessons.{index}.prerequisites" for index in (0, 1)
        ]),
        (lambda p: lessons(p)[0].update(week=3), ["courses.1.lessons.1.week"]),
    ],
)  # fmt: skip
def test_flaws_name_the_path_of_the_field(program: dict[str, Any], change: Change, fields: list[str]) -> None:
    assert flaws_after(program, change) == fields


def test_a_lesson_waits_for_the_one_before_it_unless_it_names_its_own(program: dict[str, Any]) -> None:
    program["courses"][1]["lessons"][2]["prerequisites"] = ["rows", "rows"]
    built = build_program("data", 1, ProgramDocument.model_validate(program))
    waits = {lesson.slug: lesson.requires for lesson in built.lessons()}
    assert waits == {
        "hello": (),
        "tour": ("hello",),
        "extra": (),
        "rows": (),
        "joins": ("rows",),
        "cleaning": ("rows",),
    }


def test_a_diff_names_what_was_added_removed_and_changed(program: dict[str, Any]) -> None:
    old = ProgramDocument.model_validate(copy.deepcopy(program))
    program["title"] = "Data, newly"
    program["courses"][0]["lessons"].pop()
    program["courses"][1]["lessons"][0]["durationMinutes"] = 9
    program["liveSessions"].append({**program["liveSessions"][0], "slug": "party"})
    diff = diff_documents(old, ProgramDocument.model_validate(program))
    assert diff.added == ["liveSessions/party"]
    assert diff.removed == ["courses/intro/lessons/extra"]
    assert [(change.path, change.fields) for change in diff.changed] == [
        ("program", ["title"]),
        ("courses/tables/lessons/rows", ["durationMinutes"]),
    ]


def test_a_new_order_is_a_change(program: dict[str, Any]) -> None:
    old = ProgramDocument.model_validate(copy.deepcopy(program))
    program["courses"].reverse()
    changed = diff_documents(old, ProgramDocument.model_validate(program)).changed
    assert {(change.path, *change.fields) for change in changed} == {
        ("courses/intro", "position"),
        ("courses/tables", "position"),
    }


def test_a_lesson_that_moves_to_another_course_is_removed_from_its_own(program: dict[str, Any]) -> None:
    old = ProgramDocument.model_validate(copy.deepcopy(program))
    program["courses"][1]["lessons"].append(program["courses"][0]["lessons"].pop())
    program["courses"][1]["assignments"].pop(0)
    new = ProgramDocument.model_validate(program)
    assert removed_lessons(old, new) == [("intro", "extra")]
    assert removed_assignments(old, new) == ["essay"]


YAML = """
title: Data
weeks: [{number: 1, title: no}]
courses:
  - slug: intro
    title: 2026-03-01
    lessons: [{slug: hello, title: Hello, kind: reading, week: 1, durationMinutes: 5, content: "é"}]
    assignments: [{slug: essay, title: Essay, week: 1, dueDays: 1, dueTime: 18:00}]
"""


def test_yaml_is_read_without_the_surprises_of_yaml_1_1() -> None:
    found = parse_document(YAML.encode(), "application/yaml; charset=utf-8", "data")
    assert found.weeks[0].title == "no"
    assert found.courses[0].title == "2026-03-01"
    assert found.courses[0].assignments[0].due_time == "18:00"


@pytest.mark.parametrize(
    ("raw", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b'{"title": "\\ud800"}', "application/json", 400, "malformed_json"),
        (b"[" * 5000, "application/json", 400, "malformed_json"),
        (b"[]", "application/json", 422, "validation_failed"),
        (b"null", "", 422, "validation_failed"),
        (b"", "application/json", 400, "malformed_json"),
        (b"{}", "text/csv", 415, "unsupported_media_type"),
        (b"a: [", "text/yaml", 400, "malformed_yaml"),
        (b"\xff\xfe\x00", "text/yaml", 400, "malformed_yaml"),
        (b"a: &x [1]\nb: *x", "application/yaml", 400, "malformed_yaml"),
        (b"a: 1\na: 2", "application/yaml", 400, "malformed_yaml"),
        (b"1: 2", "application/yaml", 400, "malformed_yaml"),
        (b"? [a, b]\n: 1", "application/yaml", 400, "malformed_yaml"),
        (b"[" * 3000, "application/yaml", 400, "malformed_yaml"),
        (b"a: !!python/object:os.system {}", "application/yaml", 400, "malformed_yaml"),
        (b"a: \x00", "application/yaml", 400, "malformed_yaml"),
        (b"--- a\n--- b", "application/yaml", 400, "malformed_yaml"),
        (b"", "application/yaml", 422, "validation_failed"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(raw: bytes, content_type: str, status: int, code: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_document(raw, content_type, "data")
    assert (caught.value.status, caught.value.problem_code) == (status, code)
