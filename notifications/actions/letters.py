"""What every letter has, and who writes which. The words are in ``templates/emails/``, the facts come from here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from bookings.enums import WorkOrderStatus
from bookings.models import Presence, WorkOrder
from concierge.models import Event, Site
from concierge.words import moment_words
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


def to_business(
    reference: str, *, subject: str, heading: str, facts: Facts, url: str = "", label: str = "", **words: Any
) -> Note:
    """What a local business is told: about what, in a subject that names nobody, and the page that it opens."""
    return Note(
        subject=subject % {"reference": reference},
        heading=heading,
        why=_("You receive this message because your business works with us."),
        facts=facts,
        action_url=url,
        action_label=label if url else "",
        words=words,
    )


Writer = Callable[[Message], Note]
WRITERS: dict[str, Writer] = {}


def writes(*kinds: Kind) -> Callable[[Writer], Writer]:
    """Register who writes letters of these kinds. A writer raises ``NotNeeded`` when it is too late."""

    def register(writer: Writer) -> Writer:
        for kind in kinds:
            WRITERS[kind] = writer
        return writer

    return register


def ready_facts(order: WorkOrder) -> Facts:
    """Until when it is ready now, and instead of when; nothing when that was never moved, or the work is over."""
    moved = Event.objects.filter(
        organisation_id=order.organisation_id,
        name="work_order.promised_anew",
        subject_type=order._meta.label_lower,
        subject_id=order.public_id,
    )
    last = moved.order_by("pk").last()
    if last is None or order.status in {WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED}:
        return []
    before = dt.datetime.fromisoformat(last.data["before"])
    return [
        (_("Ready by"), moment_words(order.promised_end, order.site)),
        (_("Instead of"), moment_words(before, order.site)),
    ]


def address_of(site: Site | Presence) -> str:
    """Where a desk or a stand is, on one line."""
    return f"{site.name}, {site.street}, {site.postcode} {site.city}"
