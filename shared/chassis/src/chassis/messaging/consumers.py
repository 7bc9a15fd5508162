"""Which of a service's functions take in which events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from chassis.messaging.retry import RetryPolicy
from contracts.events import Event, stream_of

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Handler:
    """One consumer: its inbox name, the events it takes in, the function that does, and what follows when it fails."""

    name: str
    event_type: type[Event]
    run: Callable[[Session, Any], None]
    retry: RetryPolicy


class Consumers:
    """A service's consumers. The service's name is its consumer group on every stream it listens to."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._by_type: dict[str, list[Handler]] = {}
        self._by_name: dict[str, list[Handler]] = {}

    def on(
        self, event_type: type[E], *, as_: str, retry: RetryPolicy | None = None
    ) -> Callable[[Callable[[Session, E], None]], Callable[[Session, E], None]]:
        """Register a handler under its inbox name, which must stay the same for as long as the handler lives.

        Several types may share a name (the inbox tells their events apart), but one type only once. ``retry`` is for a
        consumer whose failures should be tried more often or given up sooner than others.
        """

        def register(run: Callable[[Session, E], None]) -> Callable[[Session, E], None]:
            same_name = self._by_name.setdefault(as_, [])
            if any(known.event_type is event_type for known in same_name):
                raise ValueError(f"{as_} is registered twice for {event_type.__name__}")
            handler = Handler(as_, event_type, run, retry or RetryPolicy())
            same_name.append(handler)
            self._by_type.setdefault(event_type.type, []).append(handler)
            return run

        return register

    def for_type(self, wire_type: str) -> list[Handler]:
        """The handlers of a wire type, in the order of registration; none for a type nobody asked for."""
        return self._by_type.get(wire_type, [])

    def find(self, name: str, wire_type: str) -> Handler | None:
        """The handler with this inbox name for this wire type, if it still exists."""
        return next((handler for handler in self.for_type(wire_type) if handler.name == name), None)

    def streams(self) -> list[str]:
        """The streams that carry the events asked for."""
        return sorted({stream_of(handler.event_type.source) for handler in self})

    def __iter__(self) -> Iterator[Handler]:
        return (handler for handlers in self._by_type.values() for handler in handlers)
