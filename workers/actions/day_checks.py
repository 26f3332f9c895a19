"""A page of hours and of finished work said yes to at once, and the days on which nothing was written (R20, R25)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from concierge.errors import Invalid, NotAllowed
from concierge.tenancy import Actor
from concierge.words import date_words
from workers.actions.hours import Said, add_entry, validate_entries
from workers.actions.learning import Word
from workers.actions.work import validate_assignment
from workers.enums import ABSENCE_KINDS, AssignmentStatus, TimeKind, TimeSource
from workers.models import Assignment, TimeEntry, Trainee
from workers.models.timesheets import AWAY, Missing, hours_of
from workers.perms import can_write_hours

# Days without hours that are written at once: a month and a little.
MOST_DAYS = 35


@dataclass(frozen=True)
class Checked:
    """How many times and how many pieces of work were said yes to."""

    entries: int
    works: int


@transaction.atomic
def validate_page(
    entries: Sequence[TimeEntry], works: Sequence[tuple[Assignment, Word]], *, by: Actor, answer: str = ""
) -> Checked:
    """Say yes to hours and to finished work in one step: all of it, or nothing. What somebody else has checked in the
    meantime is left out. Raises like ``validate_entries`` and ``validate_assignment``."""
    done = AssignmentStatus.DONE
    still = set(
        Assignment.objects.filter(pk__in=[one.pk for one, _word in works], status=done).values_list("pk", flat=True)
    )
    # A single piece says why it cannot be; of several, those that are left.
    alone = len(works) == 1 and not entries
    # In the order of the board's locks, then of the hours'.
    chosen = sorted((pair for pair in works if pair[0].pk in still or alone), key=lambda pair: pair[0].work_order_id)
    for assignment, word in chosen:
        validate_assignment(assignment, by=by, word=word)
    said = validate_entries(entries, by=by, answer=answer) if entries else []
    return Checked(len(said), len(chosen))


@transaction.atomic
def fill_days(trainee: Trainee, days: Collection[dt.date], *, kind: str, by: Actor) -> list[TimeEntry]:
    """Days on which nothing is written: they were as planned (``work``), or an absence of that kind, as long as was
    planned. Days on which something is written by now are left as they are.

    Raises ``NotAllowed`` (403), ``Invalid`` (400) for no days or too many, or for a day on which an absence is noted
    that would be work; what ``add_entry`` raises.
    """
    if not can_write_hours(by, trainee):
        raise NotAllowed
    if not days or (max(days) - min(days)).days >= MOST_DAYS:
        raise Invalid(gettext_lazy("Tick days of one month at most."), field="day")
    person = Trainee.objects.filter(pk=trainee.pk)
    (found,) = hours_of(person, min(days), max(days), now=timezone.now())
    written: list[TimeEntry] = []
    for one in found.missing:
        if one.day in days:
            written += [add_entry(trainee, said, by=by, source=source) for said, source in _said(one, kind)]
    return written


def _said(one: Missing, kind: str) -> list[tuple[Said, TimeSource]]:
    """What is written of a day without hours."""
    if kind in ABSENCE_KINDS:
        return [(Said(kind, day=one.day, minutes=one.minutes or None), TimeSource.SUPERVISOR)]
    if one.because == AWAY:
        words = _("An absence is noted on %(day)s: say of which kind.") % {"day": date_words(one.day, "l j F")}
        raise Invalid(words, field="kind")
    work: list[Assignment | None] = list(one.assignments) or [None] * len(one.planned)
    windows = [given.window for given in one.assignments] or list(one.planned)
    return [
        (Said(TimeKind.WORK, starts_at=window.start, ends_at=window.end, assignment=given), TimeSource.PLANNED)
        for window, given in zip(windows, work, strict=True)
    ]
