"""What somebody must not be given to do, or needs (L23). A code and its days; no cause is asked, kept or recorded."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor
from workers.actions.ranges import within_range
from workers.enums.contracts import TIMED_RESTRICTIONS, RestrictionCode
from workers.models import Trainee, WorkRestriction


@transaction.atomic
def add_restriction(
    trainee: Trainee,
    code: RestrictionCode,
    *,
    starts_on: dt.date,
    by: Actor,
    ends_on: dt.date | None = None,
    at: dt.time | None = None,
) -> WorkRestriction:
    """Write down a restriction; without ``ends_on`` until somebody ends it. ``at`` is the time of day of those that
    carry one. Raises ``Invalid`` (400) for days in the wrong order or a missing time, ``Conflict`` (409) for one that
    is known for some of these days."""
    within_range(starts_on, "starts_on")
    within_range(ends_on, "ends_on")
    if ends_on is not None and ends_on < starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    if (code in TIMED_RESTRICTIONS) != (at is not None):
        raise Invalid(
            _("Say from or until which time of day.")
            if at is None
            else _("A time of day belongs to “not before” and “not after” only."),
            field="at",
        )
    known = Conflict(_("This restriction is already written down for some of these days."), field="code")
    with refuse_on("restriction_once_at_a_time", known):
        made = WorkRestriction.objects.create(
            organisation_id=trainee.organisation_id,
            trainee=trainee,
            code=code,
            at=at,
            starts_on=starts_on,
            ends_on=ends_on,
        )
    events.record("restriction.added", trainee, by=by, restriction=str(made.public_id))
    return made


@transaction.atomic
def end_restriction(restriction: WorkRestriction, *, last_on: dt.date, by: Actor) -> None:
    """It counts until ``last_on``, included; one that would then never have counted is forgotten.

    Raises ``Invalid`` (400) for a day after the one on which it ends anyway.
    """
    restriction = WorkRestriction.objects.select_for_update(of=("self",), no_key=True).get(pk=restriction.pk)
    within_range(last_on, "last_on")
    if restriction.ends_on is not None and last_on > restriction.ends_on:
        raise Invalid(_("It ends before that day already."), field="last_on")
    events.record("restriction.ended", restriction.trainee, by=by, restriction=str(restriction.public_id))
    if last_on < restriction.starts_on:
        restriction.delete()
        return
    restriction.ends_on = last_on
    restriction.save(update_fields=["ends_on"])
