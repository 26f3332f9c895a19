"""What the team does about a silence: remind, note a call, let it rest, hand it on. And the mail of the day."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions.requests import lock_request
from bookings.models import FollowUp, ServiceRequest, WorkOrder
from bookings.models.silences import is_anybody_silent_at
from bookings.models.waiting import waiting_of
from bookings.rules.waiting import Holder
from concierge import deadlines, events
from concierge.enums import Role
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.models import Deadline, Event, Site, User
from concierge.tenancy import Actor, system_actor

DIGEST = "silence.digest"
# When the mail of the day leaves, in the time of the site.
DIGEST_AT = dt.time(7, 30)
# Nobody is reminded twice within this time.
BETWEEN_REMINDERS = dt.timedelta(hours=20)
LONGEST_REST = dt.timedelta(days=90)
# Who may be handed a request.
CARERS = (Role.CONCIERGE, Role.DISPATCHER, Role.SITE_MANAGER, Role.SUPERVISOR)
REMINDED = ("service_request.reminded", "work_order.reminded")


class NobodyToRemind(WrongState):
    """It is the team's own turn, or nobody has an address."""

    code = "nobody_to_remind"
    message = _("Nobody can be reminded by e-mail here: call, or hand it to somebody of the team.")


class RemindedAlready(WrongState):
    """Once a day is enough."""

    code = "reminded_already"
    message = _("A reminder left less than a day ago. Call, or wait until tomorrow.")


@transaction.atomic
def remind(request: ServiceRequest, *, by: Actor) -> ServiceRequest:
    """Write to whoever has the ball: the client, or the provider that holds the work.

    Raises ``NotAllowed`` (403), ``NobodyToRemind``, ``RemindedAlready`` (409).
    """
    locked = _lock(request, by)
    now = timezone.now()
    told = Event.objects.filter(name__in=REMINDED, request_id=locked.public_id, act_at__gt=now - BETWEEN_REMINDERS)
    if told.exists():
        raise RemindedAlready
    wait = waiting_of([locked], now=now)[locked.pk].request
    if wait.holder == Holder.CLIENT and locked.contact_email:
        events.record("service_request.reminded", locked, by=by, request_id=locked.public_id)
    elif wait.provider and wait.work is not None:
        order = WorkOrder.objects.select_related("service").get(pk=wait.work)
        events.record("work_order.reminded", order, by=by, request_id=locked.public_id, work_order=order.reference)
    else:
        raise NobodyToRemind
    return locked


@transaction.atomic
def note_call(request: ServiceRequest, *, note: str, by: Actor) -> FollowUp:
    """Somebody called: that is news, and what was said is there for the next person. Raises ``Invalid`` (400)."""
    note = note.strip()[:500]
    if not note:
        raise Invalid(_("Write in a few words what was said."), field="note")
    locked = _lock(request, by)
    found = _of(locked)
    found.note, found.noted_at = note, timezone.now()
    found.save(update_fields=["note", "noted_at"])
    events.record("service_request.called", locked, by=by, request_id=locked.public_id)
    return found


@transaction.atomic
def snooze(request: ServiceRequest, *, until: dt.datetime, reason: str, by: Actor) -> FollowUp:
    """It may rest until then, for that reason. Raises ``Invalid`` (400)."""
    now, reason = timezone.now(), reason.strip()[:200]
    if not reason:
        raise Invalid(_("Say why it may rest."), field="reason")
    if not now < until <= now + LONGEST_REST:
        raise Invalid(_("Choose a day from tomorrow on, within three months."), field="until")
    locked = _lock(request, by)
    found = _of(locked)
    found.snoozed_until, found.snooze_reason = until, reason
    found.save(update_fields=["snoozed_until", "snooze_reason"])
    day = until.astimezone(ZoneInfo(locked.site.time_zone)).date()
    events.record("service_request.snoozed", locked, by=by, request_id=locked.public_id, until=day.isoformat())
    return found


@transaction.atomic
def hand_on(request: ServiceRequest, *, to: User, by: Actor) -> FollowUp:
    """Somebody of the team cares for it from now on. Raises ``Invalid`` (400) for somebody who does not work there."""
    locked = _lock(request, by)
    if not carers_at(locked.site).filter(pk=to.pk).exists():
        raise Invalid(_("This person does not follow requests at this site."), field="to")
    found = _of(locked)
    found.owner = to
    found.save(update_fields=["owner"])
    events.record("service_request.handed_on", locked, by=by, request_id=locked.public_id, to=str(to.public_id))
    return found


def carers_at(site: Site) -> models.QuerySet[User]:
    """Who may care for requests of a site."""
    here = models.Q(memberships__site=site) | models.Q(memberships__site=None)
    return (
        User.objects.filter(
            here, is_active=True, memberships__organisation_id=site.organisation_id, memberships__role__in=CARERS
        )
        .distinct()
        .order_by("first_name", "last_name", "pk")
    )


def _lock(request: ServiceRequest, by: Actor) -> ServiceRequest:
    if not perms.follows_up(by, request):
        raise NotAllowed
    return lock_request(request)


def _of(locked: ServiceRequest) -> FollowUp:
    found, _made = FollowUp.objects.get_or_create(organisation_id=locked.organisation_id, request=locked)
    return found


def plan_digests(now: dt.datetime) -> int:
    """Set the next mail of the day of every site of the current tenant; returns how many. Safe twice: a deadline that
    is open is moved to the same moment, and one that fired today is followed by tomorrow's."""
    sites = list(Site.objects.active().order_by("pk"))
    for site in sites:
        about = {"organisation_id": site.organisation_id, "subject_id": site.pk}
        deadlines.set_deadline(DIGEST, due_at=next_digest(site, now), **about)
    return len(sites)


def next_digest(site: Site, now: dt.datetime) -> dt.datetime:
    """The next time it is half past seven at the site."""
    local = now.astimezone(ZoneInfo(site.time_zone))
    due = dt.datetime.combine(local.date(), DIGEST_AT, tzinfo=local.tzinfo)
    if due <= local:
        due = dt.datetime.combine(local.date() + dt.timedelta(days=1), DIGEST_AT, tzinfo=local.tzinfo)
    return due.astimezone(dt.UTC)


@deadlines.on(DIGEST)
def _digest_due(deadline: Deadline) -> None:
    site = Site.objects.active().select_related("organisation").filter(pk=deadline.subject_id).first()
    if site is not None and is_anybody_silent_at(site, now=timezone.now()):
        events.record("silence.reported", site, by=system_actor(site.organisation))
