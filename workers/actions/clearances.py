"""Licences and certificates of a person, and the rows that wait for their end (like those of providers' papers)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.enums import ClearanceKind
from concierge import deadlines, events
from concierge.days import zone_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, NotAllowed
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from workers.actions.ranges import within_range
from workers.models import Clearance, Trainee
from workers.perms import can_note_clearance
from workers.rules.clearances import step_days
from workers.rules.contracts import FIRST_PAPER_DAY

EXPIRY = "clearance.expiry"
# The hour, on the clock of the organisation, at which somebody is told.
AT = dt.time(8)


@dataclass(frozen=True)
class Terms:
    """From when until when (included), and the number of the paper."""

    valid_from: dt.date
    valid_until: dt.date | None = None
    document_number: str = ""


@transaction.atomic
def note_clearance(trainee: Trainee, *, kind: ClearanceKind, terms: Terms, by: Actor) -> Clearance:
    """Write a licence or certificate into the file; alerts before its end are planned.

    Raises ``NotAllowed`` (403), ``Invalid`` (400) for an end before the start, ``Conflict`` (409) for the same again.
    """
    if not can_note_clearance(by, trainee):
        raise NotAllowed
    within_range(terms.valid_from, "valid_from", first=FIRST_PAPER_DAY)
    within_range(terms.valid_until, "valid_until", first=FIRST_PAPER_DAY)
    if terms.valid_until is not None and terms.valid_until < terms.valid_from:
        raise Invalid(_("A clearance cannot end before it starts."), field="valid_until")
    with refuse_on(
        "clearance_once_from_a_day", Conflict(_("This clearance is already in the file."), field="valid_from")
    ):
        clearance = Clearance.objects.create(
            organisation_id=trainee.organisation_id,
            trainee=trainee,
            kind=kind,
            valid_from=terms.valid_from,
            valid_until=terms.valid_until,
            document_number=terms.document_number.strip(),
        )
    _plan_expiry(trainee, kind)
    events.record("clearance.noted", clearance, by=by, kind=str(kind), trainee=str(trainee.public_id))
    return clearance


@transaction.atomic
def withdraw_clearance(clearance: Clearance, *, by: Actor) -> Clearance:
    """Take it out of the file: typed wrong, or taken away. Twice is once. Raises ``NotAllowed`` (403)."""
    if not can_note_clearance(by, clearance.trainee):
        raise NotAllowed
    locked = Clearance.objects.select_for_update(of=("self",), no_key=True).get(pk=clearance.pk)
    if locked.withdrawn_at is None:
        locked.withdrawn_at = timezone.now()
        locked.save(update_fields=["withdrawn_at"])
        _plan_expiry(clearance.trainee, locked.kind)
        events.record("clearance.withdrawn", locked, by=by, kind=locked.kind, trainee=str(clearance.trainee.public_id))
    return locked


def _latest(trainee: Trainee, kind: str) -> Clearance | None:
    """The one that ends last: the one that counts."""
    return Clearance.objects.held().filter(trainee=trainee, kind=kind).first()


def _plan_expiry(trainee: Trainee, kind: str) -> None:
    """Set the next alert of the one that counts. Of an older one nobody is told any more."""
    latest = _latest(trainee, kind)
    if latest is None or latest.valid_until is None:
        return
    zone, now = zone_of(trainee.organisation), timezone.now()
    moments = [dt.datetime.combine(day, AT, tzinfo=zone) for day in step_days(latest.valid_until)]
    if to_come := [moment for moment in moments if moment > now]:
        deadlines.set_deadline(
            EXPIRY, organisation_id=trainee.organisation_id, subject_id=latest.pk, due_at=min(to_come)
        )


@deadlines.on(EXPIRY)
def _step_due(deadline: Deadline) -> None:
    """Tell once, unless a newer one is there or the person has left."""
    asked = Clearance.objects.select_related("trainee__organisation").filter(pk=deadline.subject_id).first()
    if asked is None or not asked.trainee.is_active:
        return
    latest = _latest(asked.trainee, asked.kind)
    if latest is None or latest.pk != asked.pk or asked.valid_until is None:
        return
    _plan_expiry(asked.trainee, asked.kind)
    organisation = asked.trainee.organisation
    left = (asked.valid_until - timezone.localdate(timezone=zone_of(organisation))).days
    name = "clearance.expiring" if left >= 0 else "clearance.expired"
    events.record(
        name,
        asked,
        by=system_actor(organisation),
        kind=asked.kind,
        days=left,
        trainee=str(asked.trainee.public_id),
    )
