"""The gateway's worker: publishes account events, sends mails, forgets what has expired."""

from datetime import datetime, timedelta

from starlette.types import ASGIApp

from chassis.database import Database
from chassis.messaging import Consumers, Job, create_worker
from gateway.identity import repository
from gateway.identity.service.mails import MailRound
from gateway.mailing import make_sender
from gateway.settings import GatewaySettings

#: A session that has ended is kept this long, for whoever asks why.
_KEPT_AFTER_END = timedelta(days=7)


def forget_expired(database: Database, now: datetime) -> None:
    """Delete sessions and password resets that are over."""
    database.run(lambda session: repository.delete_expired(session, now, now - _KEPT_AFTER_END))


def jobs(settings: GatewaySettings) -> list[Job]:
    """What runs on a schedule."""
    mails = MailRound(settings, make_sender(settings))
    return [
        Job("send_mails", timedelta(seconds=2), mails.run),
        Job("forget_expired", timedelta(hours=1), forget_expired),
    ]


def create_app(settings: GatewaySettings | None = None) -> ASGIApp:
    """The worker's ASGI application (health and metrics); the work runs in its lifespan."""
    settings = settings or GatewaySettings()
    return create_worker(settings, Consumers("gateway"), jobs(settings))
