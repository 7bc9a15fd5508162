"""The demo's own parts: reading a checkout page, tampering with a URL, and failing loudly."""

import re
from typing import Any

import httpx
import pytest

from edxelera.failure import Failure
from edxelera.gateway_api import Refused
from edxelera.journey import checkout
from edxelera.journey.report import Report, StepFailed, poll, require
from edxelera.journey.study import smallest_course, tampered, unsigned
from edxelera.journey.target import Target, instructors

PAGE = """
<form action="/other"><input name="q"></form>
<form method="post" action="/checkout/abc">
  <input type="hidden" name="token" value="t1"><input type="radio" name="bank" value="x">
  <button name="card" value="success"><strong>Pay</strong></button>
  <button name="card" value="abandon">Leave</button>
</form>"""


def test_pressing_a_button_sends_the_hidden_fields_and_that_button_only() -> None:
    form, values = checkout._form_with(PAGE, checkout.SUCCEEDS, "http://sandbox/checkout/abc")
    assert (form.method, form.action) == ("POST", "/checkout/abc")
    assert values == {"token": "t1", "card": "success"}


def test_a_page_without_the_button_is_named() -> None:
    with pytest.raises(Failure, match="http://sandbox/x has no button for 'success'"):
        checkout._form_with("<p>This payment has failed</p>", checkout.SUCCEEDS, "http://sandbox/x")


CANNED = "http://cdn/v.mp4?Expires=1796083200&Signature=a~b-c_&Key-Pair-Id=K1"


def test_a_tampered_url_differs_in_its_expiry_alone() -> None:
    assert tampered(CANNED) == CANNED.replace("1796083200", "1796086800")
    assert unsigned(CANNED) == "http://cdn/v.mp4"


def test_a_tampered_policy_is_another_policy() -> None:
    url = "http://cdn/v.m3u8?Policy=eyJT&Signature=x&Key-Pair-Id=K1"
    assert tampered(url) == url.replace("eyJT", "AyJT")


class Hubs:
    """A gateway that knows week hubs."""

    def __init__(self, **weeks: list[tuple[str, str]]) -> None:
        self.weeks = weeks

    def get(self, path: str) -> dict[str, Any]:
        lessons = self.weeks[f"w{path.rsplit('/', 1)[1]}"]
        return {
            "lessons": [{"courseSlug": course, "slug": slug} for course, slug in lessons],
            "assignments": [{"slug": "brief", "required": True, "status": "open"},
                            {"slug": "extra", "required": False, "status": "open"}],
        }  # fmt: skip


HOME = {
    "weeks": [{"number": 1, "status": "open"}, {"number": 2, "status": "locked"}],
    "courses": [
        {"slug": "big", "totalLessons": 5},
        {"slug": "split", "totalLessons": 2},
        {"slug": "small", "totalLessons": 3},
    ],
}


def test_the_smallest_course_is_one_whose_lessons_are_all_open() -> None:
    api: Any = Hubs(w1=[("small", "a"), ("split", "x"), ("small", "b"), ("small", "c")])
    course, lessons, assignments = smallest_course(api, "p", HOME)
    assert course["slug"] == "small"
    assert [lesson["slug"] for lesson in lessons] == ["a", "b", "c"]
    assert [(week, each["slug"]) for week, each in assignments] == [(1, "brief")]


def test_no_course_in_the_open_weeks_is_said() -> None:
    api: Any = Hubs(w1=[("split", "x")])
    with pytest.raises(StepFailed, match="no course lies wholly"):
        smallest_course(api, "p", HOME)


def test_a_failing_step_says_which_step_which_request_and_what_was_answered(capsys: pytest.CaptureFixture[str]) -> None:
    request = httpx.Request("POST", "http://gateway/v1/x")
    answer = httpx.Response(403, json={"code": "week_locked"}, headers={"x-request-id": "r-1"}, request=request)
    report = Report()
    with report.step("first"):
        pass
    with (
        pytest.raises(
            StepFailed, match=r"step 2, open: POST http://gateway/v1/x answered 403 \(request id r-1\).*week_locked"
        ),
        report.step("open"),
    ):
        raise Refused(answer)
    assert re.search(r"1 first +\d+ ms", capsys.readouterr().out)


def test_an_answer_without_a_field_fails_the_step_too() -> None:
    with pytest.raises(StepFailed, match="an answer lacks KeyError"), Report().step("read"):
        {}["home"]


def test_polling_ends_with_what_was_seen_last() -> None:
    with pytest.raises(StepFailed, match=r"the change did not happen within 0 s; the last answer was waiting"):
        poll(lambda: "waiting", lambda answer: answer == "done", "the change", seconds=0)


def test_a_requirement_that_holds_is_silent() -> None:
    require(True, "never said")


def test_an_instructor_of_the_program_is_found_among_the_accounts() -> None:
    people = [
        {"email": "admin@x", "roles": ["admin"], "teaches": []},
        {"email": "i@x", "roles": ["instructor"], "teaches": ["p"]},
    ]
    target = Target("http://gateway", instructors({"password": "pw", "people": people}))
    assert target.staff_of("p") == ("i@x", "pw")
    with pytest.raises(Failure, match="--staff-email"):
        target.staff_of("another")
