"""Handing in, reading and grading submissions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from contracts.http.learning import GradeIn, SubmissionIn, SubmissionOut, SubmissionsOut
from learning.access.errors import AccessRefused
from learning.assignments import service
from learning.assignments.errors import AlreadyGraded, SubmissionNotFound
from learning.auth import AsCaller, AsStaff, StaffOnly
from learning.curriculum.errors import AssignmentNotFound, ProgramNotFound

router = APIRouter(
    prefix="/v1/programs/{program_slug}/weeks/{week_number}/assignments/{assignment_slug}/submissions",
    tags=["assignments"],
    route_class=ServiceRoute,
)


@router.post(
    "",
    status_code=201,
    response_model=SubmissionOut,
    responses=problems(AccessRefused, ProgramNotFound, AssignmentNotFound, AlreadyGraded),
)
@idempotent
def submit(
    program_slug: str,
    week_number: int,
    assignment_slug: str,
    body: SubmissionIn,
    caller: AsCaller,
    tx: Tx,
    now: Now,
) -> SubmissionOut:
    """Hand in an attempt; after the deadline it is accepted and marked late."""
    return service.submit(tx, caller, program_slug, week_number, assignment_slug, body, now)


@router.get("", response_model=SubmissionsOut, responses=problems(AccessRefused, ProgramNotFound, AssignmentNotFound))
def list_submissions(
    program_slug: str,
    week_number: int,
    assignment_slug: str,
    caller: AsCaller,
    tx: Tx,
    now: Now,
    cohort: Annotated[str | None, Query()] = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> SubmissionsOut:
    """The caller's attempts, newest first. Staff read those of a cohort."""
    return service.list_submissions(
        tx,
        caller,
        program_slug,
        week_number,
        assignment_slug,
        cohort=cohort,
        before=cursor,
        limit=limit,
        now=now,
    )


@router.put(
    "/{submission_id}/grade",
    response_model=SubmissionOut,
    responses=problems(StaffOnly, AssignmentNotFound, SubmissionNotFound),
)
def grade(
    program_slug: str,
    week_number: int,
    assignment_slug: str,
    submission_id: UUID,
    body: GradeIn,
    caller: AsStaff,
    tx: Tx,
    now: Now,
) -> SubmissionOut:
    """Grade a submission: 0 to 100, with words. Grading anew replaces the grade."""
    return service.grade(tx, caller, program_slug, week_number, assignment_slug, submission_id, body, now)
