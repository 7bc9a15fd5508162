"""Access tokens: which ones are believed, and how keys are replaced."""

import base64
import hashlib
import hmac
import json
import time
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gateway.identity.keys import UnusableKey, load_keys, thumbprint


def forge(key_file, *, drop=(), kid=None, key=None, algorithm="ES256", **claims):
    known = load_keys([key_file]).current
    now = int(time.time())
    content = {
        "iss": "http://issuer.test",
        "aud": "edxelera",
        "sub": str(uuid4()),
        "name": "Eve",
        "roles": ["admin"],
        "teaches": [],
        "iat": now,
        "exp": now + 600,
        "jti": "x",
        **claims,
    }
    for claim in drop:
        del content[claim]
    return jwt.encode(content, key or known.private, algorithm=algorithm, headers={"kid": kid or known.kid})


def public_pem(key_file):
    return (
        load_keys([key_file]).current.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )


def hmac_with_the_public_key(key_file):
    """The classic confusion: our public key taken for a shared secret."""

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    header = part({"alg": "HS256", "typ": "JWT", "kid": load_keys([key_file]).current.kid})
    claims = part({"iss": "http://issuer.test", "aud": "edxelera", "sub": str(uuid4()), "exp": 9_999_999_999, "iat": 0})
    signature = hmac.digest(public_pem(key_file), header + b"." + claims, hashlib.sha256)
    return b".".join((header, claims, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


def unsigned(key_file):
    _header, claims, _ = forge(key_file).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{none}.{claims}."


def tampered(key_file):
    header, claims, signature = forge(key_file, roles=["student"]).split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    content["roles"] = ["admin"]
    changed = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


FORGERIES = {
    "expired": lambda file: forge(file, exp=int(time.time()) - 120),
    "issued tomorrow": lambda file: forge(file, iat=int(time.time()) + 86_400),
    "for somebody else": lambda file: forge(file, aud="another-platform"),
    "by somebody else": lambda file: forge(file, iss="https://elsewhere.example.com"),
    "without a subject": lambda file: forge(file, drop=["sub"]),
    "without an expiry": lambda file: forge(file, drop=["exp"]),
    "without an audience": lambda file: forge(file, drop=["aud"]),
    "a subject that is no account": lambda file: forge(file, sub="root"),
    "roles that are no list": lambda file: forge(file, roles="admin"),
    "another key under our kid": lambda file: forge(file, key=ec.generate_private_key(ec.SECP256R1())),
    "an unknown kid": lambda file: forge(file, kid="unknown"),
    "RS256 under our kid": lambda file: forge(file, key=rsa.generate_private_key(65537, 2048), algorithm="RS256"),
    "HS256 with our public key": hmac_with_the_public_key,
    "alg none": unsigned,
    "claims changed afterwards": tampered,
    "cut short": lambda file: forge(file)[:-8],
    "not a token": lambda _: "not.a.token",
    "a word": lambda _: "x",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forged_token_is_believed(door, problem, key_file, name):
    headers = {"Authorization": f"Bearer {FORGERIES[name](key_file)}"}
    problem(door.browser().get("/v1/admin/users", headers=headers), 401, "unauthenticated")


def test_the_forger_would_have_got_in_with_our_key(door, key_file):
    headers = {"Authorization": f"Bearer {forge(key_file)}"}
    assert door.browser().get("/v1/admin/users", headers=headers).status_code == 200


def test_another_scheme_is_refused(door, problem):
    problem(door.browser().get("/v1/me", headers={"Authorization": "Basic YTpi"}), 401, "unauthenticated")


def write(path, key):
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return str(path)


def test_a_key_is_replaced_without_ending_anybodys_token(open_door, tmp_path):
    old, new = (write(tmp_path / name, ec.generate_private_key(ec.SECP256R1())) for name in ("old.pem", "new.pem"))
    before = open_door(gateway_signing_key_path=old).student()
    door = open_door(gateway_signing_key_path=f"{new},{old}")
    client = door.browser()
    assert client.get("/v1/me", headers=before.headers).status_code == 200
    token = door.person().log_in().headers["Authorization"].split()[1]
    kids = [key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]]
    assert kids == [load_keys([new]).current.kid, load_keys([old]).current.kid]
    assert jwt.get_unverified_header(token)["kid"] == kids[0]


def test_the_jwks_holds_public_parts_only(door):
    answer = door.browser().get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_the_kid_is_the_thumbprint_of_rfc_7638():
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "usWxHK2PmfnHKwXPS54m0kTcGJ90UiglWiGahtagnv8",
        "y": "IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8EX4",
        "use": "sig",
    }
    canonical = '{"crv":"P-256","kty":"EC","x":"' + jwk["x"] + '","y":"' + jwk["y"] + '"}'
    expected = base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
    assert thumbprint(jwk) == expected


@pytest.mark.parametrize("content", [None, b"", b"not a key", "rsa", "p384"])
def test_an_unusable_key_file_says_what_to_do(tmp_path, content):
    path = tmp_path / "key.pem"
    if content == "rsa":
        write(path, rsa.generate_private_key(65537, 2048))
    elif content == "p384":
        write(path, ec.generate_private_key(ec.SECP384R1()))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(UnusableKey, match="openssl ecparam"):
        load_keys([str(path)])
