"""Who may make which call, through the gateway: no token, a bad token, the wrong role, somebody else's."""

import pytest
from tests.platform.contract import CALLS, Call
from tests.platform.installation import Platform
from tests.platform.shapes import assert_problem
from tests.platform.tokens import FORGERIES, Forger
from tests.platform.world import World

CLOSED = [call for call in CALLS if call.needs != "nothing"]
STAFFS = [call for call in CALLS if call.needs in ("staff", "admin")]
ADMINS = [call for call in CALLS if call.needs == "admin"]
#: One call of each process that checks tokens.
ONE_OF_EACH = {
    "gateway": "/v1/me",
    "enrollment": "/v1/enrollments",
    "learning": "/v1/programs/{program}/home",
    "media": "/v1/programs/{program}/courses/{course}/lessons/{lesson}/playback",
    "certificates": "/v1/certificates",
    "discussion": "/v1/programs/{program}/weeks/{week}/discussion",
}


def _options(world: World, call: Call) -> dict[str, object]:
    return {} if call.body is None else {"json": world.filled(call.body)}


@pytest.mark.parametrize("call", CLOSED, ids=lambda call: call.name)
def test_without_a_token_the_answer_is_log_in_first(world: World, call: Call) -> None:
    answer = world.stranger.send(call.method, world.filled(call.address), **_options(world, call))
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("call", STAFFS, ids=lambda call: call.name)
def test_a_student_is_refused_where_staff_is_needed(world: World, call: Call) -> None:
    answer = world.customer.send(call.method, world.filled(call.address), **_options(world, call))
    assert_problem(answer, 403, ("staff_only", "admin_only"))


@pytest.mark.parametrize("call", ADMINS, ids=lambda call: call.name)
def test_an_instructor_is_refused_where_an_administrator_is_needed(world: World, call: Call) -> None:
    answer = world.who("staff").send(call.method, world.filled(call.address), **_options(world, call))
    assert_problem(answer, 403, "admin_only")


@pytest.mark.parametrize("call", [call for call in STAFFS if call.needs == "staff"], ids=lambda call: call.name)
def test_an_instructor_of_another_program_gets_nothing_of_this_one(world: World, call: Call) -> None:
    answer = world.foreign_instructor.send(call.method, world.filled(call.address), **_options(world, call))
    if answer.status_code == 200:  # a list, of the programs that the caller teaches
        assert call.method == "GET"
        assert world.school.paid not in answer.text
        assert world.school.free not in answer.text
    else:
        assert_problem(answer, (403, 404))


@pytest.mark.parametrize("service", ONE_OF_EACH)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_every_service_sees_through_a_bad_token_by_itself(world: World, service: str, forgery: str) -> None:
    forger, path = Forger(world.platform, world.member.token), world.filled(ONE_OF_EACH[service])
    token = FORGERIES[forgery](forger)
    answer = world.stranger.send("GET", path, headers={"authorization": f"Bearer {token}"})
    assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("service", ONE_OF_EACH)
def test_the_same_token_made_honestly_is_believed(world: World, service: str) -> None:
    token = Forger(world.platform, world.member.token).honest()
    path = world.filled(ONE_OF_EACH[service])
    answer = world.stranger.send("GET", path, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 404), answer.text  # 404: the lesson has no video
    assert answer.json().get("code", "no_video") == "no_video"


@pytest.mark.parametrize("scheme", ["Basic YTpi", "Bearer", "bearer", "Token {token}", "{token}", "Bearer {token} x"])
def test_only_a_bearer_token_is_one(world: World, scheme: str) -> None:
    for path in ONE_OF_EACH.values():
        header = scheme.replace("{token}", world.member.token)
        answer = world.stranger.send("GET", world.filled(path), headers={"authorization": header})
        assert_problem(answer, 401, "unauthenticated")


def test_a_service_token_opens_no_public_door(platform: Platform, world: World) -> None:
    import jwt

    secret = platform.env["EDX_SERVICE_TOKEN_SECRETS"].split(",")[0]
    header = {"kid": jwt.get_unverified_header(world.member.token)["kid"]}
    claims = jwt.decode(world.member.token, options={"verify_signature": False})
    for service, path in ONE_OF_EACH.items():
        token = jwt.encode({**claims, "iss": "media", "aud": service}, secret, algorithm="HS256", headers=header)
        answer = world.stranger.send("GET", world.filled(path), headers={"authorization": f"Bearer {token}"})
        assert_problem(answer, 401, "unauthenticated")


#: What belongs to the member, asked for by a student who is enrolled in the same program.
PRIVATE = [
    ("POST", "/v1/payments/{reference}/verify", None),
    ("GET", "/v1/payments/{reference}/receipt", None),
    ("GET", "/v1/certificates/{certificate}/download-url", None),
    ("POST", "/v1/certificates/{certificate}/name-correction", {"name": "Mine now"}),
    ("PATCH", "/v1/discussion/posts/{post}", {"body": "Mine now"}),
    ("DELETE", "/v1/discussion/posts/{post}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), PRIVATE, ids=lambda value: str(value))
def test_what_is_somebody_elses_stays_theirs(world: World, method: str, path: str, body: object) -> None:
    options = {} if body is None else {"json": body}
    answer = world.customer.send(method, world.filled(path), **options)
    assert_problem(answer, (403, 404))
    lists = {"/v1/certificates": "certificates", "/v1/enrollments": "enrollments"}
    for address, name in lists.items():
        mine, theirs = world.customer.get(address)[name], world.member.get(address)[name]
        assert not {item["id"] for item in mine} & {item["id"] for item in theirs}


def test_what_a_payment_opens_is_closed_to_who_did_not_pay(world: World) -> None:
    program, course = world.school.paid, world.school.basics
    for method, path in (
        ("GET", f"/v1/programs/{program}/home"),
        ("GET", f"/v1/programs/{program}/weeks/1"),
        ("GET", f"/v1/programs/{program}/courses/{course}/lessons/one"),
        ("GET", f"/v1/programs/{program}/courses/{course}/lessons/one/playback"),
        ("GET", f"/v1/courses/{course}/progress"),
        ("POST", f"/v1/courses/{course}/lessons/one/complete"),
        ("POST", f"/v1/programs/{program}/calendar-token"),
        ("GET", f"/v1/programs/{program}/weeks/1/discussion"),
    ):
        assert_problem(world.newcomer.send(method, path), 403, "not_enrolled")
    submit = f"/v1/programs/{program}/weeks/1/assignments/essay/submissions"
    assert_problem(world.newcomer.send("POST", submit, json={"text": "Hello"}), 403, "not_enrolled")
