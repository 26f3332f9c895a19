"""The pages of price requests: behind a link, in a provider's own space, and the team's comparison."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.html import strip_tags

from bookings.models import Quote, QuoteLine, QuoteMargin
from concierge import tenancy
from concierge.models import Event
from providers.actions.links import link_code, link_url
from providers.actions.prices import withdraw_price
from providers.models import PriceLink, PriceRequest, ProviderMember
from providers.views.price_words import row_of
from tests.bookings.quoting import asked, service_of
from tests.providers.pricing import NEED, asked_for_prices, carpenters, priced
from tests.world import World

pytestmark = pytest.mark.django_db


class Phone:
    """A browser that received the message of a price request."""

    def __init__(self, one: PriceRequest) -> None:
        self.browser = Browser(enforce_csrf_checks=True, headers={"Accept-Language": "fr"})
        self.url = "/" + link_url(one).split("/", 3)[3]
        self.code = link_code(one)

    def get(self) -> Any:
        return self.browser.get(self.url)

    def post(self, verb: str, **data: str) -> Any:
        return self.browser.post(f"{self.url}{verb}/", data, headers={"Origin": "null"})

    def unlock(self) -> Phone:
        assert self.post("code", code=self.code).status_code == 302
        return self


@pytest.fixture
def one(world: World) -> PriceRequest:
    return asked_for_prices(world, carpenters(world, 1))[0]


@pytest.fixture
def phone(one: PriceRequest) -> Phone:
    return Phone(one)


def typed(**changes: str) -> dict[str, str]:
    """150 € without VAT, as somebody types it."""
    today = timezone.localdate()
    return {
        "price": "150,00",
        "includes_vat": "no",
        "vat_rate": "20.00",
        "earliest_on": (today + dt.timedelta(days=7)).isoformat(),
        "valid_until": (today + dt.timedelta(days=20)).isoformat(),
        "comment": "Fixations comprises.",
        **changes,
    }


def text_of(answer: Any) -> str:
    body = answer.content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in body
    return " ".join(strip_tags(body.replace("<", " <")).replace("\xa0", " ").replace("\u202f", " ").split())


def snapshot() -> tuple[Any, ...]:
    return (
        Event.objects.count(),
        list(PriceRequest.objects.order_by("pk").values()),
        list(PriceLink.objects.order_by("pk").values()),
    )


# --- behind the link ----------------------------------------


@pytest.mark.promise("S16")
def test_looking_changes_nothing_and_says_nothing_of_the_client(phone: Phone, one: PriceRequest) -> None:
    before = snapshot()
    for answer in (phone.get(), phone.browser.head(phone.url), phone.get()):
        assert answer.status_code == 200
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
    for verb in ("repondre", "refuser", "retirer", "pas-moi", "code"):
        assert phone.browser.get(f"{phone.url}{verb}/").status_code == 405
    assert snapshot() == before
    text = text_of(phone.get())
    assert (NEED in text, "21000 Dijon" in text) == (True, True)
    request = one.request
    hidden = (request.contact_name, request.contact_email, request.street, request.reference)
    assert [word for word in hidden if word and word in text] == []


@pytest.mark.promise("S16", "DR10")
def test_without_the_four_digits_nobody_answers(phone: Phone) -> None:
    before = snapshot()
    for verb in ("repondre", "refuser", "retirer", "pas-moi"):
        assert phone.post(verb, **typed(confirm="1"), reason="other").status_code == 403
    assert snapshot() == before


def test_a_price_is_read_again_before_it_leaves(phone: Phone) -> None:
    phone.unlock()
    before = snapshot()
    answer = phone.post("repondre", **typed())
    text = text_of(answer)
    assert answer.status_code == 200
    assert "Prix HT 150,00 €" in text
    assert "TVA 20 % 30,00 €" in text
    assert "Prix TTC 180,00 €" in text
    assert snapshot() == before
    assert phone.post("repondre", **typed(confirm="1")).status_code == 302
    found = PriceRequest.objects.get()
    assert (found.status, str(found.price), found.includes_vat, found.answer_channel) == (
        "priced",
        "150.00",
        False,
        "link",
    )
    assert "Nous avons votre prix" in text_of(phone.get())
    assert phone.post("repondre", **typed(confirm="1")).status_code == 409


def test_without_vat_nothing_is_called_incl_vat(phone: Phone) -> None:
    text = text_of(phone.unlock().post("repondre", **typed(vat_rate="0.00")))
    assert "À payer, TVA non applicable 150,00 €" in text
    assert "Prix TTC" not in text


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"price": ""}, 422, "price"),
        ({"price": "cent"}, 422, "price"),
        ({"price": "-5"}, 422, "price"),
        ({"price": "1e9"}, 422, "price"),
        ({"includes_vat": ""}, 422, "includes_vat"),
        ({"vat_rate": "19.60"}, 422, "vat_rate"),
        ({"valid_until": "2026-11-01"}, 400, "valid_until"),
        ({"earliest_on": "hier"}, 422, "earliest_on"),
        ({"comment": "x" * 501}, 422, "comment"),
    ],
)
def test_a_wrong_field_is_named_and_everything_typed_is_kept(
    phone: Phone, change: dict[str, str], status: int, field: str
) -> None:
    phone.unlock()
    before = snapshot()
    for confirm in ({}, {"confirm": "1"}):
        answer = phone.post("repondre", **typed(**change), **confirm)
        assert answer.status_code == status
        assert list(answer.context["price_form"].errors) == [field]
        kept = {**typed(), **change}
        assert {name: answer.context["price_form"][name].value() for name in kept} == kept
    assert snapshot() == before


def test_a_no_a_price_taken_back_and_not_me(world: World) -> None:
    request = asked(world)
    first, second, third = asked_for_prices(world, carpenters(world, 3), request)
    phone = Phone(first).unlock()
    assert phone.post("refuser").status_code == 422
    assert phone.post("refuser", reason="too_busy", comment="En janvier").status_code == 302
    phone = Phone(priced(world, second)).unlock()
    assert phone.post("retirer").status_code == 302
    phone = Phone(third).unlock()
    assert phone.post("pas-moi").status_code == 200
    assert phone.get().status_code == 410
    assert list(PriceRequest.objects.order_by("pk").values_list("status", flat=True)) == [
        "declined",
        "retracted",
        "undeliverable",
    ]


def test_what_is_over_is_said_kindly(world: World, phone: Phone, one: PriceRequest, monday: Any) -> None:
    phone.unlock()
    withdraw_price(one, by=world.actor())
    answer = phone.post("repondre", **typed(confirm="1"))
    assert answer.status_code == 409
    assert "Nous n'avons plus besoin d'un prix" in text_of(phone.get()).replace("’", "'")
    monday.shift(dt.timedelta(days=30))
    assert phone.get().status_code == 410


def test_one_link_does_not_open_anothers_question(world: World) -> None:
    first, second = asked_for_prices(world)
    phone, other = Phone(first).unlock(), Phone(second)
    answer = phone.browser.post(f"{other.url}repondre/", typed(confirm="1"), headers={"Origin": "null"})
    assert (answer.status_code, PriceRequest.objects.get(pk=second.pk).status) == (403, "sent")


# --- a provider's own space ----------------------------------------


def test_signed_in_a_provider_sees_and_answers_its_own_only(world: World) -> None:
    first, second = asked_for_prices(world)
    ProviderMember.objects.create(
        organisation=world.organisation, provider=first.provider, user=world.users["provider"]
    )
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(world.users["provider"])
    assert NEED in text_of(browser.get("/prestataires/mon-espace/"))
    mine, theirs = (f"/prestataires/mon-espace/prix/{row.public_id}/" for row in (first, second))
    assert browser.get(mine).status_code == 200
    assert (browser.get(theirs).status_code, browser.post(f"{theirs}repondre/", typed(confirm="1")).status_code) == (
        404,
        404,
    )
    assert browser.post(f"{mine}repondre/", typed()).status_code == 200
    assert browser.post(f"{mine}repondre/", typed(confirm="1")).status_code == 302
    assert list(PriceRequest.objects.order_by("pk").values_list("status", flat=True)) == ["priced", "sent"]
    assert "150,00 € HT" in text_of(browser.get("/prestataires/mon-espace/"))


# --- the team ----------------------------------------


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(world.users["concierge"])
    return browser


def test_months_are_small_inside_a_sentence(world: World) -> None:
    one = priced(world)
    one.earliest_on, one.valid_until = dt.date(2027, 12, 1), dt.date(2027, 12, 24)
    with translation.override("fr"):
        row = row_of(one)
    assert (row["first"], row["last"]) == ("mer 1er déc.", "ven 24 déc.")


def test_the_desk_asks_compares_and_takes_a_price_over(world: World, desk: Browser) -> None:
    request, (one, other) = asked(world), carpenters(world)
    page = f"/prestataires/demandes/{request.public_id}/prix/"
    wish = request.wishes.get()
    due = (timezone.localdate() + dt.timedelta(days=2)).isoformat()
    given = {
        "wish": str(wish.pk),
        "providers": [str(one.public_id), str(other.public_id)],
        "need": NEED,
        "due_on": due,
    }
    answer = desk.post(f"{page}demander/", given)
    assert (answer.status_code, answer["Location"]) == (302, page)
    first, second = PriceRequest.objects.with_need().order_by("pk")
    assert first.due_at.astimezone(dt.UTC).hour == 17
    priced(world, first)
    text = text_of(desk.get(page))
    assert "150,00 € HT" in text
    assert "180,00 € TTC, TVA de 20 %" in text
    assert "2 jours 7 heures pour répondre" in text
    change = f"/prestataires/prix/{first.public_id}/utiliser/"
    assert desk.post(change, {"margin": "200"}).status_code == 422
    assert Quote.objects.count() == 0
    answer = desk.post(change, {"margin": "15", "option": "0", "keep": "service"})
    quote = Quote.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/devis/{quote.public_id}/modifier/")
    # The desk may not keep a margin for everybody: that is for whoever sets prices.
    assert QuoteMargin.objects.count() == 0
    assert "Compté dans : Brouillon" in text_of(desk.get(page))
    assert "marge de 15 %" in text_of(desk.get(answer["Location"]))
    assert second.status == "sent"


def test_whoever_sets_prices_may_keep_the_margin(world: World) -> None:
    one = priced(world)
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(world.users["site_manager"])
    answer = browser.post(
        f"/prestataires/prix/{one.public_id}/utiliser/", {"margin": "12,5", "option": "0", "keep": "service"}
    )
    assert answer.status_code == 302
    kept = QuoteMargin.objects.get()
    assert (str(kept.percent), kept.service) == ("12.50", service_of(world))


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"providers": []}, 422, "providers"),
        ({"providers": ["not-one"]}, 422, "providers"),
        ({"need": ""}, 422, "need"),
        ({"due_on": "2026-11-20"}, 400, "due_on"),
        ({"due_on": "2027-11-20"}, 400, "due_on"),
        ({"wanted_on": "2026-11-20"}, 400, "wanted_on"),
    ],
)
def test_a_question_that_makes_no_sense_stays_on_the_page(
    world: World, desk: Browser, change: dict[str, Any], status: int, field: str
) -> None:
    request, (one, _other) = asked(world), carpenters(world)
    given = {
        "wish": str(request.wishes.get().pk),
        "providers": [str(one.public_id)],
        "need": NEED,
        "due_on": "2026-11-26",
        **change,
    }
    answer = desk.post(f"/prestataires/demandes/{request.public_id}/prix/demander/", given)
    assert answer.status_code == status
    (part,) = answer.context["parts"]
    assert list(part["form"].errors) == [field]
    assert part["form"]["need"].value() == given["need"]
    text_of(answer)
    assert PriceRequest.objects.count() == 0


def test_a_wish_of_another_request_asks_nobody(world: World, desk: Browser) -> None:
    request = asked(world)
    for wish in ("", "0", "x"):
        answer = desk.post(f"/prestataires/demandes/{request.public_id}/prix/demander/", {"wish": wish})
        assert answer.status_code == 422
    assert PriceRequest.objects.count() == 0


def test_a_price_that_is_gone_is_said_on_the_page_of_the_quote(world: World, desk: Browser) -> None:
    one = priced(world)
    desk.post(f"/prestataires/prix/{one.public_id}/utiliser/", {"margin": "15", "option": "0"})
    with tenancy.working_for(world.organisation):
        quote = Quote.objects.get()
    assert desk.post(f"/prestataires/prix/{one.public_id}/retirer/").status_code == 302
    answer = desk.post(f"/devis/{quote.public_id}/envoyer/", {"edits": str(quote.edits)})
    assert (answer.status_code, Quote.objects.get().status) == (409, "draft")
    assert f"Le prix de {one.provider.name} n'est plus valable" in text_of(answer).replace("’", "'")


def test_in_the_editor_the_origin_stays_until_the_price_is_ours(world: World, desk: Browser) -> None:
    one = priced(world)
    desk.post(f"/prestataires/prix/{one.public_id}/utiliser/", {"margin": "15", "option": "0"})
    quote = Quote.objects.get()
    source = str(one.public_id)
    line = {
        "edits": str(quote.edits),
        "options": "1",
        "o0-lines": "1",
        "o0-l0-description": "Pose",
        "o0-l0-quantity": "1",
        "o0-l0-unit_price": "210",
        "o0-l0-vat_code": "standard",
        "o0-l0-kind": "work",
        "head-valid_until": quote.valid_until.isoformat(),
        "head-fee": "0",
    }
    address = f"/devis/{quote.public_id}/modifier/"
    assert desk.post(address, {**line, "o0-l0-source": source, "do": "save"}).status_code == 302
    row = QuoteLine.objects.get()
    assert (str(row.source), str(row.cost), str(row.unit_price_incl_vat)) == (source, "150.00", "210.00")
    # A price that the draft does not count on is nothing that a browser can bring in.
    line["edits"] = str(Quote.objects.get().edits)
    foreign = "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11"
    answer = desk.post(address, {**line, "o0-l0-source": source, "do": "own:0:0"})
    assert answer.context["editor"].options[0]["lines"][0].origin is None
    assert desk.post(address, {**line, "o0-l0-source": foreign, "do": "save"}).status_code == 302
    assert QuoteLine.objects.get().source is None


def test_the_comparison_takes_as_many_queries_for_three_as_for_one(world: World, desk: Browser) -> None:
    request = asked(world)
    page = f"/prestataires/demandes/{request.public_id}/prix/"

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            text_of(desk.get(page))
        return len(found)

    priced(world, asked_for_prices(world, carpenters(world, 1), request)[0])
    desk.get(page)
    alone = count()
    for one in asked_for_prices(world, carpenters(world, 2), request):
        priced(world, one)
    assert count() == alone
