"""Mail: the few texts the gateway writes, and the ways to send them."""

import json
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from gateway.settings import GatewaySettings

_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Text:
    """A mail in plain text."""

    to: str
    subject: str
    body: str


def password_reset(to: str, name: str, link: str, lifetime: timedelta) -> Text:
    """The link that resets a password."""
    minutes = int(lifetime.total_seconds() // 60)
    return Text(
        to,
        "Reset your EdXelera password",
        f"Hello {name},\n\nopen this link to choose a new password. It works once, within {minutes} minutes:\n\n"
        f"{link}\n\n"
        "If you did not ask for it, ignore this mail; your password stays as it is.\n",
    )


def password_changed(to: str, reset_page: str) -> Text:
    """Tells the owner, in case it was somebody else."""
    return Text(
        to,
        "Your EdXelera password was changed",
        "Hello,\n\nthe password of your account was changed, and your other sessions were ended.\n\n"
        f"If it was not you, choose a new one at once: {reset_page}\n",
    )


class Sender(Protocol):
    """Hands a mail over; raises when it was not taken."""

    def send(self, text: Text) -> None:
        """Deliver or raise."""


class NotConfigured(RuntimeError):
    """There is no way to send mail."""


class NoSender:
    """Keeps mails owed until somebody configures a way to send them."""

    def send(self, text: Text) -> None:  # noqa: ARG002
        raise NotConfigured("no mail can be sent: set EDX_SMTP_URL (or EDX_MAIL_FILE in a sandbox)")


@dataclass(frozen=True, slots=True)
class FileSender:
    """Appends each mail to a file, one JSON object a line, for sandboxes and tests."""

    path: Path

    def send(self, text: Text) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"to": text.to, "subject": text.subject, "body": text.body}, ensure_ascii=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """SMTP: ``smtp://user:password@host:587`` (STARTTLS where offered) or ``smtps://…:465``."""

    url: str
    mail_from: str

    def send(self, text: Text) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.mail_from, text.to, text.subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="edxelera")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.body)
        with self._connected() as server:
            server.send_message(message)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        parts = urlsplit(self.url)
        host, tls = parts.hostname or "localhost", ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=_TIMEOUT_SECONDS, context=tls)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=_TIMEOUT_SECONDS)
        with server:
            if parts.scheme != "smtps" and server.has_extn("starttls"):
                server.starttls(context=tls)
            elif parts.scheme != "smtps" and parts.username:
                raise smtplib.SMTPNotSupportedError(f"{host} offers no STARTTLS: the password is not sent in the clear")
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server


def make_sender(settings: GatewaySettings) -> Sender:
    """The way that is configured; SMTP before a file."""
    if settings.smtp_url is not None:
        return SmtpSender(settings.smtp_url.get_secret_value(), settings.mail_from)
    if settings.mail_file is not None:
        return FileSender(Path(settings.mail_file))
    return NoSender()
