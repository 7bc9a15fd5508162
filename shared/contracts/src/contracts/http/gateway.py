"""Accounts and sessions as the gateway speaks of them (API.md, Identity)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints

from contracts.http.base import AdminInput, ApiInput, ApiModel, Instant

Role = Literal["student", "instructor", "admin"]

#: What other people see: one line, without surrounding white space or control characters.
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
#: Never longer than anything a person would choose: hashing is deliberately expensive.
GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=1024)]
NewPassword = Annotated[SecretStr, Field(min_length=10, max_length=128)]
ProgramSlug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=8192)]


class RegistrationIn(ApiInput):
    email: Email
    password: NewPassword
    name: Name


class CredentialsIn(ApiInput):
    email: Email
    password: GivenPassword


class ProfileIn(ApiInput):
    name: Name


class PasswordChangeIn(ApiInput):
    current_password: GivenPassword
    new_password: NewPassword


class PasswordResetIn(ApiInput):
    email: Email


class PasswordResetConfirmIn(ApiInput):
    token: Secret
    new_password: NewPassword


class OidcIn(ApiInput):
    """An ID token of the external issuer that the platform is configured to trust."""

    id_token: Secret


class RolesIn(AdminInput):
    """All roles of an account, and the programs it teaches; replaces what was there."""

    roles: Annotated[list[Role], Field(min_length=1, max_length=3)]
    teaches: Annotated[list[ProgramSlug], Field(max_length=200)] = Field(default_factory=list)


class UserOut(ApiModel):
    id: UUID
    email: str | None
    name: str
    roles: list[Role]
    teaches: list[str]


class RegisteredOut(ApiModel):
    user: UserOut


class SessionOut(ApiModel):
    """``expires_in``: seconds for which ``access_token`` is good."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int
    user: UserOut


class AdminUserOut(UserOut):
    created_at: Instant
    erased_at: Instant | None = None


class UsersOut(ApiModel):
    users: list[AdminUserOut]
    next_cursor: str | None = None


class JwksOut(ApiModel):
    keys: list[dict[str, str]]


__all__ = [
    "AdminUserOut",
    "CredentialsIn",
    "Email",
    "JwksOut",
    "Name",
    "OidcIn",
    "PasswordChangeIn",
    "PasswordResetConfirmIn",
    "PasswordResetIn",
    "ProfileIn",
    "RegisteredOut",
    "RegistrationIn",
    "Role",
    "RolesIn",
    "SessionOut",
    "UserOut",
    "UsersOut",
]
