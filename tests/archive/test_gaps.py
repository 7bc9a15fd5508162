"""What an archive lacks, or holds and nobody can read: a rebuild says so, and loses nothing without being told to."""

import orjson
import pytest
from sqlalchemy import delete, update
from tests.archive.world import NOW, Student, World, a_term, discard_all, projections_of

from chassis.messaging.intake import Delivery, Taker
from chassis.messaging.operations.rebuilding import ArchiveIncomplete, HandlerFailed, Unreadable
from chassis.tables import inbox, outbox
from contracts.events import Envelope


def test_without_its_events_a_projection_is_not_rebuilt_unless_that_is_said(world: World) -> None:
    a_term(world)
    before = world.rows("learning")
    with world.database("enrollment").begin() as session:
        session.execute(delete(outbox).where(outbox.c.type.endswith("enrollment_revoked.v1")))
    with pytest.raises(ArchiveIncomplete, match="1 events that enrollments was built from are not in the archive"):
        world.rebuild("learning", "enrollments")
    assert world.rows("learning") == before
    (verdict,) = world.verify("learning", "enrollments")
    assert verdict.not_in_archive == 1
    world.rebuild("learning", "enrollments", incomplete=True)
    assert "revoked" not in {row[5] for row in world.rows("learning")["enrollments"]}


@pytest.mark.parametrize("how", ["no JSON", "no envelope", "no event"])
@pytest.mark.parametrize("discarded", [False, True])
def test_an_event_that_cannot_be_read_is_named_and_stops_nothing(world: World, how: str, discarded: bool) -> None:
    good, bad = world.publish(Student().registered("Good")), world.publish(Student().registered("Bad"))
    raw = _spoil(world, bad, how)
    world.deliver("discussion", good)
    if discarded:
        poison = Delivery("edxelera.gateway/1-1", raw)
        Taker(world.database("discussion"), projections_of("discussion").consumers).take_in([poison])
        discard_all(world, "discussion")
    (built,) = world.rebuild("discussion", "accounts")
    assert built.unreadable == [Unreadable(bad.id, bad.type, taken_in=False)]
    assert (built.events, built.not_in_archive, built.gap) == (1, 0, "")
    assert [row[1] for row in world.rows("discussion")["accounts"]] == ["Good"]
    assert [verdict.equal for verdict in world.verify("discussion", "accounts")] == [True]


@pytest.mark.parametrize("how", ["no envelope", "no event"])
def test_what_was_taken_in_and_cannot_be_read_any_more_is_a_gap(world: World, how: str) -> None:
    envelope = world.publish(Student().registered("Once readable"))
    world.deliver("discussion", envelope)
    with world.database("discussion").begin() as session:
        session.execute(update(inbox).values(processed_at=NOW))  # long ago
    _spoil(world, envelope, how)
    named = (
        f"event {envelope.id} .*account_registered.*, which accounts was built from, cannot be read: a rebuild would"
    )
    with pytest.raises(ArchiveIncomplete, match=named):
        world.rebuild("discussion", "accounts")
    assert len(world.rows("discussion")["accounts"]) == 1
    (verdict,) = world.verify("discussion", "accounts")
    assert (verdict.equal, verdict.not_in_archive) == (False, 1)
    assert verdict.unreadable == [Unreadable(envelope.id, envelope.type, taken_in=True)]
    (built,) = world.rebuild("discussion", "accounts", incomplete=True)
    assert built.unreadable == [Unreadable(envelope.id, envelope.type, taken_in=True)]


def test_a_handler_that_raises_in_a_rebuild_is_named_with_its_event(world: World) -> None:
    envelope = world.publish(Student().registered("Once short"))
    world.deliver("discussion", envelope)
    _spoil(world, envelope, "too long a name")
    said = f"discussion.know_accounts cannot take in event {envelope.id} .*account_registered.*: DataError: .*too long"
    with pytest.raises(HandlerFailed, match=said) as raised:
        world.rebuild("discussion", "accounts")
    assert "\n" not in str(raised.value)
    with pytest.raises(HandlerFailed, match=said):
        world.verify("discussion", "accounts")
    assert len(world.rows("discussion")["accounts"]) == 1


def _spoil(world: World, envelope: Envelope, how: str) -> bytes:
    """As an owner's outbox would never have it; answers what it has now."""
    whole, name = envelope.to_json(), orjson.dumps(envelope.data["name"])
    raw = {
        "no JSON": b"{no\n\njson",
        "no envelope": whole.replace(b'"subject"', b'"object"'),
        "no event": whole.replace(b'"name":' + name, b'"name":null'),
        "too long a name": whole.replace(name, b'"' + b"x" * 5000 + b'"'),
    }[how]
    with world.database(envelope.source).begin() as session:
        session.execute(update(outbox).where(outbox.c.id == envelope.id).values(envelope=raw))
    return raw
