"""The hours of the coming week at the first site, published; somebody is away on two of its days, others would like to
swap."""

from __future__ import annotations

import datetime as dt

from concierge.days import today_at
from concierge.models import Site
from concierge.tenancy import Actor
from demo.setup import House
from workers.actions.absences import note_absence
from workers.actions.swaps import answer_swap, ask_swap, shifts_to_swap
from workers.actions.weeks import copy_week, fill_week, publish_week
from workers.models import Shift, SwapRequest, Trainee, WorkWeek
from workers.rules.candidates import WARNINGS


def plan_the_weeks(house: House, *, by: Actor, now: dt.datetime) -> None:
    """Next week is published, the one after is a draft. A contract of 26 hours is planned at 26 hours."""
    site = house.sites[0]
    today = today_at(site)
    monday = today + dt.timedelta(days=7 - today.weekday())
    away = Trainee.objects.filter(site=site).order_by("pk").last()
    if away is not None:
        note_absence(away, starts_on=monday + dt.timedelta(days=3), ends_on=monday + dt.timedelta(days=4), by=by)
    fill_week(site, monday, by=by, now=now)
    week = WorkWeek.objects.get(site=site, monday=monday)
    publish_week(week, by=by, accepted_warnings=WARNINGS, now=now)
    copy_week(site, monday + dt.timedelta(days=7), by=by, now=now)
    _ask_to_swap(site, now)


def _ask_to_swap(site: Site, now: dt.datetime) -> None:
    """One swap waits for a yes on Amina's phone, another for the decision of whoever plans. The hours are as many."""
    early, late = (_first_names(site, *names) for names in (("Amina", "Olena"), ("Yusuf",)))
    if len(early) < 2 or not late:
        return
    amina, olena = early
    (yusuf,) = late
    asked = _swap(yusuf, amina, now)
    if asked is not None and (agreed := _swap(olena, yusuf, now, without=asked.mine.day)) is not None:
        answer_swap(agreed, agrees=True, by=_own(yusuf), now=now)


def _swap(asker: Trainee, other: Trainee, now: dt.datetime, without: dt.date | None = None) -> SwapRequest | None:
    """One asks the other for their hours of the first day on which both work."""
    shifts = Shift.objects.current().filter(starts_at__gt=now, trainee=asker).select_related("week__site", "trainee")
    for mine in shifts.order_by("day"):
        if mine.day == without:
            continue
        for theirs in shifts_to_swap(mine, now=now):
            if (theirs.trainee, theirs.day) == (other, mine.day):
                return ask_swap(mine, theirs, by=_own(asker), now=now)
    return None


def _first_names(site: Site, *names: str) -> list[Trainee]:
    return list(Trainee.objects.filter(site=site, first_name__in=names).order_by("first_name"))


def _own(person: Trainee) -> Actor:
    return Actor(kind="user", organisation=person.organisation, label=person.first_name, trainee_id=person.pk)
