"""Tokens by which services know each other: HS256, one minute, for one audience.

Every service holds ``EDX_SERVICE_TOKEN_SECRETS``: the first secret signs, all of them verify, so that a secret is
replaced by putting the new one first everywhere and dropping the old one afterwards.
"""

import time

import jwt

from chassis.clock import LEEWAY_SECONDS
from chassis.errors import Unauthenticated
from chassis.settings import ServiceSettings

LIFETIME_SECONDS = 60
_ALGORITHM = "HS256"
KIND = "edx-service+jwt"


def mint(settings: ServiceSettings, audience: str) -> str:
    """A token with which this service may call ``audience``'s internal endpoints for a minute."""
    now = int(time.time())
    claims = {"iss": settings.service, "aud": audience, "iat": now, "exp": now + LIFETIME_SECONDS}
    return jwt.encode(
        claims, settings.service_token_secrets[0].get_secret_value(), algorithm=_ALGORITHM, headers={"typ": KIND}
    )


def verify(settings: ServiceSettings, token: str) -> str:
    """The calling service's name; raises ``Unauthenticated``."""
    for secret in settings.service_token_secrets:
        try:
            if jwt.get_unverified_header(token).get("typ") != KIND:
                break
            claims = jwt.decode(
                token,
                secret.get_secret_value(),
                algorithms=[_ALGORITHM],
                audience=settings.service,
                options={"require": ["iss", "aud", "exp", "iat"]},
                leeway=LEEWAY_SECONDS,
            )
        except jwt.PyJWTError:
            continue
        return str(claims["iss"])
    raise Unauthenticated("This address needs a service token.")
