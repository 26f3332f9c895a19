"""VAT rates from a day on: what comes, what counts, and what is never rewritten."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import vat
from bookings.models import RequestLine, VatRate
from bookings.models.catalogue import vat_rate_on
from concierge.errors import Invalid, WrongState
from concierge.models import Event
from tests.bookings.test_booking_pages import shown
from tests.world import World

PAGE = "/catalogue/tva/"
# The world's Monday is 23 November 2026.
COMING = dt.date(2027, 1, 1)


def put(world: World, rate: str, valid_from: dt.date, code: str = "standard") -> VatRate:
    return vat.set_vat_rate(
        world.organisation, code=code, rate=Decimal(rate), valid_from=valid_from, by=world.actor("accountant")
    )


def known(code: str = "standard") -> list[tuple[str, str, str]]:
    rows = VatRate.objects.filter(code=code).order_by("valid_from")
    return [(str(row.rate), str(row.valid_from), str(row.valid_to)) for row in rows]


FIRST = ("20.00", "2014-01-01", "None")


@pytest.mark.promise("domain R1")
@pytest.mark.usefixtures("monday")
def test_a_planned_rate_may_be_changed_and_forgotten(world: World) -> None:
    put(world, "21.00", COMING)
    put(world, "22.00", COMING)
    assert known() == [("20.00", "2014-01-01", "2026-12-31"), ("22.00", "2027-01-01", "None")]
    vat.take_vat_rate_back(VatRate.objects.get(valid_from=COMING), by=world.actor("accountant"))
    assert known() == [FIRST]
    rate = vat_rate_on(world.organisation.pk, "standard", COMING)
    assert rate is not None and rate.rate == Decimal("20.00")
    assert [event.data["valid_from"] for event in Event.objects.filter(name="vat_rate.taken_back")] == ["2027-01-01"]


@pytest.mark.promise("domain R1")
@pytest.mark.usefixtures("monday")
def test_a_rate_that_counted_is_not_rewritten(world: World) -> None:
    for valid_from in (dt.date(2014, 1, 1), dt.date(2013, 1, 1)):
        with pytest.raises(Invalid) as refusal:
            put(world, "5.50", valid_from)
        assert refusal.value.field == "valid_from"
    with pytest.raises(WrongState, match="déjà en vigueur"):
        vat.take_vat_rate_back(VatRate.objects.get(), by=world.actor("accountant"))
    assert known() == [FIRST]


@pytest.mark.promise("domain R1")
@pytest.mark.usefixtures("monday")
def test_a_rate_of_last_week_leaves_the_orders_of_last_week_alone(world: World) -> None:
    world.request()
    put(world, "21.00", dt.date(2026, 11, 16))
    assert {str(line.vat_rate) for line in RequestLine.objects.all()} == {"20.00"}
    assert known() == [("20.00", "2014-01-01", "2026-11-15"), ("21.00", "2026-11-16", "None")]


@pytest.mark.usefixtures("monday")
def test_only_the_last_planned_rate_is_forgotten(world: World) -> None:
    put(world, "21.00", COMING)
    put(world, "22.00", dt.date(2028, 1, 1))
    with pytest.raises(WrongState, match="Oubliez d’abord"):
        vat.take_vat_rate_back(VatRate.objects.get(valid_from=COMING), by=world.actor("accountant"))
    assert len(known()) == 3


@pytest.fixture
def accountant(world: World, client: Browser) -> Browser:
    client.force_login(world.users["accountant"])
    return client


def sent(**changes: str) -> dict[str, str]:
    return {"code": "standard", "rate": "21", "valid_from": "2027-01-01", "law_ref": "CGI art. 278", **changes}


@pytest.mark.promise("domain R1")
@pytest.mark.usefixtures("monday")
def test_the_accountant_plans_a_rate_reads_it_and_forgets_it(world: World, accountant: Browser) -> None:
    page = shown(accountant.post(PAGE, sent(), follow=True))
    assert ("21\u202f%" in page, "Prévu" in page, "2 services actifs ont ce taux." in page) == (True, True, True)
    page = shown(accountant.post(f"{PAGE}standard/2027-01-01/oublier/", follow=True))
    assert ("21\u202f%" in page, "20\u202f%" in page, known()) == (False, True, [FIRST])


@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": "31"}, "30"),
        ({"rate": "-1"}, "0"),
        ({"rate": "beaucoup"}, "nombre"),
        ({"code": "Taux réduit !"}, "sans accent"),
        ({"valid_from": "2010-01-01"}, "choisissez un jour plus tard"),
        ({"valid_from": "demain"}, "date"),
        ({"valid_from": "0001-01-01"}, "1954"),
        ({"valid_from": ""}, "obligatoire"),
        ({"law_ref": "x" * 81}, "80"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_changes_nothing(
    accountant: Browser, changes: dict[str, str], words: str
) -> None:
    answer = accountant.post(PAGE, sent(**changes))
    page, (field,) = answer.content.decode(), changes
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert f'value="{sent(**changes)["code"]}"' in page
    assert known() == [FIRST]


@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("standard/2014-01-01/oublier/", 409),
        ("standard/2027-13-45/oublier/", 404),
        ("standard/demain/oublier/", 404),
        ("inconnu/2014-01-01/oublier/", 404),
    ],
)
def test_nothing_else_is_forgotten(accountant: Browser, path: str, status: int) -> None:
    assert accountant.post(PAGE + path).status_code == status
    assert known() == [FIRST]


@pytest.mark.usefixtures("monday")
def test_three_rates_ask_no_more_than_one(world: World, accountant: Browser) -> None:
    counts: list[Any] = []
    for days in ([], [COMING, dt.date(2028, 1, 1)]):
        for day in days:
            put(world, "21.00", day)
        accountant.get(PAGE)
        with CaptureQueriesContext(connection) as asked:
            assert accountant.get(PAGE).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
