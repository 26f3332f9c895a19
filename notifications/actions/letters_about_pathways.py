"""Letters to the people around somebody of the team: what of their file ends. Neither a number nor a reason travels by
mail."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from concierge.days import today_of
from concierge.words import date_words
from notifications.actions.addresses import link
from notifications.actions.letters import Note, NotNeeded, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from workers.models import Appointment, Clearance, PassIAE, Trainee
from workers.rules.intervals import civil_day


@writes(Kind.PASS_ENDING)
def pass_ending(message: Message) -> Note:
    """Whose, until when, how many days are left. Not once it was moved by a year, or is over."""
    found = PassIAE.objects.kept().select_related("trainee__site").with_ledger().filter(public_id=message.subject_id)
    pass_iae = found.first()
    if pass_iae is None:
        raise NotNeeded(Unsent.GONE)
    said = message.event.data.get("days", 0) if message.event is not None else 0
    left = pass_iae.ledger().days_left(today_of(message.organisation))
    # It was prolonged or suspended in the meantime: another letter comes at its own time.
    if left > said or left == 0:
        raise NotNeeded(Unsent.OUTDATED)
    person = pass_iae.trainee
    return Note(
        subject=_("A PASS IAE ends in %(days)s") % {"days": ngettext("%(n)d day", "%(n)d days", left) % {"n": left}},
        heading=_("A PASS IAE is about to end"),
        why=_("You receive this message because of your role in the team."),
        facts=[
            (_("Person"), person.short_name),
            (_("Site"), person.site.name),
            (_("Last day"), date_words(pass_iae.ends_on, "l j F Y")),
            (_("Days left"), str(left)),
        ],
        action_url=link(message.organisation, "workers:pass", person.public_id),
        action_label=_("Open the PASS"),
    )


@writes(Kind.LEAVING)
def leaving(message: Message) -> Note:
    """Who, when, and how many appointments are planned after that. Not once they stay, or it is another day."""
    person = Trainee.objects.select_related("site").filter(public_id=message.subject_id).first()
    if person is None:
        raise NotNeeded(Unsent.GONE)
    said = message.event.data.get("last") if message.event is not None else None
    if person.last_on is None or said not in {None, str(person.last_on)}:
        raise NotNeeded(Unsent.OUTDATED)
    since = civil_day(person.last_on, ZoneInfo(person.site.time_zone)).end
    planned = Appointment.objects.pending().filter(trainee=person, starts_at__gte=since).count()
    return Note(
        subject=_("Somebody leaves the team"),
        heading=_("Somebody leaves the team"),
        why=_("You receive this message because of your role in the team."),
        facts=[
            (_("Person"), person.short_name),
            (_("Site"), person.site.name),
            (_("Last day"), date_words(person.last_on, "l j F Y")),
            (_("Appointments after that day, which stay"), str(planned)),
        ],
        action_url=link(message.organisation, "workers:pass", person.public_id),
        action_label=_("Open the pathway"),
    )


@writes(Kind.CLEARANCE_ENDING, Kind.CLEARANCE_OVER)
def clearance_ending(message: Message) -> Note:
    """Whose, which, until when. Not once a newer one is there, nor to whoever has left."""
    asked = Clearance.objects.select_related("trainee__site").filter(public_id=message.subject_id, withdrawn_at=None)
    clearance = asked.first()
    if clearance is None:
        raise NotNeeded(Unsent.GONE)
    person, ends = clearance.trainee, clearance.valid_until
    latest = Clearance.objects.held().filter(trainee=person, kind=clearance.kind).first()
    left = (ends - today_of(message.organisation)).days if ends else 0
    is_over = left < 0
    if latest != clearance or not person.is_active or is_over != (message.kind == Kind.CLEARANCE_OVER):
        raise NotNeeded(Unsent.OUTDATED)
    if is_over:
        heading = _("A clearance has ended")
    else:
        in_days = ngettext("%(n)d day", "%(n)d days", left) % {"n": left}
        heading = _("A clearance ends in %(days)s") % {"days": in_days} if left else _("A clearance ends today")
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because of your role in the team."),
        facts=[
            (_("Person"), person.short_name),
            (_("Site"), person.site.name),
            (_("Clearance"), clearance.get_kind_display()),
            (_("Valid until"), date_words(ends, "l j F Y") if ends else ""),
        ],
        action_url=link(message.organisation, "workers:skills", person.public_id),
        action_label=_("Open the clearances"),
    )
