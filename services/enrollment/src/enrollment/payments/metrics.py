"""Payments by state, and the number that must be zero: paid but not enrolled."""

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from chassis.database import Database
from enrollment.models import Enrollment, Payment

EVERY_SECONDS = 15.0


class PaymentMetrics:
    """Gauges that a worker's loop keeps up to date."""

    def __init__(self, registry: CollectorRegistry, database: Database) -> None:
        self._database = database
        self._payments = Gauge("edx_payments", "Payments by status", ["status"], registry=registry)
        self._stranded = Gauge("edx_paid_but_not_enrolled", "Kept money without access; must be 0", registry=registry)

    def turn(self) -> float:
        """Look; answers after how many seconds to look again."""
        with self._database.begin() as session:
            counts = session.execute(select(Payment.status, func.count()).group_by(Payment.status)).all()
            stranded = count_stranded(session)
        self._payments.clear()
        for status, count in counts:
            self._payments.labels(status).set(count)
        self._stranded.set(stranded)
        return EVERY_SECONDS


def count_stranded(session: Session) -> int:
    """Money that we keep and that neither gave access nor is on its way back nor under review."""
    kept = Payment.status.in_(["succeeded", "partially_refunded"])
    elsewhere = or_(Enrollment.payment_id.is_(None), Enrollment.payment_id != Payment.id)
    query = select(func.count()).select_from(Payment).join(Enrollment, Enrollment.id == Payment.enrollment_id)
    return session.scalar(query.where(kept, elsewhere)) or 0
