"""Facts that events bring: each is noted once, whatever the order, and then the student's certificates are settled."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from certificates.issuing import policy, repository, service
from certificates.models import NAME_LENGTH, TITLE_LENGTH, Course, Enrollment, Person, Program
from contracts.events.enrollment import EnrollmentActivated, EnrollmentRevoked, EnrollmentSuspended
from contracts.events.learning import CourseCompleted, ProgramCompleted, ProgramPublished
from contracts.http.internal import ToldCompletion, ToldEnrollmentsIn, UnknownEnrollmentsOut

_DESCRIPTION_LENGTH = 5000

EnrollmentChange = EnrollmentActivated | EnrollmentSuspended | EnrollmentRevoked
Completion = CourseCompleted | ProgramCompleted


def name_person(session: Session, account_id: UUID, name: str, sequence: int, now: datetime) -> None:
    """The account's present name. Certificates that waited for it are issued; others keep theirs."""
    person = repository.lock_person(session, account_id)
    if person.erased or sequence <= person.sequence:
        return
    waiting = person.name is None
    person.name, person.sequence = name[:NAME_LENGTH], sequence
    if waiting:
        service.settle(session, person, now)


def erase_person(session: Session, account_id: UUID, sequence: int, now: datetime) -> None:
    """Forget the name everywhere: certificates still verify, without it, and their PDFs are removed."""
    person = repository.lock_person(session, account_id)
    person.name, person.erased, person.sequence = None, True, max(sequence, person.sequence)
    for certificate in repository.certificates_of(session, account_id):
        certificate.recipient_name = None
        service.discard_document(certificate, now)
    repository.forget_corrections(session, account_id)


def note_completion(session: Session, event: Completion, now: datetime) -> None:
    """The student has completed a course, or the program with their cohort. Of who was erased it is noted too, as it
    would be had it come before; without a name no certificate follows.
    """
    person = repository.lock_person(session, event.student_id)
    course = event if isinstance(event, CourseCompleted) else None
    kind, course_slug = ("course", course.course_slug) if course else ("program", None)
    repository.add_achievement(
        session,
        student_id=event.student_id,
        scope=policy.scope_of(kind, event.program_slug, course_slug, event.cohort_id),
        kind=kind,
        program_slug=event.program_slug,
        course_slug=course_slug,
        title=(course.course_title if course else event.program_title)[:TITLE_LENGTH],
        program_title=event.program_title[:TITLE_LENGTH],
        cohort_id=event.cohort_id,
        completed_at=event.completed_at,
    )
    if kind == "program":
        _carry_over(session, person, event.program_slug)
    service.settle(session, person, now, event.program_slug)


def find_unknown(session: Session, completions: Sequence[ToldCompletion]) -> list[str]:
    """The keys of completions that were never noted here. Nothing is missing of who was erased. Two queries."""
    students = {each.student_id for each in completions}
    known, erased = repository.scopes_of(session, students), repository.erased_of(session, students)

    def is_known(told: ToldCompletion) -> bool:
        kind = "course" if told.course_slug else "program"
        scope = policy.scope_of(kind, told.program_slug, told.course_slug, told.cohort_id)
        return told.student_id in erased or (told.student_id, scope) in known

    return [each.key for each in completions if not is_known(each)]


def find_unknown_enrollments(session: Session, told: ToldEnrollmentsIn) -> UnknownEnrollmentsOut:
    """Those that are not known here, or are live here and revoked there, or the other way round.

    Nothing here depends on whether a live one is suspended, so nothing is noted of it, and nothing can be lost.
    """
    told_live = [
        one if one.status == "revoked" else one.model_copy(update={"status": "active"}) for one in told.enrollments
    ]
    known = repository.enrollment_states(session, [one.id for one in told.enrollments])
    return UnknownEnrollmentsOut.compare(ToldEnrollmentsIn(enrollments=told_live), known)


def note_enrollment(
    session: Session, event: EnrollmentChange, revoked_reason: str | None, changed_at: datetime, now: datetime
) -> None:
    """The enrollment is live (``revoked_reason`` None) or was revoked. Older news than the last is ignored."""
    person = repository.lock_person(session, event.student_id)
    known = repository.find_enrollment(session, event.enrollment_id)
    if known is not None and event.sequence <= known.sequence:
        return
    if known is None:
        known = Enrollment(
            enrollment_id=event.enrollment_id,
            student_id=event.student_id,
            program_slug=event.program_slug,
            cohort_id=event.cohort_id,
        )
        session.add(known)
    known.revoked_reason, known.changed_at, known.sequence = revoked_reason, changed_at, event.sequence
    session.flush()
    _carry_over(session, person, event.program_slug)
    service.settle(session, person, now, event.program_slug)


def _carry_over(session: Session, person: Person, program_slug: str) -> None:
    """A program completed in a cohort whose money went back counts for the cohort that the student is in now."""
    enrollments = repository.enrollments_of(session, person.account_id, program_slug)
    present = sorted({each.cohort_id for each in enrollments if each.revoked_reason is None})
    facts = [policy.EnrollmentFacts(each.cohort_id, each.revoked_reason, each.changed_at) for each in enrollments]
    for achievement in repository.achievements_of(session, person.account_id, program_slug) if present else ():
        if achievement.kind != "program" or not policy.standing_of(facts, achievement.cohort_id).is_withdrawn:
            continue
        if repository.was_revoked_by_staff(session, achievement):
            continue  # only staff reissue
        for cohort_id in present:
            repository.add_achievement(
                session,
                student_id=person.account_id,
                scope=policy.scope_of("program", program_slug, None, cohort_id),
                kind="program",
                program_slug=program_slug,
                course_slug=None,
                title=achievement.title,
                program_title=achievement.program_title,
                cohort_id=cohort_id,
                completed_at=achievement.completed_at,
            )


def note_program(session: Session, event: ProgramPublished) -> None:
    """What the program and its courses are called and about."""
    known = repository.find_program(session, event.program_slug)
    if known is not None and event.sequence <= known.sequence:
        return
    program = known or Program(slug=event.program_slug)
    session.add(program)
    program.title, program.sequence = event.title[:TITLE_LENGTH], event.sequence
    program.summary = event.summary[:_DESCRIPTION_LENGTH]
    courses = {course.slug: course for course in repository.courses_of(session, event.program_slug)}
    for published in event.courses:
        course = courses.get(published.slug) or Course(slug=published.slug, program_slug=event.program_slug)
        course.title = published.title[:TITLE_LENGTH]
        course.description = published.description[:_DESCRIPTION_LENGTH]
        session.add(course)
