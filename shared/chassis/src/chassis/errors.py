"""Errors for people: every refusal is an RFC 9457 problem document.

Problem
 ├─ BadRequest 400      MalformedJson
 ├─ Unauthenticated 401
 ├─ Forbidden 403       (subclass with a reason code)
 ├─ NotFound 404
 ├─ Conflict 409        (subclass with a reason code)
 ├─ TooLarge 413
 ├─ Unprocessable 422   (``errors`` names the fields)
 ├─ RateLimited 429
 ├─ BadGateway 502
 └─ Unavailable 503     (``Retry-After``)
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chassis.database import is_lost_race, is_unreachable

log = structlog.get_logger(__name__)


class Problem(Exception):
    """A refusal with a stable ``code``. ``detail`` says what is wrong and what to do; ``extra`` are further members."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.headers = dict(headers or {})
        self.extra = extra

    def document(self, request_id: str | None = None) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": f"urn:edxelera:problem:{self.problem_code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.problem_code,
            "requestId": request_id,
            **self.extra,
        }

    @property
    def problem_code(self) -> str:
        """The stable code; a subclass may decide it per instance."""
        return self.code


class BadRequest(Problem):
    status = 400
    code = "bad_request"
    title = "The request could not be understood"


class MalformedJson(BadRequest):
    code = "malformed_json"
    title = "The body is not valid JSON"


class Unauthenticated(Problem):
    status = 401
    code = "unauthenticated"
    title = "Log in first"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **extra)


class _Reasoned(Problem):
    """A refusal whose code a policy may decide: ``because(code, detail)``."""

    reason: str | None = None

    @classmethod
    def because(cls, reason: str, detail: str, **extra: Any) -> Self:
        """A refusal under the reason code of a policy."""
        problem = cls(detail, **extra)
        problem.reason = reason
        return problem

    @property
    def problem_code(self) -> str:
        return self.reason or self.code


class Forbidden(_Reasoned):
    """403 with a reason; ``Forbidden.because(code, detail)`` for reasons that a policy decided."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = "There is no such thing"


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "This address does not take that method"


class Conflict(_Reasoned):
    """409 with a reason; ``Conflict.because(code, detail)`` for reasons that a policy decided."""

    status = 409
    code = "conflict"
    title = "This does not fit the present state"


class TooLarge(Problem):
    status = 413
    code = "too_large"
    title = "The body is too large"


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported_media_type"
    title = "Send JSON"


class Unprocessable(Problem):
    """422; ``Unprocessable.field("name", "is too short")`` names what to mend."""

    status = 422
    code = "validation_failed"
    title = "Some fields are not valid"

    @classmethod
    def field(cls, field: str, message: str) -> "Unprocessable":
        """One field is wrong."""
        return cls(f"{field}: {message}", errors=[{"field": field, "message": message}])


class RateLimited(Problem):
    status = 429
    code = "rate_limited"
    title = "Too many requests"


class BadGateway(Problem):
    status = 502
    code = "bad_gateway"
    title = "A service we depend on failed"


class Unavailable(Problem):
    status = 503
    code = "unavailable"
    title = "Not available right now"

    def __init__(self, detail: str | None = None, *, retry_after: int = 2, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extra)


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """``responses=`` for OpenAPI: which problems an endpoint answers."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = by_status.setdefault(kind.status, {"description": "", "content": {"application/problem+json": {}}})
        entry["description"] = ", ".join(filter(None, [entry["description"], f"`{kind.code}`: {kind.title}"]))
    return by_status


def request_id_of(request: Request) -> str | None:
    """The id under which the logs of all services know this request."""
    found = request.scope.get("state", {}).get("request_id")
    return found if isinstance(found, str) else None


def problem_response(request: Request, problem: Problem) -> Response:
    """The answer that a problem becomes."""
    return Response(
        orjson.dumps(problem.document(request_id_of(request))),
        status_code=problem.status,
        headers={"Cache-Control": "no-store", **problem.headers},
        media_type="application/problem+json",
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Every error of ``app`` becomes a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


def as_problem(error: BaseException) -> Problem:
    """The problem that an unexpected error is for the client: 503 when trying again may help, else 500."""
    if isinstance(error, Problem):
        return error
    if is_lost_race(error):
        return Unavailable("Others are changing the same thing; try again in a moment.", retry_after=1)
    if is_unreachable(error):
        return Unavailable("The database cannot be reached; try again in a moment.")
    return Problem()


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(request, invalid_input(error))


def invalid_input(error: RequestValidationError) -> Problem:
    """What FastAPI refused, named by field."""
    found = error.errors()
    for item in found:
        if item["type"] == "json_invalid":
            return MalformedJson(f"The body is not valid JSON: {item.get('ctx', {}).get('error', 'syntax error')}.")
    fields = [{"field": _field_name(item["loc"]), "message": item["msg"]} for item in found]
    return Unprocessable("; ".join(f"{item['field']}: {item['message']}" for item in fields[:5]), errors=fields)


def _field_name(location: tuple[int | str, ...]) -> str:
    inside = location[1:] if location and location[0] in {"body", "query", "path", "header", "cookie"} else location
    return ".".join(str(part) for part in inside) or str(location[0] if location else "body")


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge, 415: UnsupportedMediaType}.get(error.status_code)
    if kind is not None:
        problem: Problem = kind(headers=error.headers)
    elif error.status_code == 400:
        problem = MalformedJson("The body could not be read as JSON.")
    else:
        log.warning("unexpected_http_exception", status=error.status_code, detail=error.detail)
        problem = Problem()
    return problem_response(request, problem)
