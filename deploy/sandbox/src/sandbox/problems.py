"""Answers to what goes wrong, in the manner of the face that was called."""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from sandbox.cdn.api import denied_response
from sandbox.cdn.denials import Denied
from sandbox.errors import SandboxProblem
from sandbox.pages.render import page
from sandbox.paystack.errors import PaystackRefusal

log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """Register a handler for every kind of error."""
    app.add_exception_handler(PaystackRefusal, _refusal)
    app.add_exception_handler(Denied, _denied)
    app.add_exception_handler(SandboxProblem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, PaystackRefusal)
    return JSONResponse(error.document(), error.row.http_status)


async def _denied(request: Request, error: Exception) -> Response:
    assert isinstance(error, Denied)
    return denied_response(request, error)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, SandboxProblem)
    if request.url.path.startswith("/sandbox/"):
        return JSONResponse(error.document(), error.status)
    return page(request, "problem.html", error.status, message=error.message, hint=error.hint)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = "; ".join(f"{'.'.join(str(part) for part in e['loc'][1:])}: {e['msg']}" for e in error.errors())
    return await _problem(request, SandboxProblem(422, "The request does not fit.", found))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if path.startswith("/paystack"):
        refusal = PaystackRefusal("unknown_path", method=request.method, path=path)
        return JSONResponse(refusal.document(), error.status_code)
    return await _problem(
        request,
        SandboxProblem(error.status_code, f"{error.detail}: {path}", "The start page / links to what there is."),
    )


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error", path=request.url.path, error=repr(error))
    if request.url.path.startswith("/paystack"):
        return JSONResponse(PaystackRefusal("internal").document(), 500)
    return await _problem(request, SandboxProblem(500, "The sandbox stumbled.", "Its log says why."))
