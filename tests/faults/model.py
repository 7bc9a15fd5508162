"""What the platform has promised: a record for each student, filled from answers that were 2xx and from no others."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

#: A student's own reference to what they did.
Slug = str


class Story(StrEnum):
    """What a student does besides the usual."""

    PLAIN = "pays, learns, talks"
    IMPATIENT = "asks for the payment before the webhook can have come"
    FORGOTTEN = "the webhook is never sent; does not ask"
    WRONG_SUM = "pays another amount than was asked for"
    REFUNDED = "gets the money back after the course"
    SCHOLAR = "is let in by staff"


@dataclass
class Promises:
    """To one student."""

    number: int
    story: Story
    account_id: str = ""
    #: The checkout that was given out.
    reference: str = ""
    #: The enrollment that staff were told is active.
    granted: str = ""
    #: Statuses that were answered for the payment.
    payment_heard: list[str] = field(default_factory=list)
    #: Lessons answered as completed.
    lessons: set[Slug] = field(default_factory=set)
    #: Whether an answer said that course and program are complete.
    course_complete: bool = False
    program_complete: bool = False
    #: Posts that were answered as written.
    posts: set[str] = field(default_factory=set)
    #: Whether staff were told that the refund is under way.
    refund_begun: bool = False
    #: The journey came to its end.
    finished: bool = False


@dataclass
class Ledger:
    """All promises of a run, and how often the platform refused or failed to answer on the way."""

    students: list[Promises] = field(default_factory=list)
    #: Answers that were no promise, by status; "no answer" for broken connections and timeouts.
    refusals: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    #: Students that gave up, and why.
    stuck: list[str] = field(default_factory=list)

    @property
    def finished(self) -> int:
        """Journeys that came to their end."""
        return sum(student.finished for student in self.students)
