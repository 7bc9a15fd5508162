"""E-mail addresses: valid, and the same whatever the case."""

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from chassis.errors import Unprocessable

MAX_LENGTH = 254


@dataclass(frozen=True, slots=True)
class Address:
    """``display`` as it is written to, ``key`` as it is compared."""

    display: str
    key: str


def parse_address(given: str, *, test_domains: bool = False) -> Address:
    """The address; raises ``Unprocessable`` for ``email``. ``test_domains`` allows ``@something.test``."""
    try:
        found = validate_email(given.strip(), check_deliverability=False, test_environment=test_domains)
    except EmailNotValidError as error:
        raise Unprocessable.field("email", str(error)) from error
    address = Address(found.normalized, key_of(found.normalized))
    if max(len(address.display), len(address.key)) > MAX_LENGTH:
        raise Unprocessable.field("email", f"may have at most {MAX_LENGTH} characters")
    return address


def key_of(given: str) -> str:
    """What makes two spellings the same address: Unicode form and case do not."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", given.strip()).casefold())
