"""Plain words about agreements, for the team and for providers."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from concierge.words import date_words
from providers.actions.agreement_texts import cut_off_words, hours_words, invoicing_words, price_words, vat_words
from providers.enums import Side
from providers.models import ServiceAgreement


def state_of(agreement: ServiceAgreement, today: dt.date) -> tuple[str, str]:
    """Badge category and words: of what binds, whether it counts today."""
    if not agreement.is_binding:
        return agreement.category, agreement.get_status_display()
    if agreement.is_in_force(today):
        return "done", _("In force")
    if agreement.valid_from > today:
        return "waiting", pgettext("agreement", "Begins later")
    return "cancelled", pgettext("agreement", "Ended")


def row_of(agreement: ServiceAgreement, today: dt.date) -> dict[str, Any]:
    """One line of a list."""
    return {"agreement": agreement, "state": state_of(agreement, today), "price": price_words(agreement)}


def facts_of(agreement: ServiceAgreement) -> dict[str, Any]:
    """All terms of one."""
    return {
        "price": price_words(agreement),
        "invoicing": invoicing_words(agreement),
        "vat": vat_words(agreement),
        "notice": hours_words(agreement.notice_hours, _("none")),
        "cut_off": cut_off_words(agreement),
    }


def signatures_of(agreement: ServiceAgreement, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Both sides, and who has signed for each."""
    given = {one.side: one for one in agreement.signatures.all()}
    rows = []
    for side in Side:
        one = given.get(side)
        local = timezone.localtime(one.at, zone) if one else None
        rows.append(
            {
                "side": side.label,
                "name": one.name if one else "",
                "at": _("%(day)s at %(time)s")
                % {"day": date_words(local, "j F Y"), "time": date_format(local, "TIME_FORMAT")}
                if local
                else "",
            }
        )
    return rows
