"""/v1/admin/cohorts: for administrators only."""

from typing import Annotated

from fastapi import APIRouter, Query

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from enrollment.audit import admin
from enrollment.auth import AsAdmin
from enrollment.cohorts import present, service
from enrollment.cohorts.repository import CohortNotFound
from enrollment.cohorts.schemas import CohortChangeOut, CohortIn, CohortOut, CohortPatch, CohortsOut
from enrollment.cohorts.service import RelockRefused, SlugTaken
from enrollment.paging import Cursor, Limit

router = APIRouter(prefix="/v1/admin/cohorts", route_class=ServiceRoute, tags=["admin"])


@router.post("", response_model=CohortOut, status_code=201, operation_id="createCohort", responses=problems(SlugTaken))
@idempotent
def create_cohort(body: CohortIn, caller: AsAdmin, tx: Tx, now: Now) -> CohortOut:
    """Schedule a cohort of a program."""
    created = service.create(tx, body, admin(caller.account_id), now)
    return service.get(tx, str(created), now)


@router.get("", response_model=CohortsOut, operation_id="listCohorts")
def list_cohorts(
    _admin: AsAdmin,
    tx: Tx,
    now: Now,
    program: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CohortsOut:
    """All cohorts, newest first, unpublished and archived ones too."""
    return present.list_page(tx, program, cursor, limit, now)


@router.get("/{cohort}", response_model=CohortOut, operation_id="getCohort", responses=problems(CohortNotFound))
def get_cohort(cohort: str, _admin: AsAdmin, tx: Tx, now: Now) -> CohortOut:
    """One cohort by slug or id."""
    return service.get(tx, cohort, now)


@router.patch(
    "/{cohort}",
    response_model=CohortOut | CohortChangeOut,
    operation_id="changeCohort",
    responses=problems(CohortNotFound, SlugTaken, RelockRefused),
)
def change_cohort(
    cohort: str,
    body: CohortPatch,
    caller: AsAdmin,
    tx: Tx,
    now: Now,
    dry_run: Annotated[bool, Query(alias="dryRun")] = False,
) -> CohortOut | CohortChangeOut:
    """Change a cohort. With ``dryRun`` nothing happens and the answer says what would, to how many students."""
    changed = service.change(tx, cohort, body, admin(caller.account_id), now, dry_run=dry_run)
    return changed if dry_run else changed.cohort
