"""Letters about orders ahead: the sheet for the producer, what became of an order, what is replaced (R7)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.actions.day_reasons import reason_words
from bookings.actions.sheets import csv_of, pdf_of
from bookings.enums import OccurrenceStatus
from bookings.models import Occurrence, OrderSheet, PreOrder, PreOrderRun, Substitution
from concierge.words import date_words, euros, moment_words
from notifications.actions.addresses import link
from notifications.actions.letters import Attachment, Facts, Note, NotNeeded, address_of, writes
from notifications.enums import Kind, RecipientKind, Unsent
from notifications.models import Message


def window(run: PreOrderRun) -> str:
    """Thursday 3 December, 12:00–14:00, in the time of the site."""
    zone = ZoneInfo(run.site.time_zone)
    starts, ends = (timezone.localtime(at, zone) for at in (run.handout_starts_at, run.handout_ends_at))
    times = f"{date_format(starts, 'TIME_FORMAT')}–{date_format(ends, 'TIME_FORMAT')}"
    return f"{date_words(starts, 'l j F')}, {times}"


@writes(Kind.ORDER_SHEET)
def order_sheet(message: Message) -> Note:
    """What to bring, and where. Raises ``DocumentRenderFailed`` when the PDF cannot be drawn: it is tried again."""
    sheet = OrderSheet.objects.select_related("producer").filter(public_id=message.subject_id).first()
    if sheet is None:
        raise NotNeeded(Unsent.GONE)
    runs = list(sheet.runs.select_related("site").order_by("handout_starts_at", "pk"))
    to_producer = message.recipient_kind == RecipientKind.PROVIDER
    facts: Facts = [(row["item"], str(row["total"])) for row in sheet.content["rows"]]
    facts += [(_("To be brought"), f"{address_of(run.site)} – {window(run)}") for run in runs]
    day = sheet.closed_at.astimezone(ZoneInfo(sheet.content["time_zone"])).date()
    name = f"bon-de-commande-{day:%Y-%m-%d}"
    return Note(
        subject=_("Order sheet of %(day)s") % {"day": date_words(day, "j F")},
        heading=_("Order sheet for %(producer)s") % {"producer": sheet.producer.name},
        why=_("You receive this message because you supply our desks.")
        if to_producer
        else _("You receive this message because of your role in the team."),
        facts=facts,
        action_url="" if to_producer or not runs else link(message.organisation, "bookings:run", runs[0].public_id),
        action_label=_("Open the hand-out"),
        words={
            "nobody": not sheet.content["rows"],
            "to_producer": to_producer,
            "has_email": sheet.producer.email,
        },
        attachments=(
            Attachment(f"{name}.pdf", pdf_of(sheet), "application/pdf"),
            Attachment(f"{name}.csv", csv_of(sheet), "text/csv"),
        ),
    )


def _about(order: PreOrder, message: Message, *, subject: str, heading: str, facts: Facts, **words: object) -> Note:
    return Note(
        subject=subject % {"reference": order.request.reference},
        heading=heading,
        why=_("You receive this message because you asked us for a service."),
        facts=[(_("Reference"), order.request.reference), *facts],
        action_url=link(message.organisation, "bookings:track", order.request.tracking_token),
        action_label=_("Follow my request"),
        words=words,
    )


def _order(message: Message) -> PreOrder:
    found = PreOrder.objects.select_related("request", "run__site", "run__plan").filter(public_id=message.subject_id)
    order = found.first()
    if order is None:
        raise NotNeeded(Unsent.GONE)
    return order


@writes(Kind.PRE_ORDER_KEPT)
def kept(message: Message) -> Note:
    """We keep it a little. Not once it was fetched or given away."""
    order = _order(message)
    if order.kept_until is None or order.hand_out != "kept" or order.kept_until <= timezone.now():
        raise NotNeeded(Unsent.OUTDATED)
    until = moment_words(order.kept_until, order.run.site)
    return _about(
        order,
        message,
        subject=_("Your order %(reference)s waits for you"),
        heading=_("We keep your order for you"),
        facts=[(_("Until"), until), (_("Where"), address_of(order.run.site))],
    )


@writes(Kind.PRE_ORDER_MISSED)
def missed(message: Message) -> Note:
    """It was given away, and what that means for the bill."""
    order = _order(message)
    charged = order.request.work_orders.filter(status="verified").exists()
    return _about(
        order,
        message,
        subject=_("Your order %(reference)s was not fetched"),
        heading=_("You did not come, and we gave it away"),
        facts=[
            (_("Hand-out"), window(order.run)),
            (_("To pay"), euros(order.request.total_incl_vat) if charged else _("nothing")),
        ],
        charged=charged,
    )


@writes(Kind.SUBSTITUTED)
def substituted(message: Message) -> Note:
    """What comes instead. Not once it was refused, or handed out."""
    one = Substitution.objects.filter(public_id=message.subject_id).first()
    if one is None:
        raise NotNeeded(Unsent.GONE)
    order = PreOrder.objects.select_related("request", "run__site").get(pk=one.pre_order_id)
    if one.refused_at is not None or order.run.handout_starts_at <= timezone.now() - dt.timedelta(hours=1):
        raise NotNeeded(Unsent.OUTDATED)
    return _about(
        order,
        message,
        subject=_("Your order %(reference)s: something is replaced"),
        heading=_("Something is replaced in your order"),
        facts=[
            (_("You ordered"), one.old_description),
            (_("You get"), one.new_description),
            (_("Price, VAT included"), euros(one.new_unit_price)),
            (_("Hand-out"), window(order.run)),
        ],
    )


@writes(Kind.OCCURRENCE_FAILED)
def occurrence_failed(message: Message) -> Note:
    """Why, and what to do. Not once it was mended."""
    found = Occurrence.objects.select_related("recurrence__site").filter(public_id=message.subject_id)
    one = found.first()
    if one is None:
        raise NotNeeded(Unsent.GONE)
    if one.status != OccurrenceStatus.FAILED:
        raise NotNeeded(Unsent.OUTDATED)
    site = one.recurrence.site
    return Note(
        subject=_("A day of your regular request could not be booked"),
        heading=_("We could not book “%(name)s” this time") % {"name": one.recurrence.name},
        why=_("You receive this message because you asked us for a service."),
        facts=[
            (_("Day"), moment_words(one.starts_at, site)),
            (_("Reason"), reason_words(one)),
            (_("Where"), address_of(site)),
        ],
        words={"phone": site.phone_shown if site.phone else ""},
    )
