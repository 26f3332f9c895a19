"""Write down what the minimum wage is from a day on (domain.md 2.2)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy

from concierge import events
from concierge.days import today_of
from concierge.db import first_broken, refuse_on
from concierge.errors import Conflict, Invalid, WrongState
from concierge.models import Organisation
from concierge.tenancy import Actor
from workers.models.minimum_pay import MinimumPay

# Which field of a form a constraint speaks of.
FIELD_OF = {"minimum_pay_is_plausible": "hourly", "minimum_pay_of_a_plausible_day": "starts_on"}


class Taken(Conflict):
    """One row a day."""

    code = "minimum_pay_taken"
    message = gettext_lazy("A minimum wage already begins on this day: withdraw that one first.")


@transaction.atomic
def set_minimum_pay(organisation: Organisation, *, starts_on: dt.date, hourly: Decimal, by: Actor) -> MinimumPay:
    """Write it down from a day on, in gross euros an hour.

    Raises ``Invalid`` (400) for an amount or a day that cannot be meant, ``Taken`` (409) when one begins on that day
    already.
    """
    row = MinimumPay(organisation=organisation, starts_on=starts_on, hourly=hourly)
    if (broken := first_broken(row)) is not None:
        raise Invalid(broken.violation_error_message, field=FIELD_OF.get(broken.name))
    with refuse_on("minimum_pay_once_a_day", Taken(field="starts_on")):
        row.save()
    events.record("minimum_pay.set", row, by=by, starts_on=starts_on.isoformat(), hourly=str(hourly))
    return row


@transaction.atomic
def withdraw_minimum_pay(row: MinimumPay, *, by: Actor) -> MinimumPay:
    """It was written down by mistake. Raises ``WrongState`` (409) when it was withdrawn before."""
    locked: MinimumPay = MinimumPay.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    if locked.withdrawn_on is not None:
        raise WrongState
    locked.withdrawn_on = today_of(locked.organisation)
    locked.save(update_fields=["withdrawn_on"])
    events.record("minimum_pay.withdrawn", locked, by=by, starts_on=locked.starts_on.isoformat())
    return locked
