"""Whether everything promised is true and nothing happened twice: pure, so that it can be seen to complain."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from tests.faults.facts import World
from tests.faults.model import Ledger, Promises, Story

#: Of each complaint so many examples are told.
_EXAMPLES = 5
_INSIDE = ("active", "completed")
#: What enrollment's statuses mean to those who only open and close doors.
_VIEW = {"active": "active", "completed": "active", "suspended": "suspended", "revoked": "revoked"}


def complaints(ledger: Ledger, world: World, course: str) -> list[str]:
    """Everything that is not as it should be, by promise of the design (§9); empty is a good end."""
    return [
        *_summed("stuck", ledger.stuck),
        *_summed("to the client", _to_clients(ledger.students, world, course)),
        *_summed("1 (money)", _money(ledger.students, world)),
        *_summed("2 (certificates)", _certificates(world)),
        *_summed("3 (events)", _events(world)),
        *_summed("3 (projections)", _projections(world)),
    ]


def _summed(promise: str, cases: Iterator[str] | Sequence[str]) -> list[str]:
    every = list(cases)
    more = [f"promise {promise}: and {len(every) - _EXAMPLES} more"] if len(every) > _EXAMPLES else []
    return [f"promise {promise}: {case}" for case in islice(every, _EXAMPLES)] + more


def _to_clients(students: Sequence[Promises], world: World, course: str) -> Iterator[str]:
    """Whatever was answered with 2xx is still true."""
    for student in students:
        who, account = f"student {student.number}", student.account_id
        if account and account not in world.accounts:
            yield f"{who} was registered and is unknown"
        if student.reference and student.reference not in world.payments:
            yield f"{who} was given {student.reference}, which is unknown"
        if student.granted and _status(student.granted, world) not in _INSIDE:
            yield f"{who} was let in; the enrollment is {_status(student.granted, world)}"
        for lesson in sorted(student.lessons):
            if (account, lesson) not in world.lessons:
                yield f"{who} had completed {lesson}"
        if student.course_complete and (account, course) not in world.completed:
            yield f"{who} had completed the course"
        if student.program_complete and (account, "") not in world.completed:
            yield f"{who} had completed the program"
        for post in sorted(student.posts - world.posts):
            yield f"{who} had written post {post}"
        if "succeeded" in student.payment_heard and not _is_settled(student, world):
            yield f"{who} was told that {student.reference} succeeded"


def _status(enrollment: str, world: World) -> str:
    return world.enrollments[enrollment].status if enrollment in world.enrollments else "unknown"


def _is_settled(student: Promises, world: World) -> bool:
    payment = world.payments.get(student.reference)
    return payment is not None and payment.status in ("succeeded", "refunding", "refunded")


def _money(students: Sequence[Promises], world: World) -> Iterator[str]:
    """A charge ends in exactly one active enrollment, one refund, or one visible entry under review."""
    live = Counter(each.student for each in world.enrollments.values() if each.status in _INSIDE)
    stories = {student.reference: student for student in students if student.reference}
    for reference in sorted(world.charged):
        payment, student = world.payments.get(reference), stories.get(reference)
        if payment is None:
            yield f"{reference} was charged and is unknown"
            continue
        inside = live[payment.student]
        if payment.status == "succeeded":
            if inside != 1:
                yield f"{reference} was paid; its student has {inside} enrollments"
            elif world.enrollments[payment.enrollment].status not in _INSIDE:
                yield f"{reference} was paid for an enrollment that is {world.enrollments[payment.enrollment].status}"
        elif payment.status == "refunded":
            if inside or reference not in world.given_back:
                yield f"{reference} is refunded: inside {inside}, given back {reference in world.given_back}"
        elif payment.status != "mismatched" or inside:
            yield f"{reference} was charged and is {payment.status}; its student has {inside} enrollments"
        if student and payment.status != _end_of(student):
            yield f"{reference} should be {_end_of(student)} ({student.story}) and is {payment.status}"
    for reference in sorted(world.given_back):
        if world.payments[reference].status != "refunded":
            yield f"{reference} was given back and is {world.payments[reference].status}"
    paid = {payment.student for reference, payment in world.payments.items() if reference in world.charged}
    granted = {student.account_id for student in students if student.story is Story.SCHOLAR}
    yield from (f"{student} is inside and was never charged" for student in sorted(live.keys() - paid - granted))


def _end_of(student: Promises) -> str:
    if student.story is Story.WRONG_SUM:
        return "mismatched"
    return "refunded" if student.refund_begun else "succeeded"


def _certificates(world: World) -> Iterator[str]:
    """A completion has exactly one valid certificate, or none when the money went back; nothing else has one."""
    revoked = {each.student for each in world.enrollments.values() if each.status == "revoked"}
    for student, what in sorted(world.completed | set(world.certificates)):
        expected = 1 if (student, what) in world.completed and student not in revoked else 0
        if (issued := world.certificates[student, what]) != expected:
            yield f"{student} has {issued} certificates of {what or 'the program'} instead of {expected}"


def _events(world: World) -> Iterator[str]:
    yield from (f"{count} events of {unit} were never published" for unit, count in sorted(world.unpublished.items()))
    yield from world.lost
    yield from world.invented
    yield from (f"told more than once: {what}" for what in world.told_twice)
    yield from world.failures


def _projections(world: World) -> Iterator[str]:
    """Every service believes of an enrollment what enrollment says."""
    told = {id_: each.status for id_, each in world.enrollments.items() if each.status in _VIEW}
    for unit, view in sorted(world.views.items()):
        for id_, status in told.items():
            if view.get(id_) != _VIEW[status]:
                yield f"{unit} believes that enrollment {id_} is {view.get(id_)}; it is {status}"
        for id_ in view.keys() - told.keys():
            yield f"{unit} knows enrollment {id_}, which is not one"
    for id_ in world.posts ^ world.counted_posts:
        yield f"post {id_} is {'not counted' if id_ in world.posts else 'counted without being there'}"
