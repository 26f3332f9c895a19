"""What every letter has, and who writes which. The words are in ``templates/emails/``, the facts come from here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from concierge.models import Site
from notifications.enums import Kind, Unsent
from notifications.models import Message

Facts = list[tuple[str, str]]


class NotNeeded(Exception):
    """A message that should not leave any more. ``why`` is shown to the team."""

    def __init__(self, why: Unsent) -> None:
        self.why = why
        super().__init__(str(why.value))


@dataclass(frozen=True)
class Attachment:
    """A file that travels with the letter."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Note:
    """What one letter says beyond the words of its template. No personal data in ``subject`` (P07)."""

    subject: str
    heading: str
    why: str
    facts: Facts = field(default_factory=list)
    action_url: str = ""
    action_label: str = ""
    words: dict[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


Writer = Callable[[Message], Note]
WRITERS: dict[str, Writer] = {}


def writes(*kinds: Kind) -> Callable[[Writer], Writer]:
    """Register who writes letters of these kinds. A writer raises ``NotNeeded`` when it is too late."""

    def register(writer: Writer) -> Writer:
        for kind in kinds:
            WRITERS[kind] = writer
        return writer

    return register


def moment(value: dt.datetime, site: Site) -> str:
    """Tuesday 24 November at 10:00, in the reader's language and the site's time."""
    local = timezone.localtime(value, ZoneInfo(site.time_zone))
    return _("%(day)s at %(time)s") % {"day": date_format(local, "l j F"), "time": date_format(local, "TIME_FORMAT")}


def euros(amount: object) -> str:
    """An amount as people write it: ``3,00 €``."""
    return f"{number_format(str(amount), decimal_pos=2, use_l10n=True)} €"


def address_of(site: Site) -> str:
    """Where a desk is, on one line."""
    return f"{site.name}, {site.street}, {site.postcode} {site.city}"
