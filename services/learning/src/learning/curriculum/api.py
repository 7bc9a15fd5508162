"""Administration of programs: the whole program as one document, JSON or YAML."""

from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.routing import ServiceRoute
from contracts.http.learning import ImportOut, ProgramDocument
from contracts.http.learning_document import SLUG_PATTERN
from learning.auth import AsAdmin
from learning.curriculum import service
from learning.curriculum.errors import CompletedContentLost, CourseSlugTaken, ProgramNotFound
from learning.curriculum.parsing import YAML_TYPES, parse_document

router = APIRouter(prefix="/v1/admin/programs", tags=["curriculum"], route_class=ServiceRoute)

NewSlug = Annotated[str, Path(pattern=SLUG_PATTERN, max_length=100)]

_SCHEMA = {"schema": {"$ref": "#/components/schemas/ProgramDocument"}}
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": _SCHEMA, "application/yaml": _SCHEMA}}
}


async def _raw_body(request: Request) -> bytes:
    return await request.body()


@router.put(
    "/{program_slug}",
    response_model=ImportOut,
    responses=problems(CourseSlugTaken, CompletedContentLost),
    openapi_extra=_BODY,
)
def put_program(
    request: Request,
    program_slug: NewSlug,
    caller: AsAdmin,
    raw: Annotated[bytes, Depends(_raw_body)],
    tx: Tx,
    now: Now,
    dry_run: Annotated[bool, Query(alias="dryRun")] = False,
) -> ImportOut:
    """Import the document; `?dryRun=true` only tells what it would change."""
    document = parse_document(raw, request.headers.get("content-type", ""), program_slug)
    if dry_run:
        return service.preview_import(tx, program_slug, document)
    return service.import_program(tx, program_slug, document, caller.account_id, now)


@router.get("/{program_slug}", response_model=ProgramDocument, responses=problems(ProgramNotFound))
def get_program(request: Request, program_slug: str, _: AsAdmin, tx: Tx) -> Response:
    """The document as it stands: putting it back changes nothing. YAML when `Accept` asks for it."""
    version, document = service.export_program(tx, program_slug)
    headers = {"ETag": f'"v{version}"', "Cache-Control": "private, no-cache"}
    accepted = {part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")}
    if accepted & YAML_TYPES:
        data = document.model_dump(mode="json", by_alias=True)
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)
        return Response(text, media_type="application/yaml", headers=headers)
    return Response(document.model_dump_json(by_alias=True), media_type="application/json", headers=headers)
