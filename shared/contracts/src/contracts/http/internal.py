"""What services ask each other about what they have heard of each other; never routed by the gateway."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.http.base import AdminInput, ApiModel

#: The most that one question may be about.
MOST = 1000


class ToldEnrollment(AdminInput):
    """An enrollment, and how whoever was told of it must know it."""

    id: UUID
    status: Literal["active", "suspended", "revoked"]


class ToldEnrollmentsIn(AdminInput):
    enrollments: Annotated[list[ToldEnrollment], Field(max_length=MOST)]


class UnknownEnrollment(ApiModel):
    """Not known, or known otherwise: then ``sequence`` is that of the last event it was known by."""

    id: UUID
    sequence: int | None


class UnknownEnrollmentsOut(ApiModel):
    unknown: list[UnknownEnrollment]

    @classmethod
    def compare(cls, told: ToldEnrollmentsIn, rows: Any) -> "UnknownEnrollmentsOut":
        """``rows`` are what is known of them: ``id``, ``status``, ``sequence``."""
        known = {row.id: row for row in rows}
        odd = [one.id for one in told.enrollments if one.id not in known or known[one.id].status != one.status]
        return cls(
            unknown=[UnknownEnrollment(id=id_, sequence=getattr(known.get(id_), "sequence", None)) for id_ in odd]
        )


class ToldCompletion(AdminInput):
    """A completed course, or without one a program completed with a cohort; ``key`` is the asker's own."""

    key: str
    student_id: UUID
    program_slug: str
    course_slug: str | None
    cohort_id: UUID


class ToldCompletionsIn(AdminInput):
    completions: Annotated[list[ToldCompletion], Field(max_length=MOST)]


class UnknownCompletionsOut(ApiModel):
    """The keys of those that were never heard of."""

    unknown: list[str]
