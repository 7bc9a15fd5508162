"""The edge under /cdn: admits the viewer, then streams the object."""

import secrets
from urllib.parse import unquote

import httpx
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from sandbox.cdn.admission import admit
from sandbox.cdn.conditions import is_known, range_applies, usable_range
from sandbox.cdn.denials import Denied
from sandbox.cdn.origin import Origin, stream

PREFIX = "/cdn/"
PASSED_ON = ("content-type", "content-length", "content-range", "etag", "last-modified", "cache-control",
             "content-disposition", "content-encoding")  # fmt: skip

router = APIRouter(tags=["cdn"])


@router.api_route("/cdn/{key:path}", methods=["GET", "HEAD"])
async def serve(request: Request) -> Response:
    """An object, or a part of it, for a viewer with a valid signed URL or signed cookies."""
    raw_path: str = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    state = request.app.state
    admit(
        state.trusted_keys,
        base_url=state.settings.public_url + raw_path,
        raw_query=request.scope["query_string"].decode("ascii", "replace"),
        cookies=request.cookies,
        address=request.client.host if request.client else "",
        now=state.clock() / 1000,
    )
    return await _answer(request, state.origin, _object_key(raw_path))


@router.options("/cdn/{key:path}")
def preflight(request: Request) -> Response:
    """Players on other origins may ask for ranges, with cookies."""
    headers = {
        "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
        "Access-Control-Allow-Headers": "Range, If-Range, If-None-Match",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers={**headers, **cors_headers(request)})


@router.api_route("/cdn/{key:path}", methods=["POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
def refuse_method() -> Response:
    """CloudFront answers 403 to methods a distribution does not allow."""
    raise Denied("method")


def denied_response(request: Request, denied: Denied) -> Response:
    """CloudFront's XML for a refusal."""
    headers = {**edge_headers("Error"), **cors_headers(request), **denied.headers}
    return Response(denied.document(), denied.row.http_status, headers, media_type="text/xml")


def edge_headers(cache: str) -> dict[str, str]:
    """What CloudFront adds to every answer."""
    return {
        "Via": "1.1 sandbox.cloudfront.net (CloudFront)",
        "X-Cache": f"{cache} from cloudfront",
        "X-Amz-Cf-Id": secrets.token_urlsafe(24),
    }


def cors_headers(request: Request) -> dict[str, str]:
    """Any origin may play what was signed for it."""
    origin = request.headers.get("origin")
    if not origin:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag",
        "Vary": "Origin",
    }


async def _answer(request: Request, origin: Origin, key: str) -> Response:
    wanted = usable_range(request.headers.get("range")) if request.method == "GET" else None
    found = await origin.open(request.method, key, wanted)
    etag = found.headers.get("etag")
    if wanted and not range_applies(request.headers.get("if-range"), etag, found.headers.get("last-modified")):
        await found.aclose()
        found = await origin.open(request.method, key, None)
    headers = _headers(request, found)
    if is_known(request.headers.get("if-none-match"), etag):
        await found.aclose()
        kept = {name: value for name, value in headers.items() if name not in ("content-length", "content-range")}
        return Response(status_code=304, headers=kept)
    # Some stores answer 200 to a range; what they sent says which it is.
    status = 206 if "content-range" in found.headers else 200
    return StreamingResponse(stream(found), status, headers)


def _headers(request: Request, found: httpx.Response) -> dict[str, str]:
    passed_on = {name: found.headers[name] for name in PASSED_ON if name in found.headers}
    return {**passed_on, "accept-ranges": "bytes", **edge_headers("Miss"), **cors_headers(request)}


def _object_key(raw_path: str) -> str:
    key = unquote(raw_path.removeprefix(PREFIX), errors="replace")
    if not key or any(part in (".", "..") for part in key.split("/")) or "\0" in key:
        raise Denied("bad_key")
    return key
