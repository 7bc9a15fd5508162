"""The calendar file: parsed by the library that calendars use."""

from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar

from chassis.ids import new_id
from contracts.events import AccountErased, AccountUpdated

TOKEN = "/v1/programs/data/calendar-token"


def token_of(school: Any, who: Any, **params: str) -> str:
    headers = who if isinstance(who, dict) else who.headers
    answer = school.client.post(TOKEN, headers=headers, params=params)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["token"]
    assert answer.json()["url"].endswith(f"/v1/programs/data/calendar.ics?token={found}")
    assert answer.headers["cache-control"] == "no-store"
    return found


def fetch(school: Any, token: str, program: str = "data") -> Any:
    return school.client.get(f"/v1/programs/{program}/calendar.ics", params={"token": token})


def entries(school: Any, token: str) -> dict[str, Any]:
    answer = fetch(school, token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    return {str(event["SUMMARY"]): event for event in calendar.walk("VEVENT")}


def test_unlocks_deadlines_and_live_sessions_stand_in_the_calendar(school: Any) -> None:
    school.open()
    found = entries(school, token_of(school, school.enroll()))
    times = {title: event.decoded("DTSTART") for title, event in found.items()}
    assert times == {
        "Week 1 unlocks: Week 1": datetime(2026, 3, 1, 23, 0, tzinfo=UTC),
        "Kick-off": datetime(2026, 3, 4, 17, 0, tzinfo=UTC),
        "Due: Essay": datetime(2026, 3, 8, 22, 59, 59, tzinfo=UTC),
        "Week 2 unlocks: Week 2": datetime(2026, 3, 8, 23, 0, tzinfo=UTC),
        "Clinic": datetime(2026, 3, 10, 17, 0, tzinfo=UTC),
        "Due: Bonus": datetime(2026, 3, 15, 22, 59, 59, tzinfo=UTC),
        "Week 3 unlocks: Week 3": datetime(2026, 3, 15, 23, 0, tzinfo=UTC),
    }
    assert found["Kick-off"].decoded("DTEND") == datetime(2026, 3, 4, 18, 0, tzinfo=UTC)


def test_a_join_link_appears_when_its_week_unlocks(school: Any) -> None:
    school.open()
    token = token_of(school, school.enroll())
    assert "https://meet.example/clinic" not in fetch(school, token).text
    school.clock.set(school.start + timedelta(days=7))
    assert "https://meet.example/clinic" in fetch(school, token).text


def test_an_entry_that_moves_keeps_its_uid(school: Any) -> None:
    school.open()
    token = token_of(school, school.enroll())
    before = {str(event["UID"]) for event in entries(school, token).values()}
    school.deliver(school.scheduled(sequence=2, start_date="2026-03-03", end_date="2026-03-23"))
    moved = entries(school, token)
    assert {str(event["UID"]) for event in moved.values()} == before
    assert moved["Kick-off"].decoded("DTSTART") == datetime(2026, 3, 5, 17, 0, tzinfo=UTC)


def test_a_new_address_ends_the_old_one(school: Any) -> None:
    school.open()
    student = school.enroll()
    old = token_of(school, student)
    new = token_of(school, student)
    answer = fetch(school, old)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert fetch(school, new).status_code == 200
    assert fetch(school, new, "other").json()["code"] == "invalid_token"
    assert fetch(school, "x" * 5000).json()["code"] == "invalid_token"


def test_whoever_loses_access_loses_the_calendar(school: Any) -> None:
    school.open()
    student = school.enroll()
    token = token_of(school, student)
    school.deliver(student.suspended(2))
    assert fetch(school, token).json()["code"] == "enrollment_suspended"
    school.deliver(student.revoked(3))
    assert fetch(school, token).json()["code"] == "not_enrolled"
    school.deliver(AccountErased(sequence=9, account_id=student.account_id))
    assert fetch(school, token).json()["code"] == "invalid_token"


def test_staff_have_a_calendar_while_they_are_staff(school: Any) -> None:
    school.open()
    account = new_id()
    told = {"account_id": account, "name": "Ife"}
    school.deliver(AccountUpdated(sequence=1, roles=["instructor"], teaches=["data"], **told))
    token = token_of(school, school.tokens.instructor("data", account_id=account), cohort="march")
    assert "https://meet.example/clinic" in fetch(school, token).text
    school.deliver(AccountUpdated(sequence=2, roles=["student"], teaches=[], **told))
    assert fetch(school, token).json()["code"] == "not_enrolled"


def test_staff_of_a_program_without_a_cohort_have_no_calendar(school: Any) -> None:
    school.import_program()
    assert school.client.post(TOKEN, headers=school.staff()).status_code == 404
