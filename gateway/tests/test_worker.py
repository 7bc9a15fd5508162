"""The worker: account events reach Redis, mails go out, what has expired is forgotten."""

import json

import redis
from sqlalchemy import func, select

from chassis.testing import eventually
from contracts.events import Envelope, stream_of
from gateway.models import LoginSession
from gateway.worker import create_app, forget_expired, jobs


def test_events_and_mails_leave_the_gateway(open_door, live, gateway_settings, tmp_path, redis_url):
    mail_file = tmp_path / "mails.jsonl"
    door = open_door()
    live(create_app(gateway_settings(mail_file=str(mail_file))))
    ada = door.person().register()
    ada.client.post("/v1/auth/password-reset", json={"email": ada.email})
    client = redis.Redis.from_url(redis_url)
    (entry,) = eventually(lambda: client.xrange(stream_of("gateway")), what="the event in the stream")
    (raw,) = [value for value in entry[1].values() if value.startswith(b"{")]
    client.close()
    event = Envelope.parse(raw).event()
    assert (str(event.account_id), event.name) == (ada.id, "Ada Obi")
    mail = eventually(lambda: mail_file.exists() and mail_file.read_text("utf-8"), what="the mail")
    assert json.loads(mail)["to"] == "ada@example.com"


def test_every_job_has_a_name_of_its_own(gateway_settings):
    names = [job.name for job in jobs(gateway_settings())]
    assert names == ["send_mails", "forget_expired"]


def test_expired_and_long_ended_sessions_are_forgotten(door):
    ada = door.student()
    ended = door.person().log_in()
    ended.client.post("/v1/auth/logout")

    def left():
        forget_expired(door.database, door.clock.now)
        with door.database.begin() as session:
            return session.scalar(select(func.count()).select_from(LoginSession))

    assert left() == 2
    door.clock.advance(days=7, seconds=1)
    assert left() == 1
    assert ada.client.post("/v1/auth/refresh").status_code == 200
    door.clock.advance(days=30, seconds=1)
    assert left() == 0
