"""A plan edited from a day on: what people who ordered were told stays, what nobody ordered for is made anew (R7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions.kept_orders import wishes_of
from bookings.actions.plans import CUT_OFF, WEEKS_AHEAD, make_runs, run_on
from bookings.actions.recurrence_days import NoRun, extend, leave_behind, leave_out_what_may, still_to_come
from bookings.actions.recurrence_edits import edit_recurrence
from bookings.actions.recurrence_pauses import plan_again
from bookings.actions.recurrences import Wanted, lock_recurrence
from bookings.actions.saving import save_valid
from bookings.enums import OccurrenceStatus, RecurrenceStatus, RunReason, RunStatus
from bookings.models import PreOrderPlan, PreOrderRun, Recurrence, calendar
from bookings.rules import ahead, recurrence
from concierge import deadlines, events
from concierge.errors import Conflict, DomainError, Invalid, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from concierge.words import date_words

# A regular order of what a plan hands out follows it to its new day.
FOLLOW = "recurrence.follow_plan"
# Days of one that are looked at: a year of weeks.
MOST_LOOKED = 53
# Why a day of it is left out.
NOT_HANDED_OUT = "not_handed_out"
# What makes other days.
DAYS = frozenset({"handout_weekday", "every_weeks"})
# What people were told when they ordered.
TOLD = DAYS | {
    "handout_opens",
    "handout_closes",
    "cut_off_weekday",
    "cut_off_time",
    "holiday_rule",
    "no_show_policy",
}
EDITABLE = TOLD | {"ends_on", "capacity", "grace_minutes"}
LIVING = (RunStatus.OPEN, RunStatus.SKIPPED, RunStatus.CLOSED)
# Of a hand-out, what its plan says.
LAID_OUT = ("orders_close_at", "handout_starts_at", "handout_ends_at", "capacity", "status", "reason", "no_show_policy")


class OrderedAlready(Conflict):
    """Somebody ordered for a hand-out that would change."""

    code = "ordered_already"

    def __init__(self, day: dt.date, *, field: str) -> None:
        said = gettext(
            "People have ordered for the hand-out of %(day)s: what they were told stays. Choose a later day, or call"
            " that hand-out off first."
        )
        super().__init__(said % {"day": date_words(day, "l j F")}, field=field, day=day.isoformat())


def last_ordered(plan: PreOrderPlan) -> dt.date | None:
    """The last day of the rhythm for which somebody has ordered, among the coming ones."""
    ordered = PreOrderRun.objects.filter(plan=plan, taken__gt=0, due_on__gte=_today(plan))
    return ordered.order_by("-due_on").values_list("due_on", flat=True).first()


def first_free(plan: PreOrderPlan) -> dt.date:
    """The first day from which everything may change."""
    ordered = last_ordered(plan)
    return ordered + dt.timedelta(days=1) if ordered else _today(plan)


def _today(plan: PreOrderPlan) -> dt.date:
    return timezone.localdate(timezone=ZoneInfo(plan.site.time_zone))


@transaction.atomic
def edit_plan(plan: PreOrderPlan, changes: Mapping[str, Any], *, from_on: dt.date, by: Actor) -> PreOrderPlan:
    """Change a plan from a day on. Hand-outs before it stay as they are; later ones that nobody has ordered for are
    laid out anew. Day, hours, cut-off and rule of one that somebody has ordered for do not change; how many pieces
    there are does, never below what is taken. Regular orders follow to another day, and to another last day.

    Raises ``Invalid`` (400), ``OrderedAlready``, ``WrongState`` (409) once it is closed.
    """
    related = PreOrderPlan.objects.select_related("site__organisation", "service", "producer")
    locked = related.select_for_update(of=("self",), no_key=True).get(pk=plan.pk)
    if not locked.is_active:
        raise WrongState(current_status="closed")
    if set(changes) - EDITABLE:
        raise Invalid(_("This stays as it is: close this plan and open another one."))
    changes = {name: value for name, value in changes.items() if getattr(locked, name) != value}
    if not changes:
        return locked
    make_runs(locked)
    _check_from(locked, from_on)
    ended_on = locked.ends_on
    if changes.keys() & {"ends_on", "handout_opens"}:
        _lock_series_of(locked)
    runs = list(
        PreOrderRun.objects.select_for_update(of=("self",), no_key=True)
        .filter(plan=locked, due_on__gte=_today(locked), status__in=LIVING)
        .order_by("pk")
    )
    _keep_promises(runs, changes, from_on)
    for name, value in changes.items():
        setattr(locked, name, value)
    if changes.keys() & DAYS:
        locked.starts_on = from_on
    save_valid(locked)
    _lay_out(locked, runs, changes, from_on)
    make_runs(locked)
    _have_regular_orders_follow(locked, changes, ended_on)
    events.record("pre_order_plan.changed", locked, by=by, changed=sorted(changes), from_on=from_on.isoformat())
    return locked


def _check_from(plan: PreOrderPlan, from_on: dt.date) -> None:
    """Hand-outs of the old rhythm are there up to that day."""
    today = _today(plan)
    furthest = max(today + dt.timedelta(weeks=WEEKS_AHEAD), first_free(plan))
    if not today <= from_on <= furthest:
        said = gettext("A change begins today at the earliest, and on %(day)s at the latest.")
        raise Invalid(said % {"day": date_words(furthest, "l j F")}, field="from_on")


def _keep_promises(runs: list[PreOrderRun], changes: Mapping[str, Any], from_on: dt.date) -> None:
    ordered = [run for run in runs if run.taken and run.status != RunStatus.SKIPPED]
    later = [run.due_on for run in ordered if run.due_on >= from_on]
    if later and changes.keys() & TOLD:
        raise OrderedAlready(max(later), field="from_on")
    ends_on = changes.get("ends_on")
    beyond = [run.due_on for run in ordered if ends_on is not None and run.due_on > ends_on]
    if beyond:
        raise OrderedAlready(max(beyond), field="ends_on")
    short = [run for run in ordered if run.due_on >= from_on and run.taken > changes.get("capacity", run.taken)]
    if short:
        most = max(short, key=lambda run: run.taken)
        said = gettext("%(taken)d pieces are ordered already for the hand-out of %(day)s: it cannot have fewer.")
        words = {"taken": most.taken, "day": date_words(most.due_on, "l j F")}
        raise Invalid(said % words, field="capacity")


def _lay_out(plan: PreOrderPlan, runs: list[PreOrderRun], changes: Mapping[str, Any], from_on: dt.date) -> None:
    """Coming hand-outs as the plan says them now. Nothing is taken from anybody: ``_keep_promises`` has looked."""
    now, zone, week = timezone.now(), ZoneInfo(plan.site.time_zone), dt.timedelta(days=14)
    closed = calendar.closed_days(plan.site, from_on - week, max([from_on, *(run.due_on for run in runs)]) + week)
    due_at = {}
    for run in runs:
        ends = plan.ends_on is not None and run.due_on > plan.ends_on
        if run.status == RunStatus.CLOSED or run.orders_close_at <= now or not (ends or run.due_on >= from_on):
            continue
        if run.taken:
            run.capacity = changes.get("capacity", run.capacity)
        elif run.due_on in ahead.due_days(plan.rhythm, run.due_on, run.due_on):
            fresh = run_on(plan, run.due_on, closed, zone)
            for name in LAID_OUT:
                setattr(run, name, getattr(fresh, name))
        else:
            run.status, run.reason = RunStatus.SKIPPED, RunReason.NOT_HANDED_OUT
        if run.status == RunStatus.OPEN and run.orders_close_at <= now:
            run.status, run.reason = RunStatus.SKIPPED, RunReason.TOO_LATE
        run.save(update_fields=LAID_OUT)
        due_at[run.pk] = max(now, run.orders_close_at)
    deadlines.set_deadlines(CUT_OFF, organisation_id=plan.organisation_id, due_at=due_at)


# --- regular orders ----------------------------------------


def _lock_series_of(plan: PreOrderPlan) -> None:
    """Before the hand-outs, as whoever ends or edits a regular order does."""
    mine = Recurrence.objects.filter(plan=plan).going_on().order_by("pk")
    list(mine.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _have_regular_orders_follow(plan: PreOrderPlan, changes: Mapping[str, Any], ended_on: dt.date | None) -> None:
    """Each one by itself: one that cannot follow stops none of the others. Those that went on as long as the plan still
    do; one that was to end before it keeps its own last day."""
    going_on = Recurrence.objects.filter(plan=plan).going_on().order_by("pk")
    if "handout_opens" in changes:
        going_on.update(at=plan.handout_opens)
    if "ends_on" in changes:
        beyond = Q(ends_on=None) | Q(ends_on__gt=plan.ends_on) if plan.ends_on else Q(ends_on=ended_on)
        going_on.filter(Q(ends_on=ended_on) | beyond).update(ends_on=plan.ends_on)
    if changes.keys() & {*DAYS, "ends_on"}:
        due_at = dict.fromkeys(going_on.values_list("pk", flat=True), timezone.now())
        deadlines.set_deadlines(FOLLOW, organisation_id=plan.organisation_id, due_at=due_at)


@deadlines.on(FOLLOW)
def follow_plan(deadline: Deadline) -> None:
    """A regular order has days until its last one, and is edited from the first day of the new rhythm on."""
    found = Recurrence.objects.select_related("plan__site", "site__organisation", "client", "payer_account").get(
        pk=deadline.subject_id
    )
    plan = found.plan
    if plan is None or not plan.is_active or found.status == RecurrenceStatus.ENDED:
        return
    by = system_actor(found.site.organisation)
    try:
        with transaction.atomic():
            _keep_to_last_day(found, by=by)
        with transaction.atomic():
            _follow_days(found, plan, by=by)
    except DomainError as refusal:
        _leave_behind(found, plan, refusal, by=by)


def _leave_behind(found: Recurrence, plan: PreOrderPlan, refusal: DomainError, *, by: Actor) -> None:
    """Its next day that has no hand-out is the team's turn: never silent. Nothing more once it has ended."""
    try:
        locked = lock_recurrence(found)
    except WrongState:
        return
    extend(locked)
    since = max(_today(plan), plan.starts_on)
    handed_out = set(ahead.due_days(plan.rhythm, since, since + recurrence.FURTHEST))
    leave_behind(locked, since, handed_out, by=by)
    events.record("recurrence.left_behind", locked, by=by, reason=refusal.code)


def _keep_to_last_day(found: Recurrence, *, by: Actor) -> None:
    """What would come after it is left out; what an earlier one left out is planned again."""
    locked = lock_recurrence(found)
    if locked.ends_on is not None:
        _leave_out_unbooked(locked, locked.ends_on + dt.timedelta(days=1), by=by)
    gone = locked.occurrences.filter(reason_code=NOT_HANDED_OUT, starts_at__gt=timezone.now()).order_by("due_on")
    plan_again(locked, [one for one in gone if locked.days(one.due_on, one.due_on, most=1)])
    extend(locked)


def _leave_out_unbooked(locked: Recurrence, first: dt.date, *, by: Actor) -> None:
    """Days from one on that would find no hand-out."""
    ones = [one for one in still_to_come(locked, first, dt.date.max) if one.status != OccurrenceStatus.BOOKED]
    leave_out_what_may(ones, NOT_HANDED_OUT, by=by)


def _follow_days(found: Recurrence, plan: PreOrderPlan, *, by: Actor) -> None:
    """Edited from the change on. Raises what ``edit_recurrence`` raises, ``NoRun`` when no hand-out takes the place of
    its days."""
    if recurrence.every_hand_out(found.rule, plan.handout_weekday, plan.every_weeks) == found.rule:
        return
    since = max(_today(plan), plan.starts_on)
    day, first = _first_day(found, plan, since)
    if day is None:
        return
    rest = recurrence.Rule(found.rule).rest(found.starts_on, day)
    if first is None or rest is None:
        raise NoRun
    wanted = Wanted(
        name=found.name,
        rule=recurrence.every_hand_out(rest.text, plan.handout_weekday, plan.every_weeks),
        starts_on=first,
        at=plan.handout_opens,
        wishes=wishes_of(found),
        holiday_rule=found.holiday_rule,
        payer=found.payer_account,
        note=found.note,
        ends_on=found.ends_on,
    )
    edit_recurrence(found, wanted, by=by)
    # Of its old days none is left from the change on.
    _leave_out_unbooked(found, since, by=by)
    Recurrence.objects.filter(pk=found.pk).update(ends_on=since - dt.timedelta(days=1))


def _first_day(found: Recurrence, plan: PreOrderPlan, since: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """Its next day, and the hand-out of the same week that takes its place: it stays in step, does not begin before its
    own first day, and nobody is handed two orders in a week. In no week of both: the first hand-out."""
    begins = max(since, found.starts_on)
    days = found.days(begins, begins + recurrence.FURTHEST, most=MOST_LOOKED)
    if not days:
        return None, None
    booked = found.occurrences.filter(status=OccurrenceStatus.BOOKED, due_on__gte=begins - ahead.WEEK)
    taken = {_week_of(day) for day in booked.values_list("due_on", flat=True)}
    coming = ahead.due_days(plan.rhythm, since, days[-1] + ahead.WEEK)
    there = {_week_of(day): day for day in coming if _week_of(day) not in taken}
    for day in days:
        if _week_of(day) in there:
            return day, there[_week_of(day)]
    return days[0], min((day for day in there.values() if day >= begins), default=None)


def _week_of(day: dt.date) -> tuple[int, int]:
    return day.isocalendar()[:2]
