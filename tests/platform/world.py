"""One of everything that the contract's addresses can name."""

import secrets
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from tests.platform.callers import Stranger, Student
from tests.platform.installation import Platform
from tests.platform.media import seed_video
from tests.platform.school import SEEDED, School, paid_program


class World:
    """The people, and ``values`` for the ``{names}`` in the contract's paths and bodies."""

    def __init__(self, platform: Platform, school: School) -> None:
        self.platform, self.school = platform, school
        self.stranger = platform.stranger()
        self.member = _graduate(platform, school.paid)
        self.newcomer, self.leaver, self.changer = (platform.student() for _ in range(3))
        # several of each, in turn: one account has 300 calls a minute, and 20 posts
        self._admins = cycle([platform.staff("Ada Admin", ["admin"], []) for _ in range(6)])
        taught = [school.paid, school.free]
        self._instructors = cycle([platform.staff("Ina Instructor", ["instructor"], taught) for _ in range(3)])
        self._crowd = cycle([_graduate(platform, school.paid) for _ in range(6)])
        self._passersby = cycle([platform.student() for _ in range(4)])
        self._strangers = cycle([platform.stranger() for _ in range(6)])
        self.foreign_instructor = platform.staff("Fela Foreign", ["instructor"], [SEEDED])
        self.values: dict[str, Any] = {"run": secrets.token_hex(3), "seeded": SEEDED}
        self._school(school)
        self._study()
        self._discussion()
        self._money(school)
        self._certificates(school)
        self._videos()

    def who(self, name: str) -> Stranger:
        """A person of this world; of the interchangeable ones another at each call."""
        people: dict[str, Stranger | Iterator[Stranger]] = {
            "nothing": self._strangers,
            "login": self.member,
            "staff": self._instructors,
            "admin": self._admins,
            "crowd": self._crowd,
            "passerby": self._passersby,
            "newcomer": self.newcomer,
            "leaver": self.leaver,
            "changer": self.changer,
            "customer": self.customer,
            "foreign": self.foreign_instructor,
        }
        found = people[name]
        return found if isinstance(found, Stranger) else next(found)

    def filled(self, template: Any) -> Any:
        """``{names}`` replaced, in a path or anywhere in a body."""
        if isinstance(template, str):
            exact = template[1:-1]
            if template.startswith("{") and template.endswith("}") and exact in self.values:
                return self.values[exact]
            return template.format_map(self.values)
        if isinstance(template, dict):
            return {key: self.filled(value) for key, value in template.items()}
        if isinstance(template, list):
            return [self.filled(value) for value in template]
        return template

    def _school(self, school: School) -> None:
        self.values |= {
            "program": school.paid,
            "course": school.basics,
            "lesson": "one",
            "week": "1",
            "assignment": "essay",
            "cohort": school.cohort,
            "document": paid_program(school),
            "changer_email": self.changer.email,
            "changer_password": self.changer.password,
            "spare": self.platform.student().id,
            "granted": self.platform.student().id,
        }

    def _study(self) -> None:
        program = self.school.paid
        self.values["submission"] = self.member.hand_in(program, 1, "essay")["id"]
        calendar = self.member.post(f"/v1/programs/{program}/calendar-token")
        self.values["calendar_token"] = parse_qs(urlsplit(calendar["url"]).query)["token"][0]

    def _discussion(self) -> None:
        posts = f"/v1/programs/{self.school.paid}/weeks/1/discussion/posts"
        post, doomed = (self.member.call("POST", posts, 201, json={"body": f"Post {n}"}) for n in range(2))
        self.member.call("POST", f"/v1/discussion/posts/{post['id']}/replies", 201, json={"body": "And a reply"})
        self.values |= {"post": post["id"], "doomed_post": doomed["id"]}

    def _money(self, school: School) -> None:
        [payment] = self.member.billing(school.paid)["payments"]
        self.customer = self.platform.student("Customer")
        self.customer.enroll(school.paid)
        [refundable] = self.customer.billing(school.paid)["payments"]
        grant = {"userId": self.platform.student().id, "cohort": school.cohort, "reason": "a scholarship"}
        granted = self.platform.admin.call("POST", "/v1/admin/enrollments", 201, json=grant)
        coupon = {"code": f"world-{self.values['run']}", "kind": "percentage", "percent": 10, "reason": "for the test"}
        self.values["coupon"] = self.platform.admin.call("POST", "/v1/admin/coupons", 201, json=coupon)["code"]
        self.values |= {
            "reference": payment["reference"],
            "refundable": refundable["reference"],
            "enrollment": granted["id"],
        }

    def _certificates(self, school: School) -> None:
        own = self.member.certificate(program=school.paid, course=school.basics)
        first, second = _graduate(self.platform, school.free), _graduate(self.platform, school.free)
        to_approve, to_reject = _pair(first, school)
        to_revoke, to_reissue = _pair(second, school)
        for certificate in (to_approve, to_reject):
            first.call("POST", f"/v1/certificates/{certificate}/name-correction", 201, json={"name": "Another Name"})
        revoke = f"/v1/admin/certificates/{to_reissue}/revoke"
        self.platform.admin.call("POST", revoke, 200, json={"reason": "for the test"})
        self.values |= {
            "certificate": own["id"],
            "code": own["verificationCode"],
            "to_approve": to_approve,
            "to_reject": to_reject,
            "to_revoke": to_revoke,
            "to_reissue": to_reissue,
            "key": self.stranger.get("/v1/credentials/jwks.json")["keys"][0]["kid"].rsplit("/", 1)[1],
            "status": "0",
            "achievement": "courses",
        }

    def _videos(self) -> None:
        file = seed_video("welcome.mp4")
        body = {
            "filename": "a.mp4",
            "contentType": "video/mp4",
            "sizeBytes": len(file),
            "programSlug": self.school.paid,
        }
        made = self.who("staff").call("POST", "/v1/admin/videos", 201, json=body)
        sent = httpx.put(made["upload"]["url"], content=file, headers={"content-type": "video/mp4"})
        assert sent.is_success, sent.text
        self.values["video"] = made["videoId"]


def _graduate(platform: Platform, program: str) -> Student:
    """Enrolled, and everything complete that is open."""
    student = platform.student("Maya Member")
    student.enroll(program)
    hub = student.get(f"/v1/programs/{program}/weeks/1")
    for lesson in hub["lessons"]:
        student.complete(lesson["courseSlug"], lesson["slug"])
    return student


def _pair(graduate: Student, school: School) -> tuple[str, str]:
    """The certificates of the free course and of the free program."""
    of_course = graduate.certificate(program=school.free, course=school.free_course)
    return of_course["id"], graduate.certificate(program=school.free, course=None)["id"]
