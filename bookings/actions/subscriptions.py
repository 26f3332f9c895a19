"""Order for one hand-out and, with the same click, for all that follow (R7)."""

from __future__ import annotations

import datetime as dt
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
from bookings.rules import ahead, prices
from bookings.rules.recurrence import WEEKDAYS
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor


class AlreadySubscribed(Conflict):
    """They have it every week already."""

    code = "already_subscribed"
    message = _("You already receive it every time. Untick this to order once more, or change what you receive.")


def rule_of(plan: PreOrderPlan) -> str:
    """Every hand-out of a plan."""
    return f"FREQ=WEEKLY;INTERVAL={plan.every_weeks};BYDAY={WEEKDAYS[plan.handout_weekday]}"


def first_day_from(run: PreOrderRun) -> dt.date | None:
    """The first day of what is ordered every time with this one: itself, unless its plan has other days later on; then
    the first of these, in another week."""
    plan = run.plan
    if run.due_on >= plan.starts_on:
        return run.due_on
    coming = ahead.due_days(plan.rhythm, plan.starts_on, plan.starts_on + ahead.WEEK * 3 * plan.every_weeks)
    return next((day for day in coming if day.isocalendar()[:2] != run.due_on.isocalendar()[:2]), None)


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
    first day of the regular request, unless the plan has other days later on: then it begins with these, and this one
    stands alone. ``owner`` is whose it is, when that is known. The same ``sent_key`` twice is one order and one regular
    request.

    Raises what ``order_ahead`` and ``start_recurrence`` raise, ``AlreadySubscribed`` (409).
    """
    given: dict[str, Any] = {"wishes": wishes, "payer": payer, "note": note}
    made = pre_orders.order_ahead(
        run, client=client, by=by, sent_key=sent_key, total_seen=total_seen, owner=owner, **given
    )
    asking, plan, key = made.client, run.plan, uuid.uuid5(sent_key, "every time")
    if Recurrence.objects.of_client(asking.kept_id).filter(public_id=key).exists():
        return made
    first = first_day_from(run)
    if first is None:
        raise Invalid(_("Nothing is handed out any more after this one: untick this."), field="every_time")
    series = recurrences.start_recurrence(
        asking,
        run.site,
        recurrences.Wanted(
            name=plan.service.label,
            rule=rule_of(plan),
            starts_on=first,
            at=plan.handout_opens,
            ends_on=plan.ends_on,
            **given,
        ),
        by=by,
        public_id=key,
    )
    # Orders of one client are written one after the other: the client is locked since the line above.
    others = Recurrence.objects.of_client(asking.kept_id).going_on().filter(plan=plan).exclude(pk=series.pk)
    if others.exists():
        raise AlreadySubscribed(field="every_time")
    if first != run.due_on:
        return made
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
            "refusal": {},
        },
    )
    return made
