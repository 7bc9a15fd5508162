"""Our books against Paystack's list, reference by reference; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

#: Problems that asking Paystack about the reference and settling its answer mends.
MENDABLE = frozenset({"not noted by us", "reversed at Paystack"})


@dataclass(frozen=True, slots=True)
class Ours:
    """What we know of a reference. ``received_minor`` is null until money came."""

    reference: str
    status: str
    received_minor: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Theirs:
    """What Paystack says of it."""

    reference: str
    status: str
    amount_minor: int | None
    currency: str | None

    @property
    def is_paid(self) -> bool:
        """Money was taken, whatever became of it later."""
        return self.status in {"success", "reversed"}


@dataclass(frozen=True, slots=True)
class Line:
    """One reference over which money was taken, on either side. ``problem`` is null when both agree."""

    reference: str
    problem: str | None
    ours: Ours | None
    theirs: Theirs | None

    @property
    def ours_minor(self) -> int:
        """What we say was taken."""
        return (self.ours.received_minor or 0) if self.ours else 0

    @property
    def theirs_minor(self) -> int:
        """What Paystack says was taken."""
        return (self.theirs.amount_minor or 0) if self.theirs and self.theirs.is_paid else 0

    @property
    def difference_minor(self) -> int:
        """Theirs less ours: above zero is money that Paystack took and we do not count."""
        return self.theirs_minor - self.ours_minor

    @property
    def currency(self) -> str:
        """As Paystack writes it, else as we do."""
        return (self.theirs.currency if self.theirs else None) or (self.ours.currency if self.ours else "")


def compare(ours: Iterable[Ours], theirs: Iterable[Theirs]) -> list[Line]:
    """A line for each reference over which money was taken. ``ours``: those of the span and all that Paystack names."""
    mine = {one.reference: one for one in ours}
    listed = {one.reference: one for one in theirs}
    lines = []
    for reference in sorted(mine.keys() | listed.keys()):
        here, there = mine.get(reference), listed.get(reference)
        if (there is not None and there.is_paid) or (here is not None and here.received_minor):
            lines.append(Line(reference, find_problem(here, there), here, there))
    return lines


def find_problem(ours: Ours | None, theirs: Theirs | None) -> str | None:
    """What is wrong between the two, in words; null when they agree."""
    if ours is None:
        return "unknown to us"
    if theirs is None:
        return "unknown to Paystack"
    if not theirs.is_paid:
        return "not paid at Paystack"
    if ours.received_minor is None:
        return "not noted by us"
    if ours.received_minor != theirs.amount_minor:
        return "another amount"
    if theirs.currency is not None and ours.currency != theirs.currency:
        return "another currency"
    if theirs.status == "reversed" and ours.status != "refunded":
        return "reversed at Paystack"
    return None
