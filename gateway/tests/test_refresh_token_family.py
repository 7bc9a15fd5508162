"""Refresh tokens: where one stands in its family is recognised without a history."""

from uuid import uuid4

import pytest

from gateway.identity.refresh_tokens import RefreshToken, Use, new_secret, recognise

SEED = b"s" * 32


def family(length):
    tokens = [RefreshToken(uuid4(), new_secret())]
    for _ in range(length):
        tokens.append(tokens[-1].successor(SEED))
    return tokens


@pytest.mark.parametrize(("age", "use"), [(0, Use.CURRENT), (1, Use.PREVIOUS), (2, Use.OLDER), (5, Use.OLDER)])
def test_every_token_of_the_family_is_recognised(age, use):
    tokens = family(5)
    found = recognise(tokens[-1 - age], seed=SEED, current=tokens[-1].digest, generation=5)
    assert found is use


def test_a_made_up_token_of_a_known_session_is_no_reuse():
    tokens = family(3)
    made_up = RefreshToken(tokens[0].session_id, new_secret())
    assert recognise(made_up, seed=SEED, current=tokens[-1].digest, generation=3) is Use.UNKNOWN


def test_a_token_of_the_future_is_unknown():
    tokens = family(3)
    assert recognise(tokens[3], seed=SEED, current=tokens[2].digest, generation=2) is Use.UNKNOWN


def test_the_cookie_value_reads_back():
    token = RefreshToken(uuid4(), new_secret())
    assert RefreshToken.decode(token.encode()) == token


@pytest.mark.parametrize("value", [None, "", "a", "é" * 64, "*" * 64, "A" * 63, "A" * 68])
def test_what_cannot_be_a_token_is_none(value):
    assert RefreshToken.decode(value) is None
