"""Receipts and the history of payments: who may have them, what they say, and what they cost."""

import io
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from chassis.documents.rendering import Renderer, RenderingFailed
from chassis.testing.queries import count_queries


def ask(school: Any, reference: str, headers: dict[str, str], **more: str) -> httpx.Response:
    answer: httpx.Response = school.http.get(f"/v1/payments/{reference}/receipt", headers={**headers, **more})
    return answer


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    [page] = PdfReader(io.BytesIO(answer.content)).pages
    # the reader finds a space without width beside some zeros
    return " ".join(page.extract_text().replace("\u200b", "").split())


def history(school: Any, student: Any, **params: Any) -> dict[str, Any]:
    answer = school.http.get("/v1/payments", headers=student.headers, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_receipt_says_who_paid_what_for_what_when_to_whom(open_school: Any) -> None:
    cohort = open_school.cohort(amountMinor=15_000_000)
    student = open_school.student("ada@school.example")
    reference = open_school.reference(student)
    open_school.pay(reference)
    open_school.verify(student, reference)
    answer = ask(open_school, reference, student.headers)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="receipt-{reference}.pdf"'
    text = text_of(answer)
    paid_at = open_school.payment(reference).paid_at
    for said in (
        "Receipt PAID",
        "EdXelera",
        "Ada Obi ada@school.example",
        f"RECEIPT NUMBER {reference}",
        "Data Engineering",
        cohort["slug"],
        "(Africa/Lagos)",
        f"{paid_at:%H:%M} UTC",
        "Place in the program NGN 150,000.00",
        "Amount paid NGN 150,000.00",
    ):
        assert said in text, text
    assert "Refunded" not in text


def test_fees_that_the_customer_bore_are_told(open_school: Any) -> None:
    open_school.cohort(amountMinor=15_000_000)
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pay(reference, fees_passed_on=True, fees=190_000)
    open_school.verify(student, reference)
    text = text_of(ask(open_school, reference, student.headers))
    assert "Payment fee NGN 1,900.00 Amount paid NGN 151,900.00" in text
    assert "on top of the price" in text


def test_a_coupons_discount_is_told(open_school: Any) -> None:
    open_school.cohort(amountMinor=15_000_000)
    half = {"code": "EARLY-BIRD", "kind": "percentage", "percent": 50, "reason": "spring"}
    assert open_school.http.post("/v1/admin/coupons", json=half, headers=open_school.admin).status_code == 201
    student, reference = open_school.enrolled(coupon="early-bird")
    text = text_of(ask(open_school, reference, student.headers))
    assert "Place in the program NGN 150,000.00 Discount, coupon EARLY-BIRD −NGN 75,000.00" in text
    assert "Amount paid NGN 75,000.00" in text


def test_refunds_so_far_are_told_and_change_the_receipt(open_school: Any) -> None:
    open_school.cohort(amountMinor=15_000_000)
    student, reference = open_school.enrolled()
    before = ask(open_school, reference, student.headers)
    open_school.refund(reference, amountMinor=5_000_000)
    assert "A refund of NGN 50,000.00 is on its way." in text_of(ask(open_school, reference, student.headers))
    open_school.run_refunds()
    open_school.forward()
    open_school.step_refunds(2)
    partly = ask(open_school, reference, student.headers, **{"If-None-Match": before.headers["etag"]})
    text = text_of(partly)
    assert "PARTLY REFUNDED" in text
    assert "−NGN 50,000.00 Paid after refunds NGN 100,000.00" in text
    open_school.refund(reference)
    open_school.run_refunds()
    open_school.forward()
    open_school.step_refunds(2)
    text = text_of(ask(open_school, reference, student.headers))
    assert "Receipt REFUNDED" in text
    assert "Paid after refunds NGN 0.00" in text


def test_what_was_mismatched_came_too(open_school: Any) -> None:
    open_school.cohort(amountMinor=15_000_000)
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pay(reference, amount=100)
    assert open_school.verify(student, reference)["status"] == "mismatched"
    text = text_of(ask(open_school, reference, student.headers))
    assert "UNDER REVIEW" in text
    assert "Amount paid NGN 1.00" in text


@pytest.mark.parametrize(
    "name",
    ["王小明", "محمد عبد الله", "Wolfeschlegelsteinhausenbergerdorff" * 5, "Ada 🎉 \ue000", '#set page() "x" \\ <i>'],
    ids=["Chinese", "Arabic", "very long", "in no font", "markup"],
)
def test_any_name_stands_on_one_page(open_school: Any, name: str) -> None:
    open_school.publish(title="Everything about data and more " * 9)
    open_school.cohort()
    student, reference = open_school.enrolled()
    headers = open_school.tokens.bearer(student.id, name=name, email=f"{'a' * 60}@{'b' * 180}.example")
    assert f"RECEIPT NUMBER {reference}" in text_of(ask(open_school, reference, headers))


def test_only_its_owner_and_administrators_get_a_receipt(open_school: Any) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    other = ask(open_school, reference, open_school.student().headers)
    assert (other.status_code, other.json()["code"]) == (404, "not_found")
    assert ask(open_school, reference, open_school.tokens.instructor("data-engineering")).status_code == 404
    assert ask(open_school, reference, {}).status_code == 401
    assert ask(open_school, "edx-nobody-knows", open_school.admin).status_code == 404
    text = text_of(ask(open_school, reference, open_school.admin))
    assert f"Account{student.id}" in text.replace(" ", "")
    assert "root@example.com" not in text


def test_without_money_there_is_no_receipt(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    unpaid = ask(open_school, open_school.reference(student), student.headers)
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "receipt_not_available")
    open_school.publish("free-sprint")
    open_school.cohort(programSlug="free-sprint", amountMinor=0)
    free = open_school.checkout(student, program="free-sprint").json()["reference"]
    assert ask(open_school, free, student.headers).status_code == 409
    assert [one["receiptUrl"] for one in history(open_school, student)["payments"]] == [None, None]


def test_the_same_receipt_is_the_same_bytes_and_is_not_sent_twice(
    open_school: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    first, second = (ask(open_school, reference, student.headers) for _ in range(2))
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    monkeypatch.setattr("enrollment.receipts.api._print_out", None)  # nothing is rendered to say "not modified"
    again = ask(open_school, reference, student.headers, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_billing_and_history_say_where_the_receipt_is(open_school: Any) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    url = f"https://school.example/v1/payments/{reference}/receipt"
    assert [one["receiptUrl"] for one in open_school.billing(student)["payments"]] == [url]
    assert [one["receiptUrl"] for one in history(open_school, student)["payments"]] == [url]
    unpaid = open_school.student()
    open_school.reference(unpaid)
    assert [one["receiptUrl"] for one in open_school.billing(unpaid)["payments"]] == [None]


def test_the_history_tells_every_payment_with_its_refunds_page_by_page(open_school: Any) -> None:
    first_cohort = open_school.cohort()
    student, first = open_school.enrolled()
    open_school.refund(first, amountMinor=500)
    open_school.run_refunds()
    open_school.publish("web")
    open_school.cohort(programSlug="web")
    second = open_school.checkout(student, program="web").json()["reference"]
    open_school.enrolled()  # somebody else's
    page = history(open_school, student, limit=1)
    assert [one["reference"] for one in page["payments"]] == [second]
    [older] = history(open_school, student, limit=1, cursor=page["nextCursor"])["payments"]
    assert (older["reference"], older["status"]) == (first, "refunding")
    assert (older["programSlug"], older["programTitle"]) == ("data-engineering", "Data Engineering")
    assert older["cohort"] == {"id": first_cohort["id"], "slug": first_cohort["slug"]}
    [refund] = older["refunds"]
    assert (refund["amountMinor"], refund["status"]) == (500, "pending")
    assert refund["at"]
    everything = history(open_school, student)
    assert (len(everything["payments"]), everything["nextCursor"]) == (2, None)
    refused = open_school.http.get("/v1/payments", headers=student.headers, params={"cursor": "nonsense!"})
    assert refused.status_code == 422


def test_both_cost_the_same_number_of_queries_whatever_there_is(open_school: Any) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    open_school.refund(reference, amountMinor=500)
    for _ in range(3):
        with count_queries(open_school.app.state.db) as asked:
            history(open_school, student)
        assert len(asked) == 2, asked
        with count_queries(open_school.app.state.db) as asked:
            assert ask(open_school, reference, student.headers).status_code == 200
        assert len(asked) == 3, asked
        open_school.refund(reference, amountMinor=100)


@pytest.fixture
def slow_printer(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Rendering takes until the event is set."""
    goes_on = threading.Event()

    def typeset(*_: Any) -> bytes:
        assert goes_on.wait(30)
        return b"%PDF"

    monkeypatch.setattr(Renderer, "typeset", typeset)
    yield goes_on
    goes_on.set()


def test_printers_at_work_hold_no_connection_and_keep_nobody_waiting(
    open_school: Any, slow_printer: threading.Event
) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    answers: list[httpx.Response] = []

    def print_one() -> None:
        answers.append(ask(open_school, reference, student.headers))

    readers = [threading.Thread(target=print_one) for _ in range(10)]  # more than there are connections and threads
    for reader in readers:
        reader.start()
    for _ in range(5):
        assert history(open_school, student)["payments"]
    assert not answers
    slow_printer.set()
    for reader in readers:
        reader.join()
    assert [answer.status_code for answer in answers] == [200] * 10


def test_a_renderer_that_fails_is_no_500(open_school: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()

    def fail(*_: Any) -> bytes:
        raise RenderingFailed("it ended")

    monkeypatch.setattr(Renderer, "typeset", fail)
    answer = ask(open_school, reference, student.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "receipt_not_made")
    assert answer.headers["retry-after"]
