"""Uploading a video as a browser would: to the addresses that the API hands out."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from edxelera.failure import Failure
from edxelera.gateway_api import GatewayApi, Json

CONTENT_TYPE = "video/mp4"


class Route:
    """How to reach the object store: inside a Compose network its public address leads nowhere."""

    def __init__(self, public_url: str | None = None, internal_url: str | None = None) -> None:
        self.public = urlsplit(public_url or "")
        self.internal = urlsplit(internal_url or "")

    def to(self, url: str) -> tuple[str, dict[str, str]]:
        """The address to connect to, and the Host header that the signature covers."""
        parts = urlsplit(url)
        if not self.internal.netloc or parts.netloc != self.public.netloc:
            return url, {}
        return urlunsplit(parts._replace(scheme=self.internal.scheme, netloc=self.internal.netloc)), {
            "host": parts.netloc
        }


def known_videos(api: GatewayApi, program_slug: str) -> dict[tuple[str, int], str]:
    """Videos of the program that are ready, by file name and size."""
    videos = api.pages("/v1/admin/videos", "videos", programSlug=program_slug)
    return {
        (video["filename"], video["sizeBytes"]): video["id"]
        for video in videos
        if video["status"] == "ready" and video["programSlug"] == program_slug
    }


def upload_video(api: GatewayApi, program_slug: str, file: Path, route: Route) -> str:
    """Upload one file; the id of a video that is ready to play."""
    size = file.stat().st_size
    asked = {"filename": file.name, "contentType": CONTENT_TYPE, "sizeBytes": size, "programSlug": program_slug}
    made: Json = api.post("/v1/admin/videos", asked)
    for url, content in _pieces(made["upload"], file.read_bytes()).items():
        _put(url, content, route)
    done: Json = api.post(f"/v1/admin/videos/{made['videoId']}/complete")
    if done["status"] != "ready":
        raise Failure(f"The video {file.name} was not accepted: {done.get('problem') or done['status']}.")
    return str(made["videoId"])


def _pieces(upload: Json, content: bytes) -> Mapping[str, bytes]:
    if upload["kind"] == "single":
        return {upload["url"]: content}
    pieces, begin = {}, 0
    for part in upload["parts"]:
        pieces[part["url"]] = content[begin : begin + part["sizeBytes"]]
        begin += part["sizeBytes"]
    return pieces


def _put(url: str, content: bytes, route: Route) -> None:
    address, headers = route.to(url)
    try:
        answer = httpx.put(address, content=content, headers={"content-type": CONTENT_TYPE, **headers}, timeout=60)
    except httpx.TransportError as error:
        raise Failure(f"The object store at {address.split('?')[0]} cannot be reached: {error}") from error
    if answer.status_code not in (200, 201):
        raise Failure(f"The object store refused an upload: {answer.status_code} {answer.text[:300]}")
