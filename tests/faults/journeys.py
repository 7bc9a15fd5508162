"""Students under way: each registers, pays, learns, talks, and writes down what was promised."""

import asyncio
import random
import secrets
import threading
import uuid

import aiohttp
import uvloop
from tests.faults.client import Browser, Refused, Stuck
from tests.faults.model import Ledger, Promises, Story
from tests.faults.stage import LESSONS, PRICE, Stage

#: Out of a hundred students; the others are plain.
_SHARES = {Story.SCHOLAR: 68, Story.IMPATIENT: 5, Story.REFUNDED: 5, Story.FORGOTTEN: 2, Story.WRONG_SUM: 2}
#: What nobody tells of is asked for after a minute or two, so late in a run (a share of the students) these are plain.
_SLOW_TO_HEAL = (Story.FORGOTTEN, Story.REFUNDED)
_LATE = 0.6
_NOT_YET_INSIDE = ("not_enrolled", "forbidden", "not_found")
#: Nobody completes a lesson in the moment in which the money is there, and who is not known yet only asks again. The
#: more are under way, the longer it takes to be known: a second for each so many students.
_STUDENTS_A_SECOND = 15
_ASK_AFTER_SECONDS = 15
_PASSWORD = secrets.token_urlsafe(12)


def story_of(number: int, journeys: int, dice: random.Random) -> Story:
    """Of the ``number``-th student."""
    roll = dice.randrange(100)
    for story, share in _SHARES.items():
        if roll < share:
            return Story.PLAIN if story in _SLOW_TO_HEAL and number > journeys * _LATE else story
        roll -= share
    return Story.PLAIN


class Journey:
    """One student's way; ``walk`` returns when it is over, whatever happened to the platform meanwhile.

    ``looks_around`` is how many seconds pass between the money and the first lesson.
    """

    def __init__(
        self, stage: Stage, browser: Browser, staff: Browser, ledger: Ledger, promises: Promises, *, looks_around: float
    ) -> None:
        self._stage = stage
        self._browser = browser
        self._staff = staff
        self._ledger = ledger
        self._promises = promises
        self._looks_around = looks_around
        self._base = stage.platform.url
        self._sandbox = f"{stage.platform.env['SANDBOX_PUBLIC_URL']}/sandbox/transactions"

    async def walk(self) -> None:
        """From registration to the last lesson and a post."""
        try:
            await self._come_in()
            await (self._be_let_in() if self._promises.story is Story.SCHOLAR else self._pay())
            if self._promises.story not in (Story.WRONG_SUM, Story.FORGOTTEN):
                await self._get_in()
                await self._learn()
                await self._talk()
            if self._promises.story is Story.REFUNDED:
                await self._take_money_back()
        except (Stuck, Refused) as error:
            self._ledger.stuck.append(f"student {self._promises.number} ({self._promises.story}): {error}")
        else:
            self._promises.finished = True

    async def _come_in(self) -> None:
        email = f"endurance-{uuid.uuid4().hex}@student.example"
        body = {"email": email, "password": _PASSWORD, "name": f"Student {self._promises.number}"}
        registered = await self._browser.ask("POST", f"{self._base}/v1/auth/register", json=body, key=uuid.uuid4().hex)
        self._promises.account_id = registered["user"]["id"]
        await self._browser.log_in(self._base, email, _PASSWORD)

    async def _be_let_in(self) -> None:
        body = {"userId": self._promises.account_id, "cohort": self._stage.cohort_id, "reason": "a scholarship"}
        path = f"{self._base}/v1/admin/enrollments"
        granted = await self._staff.ask("POST", path, json=body, key=uuid.uuid4().hex)
        self._promises.granted = granted["id"]

    async def _pay(self) -> None:
        program, promises = f"{self._base}/v1/programs/{self._stage.program}", self._promises
        await self._browser.ask("GET", f"{program}/can-enroll")
        checkout = await self._browser.ask("POST", f"{program}/payments", json={}, key=uuid.uuid4().hex)
        promises.reference = checkout["reference"]
        pay: dict[str, object] = {"announce": promises.story is not Story.FORGOTTEN}
        if promises.story is Story.WRONG_SUM:
            pay |= {"amount": PRICE - 100}
        await self._hand_over(pay)
        if promises.story is Story.IMPATIENT:
            await self._verify()

    async def _verify(self) -> None:
        path = f"{self._base}/v1/payments/{self._promises.reference}/verify"
        self._promises.payment_heard.append((await self._browser.ask("POST", path))["status"])

    async def _get_in(self) -> None:
        """Begin to learn; whoever is still outside after a while asks for the payment, as a checkout's page would."""
        await asyncio.sleep(self._looks_around)
        try:
            async with asyncio.timeout(_ASK_AFTER_SECONDS):
                await self._complete(LESSONS[0])
        except TimeoutError:
            if self._promises.reference:
                await self._verify()

    async def _hand_over(self, pay: dict[str, object]) -> None:
        """At the bank, which refuses to take the same money twice when its first answer was lost."""
        try:
            await self._browser.ask("POST", f"{self._sandbox}/{self._promises.reference}/pay", json=pay)
        except Refused as refused:
            if refused.status != 409:
                raise

    async def _learn(self) -> None:
        for lesson in LESSONS:
            if lesson not in self._promises.lessons:
                await self._complete(lesson)

    async def _complete(self, lesson: str) -> None:
        path = f"{self._base}/v1/courses/{self._stage.course}/lessons/{lesson}/complete"
        standing = await self._browser.ask("POST", path, wait_for=_NOT_YET_INSIDE)
        self._promises.lessons.add(standing["lesson"]["slug"])
        self._promises.course_complete = standing["course"]["completedAt"] is not None
        self._promises.program_complete = standing["program"]["completedAt"] is not None

    async def _talk(self) -> None:
        """A post; whoever did not pay, so that fewer events are about them, writes a second one."""
        path = f"{self._base}/v1/programs/{self._stage.program}/weeks/1/discussion/posts"
        for word in ("first", "second")[: 2 if self._promises.story is Story.SCHOLAR else 1]:
            body = {"body": f"Student {self._promises.number} was here, {word} post."}
            post = await self._browser.ask("POST", path, json=body, key=uuid.uuid4().hex, wait_for=_NOT_YET_INSIDE)
            self._promises.posts.add(post["id"])

    async def _take_money_back(self) -> None:
        path = f"{self._base}/v1/admin/payments/{self._promises.reference}/refund"
        await self._staff.ask("POST", path, json={"reason": "wanted it back"}, key=uuid.uuid4().hex)
        self._promises.refund_begun = True


class Load:
    """``journeys`` students, ``together`` of them at any time, in a thread of its own."""

    def __init__(self, stage: Stage, seed: int, journeys: int, together: int, *, plain: bool = False) -> None:
        self.ledger = Ledger()
        self.journeys = journeys
        self._stage = stage
        self._together = together
        dice = random.Random(f"{seed}-stories")
        self._stories = [Story.PLAIN if plain else story_of(number, journeys, dice) for number in range(journeys)]
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self) -> None:
        """Return when every student has come to the end."""
        self._thread.join()

    @property
    def is_over(self) -> bool:
        """Whether every student has come to the end."""
        return not self._thread.is_alive()

    @property
    def begun(self) -> float:
        """The share of the students who are under way or through."""
        return len(self.ledger.students) / self.journeys

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._drive())

    async def _drive(self) -> None:
        numbers = iter(range(self.journeys))
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4)
        async with aiohttp.ClientSession(connector=connector) as session:
            staff, admin = Browser(session, self.ledger), self._stage.platform.admin
            await staff.log_in(self._stage.platform.url, admin.email, admin.password)

            looks_around = self._together / _STUDENTS_A_SECOND

            async def one_after_another() -> None:
                for number in numbers:
                    promises = Promises(number, self._stories[number])
                    self.ledger.students.append(promises)
                    browser = Browser(session, self.ledger)
                    journey = Journey(self._stage, browser, staff, self.ledger, promises, looks_around=looks_around)
                    await journey.walk()

            await asyncio.gather(*(one_after_another() for _ in range(self._together)))
