"""How the pathways of a year ended, as the State counts them (R29, domain.md 2.7)."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, F, OuterRef, Subquery, Sum

from concierge.tenancy import Actor
from workers.enums.exits import CATEGORY_OF
from workers.models.contracts import Contract
from workers.models.exits import TeamExit
from workers.models.labour import Epoch
from workers.models.time import TimeEntry
from workers.rules import exits as rules
from workers.rules.time import COUNTING

WORK = [kind for kind, counting in COUNTING.items() if counting.is_work]


def outcomes_of(actor: Actor, first: dt.date, last: dt.date, *, today: dt.date) -> rules.Outcomes:
    """Exits of these days, both included, of people whose pathway the actor follows and who are no longer under
    contract. One query."""
    contracts = Contract.objects.standing().ours().filter(trainee=OuterRef("trainee"))
    worked = (
        TimeEntry.objects.current()
        .filter(trainee=OuterRef("trainee"), kind__in=WORK, starts_on__lte=OuterRef("last_on"))
        .exclude(ends_at=None)
        .order_by()
        .values("trainee")
        .annotate(worked=Epoch(Sum(F("ends_at") - F("starts_at"))))
    )
    rows = (
        TeamExit.objects.visible_to(actor)
        .filter(last_on__range=(first, last))
        .exclude(Exists(Contract.objects.between(today, today).ours().filter(trainee=OuterRef("trainee"))))
        .annotate(
            since=Subquery(contracts.order_by("starts_on").values("starts_on")[:1]),
            kind=Subquery(contracts.order_by("-starts_on", "-pk").values("employer__kind")[:1]),
            seconds=Subquery(worked.values("worked")[:1]),
        )
        .order_by()
    )
    return rules.outcomes(
        rules.Exit(
            category=str(CATEGORY_OF[situation]) if situation else "",
            employer_kind=kind or "",
            stay=last_on - since if since else dt.timedelta(),
            seconds=seconds or 0,
        )
        for situation, last_on, since, kind, seconds in rows.values_list(
            "situation", "last_on", "since", "kind", "seconds"
        )
    )
