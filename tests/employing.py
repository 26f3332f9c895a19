"""Contracts for people of tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from concierge.models import Organisation
from concierge.tenancy import system_actor
from workers.actions.contracts import ContractTerms, hire
from workers.enums.contracts import ContractKind
from workers.models import Contract, Employer, Trainee


def employer_of(organisation: Organisation, kind: str = "ei") -> Employer:
    """An employer of the organisation, one of each kind."""
    numbers = {"ei": "73282932000074", "aci": "73282932000082", "outside": "73282932000090"}
    measure = f"{kind.upper()}_DC" if kind in {"ei", "aci", "ai", "etti", "eiti"} else ""
    found, _is_new = Employer.objects.get_or_create(
        organisation=organisation,
        kind=kind,
        defaults={"name": f"Employeur {kind.upper()}", "siret": numbers.get(kind, ""), "measure": measure},
    )
    return found


def employ(
    trainee: Trainee,
    *,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
    weekly_minutes: int = 26 * 60,
    kind: str = "ei",
    **more: Any,
) -> Contract:
    """A contract with an employer of this kind; without a last day, an ordinary one."""
    terms = ContractTerms(
        kind=ContractKind.CDDI if ends_on is not None and kind != "outside" else ContractKind.ORDINARY,
        starts_on=starts_on,
        ends_on=ends_on,
        weekly_minutes=weekly_minutes,
        **more,
    )
    organisation = trainee.organisation
    return hire(trainee, employer_of(organisation, kind), terms, by=system_actor(organisation))
