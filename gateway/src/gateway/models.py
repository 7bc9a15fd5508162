"""The gateway's tables: accounts, sessions, external identities, password resets, mails to send."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BINARY, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from chassis.database import ModelBase, new_metadata
from chassis.types import BinString, Json, UtcDateTime, Uuid16


class Base(ModelBase):
    __abstract__ = True
    metadata = new_metadata()


class Account(Base):
    """A person. Erased accounts keep their row and id, and nothing that says who it was.

    ``email_key`` is the address without case, and unique; ``version`` counts what other services are told.
    """

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(BinString(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str | None] = mapped_column(BinString(255))
    roles: Mapped[list[str]] = mapped_column(Json)
    teaches: Mapped[list[str]] = mapped_column(Json)
    version: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginSession(Base):
    """One login: a family of refresh tokens, each made from the one before it and ``seed`` (see ``refresh``)."""

    __tablename__ = "login_sessions"

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Uuid16, ForeignKey("accounts.id"))
    seed: Mapped[bytes] = mapped_column(BINARY(32))
    token_hash: Mapped[bytes] = mapped_column(BINARY(32))
    generation: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rotated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(BinString(32))


class ExternalIdentity(Base):
    """Who an account is at an external OpenID Connect issuer."""

    __tablename__ = "external_identities"

    issuer: Mapped[str] = mapped_column(BinString(190), primary_key=True)
    subject: Mapped[str] = mapped_column(BinString(255), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Uuid16, ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PasswordReset(Base):
    """A link that was mailed; the token itself is nowhere but in the mail."""

    __tablename__ = "password_resets"

    token_hash: Mapped[bytes] = mapped_column(BINARY(32), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Uuid16, ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Mail(Base):
    """A mail that is owed; deleted once it was handed over. Its text is written when it is sent."""

    __tablename__ = "mails"
    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    kind: Mapped[str] = mapped_column(BinString(32))
    address: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column()
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    last_error: Mapped[str | None] = mapped_column(String(500))
