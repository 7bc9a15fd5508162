"""Mails that are owed: a row with the change that causes it, sent by the worker until it is taken.

The text is written when the mail is sent, so a reset token never lies in the database. A mail may go out twice when
the worker dies between sending and noting it; it never gets lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chassis.database import Database
from gateway.identity import repository
from gateway.identity.service.passwords import make_reset
from gateway.mailing import Sender, Text, password_changed, password_reset
from gateway.models import Mail
from gateway.settings import GatewaySettings

log = structlog.get_logger(__name__)

#: Nobody waits for a mail longer than this; what could not be sent by then is given up, loudly.
GIVE_UP_AFTER = timedelta(hours=24)
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=30)
_BATCH = 50


@dataclass(frozen=True, slots=True)
class MailRound:
    """Sends what is due; ``run`` is the worker's job."""

    settings: GatewaySettings
    sender: Sender

    def run(self, database: Database, now: datetime) -> None:
        """Try each mail that is due once. One transaction claims, nothing is locked while the mail is sent."""
        for mail in database.run(lambda session: _claim(session, now)):
            self._attempt(database, mail, now)

    def _attempt(self, database: Database, mail: Mail, now: datetime) -> None:
        try:
            text = database.run(lambda session: self._write(session, mail, now))
            if text is not None:
                self.sender.send(text)
        except Exception as error:
            self._postpone(database, mail, error, now)
            return
        database.run(lambda session: _forget(session, mail.id))

    def _write(self, session: Session, mail: Mail, now: datetime) -> Text | None:
        if mail.kind == "password_changed":
            return password_changed(mail.address, self.settings.reset_page)
        account = repository.find_by_email(session, mail.address)
        if account is None or account.email is None:
            return None
        lifetime = timedelta(minutes=self.settings.password_reset_minutes)
        token = make_reset(session, account, now, lifetime)
        return password_reset(account.email, account.name, f"{self.settings.reset_page}?token={token}", lifetime)

    def _postpone(self, database: Database, mail: Mail, error: Exception, now: datetime) -> None:
        log.warning("mail_not_sent", mail_id=str(mail.id), kind=mail.kind, attempts=mail.attempts, error=str(error))
        if now - mail.created_at > GIVE_UP_AFTER:
            log.error("mail_given_up", mail_id=str(mail.id), kind=mail.kind, attempts=mail.attempts)
            database.run(lambda session: _forget(session, mail.id))
            return
        database.run(lambda session: _note(session, mail.id, str(error)))


def pause_after(attempts: int) -> timedelta:
    """How long to wait before the next try: 10 s, doubling to half an hour."""
    doublings = max(0, min(attempts - 1, 20))
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)


def _claim(session: Session, now: datetime) -> list[Mail]:
    due = select(Mail).where(Mail.next_attempt_at <= now).order_by(Mail.next_attempt_at).limit(_BATCH)
    mails = list(session.scalars(due.with_for_update(skip_locked=True)))
    for mail in mails:
        mail.attempts += 1
        mail.next_attempt_at = now + pause_after(mail.attempts)
    return mails


def _note(session: Session, mail_id: UUID, error: str) -> None:
    mail = session.get(Mail, mail_id)
    if mail is not None:
        mail.last_error = error[:500]


def _forget(session: Session, mail_id: UUID) -> None:
    session.execute(delete(Mail).where(Mail.id == mail_id))
