"""Talking with the cohort: a post, a reply, a pin by the instructor, and the pin that a student may not set."""

from typing import Any

from edxelera.gateway_api import GatewayApi, Refused
from edxelera.journey.report import Report, poll, require
from edxelera.journey.target import Target

Json = dict[str, Any]


def talk(report: Report, api: GatewayApi, target: Target, slug: str) -> None:
    """In the thread of week 1."""
    thread = f"/v1/programs/{slug}/weeks/1/discussion"
    with report.step("post in the discussion") as line:
        post: Json = _post(api, thread)
        line.note = post["author"]["name"]
    with report.step("reply"):
        reply = api.call("POST", f"/v1/discussion/posts/{post['id']}/replies", 201, json={"body": "It helped me too."})
        require(reply["id"] != post["id"], "the reply is the post")
    with report.step("a student may not pin") as line:
        refusal = refused_pin(api, post["id"])
        require((refusal.status, refusal.code) == (403, "staff_only"), f"the refusal was {refusal}")
        line.note = "403 staff_only"
    with report.step("the instructor pins it") as line:
        instructor = GatewayApi(target.url)
        email, password = target.staff_of(slug)
        instructor.login(email, password)
        pinned = instructor.call("PUT", f"/v1/discussion/posts/{post['id']}/pin", 200, json={"pinned": True})
        require(pinned["pinned"], "the post is not pinned")
        line.note = email
    with report.step("the thread shows it first"):
        posts = api.get(thread)["posts"]
        require(
            any(shown["id"] == post["id"] and shown["pinned"] for shown in posts), "it is not among the first posts"
        )


def _post(api: GatewayApi, thread: str) -> Json:
    """The discussion hears of the enrollment by event: for a moment it may say ``not_enrolled``."""
    poll(lambda: api.send("GET", thread).status_code, lambda status: status == 200, "the discussion's welcome")
    made: Json = api.call("POST", f"{thread}/posts", 201, json={"body": "What helped you most this **week**?"})
    return made


def refused_pin(api: GatewayApi, post_id: str) -> Refused:
    """The refusal of a student's pin."""
    answer = api.send("PUT", f"/v1/discussion/posts/{post_id}/pin", json={"pinned": True})
    return Refused(answer)
