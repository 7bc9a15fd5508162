"""Certificates for their owners."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.testing import count_queries

LIST = "/v1/certificates"


@pytest.fixture
def graduate(student: Any) -> Any:
    student.tell(student.registered("Ada Obi"), student.activated(), student.completed_course())
    return student


def mine(api: httpx.Client, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = api.get(LIST, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()["certificates"]


def test_a_student_sees_their_certificates_newest_first(api: httpx.Client, tokens: Any, graduate: Any) -> None:
    graduate.tell(graduate.completed_program())
    program, course = mine(api, tokens.bearer(graduate.account_id))
    assert set(course) == {
        "id",
        "kind",
        "programSlug",
        "courseSlug",
        "title",
        "recipientName",
        "issuedAt",
        "status",
        "verificationCode",
        "verificationUrl",
        "documentReady",
    }
    assert (course["kind"], course["programSlug"], course["courseSlug"]) == ("course", "data", "sql")
    assert (course["recipientName"], course["status"], course["documentReady"]) == ("Ada Obi", "issued", False)
    assert course["verificationUrl"] == f"https://learn.example.com/verify/{course['verificationCode']}"
    assert len(course["verificationCode"]) == 34
    assert (program["kind"], program["courseSlug"], program["title"]) == ("program", None, "Data Engineering")


def test_a_student_without_certificates_sees_none(api: httpx.Client, tokens: Any, graduate: Any) -> None:
    assert mine(api, tokens.bearer()) == []


def test_the_pdf_is_downloaded_under_a_name_and_not_for_long(
    api: httpx.Client, tokens: Any, graduate: Any, make_documents: Callable[..., None]
) -> None:
    make_documents()
    headers = tokens.bearer(graduate.account_id)
    [certificate] = mine(api, headers)
    assert certificate["documentReady"] is True
    answer = api.get(f"{LIST}/{certificate['id']}/download-url", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    left = datetime.fromisoformat(answer.json()["expiresAt"]) - datetime.now(UTC)
    assert timedelta(seconds=200) < left <= timedelta(seconds=300)
    assert "X-Amz-Expires=300" in answer.json()["url"]
    pdf = httpx.get(answer.json()["url"])
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert 'filename="certificate-sql-' in pdf.headers["content-disposition"]


def test_a_pdf_that_is_still_being_made_is_asked_for_again(api: httpx.Client, tokens: Any, graduate: Any) -> None:
    headers = tokens.bearer(graduate.account_id)
    [certificate] = mine(api, headers)
    answer = api.get(f"{LIST}/{certificate['id']}/download-url", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "document_not_ready")
    assert int(answer.headers["retry-after"]) > 0


def test_a_revoked_certificate_is_seen_and_not_downloaded(
    api: httpx.Client, tokens: Any, graduate: Any, make_documents: Callable[..., None]
) -> None:
    make_documents()
    graduate.tell(graduate.revoked("refund"))
    headers = tokens.bearer(graduate.account_id)
    [certificate] = mine(api, headers)
    assert (certificate["status"], certificate["documentReady"]) == ("revoked", False)
    answer = api.get(f"{LIST}/{certificate['id']}/download-url", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "certificate_revoked")


@pytest.mark.parametrize("role", ["nobody", "another student", "instructor", "admin", "service", "unknown id"])
def test_nobody_downloads_what_is_not_theirs(
    api: httpx.Client, tokens: Any, graduate: Any, make_documents: Callable[..., None], role: str
) -> None:
    make_documents()
    [certificate] = mine(api, tokens.bearer(graduate.account_id))
    headers = {
        "nobody": {},
        "another student": tokens.bearer(),
        "instructor": tokens.instructor("data"),
        "admin": tokens.admin(),
        "service": tokens.service("media", "certificates"),
        "unknown id": tokens.bearer(graduate.account_id),
    }[role]
    wanted = uuid4() if role == "unknown id" else certificate["id"]
    answer = api.get(f"{LIST}/{wanted}/download-url", headers=headers)
    expected = (401, "unauthenticated") if role in {"nobody", "service"} else (404, "certificate_not_found")
    assert (answer.status_code, answer.json()["code"]) == expected


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
def test_the_list_needs_a_login(api: httpx.Client, headers: dict[str, str]) -> None:
    assert api.get(LIST, headers=headers).status_code == 401


@pytest.mark.parametrize("wanted", ["1", "nonsense", "%00", "x" * 3000])
def test_strange_ids_are_refused_politely(api: httpx.Client, tokens: Any, wanted: str) -> None:
    answer = api.get(f"{LIST}/{wanted}/download-url", headers=tokens.bearer())
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_list_costs_one_query_however_long(app: Any, api: httpx.Client, tokens: Any, graduate: Any) -> None:
    counts = []
    for number in range(2):
        graduate.tell(*(graduate.completed_course(f"course-{number}-{each}") for each in range(3)))
        with count_queries(app.state.db) as queries:
            mine(api, tokens.bearer(graduate.account_id))
        counts.append(len(queries))
    assert counts == [1, 1]
