"""Near midnight a site is in another day than the server."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from bookings.actions.quotes import LineDraft, OptionDraft, QuoteDraft, draft_quote, save_quote
from bookings.forms.quotes import Editor
from bookings.forms.waits import HoldForm, LaterDayForm, QuestionForm, RestForm
from bookings.forms.wishes import WishesForm
from bookings.models import Closure, QuoteLine, VatRate
from concierge.days import today_at
from concierge.models import Site
from tests.bookings.quoting import asked
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


@pytest.fixture
def after_midnight(monday: Any) -> dt.date:
    """Monday 23:30 at Greenwich, Tuesday 00:30 in Dijon."""
    monday.move_to(dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.UTC))
    return dt.date(2026, 11, 24)


@pytest.mark.promise("domain R1", "domain R5")
def test_a_quote_counts_with_the_vat_rate_of_the_day_there(world: World, after_midnight: dt.date) -> None:
    VatRate.objects.filter(code="standard").update(valid_to=after_midnight - dt.timedelta(days=1))
    for code, rate in (("standard", "21.00"), ("repairs", "5.50")):
        VatRate.objects.create(
            organisation=world.organisation, code=code, rate=Decimal(rate), valid_from=after_midnight
        )
    by = world.actor("concierge")
    quote = draft_quote(asked(world), by=by)
    lines = [LineDraft(code, unit_price=Decimal(10), vat_code=code) for code in ("standard", "repairs")]
    save_quote(quote, QuoteDraft([OptionDraft(lines)]), by=by)
    found = QuoteLine.objects.filter(option__quote=quote).order_by("position").values_list("vat_code", "vat_rate")
    assert list(found) == [("standard", Decimal("21.00")), ("repairs", Decimal("5.50"))]
    (line,) = Editor.of(quote).options[0]["lines"][1:]
    assert ("repairs", "5,5\u202f% – repairs") in line.fields["vat_code"].choices


@pytest.mark.promise("R38")
@pytest.mark.parametrize("form", [QuestionForm, HoldForm, RestForm])
@pytest.mark.parametrize("zone", ["Europe/Paris", "Indian/Reunion", "America/Martinique"])
def test_from_tomorrow_on_is_from_tomorrow_there(
    world: World, after_midnight: dt.date, form: type[LaterDayForm], zone: str
) -> None:
    Site.objects.update(time_zone=zone)
    today = today_at(Site.objects.get(pk=world.site.pk))
    (day,) = (name for name in form.base_fields if name.endswith("_on"))

    def errors(typed: dt.date) -> bool:
        return day in form({day: typed.isoformat()}, today=today).errors

    first = after_midnight + dt.timedelta(days=0 if zone == "America/Martinique" else 1)
    assert [errors(first - dt.timedelta(days=1)), errors(first)] == [True, False]


@pytest.mark.promise("R38")
def test_the_pages_ask_from_tomorrow_there(world: World, after_midnight: dt.date) -> None:
    found = world.request(world.ironing)
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(world.users["concierge"])
    typed = {"text": "Quelle lessive ?", "due_on": after_midnight.isoformat()}
    answer = browser.post(f"/demandes/{found.public_id}/attente/question/", typed)
    assert (answer.status_code, "Choisissez un jour à partir de demain." in answer.content.decode()) == (422, True)
