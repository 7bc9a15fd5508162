"""Rules several services must agree on: pure functions of facts and an instant, without I/O and without a clock."""

from contracts.rules.access import AccessDecision, LessonFacts, decide_access
from contracts.rules.calendar import CohortCalendar, resolve_local
from contracts.rules.enrollment import CohortFacts, EnrollmentDecision, decide_enrollment
from contracts.rules.messages import message_for

__all__ = [
    "AccessDecision",
    "CohortCalendar",
    "CohortFacts",
    "EnrollmentDecision",
    "LessonFacts",
    "decide_access",
    "decide_enrollment",
    "message_for",
    "resolve_local",
]
