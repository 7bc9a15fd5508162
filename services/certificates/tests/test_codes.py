"""Verification codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.issuing.codes import ALPHABET, LENGTH, new_code, shown, understood


def test_a_code_has_at_least_128_random_bits() -> None:
    assert len(ALPHABET) == 32
    assert LENGTH * 5 >= 128
    assert len({new_code() for _ in range(1000)}) == 1000


def test_codes_are_shown_in_groups_of_four() -> None:
    assert shown("0123456789ABCDEFGHJKMNPQRSTV") == "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV"


@pytest.mark.parametrize(
    "typed",
    [
        "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV",
        "0123456789ABCDEFGHJKMNPQRSTV",
        "0123 4567 89ab cdef ghjk mnpq rstv",
        "O123-4567-89AB-CDEF-GHJK-MNPQ-RSTV",
        "oi23–4567–89ab–cdef–ghjk–mnpq–rstv",
        "0l23-4567-89AB-CDEF-GHJK-MNPQ-RSTV",
    ],
)
def test_what_people_type_is_understood(typed: str) -> None:
    assert understood(typed) == "0123456789ABCDEFGHJKMNPQRSTV"


@pytest.mark.parametrize("typed", ["", "0123", "U" * 28, "x" * 10_000, "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV0", "ẞ" * 28])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert understood(typed) is None


@given(st.text(max_size=120))
def test_any_text_is_understood_as_a_code_or_none(typed: str) -> None:
    code = understood(typed)
    assert code is None or (len(code) == LENGTH and set(code) <= set(ALPHABET))


def test_every_code_is_understood_as_itself() -> None:
    code = new_code()
    assert understood(shown(code)) == code
