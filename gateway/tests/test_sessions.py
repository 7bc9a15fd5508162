"""Logging in, staying logged in, and what happens to stolen tokens."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookies import SimpleCookie
from statistics import median
from threading import Barrier

import jwt
import pytest
from sqlalchemy import select

from gateway.identity.refresh_tokens import RefreshToken, new_secret
from gateway.models import Account, LoginSession


def sessions(database):
    with database.begin() as session:
        return list(session.scalars(select(LoginSession).order_by(LoginSession.id)))


def cookie_of(answer):
    return SimpleCookie(answer.headers["set-cookie"])["edx_refresh"]


def test_a_login_answers_a_token_for_every_service(door, key_file):
    ada = door.person().register()
    answer = ada.client.post("/v1/auth/login", json={"email": "ADA@example.com", "password": ada.password})
    body = answer.json()
    assert (body["tokenType"], body["expiresIn"], body["user"]["id"]) == ("Bearer", 600, ada.id)
    keys = jwt.PyJWKSet.from_dict(ada.client.get("/.well-known/jwks.json").json())
    header = jwt.get_unverified_header(body["accessToken"])
    claims = jwt.decode(
        body["accessToken"], keys[header["kid"]], algorithms=["ES256"], audience="edxelera", issuer="http://issuer.test"
    )
    assert claims["sub"] == ada.id
    assert (claims["name"], claims["email"], claims["roles"], claims["teaches"]) == (
        "Ada Obi",
        "ada@example.com",
        ["student"],
        [],
    )
    assert claims["exp"] - claims["iat"] == 600


def test_the_refresh_cookie_is_out_of_reach(open_door):
    morsel = cookie_of(refreshable := open_door().student().client.post("/v1/auth/refresh"))
    assert (morsel["path"], morsel["samesite"], morsel["httponly"]) == ("/v1/auth", "Lax", True)
    assert morsel["secure"] == ""
    assert morsel["max-age"] == str(30 * 24 * 3600)
    assert "refresh" not in refreshable.text.lower()


def test_the_cookie_is_secure_where_the_browser_speaks_https(open_door):
    door = open_door(public_url="https://api.example.com")
    ada = door.person().register()
    answer = ada.client.post("/v1/auth/login", json={"email": ada.email, "password": ada.password})
    assert cookie_of(answer)["secure"] is True


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.com", "wrong"), ("eve@example.com", "plum kettle orbit")]
)
def test_a_wrong_password_and_an_unknown_address_look_the_same(door, problem, email, password):
    door.person().register()
    answer = door.browser().post("/v1/auth/login", json={"email": email, "password": password})
    document = problem(answer, 401, "invalid_credentials")
    assert document["detail"] == "The e-mail address or the password is wrong"
    assert "set-cookie" not in answer.headers


def test_an_unknown_address_takes_as_long_as_a_wrong_password(open_door):
    door = open_door(password_hash_memory_kib=16_384, password_hash_time_cost=4)
    door.person().register()
    client = door.browser()

    def seconds(email):
        started = time.perf_counter()
        assert client.post("/v1/auth/login", json={"email": email, "password": "wrong"}).status_code == 401
        return time.perf_counter() - started

    known, unknown = zip(*((seconds("ada@example.com"), seconds("eve@example.com")) for _ in range(7)), strict=True)
    assert median(unknown) > median(known) / 2


def test_a_hash_with_old_parameters_is_replaced_at_the_next_login(open_door):
    open_door().person().register()
    door = open_door(password_hash_memory_kib=128)
    door.person().log_in()
    with door.database.begin() as session:
        assert "m=128," in session.scalars(select(Account)).one().password_hash
    door.person().log_in()


def test_too_many_logins_at_once_are_told_to_come_back(open_door):
    door = open_door(
        password_hash_concurrency=1, password_hash_queue=1, password_hash_memory_kib=65_536, password_hash_time_cost=6
    )
    barrier = Barrier(10)

    def log_in(_):
        client = door.browser()
        barrier.wait()
        return client.post("/v1/auth/login", json={"email": "eve@example.com", "password": "wrong"})

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(log_in, range(10)))
    assert {answer.status_code for answer in answers} == {401, 503}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "2"


def test_a_refresh_rotates_the_token(door):
    ada = door.student()
    first = ada.cookie
    answer = ada.client.post("/v1/auth/refresh")
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == ada.id
    assert ada.cookie != first
    assert ada.client.post("/v1/auth/refresh").status_code == 200
    assert [row.generation for row in sessions(door.database)] == [2]


def test_two_refreshes_at_once_both_go_on(door):
    ada = door.student()
    barrier = Barrier(4)

    def refresh(_):
        barrier.wait()
        return door.refresh_with(ada.cookie)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(refresh, range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({cookie_of(answer).value for answer in answers}) == 1
    assert [row.generation for row in sessions(door.database)] == [1]
    door.clock.advance(minutes=10)
    assert door.refresh_with(cookie_of(answers[0]).value).status_code == 200


def test_the_token_before_the_last_is_accepted_for_30_seconds(door, problem):
    ada = door.student()
    first = ada.cookie
    assert door.refresh_with(first).status_code == 200
    door.clock.advance(seconds=30)
    assert door.refresh_with(first).status_code == 200
    door.clock.advance(seconds=0.001)
    problem(door.refresh_with(first), 401, "unauthenticated")


def test_reuse_after_that_ends_the_family(door, problem):
    ada = door.student()
    stolen = ada.cookie
    assert ada.client.post("/v1/auth/refresh").status_code == 200
    door.clock.advance(seconds=31)
    problem(door.refresh_with(stolen), 401, "unauthenticated")
    answer = ada.client.post("/v1/auth/refresh")
    problem(answer, 401, "unauthenticated")
    assert cookie_of(answer)["max-age"] == "0"
    assert [(row.end_reason, row.ended_at) for row in sessions(door.database)] == [("reuse", door.clock.now)]


def test_a_token_before_the_one_before_the_last_is_reuse_at_once(door):
    ada = door.student()
    oldest = ada.cookie
    for _ in range(2):
        ada.client.post("/v1/auth/refresh")
    assert door.refresh_with(oldest).status_code == 401
    assert ada.client.post("/v1/auth/refresh").status_code == 401


def test_reuse_in_one_session_leaves_the_others_alone(door):
    phone, laptop = door.student(), door.person().log_in()
    stolen = phone.cookie
    for _ in range(2):
        phone.client.post("/v1/auth/refresh")
    assert door.refresh_with(stolen).status_code == 401
    assert laptop.client.post("/v1/auth/refresh").status_code == 200


def test_a_made_up_token_ends_nobodys_session(door):
    ada = door.student()
    token = RefreshToken.decode(ada.cookie)
    assert door.refresh_with(RefreshToken(token.session_id, new_secret()).encode()).status_code == 401
    assert ada.client.post("/v1/auth/refresh").status_code == 200


@pytest.mark.parametrize("cookie", ["", "nonsense", "A" * 64])
def test_what_is_no_token_is_refused(door, problem, cookie):
    problem(door.refresh_with(cookie), 401, "unauthenticated")


def test_without_a_cookie_there_is_nothing_to_refresh(door, problem):
    problem(door.browser().post("/v1/auth/refresh"), 401, "unauthenticated")


def test_a_session_that_nobody_used_for_thirty_days_has_ended(door):
    ada = door.student()
    door.clock.advance(days=29)
    assert ada.client.post("/v1/auth/refresh").status_code == 200
    door.clock.advance(days=30)
    assert ada.client.post("/v1/auth/refresh").status_code == 401


def test_no_session_lasts_longer_than_its_longest(open_door):
    door = open_door(session_max_days=40)
    ada = door.student()
    door.clock.advance(days=20)
    ada.client.post("/v1/auth/refresh")
    assert sessions(door.database)[0].expires_at == door.clock.now + timedelta(days=20)


def test_logging_out_ends_the_session_and_is_never_an_error(door):
    ada = door.student()
    kept = ada.cookie
    for _ in range(2):
        answer = ada.client.post("/v1/auth/logout")
        assert (answer.status_code, cookie_of(answer)["max-age"]) == (204, "0")
    assert door.refresh_with(kept).status_code == 401
    assert [row.end_reason for row in sessions(door.database)] == ["logout"]


def test_refresh_tokens_are_stored_as_hashes(door):
    ada = door.student()
    secret = RefreshToken.decode(ada.cookie).secret
    row = sessions(door.database)[0]
    assert secret not in (row.token_hash, row.seed)
