"""The rules of matching: which hold, and new editions of them (domain.md R34)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Service, WorkOrder
from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.models import Organisation
from concierge.tenancy import Actor
from providers.models import MatchingPolicy, OfferPolicy, OfferRound
from providers.rules.terms import MatchingTerms, Weights

# Rules are decided for the near future.
FARTHEST = dt.timedelta(days=366)


class RulesChanged(Conflict):
    """Somebody else decided meanwhile."""

    code = "rules_changed"
    message = _("Somebody else changed these rules meanwhile. Please look at them again.")


def terms_in_force(work_order: WorkOrder, day: dt.date, otherwise: MatchingTerms) -> MatchingTerms:
    """The rules for a work order that day; ``otherwise`` before anybody decided."""
    found = MatchingPolicy.objects.filter(organisation_id=work_order.organisation_id)
    edition = found.in_force(work_order.service_id, day)
    return otherwise if edition is None else edition.rules


def terms_of(current: OfferRound) -> MatchingTerms | None:
    """By which rules a search began; ``None``: before they were kept."""
    return MatchingTerms.from_data(current.judged_by) if current.judged_by else None


def terms_for(organisation: Organisation, service: Service | None, day: dt.date) -> MatchingTerms:
    """The rules for a service, or for all without their own, as somebody who changes them begins with them."""
    service_id = service.pk if service else None
    edition = MatchingPolicy.objects.filter(organisation=organisation).in_force(service_id, day)
    if edition is not None:
        return edition.rules
    # Weights that were set with the way of asking count until there is an edition.
    before = OfferPolicy.objects.filter(organisation=organisation)
    row = before.filter(service=service).first() or before.filter(service=None).first()
    if row is None:
        return MatchingTerms()
    return MatchingTerms(weights=Weights(row.weight_distance, row.weight_share, row.weight_capacity))


@transaction.atomic
def decide_rules(
    organisation: Organisation,
    terms: MatchingTerms,
    *,
    service: Service | None = None,
    valid_from: dt.date | None = None,
    seen: int | None = None,
    by: Actor,
) -> MatchingPolicy:
    """A new edition of the rules, for a service or (no service) for all others, from a day on (today).

    Searches under way go on by the rules they began with. ``seen``: the last edition that whoever decides has read.
    Raises ``Invalid`` for a day that is over or far, ``RulesChanged`` when there is a newer edition.
    """
    today = today_of(organisation)
    valid_from = valid_from or today
    if valid_from < today:
        raise Invalid(_("This day is over: searches of the past keep their rules."), field="valid_from")
    if valid_from > today + FARTHEST:
        raise Invalid(_("Choose a day within a year."), field="valid_from")
    last = last_edition(organisation, service)
    if seen is not None and seen != last:
        raise RulesChanged
    edition = MatchingPolicy(
        organisation=organisation,
        service=service,
        version=last + 1,
        valid_from=valid_from,
        terms=terms.as_data(),
        created_by=by.label[:120],
    )
    with refuse_on("matching_policy_edition_once", RulesChanged()):
        edition.save()
    events.record(
        "matching_policy.decided",
        edition,
        by=by,
        service=service.code if service else "",
        version=edition.version,
        valid_from=valid_from.isoformat(),
        terms=edition.terms,
    )
    return edition


def last_edition(organisation: Organisation, service: Service | None) -> int:
    """Number of the newest edition, 0 before the first."""
    found = MatchingPolicy.objects.filter(organisation=organisation, service=service).order_by("-version")
    return found.values_list("version", flat=True).first() or 0
