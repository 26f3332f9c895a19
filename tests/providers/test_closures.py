"""When a provider is away: said by itself or by the team, and heard by every search."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import WorkOrder
from concierge import tenancy
from concierge.errors import Conflict, Invalid
from concierge.models import Event
from providers.actions.availability import MOST_CLOSURES, close_days, reopen_days
from providers.actions.businesses import add_member
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.rounds import offer_directly, start_round
from providers.enums import DeclineReason
from providers.models import ConsideredProvider, Offer, Provider, ProviderClosure
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.providers.test_api import Api, api_of, refused
from tests.providers.test_in_time import dropped
from tests.providers.test_pages import browser_of, page
from tests.providers.test_races import race
from tests.world import World, build_world

CLOSURES = "/api/v1/provider-closures"
HOUR = dt.timedelta(hours=1)
TODAY = MONDAY.date()
DAY = dt.timedelta(days=1)
YEAR = "Une fermeture dure un an au plus. Pour arrêter de travailler ensemble, suspendez le partenariat."


@pytest.fixture
def cobbler(world: World) -> Provider:
    return add_provider(world)


@pytest.fixture
def owner(world: World, cobbler: Provider) -> Browser:
    """Signed in for the cobbler."""
    add_member(cobbler, world.users["provider"], by=world.actor())
    return browser_of(world.users["provider"])


@pytest.fixture
def staff(world: World) -> Browser:
    return browser_of(world.users["dispatcher"])


def close(provider: Provider, first: int, last: int, **more: Any) -> ProviderClosure:
    """Away from one day to another, counted from today."""
    by = acting_for(provider)
    return close_days(provider, first_on=TODAY + first * DAY, last_on=TODAY + last * DAY, by=by, **more)


def spans(provider: Provider) -> list[tuple[int, int]]:
    rows = ProviderClosure.objects.filter(provider=provider).order_by("first_on")
    return [((row.first_on - TODAY).days, (row.last_on - TODAY).days) for row in rows]


# --- the verbs ----------------------------------------


@pytest.mark.promise("domain R32")
def test_what_is_said_is_kept_and_told(cobbler: Provider) -> None:
    made = close(cobbler, 7, 13, reason="  Congés  ")
    assert (made.reason, spans(cobbler)) == ("Congés", [(7, 13)])
    told = Event.objects.get(name="provider.changed", data__what="closure")
    assert told.data == {"what": "closure", "first_on": "2026-11-30", "last_on": "2026-12-06"}


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (-3, -1, "Ces jours sont passés."),
        (2, 1, "Le dernier jour ne peut pas être avant le premier."),
        (-366, 0, YEAR),
        (0, 366, YEAR),
        (0, 3650, "Choisissez des jours dans les deux ans à venir."),
    ],
)
def test_days_that_make_no_sense(cobbler: Provider, first: int, last: int, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        close(cobbler, first, last)
    assert (caught.value.field, str(caught.value.message)) == ("last_on", words)
    assert spans(cobbler) == []


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize(("first", "last"), [(dt.date.min, dt.date.max), (dt.date.max, dt.date.max)])
def test_the_ends_of_the_calendar(cobbler: Provider, first: dt.date, last: dt.date) -> None:
    with pytest.raises(Invalid):
        close_days(cobbler, first_on=first, last_on=last, by=acting_for(cobbler))


@pytest.mark.promise("domain R32")
def test_the_longest_and_the_shortest(cobbler: Provider) -> None:
    close(cobbler, 0, 365)
    close(cobbler, 366, 366)
    assert spans(cobbler) == [(0, 365), (366, 366)]


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize(("first", "last"), [(7, 7), (13, 20), (1, 7), (8, 12), (1, 30)])
def test_days_that_another_closure_covers(world: World, cobbler: Provider, first: int, last: int) -> None:
    close(cobbler, 7, 13)
    with pytest.raises(Conflict) as caught:
        close(cobbler, first, last)
    assert caught.value.field == "first_on"
    close(cobbler, 14, 14)
    close(add_provider(world), first, last)
    assert spans(cobbler) == [(7, 13), (14, 14)]


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (9, 9, "provider_closures_do_not_overlap"),
        (5, 4, "provider_closure_end_not_before_start"),
        (20, 386, "provider_closure_lasts_a_year_at_most"),
    ],
)
def test_the_database_refuses_them_too(cobbler: Provider, first: int, last: int, name: str) -> None:
    close(cobbler, 7, 13)
    row = ProviderClosure(
        organisation_id=cobbler.organisation_id,
        provider=cobbler,
        first_on=TODAY + first * DAY,
        last_on=TODAY + last * DAY,
    )
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save()


def test_too_many_closures(cobbler: Provider) -> None:
    for n in range(MOST_CLOSURES):
        close(cobbler, 2 * n, 2 * n)
    with pytest.raises(Invalid):
        close(cobbler, 500, 500)
    assert len(spans(cobbler)) == MOST_CLOSURES


@pytest.mark.promise("domain R32")
def test_there_after_all(cobbler: Provider, monday: Any) -> None:
    """What has not begun is gone, what has begun ended yesterday, what is over stays; twice is the same."""
    over, begun, ahead = close(cobbler, 0, 1), close(cobbler, 2, 9), close(cobbler, 20, 21)
    monday.move_to(MONDAY + 4 * DAY)
    for _n in range(2):
        for one in (over, begun, ahead):
            reopen_days(one, by=acting_for(cobbler))
    assert spans(cobbler) == [(0, 1), (2, 3)]
    assert Event.objects.filter(data__what="reopened").count() == 2


# --- heard by the search ----------------------------------------


def rules() -> list[str]:
    return list(ConsideredProvider.objects.order_by("pk").values_list("rule", flat=True))


@pytest.mark.promise("domain R31", "domain R32")
@pytest.mark.parametrize(
    ("closed", "rule"), [((1, 1), "closed"), ((0, 5), "closed"), ((2, 9), ""), ((0, 0), "too_soon")]
)
def test_away_on_the_day_of_the_visit(world: World, cobbler: Provider, closed: tuple[int, int], rule: str) -> None:
    """Tomorrow at twenty past nine. Away today, they would have twenty minutes to answer."""
    close(cobbler, *closed)
    where = {"place": "home", "street": "4 rue Verte", "city": "Dijon"}
    order = world.request(
        world.cobbler, promised_start=MONDAY + 23 * HOUR + dt.timedelta(minutes=20), **where
    ).work_orders.get()
    start_round(order, by=world.actor())
    order.refresh_from_db()
    assert rules() == [rule]
    assert order.status == ("needs_dispatch" if rule else "offering")


@pytest.mark.promise("domain R31", "domain R32")
@pytest.mark.parametrize(("closed", "rule"), [((0, 2), ""), ((1, 3), ""), ((0, 3), "closed"), ((0, 20), "closed")])
def test_away_while_it_could_be_done(world: World, cobbler: Provider, closed: tuple[int, int], rule: str) -> None:
    """What is left at the desk on Monday for Thursday may be mended on any day in between."""
    close(cobbler, *closed)
    start_round(dropped(world, 80), by=world.actor())
    assert rules() == [rule]


@pytest.mark.promise("domain R31", "domain R32")
def test_no_answer_is_due_while_they_are_away(world: World, cobbler: Provider, monday: Any) -> None:
    """Asked on Monday at four for four hours: two are left of Monday; away until Thursday, the others are Friday's."""
    close(cobbler, 1, 3)
    monday.move_to(MONDAY + 6 * HOUR)
    start_round(dropped(world, 24 * 10), by=world.actor())
    offer = Offer.objects.get()
    assert offer.due_at == offer.sent_at + 4 * DAY - 5 * HOUR


@pytest.mark.promise("domain R31")
def test_a_person_may_ask_who_is_away(world: World, cobbler: Provider) -> None:
    close(cobbler, 0, 300)
    offer = offer_directly(dropped(world, 24 * 400), cobbler, by=world.actor())
    assert offer.due_at == offer.sent_at + 4 * HOUR


@pytest.mark.promise("domain R31")
def test_a_wave_knows_who_went_away_meanwhile(world: World, heels: WorkOrder, cobblers: list[Provider]) -> None:
    start_round(heels, by=world.actor())
    close(cobblers[3], 0, 30)
    for offer in Offer.objects.with_need().order_by("pk"):
        decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
    heels.refresh_from_db()
    assert heels.status == "needs_dispatch"
    assert ConsideredProvider.objects.get(provider=cobblers[3]).rule == "closed"


# --- pages ----------------------------------------


def typed(first: int, last: int, reason: str = "") -> dict[str, str]:
    return {
        "first_on": (TODAY + first * DAY).isoformat(),
        "last_on": (TODAY + last * DAY).isoformat(),
        "reason": reason,
    }


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize("who", ["owner", "staff"])
def test_said_and_taken_back_on_the_page(request: pytest.FixtureRequest, cobbler: Provider, who: str) -> None:
    browser: Browser = request.getfixturevalue(who)
    here = {
        "owner": reverse("providers:space-closures"),
        "staff": reverse("providers:closures", args=[cobbler.public_id]),
    }[who]
    front = {"owner": reverse("providers:space"), "staff": reverse("providers:provider", args=[cobbler.public_id])}[who]
    assert "Aucune fermeture à venir." in page(browser.get(here))
    answer = browser.post(here, typed(7, 13, "Congés d’été"), follow=True)
    assert "C’est noté\xa0: aucun nouveau travail n’est proposé pour ces jours." in page(answer)
    for address in (here, front):
        body = page(browser.get(address))
        assert "30 novembre au 6 décembre 2026" in body
        assert "Congés d’été" in body
    closure = ProviderClosure.objects.get()
    (remove,) = re.findall(r'action="([^"]+/retirer/)"', page(browser.get(here)))
    assert str(closure.public_id) in remove
    answer = browser.post(remove, follow=True)
    assert "des travaux sont de nouveau proposés pour ces jours" in page(answer)
    assert spans(cobbler) == []


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        ({}, 422, "Ce champ est obligatoire."),
        ({"first_on": "hier", "last_on": "2026-13-45"}, 422, "Saisissez une date valide."),
        (typed(-3, -1), 422, "Ces jours sont passés."),
        (typed(3, 1), 422, "Le dernier jour ne peut pas être avant le premier."),
        ({"first_on": "0001-01-01", "last_on": "9999-12-31"}, 422, "Choisissez des jours dans les deux ans à venir."),
        (typed(8, 9, "x" * 121), 422, "120"),
        (typed(4, 6), 409, "Une autre fermeture couvre déjà une partie de ces jours."),
    ],
)
def test_what_is_wrong_is_said_and_kept(
    cobbler: Provider, owner: Browser, data: dict[str, str], status: int, words: str
) -> None:
    close(cobbler, 5, 5)
    body = page(owner.post(reverse("providers:space-closures"), data), status)
    assert words in body
    assert all(value in body for value in data.values())
    assert spans(cobbler) == [(5, 5)]


@pytest.mark.promise("domain R32")
def test_work_that_was_accepted_is_named(world: World, cobbler: Provider, owner: Browser, heels: WorkOrder) -> None:
    start_round(heels, by=world.actor())
    accept_offer(Offer.objects.with_need().get(), by=acting_for(cobbler))
    said = page(owner.post(reverse("providers:space-closures"), typed(1, 1), follow=True))
    assert "1 travail accepté commence pendant ces jours\xa0: il reste tel quel." in said
    assert WorkOrder.objects.get(pk=heels.pk).status == "booked"


@pytest.mark.promise("domain R32")
def test_whose_it_is(world: World, cobbler: Provider, owner: Browser) -> None:
    """A provider reaches its own only; a concierge reads and changes nothing."""
    theirs = close(add_provider(world), 7, 8)
    assert owner.post(reverse("providers:space-reopen", args=[theirs.public_id])).status_code == 404
    assert owner.get(reverse("providers:closures", args=[theirs.provider.public_id])).status_code == 403
    concierge, about = browser_of(world.users["concierge"]), [theirs.provider.public_id]
    body = page(concierge.get(reverse("providers:closures", args=about)))
    assert "first_on" not in body
    assert "retirer" not in body
    assert concierge.post(reverse("providers:closures", args=about), typed(20, 21)).status_code == 403
    assert concierge.post(reverse("providers:reopen", args=[*about, theirs.public_id])).status_code == 403
    assert spans(theirs.provider) == [(7, 8)]


@pytest.mark.parametrize("name", ["closures", "space"])
def test_as_many_queries_for_one_as_for_three(cobbler: Provider, owner: Browser, staff: Browser, name: str) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            if name == "closures":
                page(staff.get(reverse("providers:closures", args=[cobbler.public_id])))
            else:
                page(owner.get(reverse("providers:space-closures")))
        return len(queries)

    close(cobbler, 1, 1)
    count()
    one = count()
    close(cobbler, 3, 3)
    close(cobbler, 5, 5)
    assert count() == one


# --- the API ----------------------------------------


@pytest.mark.promise("domain R32", "S36")
def test_said_read_and_taken_back_by_api(world: World, cobbler: Provider) -> None:
    other = close(add_provider(world), 7, 8)
    api = api_of(cobbler)
    answer = api.post(CLOSURES, typed(7, 13, "Congés d’été"))
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": str(ProviderClosure.objects.get(provider=cobbler).public_id),
        "provider": str(cobbler.public_id),
        "first_on": "2026-11-30",
        "last_on": "2026-12-06",
        "reason": "Congés d’été",
    }
    assert api.get(CLOSURES).json()["results"] == [made]
    assert [one["id"] for one in Api(world.api_key()).get(CLOSURES).json()["results"]] == [
        made["id"],
        str(other.public_id),
    ]
    assert api.post(f"{CLOSURES}/{other.public_id}/reopen").status_code == 404
    answer = api.post(f"{CLOSURES}/{made['id']}/reopen")
    assert (answer.status_code, answer.json()) == (200, made)
    assert spans(cobbler) == []
    assert spans(other.provider) == [(7, 8)]


@pytest.mark.promise("domain R32")
def test_what_the_api_refuses(world: World, cobbler: Provider) -> None:
    api = api_of(cobbler)
    close(cobbler, 7, 13)
    refused(
        api.post(CLOSURES, typed(10, 20)), 409, "conflict", "Une autre fermeture couvre déjà une partie de ces jours."
    )
    refused(api.post(CLOSURES, typed(-3, -1)), 400, "invalid", "Ces jours sont passés.")
    assert api.post(CLOSURES, {"first_on": "2026-02-30", "last_on": 7}).status_code == 400
    ours = Api(world.api_key())
    assert ours.post(CLOSURES, typed(20, 21)).status_code == 403
    assert ours.post(f"{CLOSURES}/{ProviderClosure.objects.get().public_id}/reopen").status_code == 403
    assert api_of(cobbler, "offers:read").post(CLOSURES, typed(20, 21)).status_code == 403
    assert spans(cobbler) == [(7, 13)]


# --- at once ----------------------------------------


@pytest.fixture
def real_cobbler(transactional_db: None) -> Iterator[tuple[World, Provider]]:
    """A cobbler whom every thread sees."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        yield world, add_provider(world)


@contextmanager
def without_the_constraint() -> Iterator[None]:
    """A database whose closures may overlap, as its owner; put back at the end."""
    table, name = "providers_providerclosure", "provider_closures_do_not_overlap"
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        definition = cursor.fetchone()[0]
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute("SET ROLE concierge_app")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
            cursor.execute("SET ROLE concierge_app")


def at_once(world: World, provider: Provider) -> dict[str, int]:
    """Two people note closures of the same days."""
    return dict(race(world, lambda: close(provider, 7, 13), lambda: close(provider, 10, 20)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("domain R32")
def test_two_closures_of_the_same_days_at_once(real_cobbler: tuple[World, Provider]) -> None:
    world, provider = real_cobbler
    assert at_once(world, provider) == {"ok": 1, "conflict": 1}
    assert len(spans(provider)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("domain R32")
def test_without_the_constraint_both_stand(real_cobbler: tuple[World, Provider]) -> None:
    """The twin: this is the fault."""
    world, provider = real_cobbler
    with without_the_constraint():
        assert at_once(world, provider) == {"ok": 2}
        assert spans(provider) == [(7, 13), (10, 20)]
