"""Verification, for machines and for people."""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from certificates.issuing.codes import shown
from certificates.models import Certificate
from chassis.testing import count_queries

Certificates = Callable[[], list[Certificate]]


@pytest.fixture
def code(student: Any, all_certificates: Certificates) -> str:
    student.tell(student.registered("Ada Obi"), student.activated(), student.completed_course())
    return shown(all_certificates()[0].code)


def verify(api: httpx.Client, code: str) -> dict[str, Any]:
    answer = api.get(f"/v1/certificates/verify/{code}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_anybody_with_the_code_sees_that_it_is_valid(api: httpx.Client, code: str) -> None:
    body = verify(api, code)
    assert set(body) == {
        "valid",
        "status",
        "kind",
        "title",
        "recipientName",
        "issuedAt",
        "revokedAt",
        "supersededBy",
    }
    assert (body["valid"], body["status"], body["kind"]) == (True, "issued", "course")
    assert (body["title"], body["recipientName"]) == ("Relational Databases and SQL", "Ada Obi")
    assert (body["revokedAt"], body["supersededBy"]) == (None, None)


@pytest.mark.parametrize("change", [str.lower, lambda code: code.replace("-", ""), lambda code: code.replace("0", "o")])
def test_the_code_may_be_typed_carelessly(api: httpx.Client, code: str, change: Callable[[str], str]) -> None:
    assert verify(api, change(code))["valid"] is True


def test_a_refund_is_seen_at_once_and_so_is_the_next_certificate(
    api: httpx.Client, student: Any, code: str, all_certificates: Certificates
) -> None:
    student.tell(student.revoked("refund"))
    body = verify(api, code)
    assert (body["valid"], body["status"], body["supersededBy"]) == (False, "revoked", None)
    assert body["revokedAt"] is not None
    student.tell(student.enrolled_again().activated())
    newer = verify(api, code)["supersededBy"]
    assert newer == shown(all_certificates()[1].code)
    assert verify(api, newer)["valid"] is True


def test_an_erased_account_verifies_without_a_name(api: httpx.Client, student: Any, code: str) -> None:
    student.tell(student.erased())
    body = verify(api, code)
    assert (body["valid"], body["recipientName"]) == (True, None)
    page = api.get(f"/verify/{code}")
    assert page.status_code == 200
    assert "Ada" not in page.text
    assert "Name withdrawn" in page.text


#: Well formed, and never given out.
NOBODYS = "VV3Z-WGYN-9M3Z-TNB6-6TTH-3CMD-HPFZ"

STRANGE = [
    "x",
    "%00",
    "..%2f..",
    "💥",
    "'; DROP TABLE certificates; --",
    "A" * 3000,
    "%F0%9F",
    "<script>alert(1)</script>",
]


@pytest.mark.parametrize("typed", [*STRANGE, NOBODYS])
def test_unknown_codes_are_unknown(api: httpx.Client, typed: str) -> None:
    answer = api.get(f"/v1/certificates/verify/{typed}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("typed", ["x", "💥", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "A" * 3000, NOBODYS])
def test_the_page_says_that_a_code_is_unknown(api: httpx.Client, typed: str) -> None:
    answer = api.get(f"/verify/{typed}")
    assert answer.status_code == 404
    if answer.headers["content-type"].startswith("text/html"):  # not where the path has become another
        assert "No such certificate" in answer.text
        assert "<script" not in answer.text


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


def test_the_page_says_it_in_words_to_everybody(api: httpx.Client, code: str) -> None:
    answer = api.get(f"/verify/{code}")
    assert answer.status_code == 200
    page = Reader(answer.text)
    for said in ("Valid certificate", "Ada Obi", "Relational Databases and SQL", code):
        assert said in page.texts
    assert [attributes for tag, attributes in page.tags if tag == "html"] == [{"lang": "en"}]
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    assert not {"script", "img", "link", "iframe", "form"} & {tag for tag, _ in page.tags}


def test_the_page_allows_nothing_but_its_own_style(api: httpx.Client, code: str) -> None:
    answer = api.get(f"/verify/{code}")
    style = answer.text.split("<style>")[1].split("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_names_and_titles_cannot_become_markup(api: httpx.Client, student: Any, all_certificates: Certificates) -> None:
    student.tell(student.registered("<b>Ada</b>"), student.completed_course("sql", "<img src=x onerror=alert(1)>"))
    page = api.get(f"/verify/{all_certificates()[0].code}").text
    assert "<b>" not in page
    assert "<img" not in page
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page


def test_revoked_and_superseded_pages_say_so_and_lead_on(
    api: httpx.Client, student: Any, code: str, all_certificates: Certificates
) -> None:
    student.tell(student.revoked("refund"))
    assert "Revoked certificate" in Reader(api.get(f"/verify/{code}").text).texts
    student.tell(student.enrolled_again().activated())
    newer = shown(all_certificates()[1].code)
    assert f'href="https://learn.example.com/verify/{newer}"' in api.get(f"/verify/{code}").text


def test_a_verification_costs_one_query(app: Any, api: httpx.Client, code: str) -> None:
    for path in (f"/v1/certificates/verify/{code}", f"/verify/{code}"):
        with count_queries(app.state.db) as queries:
            assert api.get(path).status_code == 200
        assert len(queries) == 1
