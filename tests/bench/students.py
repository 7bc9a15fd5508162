"""Students who are enrolled and may learn, made the quick way: tokens signed here, enrollments granted by an admin."""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_WAIT_SECONDS = 20


@dataclass(frozen=True)
class Student:
    """An account and its access token."""

    account_id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """For requests of this student."""
        return {"Authorization": f"Bearer {self.token}"}


class Registrar:
    """Signs tokens with the platform's own key and grants enrollments through its API."""

    def __init__(self, env: Mapping[str, str]) -> None:
        key = load_pem_private_key(Path(env["EDX_GATEWAY_SIGNING_KEY_PATH"].split(",")[0]).read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key, self._env = key, env
        self.admin = self.account("admin")

    def account(self, role: str = "student") -> Student:
        """Somebody with a token that lives for an hour."""
        account_id, now = uuid4(), int(time.time())
        claims = {
            "iss": self._env["EDX_TOKEN_ISSUER"],
            "aud": self._env["EDX_TOKEN_AUDIENCE"],
            "sub": str(account_id),
            "name": "Bench Student",
            "email": f"{account_id.hex}@example.com",
            "roles": [role],
            "teaches": [],
            "iat": now,
            "exp": now + 3600,
            "jti": uuid4().hex,
        }
        token = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": _thumbprint(self._key)})
        return Student(account_id, token)

    def grant(self, client: httpx.Client, student: Student, cohort: str) -> None:
        """Enroll the student; ``client`` speaks to enrollment's API."""
        body = {"userId": str(student.account_id), "cohort": cohort, "reason": "bench"}
        answer = client.post("/v1/admin/enrollments", json=body, headers=self.admin.headers)
        answer.raise_for_status()

    def enrolled(self, count: int, program: str, cohort: str) -> list[Student]:
        """Students whose enrollment learning knows of."""
        students = [self.account() for _ in range(count)]
        with httpx.Client(base_url=self._env["EDX_ENROLLMENT_URL"]) as enrollment:
            for student in students:
                self.grant(enrollment, student, cohort)
        with httpx.Client(base_url=self._env["EDX_LEARNING_URL"]) as learning:
            for student in students:
                _until_open(learning, f"/v1/programs/{program}/home", student)
        return students


def _until_open(client: httpx.Client, path: str, student: Student) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while (answer := client.get(path, headers=student.headers)).status_code != 200:
        if time.monotonic() > deadline:
            raise RuntimeError(f"learning did not open for a student: {answer.status_code} {answer.text}")
        time.sleep(0.02)


def _thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    """RFC 7638, as the gateway names its keys."""
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    members = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()
