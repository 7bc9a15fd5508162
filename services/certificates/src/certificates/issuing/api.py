"""What learning asks: were these completions heard of?"""

from fastapi import APIRouter

from certificates.issuing import intake
from chassis.auth import AsService
from chassis.database import Tx
from chassis.routing import ServiceRoute
from contracts.http.internal import ToldCompletionsIn, UnknownCompletionsOut

router = APIRouter(route_class=ServiceRoute)


@router.post("/internal/completions/unknown", response_model=UnknownCompletionsOut, include_in_schema=False)
def find_unknown(told: ToldCompletionsIn, _: AsService, tx: Tx) -> UnknownCompletionsOut:
    """Those of these completions that were never taken in."""
    return UnknownCompletionsOut(unknown=intake.find_unknown(tx, told.completions))
