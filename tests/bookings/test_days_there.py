"""Near midnight a site is in another day than the server."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from bookings.forms.wishes import WishesForm
from bookings.models import Closure
from concierge.days import today_at
from concierge.models import Site
from tests.world import World

# Half past eleven at night in Fort-de-France, the 30th; already December at Greenwich.
LATE = dt.datetime(2026, 12, 1, 3, 30, tzinfo=dt.UTC)
LAST = dt.date(2026, 11, 30)


@pytest.fixture
def over_there(world: World) -> Site:
    Site.objects.update(time_zone="America/Martinique")
    return Site.objects.get(pk=world.site.pk)


@pytest.mark.promise("R38")
def test_a_closure_is_told_until_its_last_evening(world: World, over_there: Site) -> None:
    Closure.objects.create(organisation=world.organisation, site=over_there, starts_on=LAST, ends_on=LAST)
    browser = Browser(headers={"Authorization": f"Bearer {world.api_key()}"})

    def told() -> list[Any]:
        return [one["ends_on"] for one in browser.get(f"/api/v1/sites/{over_there.public_id}").json()["closures"]]

    with time_machine.travel(LATE):
        assert told() == ["2026-11-30"]
    with time_machine.travel(LATE + dt.timedelta(hours=1)):
        assert told() == []


@pytest.mark.promise("R38")
def test_somebody_may_want_it_today_until_midnight_there(world: World, over_there: Site) -> None:
    short = world.ironing.public_id.hex
    typed = {f"what-{short}": "Trois costumes", f"until-{short}": LAST.isoformat()}

    def errors() -> list[str]:
        return list(WishesForm(typed, chosen=[world.ironing], known={}, today=today_at(over_there)).errors)

    with time_machine.travel(LATE):
        assert errors() == []
    with time_machine.travel(LATE + dt.timedelta(hours=1)):
        assert errors() == [f"until-{short}"]
