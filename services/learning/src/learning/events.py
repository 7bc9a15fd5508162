"""What other services tell, and what learning does with it. Each handler runs in the transaction of its inbox row."""

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
    PostCreated,
    PostModerated,
)
from learning.assignments import repository as assignments
from learning.calendar import repository as calendar
from learning.discussion import service as discussion
from learning.enrollments import repository as kept
from learning.enrollments import service as enrollments
from learning.progress import service as progress

consumers = Consumers("learning")

projections = Projections(
    consumers,
    [
        Projection("cohorts", ("learning.keep_cohort",), (ProjectedTable("cohorts"),)),
        Projection(
            "enrollments",
            ("learning.grant_access", "learning.suspend_access", "learning.revoke_access"),
            # how many events we have told about an enrollment is ours to know
            (ProjectedTable("enrollments", rising=("progress_version",), restore=kept.restore_progress_versions),),
            with_effects=True,
        ),
        Projection(
            "accounts",
            ("learning.keep_staff", "learning.erase_person"),
            (ProjectedTable("accounts"),),
            with_effects=True,
        ),
        Projection("posts", ("learning.count_posts",), (ProjectedTable("discussion_posts"),)),
    ],
    own_tables=(
        "programs",
        "program_versions",
        "courses",
        "lesson_completions",
        "progress_marks",
        "submissions",
        "calendar_tokens",
    ),
)


@consumers.on(CohortScheduled, as_="learning.keep_cohort")
def keep_cohort(session: Session, event: CohortScheduled) -> None:
    """A cohort's calendar."""
    enrollments.keep_cohort(session, event)


@consumers.on(EnrollmentActivated, as_="learning.grant_access")
def grant_access(session: Session, event: EnrollmentActivated) -> None:
    """Access begins, or begins again; what the student completed before counts for this enrollment."""
    if enrollments.keep_enrollment(session, event, "active"):
        progress.reassess_enrollment(session, event.enrollment_id, event.activated_at)


@consumers.on(EnrollmentSuspended, as_="learning.suspend_access")
def suspend_access(session: Session, event: EnrollmentSuspended) -> None:
    """Access rests."""
    enrollments.keep_enrollment(session, event, "suspended")


@consumers.on(EnrollmentRevoked, as_="learning.revoke_access")
def revoke_access(session: Session, event: EnrollmentRevoked) -> None:
    """Access ends; what was done stays known."""
    enrollments.keep_enrollment(session, event, "revoked")


@consumers.on(AccountRegistered, as_="learning.keep_staff")
def keep_new_account(session: Session, event: AccountRegistered) -> None:
    """Who teaches what."""
    enrollments.keep_account(session, event.account_id, event.sequence, event.roles, event.teaches)


@consumers.on(AccountUpdated, as_="learning.keep_staff")
def keep_account(session: Session, event: AccountUpdated) -> None:
    """Who teaches what now."""
    enrollments.keep_account(session, event.account_id, event.sequence, event.roles, event.teaches)


@consumers.on(AccountErased, as_="learning.erase_person")
def erase_person(session: Session, event: AccountErased) -> None:
    """What a person wrote goes; that a lesson was completed is no personal datum without the account."""
    enrollments.keep_account(session, event.account_id, event.sequence, [], [])
    assignments.erase_of(session, event.account_id)
    calendar.erase_of(session, event.account_id)


@consumers.on(PostCreated, as_="learning.count_posts")
def keep_post(session: Session, event: PostCreated) -> None:
    """A post more in a week's thread."""
    discussion.keep_post(session, event)


@consumers.on(PostModerated, as_="learning.count_posts")
def keep_moderation(session: Session, event: PostModerated) -> None:
    """A post hidden, shown or gone."""
    discussion.keep_moderation(session, event)
