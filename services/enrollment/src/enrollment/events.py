"""What enrollment takes in from other services."""

from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.messaging import Consumers
from chassis.messaging.outbox import CLOCK
from chassis.messaging.projections import ProjectedTable, Projection, Projections
from contracts.events import AccountErased, ProgramCompleted, ProgramPublished
from enrollment.catalog import service as catalog
from enrollment.enrollments import completion, erasure

consumers = Consumers("enrollment")

projections = Projections(
    consumers,
    [
        Projection("programs", ("enrollment.keep_program",), (ProjectedTable("programs"),)),
        Projection(
            "erased_students",
            ("enrollment.erase_student",),
            (ProjectedTable("erased_students", own=("erased_at",)),),
            with_effects=True,
        ),
    ],
    effects=("enrollment.complete_enrollment",),
    own_tables=(
        "cohorts",
        "enrollments",
        "payments",
        "refunds",
        "disputes",
        "webhooks",
        "audit_entries",
        "coupons",
        "instalments",
        "instalment_notices",
    ),
)


@consumers.on(ProgramPublished, as_="enrollment.keep_program")
def keep_program(session: Session, event: ProgramPublished) -> None:
    """The catalog shows what learning published."""
    catalog.keep_program(session, event)


@consumers.on(ProgramCompleted, as_="enrollment.complete_enrollment")
def complete_enrollment(session: Session, event: ProgramCompleted) -> None:
    """Whoever completed the program keeps access and is shown as having completed it."""
    completion.complete(session, event)


@consumers.on(AccountErased, as_="enrollment.erase_student")
def erase_student(session: Session, event: AccountErased) -> None:
    """The account is gone."""
    erasure.erase(session, event, session.info.get(CLOCK, utc_now)())
