"""The hours of the coming week at the first site, published; somebody is away on two of its days."""

from __future__ import annotations

import datetime as dt

from concierge.days import today_at
from concierge.tenancy import Actor
from demo.setup import House
from workers.actions.absences import note_absence
from workers.actions.weeks import copy_week, fill_week, publish_week
from workers.models import Trainee, WorkWeek
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
