"""What staff does: look up, revoke, issue again, decide on names."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from certificates.issuing.codes import shown
from certificates.models import Certificate
from chassis.database import Database
from chassis.testing import count_queries, published
from contracts.events.certificates import CertificateRevoked

ADMIN = "/v1/admin/certificates"
Certificates = Callable[[], list[Certificate]]


@pytest.fixture
def graduate(student: Any) -> Any:
    student.tell(student.registered("Ada Obi"), student.activated(), student.completed_course())
    return student


@pytest.fixture
def staff(tokens: Any) -> dict[str, str]:
    return tokens.instructor("data")


def latest(all_certificates: Certificates) -> str:
    return str(all_certificates()[-1].id)


def revoke(api: httpx.Client, headers: dict[str, str], certificate: str, reason: str = "cheated") -> httpx.Response:
    return api.post(f"{ADMIN}/{certificate}/revoke", headers=headers, json={"reason": reason})


def reissue(api: httpx.Client, headers: dict[str, str], certificate: str) -> httpx.Response:
    return api.post(f"{ADMIN}/{certificate}/reissue", headers=headers)


def test_staff_revokes_with_a_reason_that_verifiers_do_not_see(
    api: httpx.Client, staff: dict[str, str], graduate: Any, all_certificates: Certificates, db: Database
) -> None:
    for _ in range(2):
        answer = revoke(api, staff, latest(all_certificates), "copied the final project")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["status"], body["revocation"]) == ("revoked", "staff")
        assert body["revokedReason"] == "copied the final project"
    assert [event.reason for event in published(db) if isinstance(event, CertificateRevoked)] == ["staff"]
    verified = api.get(f"/v1/certificates/verify/{all_certificates()[0].code}")
    assert verified.json()["status"] == "revoked"
    assert "copied" not in verified.text


def test_what_staff_revoked_no_event_brings_back(
    api: httpx.Client, staff: dict[str, str], graduate: Any, all_certificates: Certificates
) -> None:
    revoke(api, staff, latest(all_certificates))
    again = graduate.enrolled_again()
    graduate.tell(graduate.completed_course(), graduate.revoked("refund"), again.activated(), again.completed_course())
    assert [each.status for each in all_certificates()] == ["revoked"]


def test_a_program_revoked_by_staff_does_not_come_back_with_another_cohort(
    api: httpx.Client, staff: dict[str, str], student: Any, all_certificates: Certificates
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_program())
    revoke(api, staff, latest(all_certificates))
    student.tell(student.revoked("refund"), student.enrolled_again().activated())
    assert [each.status for each in all_certificates()] == ["revoked"]


def test_staff_issues_again_and_the_new_one_supersedes(
    api: httpx.Client, staff: dict[str, str], graduate: Any, all_certificates: Certificates
) -> None:
    first = latest(all_certificates)
    assert reissue(api, staff, first).json()["code"] == "certificate_valid"
    revoke(api, staff, first)
    answer = reissue(api, staff, first)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["status"], answer.json()["supersedes"]) == ("issued", first)
    assert reissue(api, staff, first).json()["code"] == "certificate_superseded"
    assert [each.status for each in all_certificates()] == ["revoked", "issued"]
    body = api.get(f"/v1/certificates/verify/{all_certificates()[0].code}").json()
    assert body["supersededBy"] == shown(all_certificates()[1].code)


def test_two_members_of_staff_issue_again_at_once_once(
    api: httpx.Client, staff: dict[str, str], graduate: Any, all_certificates: Certificates
) -> None:
    first = latest(all_certificates)
    revoke(api, staff, first)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: reissue(api, staff, first).status_code, range(4)))
    assert sorted(answers) == [201, 409, 409, 409]


def test_a_refunded_certificate_is_not_issued_again_by_hand(
    api: httpx.Client, staff: dict[str, str], graduate: Any, all_certificates: Certificates
) -> None:
    graduate.tell(graduate.revoked("refund"))
    assert reissue(api, staff, latest(all_certificates)).json()["code"] == "payment_withdrawn"


def test_an_erased_persons_certificate_is_not_issued_again(
    api: httpx.Client, staff: dict[str, str], graduate: Any, all_certificates: Certificates
) -> None:
    revoke(api, staff, latest(all_certificates))
    graduate.tell(graduate.erased())
    assert reissue(api, staff, latest(all_certificates)).json()["code"] == "recipient_unknown"


def ask(api: httpx.Client, headers: dict[str, str], certificate: str, name: Any = "Ada Ngozi Obi") -> httpx.Response:
    return api.post(f"/v1/certificates/{certificate}/name-correction", headers=headers, json={"name": name})


def decide(api: httpx.Client, headers: dict[str, str], certificate: str, how: str = "approve") -> httpx.Response:
    return api.post(f"{ADMIN}/{certificate}/name-correction/{how}", headers=headers)


def test_a_corrected_name_stands_on_a_new_certificate(
    api: httpx.Client,
    tokens: Any,
    staff: dict[str, str],
    graduate: Any,
    all_certificates: Certificates,
    make_documents: Callable[..., None],
) -> None:
    make_documents()
    old = latest(all_certificates)
    asked = ask(api, tokens.bearer(graduate.account_id), old)
    assert asked.status_code == 201, asked.text
    assert (asked.json()["status"], asked.json()["currentName"]) == ("requested", "Ada Obi")
    [waiting] = api.get(f"{ADMIN}/name-corrections", headers=staff).json()["corrections"]
    assert (waiting["certificateId"], waiting["name"]) == (old, "Ada Ngozi Obi")

    approved = decide(api, staff, old)

    assert approved.status_code == 200, approved.text
    assert (approved.json()["status"], approved.json()["supersededBy"]) == ("approved", latest(all_certificates))
    first, second = all_certificates()
    assert [(each.status, each.recipient_name) for each in (first, second)] == [
        ("superseded", "Ada Obi"),
        ("issued", "Ada Ngozi Obi"),
    ]
    verified = api.get(f"/v1/certificates/verify/{first.code}").json()
    assert (verified["status"], verified["supersededBy"]) == ("superseded", shown(second.code))
    assert "Superseded certificate" in api.get(f"/verify/{first.code}").text
    assert api.get(f"{ADMIN}/name-corrections", headers=staff).json()["corrections"] == []
    assert decide(api, staff, old).json()["code"] == "no_name_correction"
    download = api.get(f"/v1/certificates/{old}/download-url", headers=tokens.bearer(graduate.account_id))
    assert download.json()["code"] == "certificate_superseded"
    assert revoke(api, staff, old).json()["code"] == "certificate_superseded"


def test_a_corrected_name_survives_a_refund_and_a_new_enrollment(
    api: httpx.Client, tokens: Any, staff: dict[str, str], graduate: Any, all_certificates: Certificates
) -> None:
    ask(api, tokens.bearer(graduate.account_id), latest(all_certificates))
    decide(api, staff, latest(all_certificates))
    graduate.tell(graduate.revoked("refund"), graduate.enrolled_again().activated())
    assert all_certificates()[-1].recipient_name == "Ada Ngozi Obi"


def test_a_rejected_name_changes_nothing_and_may_be_asked_for_again(
    api: httpx.Client, tokens: Any, staff: dict[str, str], graduate: Any, all_certificates: Certificates
) -> None:
    owner, certificate = tokens.bearer(graduate.account_id), latest(all_certificates)
    ask(api, owner, certificate)
    assert decide(api, staff, certificate, "reject").json()["status"] == "rejected"
    assert [each.status for each in all_certificates()] == ["issued"]
    assert ask(api, owner, certificate).status_code == 201


def test_asking_again_changes_the_request_also_at_once(
    api: httpx.Client, tokens: Any, staff: dict[str, str], graduate: Any, all_certificates: Certificates
) -> None:
    owner, certificate = tokens.bearer(graduate.account_id), latest(all_certificates)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: ask(api, owner, certificate, f"Ada {number}"), range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert ask(api, owner, certificate, "Ada Last").status_code == 201
    [waiting] = api.get(f"{ADMIN}/name-corrections", headers=staff).json()["corrections"]
    assert waiting["name"] == "Ada Last"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\x00b", None, 5, ["Ada"], {}])
def test_bad_names_are_refused(
    api: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates, name: Any
) -> None:
    answer = ask(api, tokens.bearer(graduate.account_id), latest(all_certificates), name)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == ["name"]


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": None}, {"raison": "x"}, [], None]
)
def test_bad_revocations_are_refused(
    api: httpx.Client, staff: dict[str, str], graduate: Any, all_certificates: Certificates, body: Any
) -> None:
    answer = api.post(f"{ADMIN}/{latest(all_certificates)}/revoke", headers=staff, json=body)
    assert answer.status_code == 422, answer.text
    assert all_certificates()[0].status == "issued"


def callers(tokens: Any, owner: Any) -> dict[str, dict[str, str]]:
    return {
        "nobody": {},
        "student": tokens.bearer(),
        "owner": tokens.bearer(owner.account_id),
        "other instructor": tokens.instructor("other"),
        "instructor": tokens.instructor("data"),
        "admin": tokens.admin(),
        "service": tokens.service("learning", "certificates"),
    }


ROLES = ["nobody", "student", "owner", "other instructor", "instructor", "admin", "service"]
CHANGES = [401, 403, 403, 404, None, None, 401]


@pytest.mark.parametrize(("role", "refused"), list(zip(ROLES, CHANGES, strict=True)))
@pytest.mark.parametrize(
    ("path", "body", "done"),
    [
        ("revoke", {"reason": "cheated"}, 200),
        ("reissue", None, 409),
        ("name-correction/approve", None, 200),
        ("name-correction/reject", None, 200),
    ],
)
def test_who_may_change_a_certificate(
    api: httpx.Client,
    tokens: Any,
    graduate: Any,
    all_certificates: Certificates,
    role: str,
    refused: int | None,
    path: str,
    body: Any,
    done: int,
) -> None:
    certificate = latest(all_certificates)
    assert ask(api, tokens.bearer(graduate.account_id), certificate).status_code == 201
    answer = api.post(f"{ADMIN}/{certificate}/{path}", headers=callers(tokens, graduate)[role], json=body)
    assert answer.status_code == (refused or done), answer.text
    codes = {401: "unauthenticated", 403: "staff_only", 404: "certificate_not_found"}
    assert refused is None or answer.json()["code"] == codes[refused]
    assert refused is None or [each.status for each in all_certificates()] == ["issued"]


@pytest.mark.parametrize(("role", "seen"), list(zip(ROLES, [401, 403, 403, 0, 1, 1, 401], strict=True)))
@pytest.mark.parametrize(("path", "name"), [("", "certificates"), ("/name-corrections", "corrections")])
def test_who_sees_which_certificates(
    api: httpx.Client,
    tokens: Any,
    graduate: Any,
    all_certificates: Certificates,
    role: str,
    seen: int,
    path: str,
    name: str,
) -> None:
    ask(api, tokens.bearer(graduate.account_id), latest(all_certificates))
    answer = api.get(f"{ADMIN}{path}", headers=callers(tokens, graduate)[role])
    assert answer.status_code == (seen if seen > 1 else 200)
    assert seen > 1 or len(answer.json()[name]) == seen


@pytest.mark.parametrize(("role", "expected"), list(zip(ROLES, [401, 404, 201, 404, 404, 404, 401], strict=True)))
def test_only_the_owner_asks_for_another_name(
    api: httpx.Client, tokens: Any, graduate: Any, all_certificates: Certificates, role: str, expected: int
) -> None:
    assert ask(api, callers(tokens, graduate)[role], latest(all_certificates)).status_code == expected


@pytest.mark.parametrize("wanted", ["nonsense", "1", "%00", "6b1f4f0e-6a52-4c0e-9a55-0d2f3a1b7c11"])
@pytest.mark.parametrize("path", ["revoke", "reissue", "name-correction/approve", "name-correction/reject"])
def test_unknown_certificates_are_refused_politely(api: httpx.Client, tokens: Any, wanted: str, path: str) -> None:
    answer = api.post(f"{ADMIN}/{wanted}/{path}", headers=tokens.admin(), json={"reason": "x"})
    assert answer.status_code in {404, 422}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "studentId=x", "limit=x", "code=" + "x" * 101])
def test_bad_searches_are_refused(api: httpx.Client, tokens: Any, query: str) -> None:
    assert api.get(f"{ADMIN}?{query}", headers=tokens.admin()).status_code == 422


def test_staff_finds_a_certificate_by_student_or_code(
    api: httpx.Client,
    staff: dict[str, str],
    graduate: Any,
    new_student: Callable[[], Any],
    all_certificates: Certificates,
) -> None:
    other = new_student()
    other.tell(other.registered(), other.completed_course())
    wanted, _ = all_certificates()
    for query in (
        {"studentId": str(graduate.account_id)},
        {"code": shown(wanted.code).lower()},
        {"programSlug": "data", "code": wanted.code},
    ):
        [found] = api.get(ADMIN, headers=staff, params=query).json()["certificates"]
        assert found["id"] == str(wanted.id)
    for query in ({"code": "nonsense"}, {"programSlug": "other"}, {"studentId": str(uuid4())}):
        assert api.get(ADMIN, headers=staff, params=query).json()["certificates"] == []


@pytest.mark.parametrize(("path", "name"), [("", "certificates"), ("/name-corrections", "corrections")])
def test_lists_are_paged_and_cost_one_query(
    app: Any, api: httpx.Client, tokens: Any, student: Any, all_certificates: Certificates, path: str, name: str
) -> None:
    student.tell(student.registered(), *(student.completed_course(f"course-{number}") for number in range(5)))
    for each in all_certificates():
        ask(api, tokens.bearer(student.account_id), str(each.id))
    seen: list[str] = []
    cursor = None
    while True:
        with count_queries(app.state.db) as queries:
            query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = api.get(f"{ADMIN}{path}", headers=tokens.admin(), params=query).json()
        assert len(queries) == 1
        seen += [each["id"] for each in page[name]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
