"""Time is handed in: the application holds a clock, the domain only sees instants."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

#: Tokens are believed although the clocks of the machines that made and read them are so far apart: one may be half a
#: minute ahead, the other half a minute behind. A service whose clock runs behind would otherwise refuse every fresh
#: token, and log everybody out.
LEEWAY_SECONDS = 60

#: Answers the present instant, aware and in UTC.
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


def _now(connection: HTTPConnection) -> datetime:
    clock: Clock = connection.app.state.clock
    return clock()


#: The instant at which this request is judged. A plain attribute read, so it runs on the event loop.
async def _async_now(connection: HTTPConnection) -> datetime:
    return _now(connection)


Now = Annotated[datetime, Depends(_async_now)]
