"""The one thread of a cohort's week."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from chassis.ids import new_id
from discussion.models import Thread
from discussion.rooms.policy import Room


def of_room(session: Session, room: Room, now: datetime) -> Thread:
    """The room's thread, made now if nobody came before. The unique key decides between two who come first."""
    query = select(Thread).where(Thread.cohort_id == room.cohort_id, Thread.week_number == room.week_number)
    found = session.scalars(query).first()
    if found is not None:
        return found
    new = insert(Thread).values(
        id=new_id(),
        cohort_id=room.cohort_id,
        program_slug=room.program_slug,
        week_number=room.week_number,
        created_at=now,
    )
    session.execute(new.on_duplicate_key_update(week_number=new.inserted.week_number))
    return session.scalars(query).one()
