"""Taking events in: exactly once, in batches, with failures beside the way instead of in it."""

import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from messaging_parts import Effects, Parts, delivery, numbered, video
from sqlalchemy import insert, select, text
from sqlalchemy.event import listen
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chassis import tables
from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import Consumers, emit
from chassis.messaging.failures import LEASE
from chassis.messaging.intake import Delivery, Outcome, Taker
from chassis.messaging.retrier import Retrier
from chassis.messaging.retry import RetryPolicy
from chassis.testing import deliver, published
from chassis.testing.clock import SettableClock
from chassis.testing.messaging import enveloped
from chassis.testing.queries import count_queries, count_transactions
from chassis.testing.wire import Wire
from contracts.events import Envelope, VideoReady

#: The most that EDX_CONSUMER_BATCH can be.
LARGEST_BATCH = 1000


def fails_at(*numbers: int, error: Exception | None = None) -> object:
    def handler(session: Session, event: VideoReady) -> None:
        if event.sequence in numbers:
            raise error or ValueError(f"cannot take {event.sequence}")

    return handler


def test_a_batch_takes_effect_in_order_and_in_a_few_statements(db: Database, effects: Effects) -> None:
    taker = Taker(db, effects.consumers())
    with count_queries(db) as queries:
        report = taker.take_in([delivery(envelope) for envelope in numbered(*range(100))])
    assert effects.numbers() == list(range(100))
    assert [outcome for _, outcome in report.outcomes] == [Outcome.HANDLED] * 100
    assert len(queries) == 100 + 1, "one effect each; the inbox is written once, and read only if it refuses"


def test_a_duplicate_has_no_effect_whether_in_the_same_batch_or_later(db: Database, effects: Effects) -> None:
    taker = Taker(db, effects.consumers())
    one, two = numbered(1, 2)
    taker.take_in([delivery(one), delivery(one, "edxelera.media/1-2"), delivery(two)])
    taker.take_in([delivery(two, "edxelera.media/1-3")])
    taker.take_in([delivery(one, "edxelera.media/1-4"), delivery(two, "edxelera.media/1-5")])
    assert effects.numbers() == [1, 2]
    assert effects.failures() == []


def test_the_same_event_arriving_twice_at_once_takes_effect_once(db: Database, effects: Effects) -> None:
    meet = threading.Barrier(2, timeout=10)
    both_inside = threading.Barrier(2)

    def slow(session: Session, event: VideoReady) -> None:
        with suppress(threading.BrokenBarrierError):  # keeps the first one open while the other wants the inbox row
            both_inside.wait(0.3)

    taker = Taker(db, effects.consumers(slow))
    envelope = numbered(1)[0]
    reports = []

    def take() -> None:
        meet.wait()
        reports.append(taker.take_in([delivery(envelope)]))

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert effects.numbers() == [1]
    assert effects.failures() == []
    assert sorted(outcome for report in reports for _, outcome in report.outcomes) == ["duplicate", "handled"]


def test_one_bad_event_in_a_batch_holds_nothing_back(db: Database, effects: Effects) -> None:
    taker = Taker(db, effects.consumers(fails_at(3)))
    report = taker.take_in([delivery(envelope) for envelope in numbered(1, 2, 3, 4, 5)])
    assert effects.numbers() == [1, 2, 4, 5]
    (failure,) = effects.failures()
    assert (failure.consumer, failure.state, failure.attempts) == ("learning.note", "retrying", 1)
    assert "ValueError: cannot take 3" in failure.error
    assert "Traceback" in failure.error
    assert Envelope.parse(failure.envelope).id == failure.event_id
    assert report.failed


@pytest.mark.parametrize(("bad", "transactions"), [(0, 4), (57, 5), (99, 4)], ids=["first", "amid", "last"])
def test_one_bad_event_costs_a_few_transactions_however_large_the_batch(
    bad: int, transactions: int, db: Database, effects: Effects
) -> None:
    """The failed batch, what came before, the bad one, its failure, and the rest."""
    runs = []

    def fails(session: Session, event: VideoReady) -> None:
        runs.append(event.sequence)
        if event.sequence == bad:
            raise ValueError

    batch = [delivery(envelope) for envelope in numbered(*range(100))]
    with count_transactions(db) as begun:
        Taker(db, effects.consumers(fails)).take_in(batch)
    assert len(begun) == transactions
    assert len(runs) <= 2 * 100 + 1
    assert effects.numbers() == [number for number in range(100) if number != bad], "in order all the same"
    assert len(effects.failures()) == 1


def test_many_bad_events_in_a_batch_cost_only_themselves(db: Database, effects: Effects) -> None:
    bad = {0, 1, 5, 6, 19}
    with count_transactions(db) as begun:
        Taker(db, effects.consumers(fails_at(*bad))).take_in([delivery(each) for each in numbered(*range(20))])
    assert effects.numbers() == [number for number in range(20) if number not in bad]
    assert len(effects.failures()) == len(bad)
    assert len(begun) <= 4 * len(bad) + 1


def test_when_nobody_can_be_blamed_each_event_gets_a_transaction(db: Database, effects: Effects) -> None:
    def only_alone(session: Session, event: VideoReady) -> None:
        if session.info.setdefault("first", event.sequence) != event.sequence:
            listen(session, "before_commit", refuse)

    def refuse(session: Session) -> None:
        raise RuntimeError

    Taker(db, effects.consumers(only_alone)).take_in([delivery(each) for each in numbered(1, 2, 3)])
    assert effects.numbers() == [1, 2, 3]
    assert effects.failures() == []


def test_one_known_event_in_the_largest_batch_is_passed_over_alone(db: Database, effects: Effects) -> None:
    """The inbox must refuse the whole batch: rows of ours that stayed would make us pass over our own events."""
    taker = Taker(db, effects.consumers())
    envelopes = numbered(*range(LARGEST_BATCH))
    taker.take_in([delivery(envelopes[-1])])
    with count_transactions(db) as begun:
        report = taker.take_in([delivery(envelope) for envelope in envelopes])
    assert len(begun) == 1
    assert sorted(effects.numbers()) == list(range(LARGEST_BATCH))
    assert Counter(outcome for _, outcome in report.outcomes) == {
        Outcome.HANDLED: LARGEST_BATCH - 1,
        Outcome.DUPLICATE: 1,
    }


def test_what_fails_only_when_it_is_written_is_a_failure_too(db: Database, effects: Effects) -> None:
    def breaks_a_constraint(session: Session, event: VideoReady) -> None:
        if event.sequence == 2:
            for _ in range(2):
                session.execute(text("INSERT INTO effects (id, number) VALUES (424242, 2)"))

    Taker(db, effects.consumers(breaks_a_constraint)).take_in([delivery(each) for each in numbered(1, 2, 3)])
    assert effects.numbers() == [1, 3]
    assert len(effects.failures()) == 1


def test_a_failing_handler_does_not_undo_another_handler_of_the_same_event(db: Database, effects: Effects) -> None:
    consumers = effects.consumers(name="learning.first")

    @consumers.on(VideoReady, as_="learning.second")
    def second(session: Session, event: VideoReady) -> None:
        raise ValueError

    Taker(db, consumers).take_in([delivery(numbered(1)[0])])
    assert effects.numbers() == [1]
    assert [failure.consumer for failure in effects.failures()] == ["learning.second"]


@pytest.mark.parametrize("raw", [b"", b"\xff\x00", b"[]", b'{"a":1}', b'{"id":"x"}'], ids=repr)
def test_poison_becomes_a_dead_letter_at_once_and_only_once(raw: bytes, db: Database, effects: Effects) -> None:
    taker = Taker(db, effects.consumers())
    good = delivery(numbered(1)[0])
    for _ in range(2):
        taker.take_in([Delivery("edxelera.media/7-0", raw), good])
    (failure,) = effects.failures()
    assert (failure.state, failure.consumer, failure.envelope) == ("dead", "learning", raw)
    assert effects.numbers() == [1]


def test_an_event_whose_data_is_not_what_it_should_be_is_a_dead_letter_under_its_id(
    db: Database, effects: Effects
) -> None:
    envelope = enveloped(video(1))
    broken = envelope.model_copy(update={"data": {"program_slug": "p"}})
    Taker(db, effects.consumers()).take_in([delivery(broken), delivery(numbered(2)[0])])
    (failure,) = effects.failures()
    assert (failure.state, failure.event_id) == ("dead", envelope.id)
    assert effects.numbers() == [2]


def test_unknown_and_unwanted_types_are_passed_over(db: Database, effects: Effects) -> None:
    newer = enveloped(video(1)).model_copy(update={"type": "edxelera.media.video_sharpened.v9"})
    unwanted = Taker(db, Consumers("learning"))
    assert Taker(db, effects.consumers()).take_in([delivery(newer)]).outcomes == []
    assert unwanted.take_in([delivery(numbered(1)[0])]).outcomes == []
    assert effects.failures() == []


def test_a_projection_that_keeps_the_highest_sequence_does_not_mind_the_order(db: Database, effects: Effects) -> None:
    consumers = Consumers("learning")

    @consumers.on(VideoReady, as_="learning.newest")
    def newest(session: Session, event: VideoReady) -> None:
        known = session.scalar(text("SELECT MAX(number) FROM effects")) or 0
        if event.sequence > known:
            Effects.note(session, "learning.newest", event.sequence)

    Taker(db, consumers).take_in([delivery(envelope) for envelope in numbered(2, 5, 1, 3)])
    assert effects.numbers() == [2, 5]


def test_each_consumer_has_its_own_cap(db: Database, effects: Effects) -> None:
    consumers = effects.consumers(fails_at(1), retry=RetryPolicy(attempts=2))

    @consumers.on(VideoReady, as_="learning.patient", retry=RetryPolicy(attempts=4))
    def patient(session: Session, event: VideoReady) -> None:
        raise ValueError

    @consumers.on(VideoReady, as_="learning.once", retry=RetryPolicy(attempts=1))
    def once(session: Session, event: VideoReady) -> None:
        raise ValueError

    Taker(db, consumers).take_in([delivery(numbered(1)[0])])
    retrier = Retrier(db, consumers)
    while retrier.due_in() is not None:
        effects.let_pass(hours=1)
        retrier.retry_one()
    assert {failure.consumer: (failure.state, failure.attempts) for failure in effects.failures()} == {
        "learning.note": ("dead", 2),
        "learning.patient": ("dead", 4),
        "learning.once": ("dead", 1),
    }


def test_retries_wait_longer_each_time_and_end_as_a_dead_letter(db: Database, effects: Effects) -> None:
    consumers = effects.consumers(fails_at(1), retry=RetryPolicy(attempts=4, first=timedelta(minutes=1)))
    Taker(db, consumers).take_in([delivery(numbered(1)[0])])
    retrier = Retrier(db, consumers)
    waits = []
    while (due := retrier.due_in()) is not None:
        assert retrier.retry_one() is None, "not due yet"
        waits.append(due.total_seconds())
        effects.let_pass(seconds=waits[-1])
        retrier.retry_one()
    assert waits == sorted(waits)
    assert len(waits) == 3
    (failure,) = effects.failures()
    assert (failure.state, failure.attempts, failure.next_attempt_at) == ("dead", 4, None)


def test_the_delay_survives_a_restart_and_success_clears_the_failure(db: Database, effects: Effects) -> None:
    failing = effects.consumers(fails_at(1), retry=RetryPolicy(first=timedelta(minutes=1)))
    Taker(db, failing).take_in([delivery(numbered(1)[0])])
    repaired = Retrier(db, effects.consumers())  # a new process, and a new version of the code
    assert repaired.retry_one() is None
    effects.let_pass(minutes=2)
    report = repaired.retry_one()
    assert report is not None
    assert report.outcomes == [("learning.note", Outcome.HANDLED)]
    assert effects.numbers() == [1]
    assert effects.failures() == []


@pytest.mark.parametrize("wrong_by", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"])
def test_a_worker_whose_clock_is_wrong_neither_holds_a_retry_back_nor_hurries_it(
    wrong_by: timedelta, db: Database, effects: Effects
) -> None:
    clock = SettableClock(utc_now() + wrong_by)
    consumers = effects.consumers(fails_at(1), retry=RetryPolicy(first=timedelta(minutes=1)))
    Taker(db, consumers, clock=clock).take_in([delivery(numbered(1)[0])])
    for judge in (clock, utc_now):
        retrier = Retrier(db, consumers, clock=judge)
        due = retrier.due_in()
        assert due is not None
        assert timedelta(seconds=20) < due < timedelta(seconds=72)
        assert retrier.retry_one() is None
    effects.let_pass(seconds=72)
    assert Retrier(db, consumers, clock=clock).retry_one() is not None
    assert effects.failures()[0].attempts == 2


def test_an_attempt_that_kills_its_process_still_counts(db: Database, effects: Effects) -> None:
    class Killed(BaseException):
        """Stands for SIGKILL: nothing after it runs."""

    def kills(session: Session, event: VideoReady) -> None:
        raise Killed

    Taker(db, effects.consumers(fails_at(1))).take_in([delivery(numbered(1)[0])])
    retrier = Retrier(db, effects.consumers(kills, retry=RetryPolicy(attempts=3)))
    for attempt in (2, 3):
        effects.let_pass(seconds=LEASE.total_seconds() + 1)
        with pytest.raises(Killed):
            retrier.retry_one()
        assert effects.failures()[0].attempts == attempt
    effects.let_pass(seconds=LEASE.total_seconds() + 1)
    retrier.retry_one()
    assert effects.failures()[0].state == "dead"
    assert "never ended" in effects.failures()[0].error


def test_two_workers_do_not_retry_the_same_failure_at_once(db: Database, effects: Effects) -> None:
    Taker(db, effects.consumers(fails_at(1, 2))).take_in([delivery(each) for each in numbered(1, 2)])
    effects.let_pass(minutes=1)
    inside, go_on = threading.Event(), threading.Event()

    def slow(session: Session, event: VideoReady) -> None:
        inside.set()
        go_on.wait(10)

    slowly = threading.Thread(target=Retrier(db, effects.consumers(slow)).retry_one)
    slowly.start()
    inside.wait(10)
    other = Retrier(db, effects.consumers())
    assert other.retry_one() is not None
    assert other.retry_one() is None
    go_on.set()
    slowly.join(10)
    assert sorted(effects.numbers()) == [1, 2]


def test_a_consumer_that_no_longer_exists_leaves_a_dead_letter(db: Database, effects: Effects) -> None:
    Taker(db, effects.consumers(fails_at(1))).take_in([delivery(numbered(1)[0])])
    effects.let_pass(minutes=1)
    Retrier(db, effects.consumers(name="learning.renamed")).retry_one()
    assert effects.failures()[0].state == "dead"
    assert "learning.note" in effects.failures()[0].error


def test_a_lost_lock_race_is_run_again_and_never_seen(db: Database, effects: Effects) -> None:
    races = [1213, 1205]

    def races_twice(session: Session, event: VideoReady) -> None:
        if races:
            raise OperationalError("UPDATE", {}, Exception(races.pop(), "try again"))

    Taker(db, effects.consumers(races_twice)).take_in([delivery(each) for each in numbered(1, 2)])
    assert effects.numbers() == [1, 2]
    assert effects.failures() == []


def test_without_a_database_nothing_is_lost_and_nothing_is_written_off(
    db: Database, effects: Effects, parts: Parts, mysql_wire: tuple[Wire, str]
) -> None:
    wire, url = mysql_wire
    taker = Taker(parts.database(url), effects.consumers())
    batch = [delivery(each) for each in numbered(1, 2)]
    wire.cut()
    with pytest.raises(OperationalError):
        taker.take_in(batch)
    wire.mend()
    taker.take_in(batch)
    assert effects.numbers() == [1, 2]
    assert effects.failures() == []


def test_a_dead_letter_stays_dead_when_its_event_comes_again_and_fails_again(db: Database, effects: Effects) -> None:
    taker = Taker(db, effects.consumers(fails_at(1), retry=RetryPolicy(attempts=1)))
    envelope = numbered(1)[0]
    taker.take_in([delivery(envelope)])
    taker.take_in([delivery(envelope, "edxelera.media/9-9")])
    assert [failure.state for failure in effects.failures()] == ["dead"]


def test_events_that_handlers_emit_belong_to_the_trace_of_their_cause(db: Database, effects: Effects) -> None:
    def emits(session: Session, event: VideoReady) -> None:
        emit(session, video(event.sequence + 100))

    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    cause = numbered(1)[0].model_copy(update={"traceparent": parent})
    Taker(db, effects.consumers(emits)).take_in([delivery(cause)])
    with db.begin() as session:
        traceparent = session.scalar(select(tables.outbox.c.traceparent))
    assert traceparent.split("-")[1] == parent.split("-")[1] == effects.traces()[0]
    assert traceparent != parent


def test_deliver_goes_through_the_inbox_and_raises_what_handlers_raise(db: Database, effects: Effects) -> None:
    again = deliver(db, effects.consumers(), video(1))
    deliver(db, effects.consumers(), *again)
    assert effects.numbers() == [1]
    with pytest.raises(ValueError, match="cannot take 2"):
        deliver(db, effects.consumers(fails_at(2)), video(2))
    with db.begin() as session:
        emit(session, video(3))
    assert [event.sequence for event in published(db)] == [3]


def test_the_inbox_is_checked_per_consumer(db: Database, effects: Effects) -> None:
    envelope = numbered(1)[0]
    with db.begin() as session:
        row = {"consumer": "learning.other", "event_id": envelope.id, "processed_at": envelope.time}
        session.execute(insert(tables.inbox).values(**row))
    Taker(db, effects.consumers()).take_in([delivery(envelope)])
    assert effects.numbers() == [1]


def test_a_consumer_name_and_type_can_be_registered_once() -> None:
    consumers = Effects.consumers(Effects.__new__(Effects))
    with pytest.raises(ValueError, match="registered twice"):
        consumers.on(VideoReady, as_="learning.note")(lambda session, event: None)
    assert consumers.streams() == ["edxelera.media"]
