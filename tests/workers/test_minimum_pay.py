"""The minimum wage by date, and contracts whose pay is below it: pointed out, never refused (R22, domain.md 2.2)."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from concierge.models import Event
from tests.workers.conftest import Team
from workers.models import Contract, MinimumPay
from workers.rules.minimum_pay import MonthlyMinimum

pytestmark = pytest.mark.promise("domain R22")

JANUARY, NOVEMBER = dt.date(2026, 1, 1), dt.date(2026, 11, 1)
PAGE = "workers:minimum-pay"


def test_a_month_is_a_twelfth_of_fifty_two_weeks() -> None:
    rates = MonthlyMinimum(((JANUARY, Decimal("12.00")), (NOVEMBER, Decimal("12.10"))))
    assert rates.on(dt.date(2025, 12, 31), 35 * 60) is None
    assert rates.on(dt.date(2026, 10, 31), 35 * 60) == Decimal("1820.00")
    assert rates.on(NOVEMBER, 26 * 60) == Decimal("1363.27")
    assert rates.missing(NOVEMBER, 26 * 60, Decimal("1363.26")) == Decimal("1363.27")
    assert rates.missing(NOVEMBER, 26 * 60, Decimal("1363.27")) is None
    assert rates.missing(NOVEMBER, 26 * 60, None) is None


@pytest.fixture
def manager(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["site_manager"])
    return client


def test_it_is_written_down_and_taken_back(team: Team, manager: Client) -> None:
    page = reverse(PAGE)
    assert "Personne ne l’a encore saisi" in manager.get(page).content.decode()
    assert manager.post(page, {"starts_on": "2026-01-01", "hourly": "12,00"}).status_code == 302
    for wrong in (
        {"starts_on": "2026-01-01", "hourly": "12,50"},
        {"starts_on": "2026-06-01", "hourly": "0"},
        {"starts_on": "2026-06-01", "hourly": "1200"},
        {"starts_on": "2026-06-01", "hourly": "douze"},
        {"starts_on": "1026-06-01", "hourly": "12,50"},
        {"starts_on": "", "hourly": ""},
    ):
        answer = manager.post(page, wrong)
        assert answer.status_code in {409, 422}, wrong
        assert MinimumPay.objects.count() == 1
    row = MinimumPay.objects.get()
    taken_back = reverse("workers:withdraw-minimum-pay", args=[row.public_id])
    assert manager.post(taken_back).status_code == 302
    assert taken_back not in manager.get(page).content.decode()
    assert MinimumPay.objects.standing().count() == 0
    assert manager.post(taken_back).status_code == 302
    assert list(Event.objects.filter(name__startswith="minimum_pay").values_list("name", flat=True).order_by("pk")) == [
        "minimum_pay.set",
        "minimum_pay.withdrawn",
    ]
    assert manager.post(reverse("workers:withdraw-minimum-pay", args=[uuid.uuid4()])).status_code == 404
    # The day is free again.
    assert manager.post(page, {"starts_on": "2026-01-01", "hourly": "12,10"}).status_code == 302


def test_a_pay_below_it_is_pointed_out(team: Team, manager: Client) -> None:
    Contract.objects.filter(trainee=team.amina).update(gross_pay=Decimal("1500.00"))
    file = reverse("workers:contracts", args=[team.amina.public_id])
    words = "inférieur au SMIC"
    assert words not in manager.get(file).content.decode()
    MinimumPay.objects.create(organisation=team.world.organisation, starts_on=JANUARY, hourly=Decimal("12.00"))
    # Thirty hours a week are 130 hours a month: 1,560 euros.
    text = manager.get(file).content.decode()
    assert words in text
    assert "1 560,00" in text.replace("\u202f", " ").replace("\xa0", " ")
    Contract.objects.filter(trainee=team.amina).update(gross_pay=Decimal("1560.00"))
    assert words not in manager.get(file).content.decode()


@pytest.mark.parametrize(
    ("hourly", "day", "constraint"),
    [
        ("4.99", NOVEMBER, "minimum_pay_is_plausible"),
        ("12", dt.date(1999, 12, 31), "minimum_pay_of_a_plausible_day"),
        ("12", JANUARY, "minimum_pay_once_a_day"),
    ],
)
def test_postgres_refuses_what_code_might_forget(team: Team, hourly: str, day: dt.date, constraint: str) -> None:
    organisation = team.world.organisation
    MinimumPay.objects.create(organisation=organisation, starts_on=JANUARY, hourly=Decimal(12))
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        MinimumPay.objects.create(organisation=organisation, starts_on=day, hourly=Decimal(hourly))
