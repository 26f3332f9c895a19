"""A regular request edited from a day on: what stays, what is moved, what is cancelled; and a look at that before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from bookings.actions.day_reasons import reason_words
from bookings.actions.kept_orders import keep, wishes_of
from bookings.actions.recurrence_days import LEFT_OUT, extend
from bookings.actions.recurrence_pauses import await_end_of_pause
from bookings.actions.recurrences import (
    RULE_MESSAGES,
    BadRecurrence,
    Wanted,
    check_first_day,
    end_on,
    lock_recurrence,
    new_recurrence,
)
from bookings.enums import DayChange, OccurrenceStatus
from bookings.models import Occurrence, Recurrence
from bookings.rules import recurrence
from concierge import events
from concierge.tenancy import Actor


@dataclass(frozen=True)
class ChangedDay:
    """What an edit does to one day: ``before`` or ``after`` is missing when it goes or comes."""

    kind: DayChange
    before: dt.datetime | None
    after: dt.datetime | None
    was_booked: bool = False
    reason: str = ""


@transaction.atomic
def edit_recurrence(found: Recurrence, wanted: Wanted, *, by: Actor) -> Recurrence:
    """This day and all that follow, differently: the old one ends the day before, a new one of the same name begins.

    What was booked before stays with the old one. A later day on which nothing changes is handed on as it is, with its
    request; so is one that was left out on request. One that can no longer be cancelled takes place as it was, and the
    new one leaves it out. A pause goes on. Raises what ``start_recurrence`` raises, ``WrongState`` (409) once it has
    ended.
    """
    locked = lock_recurrence(found)
    wanted = _going_on(locked, wanted)
    made = new_recurrence(locked.client, locked.site, wanted, by=by, continues=locked)
    if locked.paused_until is not None and locked.paused_until >= made.starts_on:
        made.paused_from, made.paused_until, made.status = locked.paused_from, locked.paused_until, locked.status
        made.save(update_fields=["paused_from", "paused_until", "status"])
        await_end_of_pause(made)
    _hand_on(locked, made)
    end_on(locked, made.starts_on - dt.timedelta(days=1), by=by)
    _leave_to_the_old(locked, made)
    events.record("recurrence.edited", made, by=by)
    extend(made)
    return made


def _going_on(locked: Recurrence, wanted: Wanted) -> Wanted:
    """The name when none is given; a rule that stays keeps its rhythm: every two weeks stays in step, and ten times are
    ten times in all."""
    wanted = replace(wanted, name=wanted.name or locked.name, spot=locked.spot)
    check_first_day(wanted.starts_on, timezone.localdate(timezone=ZoneInfo(locked.site.time_zone)))
    try:
        same = recurrence.parse(wanted.rule, starts_on=wanted.starts_on).text == locked.rule
    except recurrence.BadRule:
        same = wanted.rule.strip().upper() == locked.rule
    if not same or wanted.starts_on <= locked.starts_on:
        return wanted
    rule = recurrence.Rule(locked.rule)
    rest = rule.rest(locked.starts_on, wanted.starts_on)
    left = rule.days(locked.starts_on, wanted.starts_on, wanted.starts_on + recurrence.FURTHEST, most=1)
    if rest is None or not left:
        raise BadRecurrence(RULE_MESSAGES["never"], field="starts_on", reason="never", part="starts_on")
    return replace(wanted, rule=rest.text, starts_on=left[0])


def _is_same_order(old: Recurrence, new: Recurrence) -> bool:
    def said(one: Recurrence) -> tuple[object, ...]:
        wishes = sorted(keep(wishes_of(one)), key=lambda wish: str(wish["service"]))
        return wishes, one.note, one.payer_account_id, one.plan_id, one.at, one.holiday_rule

    return said(old) == said(new)


def _from(found: Recurrence, first: dt.date) -> list[Occurrence]:
    return list(Occurrence.objects.filter(recurrence=found, due_on__gte=first).order_by("due_on"))


def _days(made: Recurrence, ones: list[Occurrence]) -> set[dt.date]:
    """Days of the new rule among these."""
    if not ones:
        return set()
    return set(made.days(ones[0].due_on, ones[-1].due_on, most=recurrence.MOST_COUNT))


def _hand_on(locked: Recurrence, made: Recurrence) -> None:
    """Days that stay as they are belong to the new one, with what was booked; what was left out or cancelled stays
    left out."""
    now, is_same = timezone.now(), _is_same_order(locked, made)
    coming = [one for one in _from(locked, made.starts_on) if one.starts_at > now]
    days = _days(made, coming)
    for one in coming:
        left_out = one.status == OccurrenceStatus.SKIPPED
        if one.due_on in days and (one.reason_code in LEFT_OUT if left_out else is_same):
            one.recurrence = made
            one.save(update_fields=["recurrence"])


def _leave_to_the_old(locked: Recurrence, made: Recurrence) -> None:
    """What could not be cancelled any more takes place as it was: the new one has a row that says so."""
    standing = [one for one in _from(locked, made.starts_on) if one.status == OccurrenceStatus.BOOKED]
    days = _days(made, standing)
    Occurrence.objects.bulk_create(
        [
            Occurrence(
                organisation_id=made.organisation_id,
                recurrence=made,
                due_on=one.due_on,
                starts_at=one.starts_at,
                status=OccurrenceStatus.SKIPPED,
                reason_code="as_before",
            )
            for one in standing
            if one.due_on in days
        ]
    )


def preview_edit(found: Recurrence, wanted: Wanted, *, by: Actor) -> list[ChangedDay]:
    """What ``edit_recurrence`` would do to the coming days: it is done, looked at and taken back, so that the two
    cannot differ. Raises the same."""
    with transaction.atomic():
        before = _coming(found)
        made = edit_recurrence(found, wanted, by=by)
        changes = _compare(before, made)
        transaction.set_rollback(True)
    return changes


def _coming(*series: Recurrence) -> list[Occurrence]:
    ones = Occurrence.objects.filter(recurrence__in=series, starts_at__gt=timezone.now())
    return list(ones.order_by("starts_at", "pk"))


def _compare(before: list[Occurrence], made: Recurrence) -> list[ChangedDay]:
    assert made.continues is not None  # noqa: S101 - an edit continues
    after = {one.pk: one for one in _coming(made, made.continues)}
    was = {one.pk: one for one in before if one.status != OccurrenceStatus.SKIPPED}
    stays = [
        ChangedDay(_stays(after[pk], made), one.starts_at, after[pk].starts_at, one.status == OccurrenceStatus.BOOKED)
        for pk, one in was.items()
        if after[pk].status != OccurrenceStatus.SKIPPED
    ]
    gone = [one for pk, one in was.items() if after[pk].status == OccurrenceStatus.SKIPPED]
    known = {one.pk for one in before}
    coming = [one for pk, one in after.items() if pk not in known]
    planned = [one for one in coming if one.status != OccurrenceStatus.SKIPPED]
    left_out = [
        ChangedDay(DayChange.LEFT_OUT, None, one.starts_at, reason=reason_words(one))
        for one in coming
        if one.status == OccurrenceStatus.SKIPPED and one.reason_code != "as_before"
    ]
    changes = [*stays, *_moves(gone, planned), *left_out]
    return sorted(changes, key=lambda one: (one.after or one.before, one.kind))


def _stays(one: Occurrence, made: Recurrence) -> DayChange:
    """Untouched, or later than the edit but too late to change."""
    stands = one.recurrence_id != made.pk and one.due_on >= made.starts_on
    return DayChange.STANDS if stands else DayChange.KEPT


def _moves(gone: list[Occurrence], planned: list[Occurrence]) -> Iterable[ChangedDay]:
    booked = {one.pk for one in gone if one.status == OccurrenceStatus.BOOKED}
    for old, new in recurrence.paired(map(_day_of, gone), map(_day_of, planned)):
        if old is None or new is None:
            kind = DayChange.ADDED if old is None else DayChange.CANCELLED
        else:
            kind = DayChange.CHANGED if old.starts_at == new.starts_at else DayChange.MOVED
        yield ChangedDay(
            kind,
            old.starts_at if old else None,
            new.starts_at if new else None,
            was_booked=old is not None and old.key in booked,
        )


def _day_of(one: Occurrence) -> recurrence.Day:
    return recurrence.Day(one.pk, one.due_on, one.starts_at)
