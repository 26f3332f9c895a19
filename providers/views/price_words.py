"""Plain words about price requests, for providers and for the team."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.enums import Place
from concierge.words import date_words, euros, moment_words, percent, short_moment_words
from providers.enums import PriceRequestStatus
from providers.models import PriceRequest
from providers.models.prices import OPEN
from providers.rules.prices import excl_and_incl
from providers.views.words import left_words

S = PriceRequestStatus


def amounts_words(price: Decimal, *, includes_vat: bool, vat_rate: Decimal) -> dict[str, str]:
    """A price without VAT, the VAT, and with it: never a bare amount."""
    excl, incl = excl_and_incl(price, includes_vat=includes_vat, vat_rate=vat_rate)
    return {
        "excl": euros(excl),
        "vat": euros(incl - excl),
        "incl": euros(incl),
        "rate": percent(vat_rate) if vat_rate else "",
    }


def question_of(asked: PriceRequest) -> dict[str, Any]:
    """The area and the need, how long there is to answer, and what was answered."""
    site, now = asked.request.site, timezone.now()
    is_open = asked.status == S.SENT and asked.due_at > now
    given = asked.price is not None and asked.vat_rate is not None
    return {
        "asked": asked,
        "service": asked.service,
        "area": "{postcode} {city}".format(**asked.area),
        "place": _("At the client’s home") if asked.request.place == Place.HOME else _("At our desk"),
        "wanted": date_words(asked.wanted_on, "l j F") if asked.wanted_on else _("To be agreed"),
        "due": moment_words(asked.due_at, site),
        "left": left_words(asked.due_at, now),
        "is_open": is_open,
        "can_retract": asked.status == S.PRICED,
        "amounts": amounts_words(asked.price, includes_vat=asked.includes_vat, vat_rate=asked.vat_rate)
        if given and asked.price is not None and asked.vat_rate is not None
        else None,
        "earliest": date_words(asked.earliest_on, "l j F") if asked.earliest_on else "",
        "until": date_words(asked.valid_until, "j F Y") if asked.valid_until else "",
    }


def standing_words(asked: PriceRequest) -> tuple[str, str]:
    """Title and sentence for a provider whose question is no longer open."""
    thanks = _("Thank you all the same: we will ask you again soon.")
    return {
        S.PRICED: (_("We have your price"), _("Thank you! We write to you when the client has decided.")),
        S.CHOSEN: (
            _("The client has chosen your price"),
            _("Thank you! The job reaches you in a message of its own, as soon as its day is known."),
        ),
        S.DECLINED: (_("You gave no price"), _("Thank you for telling us.")),
        S.RETRACTED: (_("You took your price back"), _("Thank you for telling us.")),
        S.NOT_SELECTED: (_("Not this time"), _("The client decided otherwise. Thank you for your price.")),
        S.SENT: (_("The time to answer is over"), thanks),
        S.EXPIRED: (_("The time to answer is over"), thanks),
    }.get(
        S(asked.status),
        (_("We no longer need a price for this"), _("Nothing more needs to be done. Thank you for being there.")),
    )


def row_of(asked: PriceRequest) -> dict[str, Any]:
    """One line of the comparison: what they ask, from when, until when it holds, and who is silent."""
    site, now = asked.request.site, timezone.now()
    today = timezone.localdate(now, ZoneInfo(site.time_zone))
    return {
        **question_of(asked),
        "first": date_words(asked.earliest_on, "D j N") if asked.earliest_on else "",
        "last": date_words(asked.valid_until, "D j N") if asked.valid_until else "",
        "is_late": asked.status == S.SENT and asked.due_at <= now,
        "holds": asked.holds_on(today),
        "is_open_to_us": asked.status in OPEN,
        "is_over": asked.status == S.PRICED and not asked.holds_on(today),
        "sent": short_moment_words(asked.sent_at, site),
        "answered": short_moment_words(asked.answered_at, site) if asked.answered_at else "",
        "ends_soon": asked.valid_until is not None and asked.valid_until <= today + dt.timedelta(days=3),
    }
