"""Plans as documents: of a cohort, and as a student agreed to one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.errors import Conflict
from enrollment.cohorts.policy import MINIMUM_CHARGE
from enrollment.cohorts.views import CohortView
from enrollment.instalments import policy
from enrollment.instalments.policy import Part, Plan, PlanPart
from enrollment.instalments.schemas import InstalmentOffer, InstalmentPlan


class InstalmentsNotOffered(Conflict):
    code = "instalments_not_offered"
    title = "This cannot be paid in instalments"


def as_document(given: Any) -> dict[str, Any]:
    """A plan as it is stored and as administrators read it: the document of the API."""
    return InstalmentPlan.model_validate(given).model_dump(mode="json", by_alias=True)


def plan_of(document: Mapping[str, Any] | None) -> Plan | None:
    """The plan in a cohort's document."""
    if document is None:
        return None
    found = InstalmentPlan.model_validate(document)
    parts = (PlanPart(one.percent, one.amount_minor, one.due_date, one.due_days) for one in found.parts)
    return Plan(tuple(parts), found.grace_days)


def find_problem(cohort: CohortView) -> str | None:
    """What makes no sense about the cohort's plan."""
    plan = plan_of(cohort.instalments)
    if plan is None:
        return None
    minimum = MINIMUM_CHARGE[cohort.currency]
    return policy.find_plan_problem(plan, cohort.amount_minor, cohort.currency, minimum, cohort.calendar)


def split(cohort: CohortView, discount_minor: int, now: datetime) -> tuple[Part, ...] | None:
    """The parts of the cohort's price as a student would agree to them now; None when there are none to choose."""
    plan = plan_of(cohort.instalments)
    if plan is None or cohort.amount_minor == discount_minor:
        return None
    minimum = MINIMUM_CHARGE[cohort.currency]
    return policy.split(plan, cohort.calendar, cohort.amount_minor, discount_minor, minimum, now)


def require_split(cohort: CohortView, discount_minor: int, now: datetime) -> tuple[Part, ...]:
    """The parts; ``InstalmentsNotOffered`` when there are none."""
    found = split(cohort, discount_minor, now)
    if found is None:
        raise InstalmentsNotOffered("This price is paid in one sum; leave out the plan.")
    return found


def offer(cohort: CohortView, discount_minor: int, now: datetime) -> list[InstalmentOffer] | None:
    """The parts for people who have not agreed yet."""
    found = split(cohort, discount_minor, now)
    if found is None:
        return None
    return [
        InstalmentOffer(
            number=part.number,
            amount_minor=part.amount_minor,
            currency=cohort.currency,
            due_at=None if part.number == 1 else part.due_at,
        )
        for part in found
    ]


def next_change_after(cohort: CohortView, now: datetime) -> datetime | None:
    """The next instant at which the offer changes."""
    plan = plan_of(cohort.instalments)
    return None if plan is None else policy.next_due_after(plan, cohort.calendar, now)


def agreed(cohort: CohortView, parts: Sequence[Part]) -> dict[str, Any]:
    """What a student agrees to, as it is kept with the payment of the first part."""
    plan = plan_of(cohort.instalments)
    return {
        "grace_days": plan.grace_days if plan else 0,
        "parts": [
            {
                "number": part.number,
                "amount_minor": part.amount_minor,
                "discount_minor": part.discount_minor,
                "due_at": part.due_at.isoformat(),
                "suspends_at": part.suspends_at.isoformat(),
            }
            for part in parts
        ],
    }


def parts_of(document: Mapping[str, Any]) -> list[Part]:
    """The parts that were agreed to."""
    return [
        Part(
            number=part["number"],
            amount_minor=part["amount_minor"],
            discount_minor=part["discount_minor"],
            due_at=datetime.fromisoformat(part["due_at"]),
            suspends_at=datetime.fromisoformat(part["suspends_at"]),
        )
        for part in document["parts"]
    ]
