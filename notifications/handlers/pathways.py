"""What of somebody of the team ends soon is told to the people around them, their interviews to themselves."""

from __future__ import annotations

from concierge.enums import Role
from concierge.events import subscribe
from concierge.models import Event, User
from notifications.actions.queue import Reader
from notifications.enums import Kind
from notifications.handlers.readers import account_of, still_at, team_at, tell
from workers.enums.passes import AppointmentStatus
from workers.models import Appointment, Clearance, PassIAE, Trainee

# Days before the end of a clearance from which on somebody is written to (the step of two months before stands in the
# history alone), and from which on whoever answers for the site knows too: work may stop.
WRITTEN_FROM, HEADS_FROM = 30, 7


@subscribe("pass_iae.ending")
def tell_that_a_pass_ends(event: Event) -> None:
    """Their own adviser; without one who still is, those of the site, else the heads of the network."""
    for found in PassIAE.objects.kept().filter(public_id=event.subject_id).select_related("trainee__site"):
        site = found.trainee.site
        own = still_at(found.trainee.adviser, site, Role.SOCIAL_ADVISER)
        tell(event, own or team_at(site, Role.SOCIAL_ADVISER, Role.NETWORK_HEAD), site=site)


@subscribe("clearance.expiring", "clearance.expired")
def tell_that_a_clearance_ends(event: Event) -> None:
    """Their own supervisor, without one who still is those of the site; in the last week, and once it is over, also
    whoever answers for the site: nobody gives them work any more that asks for it."""
    left = int(event.data.get("days", 0))
    if left > WRITTEN_FROM:
        return
    held = Clearance.objects.held().select_related("trainee__site", "trainee__supervisor")
    for found in held.filter(public_id=event.subject_id, trainee__is_active=True):
        site = found.trainee.site
        own = still_at(found.trainee.supervisor, site, Role.SUPERVISOR)
        readers = own or team_at(site, Role.SUPERVISOR, Role.SITE_MANAGER, Role.NETWORK_HEAD)
        if left <= HEADS_FROM:
            readers += team_at(site, Role.SITE_MANAGER, Role.NETWORK_HEAD)
        tell(event, _once(readers), site=site)


@subscribe("trainee.leaving")
def tell_that_somebody_leaves(event: Event) -> None:
    """Their own adviser, without one who still is those of the site: people are followed up after they have left (R29).
    Not whoever wrote it down."""
    for found in Trainee.objects.filter(public_id=event.subject_id).select_related("site", "adviser"):
        own = still_at(found.adviser, found.site, Role.SOCIAL_ADVISER)
        readers = own or team_at(found.site, Role.SOCIAL_ADVISER)
        kind, _colon, written_by = event.actor.partition(":")
        authors = User.objects.filter(public_id=written_by) if kind == "user" else User.objects.none()
        author = authors.values_list("pk", flat=True).first()
        tell(event, [one for one in readers if one.key != author], site=found.site)


@subscribe("appointment.planned", "appointment.moved")
def tell_of_an_interview(event: Event) -> None:
    """The person, of one that is yet to come."""
    for found in _interviews(event):
        if found.starts_at > event.act_at:
            tell(event, account_of(found.trainee), site=found.trainee.site)


@subscribe("appointment.decided")
def tell_that_an_interview_is_called_off(event: Event) -> None:
    """The person, of one that would have been."""
    for found in _interviews(event):
        if found.status == AppointmentStatus.CANCELLED and found.starts_at > event.act_at:
            tell(event, account_of(found.trainee), site=found.trainee.site, kind=Kind.INTERVIEW_CANCELLED)


def _interviews(event: Event) -> list[Appointment]:
    found = Appointment.objects.filter(public_id=event.subject_id)
    return list(found.select_related("trainee__user", "trainee__site"))


def _once(readers: list[Reader]) -> list[Reader]:
    """Nobody twice, whatever roles they hold."""
    return list({reader.key: reader for reader in readers}.values())
