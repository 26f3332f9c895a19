"""Letters about working hours: to the people in simple words, to their supervisors. No hour travels by mail."""

from __future__ import annotations

import datetime as dt

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from concierge.words import date_words
from notifications.actions.addresses import link
from notifications.actions.letters import Note, NotNeeded, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from workers.enums.consents import ConsentStatus, SaidBy
from workers.enums.swaps import OPEN_SWAPS, SwapStatus
from workers.models import Absence, HoursConsent, SwapRequest, WeekEdition


@writes(Kind.WEEK_PUBLISHED)
def week_published(message: Message) -> Note:
    """Their hours of a week are there, or are no longer the same. Not once the week is told again."""
    found = WeekEdition.objects.select_related("week__site").filter(public_id=message.subject_id)
    edition = found.first()
    if edition is None:
        raise NotNeeded(Unsent.GONE)
    day = date_words(edition.week.monday, "j F")
    is_first = edition.number == 1
    subject = (
        _("Your hours of the week of %(day)s") if is_first else _("Your hours of the week of %(day)s have changed")
    )
    page = f"{link(message.organisation, 'workers:my_week')}?{urlencode({'semaine': str(edition.week.monday)})}"
    return Note(
        subject=subject % {"day": day},
        heading=subject % {"day": day},
        why=_("You receive this message because you work with us."),
        facts=[(_("Your site"), edition.week.site.name)],
        action_url=page,
        action_label=_("See my week"),
    )


@writes(Kind.ABSENCE_SAID)
def absence_said(message: Message) -> Note:
    """Who is away from when to when; never why. Not once it is taken back."""
    if message.event is None:
        raise NotNeeded(Unsent.GONE)
    data = message.event.data
    found = Absence.objects.select_related("trainee__site").filter(
        trainee__public_id=message.subject_id, starts_on=str(data["first"])
    )
    absence = found.first()
    if absence is None:
        raise NotNeeded(Unsent.OUTDATED)
    person = absence.trainee
    return Note(
        subject=_("Somebody in your team is away"),
        heading=_("Somebody in your team is away"),
        why=_("You receive this message because of your role in the team."),
        facts=[
            (_("Who"), person.first_name),
            (_("First day away"), date_words(absence.starts_on, "l j F")),
            (_("Last day away"), date_words(absence.ends_on, "l j F")),
            (_("Site"), person.site.name),
        ],
        action_url=link(message.organisation, "workers:one_absence", person.public_id, str(absence.starts_on)),
        action_label=_("See who replaces them"),
    )


@writes(Kind.HOURS_DECLINED)
def hours_declined(message: Message) -> Note:
    """Who says no to the hours of which days. Not once they have said yes, or other hours were published."""
    if message.event is None:
        raise NotNeeded(Unsent.GONE)
    said_no = HoursConsent.objects.select_related("trainee__site").filter(
        trainee__public_id=message.subject_id,
        day__in=message.event.data["days"],
        status=ConsentStatus.DECLINED,
        said_by=SaidBy.PERSON,
    )
    found = list(said_no.order_by("day"))
    if not found:
        raise NotNeeded(Unsent.OUTDATED)
    person, first = found[0].trainee, found[0].day
    monday = first - dt.timedelta(days=first.weekday())
    page = (
        f"{link(message.organisation, 'workers:week')}?{urlencode({'site': person.site.slug, 'semaine': str(monday)})}"
    )
    return Note(
        subject=_("Somebody in your team says no to changed hours"),
        heading=_("Somebody in your team says no to changed hours"),
        why=_("You receive this message because of your role in the team."),
        facts=[
            (_("Who"), person.first_name),
            (_("Days"), ", ".join(date_words(one.day, "l j F") for one in found)),
            (_("Site"), person.site.name),
        ],
        action_url=page,
        action_label=_("Open the week"),
    )


def _swap(message: Message, *statuses: str) -> SwapRequest:
    """The swap that the letter speaks of, while it is as it says."""
    swap = SwapRequest.objects.for_cards().filter(public_id=message.subject_id).first()
    if swap is None:
        raise NotNeeded(Unsent.GONE)
    if swap.status not in statuses:
        raise NotNeeded(Unsent.OUTDATED)
    return swap


@writes(Kind.SWAP_ASKED)
def swap_asked(message: Message) -> Note:
    """A colleague asks; the page says which days."""
    swap = _swap(message, SwapStatus.ASKED)
    return Note(
        subject=_("A colleague asks to swap a day with you"),
        heading=_("A colleague asks to swap a day with you"),
        why=_("You receive this message because you work with us."),
        facts=[(_("Who"), swap.asker.first_name)],
        action_url=link(message.organisation, "workers:my_week"),
        action_label=_("Answer"),
    )


@writes(Kind.SWAP_AGREED)
def swap_agreed(message: Message) -> Note:
    """Two people agree: the supervisor decides."""
    swap = _swap(message, SwapStatus.AGREED)
    return Note(
        subject=_("Two people of your team want to swap a day"),
        heading=_("Two people of your team want to swap a day"),
        why=_("You receive this message because of your role in the team."),
        facts=[(_("Who"), f"{swap.asker.first_name}, {swap.other.first_name}"), (_("Site"), swap.mine.week.site.name)],
        action_url=link(message.organisation, "workers:swaps"),
        action_label=_("Decide"),
    )


@writes(Kind.SWAP_ENDED)
def swap_ended(message: Message) -> Note:
    """Their hours stay as they are."""
    _swap(message, *(status for status in SwapStatus if status not in (*OPEN_SWAPS, SwapStatus.APPROVED)))
    return Note(
        subject=_("The swap does not take place"),
        heading=_("The swap does not take place"),
        why=_("You receive this message because you work with us."),
        action_url=link(message.organisation, "workers:my_week"),
        action_label=_("See my week"),
    )
