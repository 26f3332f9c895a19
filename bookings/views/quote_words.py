"""A sealed quote in words: amounts, days and differences as people read them, for the client and for the desk alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from bookings.enums import QuoteStatus
from bookings.models import Quote
from bookings.rules.quotes import Change, Snapshot, changes
from concierge.words import date_words, euros, moment_words, percent


def content_words(content: Snapshot, quote: Quote) -> dict[str, Any]:
    """What the quote says, ready for the page."""
    site = quote.request.site
    starts_at = dt.datetime.fromisoformat(content["starts_at"]) if content["starts_at"] else None
    return {
        **content,
        "issued": date_words(dt.date.fromisoformat(content["issued_on"]), "j F Y"),
        "until": date_words(dt.date.fromisoformat(content["valid_until"]), "j F Y"),
        "start": moment_words(starts_at, site) if starts_at else _("to be agreed together"),
        "fee_words": "" if content["fee"] == "0.00" else euros(content["fee"]),
        "several": len(content["options"]) > 1,
        "shown_options": [_option(option, number) for number, option in enumerate(content["options"], start=1)],
    }


def _option(option: Snapshot, number: int) -> dict[str, Any]:
    return {
        **option,
        "number": number,
        "label": option["title"] or _("Option %(number)d") % {"number": number},
        "rows": [
            {
                "label": line["description"],
                "detail": _detail(line),
                "amount": euros(line["total"]),
            }
            for line in option["lines"]
        ],
        "total": euros(option["incl"]),
        "net": euros(option["excl"]),
        "shares": [
            {"label": _("of which VAT %(rate)s") % {"rate": percent(share["rate"])}, "amount": euros(share["amount"])}
            for share in option["vat"]
        ],
        "travel_words": "" if option["travel"] == "0.00" else euros(option["travel"]),
    }


def _detail(line: Snapshot) -> str:
    if line["quantity"] == "1" and not line["unit"]:
        return ""
    quantity = number_format(line["quantity"], use_l10n=True) + (f" {line['unit']}" if line["unit"] else "")
    return f"{quantity} × {euros(line['unit_price'])}"


def change_words(old: Snapshot, new: Snapshot) -> list[str]:
    """What is different, one sentence each."""
    return [_sentence(change) for change in changes(old, new)]


def _sentence(change: Change) -> str:
    names = {
        "starts_at": _("start of the work"),
        "duration": _("duration"),
        "conditions": _("conditions"),
        "valid_until": _("validity"),
    }
    if change.label in names and change.what == "changed":
        return _("Other %(what)s") % {"what": names[change.label]}
    words = {"what": change.label, "before": _euros(change.before), "after": _euros(change.after)}
    if change.what == "added":
        return _("New: %(what)s (%(after)s)") % words
    if change.what == "removed":
        return _("No longer there: %(what)s (%(before)s)") % words
    return _("%(what)s: %(after)s instead of %(before)s") % words


def _euros(amount: str) -> str:
    return euros(amount) if amount else ""


def totals_words(quote: Quote) -> str:
    """What it costs: the amount, or the cheapest and the dearest option."""
    amounts = sorted(quote.totals, key=float)
    if not amounts:
        return ""
    if amounts[0] == amounts[-1]:
        return euros(amounts[0])
    return _("%(from)s to %(to)s") % {"from": euros(amounts[0]), "to": euros(amounts[-1])}


def age_words(moment: dt.datetime | None, now: dt.datetime) -> str:
    """For how long it waits: two days, three hours; nothing for what was sent just now."""
    return timesince(moment, now, depth=1) if moment and now - moment >= dt.timedelta(minutes=1) else ""


def state_sentence(quote: Quote) -> str:
    """Where a sent quote stands, as the client reads it."""
    site = quote.request.site
    when = moment_words(quote.answered_at, site) if quote.answered_at else ""
    return {
        QuoteStatus.SENT: "",
        QuoteStatus.ACCEPTED: _("Accepted by %(name)s on %(when)s.") % {"name": quote.answer_name, "when": when},
        QuoteStatus.DECLINED: _("You declined this quote on %(when)s.") % {"when": when},
        QuoteStatus.CHANGES_REQUESTED: _("You asked for a change on %(when)s. We are preparing a new version.")
        % {"when": when},
        QuoteStatus.EXPIRED: _("This quote is no longer valid. Do you still want it? Ask us to renew it."),
        QuoteStatus.WITHDRAWN: _("We have withdrawn this quote. Please call us, or wait for the next one."),
        QuoteStatus.SUPERSEDED: _("This version was replaced by a newer one."),
        QuoteStatus.DRAFT: "",
    }[QuoteStatus(quote.status)]


def versions(quotes: Iterable[Quote]) -> list[dict[str, Any]]:
    """The history of a quote, the newest first, each with what changed since the version before."""
    rows = sorted(quotes, key=lambda quote: quote.version)
    shown = []
    for before, quote in zip([None, *rows], rows, strict=False):
        differences = change_words(before.content, quote.content) if before and quote.content else []
        shown.append(
            {
                "quote": quote,
                "totals": totals_words(quote),
                "changes": differences[:12],
                "more": max(0, len(differences) - 12),
                "sent": moment_words(quote.sent_at, quote.request.site) if quote.sent_at else "",
                "answered": moment_words(quote.answered_at, quote.request.site) if quote.answered_at else "",
            }
        )
    return list(reversed(shown))
