"""Tries failed events again when they are due."""

from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy.orm import Session

from chassis.clock import Clock, utc_now
from chassis.database import Database, is_unreachable
from chassis.messaging import failures
from chassis.messaging.consumers import Consumers
from chassis.messaging.failures import Failure, State, Verdict
from chassis.messaging.inbox import Intake, intakes_of, take_in_all
from chassis.messaging.intake import Outcome, Report
from chassis.messaging.retry import RetryPolicy
from contracts.events import Envelope


class ConsumerGone(Exception):
    """The failure names a consumer that this version of the service does not have."""


class ProcessDied(Exception):
    """The last attempt that is allowed was made, and never came to an end."""


class Retrier:
    """Works through ``event_failures``; several may do so at once (each row is claimed)."""

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

    def retry_one(self) -> Report | None:
        """Try the failure that is due longest; None when none is due. Raises when the database is out of reach."""
        now = self._clock()
        failure = self._database.run(failures.claim_due)
        if failure is None:
            return None
        report = Report()
        try:
            self._refuse_exhausted(failure)
            intakes = self._intakes(failure)
            admitted = self._database.run(lambda session: _take_in(session, failure, intakes, now))
        except Exception as error:
            if is_unreachable(error):
                raise
            verdict = self._verdict(error, failure)
            self._database.run(lambda session: failures.postpone(session, failure, verdict, now))
            report.outcomes.append((failure.consumer, Outcome(verdict.state.value)))
            return report
        report.handled(admitted, self._clock())
        return report

    def due_in(self) -> timedelta | None:
        """How long until there is something to do next; None when nothing is to be tried again."""
        return self._database.run(failures.due_in)

    def _intakes(self, failure: Failure) -> list[Intake]:
        envelope = Envelope.parse(failure.envelope)
        intakes = intakes_of(self._consumers, envelope, failure.envelope)
        if failure.consumer == self._consumers.service:  # it could not be read before: now all handlers get it
            return intakes
        ours = [intake for intake in intakes if intake.handler.name == failure.consumer]
        if not ours:
            raise ConsumerGone(f"{failure.consumer} does not take in {envelope.type} any more")
        return ours

    def _refuse_exhausted(self, failure: Failure) -> None:
        """An attempt past the cap is due only when the one before it neither succeeded nor failed."""
        if failure.attempts >= self._policy(failure).attempts:
            raise ProcessDied(f"{failure.attempts} attempts were made; the last one never ended")

    def _policy(self, failure: Failure) -> RetryPolicy:
        """Its consumer's; the usual one for what no consumer has been found for."""
        handler = self._consumers.find(failure.consumer, failure.type) if failure.type else None
        return handler.retry if handler else RetryPolicy()

    def _verdict(self, error: Exception, failure: Failure) -> Verdict:
        verdict = failures.judge(error, failure.attempts + 1, self._policy(failure))
        if isinstance(
            error, (ValidationError, ConsumerGone, ProcessDied)
        ):  # trying again with the same code cannot help
            return Verdict(State.DEAD, None, verdict.error)
        return verdict


def _take_in(session: Session, failure: Failure, intakes: list[Intake], now: datetime) -> list[Intake]:
    admitted = take_in_all(session, intakes, now)
    failures.settle(session, failure)
    return admitted
