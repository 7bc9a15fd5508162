"""Importing a program's document: idempotent, never losing what students have completed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.database import is_duplicate
from chassis.messaging import emit
from contracts.events import ProgramPublished, PublishedCourse, PublishedWeek
from contracts.http.learning import DocumentDiff, ImportOut, ProgramDocument
from learning import cached
from learning.curriculum import policy, repository
from learning.curriculum.errors import CompletedContentLost, CourseSlugTaken, ProgramNotFound


def export_program(session: Session, slug: str) -> tuple[int, ProgramDocument]:
    """The current version and its document, with the program's slug in it."""
    version = repository.find_version(session, slug)
    if not version:
        raise ProgramNotFound
    document = repository.get_document(session, slug, version)
    return version, document.model_copy(update={"slug": slug})


def preview_import(session: Session, slug: str, document: ProgramDocument) -> ImportOut:
    """What `import_program` would do; refuses what it would refuse, changes nothing."""
    version = repository.find_version(session, slug)
    diff = _judge(session, slug, version, document)
    return _outcome(slug, version, diff, dry_run=True)


def import_program(session: Session, slug: str, document: ProgramDocument, by: UUID, now: datetime) -> ImportOut:
    """Make the document the program's current version, unless it is that already."""
    version = repository.lock_version(session, slug, now)
    diff = _judge(session, slug, version, document)
    if _is_empty(diff):
        return _outcome(slug, version, diff)
    _save(session, slug, version + 1, document, by, now)
    emit(session, _published(slug, version + 1, document))
    cached.program_changed(session, slug)
    return _outcome(slug, version + 1, diff)


def _judge(session: Session, slug: str, version: int, document: ProgramDocument) -> DocumentDiff:
    _refuse_taken_courses(session, slug, document)
    old = repository.get_document(session, slug, version) if version else None
    if old is not None:
        _refuse_loss(session, slug, old, document)
    return policy.diff_documents(old, document)


def _refuse_taken_courses(session: Session, slug: str, document: ProgramDocument) -> None:
    owners = repository.owners_of(session, [course.slug for course in document.courses])
    for course, owner in owners.items():
        if owner != slug:
            raise CourseSlugTaken(f"The course slug {course!r} belongs to the program {owner!r}.")


def _refuse_loss(session: Session, slug: str, old: ProgramDocument, new: ProgramDocument) -> None:
    lessons = repository.completions_of(session, policy.removed_lessons(old, new))
    assignments = repository.submissions_to(session, slug, policy.removed_assignments(old, new))
    lost = [
        {"kind": "lesson", "courseSlug": course, "slug": lesson, "students": count}
        for (course, lesson), count in lessons.items()
    ]
    lost += [
        {"kind": "assignment", "courseSlug": None, "slug": assignment, "students": count}
        for assignment, count in assignments.items()
    ]
    if lost:
        names = ", ".join(f"{item['kind']} {item['slug']!r} ({item['students']} students)" for item in lost[:5])
        raise CompletedContentLost(f"Keep what students have completed: {names}.", lost=lost)


def _save(session: Session, slug: str, version: int, document: ProgramDocument, by: UUID, now: datetime) -> None:
    stored = document.model_copy(update={"slug": None})
    cached.program_changed(session, slug)  # the courses that this version leaves out, too
    try:
        repository.replace_courses(session, slug, [course.slug for course in document.courses])
    except IntegrityError as error:
        if is_duplicate(error):
            raise CourseSlugTaken("Another program has just taken one of these course slugs.") from error
        raise
    repository.save_version(session, slug, version, stored, by, now)


def _published(slug: str, version: int, document: ProgramDocument) -> ProgramPublished:
    return ProgramPublished(
        sequence=version,
        program_slug=slug,
        title=document.title,
        summary=document.summary,
        version=version,
        published=document.published,
        weeks=[PublishedWeek(number=week.number, title=week.title) for week in document.weeks],
        courses=[
            PublishedCourse(slug=course.slug, title=course.title, description=course.description)
            for course in document.courses
        ],
    )


def _is_empty(diff: DocumentDiff) -> bool:
    return not (diff.added or diff.removed or diff.changed)


def _outcome(slug: str, version: int, diff: DocumentDiff, *, dry_run: bool = False) -> ImportOut:
    return ImportOut(program_slug=slug, version=version, changed=not _is_empty(diff), dry_run=dry_run, diff=diff)
