"""VAT rates from a day on (R1). A line keeps the rate of the day of its order; a rate that changes touches no order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.actions.saving import save_valid
from bookings.models import VatRate
from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, WrongState
from concierge.models import Organisation
from concierge.tenancy import Actor

# The tax was created by the law of 10 April 1954.
FIRST_DAY = dt.date(1954, 4, 10)


@transaction.atomic
def set_vat_rate(
    organisation: Organisation, *, by: Actor, code: str, rate: Decimal, valid_from: dt.date, law_ref: str = ""
) -> VatRate:
    """A rate in per cent from a day on; the rate before it ends the day before.

    The day may be over: orders since then keep the rate that they were taken with. A rate that begins today or later
    is replaced by another of the same day. Raises ``Invalid`` when one of this code begins later, or began that day
    and counted since, ``Conflict`` (409) when somebody else set one at the same moment.
    """
    if valid_from < FIRST_DAY:
        raise Invalid(_("There was no VAT before 1954. Check the year."), field="valid_from")
    same = VatRate.objects.filter(organisation=organisation, code=code)
    latest = _latest(organisation, code)
    if latest is not None and latest.valid_from > valid_from:
        raise Invalid(
            _("A rate that begins later is already known. Forget that one first, or choose a later day."),
            field="valid_from",
        )
    row = latest if latest is not None and latest.valid_from == valid_from else None
    if row is not None and valid_from < today_of(organisation):
        raise Invalid(_("This rate counts since that day: choose a later one."), field="valid_from")
    if row is None:
        if latest is not None:
            same.filter(valid_to=None).update(valid_to=valid_from - dt.timedelta(days=1))
        row = VatRate(organisation=organisation, code=code, valid_from=valid_from)
    row.rate, row.law_ref = rate, law_ref
    with refuse_on("vat_rate_one_per_day", Conflict()):
        save_valid(row)
    events.record("vat_rate.set", organisation, by=by, code=code, rate=str(rate), valid_from=valid_from.isoformat())
    return row


def _latest(organisation: Organisation, code: str) -> VatRate | None:
    return VatRate.objects.filter(organisation=organisation, code=code).order_by("-valid_from").first()


@transaction.atomic
def take_vat_rate_back(row: VatRate, *, by: Actor) -> None:
    """Forget a rate that has not begun; the one before it goes on. Raises ``WrongState`` (409) once it counts, or when
    another one follows it."""
    same = VatRate.objects.select_for_update(of=("self",), no_key=True).filter(
        organisation=row.organisation_id, code=row.code
    )
    rates = list(same.order_by("valid_from"))
    if row not in rates:
        return
    if row.valid_from <= today_of(row.organisation):
        raise WrongState(_("This rate already counts. Set another one from a day on instead."))
    if row != rates[-1]:
        raise WrongState(_("Another rate follows this one: forget that one first."))
    code, valid_from = row.code, row.valid_from
    row.delete()
    for before in rates[-2:-1]:
        before.valid_to = None
        before.save(update_fields=["valid_to"])
    events.record("vat_rate.taken_back", row.organisation, by=by, code=code, valid_from=valid_from.isoformat())


def rates_on(organisation_id: int, day: dt.date) -> dict[str, Decimal]:
    """VAT rates that are valid on a day, by code."""
    found = VatRate.objects.filter(organisation_id=organisation_id, valid_from__lte=day).exclude(valid_to__lt=day)
    return {rate.code: rate.rate for rate in found.order_by("code", "valid_from")}
