"""Entries as an iCalendar file (RFC 5545)."""

from collections.abc import Iterable
from datetime import datetime

from icalendar import Calendar, Event

from learning.calendar.policy import Entry

#: How often calendars are asked to look again.
REFRESH = "PT1H"


def render(title: str, host: str, entries: Iterable[Entry], now: datetime) -> bytes:
    """The file. Times are UTC: calendars show them in the reader's own zone."""
    calendar = Calendar()
    calendar.add("prodid", "-//EdXelera//Learning//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", title)
    calendar.add("x-published-ttl", REFRESH)
    for entry in entries:
        calendar.add_component(_event(entry, host, now))
    return bytes(calendar.to_ical())


def _event(entry: Entry, host: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{entry.uid}@{host}")
    event.add("dtstamp", now)
    event.add("summary", entry.title)
    event.add("dtstart", entry.starts_at)
    if entry.ends_at is not None:
        event.add("dtend", entry.ends_at)
    event.add("description", entry.description)
    if entry.url is not None:
        event.add("url", entry.url)
    event.add("transp", "OPAQUE" if entry.ends_at is not None else "TRANSPARENT")
    return event
