"""How a price ends: counted on by an agreement, passed over, taken back in time or too late, dropped, not needed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions.quote_answers import accept_quote, expire_quote
from bookings.actions.quote_moves import QuoteDoubtful
from bookings.actions.quotes import QuoteDraft, draft_quote, options_of, save_quote, send_quote
from bookings.actions.requests import cancel_request
from bookings.models import Quote, QuoteLine, ServiceRequest, VatRate
from concierge import events
from concierge.models import Event
from providers.actions import prices as verbs
from providers.actions.businesses import set_active
from providers.actions.price_use import use_price
from providers.actions.refusals import PriceAgreed, PriceWithClient
from providers.models import PriceRequest
from tests.bookings.quoting import asked, service_of, yes
from tests.conftest import settle
from tests.providers.conftest import acting_for
from tests.providers.pricing import asked_for_prices, carpenters, priced
from tests.world import World

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    """In the order of asking."""
    return list(PriceRequest.objects.order_by("pk").values_list("status", flat=True))


def told(name: str) -> int:
    """How often it was said."""
    return Event.objects.filter(name=f"price_request.{name}").count()


def with_client(world: World, one: PriceRequest) -> Quote:
    """The client has a quote that counts on it."""
    by = world.actor("concierge")
    return send_quote(use_price(one, margin=Decimal(10), by=by), by=by)


def agreed(world: World, one: PriceRequest) -> Quote:
    """The client has accepted it; nothing that follows has happened yet."""
    quote = with_client(world, one)
    return accept_quote(quote, yes(quote), by=world.actor("concierge"))


# --- taken back ----------------------------------------


def test_once_the_client_has_agreed_nobody_takes_the_price_back(world: World) -> None:
    one = priced(world)
    agreed(world, one)
    for settled in (False, True):
        if settled:
            settle(world.organisation)
        with pytest.raises(PriceAgreed):
            verbs.retract_price(one, by=acting_for(one.provider))
        with pytest.raises(PriceAgreed):
            verbs.withdraw_price(one, by=world.actor())
    assert states() == ["chosen"]


def test_a_quote_that_counts_on_a_price_taken_back_is_not_accepted_and_the_desk_knows_which(world: World) -> None:
    one = priced(world)
    quote = with_client(world, one)
    verbs.retract_price(one, by=acting_for(one.provider))
    with pytest.raises(QuoteDoubtful) as caught:
        accept_quote(quote, yes(quote), by=world.actor("concierge"))
    assert one.provider.name not in str(caught.value.message)
    quote.refresh_from_db()
    assert (quote.status, quote.request.status) == ("sent", "awaiting_approval")
    assert list(one.quotes_counting()) == [quote]


def test_the_client_reads_that_a_price_is_looked_at_again_and_nothing_of_whose_it_is(world: World) -> None:
    one = priced(world)
    quote = with_client(world, one)
    verbs.retract_price(one, by=acting_for(one.provider))
    said = yes(quote)
    typed = {"name": said.name, "seal": said.seal, "option": str(said.option), "agree": "on"}
    address = f"/suivi/{quote.request.tracking_token}/devis/accepter/"
    answer = Browser(headers={"Accept-Language": "fr"}).post(address, typed)
    text = answer.content.decode()
    assert (answer.status_code, "Nous devons revoir un prix de ce devis" in text) == (409, True)
    hidden = (one.provider.name, one.reference, "150,00")
    assert [word for word in hidden if word in text] == []


def test_an_option_without_lent_prices_may_still_be_accepted(world: World) -> None:
    request, by = asked(world), world.actor("concierge")
    one, other = (priced(world, found) for found in asked_for_prices(world, request=request))
    use_price(one, by=by)
    draft = use_price(other, option=None, by=by)
    options = [
        type(option)(option.lines, title=f"Option {rank}") for rank, option in enumerate(options_of(draft), start=1)
    ]
    quote = send_quote(save_quote(draft, QuoteDraft(options), by=by), by=by)
    verbs.retract_price(one, by=acting_for(one.provider))
    with pytest.raises(QuoteDoubtful):
        accept_quote(quote, yes(quote, 0), by=by)
    assert accept_quote(quote, yes(quote, 1), by=by).status == "accepted"


def test_the_desk_withdraws_the_quote_before_a_price_it_counts_on(world: World) -> None:
    one = priced(world)
    with_client(world, one)
    with pytest.raises(PriceWithClient):
        verbs.withdraw_price(one, by=world.actor("concierge"))
    assert states() == ["priced"]


def test_a_stopped_business_leaves_no_quote_behind_that_nobody_watches(world: World) -> None:
    request = asked(world)
    one, other = asked_for_prices(world, request=request)
    quote = with_client(world, priced(world, one))
    for found in (one, other):
        set_active(found.provider, is_active=False, by=world.actor())
    settle(world.organisation)
    assert (states(), told("lost"), told("withdrawn")) == (["withdrawn", "withdrawn"], 1, 2)
    with pytest.raises(QuoteDoubtful):
        accept_quote(quote, yes(quote), by=world.actor("concierge"))


def test_stopped_between_the_agreement_and_what_follows_the_price_stays_agreed(world: World) -> None:
    one = priced(world)
    agreed(world, one)
    set_active(one.provider, is_active=False, by=world.actor())
    assert verbs.lose_price(one, by=world.actor()) is False
    settle(world.organisation)
    assert states() == ["chosen"]


# --- settled ----------------------------------------


def test_who_was_silent_is_not_thanked_for_a_price(world: World) -> None:
    request = asked(world)
    one, other, _silent = asked_for_prices(world, carpenters(world, 3), request)
    priced(world, other)
    agreed(world, priced(world, one))
    settle(world.organisation)
    assert states() == ["chosen", "not_selected", "withdrawn"]
    assert (told("chosen"), told("not_selected"), told("withdrawn")) == (1, 1, 1)


def amended(world: World, request: ServiceRequest, *, keep: bool) -> Quote:
    """The client agrees to a change, which keeps the lines or has a line of our own instead."""
    by = world.actor("concierge")
    draft = draft_quote(request, by=by)
    options = options_of(draft)
    if not keep:
        (line,) = options[0].lines
        options = [type(options[0])([type(line)("Pose", unit_price=Decimal("90.00"), service=line.service)])]
    quote = send_quote(save_quote(draft, QuoteDraft(options, duration="un jour"), by=by), by=by)
    return accept_quote(quote, yes(quote), by=by)


@pytest.mark.promise("domain R5")
def test_an_amendment_keeps_what_was_agreed_whatever_its_last_day(world: World, monday: Any) -> None:
    one = priced(world)
    first = agreed(world, one)
    settle(world.organisation)
    monday.shift(dt.timedelta(days=30))
    second = amended(world, first.request, keep=True)
    settle(world.organisation)
    assert (second.status, second.is_amendment, states(), told("chosen")) == ("accepted", True, ["chosen"], 1)
    assert QuoteLine.objects.get(option__quote=second).source == one.public_id
    assert second.valid_until > timezone.localdate()


def test_whose_price_an_amendment_drops_is_told_so(world: World) -> None:
    one = priced(world)
    first = agreed(world, one)
    settle(world.organisation)
    amended(world, first.request, keep=False)
    settle(world.organisation)
    assert (states(), told("dropped"), told("not_selected")) == (["not_selected"], 1, 0)


def test_an_agreement_that_was_amended_before_it_was_settled_settles_as_amended(world: World) -> None:
    one = priced(world)
    amended(world, agreed(world, one).request, keep=False)
    settle(world.organisation)
    assert (states(), told("chosen"), told("dropped")) == (["not_selected"], 0, 0)


def test_what_is_cancelled_after_the_agreement_drops_the_price(world: World) -> None:
    one = priced(world)
    quote = agreed(world, one)
    settle(world.organisation)
    cancel_request(quote.request, by=world.actor())
    settle(world.organisation)
    assert (states(), told("dropped")) == (["not_selected"], 1)


# --- the request ends otherwise ----------------------------------------


@pytest.mark.parametrize("status", ["fulfilled", "partially_fulfilled", "closed"])
def test_what_is_done_needs_no_further_price(world: World, status: str) -> None:
    request = asked(world)
    one, other = asked_for_prices(world, request=request)
    agreed(world, priced(world, one))
    settle(world.organisation)
    # A price for an amendment that was never written.
    asked_for_prices(world, [other.provider], request)
    later = priced(world, PriceRequest.objects.with_need().order_by("-pk")[0])
    ServiceRequest.objects.filter(pk=request.pk).update(status=status)
    with transaction.atomic():
        events.record(f"service_request.{status}", request, by=world.actor(), request_id=request.public_id)
    settle(world.organisation)
    assert PriceRequest.objects.get(pk=later.pk).status == "withdrawn"
    assert PriceRequest.objects.get(pk=one.pk).status == "chosen"


def test_what_was_given_up_keeps_its_prices_for_a_month(world: World, monday: Any) -> None:
    one = priced(world, valid_until=timezone.localdate() + dt.timedelta(days=90))
    quote = with_client(world, one)
    expire_quote(quote, by=world.actor())
    monday.shift(dt.timedelta(days=29))
    settle(world.organisation)
    assert states() == ["priced"]
    monday.shift(dt.timedelta(days=31))
    settle(world.organisation)
    assert (ServiceRequest.objects.get().status, states()) == ("expired", ["withdrawn"])


def test_what_was_taken_up_again_keeps_its_prices(world: World, monday: Any) -> None:
    one = priced(world, valid_until=timezone.localdate() + dt.timedelta(days=90))
    quote = with_client(world, one)
    expire_quote(quote, by=world.actor())
    settle(world.organisation)
    draft_quote(quote.request, by=world.actor("concierge"))
    monday.shift(dt.timedelta(days=31))
    settle(world.organisation)
    assert (ServiceRequest.objects.get().status, states()) == ("qualifying", ["priced"])


# --- the client's line ----------------------------------------


@pytest.mark.parametrize("theirs", ["0.00", "10.00", "20.00"])
def test_the_client_pays_the_vat_of_the_service_whatever_the_provider_charges(world: World, theirs: str) -> None:
    service = service_of(world)
    service.vat_code = "reduced"
    service.save(update_fields=["vat_code"])
    VatRate.objects.create(
        organisation=world.organisation, code="reduced", rate=Decimal("10.00"), valid_from=dt.date(2020, 1, 1)
    )
    # 150 € without VAT, no margin, 10 % of ours.
    use_price(priced(world, vat_rate=Decimal(theirs)), margin=Decimal(0), by=world.actor())
    line = QuoteLine.objects.get()
    assert (line.vat_code, str(line.vat_rate), str(line.unit_price_incl_vat)) == ("reduced", "10.00", "165.00")
