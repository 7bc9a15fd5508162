"""What makes a program's document sound, what a new one changes, and what it must not lose. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.http.learning import Change, DocumentDiff, ProgramDocument
from contracts.http.learning_document import CourseDocument
from learning.curriculum.structure import LessonKey, prerequisites_of


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong in a document: the path of the field, and what to do about it."""

    field: str
    message: str


def find_flaws(document: ProgramDocument, program_slug: str) -> list[Flaw]:
    """What no field shows by itself; an empty list for a sound document."""
    return [
        *_wrong_slug(document, program_slug),
        *_wrong_weeks(document),
        *_doubles("courses", [course.slug for course in document.courses]),
        *_doubles("liveSessions", [session.slug for session in document.live_sessions]),
        *_doubled_assignments(document),
        *_unknown_weeks(document),
        *(flaw for index, course in enumerate(document.courses) for flaw in _course_flaws(f"courses.{index}", course)),
    ]


def _wrong_slug(document: ProgramDocument, program_slug: str) -> Iterator[Flaw]:
    if document.slug not in {None, program_slug}:
        yield Flaw("slug", f"is {document.slug!r}, but the address says {program_slug!r}")


def _wrong_weeks(document: ProgramDocument) -> Iterator[Flaw]:
    for index, week in enumerate(document.weeks):
        if week.number != index + 1:
            yield Flaw(f"weeks.{index}.number", f"must be {index + 1}: weeks count 1, 2, 3 … without gaps")


def _doubles(path: str, slugs: Sequence[str]) -> Iterator[Flaw]:
    seen: dict[str, int] = {}
    for index, slug in enumerate(slugs):
        if slug in seen:
            yield Flaw(f"{path}.{index}.slug", f"{slug!r} is already the slug of {path}.{seen[slug]}")
        seen.setdefault(slug, index)


def _doubled_assignments(document: ProgramDocument) -> Iterator[Flaw]:
    seen: dict[str, str] = {}
    for number, course in enumerate(document.courses):
        for index, assignment in enumerate(course.assignments):
            path = f"courses.{number}.assignments.{index}"
            if assignment.slug in seen:
                yield Flaw(f"{path}.slug", f"{assignment.slug!r} is already the slug of {seen[assignment.slug]}")
            seen.setdefault(assignment.slug, path)


def _unknown_weeks(document: ProgramDocument) -> Iterator[Flaw]:
    last = len(document.weeks)
    for path, week in _weeks_named(document):
        if week > last:
            yield Flaw(f"{path}.week", f"there is no week {week}; the last one is {last}")


def _weeks_named(document: ProgramDocument) -> Iterator[tuple[str, int]]:
    for number, course in enumerate(document.courses):
        for index, lesson in enumerate(course.lessons):
            yield f"courses.{number}.lessons.{index}", lesson.week
        for index, assignment in enumerate(course.assignments):
            yield f"courses.{number}.assignments.{index}", assignment.week
    for index, session in enumerate(document.live_sessions):
        yield f"liveSessions.{index}", session.week


def _course_flaws(path: str, course: CourseDocument) -> Iterator[Flaw]:
    if not any(lesson.required for lesson in course.lessons):
        yield Flaw(f"{path}.lessons", "at least one lesson must be required, or the course could never be completed")
    unclear = [*_doubles(f"{path}.lessons", [lesson.slug for lesson in course.lessons])]
    unclear += _unknown_prerequisites(path, course)
    yield from unclear
    if not unclear:
        yield from _late_prerequisites(path, course)
        yield from _circles(path, course)


def _unknown_prerequisites(path: str, course: CourseDocument) -> Iterator[Flaw]:
    known = {lesson.slug for lesson in course.lessons}
    for index, lesson in enumerate(course.lessons):
        for slug in lesson.prerequisites or ():
            if slug not in known:
                where = f"{path}.lessons.{index}.prerequisites"
                yield Flaw(where, f"there is no lesson {slug!r} in the course {course.slug!r}")


def _late_prerequisites(path: str, course: CourseDocument) -> Iterator[Flaw]:
    """A lesson that waits for one of a later week would stay closed in its own."""
    week_of = {lesson.slug: lesson.week for lesson in course.lessons}
    for index, lesson in enumerate(course.lessons):
        for slug in prerequisites_of(course, index):
            if week_of[slug] > lesson.week:
                message = f"lies before week {week_of[slug]}, in which its prerequisite {slug!r} unlocks"
                yield Flaw(f"{path}.lessons.{index}.week", message)


def _circles(path: str, course: CourseDocument) -> Iterator[Flaw]:
    """Lessons that wait for each other could never be opened: take away all that is not on a circle."""
    waiting = {lesson.slug: set(prerequisites_of(course, index)) for index, lesson in enumerate(course.lessons)}
    while ready := [slug for slug, required in waiting.items() if not required & waiting.keys()]:
        for slug in ready:
            del waiting[slug]
    while last := waiting.keys() - set().union(*waiting.values()):
        for slug in last:
            del waiting[slug]
    for index, lesson in enumerate(course.lessons):
        if lesson.slug in waiting:
            yield Flaw(f"{path}.lessons.{index}.prerequisites", "the lesson waits, directly or not, for itself")


# --- what a new document changes --------------------------------------------------------------------------------------


def diff_documents(old: ProgramDocument | None, new: ProgramDocument) -> DocumentDiff:
    """What ``new`` adds, removes and changes; paths such as ``courses/thinking/lessons/welcome``."""
    before = dict(_parts(old)) if old else {}
    after = dict(_parts(new))
    changed = [
        Change(path=path, fields=_differing(before[path], fields))
        for path, fields in after.items()
        if path in before and before[path] != fields
    ]
    return DocumentDiff(
        added=[path for path in after if path not in before],
        removed=[path for path in before if path not in after],
        changed=changed,
    )


def _differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in after if before.get(name) != after[name]]


def _parts(document: ProgramDocument) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document as flat parts. Positions are fields, so that a new order is a change."""
    data = document.model_dump(mode="json", by_alias=True, exclude={"slug"})
    weeks, courses, sessions = data.pop("weeks"), data.pop("courses"), data.pop("liveSessions")
    yield "program", data
    yield from ((f"weeks/{week['number']}", week) for week in weeks)
    for position, course in enumerate(courses):
        path = f"courses/{course['slug']}"
        lessons, assignments = course.pop("lessons"), course.pop("assignments")
        yield path, {**course, "position": position}
        yield from _placed(f"{path}/lessons", lessons)
        yield from _placed(f"{path}/assignments", assignments)
    yield from _placed("liveSessions", sessions)


def _placed(path: str, items: Iterable[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((f"{path}/{item['slug']}", {**item, "position": place}) for place, item in enumerate(items))


# --- what must not be lost --------------------------------------------------------------------------------------------


def removed_lessons(old: ProgramDocument, new: ProgramDocument) -> list[LessonKey]:
    """The lessons that the new document leaves out; one that moved to another course counts, for its course lost it."""
    kept = _lesson_keys(new)
    return sorted(_lesson_keys(old) - kept)


def removed_assignments(old: ProgramDocument, new: ProgramDocument) -> list[str]:
    """The assignments that the new document leaves out."""
    return sorted(_assignment_slugs(old) - _assignment_slugs(new))


def _lesson_keys(document: ProgramDocument) -> set[LessonKey]:
    return {(course.slug, lesson.slug) for course in document.courses for lesson in course.lessons}


def _assignment_slugs(document: ProgramDocument) -> set[str]:
    return {assignment.slug for course in document.courses for assignment in course.assignments}
