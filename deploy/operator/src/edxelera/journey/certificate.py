"""The certificate: issued by the completion, its document made, downloaded, and verified by a stranger."""

import time
from pathlib import Path
from typing import Any

from edxelera.gateway_api import GatewayApi, fetch
from edxelera.journey.report import Report, poll, require
from edxelera.journey.study import Course

Json = dict[str, Any]


def wait_for_issue(report: Report, api: GatewayApi, slug: str, course: Course) -> Json:
    """The certificate of that course, as soon as it is issued."""
    with report.step("last lesson to issued certificate") as line:
        issued, _ = poll(lambda: find(api, slug, course.slug), lambda found: found is not None, "the certificate")
        assert issued is not None
        line.milliseconds = (time.perf_counter() - course.completed_at) * 1000
        line.note = f"{issued['title']}, {issued['recipientName']}"
    return issued


def find(api: GatewayApi, slug: str, course_slug: str) -> Json | None:
    """The student's certificate of that course, if there is one."""
    found = api.get("/v1/certificates")["certificates"]
    return next((one for one in found if (one["programSlug"], one["courseSlug"]) == (slug, course_slug)), None)


def receive(report: Report, api: GatewayApi, slug: str, course: Course, save: Path) -> str:
    """Download the document and verify it; the address of the verification page."""
    with report.step("its document is ready"):
        certificate, _ = poll(
            lambda: find(api, slug, course.slug), lambda found: found and found["documentReady"], "the PDF"
        )
        assert certificate is not None
    with report.step("download the PDF") as line:
        url = api.get(f"/v1/certificates/{certificate['id']}/download-url")["url"]
        document = fetch(url)
        require(document.status_code == 200, f"the download answered {document.status_code}: {document.text[:200]}")
        require(document.content.startswith(b"%PDF"), "what was downloaded is no PDF")
        save.parent.mkdir(parents=True, exist_ok=True)
        save.write_bytes(document.content)
        line.note = f"{len(document.content) / 1024:.0f} KiB"
    return verify(report, certificate, GatewayApi(api.url))


def verify(report: Report, certificate: Json, stranger: GatewayApi) -> str:
    """Anybody with the code sees that it is valid."""
    with report.step("verify it without an account") as line:
        verdict = stranger.get(f"/v1/certificates/verify/{certificate['verificationCode']}")
        require(verdict["valid"], f"the verification says {verdict}")
        line.note = f"valid, {verdict['recipientName']}"
    page = str(certificate["verificationUrl"])
    with report.step("the verification page for people") as line:
        shown = stranger.send("GET", page)
        require(shown.status_code == 200, f"{page} answered {shown.status_code}")
        require("valid" in shown.text.lower(), f"{page} does not say that the certificate is valid")
        line.note = page
    return page
