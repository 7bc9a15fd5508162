"""CloudFront signatures, against botocore's signer and the documented policy text."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from media.playback import policy
from media.playback.cloudfront import KeyUnusable, PrivateKey, Signer, canned_policy

URL = "https://d111111abcdef8.cloudfront.net/videos/1/video.mp4"
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def decoded(value: str) -> bytes:
    from base64 import b64decode

    return b64decode(value.translate(str.maketrans("-_~", "+=/")))


def query_of(url: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in url.partition("?")[2].split("&"))


def test_the_canned_policy_is_the_documented_text() -> None:
    expected = (
        '{"Statement":[{"Resource":"https://d.cloudfront.net/a.mp4?x=1",'
        '"Condition":{"DateLessThan":{"AWS:EpochTime":1796083200}}}]}'
    )
    assert canned_policy("https://d.cloudfront.net/a.mp4?x=1", 1796083200).decode() == expected


@pytest.mark.parametrize("url", [URL, f"{URL}?x=1"])
def test_an_rsa_signature_is_the_one_botocore_makes(url: str) -> None:
    oracle = CloudFrontSigner("K1", lambda policy: RSA_KEY.sign(policy, padding.PKCS1v15(), SHA1()))
    assert Signer("K1", RSA_KEY, "SHA1").signed_url(url, UNTIL) == oracle.generate_presigned_url(url, UNTIL)


def test_sha256_is_announced() -> None:
    oracle = CloudFrontSigner("K1", lambda policy: RSA_KEY.sign(policy, padding.PKCS1v15(), SHA256()))
    expected = oracle.generate_presigned_url(URL, UNTIL) + "&Hash-Algorithm=SHA256"
    assert Signer("K1", RSA_KEY).signed_url(URL, UNTIL) == expected


def test_an_ecdsa_signature_holds_for_this_url_and_no_other() -> None:
    query = query_of(Signer("K1", EC_KEY).signed_url(URL, UNTIL))
    signature, expires = decoded(query["Signature"]), int(query["Expires"])
    EC_KEY.public_key().verify(signature, canned_policy(URL, expires), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        EC_KEY.public_key().verify(signature, canned_policy(URL, expires + 1), ec.ECDSA(SHA256()))


def test_cookies_carry_a_policy_for_the_folder() -> None:
    cookies = Signer("K1", EC_KEY).cookies("https://cdn.example.com/videos/1/*", UNTIL)
    policy_text = decoded(cookies["CloudFront-Policy"])
    assert policy_text == canned_policy("https://cdn.example.com/videos/1/*", int(UNTIL.timestamp()))
    EC_KEY.public_key().verify(decoded(cookies["CloudFront-Signature"]), policy_text, ec.ECDSA(SHA256()))
    assert cookies["CloudFront-Key-Pair-Id"] == "K1"
    assert cookies["CloudFront-Hash-Algorithm"] == "SHA256"


@pytest.mark.parametrize("key", [RSA_KEY, EC_KEY])
def test_keys_are_read_from_pem_files(key: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert Signer.from_file("K1", path, "SHA1").key.private_numbers() == key.private_numbers()


@pytest.mark.parametrize(
    "key",
    [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1()), None],
    ids=["Ed25519", "P-384", "none"],
)
def test_keys_that_cloudfront_would_not_take_are_refused(
    key: ec.EllipticCurvePrivateKey | None, tmp_path: Path
) -> None:
    path = tmp_path / "key.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) if key else b"not a key"
    path.write_bytes(pem)
    with pytest.raises(KeyUnusable):
        Signer.from_file("K1", path, "SHA1")


@pytest.mark.parametrize("microsecond", [0, 1, 999_999])
def test_a_grant_never_outlives_its_seconds_and_is_renewed_before_it_ends(microsecond: int) -> None:
    now = UNTIL.replace(microsecond=microsecond)
    grant = policy.grant(now, 300)
    assert grant.expires_at.microsecond == 0
    assert timedelta(seconds=299) < grant.expires_at - now <= timedelta(seconds=300)
    assert now < grant.renew_after < grant.expires_at
