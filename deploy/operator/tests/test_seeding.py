"""Reading the seeds: relative dates, videos by id, and the way to an object store behind another name."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edxelera.failure import Failure
from edxelera.home import REPOSITORY
from edxelera.seeding.files import SeedProgram, load_people, load_programs, resolve_cohort
from edxelera.seeding.upload import Route, _pieces

SEEDS = REPOSITORY / "deploy" / "seeds"
#: Just after midnight in Lagos (UTC+1), still the day before in Accra (UTC+0).
NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def cohort(**changes: object) -> dict[str, object]:
    return {
        "slug": "demo-{startDate}",
        "startDate": "today-1",
        "endDate": "today+40",
        "timezone": "Africa/Lagos",
        **changes,
    }


def test_dates_are_counted_in_the_cohorts_own_time_zone() -> None:
    assert resolve_cohort(cohort(), "p", NOW)["startDate"] == "2026-12-31"
    assert resolve_cohort(cohort(timezone="Africa/Accra"), "p", NOW)["startDate"] == "2026-12-30"


def test_the_slug_carries_the_resolved_date_and_notes_are_not_sent() -> None:
    body = resolve_cohort(cohort(purpose="demo"), "p", NOW)
    assert body["slug"] == "demo-2026-12-31"
    assert body["programSlug"] == "p"
    assert "purpose" not in body


def test_overrides_of_weeks_are_relative_too_and_other_values_stay() -> None:
    body = resolve_cohort(cohort(weekUnlocks={"3": "today"}, unlockTime="06:00", seats=40), "p", NOW)
    assert body["weekUnlocks"] == {"3": "2027-01-01"}
    assert (body["unlockTime"], body["seats"]) == ("06:00", 40)


def program(folder: Path, *names: str) -> SeedProgram:
    lessons = [{"slug": name, "video": {"file": name}} for name in names] + [{"slug": "reading"}]
    return SeedProgram("p", folder, {"courses": [{"lessons": lessons}]}, [])


def test_each_video_is_found_once_and_replaced_by_its_id(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"x")
    seed = program(tmp_path, "a.mp4", "a.mp4")
    assert [file.name for file in seed.video_files()] == ["a.mp4"]
    lessons = seed.with_videos({"a.mp4": "id-1"})["courses"][0]["lessons"]
    assert [lesson.get("video") for lesson in lessons] == [{"id": "id-1"}, {"id": "id-1"}, None]
    assert seed.document["courses"][0]["lessons"][0]["video"] == {"file": "a.mp4"}


def test_a_missing_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"names the video lost\.mp4"):
        program(tmp_path, "lost.mp4").video_files()


def test_the_seeds_of_this_repository_can_be_read_and_hold_what_the_demo_needs() -> None:
    programs = load_programs(SEEDS)
    assert programs
    for each in programs:
        assert each.video_files()
        resolved = [resolve_cohort(one, each.slug, NOW) for one in each.cohorts]
        assert len({body["slug"] for body in resolved}) == len(resolved)
    taught = {slug for person in load_people(SEEDS) if "instructor" in person["roles"] for slug in person["teaches"]}
    assert {each.slug for each in programs} <= taught


def test_inside_compose_the_store_is_reached_by_its_own_name_under_the_signed_host() -> None:
    route = Route("http://127.0.0.1:8191", "http://s3:8191")
    signed = "http://127.0.0.1:8191/bucket/key?X-Amz-Signature=abc"
    assert route.to(signed) == ("http://s3:8191/bucket/key?X-Amz-Signature=abc", {"host": "127.0.0.1:8191"})


@pytest.mark.parametrize("route", [Route(), Route("https://s3.example", "http://s3:8191")])
def test_any_other_address_is_taken_as_it_is(route: Route) -> None:
    assert route.to("http://127.0.0.1:8191/b/k?s=1") == ("http://127.0.0.1:8191/b/k?s=1", {})


def test_a_multipart_upload_is_cut_as_the_parts_say() -> None:
    parts = [{"url": "one", "sizeBytes": 3}, {"url": "two", "sizeBytes": 2}]
    assert _pieces({"kind": "multipart", "parts": parts}, b"abcde") == {"one": b"abc", "two": b"de"}
