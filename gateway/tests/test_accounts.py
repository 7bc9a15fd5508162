"""Accounts: made once per address, renamed, erased, and told to the other services."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select

from chassis.testing import assert_migrations_match, published
from contracts.events import AccountErased, AccountRegistered, AccountUpdated
from gateway.models import Account, Base, ExternalIdentity, LoginSession, Mail, PasswordReset

GOOD = {"email": "ada@example.com", "password": "plum kettle orbit", "name": "Ada Obi"}


def count(database, table):
    with database.begin() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_the_migrations_make_the_schema_of_the_models(database_for):
    database_for("gateway")
    assert_migrations_match("gateway", Base.metadata)


def test_a_new_account_is_a_students_and_is_told_to_all(door):
    answer = door.browser().post("/v1/auth/register", json=GOOD)
    assert answer.status_code == 201
    user = answer.json()["user"]
    account_id = UUID(user.pop("id"))
    assert user == {"email": "ada@example.com", "name": "Ada Obi", "roles": ["student"], "teaches": []}
    assert answer.headers["cache-control"] == "no-store"
    assert published(door.database) == [
        AccountRegistered(sequence=1, account_id=account_id, name="Ada Obi", roles=["student"], teaches=[])
    ]


def test_the_password_is_stored_as_argon2id_only(door):
    door.person().register()
    with door.database.begin() as session:
        account = session.scalars(select(Account)).one()
    assert account.password_hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@EXAMPLE.COM", " Ada@Example.com "])
def test_an_address_is_taken_whatever_its_case(door, problem, email):
    door.person("Ada@example.com").register()
    problem(door.browser().post("/v1/auth/register", json={**GOOD, "email": email}), 409, "email_taken")
    assert count(door.database, Account) == 1


def test_two_registrations_of_one_address_at_once_make_one_account(door):
    barrier = Barrier(6)

    def register(number):
        with httpx.Client(base_url=door.url, timeout=30) as client:
            barrier.wait()
            return client.post("/v1/auth/register", json={**GOOD, "name": f"Ada {number}"}).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(register, range(6)))
    assert statuses == [201, 409, 409, 409, 409, 409]
    assert count(door.database, Account) == 1
    assert len(published(door.database)) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": "ada@localhost"}, "email"),
        ({"email": "a@" + "b" * 250 + ".com"}, "email"),
        ({"email": None}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "ada@example.com"}, "password"),
        ({"password": 1234567890}, "password"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "Ada\nObi"}, "name"),
    ],
)
def test_bad_input_names_its_field_and_makes_nothing(door, problem, changed, field):
    answer = door.browser().post("/v1/auth/register", json={**GOOD, **changed})
    document = problem(answer, 422, "validation_failed")
    assert [error["field"] for error in document["errors"]] == [field]
    assert "plum kettle orbit" not in answer.text
    assert count(door.database, Account) == 0


def test_malformed_json_is_said_to_be_so(door, problem):
    headers = {"Content-Type": "application/json"}
    problem(door.browser().post("/v1/auth/register", content=b'{"email":', headers=headers), 400, "malformed_json")


def test_the_same_idempotency_key_answers_the_first_answer_again(door, problem):
    client, headers = door.browser(), {"Idempotency-Key": "first-try"}
    first = client.post("/v1/auth/register", json=GOOD, headers=headers)
    again = client.post("/v1/auth/register", json=GOOD, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = client.post("/v1/auth/register", json={**GOOD, "name": "Eve"}, headers=headers)
    problem(other, 422, "idempotency_key_reused")


def test_a_name_is_changed_and_told_once(door):
    ada = door.student()
    for _ in range(2):
        answer = ada.client.patch("/v1/me", json={"name": "  Ada N. Obi "}, headers=ada.headers)
        assert (answer.status_code, answer.json()["name"]) == (200, "Ada N. Obi")
    assert ada.client.get("/v1/me", headers=ada.headers).json()["name"] == "Ada N. Obi"
    assert published(door.database)[1:] == [
        AccountUpdated(sequence=2, account_id=UUID(ada.id), name="Ada N. Obi", roles=["student"], teaches=[])
    ]


def test_an_erased_account_leaves_nothing_but_its_id(door, problem):
    ada = door.student()
    ada.client.post("/v1/auth/password-reset", json={"email": ada.email})
    answer = ada.client.delete("/v1/me", headers=ada.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "edx_refresh" not in ada.client.cookies
    with door.database.begin() as session:
        account = session.scalars(select(Account)).one()
        assert (account.email, account.email_key, account.name, account.password_hash) == (None, None, "", None)
        assert account.erased_at == door.clock.now
    assert [count(door.database, table) for table in (LoginSession, PasswordReset, ExternalIdentity, Mail)] == [0] * 4
    assert published(door.database)[-1] == AccountErased(sequence=2, account_id=UUID(ada.id))
    problem(ada.client.get("/v1/me", headers=ada.headers), 401, "unauthenticated")
    problem(ada.client.delete("/v1/me", headers=ada.headers), 401, "unauthenticated")
    login = {"email": ada.email, "password": ada.password}
    problem(ada.client.post("/v1/auth/login", json=login), 401, "invalid_credentials")


def test_the_address_of_an_erased_account_is_free_again(door):
    ada = door.student()
    ada.client.delete("/v1/me", headers=ada.headers)
    assert door.person().register().id != ada.id


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/me"), ("PATCH", "/v1/me"), ("DELETE", "/v1/me")])
def test_ones_own_account_needs_a_token(door, problem, method, path):
    answer = door.browser().request(method, path, json={"name": "Eve"} if method == "PATCH" else None)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_database_being_away_is_a_503(open_door, problem):
    url = f"mysql+pymysql://nobody:{uuid4().hex}@127.0.0.1:1/none"
    answer = open_door(database_url=url).browser().post("/v1/auth/register", json=GOOD)
    problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
