"""Letters about waiting: a question, a pause, a silence. To clients, to providers, and to whoever of the team cares."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions.waitlist import is_still_free
from bookings.enums import PerformerKind, RequestStatus
from bookings.models import ClientQuestion, ServiceRequest, WaitlistNotice, WorkOrder
from bookings.models.silences import silent_at
from bookings.models.waitlist import MOST_NOTICES
from concierge.models import Site
from concierge.words import moment_words
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, writes
from notifications.enums import Kind, RecipientKind, Unsent
from notifications.models import Message


def _about(message: Message, request: ServiceRequest, *, subject: str, heading: str, facts: Facts, label: str) -> Note:
    return Note(
        subject=subject % {"reference": request.reference},
        heading=heading,
        why=_("You receive this message because you asked us for a service."),
        facts=[(_("Reference"), request.reference), *facts],
        action_url=link(message.organisation, "bookings:track", request.tracking_token),
        action_label=label,
    )


@writes(Kind.QUESTION_ASKED, Kind.QUESTION_REMINDED)
def question(message: Message) -> Note:
    """What we need to know, and by when. Not once it was answered."""
    asked = ClientQuestion.objects.select_related("request__site").filter(public_id=message.subject_id).first()
    if asked is None:
        raise NotNeeded(Unsent.GONE)
    if not asked.is_open:
        raise NotNeeded(Unsent.OUTDATED)
    again = message.kind == Kind.QUESTION_REMINDED
    note = _about(
        message,
        asked.request,
        subject=_("Your request %(reference)s: we still wait for your answer")
        if again
        else _("Your request %(reference)s: we have a question"),
        heading=_("We still wait for your answer") if again else _("We have a question"),
        facts=[(_("Please answer by"), moment_words(asked.due_at, asked.request.site))],
        label=_("Answer the question"),
    )
    note.words["question"] = asked.text
    note.words["ends_without"] = asked.request.status == RequestStatus.AWAITING_CLIENT
    return note


def _request(message: Message) -> ServiceRequest:
    found = ServiceRequest.objects.select_related("site").filter(public_id=message.subject_id).first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    return found


@writes(Kind.REQUEST_HELD)
def held(message: Message) -> Note:
    """Why it stands still, and when we look at it again. Not once it goes on."""
    request = _request(message)
    pause = request.pauses.filter(resumed_at=None).first()
    if pause is None:
        raise NotNeeded(Unsent.OUTDATED)
    note = _about(
        message,
        request,
        subject=_("Your request %(reference)s is on hold"),
        heading=_("Your request is on hold"),
        facts=[
            (_("Why"), pause.get_reason_display()),
            (_("We look at it again on"), moment_words(pause.until, request.site)),
        ],
        label=_("Follow my request"),
    )
    note.words["note"] = pause.note
    return note


@writes(Kind.REQUEST_RESUMED)
def resumed(message: Message) -> Note:
    """It goes on; what was promised has moved. Not when it stands still again."""
    request = _request(message)
    if request.status == RequestStatus.ON_HOLD:
        raise NotNeeded(Unsent.OUTDATED)
    facts = []
    if request.promised_end is not None:
        facts.append((_("Ready by"), moment_words(request.promised_end, request.site)))
    return _about(
        message,
        request,
        subject=_("Your request %(reference)s goes on"),
        heading=_("Your request goes on"),
        facts=facts,
        label=_("Follow my request"),
    )


@writes(Kind.REQUEST_EXPIRED)
def expired(message: Message) -> Note:
    """We had no answer; the link takes it up again. Not when that was done."""
    request = _request(message)
    if request.status != RequestStatus.EXPIRED:
        raise NotNeeded(Unsent.OUTDATED)
    facts = []
    if request.tracking_until is not None:
        facts.append((_("You can take it up again until"), moment_words(request.tracking_until, request.site)))
    return _about(
        message,
        request,
        subject=_("Your request %(reference)s has ended"),
        heading=_("We had no answer from you: your request has ended"),
        facts=facts,
        label=_("Take it up again"),
    )


@writes(Kind.REQUEST_REMINDED)
def reminded(message: Message) -> Note:
    """It is the client's turn: what for is on the page."""
    request = _request(message)
    if request.category == "cancelled" or request.status == RequestStatus.CLOSED:
        raise NotNeeded(Unsent.OUTDATED)
    return _about(
        message,
        request,
        subject=_("Your request %(reference)s waits for you"),
        heading=_("Your request waits for you"),
        facts=[],
        label=_("See what to do"),
    )


@writes(Kind.EARLIER_TIME)
def earlier_time(message: Message) -> Note:
    """A time that came free, with the link that takes it. Not when it is gone, or the appointment was changed since."""
    found = WaitlistNotice.objects.select_related("entry__request__site", "entry__request__hold__presence")
    notice = found.filter(public_id=message.subject_id).first()
    if notice is None:
        raise NotNeeded(Unsent.GONE)
    request, now = notice.entry.request, timezone.now()
    if notice.starts_at <= now:
        raise NotNeeded(Unsent.EXPIRED)
    if not notice.still_speaks_to(request, now) or not is_still_free(notice, request, now=now):
        raise NotNeeded(Unsent.OUTDATED)
    booked = moment_words(request.promised_start, request.site) if request.promised_start else ""
    facts = [(_("Free now"), moment_words(notice.starts_at, request.site)), (_("Your appointment"), booked)]
    if message.recipient_kind == RecipientKind.STAFF:
        return Note(
            subject=_("Request %(reference)s: an earlier time is free, please call") % {"reference": request.reference},
            heading=_("An earlier time is free: please call"),
            why=_("You receive this message because of your role in the team."),
            facts=[(_("Reference"), request.reference), *facts],
            action_url=link(message.organisation, "bookings:request", request.public_id),
            action_label=_("Open the request"),
            words={"to_call": True},
        )
    note = _about(
        message,
        request,
        subject=_("Your request %(reference)s: an earlier time is free"),
        heading=_("An earlier time is free"),
        facts=facts,
        label=_("See this time"),
    )
    url = link(message.organisation, "bookings:track-notice", request.tracking_token, notice.public_id)
    words = {"to_call": False, "is_last": notice.number == MOST_NOTICES}
    return replace(note, action_url=url, words=words)


@writes(Kind.WORK_REMINDED)
def provider_reminded(message: Message) -> Note:
    """How is it going with this job? Not when somebody else has it now."""
    order = WorkOrder.objects.select_related("request", "service", "site").filter(public_id=message.subject_id).first()
    if order is None:
        raise NotNeeded(Unsent.GONE)
    if order.performer_kind != PerformerKind.PROVIDER or order.performer_id != message.recipient_id:
        raise NotNeeded(Unsent.OUTDATED)
    return Note(
        subject=_("Work order %(reference)s: we wait for news") % {"reference": order.reference},
        heading=_("How is this job going?"),
        why=_("You receive this message because you have accepted this job."),
        facts=[
            (_("Work order"), order.reference),
            (_("Service"), order.service.label),
            (_("To be done by"), moment_words(order.promised_end, order.site)),
        ],
        words={"reference": order.reference, "what": order.service.label},
    )


@writes(Kind.QUESTION_ANSWERED)
def answered(message: Message) -> Note:
    """The client has answered: the team reads it on the page of the request."""
    asked = ClientQuestion.objects.select_related("request__site").filter(public_id=message.subject_id).first()
    if asked is None:
        raise NotNeeded(Unsent.GONE)
    return Note(
        subject=_("Request %(reference)s: the client has answered") % {"reference": asked.request.reference},
        heading=_("The client has answered"),
        why=_("You receive this message because of your role in the team."),
        facts=[(_("Reference"), asked.request.reference), (_("Site"), asked.request.site.name)],
        action_url=link(message.organisation, "bookings:request", asked.request.public_id),
        action_label=_("Open the request"),
    )


@writes(Kind.SILENCES)
def silences(message: Message) -> Note:
    """How many requests of a site are silent, by whose turn it is. Not when all was dealt with meanwhile."""
    site = Site.objects.filter(public_id=message.subject_id).first()
    if site is None:
        raise NotNeeded(Unsent.GONE)
    counts = silent_at(site, now=timezone.now())
    if not counts:
        raise NotNeeded(Unsent.OUTDATED)
    return Note(
        subject=_("%(site)s: who is silent today") % {"site": site.name},
        heading=_("Who is silent today"),
        why=_("You receive this message because of your role in the team."),
        facts=[(label, str(count)) for label, count in counts],
        action_url=link(message.organisation, "bookings:silences"),
        action_label=_("Open the list"),
    )
