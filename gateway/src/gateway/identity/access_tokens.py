"""Access tokens: ES256, ten minutes, for every service to verify by itself."""

from datetime import datetime, timedelta

import jwt

from chassis.ids import new_id
from gateway.identity.keys import SigningKeys
from gateway.models import Account
from gateway.settings import GatewaySettings


class TokenIssuer:
    """Signs what an account may claim."""

    def __init__(self, settings: GatewaySettings, keys: SigningKeys) -> None:
        self._issuer = settings.issuer
        self._audience = settings.token_audience
        self._keys = keys
        self.seconds = settings.access_token_seconds

    def issue(self, account: Account, now: datetime) -> str:
        """A token that says who ``account`` is until ``seconds`` from now."""
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(account.id),
            "name": account.name,
            "email": account.email,
            "roles": account.roles,
            "teaches": account.teaches,
            "iat": now,
            "exp": now + timedelta(seconds=self.seconds),
            "jti": new_id().hex,
        }
        key = self._keys.current
        return jwt.encode(claims, key.private, algorithm="ES256", headers={"kid": key.kid})
