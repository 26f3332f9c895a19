"""Contracts, decisions and restrictions of many people at once, as the rules see them: the rows without the objects.

``workers.models.contracts.person_file`` gives the same of one person whose rows were read; a test compares the two.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection

from concierge.reads import Among, Rows
from workers.models.contracts import STANDS, Contract, ContractDerogation, ContractRider
from workers.models.people import Trainee
from workers.models.restrictions import WorkRestriction
from workers.rules import contracts as rules

CONTRACTS = Rows(
    lambda given: (
        Contract.objects.between(given["first"], given["last"])
        .filter(Among("trainee_id", given["keys"]))
        .values_list(
            "trainee_id",
            "pk",
            "cumul_derogation_id",
            "employer_id",
            "employer__kind",
            "kind",
            "starts_on",
            "last_on",
            "weekly_minutes",
        )
    ),
    "keys",
    "first",
    "last",
)
RIDERS = Rows(
    lambda given: ContractRider.objects.filter(STANDS, Among("contract__trainee_id", given["keys"])).values_list(
        "contract_id", "starts_on", "ends_on", "weekly_minutes"
    ),
    "keys",
)
DECISIONS = Rows(
    lambda given: ContractDerogation.objects.filter(
        STANDS, Among("trainee_id", given["keys"]), starts_on__lte=given["last"], ends_on__gte=given["first"]
    ).values_list("trainee_id", "kind", "employer_id", "starts_on", "ends_on"),
    "keys",
    "first",
    "last",
)
RESTRICTIONS = Rows(
    lambda given: (
        WorkRestriction.objects.between(given["first"], given["last"])
        .filter(Among("trainee_id", given["keys"]))
        .values_list("trainee_id", "code", "starts_on", "ends_on", "at")
    ),
    "keys",
    "first",
    "last",
)


def files_of(trainees: Collection[Trainee], first: dt.date, last: dt.date) -> dict[int, rules.PersonFile]:
    """By trainee, what counts on some of these days. Four queries whatever their number."""
    keys = [one.pk for one in trainees]
    contracts = _contracts(keys, first, last)
    derogations: dict[int, list[rules.Derogation]] = defaultdict(list)
    for trainee, *facts in DECISIONS.all(keys=keys, first=first, last=last):
        derogations[trainee].append(rules.Derogation(*facts))
    restrictions: dict[int, list[rules.Restriction]] = defaultdict(list)
    for trainee, *facts in RESTRICTIONS.all(keys=keys, first=first, last=last):
        restrictions[trainee].append(rules.Restriction(*facts))
    return {
        one.pk: rules.PersonFile(
            contracts=tuple(contracts.get(one.pk, ())),
            derogations=tuple(derogations.get(one.pk, ())),
            restrictions=tuple(restrictions.get(one.pk, ())),
            birth_date=one.birth_date,
        )
        for one in trainees
    }


def _contracts(keys: list[int], first: dt.date, last: dt.date) -> dict[int, list[rules.Contract]]:
    riders: dict[int, list[rules.Rider]] = defaultdict(list)
    for contract, *facts in RIDERS.all(keys=keys):
        riders[contract].append(rules.Rider(*facts))
    found: dict[int, list[rules.Contract]] = defaultdict(list)
    for trainee, key, beside, *facts in CONTRACTS.all(keys=keys, first=first, last=last):
        found[trainee].append(rules.Contract(*[*facts, tuple(riders.get(key, ())), beside is not None, key]))
    return found
