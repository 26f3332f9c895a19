"""The rules of matching are data: kept with what they were used on, previewed on the past, decided by heads (R34)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions.work_orders import complete_work_order, reject_quality, start_work_order, verify_work_order
from bookings.models import WorkOrder
from concierge.errors import Invalid
from concierge.models import Event
from providers.actions.documents import add_document
from providers.actions.matching_policies import RulesChanged, decide_rules
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.policies import set_offer_policy
from providers.actions.previews import preview, recomputed
from providers.actions.rounds import offer_directly, start_round
from providers.enums import DeclineReason, DocumentKind
from providers.models import ConsideredProvider, MatchingPolicy, Offer, OfferRound, Provider
from providers.rules.terms import MatchingTerms, Weights
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.providers.test_pages import browser_of, page
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R34")]
ADDRESS = "/mise-en-relation/"
TODAY = MONDAY.date()
BY_PRICE = MatchingTerms(weights=Weights(0, 0, 0, 100))


def verdicts() -> dict[str, tuple[str, Any]]:
    """Rule and rank of the newest search, by name."""
    lines = ConsideredProvider.objects.filter(round=OfferRound.objects.order_by("-pk")[0]).select_related("provider")
    return {line.provider.name: (line.rule, line.rank) for line in lines.order_by("pk")}


def assert_all_recomputed() -> None:
    """Every stored verdict follows from its own row."""
    lines = ConsideredProvider.objects.select_related("round").order_by("pk")
    assert lines
    for line in lines:
        again = recomputed(line)
        parts = {name: str(points) for name, points in again.parts.items()}
        assert (again.rule or "", parts, again.score, list(again.unknown)) == (
            line.rule,
            line.score_parts,
            line.score,
            line.unknown,
        )


def test_every_verdict_can_be_found_again_from_its_row(world: World, heels: WorkOrder) -> None:
    add_provider(world)
    add_provider(world, latitude=None, longitude=None)
    add_provider(world, latitude=Decimal("48.85"), longitude=Decimal("2.35"))
    add_provider(world, papers=False)
    stopped = add_provider(world, is_ess=True, charter_signed_on=TODAY)
    Provider.objects.filter(pk=stopped.pk).update(is_active=False)
    terms = MatchingTerms(weights=Weights(20, 20, 10, 10, 20, 10, 10), road_factor=Decimal("1.3"), by_capacity=True)
    decide_rules(world.organisation, terms, by=world.actor("network_head"))
    start_round(heels, by=world.actor())
    assert sorted(rule for rule, _rank in verdicts().values()) == [
        "",
        "",
        "document_missing",
        "inactive",
        "out_of_area",
    ]
    assert_all_recomputed()
    for offer in Offer.objects.order_by("pk"):
        decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
    far = Provider.objects.get(longitude=Decimal("2.35"))
    offer_directly(heels, far, by=world.actor())
    assert verdicts() == {far.name: ("", 1)}
    assert_all_recomputed()


def test_who_falls_out_between_two_waves_is_judged_again_on_its_row(world: World, heels: WorkOrder) -> None:
    first, second = add_provider(world), add_provider(world, latitude=Decimal("47.36"))
    set_offer_policy(world.organisation, wave_size=1, by=world.actor())
    start_round(heels, by=world.actor())
    # Decided meanwhile: the search goes on by the rules that it began with.
    decide_rules(world.organisation, BY_PRICE, by=world.actor("network_head"))
    Provider.objects.filter(pk=second.pk).update(radius_km=1)
    offer = Offer.objects.get()
    decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(first))
    assert verdicts() == {first.name: ("", 1), second.name: ("out_of_area", None)}
    assert OfferRound.objects.get().judged_by == MatchingTerms().as_data()
    assert_all_recomputed()


def test_who_is_somewhere_unknown_is_asked_and_the_page_says_so(world: World, heels: WorkOrder) -> None:
    lost = add_provider(world, latitude=None, longitude=None)
    start_round(heels, by=world.actor())
    line = ConsideredProvider.objects.get()
    assert (line.provider, line.rank, line.distance_km, line.unknown) == (lost, 1, None, ["distance"])
    assert line.score_parts["distance"] == "20.0"
    text = page(
        browser_of(world.users["dispatcher"]).get(f"/prestataires/demandes/{heels.request.public_id}/propositions/")
    )
    assert "Inconnu, donc ni pour ni contre\xa0: la distance" in text


@pytest.mark.promise("domain R32")
def test_a_paper_that_ends_before_the_work_keeps_out(world: World) -> None:
    one = add_provider(world, papers=False)
    by, issued = world.actor(), dt.date(2026, 1, 1)
    add_document(one, kind=DocumentKind.REGISTRATION, issued_on=issued, by=by)
    day = MONDAY + dt.timedelta(days=3)
    add_document(
        one, kind=DocumentKind.INSURANCE, issued_on=issued, expires_on=(day - dt.timedelta(days=1)).date(), by=by
    )
    order = world.request(world.cobbler, promised_start=day).work_orders.get()
    start_round(order, by=by)
    assert verdicts() == {one.name: ("document_ends", None)}
    with pytest.raises(Invalid):
        offer_directly(order, one, by=by)
    add_document(
        one, kind=DocumentKind.INSURANCE, issued_on=issued + dt.timedelta(days=1), expires_on=day.date(), by=by
    )
    start_round(order, by=by)
    assert verdicts() == {one.name: ("", 1)}


def test_past_work_counts_when_somebody_wants_it_to(world: World) -> None:
    good, poor = add_provider(world), add_provider(world)
    manager = world.actor("site_manager")
    for one, is_right in ((good, True), (poor, False)):
        order = world.request(world.cobbler).work_orders.get()
        accept_offer(offer_directly(order, one, by=manager), by=acting_for(one))
        complete_work_order(start_work_order(order, by=acting_for(one)), by=acting_for(one))
        if not is_right:
            reject_quality(order, reason="Talon de travers", by=manager)
            complete_work_order(start_work_order(order, by=acting_for(one)), by=acting_for(one))
        verify_work_order(order, by=manager)
    weights = Weights(0, 0, 0, 0, 60, 0, 40)
    decide_rules(world.organisation, MatchingTerms(weights=weights), by=world.actor("network_head"))
    start_round(world.request(world.cobbler).work_orders.get(), by=manager)
    newest = OfferRound.objects.order_by("-pk")[0]
    found = dict(newest.considered.order_by("pk").values_list("provider_id", "score_parts"))
    assert found == {
        good.pk: {"quality": "40.0", "continuity": "20.0"},
        poor.pk: {"quality": "20.0", "continuity": "20.0"},
    }


# --- editions ---------------------------------------------------------------------------------------------------------


def test_editions_follow_each_other_and_hold_from_their_day(world: World, heels: WorkOrder) -> None:
    near, cheap = add_provider(world), add_provider(world, price="8.00", latitude=Decimal("47.38"))
    head = world.actor("network_head")
    later = TODAY + dt.timedelta(days=2)
    own = decide_rules(world.organisation, BY_PRICE, service=world.cobbler, valid_from=later, by=head)
    decide_rules(world.organisation, MatchingTerms(weights=Weights(100, 0, 0)), by=head)
    start_round(heels, by=head)
    assert verdicts() == {near.name: ("", 1), cheap.name: ("", 2)}
    found = MatchingPolicy.objects.filter(organisation=world.organisation)
    assert [found.in_force(world.cobbler.pk, day) == own for day in (TODAY, later)] == [False, True]
    assert found.in_force(world.ironing.pk, later) == found.get(service=None)
    told = Event.objects.filter(name="matching_policy.decided").order_by("pk")
    assert [(one.data["service"], one.data["version"]) for one in told] == [(world.cobbler.code, 1), ("", 1)]


@pytest.mark.parametrize("days", [-1, 367])
def test_rules_hold_from_a_day_within_a_year(world: World, days: int) -> None:
    day = TODAY + dt.timedelta(days=days)
    with pytest.raises(Invalid) as refused:
        decide_rules(world.organisation, BY_PRICE, valid_from=day, by=world.actor("network_head"))
    assert (refused.value.field, MatchingPolicy.objects.count()) == ("valid_from", 0)


def test_who_has_not_seen_the_last_edition_decides_nothing(world: World) -> None:
    head = world.actor("network_head")
    decide_rules(world.organisation, BY_PRICE, seen=0, by=head)
    with pytest.raises(RulesChanged):
        decide_rules(world.organisation, MatchingTerms(), seen=0, by=head)
    assert MatchingPolicy.objects.count() == 1


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def head(world: World) -> Browser:
    return browser_of(world.users["network_head"])


def typed(terms: MatchingTerms, **more: str) -> dict[str, str]:
    """What a browser sends of rules."""
    return {
        **{f"weight_{part}": str(points) for part, points in vars(terms.weights).items()},
        **{f"rule_{rule}": "on" for rule in ("out_of_area", "closed", "no_capacity", "too_soon", "too_short_notice")},
        **{f"social_{name}": str(points) for name, points in terms.social.items()},
        "rule_document_ends": "on",
        "road_factor": f"{terms.road_factor}",
        **{f"factor_{mode}": f"{factor}" for mode, factor in terms.way_factors.items()},
        **{f"speed_{mode}": str(speed) for mode, speed in terms.speeds.items()},
        "seen": "0",
        **more,
    }


def test_other_rules_are_tried_on_the_past_and_then_hold(world: World, heels: WorkOrder, head: Browser) -> None:
    near, cheap = add_provider(world), add_provider(world, price="8.00", latitude=Decimal("47.38"))
    set_offer_policy(world.organisation, wave_size=1, by=world.actor())
    start_round(heels, by=world.actor())
    assert "Rien n’a encore été décidé ici" in page(head.get(ADDRESS))
    before = Event.objects.count()
    found = preview(None, BY_PRICE, by=world.actor("network_head"))
    assert ([(list(one.before), list(one.after)) for one in found.compared], found.left_out) == (
        [([near.pk], [cheap.pk])],
        0,
    )
    assert found.times() == {cheap.pk: (0, 1), near.pk: (1, 0)}
    text = page(head.get(ADDRESS, {**typed(BY_PRICE), "preview": "1"}))
    assert "De la dernière recherche, 1 aurait commencé par d’autres" in text
    assert (Event.objects.count(), MatchingPolicy.objects.count()) == (before, 0)
    answer = head.post(ADDRESS, typed(BY_PRICE, valid_from=TODAY.isoformat()), follow=True)
    assert "Ces règles s’appliquent à partir du 23 novembre 2026." in page(answer)
    assert MatchingPolicy.objects.get().rules == BY_PRICE
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    assert verdicts() == {cheap.name: ("", 1), near.name: ("", 2)}


def test_other_rules_are_tried_on_what_was_known_when_a_search_began(world: World, heels: WorkOrder) -> None:
    """Who fell out before the second wave was there for the first."""
    near, cheap = add_provider(world), add_provider(world, price="8.00", latitude=Decimal("47.38"), daily_capacity=1)
    set_offer_policy(world.organisation, wave_size=1, by=world.actor())
    start_round(heels, by=world.actor())
    offer = Offer.objects.get()
    full = world.request(world.cobbler).work_orders.get()
    accept_offer(offer_directly(full, cheap, by=world.actor()), by=acting_for(cheap))
    decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(near))
    line = ConsideredProvider.objects.get(round=offer.round, provider=cheap)
    assert (line.rule, line.facts["jobs_that_day"], line.first_facts["jobs_that_day"]) == ("no_capacity", 1, 0)
    found = preview(None, BY_PRICE, by=world.actor("network_head"))
    assert [(list(one.before), list(one.after)) for one in found.compared] == [([near.pk], [cheap.pk])]


def test_searches_from_before_facts_were_kept_are_counted_as_such(
    world: World, heels: WorkOrder, offers: list[Offer]
) -> None:
    OfferRound.objects.update(judged_by={})
    found = preview(world.cobbler, BY_PRICE, by=world.actor("network_head"))
    assert (found.compared, found.left_out) == ([], 1)
    assert preview(world.ironing, BY_PRICE, by=world.actor("network_head")).left_out == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weight_price": "1"}, "weight_distance"),
        ({"weight_price": "-1"}, "weight_price"),
        ({"weight_price": "x"}, "weight_price"),
        ({"road_factor": "9"}, "road_factor"),
        ({"road_factor": "NaN"}, "road_factor"),
        ({"factor_bike": "0.9"}, "factor_bike"),
        ({"speed_foot": "0"}, "speed_foot"),
        ({"speed_car": "131"}, "speed_car"),
        ({"social_is_ess": "101"}, "social_is_ess"),
        ({"valid_from": "2020-01-01"}, "valid_from"),
        ({"valid_from": "9999-12-31"}, "valid_from"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(world: World, head: Browser, changes: dict[str, str], field: str) -> None:
    answer = head.post(ADDRESS, {**typed(MatchingTerms(), valid_from=TODAY.isoformat()), **changes})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert MatchingPolicy.objects.count() == 0


def test_a_stale_page_is_told_and_a_strange_service_is_not_found(world: World, head: Browser) -> None:
    decide_rules(world.organisation, BY_PRICE, by=world.actor("network_head"))
    answer = head.post(ADDRESS, typed(MatchingTerms(), valid_from=TODAY.isoformat()))
    assert "a changé ces règles entre-temps" in page(answer, 422)
    assert head.get(ADDRESS, {"service": "nonsense"}).status_code == 404
    assert browser_of(world.users["dispatcher"]).get(ADDRESS).status_code == 403


def test_the_preview_asks_as_much_for_three_searches_as_for_one(
    world: World, cobblers: list[Provider], head: Browser
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert head.get(ADDRESS, {**typed(BY_PRICE), "preview": "1"}).status_code == 200
        return len(found)

    def search() -> None:
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())

    search()
    asked()
    one = asked()
    search()
    search()
    assert asked() == one
