"""Whoever has not answered is reminded (lifecycles.md 2.4): after a part of its time to answer, as rows that wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from bookings.actions.work_orders import lock_work_order
from concierge import deadlines
from concierge.models import Deadline, Event
from concierge.tenancy import Actor, system_actor
from providers.actions.matching import Policy, closures_of, opening_of, policy_for
from providers.actions.offer_moves import REMINDER, lock_offer, say
from providers.enums import OfferStatus
from providers.models import Offer
from providers.rules import asking, hours

REMINDED = "reminded"


def plan_reminders(offers: Iterable[Offer], policy: Policy, *, sent: Mapping[int, int] | None = None) -> None:
    """Set when each is reminded next. ``sent`` is how often it was already, by key: what was said is not said again."""
    due, organisation_id = {}, None
    for offer in offers:
        moment = _next_moment(offer, policy.reminders[(sent or {}).get(offer.pk, 0) :])
        if moment is not None:
            due[offer.pk], organisation_id = moment, offer.organisation_id
    if organisation_id is not None:
        deadlines.set_deadlines(REMINDER, organisation_id=organisation_id, due_at=due)


@transaction.atomic
def remind_offer(offer: Offer, *, by: Actor) -> bool:
    """A word to a provider that has not answered, and the next one planned; ``False`` when none is needed any more:
    answered, taken back, waiting for us, or too little time is left."""
    work_order = lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status != OfferStatus.SENT or locked.due_at - timezone.now() < asking.LEAST_LEFT:
        return False
    if locked.pauses.going_on().exists():
        return False
    say(locked, REMINDED, by)
    plan_reminders([locked], policy_for(work_order), sent=times_reminded([locked]))
    return True


def times_reminded(offers: Iterable[Offer]) -> dict[int, int]:
    """How often each was reminded, by key."""
    keys = {offer.public_id: offer.pk for offer in offers}
    found = dict.fromkeys(keys.values(), 0)
    told = Event.objects.filter(name=f"offer.{REMINDED}", subject_type=Offer._meta.label_lower, subject_id__in=keys)
    for subject_id in told.order_by("pk").values_list("subject_id", flat=True):
        found[keys[subject_id]] += 1
    return found


@deadlines.on(REMINDER)
def _reminder_due(deadline: Deadline) -> None:
    rows = Offer.objects.select_related("work_order__site", "provider", "organisation")
    for offer in rows.filter(pk=deadline.subject_id):
        remind_offer(offer, by=system_actor(offer.organisation))


def _next_moment(offer: Offer, percents: Iterable[int]) -> dt.datetime | None:
    """The first of these parts of its opening time to answer that is to come, with enough time left."""
    opening, zone = opening_of(offer.provider), ZoneInfo(offer.work_order.site.time_zone)
    closed = hours.closed_on(closures_of(offer.provider))
    allowed = hours.time_open(offer.sent_at, offer.due_at, opening, zone, closed=closed)
    if allowed <= dt.timedelta(minutes=1):
        return None
    now = timezone.now()
    for percent in percents:
        part = asking.share_of(percent, allowed)
        moment = hours.due_in_opening_hours(offer.sent_at, part, opening, zone, closed=closed)
        if now < moment <= offer.due_at - asking.LEAST_LEFT:
            return moment
    return None
