"""Administrators: who may find accounts and give roles, and how the first one comes to be."""

import io
from uuid import UUID, uuid4

import pytest

from chassis.testing import published
from contracts.events import AccountUpdated
from gateway import create_admin


def give(admin, account_id, roles, teaches=(), **more):
    body = {"roles": roles, "teaches": list(teaches), **more}
    return admin.client.put(f"/v1/admin/users/{account_id}/roles", json=body, headers=admin.headers)


def test_an_instructor_is_made_and_told_to_all(door):
    admin, ada = door.admin(), door.student()
    answer = give(admin, ada.id, ["instructor", "student"], ["web", "data", "web"])
    assert answer.status_code == 200
    assert (answer.json()["roles"], answer.json()["teaches"]) == (["student", "instructor"], ["data", "web"])
    assert published(door.database)[-1] == AccountUpdated(
        sequence=2,
        account_id=UUID(ada.id),
        name="Ada Obi",
        roles=["student", "instructor"],
        teaches=["data", "web"],
    )
    assert ada.client.post("/v1/auth/refresh").json()["user"]["roles"] == ["student", "instructor"]


def test_the_same_roles_again_are_told_to_nobody(door):
    admin, ada = door.admin(), door.student()
    before = len(published(door.database))
    assert give(admin, ada.id, ["student"]).status_code == 200
    assert len(published(door.database)) == before


def test_no_administrator_locks_themselves_out(door, problem):
    admin = door.admin()
    problem(give(admin, admin.id, ["student"]), 409, "own_admin_role")


@pytest.mark.parametrize(
    ("roles", "teaches", "more"),
    [
        (["emperor"], [], {}),
        ([], [], {}),
        (["student"], ["web"], {}),
        (["instructor"], ["Not A Slug"], {}),
        (["student"], [], {"unknown": 1}),
    ],
)
def test_roles_that_make_no_sense_are_refused(door, problem, roles, teaches, more):
    admin, ada = door.admin(), door.student()
    problem(give(admin, ada.id, roles, teaches, **more), 422, "validation_failed")


def test_an_unknown_account_is_not_found(door, problem):
    problem(give(door.admin(), uuid4(), ["student"]), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "GET"])
@pytest.mark.parametrize("who", ["nobody", "student", "instructor"])
def test_only_administrators_may(door, problem, method, who):
    headers, ada = {}, door.person().register()
    if who == "instructor":
        give(door.admin(), ada.id, ["instructor"], ["web"])
    if who != "nobody":
        headers = ada.log_in().headers
    path = f"/v1/admin/users/{ada.id}/roles" if method == "PUT" else "/v1/admin/users"
    answer = door.browser().request(
        method, path, json={"roles": ["admin"]} if method == "PUT" else None, headers=headers
    )
    problem(answer, *((401, "unauthenticated") if who == "nobody" else (403, "admin_only")))


def test_an_account_is_found_by_address_without_case(door):
    admin, ada = door.admin(), door.student()
    found = admin.client.get("/v1/admin/users", params={"email": "ADA@example.com"}, headers=admin.headers).json()
    assert [user["id"] for user in found["users"]] == [ada.id]
    assert found["nextCursor"] is None
    assert (found["users"][0]["erasedAt"], found["users"][0]["createdAt"][-1]) == (None, "Z")
    none = admin.client.get("/v1/admin/users", params={"email": "eve@example.com"}, headers=admin.headers).json()
    assert none == {"users": [], "nextCursor": None}


def test_accounts_are_listed_page_by_page(door, problem):
    admin = door.admin()
    for number in range(4):
        door.person(f"student{number}@example.com").register()
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = admin.client.get("/v1/admin/users", params=query, headers=admin.headers).json()
        seen += [user["email"] for user in page["users"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == ["root@example.com", *(f"student{number}@example.com" for number in range(4))]
    bad = admin.client.get("/v1/admin/users", params={"cursor": "nonsense"}, headers=admin.headers)
    problem(bad, 422, "validation_failed")


def run_create_admin(settings, monkeypatch, email, password):
    monkeypatch.setattr(create_admin, "GatewaySettings", lambda: settings)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    return create_admin.main(["--email", email, "--name", "Root"])


def test_the_first_administrator_comes_from_the_command_line(door, gateway_settings, monkeypatch, capsys):
    settings = gateway_settings()
    for said in ("is an administrator now", "is an administrator already"):
        assert run_create_admin(settings, monkeypatch, "root@example.com", "plum kettle orbit") == 0
        assert said in capsys.readouterr().out
    root = door.person("root@example.com").log_in()
    assert root.client.get("/v1/admin/users", headers=root.headers).status_code == 200
    assert len(published(door.database)) == 1


def test_an_account_that_exists_is_promoted_and_keeps_its_password(door, gateway_settings, monkeypatch, capsys):
    ada = door.person().register()
    assert run_create_admin(gateway_settings(), monkeypatch, "ADA@example.com", "some other words") == 0
    assert "the password is unchanged" in capsys.readouterr().out
    assert "admin" in ada.log_in().client.get("/v1/me", headers=ada.headers).json()["roles"]


def test_the_command_refuses_what_the_form_refuses(door, gateway_settings, monkeypatch, capsys):
    assert run_create_admin(gateway_settings(), monkeypatch, "root@example.com", "password123") == 1
    assert "most common" in capsys.readouterr().err
    assert published(door.database) == []
