"""What is ordered ahead, from whom and when: plans, and their runs made for the coming weeks (R7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.open_sites import refuse_closed
from bookings.enums import HOLIDAY_SHIFT, Place, RunReason, RunStatus
from bookings.models import PreOrderPlan, PreOrderRun, Producer, ServiceAtSite, calendar
from bookings.rules import ahead
from concierge import deadlines, events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.models import Organisation
from concierge.tenancy import Actor

# Orders close: the deadline of a run, which also has the runs after it made.
CUT_OFF = "pre_order_run.cut_off"
# How far ahead clients may order, and beyond it at least this many runs.
WEEKS_AHEAD = 4
FEWEST_AHEAD = 1

NOT_IN_PIECES = _("Only whole pieces are ordered ahead: nothing by half hours, on quote or by part of a kilo.")


class PlanExists(Conflict):
    """The service is already ordered ahead at this site."""

    code = "plan_exists"
    message = _("This service is already ordered ahead at this site.")


@transaction.atomic
def add_producer(
    organisation: Organisation,
    *,
    name: str,
    by: Actor,
    email: str = "",
    phone: str = "",
    address: str = "",
    language: str = "fr",
) -> Producer:
    """Somebody to order from. Raises ``Conflict`` when the name is taken."""
    producer = Producer(
        organisation=organisation,
        name=name.strip(),
        email=email,
        phone=phone,
        address=address.strip(),
        language=language,
    )
    _check(producer, exclude=["provider_id"])
    with refuse_on("producer_name_once", Conflict(_("Another producer already has this name."), field="producer")):
        producer.save()
    events.record("producer.added", producer, by=by)
    return producer


@transaction.atomic
def edit_producer(producer: Producer, changes: Mapping[str, Any], *, by: Actor) -> Producer:
    """Correct what is known of a producer. Order sheets that were made keep what they say; the next ones go to the new
    address. Raises ``Invalid`` (400), ``Conflict`` (409) on a name that is taken."""
    locked = Producer.objects.select_for_update(of=("self",), no_key=True).get(pk=producer.pk)
    changes = {name: value for name, value in changes.items() if getattr(locked, name) != value}
    if not changes:
        return locked
    for name, value in changes.items():
        setattr(locked, name, value)
    _check(locked, exclude=["provider_id"])
    with refuse_on("producer_name_once", Conflict(_("Another producer already has this name."), field="name")):
        locked.save()
    events.record("producer.changed", locked, by=by, changed=sorted(changes))
    return locked


@transaction.atomic
def open_plan(plan: PreOrderPlan, *, by: Actor) -> PreOrderPlan:
    """Start to take orders ahead by a plan that was not saved yet, and make its first runs.

    Raises ``Invalid`` (400) on a service that is not fetched at this desk or not counted in pieces, or on values that
    make no sense, ``PlanExists``, ``SiteClosed`` (409).
    """
    offered = ServiceAtSite.objects.filter(site=plan.site, service=plan.service, is_offered=True).exists()
    if not offered or plan.service.place != Place.DESK:
        raise Invalid(_("Only a service of this desk can be ordered ahead."), field="service")
    if not plan.service.is_counted_in_pieces:
        raise Invalid(NOT_IN_PIECES, field="service")
    plan.organisation_id = plan.site.organisation_id
    if PreOrderPlan.objects.filter(site=plan.site, service=plan.service, is_active=True).exists():
        raise PlanExists(field="service")
    _check(plan)
    with refuse_on("pre_order_plan_once_per_site_and_service", PlanExists(field="service")), refuse_closed():
        plan.save()
    events.record("pre_order_plan.opened", plan, by=by, service=plan.service.code)
    make_runs(plan)
    return plan


@transaction.atomic
def close_plan(plan: PreOrderPlan, *, by: Actor) -> PreOrderPlan:
    """No orders by this plan any more. Orders already made stay, and are handed out."""
    locked = PreOrderPlan.objects.select_for_update(of=("self",), no_key=True).get(pk=plan.pk)
    if locked.is_active:
        locked.is_active = False
        locked.save(update_fields=["is_active"])
        events.record("pre_order_plan.closed", locked, by=by)
    return locked


def _check(row: PreOrderPlan | Producer, *, exclude: list[str] | None = None) -> None:
    """What the columns and constraints refuse, as a sentence at its field."""
    try:
        row.full_clean(exclude=exclude, validate_unique=False, validate_constraints=isinstance(row, PreOrderPlan))
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field=None if field == "__all__" else field) from error


def make_runs(plan: PreOrderPlan, *, now: dt.datetime | None = None) -> list[PreOrderRun]:
    """Make the runs of the coming weeks that are not there yet, each with its cut-off; again, or by two at once, makes
    nothing twice (``pre_order_run_once_a_day``).

    A run that falls on a closed day and is not moved is kept as ``skipped``, with its reason, so that it is seen. Its
    deadline too has the runs after it made: the chain never ends by itself.
    """
    if not plan.is_active:
        return []
    now = now or timezone.now()
    zone = ZoneInfo(plan.site.time_zone)
    today = now.astimezone(zone).date()
    known = set(PreOrderRun.objects.filter(plan=plan, due_on__gte=today).values_list("due_on", flat=True))
    made = []
    for run in _coming(plan, today, now, zone):
        if run.due_on in known:
            continue
        PreOrderRun.objects.bulk_create([run], ignore_conflicts=True)
        kept = PreOrderRun.objects.get(plan=plan, due_on=run.due_on)
        deadlines.set_deadline(
            CUT_OFF, organisation_id=plan.organisation_id, subject_id=kept.pk, due_at=kept.orders_close_at
        )
        made.append(kept)
    return made


def _coming(plan: PreOrderPlan, today: dt.date, now: dt.datetime, zone: ZoneInfo) -> list[PreOrderRun]:
    """Runs whose orders are still open, to the horizon; the first one beyond it when there is none before."""
    rhythm = plan.rhythm
    horizon = today + dt.timedelta(weeks=WEEKS_AHEAD)
    last = horizon + dt.timedelta(weeks=WEEKS_AHEAD + rhythm.every_weeks)
    first = max(today, rhythm.starts_on)
    last = max(last, first + dt.timedelta(weeks=rhythm.every_weeks))
    closed = calendar.closed_days(plan.site, first - dt.timedelta(days=14), last + dt.timedelta(days=14))
    coming: list[PreOrderRun] = []
    for day in ahead.due_days(rhythm, first, last):
        run = run_on(plan, day, closed, zone)
        if run.orders_close_at <= now:
            continue
        if day > horizon and len(coming) >= FEWEST_AHEAD:
            break
        coming.append(run)
    return coming


def run_on(plan: PreOrderPlan, day: dt.date, closed: set[dt.date], zone: ZoneInfo) -> PreOrderRun:
    """The hand-out of a day of the rhythm as the plan says it now (not saved yet)."""
    times = ahead.run_of(plan.rhythm, day, closed=closed, shift=HOLIDAY_SHIFT[plan.holiday_rule], zone=zone)
    skipped = times is None
    times = times or ahead.run_of(plan.rhythm, day, closed=(), shift=0, zone=zone)
    assert times is not None  # noqa: S101 - nothing is closed here
    reason: str = ""
    if skipped:
        reason = RunReason.CLOSED_DAY
    elif times.moved:
        reason = RunReason.MOVED
    return PreOrderRun(
        organisation_id=plan.organisation_id,
        plan=plan,
        site=plan.site,
        due_on=times.due_on,
        orders_close_at=times.orders_close_at,
        handout_starts_at=times.starts_at,
        handout_ends_at=times.ends_at,
        capacity=plan.capacity,
        no_show_policy=plan.no_show_policy,
        status=RunStatus.SKIPPED if skipped else RunStatus.OPEN,
        reason=reason,
    )
