"""Order for one hand-out and, with the same click, for all that follow (R7)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.actions import pre_orders, recurrences
from bookings.actions.clients import ClientDetails
from bookings.enums import OccurrenceStatus
from bookings.models import Client, ClientAccount, Occurrence, PreOrderPlan, PreOrderRun, Recurrence, ServiceRequest
from bookings.rules import prices
from bookings.rules.recurrence import WEEKDAYS
from concierge.errors import Conflict
from concierge.tenancy import Actor


class AlreadySubscribed(Conflict):
    """They have it every week already."""

    code = "already_subscribed"
    message = _("You already receive it every time. Untick this to order once more, or change what you receive.")


def rule_of(plan: PreOrderPlan) -> str:
    """Every hand-out of a plan."""
    return f"FREQ=WEEKLY;INTERVAL={plan.every_weeks};BYDAY={WEEKDAYS[plan.handout_weekday]}"


@transaction.atomic
def order_every_time(
    run: PreOrderRun,
    *,
    client: ClientDetails,
    wishes: Sequence[prices.Wish],
    by: Actor,
    sent_key: uuid.UUID,
    payer: ClientAccount | None = None,
    note: str = "",
    total_seen: Decimal | None = None,
    owner: Client | None = None,
) -> ServiceRequest:
    """Order for this hand-out now; the next ones follow by themselves until the client says stop. This order is the
    first day of the regular request. ``owner`` is whose it is, when that is known. The same ``sent_key`` twice is one
    order and one regular request.

    Raises what ``order_ahead`` and ``start_recurrence`` raise, ``AlreadySubscribed`` (409).
    """
    given: dict[str, Any] = {"wishes": wishes, "payer": payer, "note": note}
    made = pre_orders.order_ahead(
        run, client=client, by=by, sent_key=sent_key, total_seen=total_seen, owner=owner, **given
    )
    if Occurrence.objects.filter(request=made).exists():
        return made
    asking, plan = made.client, run.plan
    series = recurrences.start_recurrence(
        asking,
        run.site,
        recurrences.Wanted(
            name=plan.service.label,
            rule=rule_of(plan),
            starts_on=run.due_on,
            at=plan.handout_opens,
            ends_on=plan.ends_on,
            **given,
        ),
        by=by,
    )
    # Orders of one client are written one after the other: the client is locked since the line above.
    others = Recurrence.objects.of_client(asking.kept_id).going_on().filter(plan=plan).exclude(pk=series.pk)
    if others.exists():
        raise AlreadySubscribed(field="every_time")
    Occurrence.objects.update_or_create(
        recurrence=series,
        due_on=run.due_on,
        defaults={
            "organisation_id": series.organisation_id,
            "starts_at": run.handout_starts_at,
            "status": OccurrenceStatus.BOOKED,
            "request": made,
            "reason_code": "",
            "reason": "",
        },
    )
    return made
