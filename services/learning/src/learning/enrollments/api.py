"""What enrollment asks: does learning know what it was told?"""

from fastapi import APIRouter

from chassis.database import Tx
from chassis.routing import ServiceRoute
from contracts.http.internal import ToldEnrollmentsIn, UnknownEnrollmentsOut
from learning.auth import AsService
from learning.enrollments import repository

router = APIRouter(route_class=ServiceRoute)


@router.post("/internal/enrollments/unknown", response_model=UnknownEnrollmentsOut, include_in_schema=False)
def find_unknown(told: ToldEnrollmentsIn, _: AsService, tx: Tx) -> UnknownEnrollmentsOut:
    """Those of these enrollments that are not known here, or known otherwise."""
    return UnknownEnrollmentsOut.compare(told, repository.states_of(tx, [one.id for one in told.enrollments]))
