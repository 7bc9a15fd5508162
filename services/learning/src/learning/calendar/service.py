"""The cohort's calendar behind a secret address, since calendar programs cannot log in."""

import secrets
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from chassis.errors import Unauthenticated
from contracts.http.learning import CalendarTokenOut
from learning.access import policy as access_policy
from learning.access import service as access
from learning.access.errors import CohortNotFound
from learning.access.policy import Standing
from learning.auth import Caller
from learning.calendar import policy, repository
from learning.calendar.repository import Holder
from learning.curriculum import repository as curriculum
from learning.curriculum.structure import Program
from learning.enrollments import repository as enrollments

TOKEN_BYTES = 32


class InvalidToken(Unauthenticated):
    code = "invalid_token"
    title = "This calendar address is not valid, or was replaced by a new one"


def make_token(
    session: Session, caller: Caller, program_slug: str, cohort: str | None, public_url: str, now: datetime
) -> CalendarTokenOut:
    """A new secret address for the caller's calendar; the one before it ends."""
    program = curriculum.get(session, program_slug)
    standing = access.view_program(session, caller, program, cohort, now)
    access.require_access(access_policy.decide_program(standing, now))
    if standing.cohort is None:
        raise CohortNotFound("There is no cohort yet whose calendar could be shown.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    holder = Holder(caller.account_id, program.slug, standing.cohort.id if standing.preview else None)
    repository.replace(session, holder, token, now)
    return CalendarTokenOut(token=token, url=f"{public_url}/v1/programs/{program.slug}/calendar.ics?token={token}")


def calendar_file(session: Session, program_slug: str, token: str, public_url: str, now: datetime) -> bytes:
    """The calendar behind a token. Whoever lost their access to the program has lost it here, too."""
    from learning.calendar.rendering import render  # icalendar: only for processes that are asked for a calendar

    holder = repository.find_holder(session, token)
    if holder is None or holder.program_slug != program_slug:
        raise InvalidToken
    program = curriculum.get(session, program_slug)
    standing = _standing(session, holder, program)
    access.require_access(access_policy.decide_program(standing, now))
    if standing.cohort is None:
        raise CohortNotFound
    title = f"{program.title} ({standing.cohort.slug})"
    host = urlsplit(public_url).hostname or "edxelera"
    return render(title, host, policy.entries(standing, standing.cohort, now), now)


def _standing(session: Session, holder: Holder, program: Program) -> Standing:
    if holder.cohort_id is not None and enrollments.is_staff(session, holder.account_id, program.slug):
        cohort = enrollments.find_cohort(session, holder.cohort_id)
        return Standing(program, preview=True, cohort=cohort)
    return access.standing_of(session, holder.account_id, program)
