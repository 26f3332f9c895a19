"""Template filters of ``concierge.words``: amounts and days as people write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django import template

from concierge import words
from concierge.models import national_phone

register = template.Library()
register.filter("percent", words.percent)
register.filter("national_phone", national_phone)
register.filter("quoted", words.quoted)


@register.filter
def begins(text: str, start: str) -> bool:
    """Whether a text begins with another: the path of a page with the address of a link."""
    return text.startswith(start)


@register.filter
def euros(amount: Decimal | str | int, digits: int = 2) -> str:
    """An amount in euros; ``digits`` of a unit price may be four."""
    return words.euros(amount, digits)


@register.filter(expects_localtime=True)
def day(value: dt.date, form: str = "DATE_FORMAT") -> str:
    """Like Django's ``date``, with the French first of a month."""
    return words.date_words(value, form)
