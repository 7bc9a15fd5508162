"""Reading ``deploy/seeds``: YAML files whose dates are relative to today (see the README there)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from edxelera.failure import Failure

Document = dict[str, Any]

_RELATIVE = re.compile(r"today(?:([+-])(\d+))?")
#: For whoever reads the file; the API knows no such field.
_NOTES = ("purpose",)


@dataclass(frozen=True)
class SeedProgram:
    """One program's folder."""

    slug: str
    folder: Path
    document: Document
    cohorts: list[Document]

    def video_files(self) -> list[Path]:
        """The files that lessons name, each once, in order."""
        names = dict.fromkeys(video["file"] for video in _videos(self.document))
        files = [self.folder / "videos" / name for name in names]
        for file in files:
            if not file.is_file():
                raise Failure(f"{self.folder / 'program.yaml'} names the video {file.name}, but {file} does not exist.")
        return files

    def with_videos(self, ids: Mapping[str, str]) -> Document:
        """The document for the API: each video by its id."""
        return dict(_replaced(self.document, ids))


def _load(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Failure(f"{path} is missing.") from None
    except yaml.YAMLError as error:
        raise Failure(f"{path} is no YAML: {error}") from error


def load_people(seeds: Path) -> list[Document]:
    """Who is to exist."""
    return list(_load(seeds / "people.yaml")["people"])


def load_programs(seeds: Path) -> list[SeedProgram]:
    """Every program, by slug."""
    folders = sorted(file.parent for file in seeds.glob("*/program.yaml"))
    return [
        SeedProgram(folder.name, folder, _load(folder / "program.yaml"), _load(folder / "cohorts.yaml")["cohorts"])
        for folder in folders
    ]


def _videos(node: Any) -> Iterator[Document]:
    if isinstance(node, dict):
        video = node.get("video")
        if isinstance(video, dict) and "file" in video:
            yield video
        for value in node.values():
            yield from _videos(value)
    elif isinstance(node, list):
        for value in node:
            yield from _videos(value)


def _replaced(node: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            key: {"id": ids[value["file"]]}
            if key == "video" and isinstance(value, dict) and "file" in value
            else _replaced(value, ids)
            for key, value in node.items()
        }
    return [_replaced(value, ids) for value in node] if isinstance(node, list) else node


def resolve_cohort(cohort: Document, program_slug: str, now: datetime) -> Document:
    """The body of POST /v1/admin/cohorts: dates counted from today in the cohort's own time zone."""
    today = now.astimezone(ZoneInfo(cohort["timezone"])).date()
    body = {key: _resolved(value, today) for key, value in cohort.items() if key not in _NOTES}
    body["slug"] = body["slug"].replace("{startDate}", body["startDate"])
    return {"programSlug": program_slug, **body}


def _resolved(value: Any, today: date) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(inner, today) for key, inner in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    match = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    sign, days = match.groups()
    distance = int(days or 0) * (-1 if sign == "-" else 1)
    return (today + timedelta(days=distance)).isoformat()
