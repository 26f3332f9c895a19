"""Letters to people of the team about appointments with their social adviser, in simple words. Never what for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from concierge.words import moment_words
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from workers.enums.passes import AppointmentStatus
from workers.models import Appointment


def _interview(message: Message, statuses: Collection[str]) -> Appointment:
    """The appointment, while it is yet to come and as the letter says."""
    asked = Appointment.objects.select_related("trainee__site", "adviser").filter(public_id=message.subject_id)
    found = asked.first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    if found.status not in statuses or found.starts_at <= timezone.now():
        raise NotNeeded(Unsent.OUTDATED)
    return found


def _letter(message: Message, one: Appointment, heading: str, facts: Facts) -> Note:
    site = one.trainee.site
    monday = timezone.localdate(one.starts_at, ZoneInfo(site.time_zone))
    monday -= dt.timedelta(days=monday.weekday())
    page = f"{link(message.organisation, 'workers:my_week')}?{urlencode({'semaine': str(monday)})}"
    known = [(_("With"), one.adviser.get_short_name() if one.adviser else ""), (_("Place"), one.place or site.name)]
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because you work with us."),
        facts=[*facts, *(pair for pair in known if pair[1])],
        action_url=page,
        action_label=_("See my week"),
    )


@writes(Kind.INTERVIEW_PLANNED)
def interview_planned(message: Message) -> Note:
    """When, where, with whom: as it is now, when it was moved since."""
    one = _interview(message, {AppointmentStatus.PENDING})
    facts = [(_("When"), moment_words(one.starts_at, one.trainee.site))]
    return _letter(message, one, _("You have an appointment"), facts)


@writes(Kind.INTERVIEW_MOVED)
def interview_moved(message: Message) -> Note:
    """The new time, and instead of which. Not once it was moved again: another letter says so."""
    one, site = (found := _interview(message, {AppointmentStatus.PENDING})), found.trainee.site
    said = message.event.data if message.event is not None else {}
    if said and dt.datetime.fromisoformat(said["after"]) != one.starts_at:
        raise NotNeeded(Unsent.OUTDATED)
    facts = [(_("When"), moment_words(one.starts_at, site))]
    if said and said["before"] != said["after"]:
        facts.append((_("Instead of"), moment_words(dt.datetime.fromisoformat(said["before"]), site)))
    return _letter(message, one, _("Your appointment has changed"), facts)


@writes(Kind.INTERVIEW_CANCELLED)
def interview_cancelled(message: Message) -> Note:
    """Which one."""
    one = _interview(message, {AppointmentStatus.CANCELLED})
    facts = [(_("It would have been"), moment_words(one.starts_at, one.trainee.site))]
    return _letter(message, one, _("Your appointment does not take place"), facts)
