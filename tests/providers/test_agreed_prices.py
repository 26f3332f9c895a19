"""The price that the client agreed to reaches whoever gave it: as an offer to them alone, at that price."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions.quote_answers import accept_quote
from bookings.actions.quotes import LineDraft, OptionDraft, QuoteDraft, draft_quote, options_of, save_quote, send_quote
from bookings.actions.work_orders import release_work_order
from bookings.models import Quote, WorkOrder
from concierge import tenancy
from concierge.models import Event
from notifications.actions.writing import write
from notifications.enums import Kind
from notifications.models import Message
from providers.actions.agreements import agree_service
from providers.actions.businesses import set_active
from providers.actions.offers import accept_offer, decline_offer, take_job_back
from providers.actions.price_use import use_price
from providers.actions.rounds import offer_directly, start_round
from providers.enums import DeclineReason, RoundMode
from providers.models import ConsideredProvider, Offer, OfferRound, PriceRequest, Provider
from tests.bookings.quoting import asked, sent, service_of, two_options, yes
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.pricing import asked_for_prices, carpenters, priced
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R33")]


def drafted(world: World, *prices: PriceRequest) -> Quote:
    """A draft that counts on these prices, for work in ten days."""
    by = world.actor("concierge")
    for one in prices:
        quote = use_price(one, margin=Decimal(10), by=by)
    draft = QuoteDraft(options_of(quote), starts_at=timezone.now() + dt.timedelta(days=10))
    return save_quote(quote, draft, by=by)


def agreed(world: World, *prices: PriceRequest) -> WorkOrder:
    """The client has accepted it, and all that follows has happened."""
    quote = send_quote(drafted(world, *prices), by=world.actor("concierge"))
    accept_quote(quote, yes(quote), by=world.actor("concierge"))
    settle(world.organisation)
    return WorkOrder.objects.select_related("request", "service", "organisation").get()


def offered() -> list[tuple[str, Decimal, str]]:
    """To whom, at which price, and how it stands."""
    rows = Offer.objects.order_by("pk").values_list("provider__name", "price", "status")
    return list(rows)


@pytest.fixture
def rival(world: World) -> Provider:
    """A business with an agreement for the same service, who is never asked for a price."""
    found = add_provider(world, price=None, name="Menuiserie rivale")
    agree_service(
        found, service_of(world), purchase_price=Decimal("90.00"), valid_from=dt.date(2026, 1, 1), by=world.actor()
    )
    return found


@pytest.mark.parametrize("has_agreement", [True, False])
def test_the_job_is_offered_to_whose_price_was_chosen_at_that_price(
    world: World, rival: Provider, has_agreement: bool
) -> None:
    one, other = (priced(world, found) for found in asked_for_prices(world))
    if has_agreement:
        agree_service(
            one.provider,
            service_of(world),
            purchase_price=Decimal("75.00"),
            valid_from=dt.date(2026, 1, 1),
            by=world.actor(),
        )
    order = agreed(world, one)
    # 150 € without VAT.
    assert offered() == [(one.provider.name, Decimal("180.00"), "sent")]
    assert order.status == "offering"
    assert OfferRound.objects.get().mode == RoundMode.DIRECT
    accept_offer(Offer.objects.get(), by=acting_for(one.provider))
    order.refresh_from_db()
    assert (order.status, order.performer_label) == ("booked", one.provider.name)
    assert [rival.offers.count(), other.provider.offers.count()] == [0, 0]


def test_a_no_is_for_a_person_to_decide_not_for_a_wave_at_another_price(world: World, rival: Provider) -> None:
    one = priced(world)
    order = agreed(world, one)
    decline_offer(Offer.objects.get(), reason=DeclineReason.TOO_BUSY, by=acting_for(one.provider))
    settle(world.organisation)
    order.refresh_from_db()
    assert (offered(), order.status) == ([(one.provider.name, Decimal("180.00"), "declined")], "needs_dispatch")
    assert rival.offers.count() == 0


def test_given_back_it_is_not_passed_on_at_another_price(world: World, rival: Provider) -> None:
    one = priced(world)
    order = agreed(world, one)
    accept_offer(Offer.objects.get(), by=acting_for(one.provider))
    release_work_order(order, reason="ill", by=acting_for(one.provider))
    settle(world.organisation)
    order.refresh_from_db()
    assert (offered(), order.status) == ([(one.provider.name, Decimal("180.00"), "released")], "needs_dispatch")
    assert rival.offers.count() == 0


@pytest.mark.parametrize("why", ["no papers", "stopped"])
def test_who_cannot_be_asked_is_named_to_the_dispatcher(world: World, rival: Provider, why: str) -> None:
    chosen = add_provider(world, price=None, name="Menuiserie Roux", papers=why != "no papers")
    one = priced(world, asked_for_prices(world, [chosen])[0])
    quote = send_quote(drafted(world, one), by=world.actor("concierge"))
    accept_quote(quote, yes(quote), by=world.actor("concierge"))
    if why == "stopped":
        set_active(chosen, is_active=False, by=world.actor())
    settle(world.organisation)
    order = WorkOrder.objects.get()
    assert (offered(), order.status) == ([], "needs_dispatch")
    told = Event.objects.get(name="work_order.needs_dispatch")
    assert told.data["reason"] == "agreed_provider_cannot_be_asked"
    page = desk(world).get(f"/prestataires/demandes/{order.request.public_id}/propositions/")
    assert "compte sur le prix de <strong>Menuiserie Roux</strong>" in page.content.decode()
    with tenancy.working_for(world.organisation):
        letter = write(Message.objects.filter(kind=Kind.NEEDS_DISPATCH, language="fr").order_by("pk")[0])
    assert "Menuiserie Roux, 180,00" in letter.text
    assert rival.offers.count() == 0


def test_stopped_once_they_are_asked_a_person_decides_not_a_wave_at_another_price(
    world: World, rival: Provider
) -> None:
    one = priced(world)
    order = agreed(world, one)
    set_active(one.provider, is_active=False, by=world.actor())
    settle(world.organisation)
    order.refresh_from_db()
    assert (offered(), order.status) == ([(one.provider.name, Decimal("180.00"), "withdrawn")], "needs_dispatch")
    assert OfferRound.objects.get().status == "withdrawn"
    assert Event.objects.get(name="work_order.needs_dispatch").data["reason"] == "agreed_provider_cannot_be_asked"
    assert rival.offers.count() == 0


def test_two_prices_for_one_job_are_for_a_person_to_share_out(world: World, rival: Provider) -> None:
    order = agreed(world, *(priced(world, found) for found in asked_for_prices(world)))
    assert (offered(), order.status) == ([], "needs_dispatch")
    assert Event.objects.get(name="work_order.needs_dispatch").data["reason"] == "several_prices_agreed"
    # Whichever the dispatcher asks is asked at its own price.
    offer_directly(order, Provider.objects.get(name="Menuiserie 2"), by=world.actor())
    assert offered() == [("Menuiserie 2", Decimal("180.00"), "sent")]


def test_a_dispatcher_who_asks_everybody_asks_them_at_their_own_price_too(world: World, rival: Provider) -> None:
    one = priced(world)
    order = agreed(world, one)
    decline_offer(Offer.objects.get(), reason=DeclineReason.TOO_BUSY, by=acting_for(one.provider))
    start_round(order, by=world.actor())
    assert offered()[1:] == [(rival.name, Decimal("90.00"), "sent")]
    assert "Menuiserie 1" in [
        line.provider.name for line in ConsideredProvider.objects.filter(round__mode=RoundMode.WAVE)
    ]


def test_without_a_lent_price_the_best_are_asked_as_ever(world: World, rival: Provider) -> None:
    quote = sent(world, draft=two_options(timezone.now() + dt.timedelta(days=3)))
    accept_quote(quote, yes(quote), by=world.actor("concierge"))
    settle(world.organisation)
    assert offered() == [(rival.name, Decimal("90.00"), "sent")]


# --- amended ----------------------------------------


def written(world: World, order: WorkOrder, *prices: PriceRequest) -> Quote:
    """A draft of the next version, that counts on these prices alone."""
    by = world.actor("concierge")
    for one in prices:
        use_price(one, margin=Decimal(10), by=by)
    draft = draft_quote(order.request, by=by)
    (option,) = options_of(draft)
    kept = {one.public_id for one in prices}
    lines = [line for line in option.lines if line.origin and line.origin.source in kept]
    lines = lines or [LineDraft("Pose", unit_price=Decimal("200.00"), service=order.service)]
    return save_quote(draft, QuoteDraft([OptionDraft(lines)]), by=by)


def agreed_to(world: World, draft: Quote) -> None:
    """It is sent and the client says yes."""
    quote = send_quote(draft, by=world.actor("concierge"))
    accept_quote(quote, yes(quote), by=world.actor("concierge"))


def amended(world: World, order: WorkOrder, *prices: PriceRequest) -> None:
    """The client agrees to a version that counts on these prices alone, and all that follows has happened."""
    agreed_to(world, written(world, order, *prices))
    settle(world.organisation)
    order.refresh_from_db()


def calls_for_a_person() -> list[str]:
    """Why a person had to decide, each time."""
    return [one.data["reason"] for one in Event.objects.filter(name="work_order.needs_dispatch").order_by("pk")]


def test_an_amendment_to_another_price_asks_whoever_gave_that_one(world: World, rival: Provider) -> None:
    request = asked(world)
    one = priced(world, asked_for_prices(world, carpenters(world, 1), request)[0])
    order = agreed(world, one)
    (later,) = asked_for_prices(world, [add_provider(world, price=None, name="Menuiserie 9")], request)
    later = priced(world, later, price=Decimal("200.00"))
    amended(world, order, later)
    assert offered() == [
        ("Menuiserie 1", Decimal("180.00"), "withdrawn"),
        ("Menuiserie 9", Decimal("240.00"), "sent"),
    ]
    assert (order.status, calls_for_a_person()) == ("offering", [])


def test_an_amendment_to_a_price_of_ours_asks_the_best(world: World, rival: Provider) -> None:
    one = priced(world)
    order = agreed(world, one)
    amended(world, order)
    assert offered() == [
        (one.provider.name, Decimal("180.00"), "withdrawn"),
        (rival.name, Decimal("90.00"), "sent"),
    ]
    assert (order.status, calls_for_a_person()) == ("offering", [])


def test_an_amendment_that_keeps_the_price_disturbs_nobody(world: World, rival: Provider) -> None:
    one = priced(world)
    order = agreed(world, one)
    amended(world, order, one)
    assert offered() == [(one.provider.name, Decimal("180.00"), "sent")]


@pytest.mark.parametrize("has_papers", [True, False])
def test_after_a_no_an_amendment_to_another_price_asks_that_one_or_says_why_not(
    world: World, rival: Provider, has_papers: bool
) -> None:
    request = asked(world)
    one = priced(world, asked_for_prices(world, carpenters(world, 1), request)[0])
    order = agreed(world, one)
    decline_offer(Offer.objects.get(), reason=DeclineReason.TOO_BUSY, by=acting_for(one.provider))
    settle(world.organisation)
    other = add_provider(world, price=None, name="Menuiserie 9", papers=has_papers)
    amended(world, order, priced(world, asked_for_prices(world, [other], request)[0], price=Decimal("200.00")))
    then = [("Menuiserie 9", Decimal("240.00"), "sent")] if has_papers else []
    assert offered() == [("Menuiserie 1", Decimal("180.00"), "declined"), *then]
    assert order.status == ("offering" if has_papers else "needs_dispatch")
    why_not = [] if has_papers else ["agreed_provider_cannot_be_asked"]
    assert calls_for_a_person() == ["all_waves_sent", *why_not]


def test_after_a_no_an_amendment_to_a_price_of_ours_asks_the_best(world: World, rival: Provider) -> None:
    one = priced(world)
    order = agreed(world, one)
    decline_offer(Offer.objects.get(), reason=DeclineReason.TOO_BUSY, by=acting_for(one.provider))
    settle(world.organisation)
    amended(world, order)
    assert offered()[1:] == [(rival.name, Decimal("90.00"), "sent")]


def test_a_version_written_before_another_was_accepted_is_compared_with_the_one_that_bound(
    world: World, rival: Provider
) -> None:
    request = asked(world)
    by = world.actor("concierge")
    ours = OptionDraft([LineDraft("Pose", unit_price=Decimal("200.00"), service=service_of(world))])
    first = sent(world, request, QuoteDraft([ours], starts_at=timezone.now() + dt.timedelta(days=10)))
    accept_quote(first, yes(first), by=by)
    settle(world.organisation)
    order = WorkOrder.objects.select_related("request", "service").get()
    (lent,) = asked_for_prices(world, [add_provider(world, price=None, name="Menuiserie 9")], request)
    second = send_quote(written(world, order, priced(world, lent, price=Decimal("200.00"))), by=by)
    third = draft_quote(request, by=by)  # from the first, that counts on nobody's price
    accept_quote(second, yes(second), by=by)
    settle(world.organisation)
    agreed_to(world, third)
    settle(world.organisation)
    assert offered() == [
        (rival.name, Decimal("90.00"), "withdrawn"),
        ("Menuiserie 9", Decimal("240.00"), "withdrawn"),
        (rival.name, Decimal("90.00"), "sent"),
    ]


def test_two_amendments_at_once_end_with_whose_price_counts_now(world: World, rival: Provider) -> None:
    request = asked(world)
    one = priced(world, asked_for_prices(world, carpenters(world, 1), request)[0])
    order = agreed(world, one)
    (later,) = asked_for_prices(world, [add_provider(world, price=None, name="Menuiserie 9")], request)
    later = priced(world, later, price=Decimal("200.00"))
    agreed_to(world, written(world, order, later))
    agreed_to(world, written(world, order, later))
    settle(world.organisation)
    assert offered() == [
        ("Menuiserie 1", Decimal("180.00"), "withdrawn"),
        ("Menuiserie 9", Decimal("240.00"), "sent"),
    ]


def test_whoever_holds_the_work_keeps_it_and_the_desk_sees_that_the_client_agreed_to_another(
    world: World, rival: Provider
) -> None:
    request = asked(world)
    one = priced(world, asked_for_prices(world, carpenters(world, 1), request)[0])
    order = agreed(world, one)
    accept_offer(Offer.objects.get(), by=acting_for(one.provider))
    page = f"/prestataires/demandes/{request.public_id}/propositions/"
    sentence = "a ce travail, à un prix que le client n’a pas accepté"
    assert sentence not in desk(world).get(page).content.decode()
    later = priced(world, asked_for_prices(world, [add_provider(world, price=None, name="Menuiserie 9")], request)[0])
    amended(world, order, later)
    assert (order.status, order.performer_label) == ("booked", "Menuiserie 1")
    assert sentence in desk(world).get(page).content.decode()
    take_job_back(order, by=world.actor())
    order.refresh_from_db()
    offer_directly(order, later.provider, by=world.actor())
    assert offered()[1:] == [("Menuiserie 9", Decimal("180.00"), "sent")]


def test_whoever_holds_the_work_is_paid_the_price_that_the_client_agreed_to_last(world: World) -> None:
    request = asked(world)
    one = priced(world, asked_for_prices(world, carpenters(world, 1), request)[0])
    order = agreed(world, one)
    accept_offer(Offer.objects.get(), by=acting_for(one.provider))
    more = priced(world, asked_for_prices(world, [one.provider], request)[0], price=Decimal("30.00"))
    amended(world, order, one, more)
    # 150 € and 30 € without VAT.
    assert offered() == [(one.provider.name, Decimal("216.00"), "accepted")]
    assert Event.objects.filter(name="offer.repriced").count() == 1
    message = Message.objects.filter(kind=Kind.PRICE_CHOSEN).order_by("-pk")[0]
    assert "il n’y a rien de plus à accepter" in write(message).text
    assert Message.objects.filter(kind="offer.repriced").count() == 0  # this letter says it
    amended(world, order, one, more)
    assert Event.objects.filter(name="offer.repriced").count() == 1


def desk(world: World) -> Browser:
    """The concierge's browser."""
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(world.users["concierge"])
    return browser
