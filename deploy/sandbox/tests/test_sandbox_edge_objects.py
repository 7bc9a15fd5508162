"""The CDN edge serves objects of a real S3 server: whole, in parts, conditionally."""

from typing import Any

import pytest

from sandbox.cdn.conditions import usable_range
from sandbox.testing import RunningSandbox

BODY = bytes(range(256)) * 40
SIZE = len(BODY)


@pytest.fixture(scope="module")
def etag(s3: Any) -> str:
    s3.put_object(Bucket="videos", Key="film.mp4", Body=BODY, ContentType="video/mp4")
    return s3.head_object(Bucket="videos", Key="film.mp4")["ETag"]


@pytest.fixture
def film(sandbox: RunningSandbox, make_signer: Any, soon: int, etag: str) -> str:
    """A signed URL of a video."""
    return make_signer("KOBJECTS").canned(f"{sandbox.url}/cdn/film.mp4", soon)


def test_the_whole_object(sandbox: RunningSandbox, film: str, etag: str) -> None:
    answer = sandbox.http.get(film)
    assert (answer.status_code, answer.content) == (200, BODY)
    headers = answer.headers
    assert (headers["content-type"], headers["content-length"]) == ("video/mp4", str(SIZE))
    assert (headers["etag"], headers["accept-ranges"]) == (etag, "bytes")
    assert "CloudFront" in headers["via"]
    assert headers["last-modified"]


@pytest.mark.parametrize(
    ("byte_range", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-199", 100, 199),
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=-100", SIZE - 100, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        (f"bytes=0-{SIZE * 9}", 0, SIZE - 1),
    ],
)
def test_a_part(sandbox: RunningSandbox, film: str, byte_range: str, first: int, last: int) -> None:
    answer = sandbox.http.get(film, headers={"range": byte_range})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.content == BODY[first : last + 1]


@pytest.mark.parametrize("byte_range", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}"])
def test_a_part_beyond_the_end(sandbox: RunningSandbox, film: str, byte_range: str) -> None:
    answer = sandbox.http.get(film, headers={"range": byte_range})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert "<Code>InvalidRange</Code>" in answer.text


@pytest.mark.parametrize("byte_range", ["bytes=5-2", "bytes=-", "bytes=a-b", "lines=0-5", "bytes=0-1,4-5", "nonsense"])
def test_a_range_that_makes_no_sense_is_ignored(sandbox: RunningSandbox, film: str, byte_range: str) -> None:
    assert usable_range(byte_range) is None
    answer = sandbox.http.get(film, headers={"range": byte_range})
    assert (answer.status_code, len(answer.content)) == (200, SIZE)


def test_head_answers_the_headers_alone(sandbox: RunningSandbox, film: str, etag: str) -> None:
    answer = sandbox.http.head(film)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["content-length"], answer.headers["etag"]) == (str(SIZE), etag)
    assert answer.headers["content-type"] == "video/mp4"


def test_head_needs_a_signature_too(sandbox: RunningSandbox) -> None:
    assert sandbox.http.head(f"{sandbox.url}/cdn/film.mp4").status_code == 403


@pytest.mark.parametrize(
    ("tags", "status"), [("{etag}", 304), ('"old", {etag}', 304), ("W/{etag}", 304), ("*", 304), ('"old"', 200)]
)
def test_a_known_object_is_not_sent_again(
    sandbox: RunningSandbox, film: str, etag: str, tags: str, status: int
) -> None:
    answer = sandbox.http.get(film, headers={"if-none-match": tags.format(etag=etag)})
    assert answer.status_code == status
    assert answer.headers["etag"] == etag
    assert len(answer.content) == (SIZE if status == 200 else 0)


@pytest.mark.parametrize(("tag", "status"), [("{etag}", 206), ('"old"', 200)])
def test_a_part_of_an_older_object_becomes_the_whole_new_one(
    sandbox: RunningSandbox, film: str, etag: str, tag: str, status: int
) -> None:
    answer = sandbox.http.get(film, headers={"range": "bytes=0-9", "if-range": tag.format(etag=etag)})
    assert (answer.status_code, len(answer.content)) == (status, 10 if status == 206 else SIZE)


def test_a_missing_object(sandbox: RunningSandbox, make_signer: Any, soon: int) -> None:
    answer = sandbox.http.get(make_signer("KOBJECTS").canned(f"{sandbox.url}/cdn/none.mp4", soon))
    assert answer.status_code == 404
    assert "<Code>NoSuchKey</Code>" in answer.text


@pytest.mark.parametrize("key", ["with space.txt", "ümläut/ß.txt", "a+b=c&d.txt", "100%.txt", "tilde~.txt"])
def test_keys_of_any_characters(sandbox: RunningSandbox, s3: Any, make_signer: Any, soon: int, key: str) -> None:
    from urllib.parse import quote

    s3.put_object(Bucket="videos", Key=key, Body=key.encode())
    signed = make_signer("KOBJECTS").canned(f"{sandbox.url}/cdn/{quote(key)}", soon)
    assert sandbox.http.get(signed).content == key.encode()


@pytest.mark.parametrize("path", ["", "..%2Fother/key", "a/%2E%2E/b", "a%00b"])
def test_no_path_leads_out_of_the_bucket(sandbox: RunningSandbox, make_signer: Any, soon: int, path: str) -> None:
    signed = make_signer("KOBJECTS").canned(f"{sandbox.url}/cdn/{path}", soon)
    assert sandbox.http.get(signed).status_code == 403


def test_a_large_object_is_streamed(sandbox: RunningSandbox, s3: Any, make_signer: Any, soon: int) -> None:
    size = 8 * 1024 * 1024
    s3.put_object(Bucket="videos", Key="large.bin", Body=bytes(size))
    signed = make_signer("KOBJECTS").canned(f"{sandbox.url}/cdn/large.bin", soon)
    with sandbox.http.stream("GET", signed) as answer:
        sizes = [len(chunk) for chunk in answer.iter_raw()]
    assert sum(sizes) == size
    assert max(sizes) <= 1024 * 1024
    with sandbox.http.stream("GET", signed) as answer:
        next(answer.iter_raw())
    assert sandbox.http.get("/livez").status_code == 200, "a viewer who goes away does no harm"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_written_through_the_edge(sandbox: RunningSandbox, film: str, method: str) -> None:
    assert sandbox.http.request(method, film).status_code == 403


def test_players_on_other_origins_may_play(sandbox: RunningSandbox, film: str) -> None:
    origin = {"origin": "https://learn.test"}
    preflight = sandbox.http.options(f"{sandbox.url}/cdn/film.mp4", headers=origin)
    assert preflight.status_code == 204
    assert "Range" in preflight.headers["access-control-allow-headers"]
    for answer in (preflight, sandbox.http.get(film, headers=origin), sandbox.http.get("/cdn/x", headers=origin)):
        assert answer.headers["access-control-allow-origin"] == "https://learn.test"
        assert answer.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "set SANDBOX_S3_ENDPOINT_URL"),
        ({"s3_endpoint_url": "http://127.0.0.1:1", "s3_bucket": "videos"}, "did not answer"),
        ({"s3_endpoint_url": "{s3}", "s3_bucket": "videos", "s3_access_key_id": "wrong"}, "check SANDBOX_S3_"),
    ],
)
def test_trouble_with_the_object_store_is_explained(
    make_settings: Any, s3_endpoint: str, make_signer: Any, soon: int, settings: dict[str, str], words: str
) -> None:
    values = {name: value.format(s3=s3_endpoint) for name, value in settings.items()}
    with RunningSandbox(lambda url: make_settings(public_url=url, **values)) as sandbox:
        answer = sandbox.http.get(make_signer("KOBJECTS").canned(f"{sandbox.url}/cdn/film.mp4", soon))
    assert answer.status_code == 502
    assert words in answer.text
