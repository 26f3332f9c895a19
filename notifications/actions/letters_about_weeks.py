"""Letters to the people of the team about their working hours: simple words, no hour of theirs travels by mail."""

from __future__ import annotations

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from concierge.words import date_words
from notifications.actions.addresses import link
from notifications.actions.letters import Note, NotNeeded, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from workers.models import WeekEdition


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
