"""What operators do with events, on real servers: every change takes the normal path and leaves who and why behind."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import redis
from messaging_parts import GROUP, STREAM, Effects, Parts, delivery, emit_all, entries, numbered, put
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from chassis import tables
from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging.consumers import Consumers
from chassis.messaging.failures import State
from chassis.messaging.intake import Delivery, Taker
from chassis.messaging.operations import audit, dead_letters, outbox, replay
from chassis.messaging.operations.audit import Operator
from chassis.messaging.operations.dead_letters import LetterNotFound, Selection
from chassis.messaging.operations.outbox import Span
from chassis.messaging.operations.streams import streams as look
from chassis.messaging.retrier import Retrier
from chassis.messaging.retry import RetryPolicy
from chassis.testing import assert_migrations_match
from chassis.testing.waiting import eventually
from contracts.events import Envelope, VideoReady

ME = Operator("ada@desk", "the fix is deployed")
ONCE = RetryPolicy(attempts=1)
NOTE = "learning.note"


def broken(_: Session, event: VideoReady) -> None:
    raise RuntimeError(f"cannot take {event.sequence}")


def kill(db: Database, effects: Effects, *numbers: int) -> list[Envelope]:
    """These events become dead letters of ``learning.note``."""
    envelopes = numbered(*numbers)
    taker = Taker(db, effects.consumers(broken, retry=ONCE))
    taker.take_in([delivery(envelope) for envelope in envelopes])
    assert [row.state for row in effects.failures()] == [State.DEAD] * len(numbers)
    return envelopes


def retry_all_due(db: Database, consumers: Consumers) -> None:
    retrier = Retrier(db, consumers)
    while retrier.retry_one() is not None:
        pass


def history(db: Database) -> list[audit.Action]:
    with db.begin() as session:
        return audit.history(session)


def outbox_rows(db: Database) -> list[bytes]:
    with db.begin() as session:
        return list(session.scalars(select(tables.outbox.c.envelope).order_by(tables.outbox.c.position)))


def test_the_migrated_table_is_the_one_in_the_code(db: Database) -> None:
    with db.engine.connect() as connection:
        assert "operator_actions" in inspect(connection).get_table_names()
    assert_migrations_match("chassis", tables.metadata)


def test_streams_tell_length_lag_and_the_oldest_pending_entry(streams: "redis.Redis") -> None:
    put(streams, *numbered(1, 2, 3))
    streams.xgroup_create(STREAM, GROUP, id="0")
    streams.xreadgroup(GROUP, "reader", {STREAM: ">"}, count=2)
    (found,) = [each for each in look(streams) if each.stream == STREAM]
    assert found.length == 3
    (group,) = found.groups
    assert (group.group, group.consumers, group.lag, group.pending) == (GROUP, 1, 1, 2)
    assert group.oldest_pending_seconds is not None
    assert 0 <= group.oldest_pending_seconds < 60


def test_a_stream_that_does_not_exist_is_empty_and_not_an_error(streams: "redis.Redis") -> None:
    found = {each.stream: each for each in look(streams)}
    assert (found[STREAM].length, found[STREAM].oldest_seconds, found[STREAM].groups) == (0, None, ())


def test_the_outbox_tells_how_much_waits_and_for_how_long(db: Database) -> None:
    with db.begin() as session:
        assert outbox.state(session, "media", utc_now()) == outbox.OutboxState("media", 0, 0.0)
    emit_all(db, [1, 2])
    with db.begin() as session:
        state = outbox.state(session, "media", utc_now() + timedelta(minutes=5))
    assert state.depth == 2
    assert state.oldest_seconds >= 300


def test_dead_letters_are_listed_by_their_last_line_and_shown_whole(db: Database, effects: Effects) -> None:
    (envelope,) = kill(db, effects, 7)
    with db.begin() as session:
        (letter,) = dead_letters.failed(session)
        whole = dead_letters.show(session, letter.id)
        assert dead_letters.failed(session, State.RETRYING) == []
        assert dead_letters.failed(session, consumer="learning.other") == []
        with pytest.raises(LetterNotFound, match="999"):
            dead_letters.show(session, 999)
    assert (letter.consumer, letter.event_id, letter.attempts) == (NOTE, envelope.id, 1)
    assert letter.error == "RuntimeError: cannot take 7"
    assert "Traceback" in whole.error
    assert whole.envelope == envelope.to_json().decode()


def test_a_retried_dead_letter_takes_effect_and_is_gone(db: Database, effects: Effects) -> None:
    kill(db, effects, 1, 2)
    first = effects.failures()[0].id
    retried = db.run(lambda session: dead_letters.retry(session, Selection(ids=(first,)), ME, utc_now()))
    assert [letter.id for letter in retried] == [first]
    retry_all_due(db, effects.consumers())
    assert effects.numbers() == [1]
    assert [row.state for row in effects.failures()] == [State.DEAD]
    (action,) = history(db)
    assert (action.who, action.action, action.why) == ("ada@desk", "retry", "the fix is deployed")
    assert action.details["letters"][0]["error"] == "RuntimeError: cannot take 1"


def test_a_retry_that_fails_again_has_all_its_attempts(db: Database, effects: Effects) -> None:
    kill(db, effects, 1)
    db.run(lambda session: dead_letters.retry(session, Selection(all_=True), ME, utc_now()))
    Retrier(db, effects.consumers(broken)).retry_one()
    (row,) = effects.failures()
    assert (row.state, row.attempts) == (State.RETRYING, 1)


def test_a_discarded_event_never_takes_effect_and_stays_in_the_record(db: Database, effects: Effects) -> None:
    (envelope,) = kill(db, effects, 5)
    db.run(lambda session: dead_letters.discard(session, Selection(consumer=NOTE), ME, utc_now()))
    assert effects.failures() == []
    Taker(db, effects.consumers()).take_in([delivery(envelope, "edxelera.media/9-9")])
    assert effects.numbers() == []
    (action,) = history(db)
    assert action.details["letters"][0]["event_id"] == str(envelope.id)
    assert "envelope" not in action.details["letters"][0]


def test_a_letter_whose_event_took_effect_meanwhile_is_discarded_as_such(db: Database, effects: Effects) -> None:
    stale, dead = kill(db, effects, 5, 6)
    Taker(db, effects.consumers()).take_in([delivery(stale)])
    given_up = db.run(lambda session: dead_letters.discard(session, Selection(all_=True), ME, utc_now()))
    assert {each.event_id: each.taken_in for each in given_up} == {stale.id: True, dead.id: False}
    assert effects.failures() == []
    (action,) = history(db)
    assert [each.get("taken_in", False) for each in action.details["letters"]] == [True, False]


def test_a_discard_waits_for_a_worker_that_is_taking_the_event_in(db: Database, effects: Effects) -> None:
    (envelope,) = kill(db, effects, 5)
    inside, go_on = threading.Event(), threading.Event()

    def slowly(_: Session, __: VideoReady) -> None:
        inside.set()
        assert go_on.wait(20)

    def discard() -> list[dead_letters.Letter]:
        return db.run(lambda session: dead_letters.discard(session, Selection(all_=True), ME, utc_now()))

    with ThreadPoolExecutor(2) as pool:
        taking = pool.submit(Taker(db, effects.consumers(slowly)).take_in, [delivery(envelope)])
        assert inside.wait(20)
        discarding = pool.submit(discard)
        eventually(lambda: _waits_for_a_row(db), what="the discard behind the worker")
        go_on.set()
        taking.result()
    assert [each.taken_in for each in discarding.result()] == [True]
    assert effects.numbers() == [5]


def _waits_for_a_row(db: Database) -> bool:
    with db.begin() as session:
        running = session.execute(text("SHOW PROCESSLIST")).all()
    return any("INTO inbox" in str(row[7]) for row in running)


def test_discarded_poison_keeps_its_bytes_in_the_record(db: Database, effects: Effects) -> None:
    Taker(db, effects.consumers()).take_in([Delivery("edxelera.media/1-1", b"\xff{no json")])
    db.run(lambda session: dead_letters.discard(session, Selection(all_=True), ME, utc_now()))
    (action,) = history(db)
    assert action.details["letters"][0]["envelope"] == r"\xff{no json"


def test_nothing_selected_and_nobody_named_are_refused(db: Database) -> None:
    with pytest.raises(ValueError, match="which dead letters"):
        Selection()
    for who, why in (("", "because"), ("ada", "  ")):
        with pytest.raises(ValueError, match="who does it and why"):
            Operator(who, why)
    assert db.run(lambda session: dead_letters.retry(session, Selection(all_=True), ME, utc_now())) == []
    assert history(db) == []


def test_a_span_is_cut_by_type_subject_id_and_time(db: Database) -> None:
    first, second, third = emit_all(db, [1, 2, 3])
    envelopes = [Envelope.parse(row) for row in outbox_rows(db)]
    spans = {
        Span(ids=(second,)): [second],
        Span(types=(VideoReady.type,)): [first, second, third],
        Span(subjects=(envelopes[2].subject,)): [third],
        Span(since=envelopes[1].time): [second, third],
        Span(until=envelopes[1].time): [first],
        Span(types=("edxelera.media.other.v1",)): [],
        Span(since=datetime(2000, 1, 1, tzinfo=UTC), ids=(first, third)): [first, third],
    }
    with db.begin() as session:
        for span, expected in spans.items():
            assert [Envelope.parse(raw).id for raw in outbox.envelopes(session, span)] == expected
            assert outbox.count(session, span).events == len(expected)
    assert outbox.wire_type("VideoReady") == outbox.wire_type(VideoReady.type) == VideoReady.type
    with pytest.raises(ValueError, match="VideoReady"):
        outbox.wire_type("VideoRaedy")


def test_a_long_span_comes_in_chunks_and_in_order(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "CHUNK", 2)
    ids = emit_all(db, [1, 2, 3, 4, 5])
    with db.begin() as session:
        assert [Envelope.parse(raw).id for raw in outbox.envelopes(session, Span())] == ids


def test_a_span_published_again_reaches_only_who_lacks_it(
    db: Database, effects: Effects, parts: Parts, streams: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PUBLISH_CHUNK", 2)
    parts.relay()
    ids = emit_all(db, [1, 2, 3])
    parts.consume(effects.consumers())
    effects.expect([1, 2, 3])
    eventually(lambda: effects.unpublished() == 0, what="published")
    with db.begin() as session:  # this consumer lost one: a restored backup, say
        inbox = tables.inbox.c
        session.execute(tables.inbox.delete().where(inbox.consumer == NOTE, inbox.event_id == ids[1]))
    assert outbox.publish_again(db, Span(types=(VideoReady.type,)), ME, utc_now()) == 3
    effects.expect([1, 2, 3, 2])
    eventually(lambda: effects.unpublished() == 0, what="published again")
    assert sorted(entries(streams)) == [1, 1, 2, 2, 3, 3]
    assert [(each.action, each.details["events"]) for each in history(db)] == [
        ("publish_again", 1),
        ("publish_again", 2),
    ]


def test_a_replay_to_one_consumer_takes_in_what_it_lacks_in_order(db: Database, effects: Effects) -> None:
    envelopes = numbered(1, 2, 3)
    consumers = effects.consumers()
    Taker(db, consumers).take_in([delivery(envelopes[1])])
    raws = [envelope.to_json() for envelope in envelopes]
    replayed = replay.take_in_again(db, consumers, NOTE, [*raws, b"not an event"], ME, utc_now())
    assert (replayed.queued, replayed.had_already, len(replayed.unreadable)) == (2, 1, 1)
    retry_all_due(db, consumers)
    assert effects.numbers() == [2, 1, 3]
    assert effects.failures() == []
    (action,) = history(db)
    assert action.details["events"] == [str(envelopes[0].id), str(envelopes[2].id)]


def test_with_again_an_event_takes_effect_a_second_time(db: Database, effects: Effects) -> None:
    (envelope,) = numbered(4)
    consumers = effects.consumers()
    Taker(db, consumers).take_in([delivery(envelope)])
    replay.take_in_again(db, consumers, NOTE, [envelope.to_json()], ME, utc_now(), again=True)
    retry_all_due(db, consumers)
    Taker(db, consumers).take_in([delivery(envelope)])
    assert effects.numbers() == [4, 4]


def test_a_replay_revives_a_dead_letter(db: Database, effects: Effects) -> None:
    (envelope,) = kill(db, effects, 6)
    consumers = effects.consumers()
    assert replay.take_in_again(db, consumers, NOTE, [envelope.to_json()], ME, utc_now()).queued == 1
    retry_all_due(db, consumers)
    assert effects.numbers() == [6]
    assert effects.failures() == []


def test_a_replay_leaves_out_what_the_consumer_does_not_take_in(db: Database, effects: Effects) -> None:
    other = b'{"specversion":"1.0","id":"0197b0a0-0000-7000-8000-000000000001","source":"media"' + (
        b',"type":"edxelera.media.other.v1","subject":"s","time":"2026-01-01T00:00:00Z","sequence":1,"data":{}}'
    )
    replayed = replay.take_in_again(db, effects.consumers(), NOTE, [other], ME, utc_now())
    assert (replayed.queued, replayed.not_for_it) == (0, 1)
    with pytest.raises(ValueError, match=NOTE):
        replay.take_in_again(db, effects.consumers(), "learning.nobody", [], ME, utc_now())
