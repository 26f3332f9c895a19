"""The hours of the coming week at the first site: from contracts and usual hours, published."""

from __future__ import annotations

import datetime as dt

from concierge.days import today_at
from concierge.tenancy import Actor
from demo.setup import House
from workers.actions.weeks import copy_week, fill_week, publish_week
from workers.models import WorkWeek
from workers.rules.candidates import WARNINGS


def plan_the_weeks(house: House, *, by: Actor, now: dt.datetime) -> None:
    """Next week is published, the one after is a draft. A contract of 26 hours is planned at 26 hours."""
    site = house.sites[0]
    today = today_at(site)
    monday = today + dt.timedelta(days=7 - today.weekday())
    fill_week(site, monday, by=by, now=now)
    week = WorkWeek.objects.get(site=site, monday=monday)
    publish_week(week, by=by, accepted_warnings=WARNINGS, now=now)
    copy_week(site, monday + dt.timedelta(days=7), by=by, now=now)
