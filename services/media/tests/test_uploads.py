"""Uploads: announced here, PUT to a real S3, checked before they count."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.database import Database
from chassis.objects import ObjectMissing, ObjectStore
from chassis.testing import count_queries, published
from contracts.events.media import VideoReady
from media.main import create_app
from media.models import Video
from media.settings import Settings
from media.uploads import policy
from media.uploads.sweeping import sweeper

ADMIN = "/v1/admin/videos"


def announce(api: httpx.Client, headers: dict[str, str], size: int, **changes: Any) -> httpx.Response:
    asked = {"filename": "joins.mp4", "contentType": "video/mp4", "sizeBytes": size, "programSlug": "data", **changes}
    return api.post(ADMIN, json=asked, headers=headers)


def put(url: str, body: bytes, content_type: str = "video/mp4") -> None:
    answer = httpx.put(url, content=body, headers={"content-type": content_type})
    assert answer.status_code == 200, answer.text


def complete(api: httpx.Client, headers: dict[str, str], video: str, **body: Any) -> httpx.Response:
    return api.post(f"{ADMIN}/{video}/complete", headers=headers, json=body)


@pytest.fixture
def staff(tokens: Any) -> dict[str, str]:
    return tokens.instructor("data")


def test_an_upload_that_s3_has_becomes_a_ready_video(
    api: httpx.Client, staff: dict[str, str], mp4_file: Callable[..., bytes], db: Database
) -> None:
    file = mp4_file(12.5)
    answer = announce(api, staff, len(file))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["upload"]["kind"], answer.json()["expiresAt"]) == ("single", "2026-03-03T00:00:00.250000Z")
    put(answer.json()["upload"]["url"], file)
    video_id = answer.json()["videoId"]

    done = complete(api, staff, video_id)

    assert done.status_code == 200, done.text
    body = done.json()
    assert (body["id"], body["status"], body["durationSeconds"]) == (video_id, "ready", 12.5)
    assert (body["kind"], body["sizeBytes"], body["problem"]) == ("mp4", len(file), None)
    [event] = published(db)
    assert isinstance(event, VideoReady)
    assert (str(event.video_id), event.program_slug, event.duration_seconds) == (video_id, "data", 12.5)


def test_completing_again_answers_the_same_and_tells_nobody_twice(
    api: httpx.Client, staff: dict[str, str], mp4_file: Callable[..., bytes], db: Database
) -> None:
    file = mp4_file()
    video = announce(api, staff, len(file)).json()
    put(video["upload"]["url"], file)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: complete(api, staff, video["videoId"]), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(published(db)) == 1


def test_a_large_file_goes_up_in_parts(
    api: httpx.Client,
    staff: dict[str, str],
    mp4_file: Callable[..., bytes],
    store: ObjectStore,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy, "SINGLE_PUT_BYTES", 1000)
    monkeypatch.setattr(policy, "PART_BYTES", 5 * policy.MIB)
    file = mp4_file(3600, padding=5 * policy.MIB)
    video = announce(api, staff, len(file)).json()
    parts = video["upload"]["parts"]
    assert (video["upload"]["kind"], [part["partNumber"] for part in parts]) == ("multipart", [1, 2])
    position = len(file) - parts[1]["sizeBytes"]
    put(parts[1]["url"], file[position:])

    early = complete(api, staff, video["videoId"])
    assert (early.status_code, early.json()["code"], early.json()["missingParts"]) == (409, "upload_incomplete", [1])

    put(parts[0]["url"], file[:position])
    done = complete(api, staff, video["videoId"])
    assert (done.status_code, done.json()["durationSeconds"]) == (200, 3600.0)
    assert store.head(settings.media_bucket, f"videos/{video['videoId']}/video.mp4").size == len(file)


def test_parts_that_were_joined_before_a_crash_are_found_joined(
    api: httpx.Client,
    staff: dict[str, str],
    mp4_file: Callable[..., bytes],
    store: ObjectStore,
    settings: Settings,
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy, "SINGLE_PUT_BYTES", 1)
    file = mp4_file()
    video = announce(api, staff, len(file)).json()
    put(video["upload"]["parts"][0]["url"], file)
    with db.begin() as session:
        row = session.get_one(Video, UUID(video["videoId"]))
    parts = store.list_parts(settings.media_bucket, row.object_key, row.upload_id or "")
    store.complete_multipart(settings.media_bucket, row.object_key, row.upload_id or "", parts)
    assert complete(api, staff, video["videoId"]).status_code == 200


def test_what_has_not_arrived_is_not_ready(
    api: httpx.Client, staff: dict[str, str], mp4_file: Callable[..., bytes], db: Database
) -> None:
    video = announce(api, staff, len(mp4_file())).json()
    answer = complete(api, staff, video["videoId"])
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_incomplete")
    put(video["upload"]["url"], mp4_file())
    assert complete(api, staff, video["videoId"], etag='"0000"').json()["code"] == "upload_incomplete"
    assert published(db) == []
    assert complete(api, staff, video["videoId"]).status_code == 200


def test_a_page_called_mp4_is_rejected_for_good(api: httpx.Client, staff: dict[str, str], db: Database) -> None:
    body = b"<html><script>alert(1)</script></html>"
    video = announce(api, staff, len(body)).json()
    put(video["upload"]["url"], body)
    for _ in range(2):
        answer = complete(api, staff, video["videoId"])
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_rejected")
    [listed] = api.get(ADMIN, headers=staff).json()["videos"]
    assert listed["status"] == "rejected"
    assert "ftyp" in listed["problem"]
    assert published(db) == []


@pytest.mark.parametrize(("size", "content_type"), [(5, "video/mp4"), (None, "text/html")])
def test_another_size_or_type_than_announced_is_rejected(
    api: httpx.Client,
    staff: dict[str, str],
    mp4_file: Callable[..., bytes],
    store: ObjectStore,
    settings: Settings,
    size: int | None,
    content_type: str,
) -> None:
    file = mp4_file()
    video = announce(api, staff, len(file)).json()["videoId"]
    store.put(settings.media_bucket, f"videos/{video}/video.mp4", file[:size], content_type)
    assert complete(api, staff, video).json()["code"] == "upload_rejected"


def test_hls_goes_up_file_by_file(api: httpx.Client, staff: dict[str, str], db: Database) -> None:
    files = {
        "index.m3u8": b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/list.m3u8\n",
        "low/list.m3u8": b"#EXTM3U\n#EXTINF:6.5,\n0.ts\n",
        "low/0.ts": b"G" * 188,
    }
    beside = [{"path": path, "sizeBytes": len(body)} for path, body in files.items() if path != "index.m3u8"]
    kind = {"contentType": "application/vnd.apple.mpegurl", "filename": "joins.m3u8", "files": beside}
    answer = announce(api, staff, len(files["index.m3u8"]), **kind)
    assert answer.status_code == 201, answer.text
    upload = answer.json()["upload"]
    assert (upload["kind"], {file["path"] for file in upload["files"]}) == ("files", set(files))
    for file in upload["files"][:-1]:
        put(file["url"], files[file["path"]], file["contentType"])
    early = complete(api, staff, answer.json()["videoId"])
    assert (early.json()["code"], early.json()["missingFiles"]) == ("upload_incomplete", ["low/0.ts"])
    last = upload["files"][-1]
    put(last["url"], files[last["path"]], last["contentType"])
    done = complete(api, staff, answer.json()["videoId"])
    assert (done.json()["status"], done.json()["kind"], done.json()["durationSeconds"]) == ("ready", "hls", 6.5)
    [event] = published(db)
    assert isinstance(event, VideoReady)
    assert event.size_bytes == sum(map(len, files.values()))


BAD = [
    ({"sizeBytes": 0}, "sizeBytes"),
    ({"sizeBytes": -1}, "sizeBytes"),
    ({"sizeBytes": 10**15}, "sizeBytes"),
    ({"sizeBytes": 10**30}, "sizeBytes"),
    ({"sizeBytes": "many"}, "sizeBytes"),
    ({"sizeBytes": None}, "sizeBytes"),
    ({"filename": ""}, "filename"),
    ({"filename": "   "}, "filename"),
    ({"filename": "x" * 256}, "filename"),
    ({"contentType": "text/html"}, "contentType"),
    ({"contentType": "video/mp4\r\nX: y"}, "contentType"),
    ({"contentType": ""}, "contentType"),
    ({"programSlug": "Not A Slug"}, "programSlug"),
    ({"programSlug": "../data"}, "programSlug"),
    ({"files": [{"path": "a.ts", "sizeBytes": 1}]}, "files"),
    ({"contentType": "application/vnd.apple.mpegurl"}, "files"),
    ({"contentType": "application/vnd.apple.mpegurl", "files": [{"path": "a.exe", "sizeBytes": 1}]}, "files"),
    ({"contentType": "application/vnd.apple.mpegurl", "files": [{"path": "index.m3u8", "sizeBytes": 1}]}, "files"),
    ({"contentType": "application/vnd.apple.mpegurl", "files": [{"path": "../a.ts", "sizeBytes": 1}]}, "files.0"),
    ({"contentType": "application/vnd.apple.mpegurl", "files": [{"path": "/a.ts", "sizeBytes": 1}]}, "files.0"),
    ({"titel": "typo"}, "titel"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
def test_bad_announcements_name_the_field(api: httpx.Client, tokens: Any, changes: dict[str, Any], field: str) -> None:
    answer = announce(api, tokens.admin(), 100, **changes)
    assert answer.status_code == 422, answer.text
    assert any(error["field"].startswith(field) for error in answer.json()["errors"])


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 422), (b"{", 400), (b"[]", 422), (b"null", 422), (b"\xff\xfe", 400), (b'"x"', 422)]
)
def test_broken_bodies_are_refused(api: httpx.Client, tokens: Any, body: bytes, status: int) -> None:
    headers = {**tokens.admin(), "Content-Type": "application/json"}
    assert api.post(ADMIN, content=body, headers=headers).status_code == status


@pytest.mark.parametrize("path", ["nonsense", "00000000-0000-0000-0000-000000000000", "%00", "1"])
def test_unknown_videos_are_refused_politely(api: httpx.Client, tokens: Any, path: str) -> None:
    answer = complete(api, tokens.admin(), path)
    assert answer.status_code in {404, 422}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "programSlug=A%20B"])
def test_bad_pages_are_refused(api: httpx.Client, tokens: Any, query: str) -> None:
    assert api.get(f"{ADMIN}?{query}", headers=tokens.admin()).status_code == 422


def callers(tokens: Any) -> dict[str, dict[str, str]]:
    return {
        "nobody": {},
        "student": tokens.bearer(),
        "other instructor": tokens.instructor("other"),
        "instructor": tokens.instructor("data"),
        "admin": tokens.admin(),
        "service": tokens.service("learning", "media"),
    }


ROLES = ["nobody", "student", "other instructor", "instructor", "admin", "service"]


@pytest.mark.parametrize(("role", "expected"), list(zip(ROLES, [401, 403, 403, 201, 201, 401], strict=True)))
def test_who_may_announce(api: httpx.Client, tokens: Any, role: str, expected: int) -> None:
    answer = announce(api, callers(tokens)[role], 100)
    assert answer.status_code == expected
    assert expected != 403 or answer.json()["code"] == "staff_only"


@pytest.mark.parametrize(("role", "expected"), list(zip(ROLES, [401, 403, 404, 200, 200, 401], strict=True)))
def test_who_may_complete(
    api: httpx.Client, tokens: Any, ready_video: Callable[..., UUID], role: str, expected: int
) -> None:
    assert complete(api, callers(tokens)[role], str(ready_video())).status_code == expected


@pytest.mark.parametrize(("role", "expected"), list(zip(ROLES, [401, 403, 200, 200, 200, 401], strict=True)))
def test_who_sees_which_videos(
    api: httpx.Client, tokens: Any, ready_video: Callable[..., UUID], role: str, expected: int
) -> None:
    data, other = str(ready_video("data")), str(ready_video("other"))
    answer = api.get(ADMIN, headers=callers(tokens)[role])
    assert answer.status_code == expected
    seen = {"other instructor": {other}, "instructor": {data}, "admin": {data, other}}.get(role)
    assert seen is None or {video["id"] for video in answer.json()["videos"]} == seen


def test_the_list_is_paged_newest_first(api: httpx.Client, staff: dict[str, str]) -> None:
    made = [announce(api, staff, 100 + number).json()["videoId"] for number in range(5)]
    seen, cursor = [], None
    while True:
        page = api.get(ADMIN, headers=staff, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [video["id"] for video in page["videos"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_the_list_can_be_of_one_program(api: httpx.Client, tokens: Any, ready_video: Callable[..., UUID]) -> None:
    data, _ = str(ready_video("data")), ready_video("other")
    for headers in (tokens.admin(), tokens.instructor("data", "other")):
        videos = api.get(ADMIN, headers=headers, params={"programSlug": "data"}).json()["videos"]
        assert [video["id"] for video in videos] == [data]
    assert api.get(ADMIN, headers=tokens.instructor("data"), params={"programSlug": "other"}).json()["videos"] == []


def test_the_list_costs_one_query_however_long(
    settings: Settings, serve: Callable[[Any], httpx.Client], tokens: Any, ready_video: Callable[..., UUID]
) -> None:
    app = create_app(settings)
    api = serve(app)
    counts = []
    for _ in range(2):
        for _ in range(3):
            ready_video()
        with count_queries(app.state.db) as queries:
            assert api.get(ADMIN, headers=tokens.admin()).status_code == 200
        counts.append(len(queries))
    assert counts == [1, 1]


def test_the_same_idempotency_key_announces_one_video(api: httpx.Client, staff: dict[str, str], db: Database) -> None:
    headers = {**staff, "Idempotency-Key": "upload-1"}
    first, second = announce(api, headers, 100), announce(api, headers, 100)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert announce(api, headers, 101).json()["code"] == "idempotency_key_reused"


def test_a_dead_store_is_said_and_nothing_is_left_behind(
    settings: Settings, serve: Callable[[Any], httpx.Client], tokens: Any
) -> None:
    api = serve(create_app(settings.model_copy(update={"s3_endpoint_url": "http://127.0.0.1:9"})))
    answer = announce(api, tokens.admin(), 100)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert api.get(ADMIN, headers=tokens.admin()).json()["videos"] == []


def test_the_first_upload_makes_the_bucket(
    settings: Settings, serve: Callable[[Any], httpx.Client], tokens: Any, mp4_file: Callable[..., bytes]
) -> None:
    api = serve(create_app(settings.model_copy(update={"media_bucket": "a-new-bucket"})))
    video = announce(api, tokens.admin(), len(mp4_file())).json()
    put(video["upload"]["url"], mp4_file())
    assert complete(api, tokens.admin(), video["videoId"]).status_code == 200


def test_abandoned_uploads_are_given_up_and_leave_nothing_in_s3(
    api: httpx.Client,
    staff: dict[str, str],
    clock: Any,
    store: ObjectStore,
    settings: Settings,
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    single = announce(api, staff, 3).json()
    put(single["upload"]["url"], b"abc")
    monkeypatch.setattr(policy, "SINGLE_PUT_BYTES", 1)
    multi = announce(api, staff, 3).json()
    put(multi["upload"]["parts"][0]["url"], b"abc")
    sweep = sweeper(store, settings.media_bucket, timedelta(hours=12))

    clock.advance(hours=12, minutes=59)
    sweep(db, clock.now)
    assert {video["status"] for video in api.get(ADMIN, headers=staff).json()["videos"]} == {"uploading"}

    clock.advance(minutes=2)
    for _ in range(2):
        sweep(db, clock.now)
    assert {video["status"] for video in api.get(ADMIN, headers=staff).json()["videos"]} == {"abandoned"}
    assert complete(api, staff, single["videoId"]).json()["code"] == "upload_abandoned"
    with pytest.raises(ObjectMissing):
        store.head(settings.media_bucket, f"videos/{single['videoId']}/video.mp4")
    assert httpx.put(multi["upload"]["parts"][0]["url"], content=b"abc").status_code == 404


def test_a_video_that_became_ready_is_not_swept(
    clock: Any, store: ObjectStore, settings: Settings, db: Database, ready_video: Callable[..., UUID]
) -> None:
    video = ready_video()
    store.put(settings.media_bucket, f"videos/{video}/video.mp4", b"x", "video/mp4")
    clock.advance(days=30)
    sweeper(store, settings.media_bucket, timedelta(hours=12))(db, clock.now)
    assert store.head(settings.media_bucket, f"videos/{video}/video.mp4").size == 1


@pytest.mark.parametrize(
    ("size", "parts"), [(64 * policy.MIB + 1, (64 * policy.MIB, 1)), (128 * policy.MIB, (64 * policy.MIB,) * 2)]
)
def test_large_uploads_are_cut_at_64_mib(size: int, parts: tuple[int, ...]) -> None:
    assert policy.is_single(64 * policy.MIB)
    assert not policy.is_single(size)
    assert policy.part_sizes(size) == parts


def test_an_unknown_id_of_somebody_elses_program_looks_like_no_id(
    api: httpx.Client, tokens: Any, ready_video: Callable[..., UUID]
) -> None:
    theirs = complete(api, tokens.instructor("other"), str(ready_video("data"))).json()
    nothing = complete(api, tokens.instructor("other"), str(uuid4())).json()
    assert {**theirs, "requestId": None} == {**nothing, "requestId": None}
