"""Learning decides who may open a lesson; media asks before it signs anything."""

import httpx
import structlog
from pydantic import ValidationError

from chassis.auth import Caller
from chassis.errors import NotFound, Unavailable
from contracts.http.learning import InternalAccessOut

log = structlog.get_logger(__name__)


class AccessUnknown(Unavailable):
    code = "access_unknown"
    title = "Whether you may watch this cannot be found out right now"


class AccessClient:
    """Asks learning's ``/internal/access``. Whatever is not a clear answer is no answer: 503, never a yes."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, caller: Caller, program_slug: str, course_slug: str, lesson_slug: str) -> InternalAccessOut:
        """The decision; raises ``NotFound`` for an unknown lesson and ``AccessUnknown`` when learning is down."""
        params = {
            "program": program_slug,
            "course": course_slug,
            "lesson": lesson_slug,
            "userId": str(caller.account_id),
            "staff": "true" if caller.is_staff_of(program_slug) else "false",
        }
        try:
            answer = self._client.get("/internal/access", params=params)
            if answer.status_code == 404:
                raise NotFound("There is no such lesson.")
            return InternalAccessOut.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            log.warning("access_not_answered", error=f"{type(error).__name__}: {error}"[:300])
            raise AccessUnknown("Try again in a moment.") from error
