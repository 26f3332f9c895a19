"""Sites and communes that a provider serves, what it takes of which service on which day (domain R32, R34)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.models import ServiceRequest, WorkOrder
from concierge.errors import Invalid
from concierge.models import Event
from providers.actions import reach
from providers.actions.matching import consider_providers, policy_for
from providers.actions.offers import accept_offer
from providers.actions.places import Commune, Limit, set_areas, set_capacity, set_places, set_sites
from providers.actions.planning import AssignmentChanged, apply_proposal, ask_for_plan, gather
from providers.actions.reach import reconcile_reach
from providers.actions.rounds import offer_directly, start_round
from providers.actions.whom import sought_for
from providers.models import ConsideredProvider, Offer, Provider, ProviderCapacity, ProviderReach, ProviderSite
from providers.rules.flow import cost
from providers.rules.terms import MatchingTerms
from providers.tasks import plan_day
from tests.bookings.test_desk import other_site
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.providers.test_pages import browser_of, page
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R32", "domain R34")]
TUESDAY = MONDAY.date() + dt.timedelta(days=1)


def verdicts(order: WorkOrder) -> dict[int, str | None]:
    """Of every provider, the rule that keeps it out."""
    return {one.candidate.key: one.rule for one in consider_providers(order, policy_for(order)).verdicts}


def rule_of(order: WorkOrder, provider: Provider) -> str | None:
    return verdicts(order)[provider.pk]


@pytest.fixture
def one(world: World) -> Provider:
    return add_provider(world)


def test_a_site_that_is_not_served_keeps_out_and_no_list_serves_all(
    world: World, heels: WorkOrder, one: Provider
) -> None:
    elsewhere, by = other_site(world), world.actor()
    assert rule_of(heels, one) is None
    set_sites(one, [elsewhere], by=by)
    assert rule_of(heels, one) == "site_not_served"
    set_sites(one, [elsewhere, world.site], by=by)
    set_sites(one, [world.site, elsewhere], by=by)  # the same
    assert rule_of(heels, one) is None
    set_sites(one, [], by=by)
    assert (rule_of(heels, one), ProviderSite.objects.count()) == (None, 0)
    said = Event.objects.filter(name="provider.changed", data__what="sites").order_by("pk")
    assert [event.data["sites"] for event in said] == [["gare"], ["gare", world.site.slug], []]


def test_communes_count_instead_of_the_distance(world: World, heels: WorkOrder) -> None:
    by = world.actor()
    far = add_provider(world, latitude=Decimal("47.6"), radius_km=1)
    near = add_provider(world)
    assert (rule_of(heels, far), rule_of(heels, near)) == ("out_of_area", None)
    set_areas(far, [Commune(world.site.postcode, " Dijon ")], by=by)
    set_areas(near, [Commune("21240", "Talant")], by=by)
    assert (rule_of(heels, far), rule_of(heels, near)) == (None, "out_of_area")
    assert str(far.served_areas.get()) == f"{world.site.postcode} Dijon"
    # At the client's home it is their postcode that counts; nobody knows it: the distance does.
    home = {"place": "home", "latitude": Decimal("47.35"), "longitude": Decimal("5.0")}
    ServiceRequest.objects.filter(pk=heels.request_id).update(postcode="21240", street="1 rue", city="Talant", **home)
    heels.refresh_from_db()
    assert (rule_of(heels, far), rule_of(heels, near)) == ("out_of_area", None)
    set_areas(near, [], by=by)
    assert rule_of(heels, near) is None


def test_a_service_may_be_full_while_the_day_is_not(world: World, heels: WorkOrder, one: Provider) -> None:
    by = world.actor()
    set_capacity(one, [Limit(world.cobbler, None, 1)], by=by)
    assert rule_of(heels, one) is None
    taken = world.request(world.cobbler).work_orders.get()
    accept_offer(offer_directly(taken, one, by=by), by=acting_for(one))
    assert rule_of(heels, one) == "service_full"
    # The day has a number of its own for it; that of all services together is another.
    set_capacity(one, [Limit(world.cobbler, None, 1), Limit(world.cobbler, 1, 2)], by=by)
    assert rule_of(heels, one) is None
    set_capacity(one, [Limit(world.ironing, None, 0), Limit(None, 1, 1)], by=by)
    assert rule_of(heels, one) == "no_capacity"
    set_capacity(one, [Limit(None, 2, 0)], by=by)
    assert rule_of(heels, one) is None
    set_capacity(one, [Limit(None, 1, 0)], by=by)
    assert (rule_of(heels, one), ProviderCapacity.objects.count()) == ("no_capacity", 1)


def test_what_is_refused_changes_nothing(world: World, one: Provider) -> None:
    by = world.actor()
    set_places(one, sites=[world.site], communes=[Commune("21000")], limits=[Limit(None, 0, 3)], by=by)
    many = Event.objects.count()
    cobbler = world.cobbler
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"communes": [Commune("2100")]}, "Un code postal français a cinq chiffres."),
        ({"communes": [Commune("21240"), Commune("21240")]}, "Cette commune est déjà dans la liste."),
        ({"communes": [Commune(f"{n:05d}") for n in range(201)]}, "Au plus 200 communes"),
        ({"limits": [Limit(cobbler, None, 201)]}, "Entre 0 et 200 travaux par jour."),
        ({"limits": [Limit(cobbler, None, -1)]}, ""),
        ({"limits": [Limit(cobbler, 7, 1)]}, "Ce jour n’existe pas."),
        ({"limits": [Limit(None, None, 1)]}, "Choisissez un service ou un jour"),
        ({"limits": [Limit(cobbler, 1, 1), Limit(cobbler, 1, 2)]}, "déjà un nombre pour ce jour"),
        ({"limits": [Limit(cobbler, None, 1)] * 2}, "déjà un nombre pour ce jour"),
        ({"limits": [Limit(cobbler, n % 7, n) for n in range(61)]}, "Au plus 60 nombres."),
    ]
    for given, message in wrong:
        with pytest.raises(Invalid) as refused:
            set_places(one, sites=[], **given, by=by)
        assert message in str(refused.value.message)
        assert refused.value.field in {"areas", "capacity"}
    kept = (one.served_sites.get().site, str(one.served_areas.get()), one.capacities.get().per_day)
    assert (kept, Event.objects.count()) == ((world.site, "21000", 3), many)


def test_the_index_leaves_out_whom_the_rules_do_and_nobody_else(world: World, heels: WorkOrder) -> None:
    """Everybody who may be asked is found, placed or not; whoever is kept out is not."""
    by, cobbler = world.actor(), world.cobbler
    elsewhere, here = other_site(world), Commune(world.site.postcode)
    given: list[dict[str, Any]] = [
        {},
        {"sites": [world.site, elsewhere]},
        {"sites": [elsewhere]},
        {"communes": [here, Commune("21240")]},
        {"communes": [Commune("21240")]},
        {"limits": [Limit(None, 1, 0)]},
        {"limits": [Limit(None, 2, 0), Limit(cobbler, 2, 0)]},
        {"limits": [Limit(cobbler, None, 0), Limit(cobbler, 1, 2)]},
        {"limits": [Limit(cobbler, None, 0)]},
        {"limits": [Limit(cobbler, None, 1)]},
        {"limits": [Limit(None, 1, 1)]},
        {"limits": [Limit(world.ironing, 1, 0)]},
    ]
    far, lost = {"latitude": Decimal("47.6"), "radius_km": 1}, {"latitude": None, "longitude": None}
    both: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, what) for what in given]
    both += [(where, what) for where in (far, lost) for what in (given[0], *given[3:5])]
    found = [add_provider(world, **where) for where, _what in both]
    for provider, (_where, what) in zip(found, both, strict=True):
        set_places(provider, **what, by=by)
    for provider in found[9:11]:
        accept_offer(offer_directly(world.request(cobbler).work_orders.get(), provider, by=by), by=acting_for(provider))
    settle(world.organisation)
    assert reconcile_reach(world.organisation) == 0
    for off in (frozenset(), frozenset({"out_of_area"}), frozenset({"no_capacity"})):
        terms = MatchingTerms(off=off)
        judged = consider_providers(heels, policy_for(heels), terms=terms).verdicts
        kept = {one.candidate.key for one in judged if one.rule is None}
        sought = sought_for(heels, terms)
        assert {*reach.nearest_eligible(sought), *reach.unplaced(sought)[0]} == kept
    set_places(found[0], sites=[elsewhere], communes=[here], limits=[Limit(None, 4, 0)], by=by)
    assert reconcile_reach(world.organisation) == 1
    row = ProviderReach.objects.get(provider=found[0])
    assert (row.sites, row.postcodes, row.never_on) == ([elsewhere.pk], [here.postcode], [4])


def test_a_plan_of_a_day_gives_nobody_more_of_a_service_than_it_takes(world: World) -> None:
    """The one nearest to all takes one of this service, however free its day is; its yes to another counts."""
    near, by = add_provider(world, daily_capacity=9), world.actor()
    far = add_provider(world, latitude=Decimal("47.38"), daily_capacity=9)
    set_capacity(near, [Limit(world.cobbler, 1, 1)], by=by)
    orders = [world.request(world.cobbler).work_orders.get() for _n in range(3)]
    run = plan_day(ask_for_plan(world.site, TUESDAY, by=by))
    assert run.status == "proposed"
    named = list(run.proposals.order_by("pk").values_list("provider", "alone"))
    assert sorted(one for one, _alone in named) == sorted([near.pk, far.pk, far.pk])
    assert sorted(alone for _one, alone in named) == sorted([near.pk, far.pk, far.pk])
    load = gather(run).load
    assert (load.lane_rooms, cost(load, [0, 1, 1]) < cost(load, [1, 1, 1])) == ([1], True)
    with pytest.raises(ValueError, match="cannot be given"):
        cost(load, [0, 0, 1])
    line = run.proposals.get(provider=near)
    other = world.request(world.cobbler).work_orders.get()
    offer_directly(other, near, by=by)
    with pytest.raises(AssignmentChanged):
        apply_proposal(line, by=by)
    assert not Offer.objects.filter(work_order__in=orders).exists()


def test_a_search_says_why_in_words_to_the_team_and_to_the_provider(
    world: World, heels: WorkOrder, one: Provider
) -> None:
    by, full = world.actor(), add_provider(world)
    set_sites(one, [other_site(world)], by=by)
    set_capacity(full, [Limit(world.cobbler, None, 0)], by=by)
    start_round(heels, by=by)
    assert dict(ConsideredProvider.objects.order_by("pk").values_list("provider", "rule")) == {
        one.pk: "site_not_served",
        full.pk: "service_full",
    }
    address = f"/prestataires/demandes/{heels.request.public_id}/propositions/"
    shown = page(browser_of(world.users["dispatcher"]).get(address))
    assert "Ne travaille pas pour ce site" in shown
    assert "Complet ce jour-là pour ce service" in shown
    # A person may ask all the same.
    assert offer_directly(heels, full, by=by).status == "sent"


def fill(world: World, provider: Provider) -> None:
    set_places(
        provider,
        sites=[world.site],
        communes=[Commune(world.site.postcode)],
        limits=[Limit(world.cobbler, None, 4), Limit(None, 1, 5)],
        by=world.actor(),
    )


@pytest.mark.promise("speed P9")
def test_a_search_asks_as_much_of_one_as_of_three(world: World, heels: WorkOrder) -> None:
    many = []
    for more in (1, 2):
        for _n in range(more):
            fill(world, add_provider(world))
        order = WorkOrder.objects.get(pk=heels.pk)
        with CaptureQueriesContext(connection) as asked:
            assert set(verdicts(order).values()) == {None}
        many.append(len(asked))
    assert many[0] == many[1]


@pytest.fixture
def manager(world: World) -> Browser:
    return browser_of(world.users["site_manager"])


def url(provider: Provider) -> str:
    return f"/prestataires/{provider.public_id}/ou-et-combien/"


def row(n: int, service: str = "", weekday: str = "", per_day: str = "") -> dict[str, str]:
    return {f"service{n}": service, f"weekday{n}": weekday, f"per_day{n}": per_day}


def test_one_page_says_where_and_how_much_and_the_file_tells_it(world: World, one: Provider, manager: Browser) -> None:
    cobbling, file = str(world.cobbler.public_id), f"/prestataires/{one.public_id}/"
    shown = page(manager.get(file))
    assert ("tous les sites" in shown, "5 travaux pour l’ensemble" in shown, url(one) in shown) == (True, True, True)
    assert "km alentour" in shown
    typed = {
        "sites": [str(world.site.pk)],
        "areas": "21240 Talant\r\n\r\n 21000 \r\n21240  Talant",
        **row(0, cobbling, "1", "3"),
        **row(1, "", "5", "0"),
        **row(2),
    }
    answer = manager.post(url(one), typed)
    assert (answer.status_code, answer["Location"]) == (302, file)
    shown = page(manager.get(file))
    assert f"{world.cobbler.name}, mardi\xa0: 3 travaux" in shown
    assert "Tous les services ensemble, samedi\xa0: aucun travail" in shown
    assert "21000, 21240 Talant" in shown
    assert "km alentour" not in shown
    # What the page showed and nobody touched stays as somebody else has set it meanwhile.
    form = manager.get(url(one)).context["form"]
    again = {f"initial-{name}": form[name].value() for name in form.fields} | {
        name: form[name].value() for name in form.fields
    }
    again = {name: "" if value is None else value for name, value in again.items()}
    set_sites(one, [], by=world.actor())
    many = Event.objects.filter(name="provider.changed").count()
    assert manager.post(url(one), {**again, "per_day0": ""}).status_code == 302
    assert (one.served_sites.count(), one.served_areas.count(), one.capacities.get().weekday) == (0, 2, 5)
    assert Event.objects.filter(name="provider.changed").count() == many + 1


def test_what_is_typed_badly_is_said_at_its_field_and_kept(world: World, one: Provider, manager: Browser) -> None:
    cobbling = str(world.cobbler.public_id)
    wrong = manager.post(
        url(one),
        {
            "sites": ["999999"],
            "areas": "Talant 21240",
            **row(0, "", "", "3"),
            **row(1, cobbling, "", ""),
            **row(2, cobbling, "1", "201"),
            **row(3, cobbling, "2", "1"),
            **row(4, cobbling, "2", "2"),
            **row(5, "nonsense", "9", "x"),
        },
    )
    assert wrong.status_code == 422
    assert set(wrong.context["form"].errors) == {
        *("sites", "areas", "service0", "per_day1", "per_day2", "service4", "service5", "weekday5", "per_day5")
    }
    shown = page(wrong, 422)
    assert ("Talant 21240" in shown, 'value="201"' in shown, ProviderCapacity.objects.count()) == (True, True, 0)
    too_many = manager.post(url(one), {"areas": "\n".join(f"{n:05d}" for n in range(201))})
    assert (too_many.status_code, "Au plus 200 communes" in page(too_many, 422)) == (422, True)


def shown_again(answer: Any) -> dict[str, Any]:
    """What a page holds, as a browser sends it back."""
    form = answer.context["form"]
    assert b'name="initial-areas"' in answer.content
    if form.is_bound:
        return {name: form.data.getlist(name) for name in form.data}
    values = {name: form[name].value() for name in form.fields}
    known = {name: "" if value is None else value for name, value in values.items()}
    return known | {f"initial-{name}": value for name, value in known.items() if value != []}


def test_two_who_type_at_once_do_not_undo_each_other(world: World, one: Provider, manager: Browser) -> None:
    by, cobbling = world.actor(), world.cobbler
    set_places(one, limits=[Limit(cobbling, 1, 3)], communes=[Commune("21000")], by=by)
    mine = shown_again(manager.get(url(one)))
    # Somebody else adds a day and a commune meanwhile.
    set_places(one, limits=[Limit(cobbling, 1, 3), Limit(None, 5, 0)], communes=[Commune("21240")], by=by)
    mine |= {"per_day0": "4", "areas": "21000 Dijon"}
    refused = manager.post(url(one), mine)
    words = page(refused, 409)
    assert "Une autre personne a modifié" in words
    assert ("Tous les services ensemble, samedi\xa0: aucun travail" in words, "21240" in words) == (True, True)
    again = shown_again(refused)
    assert (again["per_day0"], again["areas"], one.capacities.count()) == (["4"], ["21000 Dijon"], 2)
    # Having read that, they save theirs.
    assert manager.post(url(one), again).status_code == 302
    assert [str(row) for row in one.served_areas.all()] == ["21000 Dijon"]
    assert [(row.weekday, row.per_day) for row in one.capacities.order_by("pk")] == [(1, 4)]


def test_a_line_that_somebody_else_filled_is_not_one_that_was_there(
    world: World, one: Provider, manager: Browser
) -> None:
    mine = shown_again(manager.get(url(one)))
    set_capacity(one, [Limit(world.cobbler, 1, 3)], by=world.actor())
    answer = manager.post(url(one), mine | row(0, str(world.cobbler.public_id), "2", ""))
    assert "per_day0" in answer.context["form"].errors
    assert one.capacities.get().weekday == 1


def test_nothing_ticked_and_nothing_touched_leaves_what_somebody_else_ticked(
    world: World, one: Provider, manager: Browser
) -> None:
    mine = shown_again(manager.get(url(one)))
    set_sites(one, [world.site], by=world.actor())
    assert manager.post(url(one), mine | {"areas": "21240"}).status_code == 302
    assert (one.served_sites.count(), one.served_areas.count()) == (1, 1)


@pytest.mark.promise("speed P9")
def test_the_page_and_the_file_ask_as_much_with_one_line_as_with_three(
    world: World, one: Provider, manager: Browser
) -> None:
    file = f"/prestataires/{one.public_id}/"
    many = []
    for number in (1, 3):
        set_places(
            one,
            sites=[world.site],
            communes=[Commune(f"2100{n}") for n in range(number)],
            limits=[Limit(world.cobbler, n, 4) for n in range(number)],
            by=world.actor(),
        )
        counted = []
        for address in (file, url(one)):
            with CaptureQueriesContext(connection) as asked:
                assert manager.get(address).status_code == 200
            counted.append(len(asked))
        many.append(counted)
    assert many[0] == many[1]
