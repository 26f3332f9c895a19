"""What is booked on times that its site no longer keeps: closed since, hours cut, a stand paused or gone.

Nothing is stored: as long as there is any, it is read from the rows, so that it stays visible until the last is moved.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from bookings.enums import HoldStatus, OccurrenceStatus, RunStatus
from bookings.models import calendar
from bookings.models.ahead import PreOrderRun
from bookings.models.presences import Presence
from bookings.models.recurrence import Occurrence
from bookings.models.requests import ServiceRequest
from bookings.rules import slots as rules
from concierge.models import Site

# Coming appointments of a site that are looked at, and rows of each kind that are shown.
MOST_READ = 2000
MOST = 100


@dataclass(frozen=True)
class Strays:
    """Of one site, from a moment on: appointments, hand-outs with orders, days of regular requests not booked yet."""

    site: Site
    now: dt.datetime

    @property
    def number(self) -> int:
        """How many there are of them all."""
        return len(self.appointment_keys) + len(self.runs) + len(self.days)

    @cached_property
    def appointment_keys(self) -> list[int]:
        """Requests whose appointment is on a day off, outside the hours or at a stand that is not there, soonest
        first."""
        rows = list(
            ServiceRequest.objects.filter(
                hold__site=self.site, hold__status=HoldStatus.CONFIRMED, hold__starts_at__gte=self.now
            )
            .open()
            .order_by("hold__starts_at", "pk")
            .values_list("pk", "hold__starts_at", "hold__ends_at", "hold__presence_id")[:MOST_READ]
        )
        if not rows:
            return []
        stands = Presence.objects.in_bulk({stand for *_times, stand in rows if stand})
        first, last = (self._day(rows[n][1]) for n in (0, -1))
        open_at = {key: self._windows(stands[key] if key else None, first, last) for key in {row[3] for row in rows}}
        return [
            pk
            for pk, starts_at, ends_at, stand in rows
            if not any(
                one.starts_at <= starts_at and ends_at <= one.ends_at
                for one in open_at[stand].get(self._day(starts_at), [])
            )
        ]

    def appointments(self) -> list[ServiceRequest]:
        """The first of them, with what a list shows."""
        found = ServiceRequest.objects.filter(pk__in=self.appointment_keys[:MOST])
        found = found.select_related("hold__presence", "site").prefetch_related("work_orders__service")
        return list(found.order_by("hold__starts_at", "pk"))

    @cached_property
    def runs(self) -> list[PreOrderRun]:
        """Hand-outs with orders on a closed day. Their hours are those of their plan."""
        found = list(
            PreOrderRun.objects.filter(
                site=self.site,
                status__in=[RunStatus.OPEN, RunStatus.CLOSED],
                handout_starts_at__gte=self.now,
                taken__gt=0,
            )
            .select_related("site", "plan__service")
            .order_by("handout_starts_at", "pk")[:MOST]
        )
        closed = self._closed([run.handout_starts_at for run in found])
        return [run for run in found if self._day(run.handout_starts_at) in closed]

    @cached_property
    def days(self) -> list[Occurrence]:
        """Planned days of regular requests on a closed day; those of orders ahead follow their hand-out."""
        found = list(
            Occurrence.objects.filter(
                recurrence__site=self.site,
                recurrence__plan=None,
                status=OccurrenceStatus.PLANNED,
                starts_at__gte=self.now,
            )
            .select_related("recurrence__client")
            .order_by("starts_at", "pk")[:MOST_READ]
        )
        closed = self._closed([one.starts_at for one in found])
        return [one for one in found if self._day(one.starts_at) in closed]

    def _day(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self._zone).date()

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.time_zone)

    def _closed(self, moments: list[dt.datetime]) -> set[dt.date]:
        return calendar.closed_days(self.site, self._day(moments[0]), self._day(moments[-1])) if moments else set()

    def _windows(self, stand: Presence | None, first: dt.date, last: dt.date) -> dict[dt.date, list[rules.Window]]:
        found: dict[dt.date, list[rules.Window]] = {}
        if stand is not None and stand.is_paused:
            return found
        closed = calendar.days_off(self.site, stand, first, last)
        opening, days = calendar.opening_at(self.site, stand), (last - first).days + 1
        for day, _hours, window in rules.windows_of(opening, closed, zone=self._zone, first_day=first, days=days):
            found.setdefault(day, []).append(window)
        return found
