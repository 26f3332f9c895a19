"""Appointments as iCalendar (RFC 5545): one event per request, whose UID never changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vDuration

PRODUCT = "-//Concierge//Appointments//FR"


@dataclass(frozen=True)
class Entry:
    """One appointment. ``sequence`` counts how often it was moved; ``status`` is TENTATIVE, CONFIRMED or CANCELLED."""

    uid: str
    sequence: int
    status: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    changed_at: dt.datetime
    zone: ZoneInfo
    summary: str
    location: str
    description: str = ""
    url: str = ""


# How often a calendar that reads by itself should come back.
REFRESH = dt.timedelta(hours=1)


def calendar_of(entries: Iterable[Entry], *, name: str = "", feed_zone: ZoneInfo | None = None) -> bytes:
    """A calendar file. METHOD is PUBLISH: nobody is asked to answer it (S53).

    With ``feed_zone`` it is one that calendars read again and again: it says how often, and is whole without entries,
    too (RFC 5545 wants one component at least).
    """
    found = Calendar()
    found.add("prodid", PRODUCT)
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("method", "PUBLISH")
    if name:
        found.add("x-wr-calname", name)
    if feed_zone is not None:
        found.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        found.add("x-published-ttl", vDuration(REFRESH))
        found.add_component(Timezone.from_tzinfo(feed_zone, feed_zone.key))
    for entry in entries:
        found.add_component(_event(entry))
    found.add_missing_timezones()
    return bytes(found.to_ical())


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("status", entry.status)
    event.add("dtstamp", entry.changed_at.astimezone(dt.UTC))
    event.add("dtstart", entry.starts_at.astimezone(entry.zone))
    event.add("dtend", entry.ends_at.astimezone(entry.zone))
    event.add("summary", entry.summary)
    event.add("location", entry.location)
    if entry.description:
        event.add("description", entry.description)
    if entry.url:
        event.add("url", entry.url)
    return event
