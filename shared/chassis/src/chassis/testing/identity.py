"""Access tokens for tests: really signed, by keys that really stand behind a JWKS address."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from chassis import service_tokens

ISSUER = "http://issuer.test"
AUDIENCE = "edxelera"
SERVICE_SECRET = "a-service-secret-for-tests-only-0123456789"  # noqa: S105
KEY_ID = "test-key"


class TestTokens:
    """Signs access tokens, and serves the public key at ``jwks_url``."""

    __test__ = False

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        document = json.dumps({"keys": [{**jwk, "kid": KEY_ID, "alg": "ES256", "use": "sig"}]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.jwks_url = f"http://127.0.0.1:{self._server.server_address[1]}/.well-known/jwks.json"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving the key."""
        self._server.shutdown()
        self._server.server_close()

    def encode(self, claims: dict[str, Any], *, key: Any = None, kid: str = KEY_ID, algorithm: str = "ES256") -> str:
        """A token with exactly these claims."""
        return jwt.encode(claims, key or self.key, algorithm=algorithm, headers={"kid": kid})

    def claims(
        self,
        account_id: UUID | None = None,
        *,
        roles: tuple[str, ...] = ("student",),
        teaches: tuple[str, ...] = (),
        name: str = "Ada Obi",
        email: str = "ada@example.com",
        **changed: Any,
    ) -> dict[str, Any]:
        """The claims of a good token; ``changed`` replaces some."""
        now = int(time.time())
        return {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(account_id or uuid4()),
            "name": name,
            "email": email,
            "roles": list(roles),
            "teaches": list(teaches),
            "iat": now,
            "exp": now + 600,
            "jti": uuid4().hex,
            **changed,
        }

    def bearer(self, account_id: UUID | None = None, **claims: Any) -> dict[str, str]:
        """An Authorization header for this account."""
        return {"Authorization": f"Bearer {self.encode(self.claims(account_id, **claims))}"}

    def admin(self, account_id: UUID | None = None) -> dict[str, str]:
        """An administrator's Authorization header."""
        return self.bearer(account_id, roles=("admin",), name="Root", email="root@example.com")

    def instructor(self, *teaches: str, account_id: UUID | None = None) -> dict[str, str]:
        """An Authorization header of an instructor who teaches these programs."""
        return self.bearer(account_id, roles=("instructor",), teaches=teaches, name="Ife", email="ife@example.com")

    def service(self, issuer: str, audience: str) -> dict[str, str]:
        """An Authorization header with which service ``issuer`` calls ``audience``."""
        now = int(time.time())
        claims = {"iss": issuer, "aud": audience, "iat": now, "exp": now + 60}
        token = jwt.encode(claims, SERVICE_SECRET, algorithm="HS256", headers={"typ": service_tokens.KIND})
        return {"Authorization": f"Bearer {token}"}
