"""Changing a password that is known, resetting one that is forgotten, and the mails in between."""

import json
import socketserver
import threading

import pytest
from sqlalchemy import select

from chassis.database import Database
from gateway.identity.service.mails import MailRound, pause_after
from gateway.mailing import FileSender, NoSender, SmtpSender, Text, make_sender
from gateway.models import Mail, PasswordReset
from gateway.worker import forget_expired

NEW = "seven quiet lanterns"


def mails(database):
    with database.begin() as session:
        return list(session.scalars(select(Mail).order_by(Mail.id)))


@pytest.fixture
def mail_file(tmp_path):
    return tmp_path / "mails.jsonl"


@pytest.fixture
def send_mails(gateway_settings, mail_file):
    settings = gateway_settings(password_reset_url="https://app.example.com/reset")

    def send(door):
        MailRound(settings, FileSender(mail_file)).run(door.database, door.clock.now)
        return [json.loads(line) for line in mail_file.read_text("utf-8").splitlines()] if mail_file.exists() else []

    return send


def change(person, current, new=NEW):
    body = {"currentPassword": current, "newPassword": new}
    return person.client.post("/v1/auth/password", json=body, headers=person.headers)


def test_a_changed_password_ends_the_other_sessions_only(door, problem):
    laptop, phone = door.student(), door.person().log_in()
    assert change(laptop, laptop.password).status_code == 204
    assert laptop.client.post("/v1/auth/refresh").status_code == 200
    assert phone.client.post("/v1/auth/refresh").status_code == 401
    old = door.browser().post("/v1/auth/login", json={"email": laptop.email, "password": laptop.password})
    problem(old, 401, "invalid_credentials")
    door.person(password=NEW).log_in()
    assert [mail.kind for mail in mails(door.database)] == ["password_changed"]


def test_without_the_cookie_every_session_ends(door):
    ada = door.student()
    cookie = ada.cookie
    ada.client.cookies.clear()
    assert change(ada, ada.password).status_code == 204
    assert door.refresh_with(cookie).status_code == 401


def test_somebody_elses_cookie_keeps_nothing_alive(door):
    ada, eve = door.student(), door.student("eve@example.com")
    kept = ada.cookie
    ada.client.cookies.set("edx_refresh", eve.cookie, domain="127.0.0.1", path="/v1/auth")
    assert change(ada, ada.password).status_code == 204
    assert door.refresh_with(kept).status_code == 401
    assert eve.client.post("/v1/auth/refresh").status_code == 200


def test_the_current_password_must_be_right(door, problem):
    ada = door.student()
    problem(change(ada, "wrong"), 403, "wrong_password")
    door.person().log_in()


@pytest.mark.parametrize("new", ["password123", "ada@example.com", "short"])
def test_the_new_password_must_be_good(door, problem, new):
    ada = door.student()
    document = problem(change(ada, ada.password, new), 422, "validation_failed")
    assert document["errors"][0]["field"] == "newPassword"


def test_guessing_the_current_password_is_limited(open_door, problem):
    door = open_door(limit_login_account="3/minute")
    ada = door.student()
    answers = [change(ada, "wrong") for _ in range(3)]
    assert [answer.status_code for answer in answers[:2]] == [403, 403]
    problem(answers[2], 429, "rate_limited")


def test_a_changed_password_needs_a_token(door, problem):
    problem(change(door.person().register(), "plum kettle orbit"), 401, "unauthenticated")


def test_a_forgotten_password_is_reset_by_mail(door, send_mails, mail_file, problem):
    ada = door.student()
    answer = door.browser().post("/v1/auth/password-reset", json={"email": "ADA@Example.com"})
    assert (answer.status_code, answer.json()) == (202, None)
    (mail,) = send_mails(door)
    assert (mail["to"], mail["subject"]) == ("ada@example.com", "Reset your EdXelera password")
    assert "Hello Ada Obi" in mail["body"]
    assert "https://app.example.com/reset?token=" in mail["body"]
    token = door.reset_token(mail_file)
    body = {"token": token, "newPassword": NEW}
    assert door.browser().post("/v1/auth/password-reset/confirm", json=body).status_code == 204
    assert ada.client.post("/v1/auth/refresh").status_code == 401
    door.person(password=NEW).log_in()
    problem(door.browser().post("/v1/auth/password-reset/confirm", json=body), 400, "invalid_token")
    assert send_mails(door)[-1]["subject"] == "Your EdXelera password was changed"
    assert mails(door.database) == []


def test_an_unknown_address_gets_the_same_answer_and_no_mail(door, send_mails):
    answer = door.browser().post("/v1/auth/password-reset", json={"email": "eve@example.com"})
    assert (answer.status_code, answer.json()) == (202, None)
    assert send_mails(door) == []
    assert mails(door.database) == []


def test_a_reset_expires_and_is_forgotten(door, send_mails, mail_file, problem):
    door.student()
    door.browser().post("/v1/auth/password-reset", json={"email": "ada@example.com"})
    send_mails(door)
    door.clock.advance(minutes=60)
    body = {"token": door.reset_token(mail_file), "newPassword": NEW}
    problem(door.browser().post("/v1/auth/password-reset/confirm", json=body), 400, "invalid_token")
    door.clock.advance(seconds=1)
    forget_expired(door.database, door.clock.now)
    with door.database.begin() as session:
        assert session.scalars(select(PasswordReset)).all() == []


def test_a_bad_new_password_does_not_use_the_token_up(door, send_mails, mail_file, problem):
    door.student()
    door.browser().post("/v1/auth/password-reset", json={"email": "ada@example.com"})
    send_mails(door)
    token = door.reset_token(mail_file)
    confirm = "/v1/auth/password-reset/confirm"
    weak = door.browser().post(confirm, json={"token": token, "newPassword": "password123"})
    problem(weak, 422, "validation_failed")
    assert door.browser().post(confirm, json={"token": token, "newPassword": NEW}).status_code == 204


@pytest.mark.parametrize("token", ["", "made-up", "x" * 9000])
def test_a_made_up_token_resets_nothing(door, token):
    answer = door.browser().post("/v1/auth/password-reset/confirm", json={"token": token, "newPassword": NEW})
    assert answer.status_code == (400 if token == "made-up" else 422)


class Refusing:
    def send(self, text):
        raise OSError("the mail server is away")


def test_a_mail_that_is_not_taken_stays_owed_and_is_tried_again(door, gateway_settings, mail_file):
    door.student()
    door.browser().post("/v1/auth/password-reset", json={"email": "ada@example.com"})
    broken = MailRound(gateway_settings(), Refusing())
    broken.run(door.database, door.clock.now)
    broken.run(door.database, door.clock.now)
    (owed,) = mails(door.database)
    assert (owed.attempts, owed.last_error) == (1, "the mail server is away")
    door.clock.advance(seconds=10)
    MailRound(gateway_settings(), FileSender(mail_file)).run(door.database, door.clock.now)
    assert len(mail_file.read_text().splitlines()) == 1
    assert mails(door.database) == []


def test_a_mail_is_given_up_after_a_day(door, gateway_settings):
    door.browser().post("/v1/auth/password-reset", json={"email": "ada@example.com"})
    door.student()
    door.clock.advance(hours=24, seconds=1)
    MailRound(gateway_settings(), NoSender()).run(door.database, door.clock.now)
    assert mails(door.database) == []


def test_a_mail_is_claimed_by_one_worker_at_a_time(door, gateway_settings, database_for):
    door.student()
    door.browser().post("/v1/auth/password-reset", json={"email": "ada@example.com"})
    taken = []

    class Slow:
        def send(self, text):
            taken.append(text)
            other.run(second, door.clock.now)

    second = Database(gateway_settings().database_url.get_secret_value(), 1)
    other = MailRound(gateway_settings(), Refusing())
    MailRound(gateway_settings(), Slow()).run(door.database, door.clock.now)
    second.dispose()
    assert len(taken) == 1
    assert mails(door.database) == []


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 10), (2, 20), (5, 160), (9, 1800), (1000, 1800)])
def test_the_pauses_between_tries_grow_to_half_an_hour(attempts, seconds):
    assert pause_after(attempts).total_seconds() == seconds


class SmtpServer(socketserver.ThreadingTCPServer):
    """Speaks enough SMTP to take a mail."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        self.received = []
        super().__init__(("127.0.0.1", 0), SmtpConversation)


class SmtpConversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 ready")
        while line := self.rfile.readline():
            command = line.split()[0].upper()
            if command == b"DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.received.append(b"".join(lines).decode())
            if command == b"QUIT":
                self.say("221 bye")
                return
            self.say("250 ok")

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def smtp():
    with SmtpServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_mail_goes_out_over_smtp(smtp, gateway_settings):
    url = f"smtp://127.0.0.1:{smtp.server_address[1]}"
    sender = make_sender(gateway_settings(smtp_url=url, mail_from="EdXelera <hello@example.com>"))
    sender.send(Text("ada@example.com", "Grüße", "Hello Ada,\n\nall is well.\n"))
    (message,) = smtp.received
    assert "From: EdXelera <hello@example.com>" in message
    assert "To: ada@example.com" in message
    assert "all is well." in message


def test_a_mail_password_is_never_sent_in_the_clear(smtp):
    sender = SmtpSender(f"smtp://user:secret@127.0.0.1:{smtp.server_address[1]}", "hello@example.com")
    with pytest.raises(Exception, match="not sent in the clear"):
        sender.send(Text("ada@example.com", "Hello", "Hello"))
    assert smtp.received == []
