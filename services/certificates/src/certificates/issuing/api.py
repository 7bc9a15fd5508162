"""What others ask: was this heard of here, enrollment its enrollments, learning its completions?"""

from fastapi import APIRouter

from certificates.issuing import intake
from chassis.auth import AsService
from chassis.database import Tx
from chassis.routing import ServiceRoute
from contracts.http.internal import (
    ToldCompletionsIn,
    ToldEnrollmentsIn,
    UnknownCompletionsOut,
    UnknownEnrollmentsOut,
)

router = APIRouter(route_class=ServiceRoute)


@router.post("/internal/completions/unknown", response_model=UnknownCompletionsOut, include_in_schema=False)
def find_unknown(told: ToldCompletionsIn, _: AsService, tx: Tx) -> UnknownCompletionsOut:
    """Those of these completions that were never taken in."""
    return UnknownCompletionsOut(unknown=intake.find_unknown(tx, told.completions))


@router.post("/internal/enrollments/unknown", response_model=UnknownEnrollmentsOut, include_in_schema=False)
def find_unknown_enrollments(told: ToldEnrollmentsIn, _: AsService, tx: Tx) -> UnknownEnrollmentsOut:
    """Those of these enrollments that are not known here, or known otherwise."""
    return intake.find_unknown_enrollments(tx, told)
