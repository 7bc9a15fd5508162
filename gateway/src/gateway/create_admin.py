"""``python -m gateway.create_admin --email E --name N``: the first administrator, or one more.

The password is read from standard input (one line). An account that exists is given the role and keeps its password.
"""

import argparse
import sys
from datetime import datetime

from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.database import Database
from chassis.errors import Problem
from gateway.identity import repository
from gateway.identity.emails import Address, parse_address
from gateway.identity.hashing import Hasher
from gateway.identity.service import accounts
from gateway.settings import GatewaySettings


def promote(session: Session, address: Address) -> str | None:
    """Give the account with this address the role; what was done, or None when there is no such account."""
    found = repository.find_by_email(session, address.key)
    if found is None:
        return None
    if "admin" in found.roles:
        return f"{address.display} is an administrator already"
    accounts.give_role(session, found.id, "admin")
    return f"{address.display} is an administrator now; the password is unchanged"


def create_admin(settings: GatewaySettings, email: str, name: str, password: str, now: datetime) -> str:
    """What was done, for people. Raises ``Problem`` when the address or the password is refused."""
    address = parse_address(email, test_domains=settings.env != "production")
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    try:
        done = database.run(lambda session: promote(session, address))
        if done is not None:
            return done
        accounts.require_good_password(password, email=address.display, name=name)
        password_hash = Hasher(settings).hash_now(password)
        database.run(
            lambda session: accounts.register(session, address, name, password_hash, now, roles=("student", "admin"))
        )
    finally:
        database.dispose()
    return f"{address.display} is an administrator now"


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when there is such an administrator, 1 when something was refused."""
    parser = argparse.ArgumentParser(prog="python -m gateway.create_admin", description=__doc__)
    parser.add_argument("--email", required=True)
    parser.add_argument("--name", required=True)
    given = parser.parse_args(arguments)
    password = sys.stdin.readline().rstrip("\n")
    try:
        done = create_admin(GatewaySettings(), given.email, given.name, password, utc_now())
    except Problem as problem:
        print(problem.detail, file=sys.stderr)  # noqa: T201
        return 1
    print(done)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
