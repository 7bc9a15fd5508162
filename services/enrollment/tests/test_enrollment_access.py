"""Every endpoint × every kind of caller; and every kind of bad input."""

from typing import Any

import pytest

STUDENTS = {"anyone": 401, "student": "ok", "other student": "ok", "instructor": "ok", "admin": "ok"}
ADMINS = {"anyone": 401, "student": 403, "other student": 403, "instructor": 403, "admin": "ok"}
OWNER = {"anyone": 401, "student": "ok", "other student": 404, "instructor": 404, "admin": 404}
PUBLIC = dict.fromkeys(STUDENTS, "ok")

ENDPOINTS = [
    ("GET", "/v1/programs", None, PUBLIC),
    ("GET", "/v1/programs/{program}", None, PUBLIC),
    ("GET", "/v1/programs/{program}/can-enroll", None, PUBLIC),
    ("GET", "/v1/programs/{program}/billing", None, STUDENTS),
    ("GET", "/v1/programs/{program}/price", None, STUDENTS),
    ("POST", "/v1/programs/{program}/payments", {}, STUDENTS),
    ("POST", "/v1/payments/{reference}/verify", None, OWNER),
    ("GET", "/v1/payments", None, STUDENTS),
    # unpaid: those who may have it are told so
    ("GET", "/v1/payments/{reference}/receipt", None, {**OWNER, "student": 409, "admin": 409}),
    ("GET", "/v1/enrollments", None, STUDENTS),
    ("GET", "/v1/admin/cohorts", None, ADMINS),
    ("POST", "/v1/admin/cohorts", {}, ADMINS),
    ("GET", "/v1/admin/cohorts/{cohort}", None, ADMINS),
    ("PATCH", "/v1/admin/cohorts/{cohort}", {}, ADMINS),
    ("GET", "/v1/admin/coupons", None, ADMINS),
    ("POST", "/v1/admin/coupons", {}, ADMINS),
    ("GET", "/v1/admin/coupons/{coupon}", None, ADMINS),
    ("PATCH", "/v1/admin/coupons/{coupon}", {}, ADMINS),
    ("POST", "/v1/admin/enrollments", {}, ADMINS),
    ("DELETE", "/v1/admin/enrollments/{enrollment}", {}, ADMINS),
    ("GET", "/v1/admin/payments", None, ADMINS),
    ("GET", "/v1/admin/payments/{reference}", None, ADMINS),
    ("POST", "/v1/admin/payments/{reference}/refund", {}, ADMINS),
    ("POST", "/v1/admin/payments/{reference}/reconcile", None, ADMINS),
    ("POST", "/webhooks/paystack", {}, dict.fromkeys(STUDENTS, 401)),
]


def _callers(school: Any, student: Any) -> dict[str, dict[str, str]]:
    return {
        "anyone": {},
        "student": student.headers,
        "other student": school.student().headers,
        "instructor": school.tokens.instructor(school.program),
        "admin": school.admin,
    }


def test_every_endpoint_for_every_caller(open_school: Any) -> None:
    cohort = open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    coupon = {"code": "HALF-PRICE", "kind": "percentage", "percent": 50, "reason": "a campaign"}
    assert open_school.http.post("/v1/admin/coupons", json=coupon, headers=open_school.admin).status_code == 201
    names = {
        "coupon": "half-price",
        "program": open_school.program,
        "reference": reference,
        "cohort": cohort["slug"],
        "enrollment": str(open_school.payment(reference).enrollment_id),
    }
    wrong = []
    for method, path, body, expected in ENDPOINTS:
        for caller, headers in _callers(open_school, student).items():
            answer = open_school.http.request(method, path.format(**names), json=body, headers=headers)
            if expected[caller] == "ok":
                fits = answer.status_code < 300 or answer.status_code == 422
            else:
                fits = answer.status_code == expected[caller]
            if not fits:
                wrong.append((method, path, caller, answer.status_code, answer.text[:200]))
    assert wrong == []


def test_no_endpoint_is_missing_from_the_table(open_school: Any) -> None:
    document = open_school.http.get("/openapi.json").json()
    served = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert len(served) == len(ENDPOINTS)


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c"])
def test_a_token_that_is_none_is_401_even_where_no_login_is_needed(open_school: Any, token: str) -> None:
    for path in ("/v1/enrollments", f"/v1/programs/{open_school.program}/can-enroll"):
        answer = open_school.http.get(path, headers={"Authorization": token})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


JUNK: list[Any] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff",
    b'{"cohort":5,"callbackUrl":{},"userId":1,"reason":[],"amountMinor":"x","slug":null,"startDate":true}',
    b'{"coupon":"\\u0000","code":"\\u0000","validFrom":"0001-01-01T00:00:00+14:00","percent":1e400}',
    b'{"cohort":"","callbackUrl":"","userId":"","reason":"","amountMinor":-1,"slug":"","startDate":""}',
    b'{"cohort":"\\u0000","callbackUrl":"\\ud800","userId":"\\u0000","reason":"\\u0000"}',
    b'{"cohort":"' + b"x" * 5000 + b'"}',
    b'{"amountMinor":1e400,"seats":1e400}',
    b'{"amountMinor":' + b"9" * 400 + b"}",
    b"[" * 5000,
]


@pytest.mark.parametrize("raw", JUNK, ids=range(len(JUNK)))
def test_no_body_makes_an_error_of_ours(open_school: Any, raw: bytes) -> None:
    cohort = open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    for method, path, body, expected in ENDPOINTS:
        if body is None or "webhooks" in path:
            continue
        headers = open_school.admin if expected is ADMINS else student.headers
        url = path.format(
            program=open_school.program,
            reference=reference,
            cohort=cohort["slug"],
            enrollment=cohort["id"],
            coupon="half-price",
        )
        answer = open_school.http.request(
            method, url, content=raw, headers={**headers, "content-type": "application/json"}
        )
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code >= 400:
            problem = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["code"]
            assert problem["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payments/%00/verify",
        "/v1/payments/%F0%9F%98%80/verify",
        "/v1/payments/" + "x" * 3000 + "/verify",
        "/v1/programs/%00/payments",
        "/v1/programs/nothing/payments",
        "/v1/admin/payments/nothing/refund",
        "/v1/admin/payments/nothing/reconcile",
    ],
)
def test_names_of_nothing_are_404(open_school: Any, path: str) -> None:
    headers = open_school.tokens.bearer(roles=("student", "admin"))
    answer = open_school.http.post(path, json={"reason": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query", ["cursor=%00", "cursor=!!", "cursor=ÿ", "cursor=eA", "limit=0", "limit=101", "limit=x"]
)
def test_pages_that_do_not_exist_are_refused_by_name(open_school: Any, query: str) -> None:
    for path in ("/v1/enrollments", "/v1/admin/payments", "/v1/admin/cohorts", "/v1/admin/coupons"):
        answer = open_school.http.get(f"{path}?{query}", headers=open_school.admin)
        assert answer.status_code == 422, (path, answer.text)
    assert open_school.http.get("/v1/admin/payments?status=paid", headers=open_school.admin).status_code == 422


def test_another_students_payment_does_not_exist(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    stranger = open_school.student()
    answer = open_school.http.post(f"/v1/payments/{reference}/verify", headers=stranger.headers)
    unknown = open_school.http.post(f"/v1/payments/{reference[:-1]}/verify", headers=stranger.headers)
    assert answer.status_code == unknown.status_code == 404
    assert answer.json().keys() == unknown.json().keys()
