"""Logging in through an external OpenID Connect issuer: the account that belongs to its subject."""

from datetime import datetime

from sqlalchemy.orm import Session

from gateway.identity import repository
from gateway.identity.emails import parse_address
from gateway.identity.oidc import Claims
from gateway.identity.problems import EmailNotVerified
from gateway.identity.service import accounts
from gateway.models import Account, ExternalIdentity


def account_of(session: Session, claims: Claims, now: datetime, *, test_domains: bool = False) -> Account:
    """The linked account; else that of the verified e-mail address, which is linked now; else a new one."""
    known = repository.find_external(session, claims.issuer, claims.subject)
    if known is not None:
        return accounts.get_own(session, known.account_id)
    if claims.email is None or not claims.email_verified:
        raise EmailNotVerified("Verify the address with the issuer first; an account cannot be found or made without.")
    address = parse_address(claims.email, test_domains=test_domains)
    account = repository.find_by_email(session, address.key)
    if account is None:
        account = accounts.register(session, address, claims.name or address.display.partition("@")[0], None, now)
    else:
        _take_over(session, account, now)
    session.add(ExternalIdentity(issuer=claims.issuer, subject=claims.subject, account_id=account.id, created_at=now))
    session.flush()
    return account


def _take_over(session: Session, account: Account, now: datetime) -> None:
    """Whoever registered the address with a password never proved that it is theirs; the issuer's subject did.

    So the password and its sessions go: nobody can lie in wait in an account made with somebody else's address. The
    owner sets a new password by mail whenever they want one.
    """
    account.password_hash = None
    repository.end_sessions(session, account.id, now, "linked")
    repository.delete_resets(session, account.id)
