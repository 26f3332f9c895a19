"""Why a day was left out, moved or failed is read in the language of the reader, not of whoever acted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import translation

from bookings.actions import pre_orders, pricing, recurrence_days, recurrence_pauses
from bookings.actions.day_reasons import fail_day, reason_words
from bookings.enums import HolidayRule
from bookings.models import Client, Closure, Occurrence, ServiceAtSite
from bookings.rules import prices
from concierge.errors import DomainError
from notifications.actions.writing import write
from notifications.models import Message
from tests.bookings.conftest import first_run, weekly_basket
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_recurrences import begin, sweep
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
LANGUAGES = ("fr", "en")
GONE = (
    "Un des services n’est plus proposé ici. Choisissez de nouveau.",
    "One of the services is not offered here any more. Please choose again.",
)
SKIPPED = ("Sauté à votre demande", "Left out on request")


def browsers(world: World) -> list[Browser]:
    """The same person of the team, reading French and English."""
    found = [Browser(headers={"Accept-Language": language}) for language in LANGUAGES]
    for browser in found:
        browser.force_login(world.users["concierge"])
    return found


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_what_failed_is_read_by_each_in_their_language(world: World, spoken: str) -> None:
    """The team once read « One of the services is not offered here any more », as it was written to the client."""
    found = begin(world)
    Client.objects.filter(pk=found.client_id).update(language=spoken, email="ines@example.fr")
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=False)
    sweep(world)
    with_key = {"Authorization": f"Bearer {world.api_key()}"}
    for language, desk, other in zip(LANGUAGES, browsers(world), (GONE[1], GONE[0]), strict=True):
        said = GONE[LANGUAGES.index(language)]
        # The page of the regular request also says what has become of its order.
        for page, times in (("/silences/", 2), (f"/regulieres/{found.public_id}/", 3)):
            words = shown(desk.get(page))
            assert [words.count(one) for one in (said, other)] == [times, 0]
        for path in (f"/api/v1/recurrences/{found.public_id}/occurrences?status=failed", "/api/v1/silences"):
            answer = Browser().get(path, headers={**with_key, "Accept-Language": language}).json()
            days = answer.get("failed_days") or answer["results"]
            assert [(one["reason_code"], one["reason"]) for one in days] == [("bad_order", said)] * 2
    settle()
    letter = write(Message.objects.filter(kind="occurrence.failed")[0])
    assert [one in letter.text for one in GONE] == [spoken == language for language in LANGUAGES]


def test_whoever_tries_again_reads_in_their_own_language_why_not(world: World) -> None:
    found = begin(world)
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=False)
    sweep(world)
    one = found.occurrences.order_by("due_on")[0]
    said = [shown(desk.post(f"/regulieres/jours/{one.public_id}/reessayer/", follow=True)) for desk in browsers(world)]
    assert [f"Toujours impossible\u00a0: {GONE[0]}" in page for page in said] == [True, False]
    assert [f"Still not possible: {GONE[1]}" in page for page in said] == [False, True]


@pytest.mark.parametrize("acted_in", LANGUAGES)
def test_what_was_left_out_is_read_by_each_in_their_language(world: World, acted_in: str) -> None:
    found = begin(world)
    sweep(world)
    first, second, third = found.occurrences.order_by("due_on")[:3]
    with translation.override(acted_in):
        recurrence_days.skip_occurrence(second, by=world.actor())
        recurrence_pauses.pause_recurrence(found, first=third.due_on, last=third.due_on, by=world.actor())
    assert first.request is not None
    assert second.request is not None
    for language, desk in zip(LANGUAGES, browsers(world), strict=True):
        client = Browser(headers={"Accept-Language": language})
        for page in (
            shown(desk.get(f"/regulieres/{found.public_id}/")),
            shown(desk.get(f"/demandes/{second.request.public_id}/")),
            shown(client.get(f"/suivi/{first.request.tracking_token}/serie/")),
        ):
            assert [one in page for one in SKIPPED] == [language == "fr", language == "en"]


def _refusals(world: World) -> list[tuple[DomainError, str, str]]:
    """With what they say in French and in English."""
    run = first_run(weekly_basket(world))
    found = [
        (
            pre_orders.OrdersClosed(run),
            "Les commandes pour cette distribution sont closes. Vous pouvez commander pour la suivante\u00a0: jeudi 26 "
            "novembre à 12:00.",
            "Orders for this hand-out are closed. You can order for the next one: Thursday 26 November at 12:00.",
        ),
        (
            pre_orders.RunFull(3),
            "Il n’en reste que 3 pour cette distribution. Commandez-en moins, ou choisissez une autre date.",
            "Only 3 are left for this hand-out. Please order fewer, or choose another one.",
        ),
    ]
    wish = prices.Wish(service=str(world.ironing.public_id), quantities={str(world.shirt.public_id): 10_000})
    with pytest.raises(pricing.BadOrder) as refused:
        pricing.price_order(pricing.tariffs_of(world.site, dt.date(2026, 11, 23)), [wish])
    return [*found, (refused.value, "Au plus ", "At most ")]


def test_a_refusal_keeps_its_amounts_and_days_in_every_language(world: World) -> None:
    for refusal, *expected in _refusals(world):
        one = Occurrence()
        fail_day(one, refusal)
        for language, said in zip(LANGUAGES, expected, strict=True):
            with translation.override(language):
                assert reason_words(one).startswith(said), reason_words(one)


def test_days_of_before_stay_readable(world: World) -> None:
    """They were written in one language. What was left out has its code."""
    failed = Occurrence(status="failed", reason_code="slot_taken", reason="Quelqu’un a pris la place.")
    skipped = Occurrence(status="skipped", reason_code="skipped", reason="Sauté à votre demande")
    strange = Occurrence(status="skipped", reason_code="of_another_time", reason="Autrefois")
    said = {}
    for language in LANGUAGES:
        with translation.override(language):
            said[language] = [reason_words(one) for one in (failed, skipped, strange)]
    assert said == {
        "fr": ["Quelqu’un a pris la place.", "Sauté à votre demande", "Autrefois"],
        "en": ["Quelqu’un a pris la place.", "Left out on request", "Autrefois"],
    }


def test_why_a_hand_out_is_not_as_usual(world: World) -> None:
    day = dt.date(2026, 12, 3)
    Closure.objects.create(organisation=world.organisation, site=world.site, starts_on=day, ends_on=day)
    with translation.override("en"):
        run = weekly_basket(world, holiday_rule=HolidayRule.BEFORE).runs.get(due_on=day)
    expected = (
        "Déplacé\u00a0: le site est fermé le jour habituel.",
        "Moved: the site is closed on the usual day.",
    )
    said: dict[str, Any] = {}
    for language, desk, words in zip(LANGUAGES, browsers(world), expected, strict=True):
        page = shown(desk.get(f"/precommandes/{run.public_id}/"))
        said[language] = words.replace("\u00a0", " ") in page.replace("\u00a0", " ")
        with translation.override(language):
            assert run.reason_words == words
    assert said == {"fr": True, "en": True}
    # As somebody typed it, whatever it is.
    run.status, run.reason = "cancelled", "moved"
    assert run.reason_words == "moved"
