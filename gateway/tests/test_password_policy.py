"""Which passwords are refused, and why."""

import pytest

from gateway.identity.common import common_passwords
from gateway.identity.policy import decide_roles, in_order, refuse_password


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("1234567890", "most common"),
        ("qwertyuiop", "most common"),
        ("PASSWORD123", "most common"),
        ("q1w2e3r4t5y6", "most common"),
        ("Password2024!", "little added"),
        ("P@ssw0rd2024", "little added"),
        ("liverpool2025", "little added"),
        ("!!edxelera!!", "little added"),
        ("letmeinletmein", "little added"),
        ("abcabcabcabc", "repeats"),
        ("xyz1xyz1xyz1", "little added"),
        ("aaaaaaaaaaaa", "repeats"),
        ("abcdefghijkl", "repeats"),
        ("lkjihgfedcba", "repeats"),
        ("5678901234567", "repeats"),
        ("ada.obi@example.com", "e-mail"),
        ("chidinma.okafor", "e-mail"),
        ("OkaforChidinma", "e-mail"),
        ("okafor-1999", None),
        ("chidinma1999", "e-mail"),
    ],
)
def test_weak_passwords_are_refused_with_a_reason(password, reason):
    email = "ada.obi@example.com" if password.startswith("ada") else "chidinma.okafor@example.com"
    refusal = refuse_password(password, email=email, name="Okafor Chidinma", common=common_passwords())
    assert (refusal is None) if reason is None else (reason in (refusal or ""))


@pytest.mark.parametrize(
    "password",
    ["plum kettle orbit", "tr0ub4dor&3xtra", "Wq7#mfK2pLz!", "zwölf große Boxkämpfer", "мой любимый чай", "7x24hQ9bTn"],
)
def test_passwords_that_nobody_guesses_are_taken(password):
    assert refuse_password(password, email="ada@example.com", name="Ada Obi", common=common_passwords()) is None


def test_the_list_holds_thousands_of_passwords_long_enough_to_be_chosen():
    assert len(common_passwords()) > 10_000
    assert sum(len(entry) >= 10 for entry in common_passwords()) > 1_000
    assert all(entry == entry.casefold() for entry in common_passwords())


@pytest.mark.parametrize(
    ("own", "roles", "teaches", "reason"),
    [
        (True, ["student"], [], "own_admin_role"),
        (True, ["admin"], [], None),
        (False, ["student"], [], None),
        (False, ["student"], ["web"], "not_an_instructor"),
        (False, ["instructor"], ["web"], None),
        (False, ["admin"], ["web"], "not_an_instructor"),
    ],
)
def test_who_may_be_given_which_roles(own, roles, teaches, reason):
    assert decide_roles(own_account=own, roles=roles, teaches=teaches).reason == reason


def test_roles_are_kept_once_and_in_order():
    assert in_order(["admin", "student", "admin"]) == ["student", "admin"]
