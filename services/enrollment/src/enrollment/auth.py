"""Who may call: caller kinds come from chassis; here stands what enrollment needs of them."""

from chassis.auth import AsAdmin, AsCaller, MaybeCaller
from chassis.tokens import Caller
from enrollment.payments.errors import EmailMissing

__all__ = ["AsAdmin", "AsCaller", "MaybeCaller", "email_of"]


def email_of(caller: Caller) -> str:
    """The address that Paystack sends its receipt to; from the token, kept nowhere here."""
    if not caller.email or "@" not in caller.email:
        raise EmailMissing("Your account has no e-mail address; add one before you pay.")
    return caller.email
