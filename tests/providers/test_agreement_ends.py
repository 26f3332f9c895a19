"""An agreement that ends is spoken of in time, and agreed anew from its own terms (R33)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from concierge import deadlines
from concierge.models import Deadline, Event
from notifications.models import Message
from providers.actions.agreement_ends import ENDS, renew_agreement
from providers.actions.agreements import end_agreement, sign_on_paper
from providers.actions.businesses import set_active
from providers.models import Provider, ServiceAgreement
from tests.conftest import settle
from tests.providers.conftest import PARIS, add_provider
from tests.providers.test_agreements import TODAY, agreed, path_of
from tests.providers.test_pages import manager, page, staff
from tests.providers.test_papers import live
from tests.world import World

__all__ = ["manager", "staff"]
LAST = TODAY + dt.timedelta(days=40)


@pytest.fixture
def alone(world: World) -> Provider:
    """A cobbler with whom nothing is agreed yet."""
    return add_provider(world, price=None)


def told() -> list[dt.datetime]:
    """When it was spoken of."""
    rows = Event.objects.filter(name="agreement.ending").order_by("pk")
    return [row.act_at.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0) for row in rows]


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(0), tzinfo=PARIS)


@pytest.mark.promise("domain R33")
def test_both_sides_hear_thirty_and_seven_days_before(world: World, alone: Provider, monday: Any) -> None:
    agreed(alone, world, valid_to=LAST)
    live(world, monday, TODAY, LAST + dt.timedelta(days=2))
    assert told() == [midnight(LAST - dt.timedelta(days=days)) for days in (30, 7)]
    found = Message.objects.filter(kind="agreement.ending").values_list("recipient_kind", "address")
    assert sorted(set(found)) == [("provider", alone.email), ("staff", world.users["network_head"].email)]
    assert found.count() == 4
    assert not Deadline.objects.filter(kind=ENDS, fired_at=None, cancelled_at=None).exists()


@pytest.mark.promise("domain R33")
def test_nobody_hears_when_it_goes_on_or_is_over(world: World, alone: Provider, monday: Any) -> None:
    first = agreed(alone, world, valid_to=LAST)
    following = renew_agreement(first, by=world.actor())
    live(world, monday, TODAY, LAST - dt.timedelta(days=20))
    assert told() == [midnight(LAST - dt.timedelta(days=30))]
    sign_on_paper(following, by=world.actor())
    live(world, monday, LAST - dt.timedelta(days=19), LAST + dt.timedelta(days=2))
    assert len(told()) == 1


def test_an_end_that_is_brought_forward_is_spoken_of_from_there(world: World, alone: Provider, monday: Any) -> None:
    agreement = agreed(alone, world)
    settle(world.organisation)
    assert not Deadline.objects.filter(kind=ENDS).exists()
    end_agreement(agreement, on=TODAY + dt.timedelta(days=10), by=world.actor())
    live(world, monday, TODAY, TODAY + dt.timedelta(days=12))
    assert told() == [midnight(TODAY + dt.timedelta(days=3))]


def test_whoever_is_no_longer_asked_hears_nothing(world: World, alone: Provider, monday: Any) -> None:
    agreed(alone, world, valid_to=LAST)
    settle(world.organisation)
    set_active(alone, is_active=False, by=world.actor())
    monday.move_to(dt.datetime.combine(LAST - dt.timedelta(days=30), dt.time(9), tzinfo=PARIS))
    deadlines.sweep(world.organisation.pk)
    assert told() == []


@pytest.mark.promise("domain R33")
def test_the_next_one_is_drafted_from_the_last(world: World, manager: Browser, alone: Provider) -> None:
    last = agreed(alone, world, valid_to=TODAY + dt.timedelta(days=20), notice_hours=24, vat_rate=Decimal(20))
    body = page(manager.get(path_of(last)))
    assert ("Elle se termine bientôt" in body, "Rédiger la suivante" in body) == (True, True)
    answer = manager.post(path_of(last, "reconduire"))
    draft = ServiceAgreement.objects.get(status="draft")
    assert answer["Location"] == path_of(draft)
    assert (draft.valid_from, draft.valid_to) == (TODAY + dt.timedelta(days=21), None)
    assert (draft.purchase_price, draft.notice_hours, draft.vat_rate) == (Decimal(9), 24, Decimal(20))
    manager.post(path_of(draft, "papier"))
    assert "Elle se termine bientôt" not in page(manager.get(path_of(last)))
    over = agreed(alone, world, valid_from=TODAY - dt.timedelta(days=9), valid_to=TODAY - dt.timedelta(days=1))
    assert renew_agreement(over, by=world.actor()).valid_from == TODAY
