"""The sentence a person reads for each reason code."""

from typing import Final

MESSAGES: Final[dict[str, str]] = {
    "open": "Enrollment is open.",
    "late_join": "The cohort has started, and you can still join.",
    "already_enrolled": "You are already enrolled in this program.",
    "no_open_cohort": "There is no cohort to join at the moment.",
    "closed_before_start": "Enrollment is closed: it ends 48 hours before the cohort starts.",
    "late_join_not_offered": "The cohort has started, and it does not take late joiners.",
    "week_two_unlocked": "Week 2 has started, so nobody can join this cohort any more.",
    "late_join_ended": "The first seven days are over, so nobody can join this cohort any more.",
    "cohort_full": "Every seat in this cohort is taken.",
    "not_enrolled": "You are not enrolled in this program.",
    "enrollment_suspended": "Your enrollment is suspended at the moment.",
    "access_ended": "Your access to this program has ended.",
    "week_locked": "This week has not unlocked yet.",
    "lesson_locked": "Complete the lessons before this one first.",
}


def message_for(reason: str) -> str:
    """A sentence in English for a reason code of the rules; a general one for a code it does not know."""
    return MESSAGES.get(reason, "This is not possible at the moment.")
