"""Write down decisions by which a contract may be what the rule forbids (L10, R22)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_of
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor
from workers.actions.contract_refusals import refuse_findings
from workers.actions.contracts import locked
from workers.actions.ranges import within_range
from workers.enums.contracts import DerogationKind
from workers.models import Contract, ContractDerogation, Employer, Trainee
from workers.models.contracts import STANDS, person_file
from workers.rules import contracts as rules


@transaction.atomic
def add_derogation(
    trainee: Trainee,
    employer: Employer,
    kind: DerogationKind,
    *,
    reference: str,
    days: tuple[dt.date, dt.date],
    by: Actor,
) -> ContractDerogation:
    """Write down a decision for a person and an employer, from the first of ``days`` to the last, both included.

    Raises ``Invalid`` (400) without a reference, ``ContractRefused`` (422) for more than twelve months, a kind that
    this employer cannot have, or an age that does not fit. The record says neither reference nor kind of situation.
    """
    if not reference.strip():
        raise Invalid(_("Give the reference of the decision."), field="reference")
    if kind == DerogationKind.EARLIER:
        raise Invalid(_("Choose the kind of decision."), field="kind")
    for field, day in zip(("starts_on", "ends_on"), days, strict=True):
        within_range(day, field)
    trainee = locked(trainee)
    wanted = rules.Derogation(str(kind), employer.pk, *days)
    found = rules.derogation_findings(person_file(trainee), wanted, employer_kind=employer.kind)
    if found:
        raise refuse_findings(found)
    made = ContractDerogation.objects.create(
        organisation_id=trainee.organisation_id,
        trainee=trainee,
        employer=employer,
        kind=kind,
        reference=reference.strip(),
        starts_on=days[0],
        ends_on=days[1],
    )
    events.record("derogation.added", trainee, by=by, derogation=str(made.public_id), ends_on=made.ends_on.isoformat())
    return made


@transaction.atomic
def withdraw_derogation(derogation: ContractDerogation, *, by: Actor) -> None:
    """A decision written down by mistake: it stays in the file and counts no more. Raises ``Conflict`` (409) while a
    contract rests on it: few hours, one beside another, or days beyond 24 months."""
    trainee = locked(derogation.trainee)
    derogation = ContractDerogation.objects.select_for_update(of=("self",), no_key=True).get(pk=derogation.pk)
    if derogation.withdrawn_on is not None:
        raise Conflict(_("This decision was withdrawn already."))
    standing = Contract.objects.filter(STANDS, trainee=trainee)
    rests = standing.filter(floor_derogation=derogation) | standing.filter(cumul_derogation=derogation)
    if rests.exists() or _needed_beyond(person_file(trainee), derogation):
        raise Conflict(_("A contract rests on this decision: withdraw or end that contract first."))
    derogation.withdrawn_on = today_of(trainee.organisation)
    derogation.save(update_fields=["withdrawn_on"])
    events.record("derogation.withdrawn", trainee, by=by, derogation=str(derogation.public_id))


def _needed_beyond(person: rules.PersonFile, derogation: ContractDerogation) -> bool:
    """Whether days under contract would no longer be allowed without it."""
    left = list(person.derogations)
    if derogation.facts in left:
        left.remove(derogation.facts)
    end = rules.rights_end(person.contracts, left)
    found = rules.stretches(person.contracts)
    return end is not None and derogation.kind in rules.BEYOND_KINDS and found[-1][1] > end
