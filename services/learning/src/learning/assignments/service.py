"""Handing in assignments and grading them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.ids import new_id
from chassis.messaging import emit
from contracts.events import AssignmentGraded, AssignmentSubmitted
from contracts.http.learning import GradeIn, SubmissionIn, SubmissionOut, SubmissionsOut
from learning import cached
from learning.access import policy as access_policy
from learning.access import schedule
from learning.access import service as access
from learning.access.policy import Standing
from learning.assignments import policy, repository
from learning.assignments.errors import AlreadyGraded, SubmissionNotFound
from learning.auth import Caller, StaffOnly
from learning.curriculum import repository as curriculum
from learning.curriculum.errors import AssignmentNotFound, WeekNotFound
from learning.curriculum.structure import Assignment, Program
from learning.models import Submission
from learning.progress import service as progress
from learning.progress.policy import HandedIn, Record
from learning.weeks.policy import AssignmentStatus


def find_assignment(program: Program, week_number: int, slug: str) -> Assignment:
    """The assignment in its week; raises ``WeekNotFound`` or ``AssignmentNotFound``."""
    if program.week(week_number) is None:
        raise WeekNotFound
    assignment = program.assignment(slug)
    if assignment is None or assignment.week != week_number:
        raise AssignmentNotFound
    return assignment


def submit(
    session: Session,
    caller: Caller,
    program_slug: str,
    week_number: int,
    slug: str,
    content: SubmissionIn,
    now: datetime,
) -> SubmissionOut:
    """Hand in a new attempt, late or not. It may complete the course."""
    program = curriculum.get(session, program_slug, shared_lock=True)
    standing = progress.lock_standing(session, caller, program)
    assignment = find_assignment(program, week_number, slug)
    access.require_access(access_policy.decide_week(standing, week_number, now))
    last = repository.last_attempt(session, caller.account_id, program_slug, slug)
    if last is not None and not policy.may_submit_again(graded=last.graded_at is not None):
        raise AlreadyGraded("It has been graded, so there is nothing to hand in any more.")
    submission = _new(standing, assignment, content, (last.attempt if last else 0) + 1, now)
    repository.add(session, submission)
    emit(session, _submitted(submission))
    progress.settle(session, _after(standing, submission), now)
    cached.student_changed(session, caller.account_id)
    return _answer(submission)


def _new(standing: Standing, assignment: Assignment, content: SubmissionIn, attempt: int, now: datetime) -> Submission:
    enrollment, cohort = standing.enrollment, standing.cohort
    assert enrollment is not None
    assert cohort is not None
    due_at = schedule.due_at(cohort, assignment)
    return Submission(
        id=new_id(),
        version=1,
        student_id=enrollment.student_id,
        enrollment_id=enrollment.id,
        cohort_id=enrollment.cohort_id,
        program_slug=standing.program.slug,
        week_number=assignment.week,
        assignment_slug=assignment.slug,
        attempt=attempt,
        text=content.text,
        url=content.url,
        submitted_at=now,
        due_at=due_at,
        late=policy.is_late(now, due_at),
        score=None,
        feedback=None,
        graded_at=None,
        graded_by=None,
    )


def _after(standing: Standing, submission: Submission) -> Standing:
    record = standing.record
    handed_in = {**record.handed_in, submission.assignment_slug: HandedIn(submission.late, graded=False, score=None)}
    after = Record(record.completed, handed_in, record.marks, record.own_marks)
    return Standing(standing.program, False, standing.enrollment, standing.cohort, after)


def _submitted(submission: Submission) -> AssignmentSubmitted:
    return AssignmentSubmitted(
        sequence=submission.version,
        submission_id=submission.id,
        student_id=submission.student_id,
        program_slug=submission.program_slug,
        cohort_id=submission.cohort_id,
        week_number=submission.week_number,
        assignment_slug=submission.assignment_slug,
        submitted_at=submission.submitted_at,
        late=submission.late,
    )


def list_submissions(
    session: Session,
    caller: Caller,
    program_slug: str,
    week_number: int,
    slug: str,
    *,
    cohort: str | None,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> SubmissionsOut:
    """The caller's own attempts; for staff all of a cohort's."""
    program = curriculum.get(session, program_slug)
    standing = access.view_program(session, caller, program, cohort, now)
    find_assignment(program, week_number, slug)
    found = repository.list_of(
        session,
        program_slug,
        slug,
        student_id=None if standing.preview else caller.account_id,
        cohort_id=standing.cohort.id if standing.preview and standing.cohort else None,
        before=before,
        limit=limit + 1,
    )
    shown = found[:limit]
    return SubmissionsOut(
        submissions=[_answer(submission) for submission in shown],
        next_cursor=str(shown[-1].id) if len(found) > limit else None,
        preview=standing.preview,
    )


def grade(
    session: Session,
    caller: Caller,
    program_slug: str,
    week_number: int,
    slug: str,
    submission_id: UUID,
    given: GradeIn,
    now: datetime,
) -> SubmissionOut:
    """Grade a submission, or grade it anew; the same grade again changes nothing."""
    program = curriculum.get(session, program_slug)
    if not caller.is_staff_of(program_slug):
        raise StaffOnly
    find_assignment(program, week_number, slug)
    submission = repository.lock(session, submission_id, program_slug, slug)
    if submission is None:
        raise SubmissionNotFound
    if policy.same_grade((submission.score, submission.feedback), (given.score, given.feedback)):
        return _answer(submission)
    submission.score, submission.feedback = given.score, given.feedback
    submission.graded_at, submission.graded_by = now, caller.account_id
    submission.version += 1
    emit(session, _graded(submission, given.score, now))
    cached.student_changed(session, submission.student_id)
    return _answer(submission)


def _graded(submission: Submission, score: float, now: datetime) -> AssignmentGraded:
    return AssignmentGraded(
        sequence=submission.version,
        submission_id=submission.id,
        student_id=submission.student_id,
        program_slug=submission.program_slug,
        cohort_id=submission.cohort_id,
        assignment_slug=submission.assignment_slug,
        score=score,
        graded_at=now,
    )


def _answer(submission: Submission) -> SubmissionOut:
    return SubmissionOut(
        id=submission.id,
        student_id=submission.student_id,
        assignment_slug=submission.assignment_slug,
        week_number=submission.week_number,
        attempt=submission.attempt,
        text=submission.text,
        url=submission.url,
        submitted_at=submission.submitted_at,
        due_at=submission.due_at,
        late=submission.late,
        status=_status(submission),
        score=submission.score,
        feedback=submission.feedback,
        graded_at=submission.graded_at,
    )


def _status(submission: Submission) -> AssignmentStatus:
    if submission.graded_at is not None:
        return "graded"
    return "late" if submission.late else "submitted"
