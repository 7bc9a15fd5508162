"""Handing in and grading."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from contracts.events import AccountErased, AssignmentGraded, AssignmentSubmitted

PATH = "/v1/programs/data/weeks/1/assignments/essay/submissions"


def grade(school: Any, submission: dict[str, Any], score: float = 80, feedback: str = "Good.", who: Any = None) -> Any:
    path = f"{PATH}/{submission['id']}/grade"
    return school.client.put(path, headers=who or school.staff(), json={"score": score, "feedback": feedback})


def test_a_submission_in_time(school: Any) -> None:
    school.open()
    student = school.enroll()
    answer = school.submit(student, "essay", 1, text="My page", url="https://x.example/page")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["attempt"], body["late"], body["status"]) == (1, False, "submitted")
    assert (body["text"], body["url"], body["dueAt"]) == ("My page", "https://x.example/page", "2026-03-08T22:59:59Z")
    event = school.events(AssignmentSubmitted)[0]
    assert (event.assignment_slug, event.week_number, event.late) == ("essay", 1, False)
    assert str(event.submission_id) == body["id"]
    assert school.week(student, 1)["assignments"][0]["status"] == "submitted"


def test_a_submission_is_late_right_after_the_deadline(school: Any) -> None:
    school.open()
    due = school.start + timedelta(days=7) - timedelta(seconds=1)
    school.clock.set(due)
    assert school.submit(school.enroll(), "essay", 1).json()["late"] is False
    school.clock.set(due + timedelta(microseconds=1))
    student = school.enroll()
    assert school.submit(student, "essay", 1).json()["status"] == "late"
    assert school.week(student, 1)["assignments"][0]["status"] == "late"


def test_a_new_attempt_counts_until_one_is_graded(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.submit(student, "essay", 1, text="First")
    second = school.submit(student, "essay", 1, text="Second").json()
    assert second["attempt"] == 2
    assert [each["text"] for each in school.get(PATH, student).json()["submissions"]] == ["Second", "First"]
    assert grade(school, second).status_code == 200
    answer = school.submit(student, "essay", 1, text="Third")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_graded")


def test_a_grade_is_seen_by_the_student_and_told_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    submission = school.submit(student, "essay", 1).json()
    graded = grade(school, submission, 87.5).json()
    assert (graded["status"], graded["score"], graded["feedback"]) == ("graded", 87.5, "Good.")
    assert grade(school, submission, 87.5).json() == graded
    assert school.week(student, 1)["assignments"][0]["score"] == 87.5
    assert grade(school, submission, 90).json()["score"] == 90
    assert [(event.score, event.sequence) for event in school.events(AssignmentGraded)] == [(87.5, 2), (90.0, 3)]


def test_only_staff_of_the_program_grade(school: Any) -> None:
    school.open()
    student = school.enroll()
    submission = school.submit(student, "essay", 1).json()
    for who in (student.headers, school.tokens.instructor("other")):
        answer = grade(school, submission, who=who)
        assert (answer.status_code, answer.json()["code"]) == (403, "staff_only")
    assert grade(school, submission, who=school.tokens.admin()).status_code == 200
    assert grade(school, {"id": "0190a0a0-0000-7000-8000-00000000ffff"}).status_code == 404


def test_students_read_their_own_and_staff_the_cohorts(school: Any) -> None:
    school.open()
    students = [school.enroll() for _ in range(3)]
    for student in students:
        school.submit(student, "essay", 1, text=str(student.account_id))
    own = school.get(PATH, students[0]).json()
    assert [each["text"] for each in own["submissions"]] == [str(students[0].account_id)]
    first = school.get(PATH, school.staff(), limit="2").json()
    rest = school.get(PATH, school.staff(), limit="2", cursor=first["nextCursor"]).json()
    seen = [each["studentId"] for each in first["submissions"] + rest["submissions"]]
    assert seen == [str(student.account_id) for student in reversed(students)]
    assert (rest["nextCursor"], rest["preview"]) == (None, True)


def test_nothing_can_be_handed_in_to_a_locked_week(school: Any) -> None:
    school.open()
    answer = school.submit(school.enroll(), "bonus", 2)
    assert (answer.status_code, answer.json()["code"]) == (403, "week_locked")


def test_an_assignment_is_found_in_its_own_week_only(school: Any) -> None:
    school.open()
    student = school.enroll()
    assert [school.submit(student, "essay", week).status_code for week in (2, 9, 0)] == [404] * 3
    assert school.submit(student, "none", 1).status_code == 404


def test_the_same_idempotency_key_hands_in_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    headers = {**student.headers, "Idempotency-Key": "one"}
    answers = [school.client.post(PATH, headers=headers, json={"text": "Once"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    other = school.client.post(PATH, headers=headers, json={"text": "Other"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(school.events(AssignmentSubmitted)) == 1


def test_attempts_at_once_are_numbered_one_after_the_other(school: Any) -> None:
    school.open()
    student = school.enroll()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: school.submit(student, "essay", 1), range(4)))
    assert sorted(answer.json()["attempt"] for answer in answers) == [1, 2, 3, 4]


def test_attempts_at_once_with_keys_of_their_own_do_not_wait_for_each_others_threads(school: Any) -> None:
    school.open()
    student = school.enroll()

    def hand_in(number: int) -> int:
        headers = {**student.headers, "Idempotency-Key": f"key-{number}"}
        status: int = school.client.post(PATH, headers=headers, json={"text": "Mine"}).status_code
        return status

    with ThreadPoolExecutor(12) as threads:
        assert set(threads.map(hand_in, range(12))) == {201}


def test_what_an_erased_person_wrote_is_gone(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.submit(student, "essay", 1, text="Personal", url="https://me.example")
    school.deliver(AccountErased(sequence=5, account_id=student.account_id))
    found = school.get(PATH, school.staff()).json()["submissions"][0]
    assert (found["text"], found["url"], found["status"]) == (None, None, "submitted")
