"""From completion to certificate: exactly one, whatever is doubled, reordered or run at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest

from certificates.events import consumers
from certificates.models import Base, Certificate
from chassis.database import Database
from chassis.testing import assert_migrations_match, count_queries, deliver, published
from contracts.events.certificates import CertificateIssued, CertificateRevoked

Certificates = Callable[[], list[Certificate]]


def statuses(certificates: list[Certificate]) -> list[str]:
    return [each.status for each in certificates]


def test_the_migrations_make_the_models(db: Database) -> None:
    assert_migrations_match("certificates", Base.metadata)


def test_a_completed_course_is_certified(student: Any, all_certificates: Certificates, db: Database) -> None:
    student.tell(student.registered("Ada Obi"), student.activated(), student.completed_course())
    [certificate] = all_certificates()
    assert (certificate.kind, certificate.course_slug, certificate.title) == (
        "course",
        "sql",
        "Relational Databases and SQL",
    )
    assert (certificate.recipient_name, certificate.status) == ("Ada Obi", "issued")
    [event] = published(db)
    assert isinstance(event, CertificateIssued)
    assert (event.certificate_id, event.student_id) == (certificate.id, student.account_id)
    assert (event.kind, event.course_slug, event.recipient_name) == ("course", "sql", "Ada Obi")
    assert event.verification_code.replace("-", "") == certificate.code
    assert event.supersedes is None


def test_a_completed_program_is_certified_beside_its_courses(student: Any, all_certificates: Certificates) -> None:
    student.tell(
        student.registered(),
        student.completed_course("sql"),
        student.completed_course("python", "Python"),
        student.completed_program(),
    )
    assert [(each.kind, each.title) for each in all_certificates()] == [
        ("course", "Relational Databases and SQL"),
        ("course", "Python"),
        ("program", "Data Engineering"),
    ]


def test_the_same_event_twice_certifies_once(student: Any, all_certificates: Certificates, db: Database) -> None:
    completed = student.completed_course()
    student.tell(student.registered(), completed, completed)
    [envelope] = deliver(db, consumers, completed)
    deliver(db, consumers, envelope)
    assert len(all_certificates()) == 1
    assert len(published(db)) == 1


def test_the_same_completion_eight_times_at_once_certifies_once(
    student: Any, all_certificates: Certificates, db: Database
) -> None:
    student.tell(student.registered())
    completed = student.completed_course()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: student.tell(completed), range(8)))
    assert statuses(all_certificates()) == ["issued"]
    assert len(published(db)) == 1


def test_a_completion_before_the_name_is_certified_when_the_name_comes(
    student: Any, all_certificates: Certificates
) -> None:
    student.tell(student.completed_course(), student.completed_program())
    assert all_certificates() == []
    student.tell(student.registered("Ada Obi"))
    assert [each.recipient_name for each in all_certificates()] == ["Ada Obi", "Ada Obi"]


def test_a_later_name_changes_no_certificate_and_older_news_no_name(
    student: Any, all_certificates: Certificates
) -> None:
    old, new = student.registered("Ada Obi"), student.renamed("Ada Eze")
    student.tell(new, old, student.completed_course())
    assert [each.recipient_name for each in all_certificates()] == ["Ada Eze"]
    student.tell(student.renamed("Ada Obi-Eze"))
    assert [each.recipient_name for each in all_certificates()] == ["Ada Eze"]


@pytest.mark.parametrize("reason", ["refund", "chargeback"])
def test_a_refund_revokes(student: Any, all_certificates: Certificates, db: Database, reason: str) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course(), student.completed_program())
    student.tell(student.revoked(reason))
    assert [(each.status, each.revocation, each.valid_for) for each in all_certificates()] == [
        ("revoked", reason, None)
    ] * 2
    ended = [event for event in published(db) if isinstance(event, CertificateRevoked)]
    assert [event.reason for event in ended] == [reason, reason]
    assert {event.sequence for event in ended} == {2}


@pytest.mark.parametrize("reason", ["staff", "erased"])
def test_an_enrollment_that_ends_otherwise_revokes_nothing(
    student: Any, all_certificates: Certificates, reason: str
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course(), student.revoked(reason))
    assert statuses(all_certificates()) == ["issued"]


def test_an_open_dispute_revokes_nothing(student: Any, all_certificates: Certificates) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course(), student.suspended())
    assert statuses(all_certificates()) == ["issued"]


def test_events_in_any_order_end_the_same(new_student: Callable[[], Any], all_certificates: Certificates) -> None:
    for order in permutations(range(4)):
        student = new_student()
        events = [student.registered(), student.activated(), student.completed_course(), student.revoked("refund")]
        student.tell(*(events[index] for index in order))
        own = [each for each in all_certificates() if each.student_id == student.account_id]
        assert "issued" not in statuses(own), order


def test_a_completion_and_a_refund_at_once_leave_nothing_valid(
    new_student: Callable[[], Any], all_certificates: Certificates
) -> None:
    for _ in range(10):
        student = new_student()
        student.tell(student.registered(), student.activated())
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(student.tell, [student.completed_course(), student.revoked("refund")]))
        own = [each for each in all_certificates() if each.student_id == student.account_id]
        assert "issued" not in statuses(own)


def test_enrolling_again_issues_a_new_certificate_that_supersedes(
    student: Any, all_certificates: Certificates, db: Database
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course(), student.revoked("refund"))
    again = student.enrolled_again()
    student.tell(again.activated())
    first, second = all_certificates()
    assert (first.status, second.status) == ("revoked", "issued")
    assert (first.superseded_by_id, second.supersedes_id) == (second.id, first.id)
    assert first.code != second.code
    last = published(db)[-1]
    assert isinstance(last, CertificateIssued)
    assert last.supersedes == first.id
    student.tell(again.completed_course())
    assert len(all_certificates()) == 2


def test_old_news_of_the_refund_does_not_end_the_new_certificate(student: Any, all_certificates: Certificates) -> None:
    refund = student.revoked("refund")
    student.tell(student.registered(), student.completed_course(), refund, student.enrolled_again().activated(), refund)
    assert statuses(all_certificates())[-1:] == ["issued"]


def test_a_restored_enrollment_brings_its_certificate_back(student: Any, all_certificates: Certificates) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course(), student.revoked("chargeback"))
    student.tell(student.activated("restored"))
    assert statuses(all_certificates()) == ["revoked", "issued"]


def test_a_program_completed_before_the_refund_counts_for_the_next_cohort(
    student: Any, all_certificates: Certificates
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_program(), student.revoked("refund"))
    again = student.enrolled_again()
    student.tell(again.activated())
    first, second = all_certificates()
    assert (second.status, second.cohort_id, second.supersedes_id) == ("issued", again.cohort_id, first.id)
    student.tell(again.completed_program(), again.completed_program())
    assert statuses(all_certificates()) == ["revoked", "issued"]


def test_in_whatever_order_it_is_heard_it_counts_for_the_next_cohort(
    new_student: Callable[[], Any], all_certificates: Certificates
) -> None:
    for order in permutations(range(4)):
        student = new_student()
        again = student.enrolled_again()
        events = [student.activated(), student.completed_program(), student.revoked("refund"), again.activated()]
        student.tell(student.registered(), *(events[index] for index in order))
        own = [each for each in all_certificates() if each.student_id == student.account_id]
        assert [each.cohort_id for each in own if each.status == "issued"] == [again.cohort_id], order


def test_a_program_is_certified_once_per_cohort(student: Any, all_certificates: Certificates) -> None:
    again = student.enrolled_again()
    student.tell(student.registered(), student.completed_program(), again.activated(), again.completed_program())
    assert statuses(all_certificates()) == ["issued", "issued"]


def test_an_erased_account_keeps_valid_certificates_without_a_name(
    student: Any, all_certificates: Certificates
) -> None:
    student.tell(student.registered(), student.completed_course(), student.erased(), student.renamed("Ada Obi"))
    [certificate] = all_certificates()
    assert (certificate.status, certificate.recipient_name) == ("issued", None)
    assert certificate.document_state == "discard"


def test_a_refund_after_erasure_still_revokes(student: Any, all_certificates: Certificates) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course(), student.erased())
    student.tell(student.revoked("refund"), student.completed_course("python"))
    assert statuses(all_certificates()) == ["revoked"]


def test_a_completion_costs_the_same_however_many_certificates_there_are(student: Any, db: Database) -> None:
    student.tell(student.registered(), student.activated())
    counts = []
    for number in range(4):
        with count_queries(db) as queries:
            student.tell(student.completed_course(f"course-{number}"))
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts
