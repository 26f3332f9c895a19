"""Write down, end and withdraw what a collective agreement says of working time (R21)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_of
from concierge.db import first_broken, refuse_on
from concierge.errors import Invalid, WrongState
from concierge.tenancy import Actor
from workers.models import Employer, LabourAgreement
from workers.models.agreement_words import NUMBERS


@dataclass(frozen=True)
class AgreementDetails:
    """An edition; ``terms`` by name in the units of ``LabourAgreement``, those that the agreement sets."""

    reference: str
    starts_on: dt.date
    ends_on: dt.date | None
    terms: Mapping[str, int]


# Which field of a form a constraint speaks of.
FIELD_OF = {
    "agreement_has_a_reference": "reference",
    "agreement_end_not_before_start": "ends_on",
    "agreement_night_of_nine_hours": "night_until",
    **{f"agreement_{name}_as_the_law_lets": name for name in NUMBERS},
}


@transaction.atomic
def add_agreement(employer: Employer, details: AgreementDetails, *, by: Actor) -> LabourAgreement:
    """Write down an edition. Raises ``Invalid`` (400) for a term that the law does not let an agreement set so, nothing
    set at all, days in the wrong order, or days on which another agreement of this employer holds."""
    row = LabourAgreement(
        organisation_id=employer.organisation_id,
        employer=employer,
        reference=details.reference.strip(),
        starts_on=details.starts_on,
        ends_on=details.ends_on,
        **details.terms,
    )
    broken = first_broken(row)
    if broken is not None:
        raise Invalid(broken.violation_error_message, field=FIELD_OF.get(broken.name))
    with _one_at_a_time("starts_on"):
        row.save()
    events.record(
        "labour_agreement.added",
        employer,
        by=by,
        agreement=str(row.public_id),
        reference=row.reference,
        starts_on=row.starts_on.isoformat(),
        ends_on=row.ends_on.isoformat() if row.ends_on else None,
        terms=row.terms,
    )
    return row


@transaction.atomic
def end_agreement(agreement: LabourAgreement, last_day: dt.date, *, by: Actor) -> LabourAgreement:
    """Say which day is its last. Raises ``Invalid`` (400) for one before the first day, or on which another agreement
    holds; ``WrongState`` (409) when it was withdrawn."""
    row = _locked(agreement)
    if last_day < row.starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    row.ends_on = last_day
    with _one_at_a_time("ends_on"):
        row.save(update_fields=["ends_on"])
    events.record(
        "labour_agreement.ended",
        row.employer,
        by=by,
        agreement=str(row.public_id),
        reference=row.reference,
        ends_on=last_day.isoformat(),
    )
    return row


@transaction.atomic
def withdraw_agreement(agreement: LabourAgreement, *, by: Actor) -> LabourAgreement:
    """It was written down by mistake: nothing counts it any more. Raises ``WrongState`` (409) when it was already."""
    row = _locked(agreement)
    row.withdrawn_on = today_of(by.organisation)
    row.save(update_fields=["withdrawn_on"])
    events.record(
        "labour_agreement.withdrawn", row.employer, by=by, agreement=str(row.public_id), reference=row.reference
    )
    return row


def _locked(agreement: LabourAgreement) -> LabourAgreement:
    rows = LabourAgreement.objects.select_for_update(of=("self",), no_key=True).select_related("employer")
    row = rows.get(pk=agreement.pk)
    if row.withdrawn_on is not None:
        raise WrongState(_("This agreement was withdrawn."))
    return row


@contextmanager
def _one_at_a_time(field: str) -> Iterator[None]:
    taken = Invalid(_("Another agreement of this employer holds on some of these days."), field=field)
    with refuse_on("agreement_one_at_a_time", taken):
        yield
