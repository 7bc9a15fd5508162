"""What certificates takes in from other services. The rules are in ``issuing``."""

from datetime import datetime

from sqlalchemy.orm import Session

from certificates.issuing import intake, repository
from chassis.clock import utc_now
from chassis.messaging import Consumers
from chassis.messaging.outbox import CLOCK
from chassis.messaging.projections import ProjectedTable, Projection, Projections
from contracts.events.enrollment import EnrollmentActivated, EnrollmentRevoked, EnrollmentSuspended
from contracts.events.gateway import AccountErased, AccountRegistered, AccountUpdated
from contracts.events.learning import CourseCompleted, ProgramCompleted, ProgramPublished

consumers = Consumers("certificates")

projections = Projections(
    consumers,
    [
        Projection(
            "programs", ("certificates.know_programs",), (ProjectedTable("programs"), ProjectedTable("courses"))
        ),
        Projection(
            "students",
            (
                "certificates.know_names",
                "certificates.forget_names",
                "certificates.issue",
                "certificates.follow_enrollments",
            ),
            (
                ProjectedTable("people", own_rows=("sequence", -1)),
                ProjectedTable("enrollments"),
                # certificates name the achievement that they are for
                ProjectedTable(
                    "achievements",
                    key=("student_id", "scope"),
                    own=("id",),
                    restore=repository.restore_achievement_ids,
                ),
            ),
            with_effects=True,
            reads={"certificates": "revocation = 'staff'"},
        ),
    ],
    own_tables=("certificates", "status_entries", "name_corrections"),
)


def _now(session: Session) -> datetime:
    now: datetime = session.info.get(CLOCK, utc_now)()
    return now


@consumers.on(AccountRegistered, as_="certificates.know_names")
def know_name(session: Session, event: AccountRegistered) -> None:
    intake.name_person(session, event.account_id, event.name, event.sequence, _now(session))


@consumers.on(AccountUpdated, as_="certificates.know_names")
def know_new_name(session: Session, event: AccountUpdated) -> None:
    intake.name_person(session, event.account_id, event.name, event.sequence, _now(session))


@consumers.on(AccountErased, as_="certificates.forget_names")
def forget_name(session: Session, event: AccountErased) -> None:
    intake.erase_person(session, event.account_id, event.sequence, _now(session))


@consumers.on(ProgramPublished, as_="certificates.know_programs")
def know_program(session: Session, event: ProgramPublished) -> None:
    intake.note_program(session, event)


@consumers.on(CourseCompleted, as_="certificates.issue")
def issue_for_course(session: Session, event: CourseCompleted) -> None:
    intake.note_completion(session, event, _now(session))


@consumers.on(ProgramCompleted, as_="certificates.issue")
def issue_for_program(session: Session, event: ProgramCompleted) -> None:
    intake.note_completion(session, event, _now(session))


@consumers.on(EnrollmentActivated, as_="certificates.follow_enrollments")
def follow_activation(session: Session, event: EnrollmentActivated) -> None:
    intake.note_enrollment(session, event, None, event.activated_at, _now(session))


@consumers.on(EnrollmentSuspended, as_="certificates.follow_enrollments")
def follow_suspension(session: Session, event: EnrollmentSuspended) -> None:
    """An open dispute withdraws nothing yet."""
    intake.note_enrollment(session, event, None, event.suspended_at, _now(session))


@consumers.on(EnrollmentRevoked, as_="certificates.follow_enrollments")
def follow_revocation(session: Session, event: EnrollmentRevoked) -> None:
    """Enrollment says whether a refund ended the enrollment; a refunded double payment, for instance, does not."""
    intake.note_enrollment(session, event, event.reason, event.revoked_at, _now(session))
