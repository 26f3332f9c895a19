"""Order sheets as files: always the same bytes from the same frozen content."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.models import OrderSheet
from bookings.rules.ahead import csv_text
from concierge.documents import render_pdf
from concierge.words import date_words


def pdf_of(sheet: OrderSheet) -> bytes:
    """The sheet as an A4 page in the producer's language. Raises ``DocumentRenderFailed`` (503)."""
    language = sheet.producer.language
    with translation.override(language):
        content = {
            **sheet.content,
            "words": {
                "title": _("Order sheet"),
                "closed": _("Orders closed on"),
                "orders": _("Orders"),
                "item": _("Item"),
                "total": _("Total"),
                "deliver": _("To be brought"),
                "nothing": _("Nobody has ordered this time."),
                "tick": _("Prepared"),
            },
            "closed_words": _moment(sheet.content["closed_at"], sheet),
            "deliveries": [
                {**one, "when": f"{_moment(one['starts_at'], sheet)} – {_time(one['ends_at'], sheet)}"}
                for one in sheet.content["handouts"]
            ],
        }
    return render_pdf("order_sheet.typ", content, language=language, timestamp=sheet.closed_at)


def csv_of(sheet: OrderSheet) -> bytes:
    """The sheet for a spreadsheet: one row an item, one column a site."""
    content = sheet.content
    with translation.override(sheet.producer.language):
        head = [_("Item"), *content["columns"], _("Total")]
    rows = [[row["item"], *row["by_site"], row["total"]] for row in content["rows"]]
    return csv_text([head, *rows])


def _local(text: str, sheet: OrderSheet) -> dt.datetime:
    zone = ZoneInfo(sheet.content["time_zone"])
    return timezone.localtime(dt.datetime.fromisoformat(text), zone)


def _moment(text: str, sheet: OrderSheet) -> str:
    local = _local(text, sheet)
    return f"{date_words(local, 'l j F')} {date_format(local, 'TIME_FORMAT')}"


def _time(text: str, sheet: OrderSheet) -> str:
    return date_format(_local(text, sheet), "TIME_FORMAT")
