"""The end of a PASS is told 12, 9, 6, 3 and 1 months before, as rows that wait (R23)."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from concierge import deadlines, events
from concierge.days import zone_of
from concierge.models import Deadline
from concierge.tenancy import system_actor
from workers.models.passes import PassIAE
from workers.rules import pass_iae as rules

ALERT = "pass.alert"
# The hour, on the clock of the organisation, at which somebody is told.
AT = dt.time(8)


def plan_alerts(pass_iae: PassIAE, ledger: rules.Ledger) -> None:
    """Set the next step, or none: whenever the end moves, and after each step."""
    zone, now = zone_of(pass_iae.organisation), timezone.now()
    moments = [dt.datetime.combine(day, AT, tzinfo=zone) for day in rules.alert_days(ledger, pass_iae.terms)]
    to_come = [moment for moment in moments if moment > now]
    if to_come and pass_iae.cancelled_at is None:
        deadlines.set_deadline(
            ALERT, organisation_id=pass_iae.organisation_id, subject_id=pass_iae.pk, due_at=min(to_come)
        )
    else:
        deadlines.cancel_deadline(ALERT, organisation_id=pass_iae.organisation_id, subject_id=pass_iae.pk)


@deadlines.on(ALERT)
def _step_due(deadline: Deadline) -> None:
    """Tell once. Not of a PASS that was cancelled, nor of somebody who has left."""
    found = PassIAE.objects.select_for_update(of=("self",), no_key=True).kept().filter(pk=deadline.subject_id)
    pass_iae = found.select_related("organisation", "trainee").first()
    if pass_iae is None:
        return
    ledger = pass_iae.ledger()
    plan_alerts(pass_iae, ledger)
    zone = zone_of(pass_iae.organisation)
    is_step = deadline.due_at.astimezone(zone).date() in rules.alert_days(ledger, pass_iae.terms)
    if is_step and pass_iae.trainee.is_active:
        left = ledger.days_left(timezone.localdate(timezone=zone))
        events.record("pass_iae.ending", pass_iae, by=system_actor(pass_iae.organisation), days=left)
