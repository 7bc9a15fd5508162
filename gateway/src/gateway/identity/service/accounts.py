"""Accounts: register, rename, give roles, erase."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.database import is_duplicate
from chassis.errors import Conflict, Unauthenticated, Unprocessable
from chassis.ids import new_id
from chassis.messaging import emit
from contracts.events import AccountErased, AccountRegistered, AccountUpdated
from gateway.identity import policy, repository
from gateway.identity.common import common_passwords
from gateway.identity.emails import Address
from gateway.identity.problems import EmailTaken
from gateway.models import Account

EMAIL_CONSTRAINT = "uq_accounts_email_key"


def require_good_password(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Refuse common and personal passwords (``Unprocessable``)."""
    refusal = policy.refuse_password(password, email=email, name=name, common=common_passwords())
    if refusal is not None:
        raise Unprocessable.field(field, refusal)


def register(
    session: Session,
    address: Address,
    name: str,
    password_hash: str | None,
    now: datetime,
    *,
    roles: Sequence[str] = ("student",),
) -> Account:
    """A new account; raises ``EmailTaken``."""
    account = Account(
        id=new_id(),
        email=address.display,
        email_key=address.key,
        name=name,
        password_hash=password_hash,
        roles=policy.in_order(roles),
        teaches=[],
        version=1,
        created_at=now,
    )
    session.add(account)
    try:
        session.flush()
    except IntegrityError as error:
        if is_duplicate(error, EMAIL_CONSTRAINT):
            raise EmailTaken("Log in instead, or reset the password.") from error
        raise
    emit(
        session,
        AccountRegistered(
            sequence=account.version, account_id=account.id, name=name, roles=account.roles, teaches=account.teaches
        ),
    )
    return account


def get_own(session: Session, account_id: UUID) -> Account:
    """The caller's account; 401 when it was erased while its token still lives."""
    account = repository.find_account(session, account_id)
    if account is None:
        raise Unauthenticated("This account no longer exists.")
    return account


def rename(session: Session, account_id: UUID, name: str) -> Account:
    """Change what other people see."""
    account = _lock_own(session, account_id)
    if account.name != name:
        account.name = name
        _tell(session, account)
    return account


def set_roles(
    session: Session, admin_id: UUID, account_id: UUID, roles: Sequence[str], teaches: Sequence[str]
) -> Account:
    """Replace the roles of an account and the programs it teaches."""
    decision = policy.decide_roles(own_account=admin_id == account_id, roles=roles, teaches=teaches)
    if decision.reason == "own_admin_role":
        raise Conflict.because(decision.reason, decision.message or "")
    if decision.message is not None:
        raise Unprocessable.field("teaches", decision.message)
    account = repository.get_locked_account(session, account_id)
    wanted = (policy.in_order(roles), sorted(set(teaches)))
    if (account.roles, account.teaches) != wanted:
        account.roles, account.teaches = wanted
        _tell(session, account)
    return account


def give_role(session: Session, account_id: UUID, role: str) -> Account:
    """Add one role to those the account has."""
    account = repository.get_locked_account(session, account_id)
    if role not in account.roles:
        account.roles = policy.in_order([*account.roles, role])
        _tell(session, account)
    return account


def erase(session: Session, account_id: UUID, now: datetime) -> None:
    """Remove everything that says who this was, here at once and elsewhere by the event."""
    account = _lock_own(session, account_id)
    repository.delete_personal_rows(session, account)
    account.email = account.email_key = account.password_hash = None
    account.name = ""
    account.roles, account.teaches = [], []
    account.erased_at = now
    account.version += 1
    emit(session, AccountErased(sequence=account.version, account_id=account.id))


def _lock_own(session: Session, account_id: UUID) -> Account:
    account = repository.lock_account(session, account_id)
    if account is None:
        raise Unauthenticated("This account no longer exists.")
    return account


def _tell(session: Session, account: Account) -> None:
    account.version += 1
    emit(
        session,
        AccountUpdated(
            sequence=account.version,
            account_id=account.id,
            name=account.name,
            roles=account.roles,
            teaches=account.teaches,
        ),
    )
