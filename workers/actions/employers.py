"""Write down employers and their financial annexes (R13, domain.md 2.1 and 2.5)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.db import refuse_on
from concierge.errors import Invalid
from concierge.models import Organisation
from concierge.numbers import check_siret, tidy_siret
from concierge.tenancy import Actor
from workers.actions.ranges import within_range
from workers.enums.contracts import ASP_MEASURES, AnnexState, EmployerKind, HoursBasis
from workers.models import Contract, Employer, FinancialAnnex
from workers.models.employers import ANNEX_NUMBER, ANNEX_NUMBER_LENGTH
from workers.rules.contracts import RAISES_A_YEAR


@dataclass(frozen=True)
class EmployerDetails:
    """A legal body; without ``measure`` the usual one of its kind. ``raises_a_year`` 0: no agreement (L16)."""

    name: str
    siret: str
    kind: EmployerKind
    measure: str = ""
    raises_a_year: int = RAISES_A_YEAR
    is_active: bool = True


@dataclass(frozen=True)
class AnnexDetails:
    """A financial annex; ``etp_hours`` hours a year of one full-time place, ``agreed_etp`` places."""

    number: str
    starts_on: dt.date
    ends_on: dt.date
    etp_hours: Decimal
    hours_basis: HoursBasis
    agreed_etp: Decimal
    state: AnnexState = AnnexState.VALID


@transaction.atomic
def add_employer(organisation: Organisation, details: EmployerDetails, *, by: Actor) -> Employer:
    """Write down a body that signs contracts. Raises ``Invalid`` (400) for a wrong SIRET, one that is known already for
    this kind, a measure of another kind, or more raises than the law allows."""
    with _employer_words():
        employer = Employer.objects.create(organisation=organisation, **_checked(details))
    events.record("employer.added", employer, by=by)
    return employer


@transaction.atomic
def change_employer(employer: Employer, details: EmployerDetails, *, by: Actor) -> Employer:
    """Correct a body. Raises ``Invalid`` (400) as ``add_employer`` does, and for another kind once contracts exist."""
    employer = Employer.objects.select_for_update(of=("self",), no_key=True).get(pk=employer.pk)
    if details.kind != employer.kind and Contract.objects.filter(employer=employer).exists():
        raise Invalid(
            _("Contracts are written with this employer: its kind stays. Add another employer of the other kind."),
            field="kind",
        )
    values = _checked(details)
    changed = sorted(name for name, value in values.items() if getattr(employer, name) != value)
    if changed:
        for name in changed:
            setattr(employer, name, values[name])
        with _employer_words():
            employer.save(update_fields=changed)
        events.record("employer.changed", employer, by=by, changed=changed)
    return employer


def _checked(details: EmployerDetails) -> dict[str, object]:
    name = details.name.strip()
    if not name:
        raise Invalid(_("Give the name of the employer."), field="name")
    number = tidy_siret(details.siret)
    try:
        check_siret(number)
    except ValidationError as error:
        raise Invalid(error.messages[0], field="siret") from error
    measure = details.measure or ASP_MEASURES[details.kind][0]
    if measure not in ASP_MEASURES[details.kind]:
        raise Invalid(_("This measure is of another kind of employer."), field="measure")
    if not 0 <= details.raises_a_year <= RAISES_A_YEAR:
        raise Invalid(_("The law allows eight temporary raises a year at most (L3123-22)."), field="raises_a_year")
    return {
        "name": name,
        "siret": number,
        "kind": str(details.kind),
        "measure": measure,
        "raises_a_year": details.raises_a_year,
        "is_active": details.is_active,
    }


@contextmanager
def _employer_words() -> Iterator[None]:
    known = Invalid(_("Another employer of this kind already has this SIRET."), field="siret")
    with refuse_on("employer_once_per_siret_and_kind", known):
        yield


@transaction.atomic
def add_annex(employer: Employer, details: AnnexDetails, *, by: Actor) -> FinancialAnnex:
    """Write down an annex of a convention. Raises ``Invalid`` (400) for a number that is not one or of another kind of
    employer, days in the wrong order, hours or places that cannot be."""
    values = _checked_annex(employer, details)
    with _annex_words():
        annex = FinancialAnnex.objects.create(organisation_id=employer.organisation_id, employer=employer, **values)
    events.record("annex.added", employer, by=by, annex=annex.number)
    return annex


@transaction.atomic
def change_annex(annex: FinancialAnnex, details: AnnexDetails, *, by: Actor) -> FinancialAnnex:
    """Correct an annex, or say that it is closed. Raises ``Invalid`` (400) as ``add_annex`` does."""
    annex = FinancialAnnex.objects.select_for_update(of=("self",), no_key=True).get(pk=annex.pk)
    values = _checked_annex(annex.employer, details)
    changed = sorted(name for name, value in values.items() if getattr(annex, name) != value)
    if changed:
        for name in changed:
            setattr(annex, name, values[name])
        with _annex_words():
            annex.save(update_fields=changed)
        events.record("annex.changed", annex.employer, by=by, annex=annex.number, changed=changed)
    return annex


def _checked_annex(employer: Employer, details: AnnexDetails) -> dict[str, object]:
    number = re.sub(r"\s", "", details.number).upper()
    if len(number) > ANNEX_NUMBER_LENGTH or not re.fullmatch(ANNEX_NUMBER, number):
        raise Invalid(
            _("The number of an annex looks like ACI051170013A0M1: measure, department, year, order, A and M."),
            field="number",
        )
    if not re.match(rf"{employer.kind.upper()}[0-9]", number):
        raise Invalid(_("This number is of another kind of employer."), field="number")
    within_range(details.starts_on, "starts_on")
    within_range(details.ends_on, "ends_on")
    if details.ends_on < details.starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    if not 1000 <= details.etp_hours <= 2200:
        raise Invalid(_("One full-time place is between 1,000 and 2,200 hours a year."), field="etp_hours")
    if details.agreed_etp < 0:
        raise Invalid(_("The number of places cannot be negative."), field="agreed_etp")
    return {
        "number": number,
        "starts_on": details.starts_on,
        "ends_on": details.ends_on,
        "state": str(details.state),
        "etp_hours": details.etp_hours,
        "hours_basis": str(details.hours_basis),
        "agreed_etp": details.agreed_etp,
    }


@contextmanager
def _annex_words() -> Iterator[None]:
    with refuse_on("annex_number_once", Invalid(_("This annex is already written down."), field="number")):
        yield
