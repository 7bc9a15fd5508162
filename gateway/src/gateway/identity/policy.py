"""What makes a password acceptable, and which changes of roles are refused. Pure."""

import itertools
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

ROLES = ("student", "instructor", "admin")

#: So many characters around a common word do not make it uncommon ("Password2024!").
_DECORATION = 6
_MIN_DISTINCT = 4
_LEET = str.maketrans("01345$7@!", "oieasstai")


def refuse_password(password: str, *, email: str, name: str, common: Collection[str]) -> str | None:
    """Why this password is refused, or None. ``common`` holds lower-case passwords and words."""
    given = unicodedata.normalize("NFKC", password).casefold()
    if given in common:
        return "is one of the most common passwords; choose another"
    if _is_personal(given, email, name):
        return "is too close to your e-mail address or name; choose another"
    if len(set(given)) < _MIN_DISTINCT or _is_sequence(given):
        return "repeats or counts through few characters; choose another"
    if _is_decorated(given, common) or _is_repeated(given, common):
        return "is a common password with little added; choose another"
    return None


def _is_personal(given: str, email: str, name: str) -> bool:
    address = email.casefold()
    own = {address, address.partition("@")[0], _letters(address), *name.casefold().split(), _letters(name.casefold())}
    return any(len(word) >= 4 and _rest(given, word) <= 4 for word in own)


def _rest(given: str, word: str) -> int:
    """How many characters of ``given`` are left without ``word``; all of them when it is not in there."""
    return len(given) - len(word) if word in given else len(given)


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text)


def _is_sequence(given: str) -> bool:
    steps = {ord(right) - ord(left) for left, right in itertools.pairwise(given)}
    return steps in ({1}, {-1}, {0}) or given in "01234567890123456789" or given in "98765432109876543210"


def _is_decorated(given: str, common: Collection[str]) -> bool:
    stem = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", given)
    candidates = {stem, stem.translate(_LEET), _letters(given.rstrip("0123456789!?.*#").translate(_LEET))}
    return any(len(word) >= 4 and len(given) - len(word) <= _DECORATION and word in common for word in candidates)


def _is_repeated(given: str, common: Collection[str]) -> bool:
    for size in range(1, len(given) // 2 + 1):
        block = given[:size]
        if len(given) % size == 0 and block * (len(given) // size) == given:
            return size <= 4 or block in common
    return False


@dataclass(frozen=True, slots=True)
class RolesDecision:
    """``reason`` is a code, ``message`` for people; both None when the change is allowed."""

    reason: str | None = None
    message: str | None = None


def decide_roles(*, own_account: bool, roles: Sequence[str], teaches: Sequence[str]) -> RolesDecision:
    """Whether these roles may be given: no administrator locks themselves out, only instructors teach."""
    if own_account and "admin" not in roles:
        return RolesDecision("own_admin_role", "Another administrator has to take your administrator role away.")
    if teaches and "instructor" not in roles:
        return RolesDecision("not_an_instructor", "Only an instructor teaches programs: add the role 'instructor'.")
    return RolesDecision()


def in_order(roles: Sequence[str]) -> list[str]:
    """Each role once, in the platform's order."""
    return [role for role in ROLES if role in roles]
