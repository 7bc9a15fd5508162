"""The student's journey: watching. The CDN gives the file to whom the platform signed for, and to nobody else."""

from datetime import UTC, datetime, timedelta

import httpx
from tests.platform.callers import Student
from tests.platform.installation import Platform
from tests.platform.journey import PLAYBACK
from tests.platform.media import changed, parameter, seed_video, signed, without_signature
from tests.platform.school import SEEDED
from tests.platform.shapes import assert_problem


def test_the_player_gets_exactly_the_bytes_of_the_file(member: Student) -> None:
    playback = member.get(PLAYBACK)
    assert (playback["kind"], playback["contentType"], playback["cookies"]) == ("mp4", "video/mp4", [])
    file = seed_video("welcome.mp4")

    whole = httpx.get(playback["url"])
    assert (whole.status_code, whole.content) == (200, file)
    for asked, expected in (("0-0", file[:1]), ("1000-4999", file[1000:5000]), ("-500", file[-500:])):
        part = httpx.get(playback["url"], headers={"range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, expected)
    beyond = httpx.get(playback["url"], headers={"range": f"bytes={len(file)}-"})
    assert beyond.status_code == 416


def test_a_playback_url_lives_at_most_five_minutes_and_names_when_to_renew(member: Student) -> None:
    answer = member.send("GET", PLAYBACK)
    playback = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    left = datetime.fromisoformat(playback["expiresAt"]) - datetime.now(UTC)
    assert timedelta(seconds=60) < left <= timedelta(seconds=300)
    assert (
        datetime.now(UTC)
        < datetime.fromisoformat(playback["renewAfter"])
        < datetime.fromisoformat(playback["expiresAt"])
    )


def test_the_cdn_refuses_every_url_that_the_platform_did_not_sign(platform: Platform, member: Student) -> None:
    url = member.get(PLAYBACK)["url"]
    signature = parameter(url, "Signature")
    assert httpx.get(url).status_code == 200
    for wrong in (
        without_signature(url),
        changed(url, Expires=str(int(parameter(url, "Expires")) + 1)),
        changed(url, Signature=("B" if signature[10] == "A" else "A").join((signature[:10], signature[11:]))),
        changed(url, Signature=None),
        changed(url, **{"Key-Pair-Id": "KSOMEBODYELSES"}),
        url.replace(".mp4?", ".mp4.bak?") if ".mp4?" in url else url.replace("?", "x?", 1),
    ):
        assert httpx.get(wrong).status_code == 403, wrong


def test_the_cdn_refuses_a_url_after_its_time(platform: Platform, member: Student) -> None:
    url, now = member.get(PLAYBACK)["url"], datetime.now(UTC)
    assert httpx.get(signed(platform, url, now + timedelta(minutes=1))).status_code == 200
    assert httpx.get(signed(platform, url, now - timedelta(seconds=1))).status_code == 403


def test_a_locked_lesson_has_no_playback_url_and_says_why(member: Student) -> None:
    locked = PLAYBACK.replace("welcome", "a-first-look")
    problem = assert_problem(member.send("GET", locked), 403, "lesson_locked")
    assert problem["reasons"] == ["lesson_locked"]
    in_locked_week = f"/v1/programs/{SEEDED}/courses/working-with-tables/lessons/types-and-missing-values/playback"
    assert "week_locked" in assert_problem(member.send("GET", in_locked_week), 403, "week_locked")["reasons"]
    reading = PLAYBACK.replace("welcome", "further-reading")
    assert_problem(member.send("GET", reading), 404, "no_video")
