"""Open Badges 3.0, against an independent verifier (openbadgeslib)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from openbadgeslib.ob3 import OB3VerificationError, OB3Verifier, decode_encoded_list, set_indices

from certificates.credentials.documents import LIST_BITS, encoded_list
from certificates.credentials.keys import KeyRing, KeyUnusable, SigningKey
from certificates.main import create_app
from certificates.models import Certificate, StatusEntry
from certificates.settings import Settings
from chassis.database import Database
from contracts.events.learning import ProgramPublished, PublishedCourse

BASE = "https://learn.example.com/v1/credentials"
Certificates = Callable[[], list[Certificate]]


def pem_of(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module", params=["ES256", "RS256"])
def key(request: pytest.FixtureRequest) -> Any:
    return (
        ec.generate_private_key(ec.SECP256R1()) if request.param == "ES256" else rsa.generate_private_key(65537, 2048)
    )


@pytest.fixture
def issuing(settings: Settings, serve: Callable[[Any], httpx.Client], key: Any, tmp_path: Path) -> httpx.Client:
    """The API with this key, and an older one that only verifies."""
    paths = [tmp_path / "new.pem", tmp_path / "old.pem"]
    for path, pem in zip(paths, [pem_of(key), pem_of(ec.generate_private_key(ec.SECP256R1()))], strict=True):
        path.write_bytes(pem)
    names = tuple(str(path) for path in paths)
    return serve(create_app(settings.model_copy(update={"credential_signing_key_path": names})))


@pytest.fixture
def verifier(key: Any) -> OB3Verifier:
    return OB3Verifier(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.fixture
def graduate(student: Any) -> Any:
    published = ProgramPublished(
        sequence=1,
        program_slug="data",
        title="Data Engineering",
        summary="Pipelines from end to end.",
        version=1,
        published=True,
        weeks=[],
        courses=[PublishedCourse(slug="sql", title="Relational Databases and SQL", description="Tables and joins.")],
    )
    student.tell(published, student.registered("Ada Obi"), student.activated(), student.completed_course())
    return student


def fetch(api: httpx.Client, headers: dict[str, str], certificate: Certificate) -> httpx.Response:
    return api.get(f"/v1/certificates/{certificate.id}/credential", headers=headers)


def public(api: httpx.Client, url: str) -> httpx.Response:
    """Follow one of the credential's own URLs."""
    assert url.startswith(BASE)
    return api.get(url.removeprefix("https://learn.example.com"))


def test_an_independent_verifier_accepts_the_credential_and_its_status(
    issuing: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates, verifier: OB3Verifier
) -> None:
    answer = fetch(issuing, tokens.bearer(graduate.account_id), all_certificates()[0])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vc+jwt")
    credential = verifier.verify(answer.text, check_status=True, download=lambda url: public(issuing, url).content)
    assert credential.issuer.id == f"{BASE}/issuer"
    assert credential.recipient_id == f"urn:uuid:{graduate.account_id}"


def test_the_token_has_the_header_and_claims_that_open_badges_asks_for(
    issuing: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates
) -> None:
    [certificate] = all_certificates()
    token = fetch(issuing, tokens.bearer(graduate.account_id), certificate).text
    header = jwt.get_unverified_header(token)
    assert set(header) == {"alg", "kid", "typ"}
    jwk = public(issuing, header["kid"]).json()
    assert (jwk["kid"], jwk["alg"]) == (header["kid"], header["alg"])
    claims = jwt.decode(token, jwt.PyJWK(jwk), algorithms=[header["alg"]])
    assert claims["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert "vc" not in claims
    assert (claims["iss"], claims["jti"]) == (claims["issuer"]["id"], claims["id"])
    assert claims["sub"] == claims["credentialSubject"]["id"]
    assert claims["nbf"] == int(certificate.issued_at.timestamp())
    achievement = claims["credentialSubject"]["achievement"]
    assert (achievement["name"], achievement["description"]) == ("Relational Databases and SQL", "Tables and joins.")
    [name] = claims["credentialSubject"]["identifier"]
    assert name["identityHash"] == "Ada Obi"
    assert "null" not in json.dumps(claims)


def test_its_urls_lead_to_public_documents(
    issuing: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates
) -> None:
    token = fetch(issuing, tokens.bearer(graduate.account_id), all_certificates()[0]).text
    claims = jwt.decode(token, options={"verify_signature": False})
    profile = public(issuing, claims["iss"]).json()
    assert {name: profile[name] for name in claims["issuer"]} == claims["issuer"]
    achievement = claims["credentialSubject"]["achievement"]
    published = public(issuing, achievement["id"])
    assert {name: published.json()[name] for name in achievement} == achievement
    assert published.headers["cache-control"] == "public, max-age=300"
    program = public(issuing, f"{BASE}/achievements/programs/data").json()
    assert (program["name"], program["description"]) == ("Data Engineering", "Pipelines from end to end.")
    jwks = public(issuing, f"{BASE}/jwks.json").json()["keys"]
    assert len(jwks) == 2
    assert all(not {"d", "p", "q"} & set(jwk) for jwk in jwks)
    assert [public(issuing, jwk["kid"]).json() for jwk in jwks] == jwks


def test_a_revocation_shows_in_the_status_list(
    issuing: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates, verifier: OB3Verifier
) -> None:
    headers = tokens.bearer(graduate.account_id)
    token = fetch(issuing, headers, all_certificates()[0]).text
    graduate.tell(graduate.revoked("refund"))
    with pytest.raises(OB3VerificationError, match="'revocation' is set"):
        verifier.verify(token, check_status=True, download=lambda url: public(issuing, url).content)
    refused = fetch(issuing, headers, all_certificates()[0])
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate_revoked")


def test_the_second_list_begins_where_the_first_ends(issuing: httpx.Client, db: Database) -> None:
    assert issuing.get("/v1/credentials/status/1").status_code == 404
    with db.begin() as session:
        for position in (LIST_BITS - 1, LIST_BITS, LIST_BITS + 9):
            session.add(StatusEntry(position=position, certificate_id=uuid4(), revoked=position != LIST_BITS))
    seen = []
    for number in (0, 1):
        answer = issuing.get(f"/v1/credentials/status/{number}")
        assert answer.headers["content-type"] == "application/vc+jwt"
        subject = jwt.decode(answer.text, options={"verify_signature": False})["credentialSubject"]
        seen.append(sorted(set_indices(decode_encoded_list(subject["encodedList"]))))
    assert seen == [[LIST_BITS - 1], [9]]


@pytest.mark.parametrize("revoked", [[], [0], [7, 8], [LIST_BITS - 1]])
def test_a_list_decodes_to_its_bits(revoked: list[int]) -> None:
    bits = decode_encoded_list(encoded_list(revoked))
    assert len(bits) * 8 == LIST_BITS
    assert sorted(set_indices(bits)) == revoked


@pytest.mark.parametrize(
    ("role", "expected"),
    [("nobody", 401), ("student", 404), ("owner", 200), ("other instructor", 404), ("instructor", 200), ("admin", 200)],
)
def test_the_credential_is_for_the_owner_and_staff(
    issuing: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates, role: str, expected: int
) -> None:
    headers = {
        "nobody": {},
        "student": tokens.bearer(),
        "owner": tokens.bearer(graduate.account_id),
        "other instructor": tokens.instructor("other"),
        "instructor": tokens.instructor("data"),
        "admin": tokens.admin(),
    }[role]
    assert fetch(issuing, headers, all_certificates()[0]).status_code == expected


def test_an_erased_recipient_has_no_name_in_new_credentials(
    issuing: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates
) -> None:
    graduate.tell(graduate.erased())
    claims = jwt.decode(fetch(issuing, tokens.admin(), all_certificates()[0]).text, options={"verify_signature": False})
    assert "identifier" not in claims["credentialSubject"]
    assert "Ada" not in json.dumps(claims)


@pytest.mark.parametrize(
    "path",
    [
        "keys/nonsense",
        "achievements/courses/nonsense",
        "achievements/badges/sql",
        "status/-1",
        "status/x",
        "status/99999999999999999999",
    ],
)
def test_what_does_not_exist_is_refused_politely(issuing: httpx.Client, path: str) -> None:
    answer = issuing.get(f"/v1/credentials/{path}")
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_key_no_credentials_are_offered(
    api: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates
) -> None:
    answer = fetch(api, tokens.bearer(graduate.account_id), all_certificates()[0])
    assert (answer.status_code, answer.json()["code"]) == (404, "credentials_not_offered")
    assert api.get("/v1/credentials/issuer").status_code == 404
    assert api.get("/v1/credentials/jwks.json").json() == {"keys": []}


@pytest.mark.parametrize("kind", ["ed25519", "P-384", "RSA-1024", "text"])
def test_keys_that_validators_would_not_take_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    key: Any = {
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "RSA-1024": lambda: rsa.generate_private_key(65537, 1024),
        "text": lambda: None,
    }[kind]()
    path.write_bytes(pem_of(key) if key else b"not a key")
    with pytest.raises(KeyUnusable):
        SigningKey.from_file(path)


def test_a_key_is_named_by_its_rfc_7638_thumbprint(key: Any, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(pem_of(key))
    signing = SigningKey.from_file(path)
    ring = KeyRing([signing], BASE)
    assert len(signing.fingerprint) == 43
    assert ring.key_url(signing) == f"{BASE}/keys/{signing.fingerprint}"
    token = ring.sign({"nbf": int(datetime.now(UTC).timestamp())})
    assert jwt.get_unverified_header(token)["alg"] == signing.algorithm
