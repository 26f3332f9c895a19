"""The end of an agreement: both sides are told in time to agree anew, as rows that wait (R33)."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields

from django.utils import timezone

from concierge import deadlines
from concierge.days import today_of, zone_of
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from providers.actions.agreements import draft_agreement, lock_agreement, say
from providers.models import ServiceAgreement
from providers.rules.agreements import ENDING_DAYS, Terms

ENDS = "agreement.ends"
# The hour, on the clock of the organisation, at which somebody is told.
AT = dt.time(8)


def plan_end(agreement: ServiceAgreement) -> None:
    """Set the next day on which both sides are told that an agreement ends. In the caller's transaction."""
    if agreement.valid_to is None or not agreement.is_binding:
        return
    zone, now = zone_of(agreement.organisation), timezone.now()
    days = (agreement.valid_to - dt.timedelta(days=before) for before in ENDING_DAYS)
    to_come = [moment for day in days if (moment := dt.datetime.combine(day, AT, tzinfo=zone)) > now]
    if to_come:
        deadlines.set_deadline(
            ENDS, organisation_id=agreement.organisation_id, subject_id=agreement.pk, due_at=min(to_come)
        )


def goes_on(agreement: ServiceAgreement) -> bool:
    """Whether something is agreed for the day after the last one."""
    if agreement.valid_to is None:
        return True
    after = agreement.valid_to + dt.timedelta(days=1)
    found = ServiceAgreement.objects.valid_on(after).filter(
        provider_id=agreement.provider_id, service_id=agreement.service_id
    )
    return found.exists()


@deadlines.on(ENDS)
def _end_near(deadline: Deadline) -> None:
    """Tell once for each day, unless it goes on or nobody works together any more."""
    found = ServiceAgreement.objects.filter(pk=deadline.subject_id).first()
    if found is None:
        return
    agreement = lock_agreement(found)
    plan_end(agreement)
    day = deadline.due_at.astimezone(zone_of(agreement.organisation)).date()
    is_near = agreement.valid_to is not None and (agreement.valid_to - day).days in ENDING_DAYS
    if is_near and agreement.is_binding and agreement.provider.is_active and not goes_on(agreement):
        say(agreement, "ending", system_actor(agreement.organisation), on=str(agreement.valid_to))


def renew_agreement(agreement: ServiceAgreement, *, by: Actor) -> ServiceAgreement:
    """A draft with the same terms and words, from the day after the last one; without an end from today on.

    Raises ``Invalid`` when its terms are no longer possible.
    """
    known = {field.name: getattr(agreement, field.name) for field in fields(Terms)}
    today = today_of(agreement.organisation)
    after = agreement.valid_to + dt.timedelta(days=1) if agreement.valid_to else today
    terms = Terms(**(known | {"valid_from": max(after, today), "valid_to": None}))
    return draft_agreement(agreement.provider, agreement.service, terms, text=agreement.text, by=by)
