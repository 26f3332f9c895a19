"""Words for what a collective agreement may set (``rules.labour.agreements``)."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from concierge.words import WHOLE, duration_words, percent
from workers.rules.labour.agreements import TERM, TERMS

TERM_LABELS = {
    "daily_most": gettext_lazy("Longest working day"),
    "average_most": gettext_lazy("Longest week, averaged over twelve weeks"),
    "daily_rest": gettext_lazy("Shortest rest between two days"),
    "break_least": gettext_lazy("Shortest break of a day of six hours"),
    "night_allowed": gettext_lazy("Work at night"),
    "night_from": gettext_lazy("The night begins at"),
    "night_until": gettext_lazy("The night ends at"),
    "sunday_allowed": gettext_lazy("Work on Sundays"),
    "holidays_worked": gettext_lazy("Work on public holidays, 1 May apart"),
    "part_time_share": gettext_lazy("Extra hours of a part-time contract, at most"),
    "schedule_notice_days": gettext_lazy("Notice of changed hours, in working days"),
    "interruptions_most": gettext_lazy("Interruptions of a part-time day, at most"),
    "interruption_most": gettext_lazy("Longest interruption of a part-time day"),
    "overtime_quota": gettext_lazy("Overtime a year, in hours"),
    "extra_rate_then": gettext_lazy("Raise for extra hours beyond a tenth, in percent"),
    "overtime_rate_first": gettext_lazy("Raise for the first eight hours of overtime, in percent"),
    "overtime_rate_then": gettext_lazy("Raise for further overtime, in percent"),
}


def value_words(name: str, value: int, *, spelt: bool = False) -> str:
    """A value of a term, in words: ``10 h``, ``a third of the contract``, ``25 %``; ``spelt``, ``25 percent``."""
    unit = TERM[name].unit
    if unit == "minutes":
        return duration_words(value)
    if unit == "clock":
        return f"{value // 60:02}:{value % 60:02}"
    if unit == "yes":
        return _("allowed") if value else _("not allowed")
    if unit == "share":
        return _("1/%(n)d of the contract") % {"n": value}
    if unit == "days":
        return ngettext("%(n)d working day", "%(n)d working days", value) % {"n": value}
    if unit == "hours":
        return duration_words(value * 60) if value else f"0{WHOLE}h"
    if unit == "percent":
        return _("%(n)d percent") % {"n": value} if spelt else percent(Decimal(value))
    return str(value)


def bounds_words(name: str, *, spelt: bool = False) -> str:
    """Between what an agreement may set a term, and by which article. ``spelt``: without a sign of percent, which the
    message of a constraint would take for a format."""
    term = TERM[name]
    if term.unit == "yes":
        return _("An agreement may allow it (Labour Code, %(article)s).") % {"article": term.article}
    low, high = sorted((term.least, term.most), reverse=term.unit == "share")
    words = {
        "least": value_words(name, low, spelt=spelt),
        "most": value_words(name, high, spelt=spelt),
        "article": term.article,
    }
    return _("An agreement may set from %(least)s to %(most)s (Labour Code, %(article)s).") % words


refusal_of: Any = lazy(partial(bounds_words, spelt=True), str)
NUMBERS = tuple(term.name for term in TERMS if term.unit != "yes")
FLAGS = tuple(term.name for term in TERMS if term.unit == "yes")
