"""Verification codes: 140 random bits that a person can read out or type.

Crockford's base32 has no I, L, O or U, so what is typed in their place can be understood; case and separators do not
matter.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 28
GROUP = 4

_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": "", "\u2013": "", "\u2014": ""})
#: Longer than any way of typing a code.
_LONGEST = 100


def new_code() -> str:
    """A new code, without separators."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """The code in groups of four."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def understood(typed: str) -> str | None:
    """The code that somebody meant, or None if it cannot be one."""
    if len(typed) > _LONGEST:
        return None
    code = typed.upper().translate(_MISREAD)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
