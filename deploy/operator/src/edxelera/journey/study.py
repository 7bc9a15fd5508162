"""Learning: the program home, a week, a video with its protection, and every lesson of the smallest course."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from edxelera.gateway_api import GatewayApi, fetch
from edxelera.journey.report import Report, require

Json = dict[str, Any]


def look_around(report: Report, api: GatewayApi, slug: str) -> Json:
    """Home and the first week; the home."""
    with report.step("open the program home") as line:
        home: Json = api.get(f"/v1/programs/{slug}/home")
        require(home["currentWeek"] >= 1, "no week is open yet")
        line.note = f"{home['program']['title']}, week {home['currentWeek']} of {len(home['weeks'])}"
    with report.step("open the week hub") as line:
        hub = week_hub(api, slug, 1)
        require(hub["status"] == "open", f"week 1 is {hub['status']}")
        line.note = f"{len(hub['lessons'])} lessons, {len(hub['assignments'])} assignments"
    with report.step("the same again, not modified"):
        first = api.send("GET", f"/v1/programs/{slug}/home")
        again = api.send("GET", f"/v1/programs/{slug}/home", headers={"if-none-match": first.headers["etag"]})
        require(again.status_code == 304, f"If-None-Match was answered {again.status_code}")
    return home


def week_hub(api: GatewayApi, slug: str, week: int) -> Json:
    """GET …/weeks/{week}."""
    hub: Json = api.get(f"/v1/programs/{slug}/weeks/{week}")
    return hub


def open_weeks(home: Json) -> list[int]:
    """Numbers of the weeks that have unlocked."""
    return [week["number"] for week in home["weeks"] if week["status"] == "open"]


def available_lessons(api: GatewayApi, slug: str, home: Json) -> Iterator[Json]:
    """Lessons that may be opened now, in order."""
    for week in open_weeks(home):
        yield from (lesson for lesson in week_hub(api, slug, week)["lessons"] if lesson["status"] != "locked")


def watch(report: Report, api: GatewayApi, slug: str, home: Json) -> None:
    """Play a video as a player would; nobody without the signature may."""
    with report.step("playback URL") as line:
        lesson = next(lesson for lesson in available_lessons(api, slug, home) if lesson["kind"] == "video")
        playback = api.get(f"/v1/programs/{slug}/courses/{lesson['courseSlug']}/lessons/{lesson['slug']}/playback")
        line.note = f"{lesson['title']}, {playback['contentType']}"
    url = playback["url"]
    with report.step("video bytes through the CDN (Range)") as line:
        part = fetch(url, range="bytes=0-1023")
        require(part.status_code == 206, f"the CDN answered {part.status_code}: {part.text[:200]}")
        require(len(part.content) == 1024, f"1024 bytes were asked for, {len(part.content)} came")
        require(part.content[4:8] == b"ftyp", "these bytes begin no MP4 file")
        line.note = part.headers.get("content-range", "")
    with report.step("a tampered URL is refused"):
        for wrong in (tampered(url), unsigned(url)):
            refused = fetch(wrong)
            require(refused.status_code == 403, f"{wrong} was answered {refused.status_code}")


def tampered(url: str) -> str:
    """The same URL, good for an hour longer than it was signed for (or with another policy)."""
    parts = urlsplit(url)
    query = [
        (name, str(int(value) + 3600) if name == "Expires" else f"A{value[1:]}" if name == "Policy" else value)
        for name, value in parse_qsl(parts.query)
    ]
    return urlunsplit(parts._replace(query=urlencode(query, safe="~-_")))


def unsigned(url: str) -> str:
    """The same file without any signature."""
    return urlunsplit(urlsplit(url)._replace(query=""))


@dataclass
class Course:
    """The course of this walk; ``completed_at`` is this process's own clock, for measuring."""

    slug: str
    lessons: list[Json]
    done: int = 0
    completed_at: float = 0.0


def complete_smallest_course(report: Report, api: GatewayApi, slug: str, home: Json) -> Course:
    """Hand in what must be, and complete lessons until the smallest course that is wholly open is complete."""
    with report.step("choose the smallest open course") as line:
        chosen, lessons, assignments = smallest_course(api, slug, home)
        line.note = f"{chosen['title']}: {len(lessons)} lessons, {len(assignments)} assignments"
    for week, assignment in assignments:
        with report.step(f"hand in {assignment['slug']}"[:46]) as line:
            body = {"text": "My answer, handed in by the demo.", "url": None}
            path = f"/v1/programs/{slug}/weeks/{week}/assignments/{assignment['slug']}/submissions"
            line.note = api.post(path, body)["status"]
    course, standing = Course(chosen["slug"], lessons), {"completedAt": None}
    while course.done < len(lessons) and not standing["completedAt"]:
        standing = complete_next(report, api, course)
    course.completed_at = time.perf_counter()
    require(standing["completedAt"], f"all lessons are complete, but the course is not: {standing}")
    return course


def complete_next(report: Report, api: GatewayApi, course: Course) -> Json:
    """Complete one more lesson; where the course stands now."""
    lesson = course.lessons[course.done]
    with report.step(f"complete lesson {course.done + 1} of {len(course.lessons)}") as line:
        standing: Json = api.post(f"/v1/courses/{course.slug}/lessons/{lesson['slug']}/complete")["course"]
        line.note = f"{lesson['title']}: {standing['percent']} %"
    course.done += 1
    return standing


def complete_rest(report: Report, api: GatewayApi, course: Course) -> None:
    """The lessons that the course did not require."""
    while course.done < len(course.lessons):
        complete_next(report, api, course)
    with report.step("every lesson of the course is complete") as line:
        progress = api.get(f"/v1/courses/{course.slug}/progress")
        require(progress["completedLessons"] == len(course.lessons), f"progress says {progress}")
        require(progress["percent"] == 100, f"progress says {progress['percent']} %")
        line.note = f"{progress['completedLessons']} of {progress['totalLessons']}"


def smallest_course(api: GatewayApi, slug: str, home: Json) -> tuple[Json, list[Json], list[tuple[int, Json]]]:
    """The course with the fewest lessons whose weeks are all open; its lessons, and what must be handed in."""
    hubs = {week: week_hub(api, slug, week) for week in open_weeks(home)}
    for course in sorted(home["courses"], key=lambda course: course["totalLessons"]):
        lessons = [
            lesson for hub in hubs.values() for lesson in hub["lessons"] if lesson["courseSlug"] == course["slug"]
        ]
        if len(lessons) == course["totalLessons"]:
            required = [
                (week, assignment)
                for week, hub in hubs.items()
                for assignment in hub["assignments"]
                if assignment["required"] and assignment["status"] == "open"
            ]
            return course, lessons, required
    require(False, "no course lies wholly in the weeks that are open")
    raise AssertionError
