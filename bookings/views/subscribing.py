"""One tick while booking what is ordered ahead: the same every time, until I stop."""

from __future__ import annotations

from django.utils.translation import gettext as _

from bookings.views.draft import Draft
from bookings.views.series_words import weekly_moment


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
    """What that means: the cut-off of each, and how it is paused or stopped."""
    plan = draft.plan
    if plan is None:
        return ""
    return _(
        "The same is ordered each time, at the price of the day. Until %(cut_off)s before each hand-out, an order can "
        "be changed or left out. It is paused or stopped at any time, from the page of the request."
    ) % {"cut_off": weekly_moment(plan.cut_off_weekday, plan.cut_off_time)}
