"""Two people sign at once: what the law sums up over contracts holds, and so does what the database refuses."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
import time_machine

from concierge import tenancy
from tests.employing import employer_of
from tests.workers.conftest import NOW, Team, build_team
from tests.workers.test_races import at_once
from tests.world import build_world
from workers.actions import contracts
from workers.actions.contracts import ContractTerms, hire, renew
from workers.enums.contracts import ContractKind
from workers.models import Contract, Trainee
from workers.models.contracts import file_prefetches

pytestmark = [pytest.mark.django_db(transaction=True)]

# After a first year: a second one, and half a year more with another employer of the house.
SECOND = ContractTerms(ContractKind.CDDI, dt.date(2027, 9, 1), dt.date(2028, 8, 31), 26 * 60)
THIRD = replace(SECOND, starts_on=dt.date(2028, 9, 1), ends_on=dt.date(2029, 2, 28))


@pytest.fixture
def team() -> Iterator[Team]:
    built = build_world()
    with time_machine.travel(NOW, tick=True), tenancy.working_for(built.organisation):
        yield build_team(built)


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody: both have read the file before either writes."""
    both_read, mine = threading.Barrier(2), threading.local()

    def read(trainee: Trainee) -> Trainee:
        if not hasattr(mine, "found"):
            mine.found = Trainee.objects.select_related("site").prefetch_related(*file_prefetches()).get(pk=trainee.pk)
            both_read.wait(10)
        return mine.found  # type: ignore[no-any-return]  # of this thread

    monkeypatch.setattr(contracts, "locked", read)


def beyond_together(team: Team) -> list[Callable[[], object]]:
    """Each is allowed alone; together they pass 24 months."""
    aci = employer_of(team.world.organisation, "aci")
    return [
        partial(renew, team.amina.contracts.get(), SECOND, by=team.supervisor),
        partial(hire, team.amina, aci, THIRD, by=team.supervisor),
    ]


@pytest.mark.promise("domain R22")
def test_two_who_sign_at_once_stay_within_24_months_together(team: Team) -> None:
    assert at_once(team, *beyond_together(team)) == ["contract_refused", "ok"]
    assert Contract.objects.filter(trainee=team.amina).count() == 2


def test_without_the_lock_both_are_signed(team: Team, unlocked: None) -> None:
    assert at_once(team, *beyond_together(team)) == ["ok", "ok"]


@pytest.mark.promise("domain R22")
def test_the_database_refuses_a_second_contract_for_the_same_days(team: Team, unlocked: None) -> None:
    sign = partial(renew, team.amina.contracts.get(), SECOND, by=team.supervisor)
    assert at_once(team, sign, sign) == ["conflict", "ok"]
    assert Contract.objects.filter(trainee=team.amina).count() == 2
