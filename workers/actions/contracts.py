"""Sign, renew, change and end contracts (R22). The law's refusals carry their article, figures and a way out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.rome import rome
from concierge.tenancy import Actor
from workers.actions.contract_refusals import AnnexRefused, refuse_findings
from workers.actions.passes import give_back_suspensions
from workers.actions.ranges import within_range
from workers.enums.contracts import ContractKind, EndReason, RiderReason
from workers.models import Contract, ContractDerogation, ContractRider, Employer, FinancialAnnex, Trainee
from workers.models.contracts import STANDS, file_prefetches, person_file
from workers.rules import contracts as rules

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class ContractTerms:
    """What a contract says. ``weekly_minutes`` a week; days are both included; ``gross_pay`` euros a month."""

    kind: ContractKind
    starts_on: dt.date
    ends_on: dt.date | None
    weekly_minutes: int
    annex: FinancialAnnex | None = None
    rome_code: str = ""
    gross_pay: Decimal | None = None
    is_short_allowed: bool = False


@dataclass(frozen=True)
class RiderTerms:
    """What a rider changes from a day on; ``ends_on`` makes it one of hours for a time."""

    starts_on: dt.date
    reason: RiderReason
    ends_on: dt.date | None = None
    weekly_minutes: int | None = None
    new_end_on: dt.date | None = None
    annex: FinancialAnnex | None = None


@transaction.atomic
def hire(trainee: Trainee, employer: Employer, terms: ContractTerms, *, by: Actor) -> Contract:
    """Sign a first contract, or one after a gap. Raises ``ContractRefused`` (422) with the rule, article and figures,
    ``AnnexRefused`` (422), ``Invalid`` (400), ``Conflict`` (409) when somebody else signed meanwhile."""
    contract = _sign(trainee, employer, terms, renews=None)
    events.record("contract.signed", trainee, by=by, contract=str(contract.public_id), **_said(contract))
    return contract


@transaction.atomic
def renew(contract: Contract, terms: ContractTerms, *, by: Actor) -> Contract:
    """Sign the next contract with the same employer, from the day after the last one on.

    Raises as ``hire`` does, and ``Invalid`` (400) for another first day or a contract that has no last day.
    """
    locked(contract.trainee)
    contract = Contract.objects.select_related("trainee", "employer").get(pk=contract.pk)
    if contract.withdrawn_on is not None or contract.ends_on is None or contract.ended_on is not None:
        raise Invalid(_("This contract cannot be renewed: sign a new one."), field="starts_on")
    if terms.starts_on != contract.ends_on + ONE_DAY:
        raise refuse_findings(
            [rules.Finding("renewal_not_next_day", "", {"next": contract.ends_on + ONE_DAY}, "starts_on")]
        )
    renewed = _sign(contract.trainee, contract.employer, terms, renews=contract)
    events.record("contract.renewed", contract.trainee, by=by, contract=str(renewed.public_id), **_said(renewed))
    return renewed


def _sign(trainee: Trainee, employer: Employer, terms: ContractTerms, *, renews: Contract | None) -> Contract:
    trainee = locked(trainee)
    _check_terms(employer, terms)
    person = person_file(trainee)
    cumul = _cumul(trainee, person, employer, terms)
    wanted = rules.Contract(
        employer_id=employer.pk,
        employer_kind=employer.kind,
        kind=terms.kind,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        weekly_minutes=terms.weekly_minutes,
        is_beside=cumul is not None,
    )
    found = rules.findings(person, wanted, is_short_allowed=terms.is_short_allowed, is_first=renews is None)
    if found:
        raise refuse_findings(found)
    with _said_by_the_database():
        return Contract.objects.create(
            organisation_id=trainee.organisation_id,
            trainee=trainee,
            employer=employer,
            annex=terms.annex,
            kind=terms.kind,
            starts_on=terms.starts_on,
            ends_on=terms.ends_on,
            weekly_minutes=terms.weekly_minutes,
            rome_code=terms.rome_code,
            gross_pay=terms.gross_pay,
            is_short_allowed=terms.is_short_allowed,
            floor_derogation=_floor(trainee, employer, terms),
            cumul_derogation=cumul,
            renews=renews,
        )


@contextmanager
def _said_by_the_database() -> Iterator[None]:
    """Two people signed at once: the second hears it as a sentence."""
    already = Conflict(_("Somebody has just written down another contract for these days."), field="starts_on")
    with ExitStack() as guards:
        for name in (
            "contract_not_twice_with_one_employer",
            "contract_beside_another_by_cumul_only",
            "contract_renewed_once",
        ):
            guards.enter_context(refuse_on(name, already))
        yield


def locked(trainee: Trainee) -> Trainee:
    """The person's row, held, with all their contracts: whoever signs after us sees what we signed."""
    Trainee.objects.select_for_update(of=("self",), no_key=True).get(pk=trainee.pk)
    return Trainee.objects.select_related("site").prefetch_related(*file_prefetches()).get(pk=trainee.pk)


def _check_terms(employer: Employer, terms: ContractTerms) -> None:
    within_range(terms.starts_on, "starts_on")
    within_range(terms.ends_on, "ends_on")
    if terms.kind not in employer.contract_kinds:
        raise Invalid(_("This employer does not sign contracts of this kind."), field="kind")
    if terms.ends_on is None and terms.kind in {ContractKind.CDDI, ContractKind.CDDU, ContractKind.MISSION}:
        raise Invalid(_("This contract needs a last day."), field="ends_on")
    if terms.ends_on is not None and terms.kind == ContractKind.CDI_INCLUSION:
        raise Invalid(_("An open-ended contract has no last day."), field="ends_on")
    if terms.rome_code and not rome().is_current(terms.rome_code):
        raise Invalid(_("Choose a trade from the list."), field="rome_code")
    check_annex(terms.annex, employer, terms.starts_on)


def check_annex(annex: FinancialAnnex | None, employer: Employer, day: dt.date) -> None:
    """Raises ``AnnexRefused`` (422) for an annex of another employer, or one on which nothing counts on that day."""
    if annex is None:
        return
    if annex.employer_id != employer.pk:
        raise AnnexRefused(_("This annex belongs to another employer."), field="annex")
    if not annex.is_active_on(day):
        raise AnnexRefused.on(annex, day)


def _cumul(
    trainee: Trainee, person: rules.PersonFile, employer: Employer, terms: ContractTerms
) -> ContractDerogation | None:
    """The decision by which this contract stands beside another one, when it does."""
    probe = rules.Contract(employer.pk, employer.kind, terms.kind, terms.starts_on, terms.ends_on, 0)
    if not any(other.overlaps(probe) and other.employer_id != employer.pk for other in person.contracts):
        return None
    return _decision(trainee, terms.starts_on, "cumul")


def _floor(trainee: Trainee, employer: Employer, terms: ContractTerms) -> ContractDerogation | None:
    if terms.kind != ContractKind.CDDI or terms.weekly_minutes >= rules.FLOOR_MINUTES:
        return None
    return _decision(trainee, terms.starts_on, "floor_aci", "earlier", employer=employer) or _decision(
        trainee, terms.starts_on, "cumul"
    )


def _decision(
    trainee: Trainee, day: dt.date, *kinds: str, employer: Employer | None = None
) -> ContractDerogation | None:
    found = ContractDerogation.objects.filter(
        STANDS, trainee=trainee, kind__in=kinds, starts_on__lte=day, ends_on__gte=day
    )
    if employer is not None:
        found = found.filter(employer=employer)
    return found.order_by("-ends_on", "pk").first()


@transaction.atomic
def add_rider(contract: Contract, terms: RiderTerms, *, by: Actor) -> ContractRider:
    """Change hours, last day or annex of a contract that runs. Raises ``ContractRefused`` or ``AnnexRefused`` (422),
    ``Invalid`` (400) for a rider that changes nothing, ``Conflict`` (409) for days already changed."""
    trainee = locked(contract.trainee)
    contract = Contract.objects.with_riders().select_for_update(of=("self",), no_key=True).get(pk=contract.pk)
    _check_rider(contract, terms)
    person = person_file(trainee)
    rider = rules.Rider(terms.starts_on, terms.ends_on, terms.weekly_minutes)
    found = rules.rider_findings(
        person, contract.facts, rider, raises_allowed=contract.employer.raises_a_year
    ) + _longer(person, contract, terms)
    if found:
        raise refuse_findings(found)
    old_end_on = contract.ends_on
    with _no_two_riders():
        made = ContractRider.objects.create(
            organisation_id=contract.organisation_id,
            contract=contract,
            starts_on=terms.starts_on,
            ends_on=terms.ends_on,
            weekly_minutes=terms.weekly_minutes,
            new_end_on=terms.new_end_on,
            old_end_on=old_end_on if terms.new_end_on else None,
            annex=terms.annex,
            reason=terms.reason,
        )
    if terms.new_end_on is not None:
        contract.ends_on = terms.new_end_on
        with _said_by_the_database():
            contract.save(update_fields=["ends_on"])
    events.record("contract.amended", trainee, by=by, contract=str(contract.public_id), reason=str(terms.reason))
    return made


def _check_rider(contract: Contract, terms: RiderTerms) -> None:
    for field in ("starts_on", "ends_on", "new_end_on"):
        within_range(getattr(terms, field), field)
    if contract.withdrawn_on is not None or contract.ended_on is not None:
        raise Invalid(_("This contract is over: it cannot be changed any more."), field="starts_on")
    if terms.weekly_minutes is None and terms.new_end_on is None and terms.annex is None:
        raise Invalid(_("Say what changes: the hours, the last day or the annex."), field="weekly_hours")
    if terms.ends_on is not None and (terms.weekly_minutes is None or terms.new_end_on or terms.annex):
        raise Invalid(_("Only hours change for a time."), field="ends_on")
    if terms.new_end_on is not None and contract.ends_on is None:
        raise Invalid(_("An open-ended contract has no last day."), field="new_end_on")
    check_annex(terms.annex, contract.employer, terms.starts_on)


def _longer(person: rules.PersonFile, contract: Contract, terms: RiderTerms) -> list[rules.Finding]:
    """Another last day is judged as if the contract had been signed so."""
    if terms.new_end_on is None:
        return []
    others = tuple(one for one in person.contracts if one.key != contract.pk)
    facts = contract.facts
    wanted = rules.Contract(
        facts.employer_id,
        facts.employer_kind,
        facts.kind,
        facts.starts_on,
        terms.new_end_on,
        facts.weekly_minutes,
        facts.riders,
        facts.is_beside,
    )
    rest = rules.PersonFile(others, person.derogations, person.restrictions, person.birth_date)
    found = rules.findings(
        rest, wanted, is_short_allowed=contract.is_short_allowed, is_first=contract.renews_id is None
    )
    codes = {"contract_under_20_hours", "cumul_under_24_hours", "birth_date_unknown", "too_young_for_cdi"}
    return [rules.Finding(one.code, one.article, one.figures, "new_end_on") for one in found if one.code not in codes]


@contextmanager
def _no_two_riders() -> Iterator[None]:
    already = Conflict(_("Another rider already changes the contract on these days."), field="starts_on")
    with refuse_on("rider_lasting_once_a_day", already), refuse_on("riders_for_a_time_do_not_overlap", already):
        yield


@transaction.atomic
def end_contract(contract: Contract, *, ended_on: dt.date, reason: EndReason, by: Actor) -> Contract:
    """End a contract before its last day; ``ended_on`` is the last day it counts. A contract that was renewed ends with
    its renewal. Raises ``Invalid`` (400) for a day outside of it, ``Conflict`` (409) when it has ended already."""
    locked(contract.trainee)
    contract = Contract.objects.select_for_update(of=("self",), no_key=True).get(pk=contract.pk)
    if contract.withdrawn_on is not None or contract.ended_on is not None:
        raise Conflict(_("This contract is over already."))
    if contract.renewals.filter(STANDS).exists():
        raise Conflict(_("This contract has been renewed: end its renewal, or withdraw that one first."))
    if ended_on < contract.starts_on or (contract.ends_on is not None and ended_on > contract.ends_on):
        raise Invalid(_("A contract ends early between its first and its last day."), field="ended_on")
    contract.ended_on, contract.end_reason = ended_on, reason
    contract.save(update_fields=["ended_on", "end_reason"])
    events.record(
        "contract.ended",
        contract.trainee,
        by=by,
        contract=str(contract.public_id),
        ended_on=ended_on.isoformat(),
        reason=str(reason),
    )
    return contract


@transaction.atomic
def withdraw_contract(contract: Contract, *, by: Actor) -> bool:
    """A contract written down by mistake, or never begun: it stays in the file and counts no more. A suspension of the
    PASS that this hire had ended goes on; ``False`` when it cannot, and somebody has to write it down again. Raises
    ``Conflict`` (409) for one that was renewed, or withdrawn before."""
    locked(contract.trainee)
    contract = Contract.objects.select_for_update(of=("self",), no_key=True).get(pk=contract.pk)
    if contract.withdrawn_on is not None:
        raise Conflict(_("This contract was withdrawn already."))
    if contract.renewals.filter(STANDS).exists():
        raise Conflict(_("This contract has been renewed: withdraw its renewal first."))
    contract.withdrawn_on = today_of(contract.organisation)
    contract.save(update_fields=["withdrawn_on"])
    events.record("contract.withdrawn", contract.trainee, by=by, contract=str(contract.public_id))
    return give_back_suspensions(contract.trainee, hired_on=contract.starts_on, by=by)


def _said(contract: Contract) -> dict[str, Any]:
    """What the record says of a contract: neither pay nor on what it rests."""
    return {
        "kind": str(contract.kind),
        "employer": str(contract.employer.public_id),
        "starts_on": contract.starts_on.isoformat(),
        "ends_on": contract.ends_on.isoformat() if contract.ends_on else None,
        "weekly_minutes": contract.weekly_minutes,
    }
