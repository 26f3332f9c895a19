"""The desk and its price requests: whom to ask when there are many, in whose words, and what can still be done."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions.quotes import send_quote
from bookings.models import QuoteWish, ServiceRequest
from concierge.errors import Invalid
from concierge.models import Event
from providers.actions import prices as verbs
from providers.actions.links import link_code, link_url
from providers.actions.price_use import use_price
from providers.models import PriceLink, PriceRequest, Provider
from providers.models.links import MAX_CODE_TRIES
from providers.views import staff_prices
from tests.bookings.quoting import asked, service_of
from tests.conftest import settle
from tests.providers.conftest import add_provider
from tests.providers.pricing import NEED, asked_for_prices, carpenters, priced
from tests.providers.test_price_pages import text_of
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(world: World) -> Browser:
    """The concierge's browser."""
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(world.users["concierge"])
    return browser


def page(request: ServiceRequest) -> str:
    """Where prices are compared."""
    return f"/prestataires/demandes/{request.public_id}/prix/"


def act(one: PriceRequest, verb: str) -> str:
    """The address of a verb."""
    return f"/prestataires/prix/{one.public_id}/{verb}/"


def question(request: ServiceRequest, *providers: Provider, **changes: Any) -> dict[str, Any]:
    """As the desk posts it."""
    return {
        "wish": str(request.wishes.get().pk),
        "providers": [str(one.public_id) for one in providers],
        "need": NEED,
        "due_on": (timezone.localdate() + dt.timedelta(days=2)).isoformat(),
        **changes,
    }


def states() -> list[str]:
    """In the order of asking."""
    return list(PriceRequest.objects.order_by("pk").values_list("status", flat=True))


# --- what can still be done with a row ----------------------------------------


def test_a_price_whose_last_day_has_passed_is_let_go_from_the_page(world: World, desk: Browser, monday: Any) -> None:
    one = priced(world)
    monday.shift(dt.timedelta(days=25))
    desk.force_login(world.users["concierge"])
    body = desk.get(page(one.request)).content.decode()
    assert (act(one, "utiliser") in body, act(one, "retirer") in body) == (False, True)
    assert desk.post(act(one, "retirer")).status_code == 302
    assert states() == ["withdrawn"]


def test_who_gave_a_price_that_has_lapsed_is_asked_again_from_the_page(
    world: World, desk: Browser, monday: Any
) -> None:
    request, (one,) = asked(world), carpenters(world, 1)
    priced(world, asked_for_prices(world, [one], request)[0])
    assert list(staff_prices.choices_for(request, service_of(world))) == []
    monday.shift(dt.timedelta(days=25))
    assert list(staff_prices.choices_for(request, service_of(world))) == [one]
    desk.force_login(world.users["concierge"])
    answer = desk.post(f"{page(request)}demander/", question(request, one))
    assert (answer.status_code, states()) == (302, ["withdrawn", "sent"])
    settle(world.organisation)
    # The new question is all that reaches them.
    told = Event.objects.filter(name__startswith="price_request.").order_by("pk").values_list("name", flat=True)
    assert list(told)[2:] == ["price_request.lapsed", "price_request.sent"]


def test_a_price_that_the_client_counts_on_is_not_let_go(world: World, desk: Browser) -> None:
    one = priced(world)
    send_quote(use_price(one, by=world.actor()), by=world.actor())
    answer = desk.post(act(one, "retirer"))
    assert (answer.status_code, states()) == (409, ["priced"])
    assert "retirez d’abord ce devis" in text_of(answer)


def test_sent_again_a_locked_link_is_dead_and_the_new_one_works(world: World, desk: Browser) -> None:
    """One that lives is sent again as it is."""
    (one,) = asked_for_prices(world, carpenters(world, 1))
    old = "/" + link_url(one).split("/", 3)[3]
    old_code = link_code(one)
    assert desk.post(act(one, "renvoyer")).status_code == 302
    assert old == "/" + link_url(one).split("/", 3)[3]
    PriceLink.objects.update(code_tries=MAX_CODE_TRIES)
    assert desk.post(act(one, "renvoyer")).status_code == 302
    new = "/" + link_url(one).split("/", 3)[3]
    phone = Browser(enforce_csrf_checks=True)
    assert [phone.get(address).status_code for address in (old, new)] == [410, 200]
    headers = {"Origin": "null"}
    assert phone.post(f"{old}code/", {"code": old_code}, headers=headers).status_code == 410
    assert phone.post(f"{new}code/", {"code": link_code(one)}, headers=headers).status_code == 302
    assert list(PriceLink.objects.order_by("pk").values_list("revoked_at", flat=True))[1:] == [None]
    sent = Event.objects.filter(name="price_request.sent").order_by("pk").values_list("data__again", flat=True)
    assert list(sent) == [None, True, True]
    verbs.withdraw_price(one, by=world.actor())
    assert desk.post(act(one, "renvoyer")).status_code == 409


# --- in whose words ----------------------------------------


@pytest.mark.promise("P05")
def test_the_clients_own_words_are_beside_an_empty_field(world: World, desk: Browser) -> None:
    request = asked(world)
    QuoteWish.objects.filter(request=request).update(description="Chez Inès Garnier, code 4512, deux étagères")
    answer = desk.get(page(request))
    (part,) = answer.context["parts"]
    assert part["form"]["need"].value() is None
    assert "code 4512" in text_of(answer)


@pytest.mark.promise("P05")
@pytest.mark.parametrize(
    "need",
    [
        "Deux étagères chez {contact_name}",
        "Deux étagères, {contact_email}",
        "Deux étagères, appeler le 06 12 34 56 78",
        "Deux étagères au {street}",
        "Deux étagères chez Odette Roussel",
    ],
)
def test_nobody_is_asked_in_words_that_say_who_it_is_for(world: World, desk: Browser, need: str) -> None:
    request, (one,) = asked(world), carpenters(world, 1)
    ServiceRequest.objects.filter(pk=request.pk).update(
        contact_phone="+33612345678", beneficiary=world.client, beneficiary_name="Odette Roussel"
    )
    request.refresh_from_db()
    text = need.format(
        contact_name=request.contact_name, contact_email=request.contact_email, street=request.street.upper()
    )
    answer = desk.post(f"{page(request)}demander/", question(request, one, need=text))
    (part,) = answer.context["parts"]
    assert (answer.status_code, list(part["form"].errors), part["form"]["need"].value()) == (400, ["need"], text)
    with pytest.raises(Invalid) as caught:
        asked_for_prices(world, [one], request, need=text)
    assert (caught.value.field, states()) == ("need", [])


# --- whom to ask when there are many ----------------------------------------


def test_a_business_beyond_those_shown_is_found_by_name_and_what_was_typed_stays(
    world: World, desk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_prices, "MOST_CHOICES", 2)
    request = asked(world)
    first, second, third = (add_provider(world, price=None, name=f"Menuiserie {n}") for n in "ABC")

    def shown(answer: Any) -> list[str]:
        (part,) = answer.context["parts"]
        return [value for value, _label in part["form"].fields["providers"].widget.choices]

    answer = desk.get(page(request))
    assert shown(answer) == [str(first.public_id), str(second.public_id)]
    assert 'name="find"' in answer.content.decode()
    typed = question(request, second, need="Deux étagères", search="rie C", find="1")
    answer = desk.post(f"{page(request)}demander/", typed)
    (part,) = answer.context["parts"]
    assert (answer.status_code, states()) == (200, [])
    assert shown(answer) == [str(second.public_id), str(third.public_id)]
    kept = {name: part["form"][name].value() for name in ("need", "due_on", "search", "providers")}
    assert kept == {name: typed[name] for name in ("need", "due_on", "search", "providers")}
    assert part["form"].errors == {}
    nobody = desk.post(f"{page(request)}demander/", question(request, search="nulle part", find="1"))
    assert (shown(nobody), "Aucune entreprise de ce nom ou de cette ville" in text_of(nobody)) == ([], True)
    answer = desk.post(f"{page(request)}demander/", question(request, second, third, search="rie C"))
    assert (answer.status_code, states()) == (302, ["sent", "sent"])


def test_with_few_businesses_nothing_is_looked_for(world: World, desk: Browser) -> None:
    carpenters(world, 2)
    assert 'name="find"' not in desk.get(page(asked(world))).content.decode()


def test_the_newest_questions_are_those_shown(world: World, desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_prices, "MOST_ROWS", 2)
    request = asked(world)
    _first, second, third = asked_for_prices(world, carpenters(world, 3), request)
    (part,) = desk.get(page(request)).context["parts"]
    assert [row["asked"] for row in part["rows"]] == [second, third]
