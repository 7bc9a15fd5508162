"""The database's clock, for instants that processes on several machines must agree on: their own clocks differ."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, text

from chassis.types import UtcDateTime

#: As an expression in SQL, with microseconds.
NOW: ColumnElement[datetime] = func.utc_timestamp(text("6"), type_=UtcDateTime)

_MICROSECOND = text("MICROSECOND")


def after(delay: timedelta) -> ColumnElement[datetime]:
    """When so much time has passed, as an expression in SQL."""
    return func.timestampadd(_MICROSECOND, delay // timedelta(microseconds=1), NOW, type_=UtcDateTime)


def microseconds_until(instant: ColumnElement[datetime | None]) -> ColumnElement[int]:
    """From now to ``instant``, as an expression in SQL; negative when it has passed."""
    return func.timestampdiff(_MICROSECOND, NOW, instant)
