"""The object store, against a real S3 server."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import httpx
import pytest

from chassis.objects import ObjectInfo, ObjectMissing, ObjectStore, StorageUnavailable, attachment

BUCKET = "objects-test"
MINUTE = timedelta(minutes=1)
MIB = 2**20


def store_of(settings: dict[str, str], **changes: Any) -> ObjectStore:
    endpoint = settings["s3_endpoint_url"]
    names = {
        "endpoint": endpoint,
        "public_endpoint": endpoint,
        "region": settings["s3_region"],
        "key": settings["s3_access_key_id"],
        "secret": settings["s3_secret_access_key"],
    }
    return ObjectStore(**{**names, **changes})


@pytest.fixture
def store(s3: Any) -> ObjectStore:
    store = store_of(s3.settings)
    store.ensure_bucket(BUCKET)
    return store


def test_a_stored_object_reads_back_with_its_size_and_type(store: ObjectStore) -> None:
    etag = store.put(BUCKET, "a/b.txt", b"hello", "text/plain")
    assert store.get(BUCKET, "a/b.txt") == b"hello"
    assert store.head(BUCKET, "a/b.txt") == ObjectInfo(5, "text/plain", etag)


def test_making_a_bucket_twice_keeps_what_is_in_it(store: ObjectStore) -> None:
    store.put(BUCKET, "kept", b"x", "text/plain")
    store.ensure_bucket(BUCKET)
    assert store.get(BUCKET, "kept") == b"x"


def test_a_range_reads_only_what_was_asked(store: ObjectStore) -> None:
    store.put(BUCKET, "range", b"0123456789", "text/plain")
    assert store.get_range(BUCKET, "range", 2, 3) == b"234"
    assert store.get_range(BUCKET, "range", 8, 100) == b"89"
    assert store.get_range(BUCKET, "range", 50, 10) == b""


def test_the_objects_of_a_folder_are_listed_with_their_sizes(store: ObjectStore) -> None:
    store.put(BUCKET, "folder/a.ts", b"12", "video/mp2t")
    store.put(BUCKET, "folder/sub/b.ts", b"123", "video/mp2t")
    store.put(BUCKET, "folder-of-another/c.ts", b"1", "video/mp2t")
    assert store.sizes(BUCKET, "folder/") == {"folder/a.ts": 2, "folder/sub/b.ts": 3}
    assert store.sizes(BUCKET, "empty/") == {}


def test_what_is_not_there_is_missing_and_may_be_deleted(store: ObjectStore) -> None:
    for read in (store.head, store.get):
        with pytest.raises(ObjectMissing):
            read(BUCKET, "nothing")
    with pytest.raises(ObjectMissing):
        store.head("no-such-bucket", "nothing")
    store.delete(BUCKET, "nothing")


def test_a_signed_download_names_the_file(store: ObjectStore) -> None:
    store.put(BUCKET, "doc", b"%PDF", "application/pdf")
    answer = httpx.get(store.presign_get(BUCKET, "doc", MINUTE, filename="Zertifikat Ọlá.pdf"))
    assert answer.content == b"%PDF"
    assert answer.headers["content-disposition"] == attachment("Zertifikat Ọlá.pdf")


def test_a_signed_upload_takes_only_the_size_and_type_it_was_signed_for(store: ObjectStore) -> None:
    url = store.presign_put(BUCKET, "up.mp4", MINUTE, content_type="video/mp4", size=5)
    assert httpx.put(url, content=b"123456", headers={"content-type": "video/mp4"}).status_code == 403
    assert httpx.put(url, content=b"12345", headers={"content-type": "text/html"}).status_code == 403
    assert httpx.put(url, content=b"12345", headers={"content-type": "video/mp4"}).status_code == 200
    assert store.head(BUCKET, "up.mp4").size == 5


def test_a_changed_signature_is_refused(store: ObjectStore) -> None:
    store.put(BUCKET, "secret", b"x", "text/plain")
    assert httpx.get(store.presign_get(BUCKET, "secret", MINUTE) + "0").status_code == 403


def test_an_upload_in_parts_becomes_one_object(store: ObjectStore) -> None:
    upload = store.create_multipart(BUCKET, "big", "video/mp4")
    for number, body in ((1, b"a" * 5 * MIB), (2, b"b" * 10)):
        url = store.presign_part(BUCKET, "big", upload, number, MINUTE, len(body))
        assert httpx.put(url, content=body).status_code == 200
    parts = store.list_parts(BUCKET, "big", upload)
    assert [(part.number, part.size) for part in parts] == [(1, 5 * MIB), (2, 10)]
    store.complete_multipart(BUCKET, "big", upload, parts)
    assert store.head(BUCKET, "big").size == 5 * MIB + 10
    assert store.head(BUCKET, "big").content_type == "video/mp4"
    with pytest.raises(ObjectMissing):
        store.list_parts(BUCKET, "big", upload)


def test_an_abandoned_upload_can_be_given_up_twice(store: ObjectStore) -> None:
    upload = store.create_multipart(BUCKET, "gone", "video/mp4")
    store.abort_multipart(BUCKET, "gone", upload)
    store.abort_multipart(BUCKET, "gone", upload)
    with pytest.raises(ObjectMissing):
        store.head(BUCKET, "gone")


def test_urls_for_browsers_carry_the_public_host(s3: Any) -> None:
    store = store_of(s3.settings, public_endpoint="https://files.example.com")
    assert store.presign_get(BUCKET, "x", MINUTE).startswith(f"https://files.example.com/{BUCKET}/x?")


def test_a_dead_store_is_unavailable_not_a_stack_trace(s3: Any) -> None:
    store = store_of(s3.settings, endpoint="http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable):
        store.get(BUCKET, "x")


def test_wrong_credentials_are_unavailable(s3: Any) -> None:
    with pytest.raises(StorageUnavailable):
        store_of(s3.settings, secret="not-the-secret-of-this-store").get(BUCKET, "x")


def test_boto3_is_not_loaded_before_it_is_needed() -> None:
    program = (
        "import sys, chassis.objects as o; o.ObjectStore(None, None, 'r', 'k', 's'); sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "plain"),
    [("a.pdf", "a.pdf"), ('x";y.pdf', "x__y.pdf"), ("Ọlá.pdf", "_l_.pdf"), ("a\r\nb.pdf", "a__b.pdf")],
)
def test_a_file_name_cannot_break_out_of_its_header(name: str, plain: str) -> None:
    header = attachment(name)
    assert f'filename="{plain}"' in header
    assert "\r" not in header
    assert "\n" not in header
