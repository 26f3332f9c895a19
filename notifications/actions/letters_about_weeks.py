"""Letters about working hours: to the people in simple words, to their supervisors. No hour travels by mail."""

from __future__ import annotations

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from concierge.words import date_words
from notifications.actions.addresses import link
from notifications.actions.letters import Note, NotNeeded, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from workers.models import Absence, WeekEdition


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
