"""What enrollment asks: does discussion know what it was told?"""

from fastapi import APIRouter
from sqlalchemy import select

from chassis.auth import AsService
from chassis.database import Tx
from chassis.routing import ServiceRoute
from contracts.http.internal import ToldEnrollmentsIn, UnknownEnrollmentsOut
from discussion.models import Enrollment

router = APIRouter(route_class=ServiceRoute)


@router.post("/internal/enrollments/unknown", response_model=UnknownEnrollmentsOut, include_in_schema=False)
def find_unknown(told: ToldEnrollmentsIn, _: AsService, tx: Tx) -> UnknownEnrollmentsOut:
    """Those of these enrollments that are not known here, or known otherwise."""
    asked = [one.id for one in told.enrollments]
    known = select(Enrollment.id, Enrollment.status, Enrollment.sequence).where(Enrollment.id.in_(asked))
    return UnknownEnrollmentsOut.compare(told, tx.execute(known))
