"""The CDN edge admits what CloudFront would: signed here by botocore's own code, with RSA and ECDSA keys."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sandbox.testing import RunningSandbox

BODY = b"0123456789" * 100


@pytest.fixture(scope="module", autouse=True)
def objects(s3: Any) -> None:
    for key in ("a.mp4", "b.mp4", "course/one/index.m3u8", "course/two/index.m3u8"):
        s3.put_object(Bucket="videos", Key=key, Body=BODY, ContentType="video/mp4")


@pytest.fixture
def url(sandbox: RunningSandbox) -> str:
    return f"{sandbox.url}/cdn/a.mp4"


def get(sandbox: RunningSandbox, url: str, **kwargs: Any) -> httpx.Response:
    return sandbox.http.get(url, **kwargs)


def policy(resource: str | None, before: int, **conditions: Any) -> dict[str, Any]:
    statement = {"Resource": resource} if resource else {}
    condition = {"DateLessThan": {"AWS:EpochTime": before}, **conditions}
    return {"Statement": [{**statement, "Condition": condition}]}


def code_of(answer: httpx.Response) -> tuple[int, str]:
    code = answer.text.partition("<Code>")[2].partition("</Code>")[0]
    return answer.status_code, code


DENIED = (403, "AccessDenied")


def test_a_canned_policy_admits(sandbox: RunningSandbox, signer: Any, url: str, soon: int) -> None:
    answer = get(sandbox, signer.canned(url, soon))
    assert (answer.status_code, answer.content) == (200, BODY)


def test_a_custom_policy_admits(sandbox: RunningSandbox, signer: Any, url: str, soon: int) -> None:
    assert get(sandbox, signer.custom(url, policy(url, soon))).content == BODY


def test_cookies_admit(sandbox: RunningSandbox, signer: Any, url: str, soon: int) -> None:
    cookies = signer.cookies(policy(f"{sandbox.url}/cdn/*", soon))
    assert get(sandbox, url, headers=cookie_header(cookies)).content == BODY


def test_canned_cookies_admit(sandbox: RunningSandbox, signer: Any, url: str, soon: int) -> None:
    query = signer.canned(url, soon).partition("?")[2]
    cookies = {f"CloudFront-{name}": value for name, _, value in (p.partition("=") for p in query.split("&"))}
    assert set(cookies) == {"CloudFront-Expires", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}
    assert get(sandbox, url, headers=cookie_header(cookies)).content == BODY


def cookie_header(cookies: dict[str, str]) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def test_without_any_grant_the_key_is_missing(sandbox: RunningSandbox, url: str) -> None:
    answer = get(sandbox, url)
    assert code_of(answer) == (403, "MissingKey")
    assert answer.headers["content-type"].startswith("text/xml")
    assert answer.headers["x-cache"] == "Error from cloudfront"


@pytest.mark.parametrize("algorithm", ["SHA256"])
def test_sha256_is_used_when_named(sandbox: RunningSandbox, signer: Any, url: str, soon: int, algorithm: str) -> None:
    signed = signer.with_sha256()
    assert get(sandbox, signed.canned(url, soon) + f"&Hash-Algorithm={algorithm}").status_code == 200
    assert code_of(get(sandbox, signed.canned(url, soon))) == DENIED, "SHA-1 is the default"
    assert code_of(get(sandbox, signer.canned(url, soon) + f"&Hash-Algorithm={algorithm}")) == DENIED
    cookies = {**signed.cookies(policy(url, soon)), "CloudFront-Hash-Algorithm": algorithm}
    assert get(sandbox, url, headers=cookie_header(cookies)).status_code == 200


@pytest.mark.parametrize("algorithm", ["MD5", "sha256", ""])
def test_no_other_hash_is_taken(sandbox: RunningSandbox, signer: Any, url: str, soon: int, algorithm: str) -> None:
    assert code_of(get(sandbox, signer.canned(url, soon) + f"&Hash-Algorithm={algorithm}")) == DENIED


@pytest.mark.parametrize("kind", ["canned", "custom"])
@pytest.mark.parametrize("when", ["the last second", "the instant it ends", "an hour later"])
def test_a_grant_ends(sandbox: RunningSandbox, signer: Any, url: str, kind: str, when: str, soon: int) -> None:
    signed = signer.canned(url, soon) if kind == "canned" else signer.custom(url, policy(url, soon))
    ahead = {"the last second": 50, "the instant it ends": 60, "an hour later": 3600}[when]
    sandbox.advance(ahead)
    assert get(sandbox, signed).status_code == (200 if when == "the last second" else 403)


def test_a_grant_may_begin_later(sandbox: RunningSandbox, signer: Any, url: str, soon: int) -> None:
    signed = signer.custom(url, policy(url, soon + 3600, DateGreaterThan={"AWS:EpochTime": soon}))
    assert code_of(get(sandbox, signed)) == DENIED
    sandbox.advance(120)
    assert get(sandbox, signed).status_code == 200


@pytest.mark.parametrize(
    ("network", "is_admitted"),
    [
        ("127.0.0.1/32", True),
        ("127.0.0.1", True),
        ("127.0.0.0/8", True),
        ("127.0.0.77/8", True),
        ("0.0.0.0/0", True),
        ("10.0.0.0/8", False),
        ("127.0.0.2/32", False),
        ("2001:db8::/32", False),
    ],
)
def test_a_grant_may_be_for_an_address(
    sandbox: RunningSandbox, signer: Any, url: str, soon: int, network: str, is_admitted: bool
) -> None:
    signed = signer.custom(url, policy(url, soon, IpAddress={"AWS:SourceIp": network}))
    assert (get(sandbox, signed).status_code == 200) is is_admitted


@pytest.mark.parametrize(
    ("pattern", "is_covered"),
    [
        ("{base}/cdn/course/one/*", True),
        ("{base}/cdn/course/*/index.m3u8", True),
        ("{base}/cdn/course/*", True),
        ("{base}/cdn/course/o?e/index.m3u8", True),
        ("{base}/cdn/course/one/index.m3u8*", True),
        ("*", True),
        ("*/index.m3u8", True),
        ("http*://*/cdn/course/one/index.m3u8", True),
        ("{base}/cdn/course/two/*", False),
        ("{base}/cdn/course/on?e/index.m3u8", False),
        ("{base}/cdn/course/one/index", False),
        ("{base}/cdn/course/one/indexXm3u8", False),
        ("https://elsewhere.test/*", False),
        ("{base}/cdn/COURSE/*", False),
        ("", False),
    ],
)
def test_wildcards(sandbox: RunningSandbox, signer: Any, soon: int, pattern: str, is_covered: bool) -> None:
    url = f"{sandbox.url}/cdn/course/one/index.m3u8"
    text = json.dumps(policy(None, soon))
    document = json.loads(text)
    document["Statement"][0]["Resource"] = pattern.format(base=sandbox.url)
    assert (get(sandbox, signer.custom(url, document)).status_code == 200) is is_covered


def test_a_policy_without_a_resource_covers_everything(sandbox: RunningSandbox, signer: Any, soon: int) -> None:
    assert get(sandbox, signer.custom(f"{sandbox.url}/cdn/b.mp4", policy(None, soon))).status_code == 200


def test_a_canned_policy_knows_no_wildcards(sandbox: RunningSandbox, signer: Any, soon: int) -> None:
    query = signer.canned(f"{sandbox.url}/cdn/*", soon).partition("?")[2]
    assert code_of(get(sandbox, f"{sandbox.url}/cdn/a.mp4?{query}")) == DENIED


@pytest.mark.parametrize("kind", ["canned", "custom"])
def test_own_parameters_belong_to_the_signed_url(
    sandbox: RunningSandbox, signer: Any, url: str, soon: int, kind: str
) -> None:
    own = f"{url}?size=large&x=%C3%A4"
    signed = signer.canned(own, soon) if kind == "canned" else signer.custom(own, policy(own, soon))
    assert get(sandbox, signed).status_code == 200
    for altered in (signed.replace("large", "small"), signed.replace("size=large&", ""), signed + "&extra=1"):
        assert code_of(get(sandbox, altered)) == DENIED


def test_own_parameters_may_stand_behind_the_reserved_ones(
    sandbox: RunningSandbox, signer: Any, url: str, soon: int
) -> None:
    signature = signer.canned(f"{url}?size=large", soon).partition("&")[2]
    assert get(sandbox, f"{url}?{signature}&size=large").status_code == 200


def test_a_trailing_star_covers_the_query(sandbox: RunningSandbox, signer: Any, url: str, soon: int) -> None:
    covered = signer.custom(f"{url}?t=5", policy(f"{sandbox.url}/cdn/a*", soon))
    assert get(sandbox, covered).status_code == 200
    bare = signer.custom(f"{url}?t=5", policy(url, soon))
    assert code_of(get(sandbox, bare)) == DENIED


def altered(text: str) -> str:
    """Another text of the same alphabet that differs in the middle, where every bit counts."""
    at = len(text) // 2
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


TAMPERINGS: dict[str, Callable[[str, str], str]] = {
    "path": lambda path, query: f"{path.replace('a.mp4', 'b.mp4')}?{query}",
    "signature": lambda path, query: f"{path}?{change(query, 'Signature', altered)}",
    "signature missing": lambda path, query: f"{path}?{change(query, 'Signature', None)}",
    "signature empty": lambda path, query: f"{path}?{change(query, 'Signature', lambda _: '')}",
    "signature no base64": lambda path, query: f"{path}?{change(query, 'Signature', lambda _: '!!!')}",
    "signature plain base64": lambda path, query: f"{path}?{change(query, 'Signature', lambda _: 'AA%2BA')}",
    "signature cut": lambda path, query: f"{path}?{change(query, 'Signature', lambda text: text[:-4])}",
    "key id": lambda path, query: f"{path}?{change(query, 'Key-Pair-Id', lambda _: 'KOTHER')}",
    "key id missing": lambda path, query: f"{path}?{change(query, 'Key-Pair-Id', None)}",
    "key id unknown": lambda path, query: f"{path}?{change(query, 'Key-Pair-Id', lambda _: 'KNOBODY')}",
    "key id a path": lambda path, query: f"{path}?{change(query, 'Key-Pair-Id', lambda name: '../keys/' + name)}",
    "parameter added": lambda path, query: f"{path}?x=1&{query}",
    "parameter twice": lambda path, query: f"{path}?{query}&{query.split('&')[0]}",
    "path encoded differently": lambda path, query: f"{path.replace('a.mp4', '%61.mp4')}?{query}",
    "path doubled slash": lambda path, query: f"{path.replace('/a.mp4', '//a.mp4')}?{query}",
}
CANNED_TAMPERINGS: dict[str, Callable[[str, str], str]] = {
    "expires later": lambda path, query: f"{path}?{change(query, 'Expires', lambda text: str(int(text) + 1))}",
    "expires no number": lambda path, query: f"{path}?{change(query, 'Expires', lambda _: 'never')}",
    "expires signed": lambda path, query: f"{path}?{change(query, 'Expires', lambda text: '%2B' + text)}",
    "expires missing": lambda path, query: f"{path}?{change(query, 'Expires', None)}",
}
CUSTOM_TAMPERINGS: dict[str, Callable[[str, str], str]] = {
    "policy": lambda path, query: f"{path}?{change(query, 'Policy', altered)}",
    "policy missing": lambda path, query: f"{path}?{change(query, 'Policy', None)}",
    "policy empty": lambda path, query: f"{path}?{change(query, 'Policy', lambda _: '')}",
}


def change(query: str, name: str, by: Callable[[str], str] | None) -> str:
    parts = []
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if key != name:
            parts.append(part)
        elif by:
            parts.append(f"{key}={by(value)}")
    return "&".join(parts)


@pytest.mark.parametrize("tampering", [*TAMPERINGS, *CANNED_TAMPERINGS])
def test_a_tampered_canned_url_is_denied(
    sandbox: RunningSandbox, signer: Any, make_signer: Any, url: str, soon: int, tampering: str
) -> None:
    make_signer("KOTHER")
    signed = signer.canned(url, soon)
    assert get(sandbox, signed).status_code == 200
    path, _, query = signed.partition("?")
    assert get(sandbox, {**TAMPERINGS, **CANNED_TAMPERINGS}[tampering](path, query)).status_code == 403


@pytest.mark.parametrize("tampering", [*TAMPERINGS, *CUSTOM_TAMPERINGS])
def test_a_tampered_custom_url_is_denied(
    sandbox: RunningSandbox, signer: Any, make_signer: Any, url: str, soon: int, tampering: str
) -> None:
    make_signer("KOTHER")
    signed = signer.custom(url, policy(url, soon))
    path, _, query = signed.partition("?")
    assert get(sandbox, {**TAMPERINGS, **CUSTOM_TAMPERINGS}[tampering](path, query)).status_code == 403


@pytest.mark.parametrize("name", ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"])
@pytest.mark.parametrize("how", ["altered", "missing"])
def test_a_tampered_cookie_is_denied(
    sandbox: RunningSandbox, signer: Any, url: str, soon: int, name: str, how: str
) -> None:
    cookies = signer.cookies(policy(url, soon))
    cookies[name] = altered(cookies[name])
    if how == "missing":
        del cookies[name]
    assert get(sandbox, url, headers=cookie_header(cookies)).status_code == 403


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        '{"Statement":[]}',
        '{"Statement":[{}]}',
        '{"Statement":[{"Resource":"*","Condition":{}}]}',
        '{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":"4102444800"}}}]}',
        '{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":true}}}]}',
        '{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"EpochTime":4102444800}}}]}',
        '{"Statement":[{"Resource":["*"],"Condition":{"DateLessThan":{"AWS:EpochTime":4102444800}}}]}',
        '{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":4102444800},"Country":"NG"}}]}',
        '{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":4102444800},'
        '"IpAddress":{"AWS:SourceIp":"everywhere"}}}]}',
        '{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":4102444800}}},'
        '{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":4102444800}}}]}',
    ],
)
def test_a_malformed_policy_is_denied_though_signed(sandbox: RunningSandbox, signer: Any, url: str, text: str) -> None:
    assert code_of(get(sandbox, signer.custom(url, text))) == (403, "MalformedPolicy")


def test_a_signed_url_wins_over_a_cookie(sandbox: RunningSandbox, signer: Any, url: str, soon: int) -> None:
    good_cookie = cookie_header(signer.cookies(policy("*", soon)))
    bad_cookie = cookie_header(signer.cookies(policy("https://elsewhere.test/*", soon)))
    expired = signer.canned(url, 1_000_000_000)
    assert get(sandbox, signer.canned(url, soon), headers=bad_cookie).status_code == 200
    assert get(sandbox, expired, headers=good_cookie).status_code == 403
    assert get(sandbox, f"{url}?Expires={soon}", headers=good_cookie).status_code == 403


def test_a_playlists_signature_does_not_cover_its_segments(sandbox: RunningSandbox, signer: Any, soon: int) -> None:
    signed = signer.canned(f"{sandbox.url}/cdn/course/one/index.m3u8", soon)
    query = signed.partition("?")[2]
    assert get(sandbox, signed).status_code == 200
    assert get(sandbox, f"{sandbox.url}/cdn/course/two/index.m3u8?{query}").status_code == 403


def test_an_escaped_tilde_is_the_same_tilde(sandbox: RunningSandbox, signer: Any, url: str, soon: int) -> None:
    signed = signer.canned(url, soon)
    query = change(signed.partition("?")[2], "Signature", lambda text: quote(text, safe="").replace("~", "%7E"))
    assert get(sandbox, f"{url}?{query}").status_code == 200


def test_keys_are_rotated_without_a_restart(sandbox: RunningSandbox, make_signer: Any, url: str, soon: int) -> None:
    first, second = make_signer("KROTATED1"), make_signer("KROTATED2")
    assert {get(sandbox, signer.canned(url, soon)).status_code for signer in (first, second)} == {200}
    first.path.unlink()
    assert code_of(get(sandbox, first.canned(url, soon))) == (403, "InvalidKey")
    replaced = make_signer("KROTATED2")
    assert get(sandbox, replaced.canned(url, soon)).status_code == 200
    assert get(sandbox, second.canned(url, soon)).status_code == 403


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_that_is_no_key_is_no_key(
    sandbox: RunningSandbox, make_signer: Any, url: str, soon: int, content: bytes
) -> None:
    signer = make_signer("KBROKEN")
    signer.path.write_bytes(content)
    assert code_of(get(sandbox, signer.canned(url, soon))) == (403, "InvalidKey")


def test_a_key_of_another_curve_is_no_key(sandbox: RunningSandbox, make_signer: Any, url: str, soon: int) -> None:
    signer = make_signer("KP384", ec.generate_private_key(ec.SECP384R1()))
    assert code_of(get(sandbox, signer.canned(url, soon))) == (403, "InvalidKey")


def test_anothers_signature_under_a_trusted_id_is_denied(
    sandbox: RunningSandbox, make_signer: Any, url: str, soon: int
) -> None:
    trusted = make_signer("KTRUSTED", rsa.generate_private_key(65537, 2048))
    pem = trusted.path.read_bytes()
    stranger = make_signer("KTRUSTED")
    trusted.path.write_bytes(pem)
    assert get(sandbox, trusted.canned(url, soon)).status_code == 200
    assert code_of(get(sandbox, stranger.canned(url, soon))) == DENIED
