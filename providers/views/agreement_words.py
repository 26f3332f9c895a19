"""Plain words about agreements, for the team and for providers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from concierge.words import euros, percent
from providers.enums import AgreementKind
from providers.models import ServiceAgreement


def price_words(agreement: ServiceAgreement) -> str:
    """What the provider gets, in one phrase."""
    if agreement.kind == AgreementKind.PURCHASE and agreement.purchase_price is not None:
        return _("%(price)s per item") % {"price": euros(agreement.purchase_price)}
    if agreement.kind == AgreementKind.INTRODUCTION:
        return _("All that the client pays, from the client")
    if agreement.commission_percent:
        return _("Client’s price less %(percent)s") % {"percent": percent(agreement.commission_percent)}
    if agreement.commission_fixed:
        return _("Client’s price less %(amount)s per job") % {"amount": euros(agreement.commission_fixed)}
    return _("All that the client pays")


def vat_words(agreement: ServiceAgreement) -> str:
    """How the provider invoices VAT."""
    if agreement.vat_rate is None:
        return _("not stated")
    return percent(agreement.vat_rate) if agreement.vat_rate else _("none (CGI art. 293 B)")


def hours_words(hours: int, none: str) -> str:
    """24 hours, or what zero means."""
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else none


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
        "vat": vat_words(agreement),
        "notice": hours_words(agreement.notice_hours, _("none")),
        "cut_off": hours_words(agreement.cancel_hours, _("until it begins")),
    }
