"""What discussion takes in: names, programs, cohorts and who is in them."""

from sqlalchemy.orm import Session

from chassis.messaging import Consumers
from chassis.messaging.projections import ProjectedTable, Projection, Projections
from contracts.events import (
    AccountErased,
    AccountRegistered,
    AccountUpdated,
    CohortScheduled,
    EnrollmentActivated,
    EnrollmentRevoked,
    EnrollmentSuspended,
    ProgramPublished,
)
from contracts.events.enrollment import EnrollmentEvent
from discussion.models import Account, Cohort, Enrollment, Program
from discussion.projections import UNTOLD, keep_newest

consumers = Consumers("discussion")

ACCOUNTS = "discussion.know_accounts"
ENROLLMENTS = "discussion.know_enrollments"
PROGRAMS = "discussion.know_programs"
COHORTS = "discussion.know_cohorts"

projections = Projections(
    consumers,
    [
        # whoever posts before the account's event has come is known by their token: a row of our own
        Projection("accounts", (ACCOUNTS,), (ProjectedTable("accounts", own_rows=("sequence", UNTOLD)),)),
        Projection("programs", (PROGRAMS,), (ProjectedTable("programs"),)),
        Projection("cohorts", (COHORTS,), (ProjectedTable("cohorts"),)),
        Projection("enrollments", (ENROLLMENTS,), (ProjectedTable("enrollments"),)),
    ],
    own_tables=("threads", "posts", "post_edits", "reports"),
)


@consumers.on(AccountRegistered, as_=ACCOUNTS)
def know_newcomer(session: Session, event: AccountRegistered) -> None:
    """Keep the display name and the roles."""
    _know_account(session, event)


@consumers.on(AccountUpdated, as_=ACCOUNTS)
def know_change(session: Session, event: AccountUpdated) -> None:
    """Keep the new display name and roles."""
    _know_account(session, event)


@consumers.on(AccountErased, as_=ACCOUNTS)
def forget_name(session: Session, event: AccountErased) -> None:
    """Remove the name from everything the person wrote."""
    keep_newest(
        session,
        Account,
        {"id": event.account_id, "name": None, "roles": [], "teaches": [], "sequence": event.sequence},
    )


@consumers.on(ProgramPublished, as_=PROGRAMS)
def know_program(session: Session, event: ProgramPublished) -> None:
    """Keep which weeks there are."""
    keep_newest(
        session,
        Program,
        {
            "slug": event.program_slug,
            "published": event.published,
            "week_count": max((week.number for week in event.weeks), default=0),
            "sequence": event.sequence,
        },
    )


@consumers.on(CohortScheduled, as_=COHORTS)
def know_cohort(session: Session, event: CohortScheduled) -> None:
    """Keep the calendar."""
    keep_newest(
        session,
        Cohort,
        {
            "id": event.cohort_id,
            "slug": event.slug,
            "program_slug": event.program_slug,
            "start_date": event.start_date,
            "end_date": event.end_date,
            "timezone": event.timezone,
            "unlock_time": event.unlock_time,
            "week_unlocks": {str(week): day.isoformat() for week, day in event.week_unlocks.items()},
            "access_days": event.access_days,
            "open_to_staff": event.published and not event.archived,
            "sequence": event.sequence,
        },
    )


@consumers.on(EnrollmentActivated, as_=ENROLLMENTS)
def open_to_student(session: Session, event: EnrollmentActivated) -> None:
    """The student is in the cohort."""
    _know_enrollment(session, event, "active")


@consumers.on(EnrollmentSuspended, as_=ENROLLMENTS)
def close_for_now(session: Session, event: EnrollmentSuspended) -> None:
    """The student waits outside."""
    _know_enrollment(session, event, "suspended")


@consumers.on(EnrollmentRevoked, as_=ENROLLMENTS)
def close_to_student(session: Session, event: EnrollmentRevoked) -> None:
    """The student has left the cohort."""
    _know_enrollment(session, event, "revoked")


def _know_account(session: Session, event: AccountRegistered | AccountUpdated) -> None:
    keep_newest(
        session,
        Account,
        {
            "id": event.account_id,
            "name": event.name,
            "roles": event.roles,
            "teaches": event.teaches,
            "sequence": event.sequence,
        },
    )


def _know_enrollment(session: Session, event: EnrollmentEvent, status: str) -> None:
    keep_newest(
        session,
        Enrollment,
        {
            "id": event.enrollment_id,
            "student_id": event.student_id,
            "program_slug": event.program_slug,
            "cohort_id": event.cohort_id,
            "status": status,
            "sequence": event.sequence,
        },
    )
