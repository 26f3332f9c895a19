"""A message row becomes a letter when it leaves: in the reader's language, from what is true now."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

import mjml
from anyascii import anyascii
from django.template.loader import render_to_string
from django.utils import translation

from bookings.models import ServiceRequest
from notifications.actions import (
    letters_about_agreements,
    letters_about_bank,
    letters_about_counters,
    letters_about_files,
    letters_about_interviews,
    letters_about_papers,
    letters_about_pathways,
    letters_about_prices,
    letters_about_quotes,
    letters_about_waits,
    letters_about_weeks,
    letters_ahead,
    letters_to_beneficiaries,
    letters_to_clients,
    letters_to_providers,
    letters_to_staff,
)
from notifications.actions.letters import WRITERS, Attachment, Note, NotNeeded
from notifications.enums import WARNINGS, MessageChannel, RecipientKind, Unsent
from notifications.models import Message
from notifications.rules.sms import BASIC, DOUBLE, ROOM, shortened, size
from providers.models import Provider

__all__ = ["WRITING", "Attachment", "Letter", "NotNeeded", "write"]

# Importing them registers who writes what.
WRITING = (
    letters_about_agreements,
    letters_about_bank,
    letters_about_counters,
    letters_about_files,
    letters_about_interviews,
    letters_about_papers,
    letters_about_pathways,
    letters_about_prices,
    letters_about_quotes,
    letters_about_waits,
    letters_about_weeks,
    letters_ahead,
    letters_to_beneficiaries,
    letters_to_clients,
    letters_to_providers,
    letters_to_staff,
)


@dataclass(frozen=True)
class Letter:
    """A letter ready to travel."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


def write(message: Message) -> Letter:
    """Render a message. Raises ``NotNeeded`` when it should not leave; any other error is a fault of ours."""
    about = message.request_id if message.recipient_kind == RecipientKind.PRESCRIBER else None
    if about is not None and not _speaks_for(message, about):
        raise NotNeeded(Unsent.OUTDATED)
    is_warning = message.kind in WARNINGS
    if message.recipient_kind == RecipientKind.PROVIDER and not is_warning and not _is_read_by_provider(message):
        raise NotNeeded(Unsent.OUTDATED)
    with translation.override(message.language):
        note = WRITERS[message.kind](message)
        if message.channel == MessageChannel.SMS:
            return Letter(subject=note.subject, text=_short_text(message, note), html="")
        template = "emails/" + message.kind.replace(".", "_")
        context: dict[str, Any] = {
            "organisation": message.organisation,
            "reader": message.recipient_name,
            "heading": note.heading,
            "why": note.why,
            "facts": note.facts,
            "action_url": note.action_url,
            "action_label": note.action_label,
            **note.words,
        }
        text = render_to_string(f"{template}.txt", context)
        html = mjml.mjml2html(render_to_string(f"{template}.mjml", context))
    return Letter(subject=note.subject, text=_tidy(text), html=html, attachments=note.attachments)


# Shorter and shorter, until it fits: how much is left of the longest words of a text.
CUTS = (60, 40, 25, 12)


def _short_text(message: Message, note: Note) -> str:
    """An SMS: one paragraph in its alphabet, in two parts at most whatever things are called here."""
    template = f"sms/{message.kind.replace('.', '_')}.txt"
    text = ""
    for cut in CUTS:
        words = {name: shortened(str(value), cut) for name, value in note.words.items() if name in {"what", "area"}}
        context = {
            "sender": shortened(message.organisation.name, cut),
            "phone": message.organisation.phone_shown,
            "action_url": note.action_url,
            **note.words,
            **words,
        }
        text = _plain(render_to_string(template, context))
        if size(text) <= ROOM:
            break
    return text


def _plain(text: str) -> str:
    """In the alphabet of SMS, on one line."""
    letters = (letter if letter in BASIC or letter in DOUBLE else anyascii(letter) for letter in text)
    return " ".join("".join(letters).split())


def _speaks_for(message: Message, request_id: uuid.UUID) -> bool:
    """Whether a prescriber still speaks for the person of the request: the letter has the link to it."""
    found = ServiceRequest.objects.filter(public_id=request_id).select_related("prescriber").first()
    return found is None or (found.speaker is not None and found.speaker.pk == message.recipient_id)


def _is_read_by_provider(message: Message) -> bool:
    """Whether a provider still reads where the message goes: it has links that open without an account (S16)."""
    provider = Provider.objects.filter(pk=message.recipient_id or 0).first()
    if provider is None:
        return True
    here = provider.email if message.channel == MessageChannel.EMAIL else provider.phone and provider.phone.as_e164
    return message.address == here


def _tidy(text: str) -> str:
    """One empty line between paragraphs, none at either end."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
