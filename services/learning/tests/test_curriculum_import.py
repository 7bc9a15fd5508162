"""Importing programs: idempotent, versioned, and never losing what students have completed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from contracts.events import ProgramPublished

SEED = Path(__file__).parents[3] / "deploy/seeds/practical-data-analysis/program.yaml"


def test_a_first_import_is_version_one_and_is_published(school: Any) -> None:
    answer = school.import_program().json()
    assert (answer["version"], answer["changed"], answer["dryRun"]) == (1, True, False)
    assert "courses/intro/lessons/hello" in answer["diff"]["added"]
    event = school.events(ProgramPublished)[0]
    assert (event.program_slug, event.sequence, event.published) == ("data", 1, True)
    assert [week.number for week in event.weeks] == [1, 2, 3]
    assert [course.slug for course in event.courses] == ["intro", "tables"]


def test_the_same_document_again_changes_nothing(school: Any) -> None:
    school.import_program()
    answer = school.import_program().json()
    assert (answer["version"], answer["changed"]) == (1, False)
    assert answer["diff"] == {"added": [], "removed": [], "changed": []}
    assert len(school.events(ProgramPublished)) == 1


def test_a_change_is_a_new_version(school: Any, program: dict[str, Any]) -> None:
    school.import_program()
    program["title"] = "Data, newly"
    assert school.import_program(program).json()["version"] == 2
    assert [event.sequence for event in school.events(ProgramPublished)] == [1, 2]


def test_a_dry_run_answers_the_diff_and_changes_nothing(school: Any, program: dict[str, Any]) -> None:
    answer = school.import_program(dry_run=True).json()
    assert (answer["version"], answer["changed"], answer["dryRun"]) == (0, True, True)
    assert school.events() == []
    assert school.get("/v1/admin/programs/data", school.tokens.admin()).status_code == 404


def test_what_is_exported_can_be_put_back_unchanged_as_json_and_as_yaml(school: Any) -> None:
    school.import_program()
    admin = school.tokens.admin()
    exported = school.get("/v1/admin/programs/data", admin)
    assert exported.headers["etag"] == '"v1"'
    assert exported.json()["slug"] == "data"
    assert school.import_program(exported.json()).json()["changed"] is False
    text = school.client.get("/v1/admin/programs/data", headers={**admin, "Accept": "application/yaml"}).content
    headers = {**admin, "Content-Type": "application/yaml"}
    again = school.client.put("/v1/admin/programs/data", content=text, headers=headers)
    assert again.json()["changed"] is False, again.text


def test_the_seed_program_imports(school: Any) -> None:
    content = yaml.safe_load(SEED.read_text())
    for course in content["courses"]:
        for number, lesson in enumerate(course["lessons"]):
            if "video" in lesson:
                assert (SEED.parent / "videos" / lesson["video"]["file"]).is_file()
                lesson["video"] = {"id": str(UUID(int=number + 1))}
    answer = school.import_program(content, slug="practical-data-analysis")
    assert answer.status_code == 200, answer.text


def test_a_completed_lesson_cannot_be_left_out(school: Any, program: dict[str, Any]) -> None:
    school.open()
    school.complete_all(school.enroll(), "intro", "extra")
    program["courses"][0]["lessons"].pop()
    for dry_run in (True, False):
        answer = school.import_program(program, dry_run=dry_run)
        assert (answer.status_code, answer.json()["code"]) == (409, "completed_content_lost")
        assert answer.json()["lost"] == [{"kind": "lesson", "courseSlug": "intro", "slug": "extra", "students": 1}]


def test_an_assignment_that_was_handed_in_cannot_be_left_out(school: Any, program: dict[str, Any]) -> None:
    school.open()
    assert school.submit(school.enroll(), "essay", 1).status_code == 201
    program["courses"][1]["assignments"].pop(0)
    answer = school.import_program(program)
    assert answer.json()["lost"] == [{"kind": "assignment", "courseSlug": None, "slug": "essay", "students": 1}]


def test_what_nobody_completed_may_go(school: Any, program: dict[str, Any]) -> None:
    school.open()
    program["courses"].pop(0)
    assert school.import_program(program).json()["version"] == 2
    assert school.complete(school.enroll(), "intro", "hello").status_code == 404


def test_a_course_slug_belongs_to_one_program(school: Any) -> None:
    school.import_program()
    answer = school.import_program(slug="other")
    assert (answer.status_code, answer.json()["code"]) == (409, "course_slug_taken")


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("title",), "", "title"),
        (("titel",), "Data", "titel"),
        (("weeks",), [], "weeks"),
        (("weeks", 0, "number"), "1", "weeks.0.number"),
        (("courses", 0, "slug"), "Not A Slug", "courses.0.slug"),
        (("courses", 0, "lessons", 1, "kind"), "song", "courses.0.lessons.1.kind"),
        (("courses", 0, "lessons", 1, "video"), {"file": "x.mp4"}, "courses.0.lessons.1.video.id"),
        (("courses", 0, "lessons", 1, "durationMinutes"), -1, "courses.0.lessons.1.durationMinutes"),
        (("courses", 1, "assignments", 0, "dueTime"), "25:00", "courses.1.assignments.0.dueTime"),
        (("courses", 1, "assignments", 0, "dueDays"), 1e9, "courses.1.assignments.0.dueDays"),
        (("liveSessions", 0, "joinUrl"), "javascript:alert(1)", "liveSessions.0.joinUrl"),
        (("liveSessions", 0, "week"), 7, "liveSessions.0.week"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(
    school: Any, program: dict[str, Any], path: tuple[Any, ...], value: Any, field: str
) -> None:
    place: Any = program
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    answer = school.import_program(program)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert school.events() == []


def test_two_imports_at_once_make_two_versions(school: Any, program: dict[str, Any]) -> None:
    documents = [{**program, "title": f"Data {number}"} for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(school.import_program, documents))
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4]
    assert sorted(event.version for event in school.events(ProgramPublished)) == [1, 2, 3, 4]


def test_two_programs_at_once_cannot_both_take_a_course(school: Any) -> None:
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda slug: school.import_program(slug=slug), ["one", "two"]))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
