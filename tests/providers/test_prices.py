"""What would it cost? Asked of several businesses, answered by each, counted in the client's quote."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from bookings.actions.quote_answers import accept_quote
from bookings.actions.quote_origins import Origin, margin_for, set_margin
from bookings.actions.quotes import options_of, send_quote
from bookings.actions.requests import cancel_request
from bookings.models import Quote, QuoteLine, QuoteMargin
from bookings.rules import quotes as quote_rules
from concierge import deadlines
from concierge.errors import DomainError, Invalid, WrongState
from concierge.models import Deadline, Event
from concierge.tenancy import Actor
from providers.actions import prices as verbs
from providers.actions.businesses import set_active
from providers.actions.price_use import use_price
from providers.actions.refusals import AlreadyAsked, PriceGone
from providers.enums import DeclineReason
from providers.models import PriceLink, PriceRequest
from providers.rules.prices import VAT_RATES, excl_and_incl, remind_at
from tests.bookings.quoting import asked, service_of, service_on_quote, yes
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.pricing import an_answer, asked_for_prices, carpenters, priced, question
from tests.world import World

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    """In the order of asking."""
    return list(PriceRequest.objects.order_by("pk").values_list("status", flat=True))


# --- asking ----------------------------------------


def test_several_are_asked_at_once_each_with_its_own_link_and_deadline(world: World) -> None:
    found = asked_for_prices(world)
    assert states() == ["sent", "sent"]
    assert PriceLink.objects.count() == 2
    assert Event.objects.filter(name="price_request.sent", request_id=found[0].request.public_id).count() == 2
    kinds = Deadline.objects.filter(kind__startswith="price_request").order_by("kind", "subject_id")
    assert list(kinds.values_list("kind", flat=True)) == [verbs.EXPIRY] * 2 + [verbs.REMINDER] * 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"need": "   "}, "need"),
        ({"due_at": dt.timedelta(minutes=-1)}, "due_at"),
        ({"due_at": dt.timedelta(days=61)}, "due_at"),
        ({"wanted_on": dt.date(2026, 11, 22)}, "wanted_on"),
    ],
)
def test_a_question_that_makes_no_sense_asks_nobody(world: World, change: dict[str, Any], field: str) -> None:
    if isinstance(change.get("due_at"), dt.timedelta):
        change = {"due_at": timezone.now() + change["due_at"]}
    with pytest.raises(Invalid) as caught:
        asked_for_prices(world, **change)
    assert caught.value.field == field
    assert states() == []


def test_nobody_is_asked_twice_at_a_time(world: World) -> None:
    request, (one, other) = asked(world), carpenters(world)
    asked_for_prices(world, [one], request)
    with pytest.raises(AlreadyAsked):
        asked_for_prices(world, [other, one], request)
    assert states() == ["sent"]
    verbs.decline_price(PriceRequest.objects.get(), reason=DeclineReason.TOO_BUSY, by=acting_for(one))
    asked_for_prices(world, [one], request)
    assert states() == ["declined", "sent"]


def test_only_for_what_the_client_asked_and_only_of_businesses_that_work_with_us(world: World) -> None:
    request, hedge = asked(world), service_on_quote(world, "haies", name="Haies")
    (one,) = carpenters(world, 1)
    with pytest.raises(Invalid) as caught:
        verbs.ask_for_prices(request, hedge, [one], question(), by=world.actor())
    assert caught.value.field == "service"
    for providers in ([], [add_provider(world, price=None) for _n in range(21)]):
        with pytest.raises(Invalid) as caught:
            verbs.ask_for_prices(request, service_of(world), providers, question(), by=world.actor())
        assert caught.value.field == "providers"
    set_active(one, is_active=False, by=world.actor())
    with pytest.raises(Invalid):
        asked_for_prices(world, [one], request)
    cancel_request(request, by=world.actor())
    with pytest.raises(WrongState):
        asked_for_prices(world, carpenters(world, 1), request)
    assert states() == []


# --- answering ----------------------------------------


def test_a_price_without_vat_says_what_it_is_with_it(world: World) -> None:
    one = priced(world)
    assert (one.status, one.price_excl_vat, one.price_incl_vat) == ("priced", Decimal("150.00"), Decimal("180.00"))
    assert one.comment == "Fixations comprises."
    assert one.answered_at is not None


@given(
    price=st.decimals(min_value="0.01", max_value="50000", places=2),
    rate=st.sampled_from(VAT_RATES),
    includes_vat=st.booleans(),
)
def test_the_typed_amount_is_never_changed_and_the_other_is_half_a_cent_away(
    price: Decimal, rate: Decimal, includes_vat: bool
) -> None:
    excl, incl = excl_and_incl(price, includes_vat=includes_vat, vat_rate=rate)
    assert price == (incl if includes_vat else excl)
    assert abs(excl * (100 + rate) / 100 - incl) <= Decimal("0.005") * (100 + rate) / 100


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": Decimal(0)}, "price"),
        ({"price": Decimal(-1)}, "price"),
        ({"price": Decimal("NaN")}, "price"),
        ({"price": Decimal("50000.01")}, "price"),
        ({"price": Decimal("10.005")}, "price"),
        ({"vat_rate": Decimal("19.6")}, "vat_rate"),
        ({"earliest_on": dt.date(2026, 11, 22)}, "earliest_on"),
        ({"valid_until": dt.date(2026, 11, 22)}, "valid_until"),
        ({"valid_until": dt.date(2028, 1, 1)}, "valid_until"),
    ],
)
def test_an_answer_that_no_quote_could_count_on_is_refused(world: World, change: dict[str, Any], field: str) -> None:
    (one,) = asked_for_prices(world, carpenters(world, 1))
    with pytest.raises(Invalid) as caught:
        verbs.answer_price(one, an_answer(**change), by=acting_for(one.provider))
    assert caught.value.field == field
    assert states() == ["sent"]


def test_every_state_refuses_what_it_does_not_allow_with_a_word_of_its_own(world: World) -> None:
    request = asked(world)
    acts: dict[str, Any] = {
        "answer": lambda one: verbs.answer_price(one, an_answer(), by=acting_for(one.provider)),
        "decline": lambda one: verbs.decline_price(one, reason=DeclineReason.OTHER, by=acting_for(one.provider)),
        "retract": lambda one: verbs.retract_price(one, by=acting_for(one.provider)),
        "withdraw": lambda one: verbs.withdraw_price(one, by=world.actor()),
        "resend": lambda one: verbs.resend_price_request(one, by=world.actor()),
    }
    before: dict[str, Any] = {
        "priced": acts["answer"],
        "declined": acts["decline"],
        "withdrawn": acts["withdraw"],
        "expired": lambda one: verbs.expire_price(one, by=world.actor()),
    }
    said: dict[str, dict[str, str]] = {}
    for state, bring in before.items():
        said[state] = {}
        for name, act in acts.items():
            (one,) = asked_for_prices(world, carpenters(world, 1), request)
            bring(one)
            try:
                act(one)
                said[state][name] = "ok"
            except DomainError as error:
                said[state][name] = error.code
    again, over, gone, wrong = (
        "price_request_answered",
        "price_request_expired",
        "price_request_withdrawn",
        "wrong_state",
    )
    assert said == {
        "priced": {"answer": again, "decline": again, "retract": "ok", "withdraw": "ok", "resend": again},
        "declined": {"answer": again, "decline": again, "retract": wrong, "withdraw": wrong, "resend": again},
        "withdrawn": {"answer": gone, "decline": gone, "retract": gone, "withdraw": gone, "resend": gone},
        "expired": {"answer": over, "decline": over, "retract": over, "withdraw": over, "resend": over},
    }


def test_the_sweep_reminds_half_way_and_ends_it_in_time(world: World, monday: Any) -> None:
    asked_for_prices(world, carpenters(world, 1), due_at=timezone.now() + dt.timedelta(hours=48))
    monday.shift(dt.timedelta(hours=23))
    deadlines.sweep(world.organisation.pk)
    assert PriceRequest.objects.get().reminded_at is None
    monday.shift(dt.timedelta(hours=2))
    for _n in range(2):
        deadlines.sweep(world.organisation.pk)
    assert Event.objects.filter(name="price_request.reminded").count() == 1
    monday.shift(dt.timedelta(hours=24))
    deadlines.sweep(world.organisation.pk)
    assert states() == ["expired"]


def test_after_its_time_nobody_answers_even_before_the_sweep(world: World, monday: Any) -> None:
    (one,) = asked_for_prices(world, carpenters(world, 1))
    monday.shift(dt.timedelta(days=2, seconds=1))
    with pytest.raises(DomainError) as caught:
        verbs.answer_price(one, an_answer(), by=acting_for(one.provider))
    assert (caught.value.code, states()) == ("price_request_expired", ["sent"])


def test_a_short_question_has_no_reminder() -> None:
    start = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
    assert remind_at(start, start + dt.timedelta(hours=5)) is None
    assert remind_at(start, start + dt.timedelta(hours=6)) == start + dt.timedelta(hours=3)


def test_this_is_not_me_ends_the_question_and_tells_the_team(world: World) -> None:
    (one,) = asked_for_prices(world, carpenters(world, 1))
    link = PriceLink.objects.select_related("price_request__request").get()
    for _n in range(2):
        verbs.report_price_misdirected(link, by=acting_for(one.provider))
    assert states() == ["undeliverable"]
    assert Event.objects.filter(name="price_request.misdirected").count() == 1


# --- the client's quote ----------------------------------------


@pytest.mark.promise("domain R5")
def test_a_price_becomes_a_line_with_our_margin_and_remembers_whose_it_is(world: World) -> None:
    set_margin(world.organisation, Decimal(15), service=service_of(world), by=world.actor())
    one = priced(world)
    quote = use_price(one, by=world.actor("concierge"))
    (option,) = options_of(quote)
    (line,) = option.lines
    # 150 € without VAT, 15 % on it, 20 % VAT of ours.
    assert (line.description, line.unit_price, line.vat_code) == ("Petits travaux", Decimal("207.00"), "standard")
    assert line.origin == Origin(one.public_id, Decimal("150.00"), Decimal("15.00"))
    assert quote.valid_until == one.valid_until


def test_using_it_again_replaces_its_line_and_another_option_stands_beside(world: World) -> None:
    request, by = asked(world), world.actor("concierge")
    first, second = asked_for_prices(world, request=request)
    first = priced(world, first)
    second = priced(world, second, price=Decimal("240.00"), includes_vat=True)
    use_price(first, margin=Decimal(10), by=by)
    use_price(first, margin=Decimal(20), by=by)
    quote = use_price(second, margin=Decimal(0), option=None, by=by)
    found = [[(line.unit_price, line.origin) for line in option.lines] for option in options_of(quote)]
    assert found == [
        [(Decimal("216.00"), Origin(first.public_id, Decimal("150.00"), Decimal("20.00")))],
        [(Decimal("240.00"), Origin(second.public_id, Decimal("200.00"), Decimal("0.00")))],
    ]


def test_who_recovers_no_vat_counts_the_price_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.actions.quote_origins.seller_of", lambda site: {"franchise": True})
    quote = use_price(priced(world), margin=Decimal(10), by=world.actor())
    assert QuoteLine.objects.get(option__quote=quote).unit_price_incl_vat == Decimal("198.00")


@given(
    cost=st.decimals(min_value="0.01", max_value="50000", places=2),
    margin=st.decimals(min_value=0, max_value=100, places=2),
    rate=st.sampled_from(VAT_RATES),
)
def test_the_client_never_pays_less_than_what_it_costs_us(cost: Decimal, margin: Decimal, rate: Decimal) -> None:
    asked_of_client = quote_rules.price_for_client(cost, margin, vat_rate=rate)
    assert asked_of_client >= cost
    assert abs(asked_of_client - cost * (100 + margin) * (100 + rate) / 10000) <= Decimal("0.0115")


@pytest.mark.parametrize("margin", ["-1", "100.01", "NaN"])
def test_a_margin_beyond_reason_changes_nothing(world: World, margin: str) -> None:
    one = priced(world)
    with pytest.raises(Invalid) as caught:
        use_price(one, margin=Decimal(margin), by=world.actor())
    assert (caught.value.field, Quote.objects.count()) == ("margin", 0)
    with pytest.raises(Invalid):
        set_margin(world.organisation, Decimal(margin), by=world.actor())
    assert QuoteMargin.objects.count() == 0


def test_the_margin_of_the_service_comes_before_that_of_the_organisation(world: World) -> None:
    service, other = service_of(world), service_on_quote(world, "haies", name="Haies")
    assert margin_for(service) == 0
    set_margin(world.organisation, Decimal(10), by=world.actor())
    set_margin(world.organisation, Decimal(25), service=service, by=world.actor())
    set_margin(world.organisation, Decimal(12), by=world.actor())
    assert (margin_for(service), margin_for(other), QuoteMargin.objects.count()) == (Decimal(25), Decimal(12), 2)


def test_nothing_of_cost_margin_or_provider_is_in_what_the_client_is_shown(world: World) -> None:
    one = priced(world, price=Decimal("151.37"))
    quote = send_quote(use_price(one, margin=Decimal("13.00"), by=world.actor()), by=world.actor())
    text = str(quote.content)
    hidden = (one.provider.name, "151.37", "151,37", "13.00", one.reference, str(one.public_id), "Fixations comprises")
    assert [word for word in hidden if word in text] == []
    assert "margin" not in text


def test_a_price_that_is_gone_keeps_the_quote_from_being_sent(world: World, monday: Any) -> None:
    request, by = asked(world), world.actor("concierge")
    one, other = (priced(world, found) for found in asked_for_prices(world, request=request))
    quote = use_price(one, by=by)
    verbs.retract_price(one, by=acting_for(one.provider))
    with pytest.raises(PriceGone) as caught:
        send_quote(quote, by=by)
    assert one.provider.name in str(caught.value.message)
    quote.refresh_from_db()
    assert (quote.status, quote.number) == ("draft", "")
    with pytest.raises(PriceGone):
        use_price(one, by=by)
    # Its last day passes while the draft lies there.
    use_price(other, by=by)
    QuoteLine.objects.filter(source=one.public_id).update(source=None, cost=None, margin_percent=None)
    monday.shift(dt.timedelta(days=21))
    Quote.objects.filter(pk=quote.pk).update(valid_until=timezone.localdate() + dt.timedelta(days=5))
    with pytest.raises(PriceGone):
        send_quote(quote, by=by)
    assert Quote.objects.get(pk=quote.pk).status == "draft"


def test_a_quote_does_not_outlast_the_price_it_counts_on(world: World) -> None:
    one = priced(world)
    quote = use_price(one, by=world.actor())
    assert one.valid_until is not None
    Quote.objects.filter(pk=quote.pk).update(valid_until=one.valid_until + dt.timedelta(days=1))
    with pytest.raises(PriceGone) as caught:
        send_quote(quote, by=world.actor())
    assert caught.value.field == "valid_until"
    Quote.objects.filter(pk=quote.pk).update(valid_until=one.valid_until)
    assert send_quote(quote, by=world.actor()).status == "sent"


def test_who_is_chosen_and_who_asked_in_vain_are_known_once_the_client_agrees(world: World) -> None:
    request, by = asked(world), world.actor("concierge")
    one, other, silent = asked_for_prices(world, carpenters(world, 3), request)
    priced(world, one)
    priced(world, other)
    quote = send_quote(use_price(one, by=by), by=by)
    accept_quote(quote, yes(quote), by=by)
    settle(world.organisation)
    assert states() == ["chosen", "not_selected", "withdrawn"]
    assert silent.pk
    with pytest.raises(WrongState):
        verbs.retract_price(one, by=acting_for(one.provider))


def test_what_will_not_be_done_needs_no_price(world: World) -> None:
    request = asked(world)
    one, _other = asked_for_prices(world, request=request)
    priced(world, one)
    cancel_request(request, by=world.actor())
    settle(world.organisation)
    assert states() == ["withdrawn", "withdrawn"]


def test_the_price_of_a_business_that_was_stopped_is_not_counted_on(world: World) -> None:
    request = asked(world)
    one, other = asked_for_prices(world, request=request)
    quote = use_price(priced(world, one), by=world.actor())
    set_active(one.provider, is_active=False, by=world.actor())
    settle(world.organisation)
    assert states() == ["withdrawn", "sent"]
    with pytest.raises(PriceGone):
        send_quote(quote, by=world.actor())
    assert other.status == "sent"


# --- who sees what, and what the database refuses ----------------------------------------


def test_providers_never_see_each_others_and_clients_see_none(world: World) -> None:
    one, other = asked_for_prices(world)

    def seen(actor: Any) -> list[int]:
        return list(PriceRequest.objects.visible_to(actor).order_by("pk").values_list("pk", flat=True))

    both = [one.pk, other.pk]
    assert seen(acting_for(one.provider, "api")) == seen(acting_for(one.provider)) == [one.pk]
    assert seen(acting_for(other.provider, "user")) == [other.pk]
    assert seen(world.actor("concierge")) == seen(world.actor()) == both
    assert seen(world.actor("trainee")) == []
    asker = one.request.client
    assert seen(Actor(kind="link", organisation=world.organisation, label=str(asker), client_id=asker.pk)) == []
    assert seen(Actor(kind="user", organisation=world.organisation, label=str(asker), client_id=asker.pk)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": "lost"},
        {"status": "priced", "price": None},
        {"price": Decimal(0)},
        {"vat_rate": Decimal(31)},
        {"need": ""},
        {"decline_reason": "other"},
    ],
)
def test_the_database_refuses_what_cannot_be(world: World, change: dict[str, Any]) -> None:
    one = priced(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceRequest.objects.filter(pk=one.pk).update(**change)


def test_a_line_has_its_whole_origin_or_none(world: World) -> None:
    quote = use_price(priced(world), by=world.actor())
    for change in ({"cost": None}, {"margin_percent": None}, {"margin_percent": Decimal(101)}, {"source": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            QuoteLine.objects.filter(option__quote=quote).update(**change)
