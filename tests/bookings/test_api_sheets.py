"""Order sheets for producers' own systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.models import OrderSheet, PreOrder, PreOrderPlan
from concierge.tenancy import Actor
from tests.bookings.test_pre_orders import closed, plan
from tests.world import World

__all__ = ["closed", "plan"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
PATH = "/api/v1/order-sheets"


def listed(world: World, path: str = PATH) -> list[dict[str, Any]]:
    browser = Browser(headers={"Authorization": f"Bearer {world.api_key()}"})
    found: list[dict[str, Any]] = browser.get(path).json()["results"]
    return found


@pytest.mark.promise("domain R7", "P07")
def test_systems_read_what_a_producer_is_asked_for(
    world: World, plan: PreOrderPlan, closed: Callable[..., list[PreOrder]]
) -> None:
    orders = closed(2, 1)
    run = orders[0].run
    assert listed(world) == [
        {
            "id": str(OrderSheet.objects.get().public_id),
            "producer": plan.producer.name,
            "closed_at": "2026-11-24T11:00:00Z",
            "orders": 2,
            "columns": ["Conciergerie République"],
            "items": [{"item": OrderSheet.objects.get().content["rows"][0]["item"], "by_site": [3], "total": 3}],
            "hand_outs": [
                {
                    "id": str(run.public_id),
                    "site": str(world.site.public_id),
                    "site_name": "Conciergerie République",
                    "starts_at": run.handout_starts_at.isoformat().replace("+00:00", "Z"),
                    "ends_at": run.handout_ends_at.isoformat().replace("+00:00", "Z"),
                }
            ],
        }
    ]
    runs = listed(world, "/api/v1/pre-order-runs?status=closed")
    assert [one["order_sheet"] for one in runs] == [str(OrderSheet.objects.get().public_id)]
    assert {one["order_sheet"] for one in listed(world, "/api/v1/pre-order-runs")} == {None}


@pytest.mark.promise("S01", "P07")
def test_nobody_else_reads_them(world: World, other_world: World, closed: Callable[..., list[PreOrder]]) -> None:
    closed(1)
    assert len(listed(world)) == 1
    assert listed(other_world) == []
    business = Actor(kind="api", organisation=world.organisation, provider_id=1)
    assert not OrderSheet.objects.visible_to(business).exists()


def test_three_sheets_ask_no_more_than_one(world: World, closed: Callable[..., list[PreOrder]]) -> None:
    closed(1)
    browser = Browser(headers={"Authorization": f"Bearer {world.api_key()}"})
    counts = []
    for more in (0, 2):
        sheet = OrderSheet.objects.get()
        for number in range(more):
            extra = OrderSheet.objects.create(
                organisation=world.organisation,
                producer=sheet.producer,
                closed_at=sheet.closed_at.replace(minute=number + 1),
                content=sheet.content,
            )
            run = sheet.runs.model.objects.filter(sheet=None)[0]
            run.sheet = extra
            run.save(update_fields=["sheet"])
        browser.get(PATH)
        with CaptureQueriesContext(connection) as asked:
            assert len(browser.get(PATH).json()["results"]) == 1 + more
        counts.append(len(asked))
    assert counts[0] == counts[1]
