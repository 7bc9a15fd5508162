"""From raw stream entries to effects: a batch in one transaction, and the event that fails there in its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

import structlog
from pydantic import ValidationError

from chassis.clock import Clock, utc_now
from chassis.database import Database, is_duplicate, is_unreachable
from chassis.messaging import failures
from chassis.messaging.consumers import Consumers
from chassis.messaging.inbox import Intake, Progress, intakes_of, take_in_all, trace_fields
from contracts.events import Envelope

log = structlog.get_logger(__name__)

#: Gives an unreadable entry an id: the same entry delivered twice is one dead letter.
_POISON = UUID("5f0b0c0e-6f0a-5d0b-8f3e-2d5f5a1c9e77")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry of a stream. ``where`` names it (stream and entry id)."""

    where: str
    raw: bytes


class Outcome(StrEnum):
    """What became of an event at one consumer."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"
    RETRYING = "retrying"
    DEAD = "dead"


@dataclass(slots=True)
class Report:
    """Outcomes by consumer, and the age in seconds of what was handled."""

    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    failed: bool = False

    def handled(self, intakes: Sequence[Intake], now: datetime) -> None:
        """These have just taken effect: one log line each."""
        for intake in intakes:
            age = (now - intake.envelope.time).total_seconds()
            self.outcomes.append((intake.handler.name, Outcome.HANDLED))
            self.ages.append(age)
            log.info(
                "event_handled",
                consumer=intake.handler.name,
                event_id=str(intake.envelope.id),
                event_type=intake.envelope.type,
                subject=intake.envelope.subject,
                **trace_fields(intake.envelope),
                age_ms=round(age * 1000, 1),
            )


class Taker:
    """Takes deliveries in for one service. Its methods block: call them from a thread.

    When one of them raises, the deliveries are neither in effect nor written down as failures (the database could
    not be reached): keep them and call again.
    """

    def __init__(
        self,
        database: Database,
        consumers: Consumers,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._consumers = consumers
        self._clock = clock

    def take_in(self, deliveries: Sequence[Delivery]) -> Report:
        """Each event takes effect or is written down as a failure."""
        report = Report()
        left: Sequence[Intake] = [intake for each in deliveries for intake in self._understand(each, report)]
        while left:
            left = self._take_in_some(left, report)
        return report

    def _take_in_some(self, intakes: Sequence[Intake], report: Report) -> Sequence[Intake]:
        """All in one transaction. If a handler fails: what came before it in one, the failing one in its own, and the
        rest is the answer, still to be taken in. So a bad event costs a few transactions, however large the batch.
        """
        if len(intakes) == 1:
            self._take_in_alone(intakes[0], report)
            return ()
        progress = Progress()
        try:
            self._take_in(intakes, report, progress)
        except Exception as error:
            if is_unreachable(error):
                raise
            return self._step_over(progress.current, intakes, report)
        return ()

    def _step_over(self, failed: Intake | None, intakes: Sequence[Intake], report: Report) -> Sequence[Intake]:
        """Without a culprit (the commit itself failed) there is no other way than one by one."""
        at = next((index for index, intake in enumerate(intakes) if intake is failed), None)
        if at is None:
            for intake in intakes:
                self._take_in_alone(intake, report)
            return ()
        before = intakes[:at]
        while before:
            before = self._take_in_some(before, report)
        self._take_in_alone(intakes[at], report)
        return intakes[at + 1 :]

    def _understand(self, delivery: Delivery, report: Report) -> list[Intake]:
        envelope = None
        try:
            envelope = Envelope.parse(delivery.raw)
            return intakes_of(self._consumers, envelope, delivery.raw)
        except (ValidationError, ValueError) as error:
            poison = error
        event_id = envelope.id if envelope else uuid5(_POISON, delivery.where)
        consumer, now = self._consumers.service, self._clock()
        self._database.run(
            lambda session: failures.record_poison(session, consumer, event_id, delivery.raw, poison, now)
        )
        report.outcomes.append((consumer, Outcome.DEAD))
        return []

    def _take_in(self, intakes: Sequence[Intake], report: Report, progress: Progress | None = None) -> None:
        now = self._clock()
        admitted = self._database.run(lambda session: take_in_all(session, intakes, now, progress))
        done = {intake.key for intake in admitted}
        report.handled(admitted, self._clock())
        report.outcomes.extend((intake.handler.name, Outcome.DUPLICATE) for intake in intakes if intake.key not in done)

    def _take_in_alone(self, intake: Intake, report: Report) -> None:
        verdict = self._verdict_alone(intake, report)
        if verdict is not None:
            self._write_down(intake, verdict, report)

    def _verdict_alone(self, intake: Intake, report: Report) -> failures.Verdict | None:
        for last in (False, True):
            try:
                self._take_in([intake], report)
                return None
            except Exception as error:
                if is_unreachable(error):
                    raise
                # Another worker may have made the same row in between our look and our row.
                if last or not is_duplicate(error):
                    return failures.judge(error, 1, intake.handler.retry)
        raise AssertionError("unreachable")

    def set_aside(self, delivery: Delivery, reason: str) -> Report:
        """Write a delivery down as failed without trying it here: it may have killed the processes that did."""
        report = Report()
        verdict = failures.Verdict(failures.State.RETRYING, timedelta(0), reason)
        for intake in self._understand(delivery, report):
            self._write_down(intake, verdict, report)
        return report

    def _write_down(self, intake: Intake, verdict: failures.Verdict, report: Report) -> None:
        now = self._clock()
        self._database.run(lambda session: failures.record(session, intake, verdict, now))
        report.outcomes.append((intake.handler.name, Outcome(verdict.state.value)))
        report.failed = True
