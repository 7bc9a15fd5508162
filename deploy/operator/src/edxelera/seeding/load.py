"""Loading the seeds: what exists already is left as it is, so that loading twice is harmless."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from edxelera.failure import Failure
from edxelera.gateway_api import GatewayApi, Refused
from edxelera.seeding.files import Document, SeedProgram, load_people, load_programs, resolve_cohort
from edxelera.seeding.upload import Route, known_videos, upload_video

Show = Callable[[str], None]


def load_seeds(api: GatewayApi, seeds: Path, password: str, route: Route, show: Show) -> str:
    """Load everything as the signed-in administrator; a sentence that says what was done."""
    people = load_people(seeds)
    for person in people:
        show(person["name"])
        ensure_person(api, person, password)
    programs = load_programs(seeds)
    if not programs:
        raise Failure(f"There is no program in {seeds}.")
    new_cohorts = sum(load_program(api, program, route, show) for program in programs)
    for program in programs:
        show(f"waiting for {program.slug} to be on offer")
        wait_until_offered(api, program.slug)
    return f"{len(programs)} program, {len(people)} people, {new_cohorts} new cohorts"


def ensure_person(api: GatewayApi, person: Document, password: str) -> None:
    """Register who is missing, then give the roles."""
    user = find_user(api, person["email"])
    if user is None:
        body = {"email": person["email"], "password": password, "name": person["name"]}
        try:
            api.post("/v1/auth/register", body)
        except Refused as refused:
            if refused.code != "email_taken":  # someone else did the same a moment ago
                raise
        user = find_user(api, person["email"])
    if user is None:
        raise Failure(f"{person['email']} was registered but the gateway does not list the account.")
    wanted = {"roles": person["roles"], "teaches": person["teaches"]}
    if any(sorted(user[field]) != sorted(values) for field, values in wanted.items()):
        api.call("PUT", f"/v1/admin/users/{user['id']}/roles", json=wanted)


def find_user(api: GatewayApi, email: str) -> Document | None:
    """The account of that address."""
    users: list[Document] = api.get("/v1/admin/users", email=email)["users"]
    return users[0] if users else None


def load_program(api: GatewayApi, program: SeedProgram, route: Route, show: Show) -> int:
    """Videos, then the document that names them, then the cohorts; how many cohorts are new."""
    known = known_videos(api, program.slug)
    ids = {}
    for file in program.video_files():
        show(file.name)
        found = known.get((file.name, file.stat().st_size))
        ids[file.name] = found or upload_video(api, program.slug, file, route)
    show(f"{program.slug}: the curriculum")
    api.call("PUT", f"/v1/admin/programs/{program.slug}", json=program.with_videos(ids))
    return load_cohorts(api, program, datetime.now(UTC))


def load_cohorts(api: GatewayApi, program: SeedProgram, now: datetime) -> int:
    """Create each cohort whose slug does not exist yet; how many."""
    existing = {cohort["slug"] for cohort in api.pages("/v1/admin/cohorts", "cohorts", program=program.slug)}
    bodies = [resolve_cohort(cohort, program.slug, now) for cohort in program.cohorts]
    new = [body for body in bodies if body["slug"] not in existing]
    for body in new:
        api.post("/v1/admin/cohorts", body)
    return len(new)


def wait_until_offered(api: GatewayApi, program_slug: str, seconds: float = 30) -> None:
    """The curriculum travels to enrollment by event; wait until students can see the program."""
    deadline = time.monotonic() + seconds
    while program_slug not in {program["slug"] for program in api.pages("/v1/programs", "programs")}:
        if time.monotonic() > deadline:
            raise Failure(
                f"{program_slug} was published but /v1/programs does not offer it after {seconds:.0f} s; "
                "look at 'make logs unit=learning-worker' and 'make logs unit=enrollment-worker'."
            )
        time.sleep(0.1)
