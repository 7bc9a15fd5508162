"""Administrators: find accounts, give roles."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from chassis.auth import AdminOnly, AsAdmin
from chassis.database import Tx
from chassis.errors import Conflict, NotFound, Unprocessable, problems
from chassis.routing import ServiceRoute
from contracts.http.gateway import AdminUserOut, RolesIn, UserOut, UsersOut
from gateway.identity.parts import no_store
from gateway.identity.service import accounts, directory

router = APIRouter(
    prefix="/v1/admin/users", route_class=ServiceRoute, tags=["Administration"], dependencies=[Depends(no_store)]
)


@router.put("/{userId}/roles", responses=problems(AdminOnly, NotFound, Conflict, Unprocessable))
def set_roles(
    userId: UUID,  # noqa: N803  (the contract's name)
    body: RolesIn,
    admin: AsAdmin,
    tx: Tx,
) -> UserOut:
    """Replace the roles and the programs taught. New tokens carry them; old ones live ten minutes at most."""
    return UserOut.model_validate(accounts.set_roles(tx, admin.account_id, userId, body.roles, body.teaches))


@router.get("", responses=problems(AdminOnly, Unprocessable))
def list_users(
    admin: AsAdmin,  # noqa: ARG001
    tx: Tx,
    email: Annotated[str | None, Query(max_length=254)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> UsersOut:
    """Accounts, oldest first; with ``email`` the one that has this address."""
    page = directory.list_users(tx, email=email, limit=limit, cursor=cursor)
    return UsersOut(
        users=[AdminUserOut.model_validate(account) for account in page.accounts], next_cursor=page.next_cursor
    )
