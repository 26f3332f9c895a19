"""When people are received: closures and stands of a site, and why something set up so yields no time at all."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.enums import Place
from bookings.models import Closure, Hold, Presence, SlotRule, StandDay, calendar
from bookings.rules import slots as rules
from concierge import events
from concierge.days import today_at
from concierge.errors import Invalid
from concierge.models import Site
from concierge.tenancy import Actor

# What people are shown of the effect of a change.
HORIZON = calendar.BOOKABLE_DAYS


def _checked(row: Closure | Presence) -> None:
    """Raise ``Invalid`` naming the first field at fault, constraints included."""
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field=None if field == NON_FIELD_ERRORS else field) from error


def _said(site: Site, what: str, by: Actor, **data: Any) -> None:
    events.record("site.changed", site, by=by, what=what, **data)


@transaction.atomic
def close_site(site: Site, *, starts_on: dt.date, ends_on: dt.date, reason: str = "", by: Actor) -> Closure:
    """Days without anybody there, both included. Raises ``Invalid`` when another closure covers some of them."""
    closure = Closure(
        organisation_id=site.organisation_id, site=site, starts_on=starts_on, ends_on=ends_on, reason=reason
    )
    _checked(closure)
    closure.save()
    _said(site, "closure", by, starts_on=starts_on.isoformat(), ends_on=ends_on.isoformat())
    return closure


@transaction.atomic
def change_closure(closure: Closure, *, starts_on: dt.date, ends_on: dt.date, reason: str, by: Actor) -> Closure:
    """Other days or another reason; as ``close_site``."""
    locked = Closure.objects.select_for_update(of=("self",), no_key=True).select_related("site").get(pk=closure.pk)
    locked.starts_on, locked.ends_on, locked.reason = starts_on, ends_on, reason
    _checked(locked)
    locked.save()
    _said(locked.site, "closure", by, starts_on=starts_on.isoformat(), ends_on=ends_on.isoformat())
    return locked


@transaction.atomic
def reopen_site(closure: Closure, *, by: Actor) -> None:
    """The site is open on these days after all."""
    _said(closure.site, "reopened", by, starts_on=closure.starts_on.isoformat(), ends_on=closure.ends_on.isoformat())
    Closure.objects.filter(pk=closure.pk).delete()


@transaction.atomic
def set_presence(site: Site, presence: Presence | None, *, by: Actor, **fields: Any) -> Presence:
    """A new stand, or another one from now on. What was booked there stays. Raises ``Invalid`` naming the field."""
    row = presence or Presence(organisation_id=site.organisation_id, site=site)
    if presence is not None:
        row = Presence.objects.select_for_update(of=("self",), no_key=True).get(pk=presence.pk)
    for name, value in fields.items():
        setattr(row, name, value)
    _checked(row)
    row.save()
    _said(site, "presence", by, presence=str(row.public_id))
    return row


@transaction.atomic
def remove_presence(presence: Presence, *, by: Actor) -> None:
    """No stand there any more. One that has been there, where somebody ever booked, or of which somebody said what
    became of a day, ends yesterday instead: its past stays."""
    site = presence.site
    _said(site, "presence_removed", by, presence=str(presence.public_id))
    today = timezone.localdate(timezone=ZoneInfo(site.time_zone))
    yesterday, begins = today - dt.timedelta(days=1), presence.held_on or presence.valid_from
    mine = Presence.objects.filter(pk=presence.pk)
    if begins is None or begins < today:
        # One of a single day is over by itself.
        mine.filter(held_on=None).update(valid_to=min(presence.valid_to or yesterday, yesterday))
    elif Hold.objects.filter(presence=presence).exists() or StandDay.objects.filter(presence=presence).exists():
        # It has not begun: it has no past either.
        mine.update(is_paused=True, valid_from=yesterday, valid_to=yesterday)
    else:
        mine.delete()


def why_nothing(site: Site, place: Place | str, *, now: dt.datetime, presence: Presence | None = None) -> str:
    """Why clients are offered no time at all in the coming weeks, in a sentence; empty when they are."""
    visit = calendar.visit_at(site, place, presence=presence)
    span = calendar.bookable_span(site, now, None, HORIZON)
    if visit is None or span is None:
        return _("Nothing says yet how times are offered here: set how long an appointment takes.")
    if presence is not None and presence.is_paused:
        return _("This stand is paused: clients cannot choose it.")
    opening = calendar.opening_at(site, presence)
    if not opening:
        return _("There are no opening hours yet.")
    whole = rules.windows_of(opening, set(), zone=span.zone, first_day=span.first, days=span.days)
    if not any(window.ends_at - window.starts_at >= visit.length for _day, _hours, window in whole):
        return _("No opening is long enough: an appointment takes %(minutes)d minutes.") % {"minutes": visit.minutes}
    closed = calendar.days_off(site, presence, span.first, span.last)
    if not rules.windows_of(opening, closed, zone=span.zone, first_day=span.first, days=span.days):
        return _("Every day of it in the coming %(days)d days is a public holiday, a closure or outside its dates.") % {
            "days": HORIZON
        }
    return ""


def is_to_come(site: Site, presence: Presence) -> bool:
    """Whether a stand of one day will be there: today or later, neither paused nor closed by the team."""
    day = presence.held_on
    if day is None or presence.is_paused or day < today_at(site):
        return False
    return day not in calendar.days_off(site, presence, day, day)


def rule_of(site: Site, place: Place | str) -> SlotRule | None:
    """How times are offered there, if anything says so."""
    return SlotRule.objects.filter(site=site, place=place).first()
