"""One tick while booking what is ordered ahead: the same every time, until I stop."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions.subscriptions import first_day_from
from bookings.models import PreOrderPlan
from bookings.views.draft import Draft
from bookings.views.series_words import weekly_moment
from concierge.words import date_words, moment_words


def label_of(draft: Draft) -> str:
    """What the tick says; nothing where it is not offered: only who asks for themselves can have it every time."""
    plan = draft.plan
    if plan is None or draft.person is not None or draft.other:
        return ""
    if plan.every_weeks == 1:
        return _("Every week, until they say stop") if draft.for_others else _("Every week, until I say stop")
    words = (
        _("Every %(weeks)d weeks, until they say stop")
        if draft.for_others
        else _("Every %(weeks)d weeks, until I say stop")
    )
    return words % {"weeks": plan.every_weeks}


def help_of(draft: Draft) -> str:
    """What that means: the cut-off of each, and how it is paused or stopped. What differs for this one is said."""
    plan, run = draft.plan, draft.run
    if plan is None:
        return ""
    parts = [_every_time(plan)]
    if run is not None:
        closes = timezone.localtime(run.orders_close_at, ZoneInfo(run.site.time_zone))
        if (closes.weekday(), closes.time()) != (plan.cut_off_weekday, plan.cut_off_time):
            said = _("This one can be changed or cancelled until %(moment)s.")
            parts.append(said % {"moment": moment_words(run.orders_close_at, run.site)})
        first = first_day_from(run)
        if first is not None and first != run.due_on:
            parts.append(_("The next ones begin on %(day)s.") % {"day": date_words(first, "l j F")})
    return " ".join(parts)


def _every_time(plan: PreOrderPlan) -> str:
    return _(
        "The same is ordered each time, at the price of the day. Until %(cut_off)s before each hand-out, an order can "
        "be changed or left out. It is paused or stopped at any time, from the page of the request."
    ) % {"cut_off": weekly_moment(plan.cut_off_weekday, plan.cut_off_time)}
