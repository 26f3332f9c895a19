"""How amounts, days and moments are written, on pages, in mails and in documents alike.

In French by the rules of the Imprimerie nationale: a narrow no-break space between the thousands and before a sign,
a comma before the decimals, "1er" for the first of a month. Sentences are set when they are compiled
(``scripts/messages.py``).
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from concierge.models import Site

NARROW, WHOLE = "\u202f", "\u00a0"
MINUS = "\u2212"
FIRST = r"1\e\r"


def _in_french() -> bool:
    return (get_language() or "").startswith("fr")


def euros(amount: Decimal | str | int, digits: int = 2) -> str:
    """An amount in euros as people write it: 1 234,50 € in French, €1,234.50 in English."""
    value = Decimal(str(amount))
    sign = MINUS if value < 0 else ""
    figures = number_format(abs(value), decimal_pos=digits, use_l10n=True, force_grouping=True)
    return f"{sign}{figures}{NARROW}€" if _in_french() else f"{sign}€{figures}"


def percent(rate: Decimal | str) -> str:
    """A rate without useless zeros: 5,5 % in French, 5.5% in English."""
    figures = number_format(f"{Decimal(str(rate)).normalize():f}", use_l10n=True)
    return f"{figures}{NARROW}%" if _in_french() else f"{figures}%"


def quoted(text: str) -> str:
    """What somebody wrote, in the quotation marks of the reader's language."""
    return f"«{NARROW}{text}{NARROW}»" if _in_french() else f"“{text}”"


def date_words(value: dt.date, form: str = "DATE_FORMAT") -> str:
    """A day in one of Django's formats. In French the first is the only ordinal, which no format of Django's knows.

    A moment is read as it is: bring it into the zone of its site first.
    """
    form = str(get_format(form, use_l10n=True))
    if value.day == 1 and _in_french():
        form = form.replace("j", FIRST)
    return date_format(value, form)


# The unit of a price per started half hour.
HALF_HOUR = "30 min"


def figures(quantity: Decimal | int) -> str:
    """A quantity without useless zeros: 5, 1 820, or 2,35 in French."""
    return str(number_format(f"{Decimal(quantity).normalize():f}", use_l10n=True, force_grouping=True))


def quantity_words(quantity: Decimal | int, unit: str = "") -> str:
    """How many or how much: 5, 2,35 kg, or 1 h 30 for three half hours."""
    if unit == HALF_HOUR:
        return duration_words(int(quantity * 30))
    return f"{figures(quantity)}{WHOLE}{unit}" if unit else figures(quantity)


def times_words(quantity: Decimal | int, unit: str, price: Decimal) -> str:
    """How many at which price: nothing for one piece, else 3 × 2,50 € or 2,35 kg × 3,20 €."""
    if unit == HALF_HOUR:
        return f"{quantity_words(quantity, unit)} · {figures(quantity)} × {euros(price)}"
    return f"{quantity_words(quantity, unit)} × {euros(price)}" if unit or quantity != 1 else ""


def duration_words(minutes: int) -> str:
    """How long something takes: 45 min, 3 h, 1 h 30, 1 628 h."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest}{WHOLE}min"
    return f"{figures(hours)}{WHOLE}h" + (f"{WHOLE}{rest:02d}" if rest else "")


def moment_words(value: dt.datetime, site: Site) -> str:
    """Tuesday 24 November at 10:00, in the language of the reader and the time of the site."""
    local = timezone.localtime(value, ZoneInfo(site.time_zone))
    return _("%(day)s at %(time)s") % {"day": date_words(local, "l j F"), "time": date_format(local, "TIME_FORMAT")}


def short_moment_words(value: dt.datetime, site: Site) -> str:
    """Tue 24 Nov. 10:00, for lists."""
    local = timezone.localtime(value, ZoneInfo(site.time_zone))
    return f"{date_words(local, 'D j N')} {date_format(local, 'TIME_FORMAT')}"
