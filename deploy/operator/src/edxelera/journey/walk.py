"""The walk itself, chapter by chapter."""

import secrets
import time
from pathlib import Path
from typing import Any

from edxelera.console import console
from edxelera.gateway_api import GatewayApi
from edxelera.journey import certificate, discussion, study
from edxelera.journey.checkout import pay
from edxelera.journey.report import Report, poll, require
from edxelera.journey.target import Target

Json = dict[str, Any]


def walk(target: Target, program: str | None, save: Path) -> None:
    """A new student registers, pays, learns, is certified, and talks; raises at the first step that fails."""
    console.print(f"\nA student's way through [bold]{target.url}[/bold]\n")
    report, api = Report(), GatewayApi(target.url)
    arrive(report, api)
    slug = choose(report, api, program)
    enroll(report, api, slug)
    home = study.look_around(report, api, slug)
    study.watch(report, api, slug, home)
    course = study.complete_smallest_course(report, api, slug, home)
    certificate.wait_for_issue(report, api, slug, course)
    study.complete_rest(report, api, course)
    page = certificate.receive(report, api, slug, course, save)
    discussion.talk(report, api, target, slug)
    console.print(
        f"\n[bold green]All {len(report.lines)} steps done[/bold green] in {report.total_seconds():.1f} s. "
        f"The certificate is in {save} and verifies at [bold]{page}[/bold]\n"
    )


def arrive(report: Report, api: GatewayApi) -> None:
    """Register and log in."""
    email, password = f"demo-{secrets.token_hex(5)}@student.example", secrets.token_urlsafe(12)
    with report.step("register") as line:
        user = api.post("/v1/auth/register", {"email": email, "password": password, "name": "Demo Student"})["user"]
        require(user["email"] == email, f"another account was made: {user}")
        line.note = email
    with report.step("log in"):
        api.login(email, password)
        require(api.get("/v1/me")["id"] == user["id"], "the session belongs to another account")


def choose(report: Report, api: GatewayApi, wanted: str | None) -> str:
    """A program on offer that this student may join now."""
    with report.step("list programs") as line:
        programs = list(api.pages("/v1/programs", "programs"))
        require(programs, "no program is on offer; run 'make seed'")
        slug = str(wanted or programs[0]["slug"])
        require(slug in {program["slug"] for program in programs}, f"{slug} is not on offer")
        line.note = ", ".join(program["slug"] for program in programs)
    with report.step("may I enroll?") as line:
        decision = api.get(f"/v1/programs/{slug}/can-enroll")
        require(decision["allowed"], f"no: {decision['reason']} ({decision['message']}); 'make seed' opens a cohort")
        line.note = f"yes, {decision['reason']}: cohort {decision['cohort']['slug']}"
    return slug


def enroll(report: Report, api: GatewayApi, slug: str) -> None:
    """Pay at the checkout page and wait until the program opens."""
    with report.step("initialise the payment") as line:
        checkout = api.call("POST", f"/v1/programs/{slug}/payments", 201, json={})
        again = api.call("POST", f"/v1/programs/{slug}/payments", 200, json={})
        require(again["reference"] == checkout["reference"], "asking twice made two checkouts")
        line.note = f"{checkout['reference']}, {checkout['amountMinor'] / 100:,.2f} {checkout['currency']}"
    if checkout["authorization_url"]:
        with report.step("pay at the checkout page"):
            pay(checkout["authorization_url"])
    paid = time.perf_counter()
    with report.step("webhook to active enrollment") as line:
        billing, line.milliseconds = poll(
            lambda: api.get(f"/v1/programs/{slug}/billing"),
            lambda answer: answer["enrollmentStatus"] == "active" and answer["hasAccess"],
            "the enrollment",
        )
        line.note = f"{billing['payments'][0]['status']}, access to cohort {billing['cohort']['slug']}"
    with report.step("webhook to opened program home") as line:
        poll(lambda: api.send("GET", f"/v1/programs/{slug}/home").status_code, lambda code: code == 200, "the home")
        line.milliseconds = (time.perf_counter() - paid) * 1000
    with report.step("verify the payment"):
        payment = api.post(f"/v1/payments/{checkout['reference']}/verify")
        require(payment["status"] == "succeeded", f"the payment is {payment['status']}")
    if billing["payments"][0]["receiptUrl"]:
        with report.step("download the receipt") as line:
            receipt = api.send("GET", f"/v1/payments/{checkout['reference']}/receipt")
            require(receipt.status_code == 200, f"the receipt was answered {receipt.status_code}: {receipt.text[:200]}")
            require(receipt.content.startswith(b"%PDF"), "what was downloaded is no PDF")
            line.note = f"{len(receipt.content) / 1024:.0f} KiB"
