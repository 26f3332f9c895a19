"""How often a regular request comes, on which days and at what time, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.models import Recurrence
from bookings.rules.recurrence import WEEKDAYS as CODES
from concierge.words import date_words

# Which of the weekdays of a month, by its number in the rule.
WHICH: dict[int, str | Promise] = {
    1: gettext_lazy("first %(day)s"),
    2: gettext_lazy("second %(day)s"),
    3: gettext_lazy("third %(day)s"),
    4: gettext_lazy("fourth %(day)s"),
    5: gettext_lazy("fifth %(day)s"),
    -1: gettext_lazy("last %(day)s"),
}


def rhythm_words(found: Recurrence) -> str:
    """Every week (Monday and Thursday) at 10:00, ten times in all."""
    parts = dict(part.split("=", 1) for part in found.rule.split(";"))
    said = {
        "rhythm": _every(parts["FREQ"], int(parts.get("INTERVAL", "1"))),
        "day": _listed(_days(found, parts)),
        "time": date_format(dt.datetime.combine(found.starts_on, found.at), "TIME_FORMAT"),
    }
    words = (_("%(rhythm)s (%(day)s) at %(time)s") if said["day"] else _("%(rhythm)s at %(time)s")) % said
    if "COUNT" in parts:
        count = int(parts["COUNT"])
        end = ngettext("%(count)d time in all", "%(count)d times in all", count) % {"count": count}
    elif "UNTIL" in parts:
        end = _("until %(day)s") % {"day": date_words(dt.date.fromisoformat(parts["UNTIL"][:8]))}
    else:
        return words
    return f"{words}, {end}"


def _every(freq: str, every: int) -> str:
    return {
        "DAILY": _("every day") if every == 1 else _("every %(count)d days") % {"count": every},
        "WEEKLY": _("every week") if every == 1 else _("every %(count)d weeks") % {"count": every},
        "MONTHLY": _("every month") if every == 1 else _("every %(count)d months") % {"count": every},
    }[freq]


def _days(found: Recurrence, parts: dict[str, str]) -> list[str]:
    """All days of the rule; that of the first day, where the rule names none."""
    by_day = [one for one in parts.get("BYDAY", "").split(",") if one]
    by_date = [int(one) for one in parts.get("BYMONTHDAY", "").split(",") if one]
    if not by_day and not by_date and parts["FREQ"] == "WEEKLY":
        by_day = [CODES[found.starts_on.weekday()]]
    if not by_day and not by_date and parts["FREQ"] == "MONTHLY":
        by_date = [found.starts_on.day]
    which = sorted({(int(one[:-2] or 0), CODES.index(one[-2:])) for one in by_day}, key=_from_the_start)
    dates = sorted(set(by_date), key=lambda day: (day < 0, day))
    return [*map(_weekday, which), *map(_date, dates)]


def _from_the_start(one: tuple[int, int]) -> tuple[bool, int, int]:
    """Those that are counted from the end of the month come last."""
    return (one[0] < 0, *one)


def _weekday(one: tuple[int, int]) -> str:
    which, weekday = one[0], str(WEEKDAYS[one[1]])
    if not which:
        return weekday
    if which in WHICH:
        return str(WHICH[which]) % {"day": weekday}
    return _("%(day)s number %(count)d from the end of the month") % {"day": weekday, "count": -which}


def _date(day: int) -> str:
    if day > 0:
        return _("day %(number)s") % {"number": date_words(dt.date(2024, 1, day), "j")}
    if day == -1:
        return _("last day of the month")
    return _("day %(count)d from the end of the month") % {"count": -day}


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return _("%(some)s and %(last)s") % {"some": ", ".join(words[:-1]), "last": words[-1]}
