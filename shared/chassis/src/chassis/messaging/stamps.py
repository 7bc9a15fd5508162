"""Positions in a Redis stream, and the form in which the outbox remembers them.

A stamp is ``<epoch>.<milliseconds>-<sequence>`` in fixed width, so that text order is time order. The epoch grows
whenever Redis turned out to have lost entries: ids given after a loss may repeat ids given before it (a failover to
a machine whose clock is behind), stamps never do.
"""

from typing import NamedTuple, Self

_EPOCH_WIDTH = 6
#: Where the stream id begins in a stamp, counted from 1 as SQL does.
ID_FROM = _EPOCH_WIDTH + 2


class StreamId(NamedTuple):
    """An id that Redis gave to an entry; ordered."""

    milliseconds: int
    sequence: int

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """From Redis' form, ``1526919030474-55``."""
        milliseconds, _, sequence = (text.decode() if isinstance(text, bytes) else text).partition("-")
        return cls(int(milliseconds), int(sequence or 0))

    def before(self) -> "StreamId":
        """The greatest id below this one."""
        if self.sequence:
            return StreamId(self.milliseconds, self.sequence - 1)
        return StreamId(max(0, self.milliseconds - 1), 2**64 - 1) if self.milliseconds else NOTHING

    def padded(self) -> str:
        """In fixed width."""
        return f"{self.milliseconds:013d}-{min(self.sequence, 10**10 - 1):010d}"

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.sequence}"


#: Before every entry.
NOTHING = StreamId(0, 0)


class Stamp(NamedTuple):
    """A stream id within an epoch; ordered."""

    epoch: int
    id: StreamId

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the form in the database."""
        epoch, _, id_ = text.partition(".")
        return cls(int(epoch), StreamId.parse(id_))

    def __str__(self) -> str:
        return f"{self.epoch:0{_EPOCH_WIDTH}d}.{self.id.padded()}"
