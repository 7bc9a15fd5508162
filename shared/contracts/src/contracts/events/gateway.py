"""What the gateway tells about accounts. Only a name travels; e-mail addresses stay in the gateway."""

from typing import ClassVar
from uuid import UUID

from contracts.events.base import Event


class AccountEvent(Event):
    """Something happened to an account."""

    source: ClassVar[str] = "gateway"
    subject_field: ClassVar[str] = "account_id"

    account_id: UUID


class AccountRegistered(AccountEvent):
    """A person has an account now."""

    type: ClassVar[str] = "edxelera.gateway.account_registered.v1"

    name: str
    roles: list[str]
    teaches: list[str]


class AccountUpdated(AccountEvent):
    """The name, the roles or the programs taught have changed; all of them are told again."""

    type: ClassVar[str] = "edxelera.gateway.account_updated.v1"

    name: str
    roles: list[str]
    teaches: list[str]


class AccountErased(AccountEvent):
    """The person left: whoever keeps their name removes it."""

    type: ClassVar[str] = "edxelera.gateway.account_erased.v1"
