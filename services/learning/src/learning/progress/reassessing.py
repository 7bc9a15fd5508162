"""After an import: a curriculum that asks for less may complete a course without anybody doing anything.

One short transaction for each student, so that nobody who is learning has to wait; stopped half-way, the next run
begins again, and telling what was told changes nothing.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from chassis.database import Database
from learning.curriculum import repository as curriculum
from learning.enrollments import repository as enrollments
from learning.progress import service

PAGE = 500


def reassess_changed_programs(database: Database, now: datetime) -> None:
    """Tell every student of a program with a new version what they have reached by it."""
    with database.begin() as session:
        waiting = curriculum.unassessed(session)
    for slug, version in waiting:
        _reassess(database, slug, now)
        database.run(partial(curriculum.set_assessed, slug=slug, version=version))


def _reassess(database: Database, program_slug: str, now: datetime) -> None:
    after: UUID | None = None
    while page := _page(database, program_slug, after):
        for enrollment_id in page:
            database.run(partial(service.reassess_enrollment, enrollment_id=enrollment_id, now=now))
        after = page[-1]


def _page(database: Database, program_slug: str, after: UUID | None) -> list[UUID]:
    with database.begin() as session:
        return enrollments.list_after(session, program_slug, after, PAGE)
