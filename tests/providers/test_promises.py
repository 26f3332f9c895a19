"""What became of a yes: kept when the work is checked, broken when somebody of ours says so (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions.work_orders import complete_work_order, start_work_order, verify_work_order
from bookings.models import WorkOrder
from concierge.models import Event
from providers.actions import promises as verbs
from providers.actions.businesses import add_member
from providers.actions.facts import past_of
from providers.actions.matching import bought_of, recent_jobs
from providers.actions.offers import accept_offer, take_job_back
from providers.actions.promises import Promises, break_promise, honour_offer, promises_of
from providers.actions.refusals import PromiseOver
from providers.enums import BreakReason, Obstacle
from providers.models import ConsideredProvider, Offer, OfferRound
from tests.conftest import settle
from tests.providers.conftest import PARIS, acting_for
from tests.providers.test_api import OFFERS, api_of
from tests.providers.test_link_page import Phone
from tests.providers.test_pages import browser_of, of_request, page, staff
from tests.providers.test_races import Race, accept, asked, race
from tests.world import World

__all__ = ["asked", "staff"]
pytestmark = pytest.mark.promise("domain R31")


@pytest.fixture
def held(offers: list[Offer]) -> Offer:
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    return Offer.objects.with_need().get(pk=offers[0].pk)


def do(offer: Offer) -> WorkOrder:
    """The provider does it."""
    start_work_order(offer.work_order, by=acting_for(offer.provider))
    return complete_work_order(offer.work_order, by=acting_for(offer.provider))


def check(offer: Offer, world: World) -> None:
    verify_work_order(do(offer), by=world.actor())
    settle(world.organisation)


def breaks(offer: Offer, world: World, comment: str = "") -> Offer:
    return break_promise(offer, reason=BreakReason.NO_SHOW, comment=comment, by=world.actor("dispatcher"))


def state(offer: Offer) -> tuple[str, str]:
    found = Offer.objects.select_related("work_order").get(pk=offer.pk)
    return found.status, found.work_order.status


def test_checked_work_was_promised_and_done(held: Offer, world: World) -> None:
    assert promises_of([held.provider_id], now=timezone.now()) == {held.provider_id: Promises(0, 0)}
    do(held)
    settle(world.organisation)
    assert state(held) == ("accepted", "completed")
    verify_work_order(held.work_order, by=world.actor())
    settle(world.organisation)
    assert state(held) == ("honoured", "verified")
    honour_offer(held.work_order, by=world.actor())
    assert Event.objects.filter(name="offer.honoured").count() == 1
    assert promises_of([held.provider_id], now=timezone.now()) == {held.provider_id: Promises(1, 0)}


def test_what_is_done_still_counts_as_theirs(held: Offer, world: World) -> None:
    """Recent work, what was bought of them, their page and the API: as before the check."""
    check(held, world)
    assert recent_jobs([held.provider_id]) == Counter({held.provider_id: 1})
    assert bought_of([held.provider_id], timezone.localdate(), PARIS)[held.provider_id].this_year > 0
    shown = api_of(held.provider).get(f"{OFFERS}/{held.public_id}").json()
    assert (shown["status"], shown["category"], shown["work_order"]) == (
        "honoured",
        "done",
        str(held.work_order.public_id),
    )
    assert "Ce travail est terminé" in page(Phone(held).get())
    with pytest.raises(IntegrityError, match="offer_binding_once_per_work_order"), transaction.atomic():
        Offer.objects.exclude(pk=held.pk).order_by("pk").update(status="accepted")


def test_a_no_show_is_noted_and_the_work_is_looked_for_again(held: Offer, world: World) -> None:
    breaks(held, world, "Le client a attendu une heure")
    settle(world.organisation)
    assert state(held) == ("broken", "offering")
    held.refresh_from_db()
    assert (held.broken_reason, held.broken_comment) == ("no_show", "Le client a attendu une heure")
    again = OfferRound.objects.get(number=2)
    assert held.provider_id not in again.offers.order_by("pk").values_list("provider_id", flat=True)
    line = ConsideredProvider.objects.get(round=again, provider=held.provider)
    assert (line.is_kept, line.rule) == (False, Obstacle.ALREADY_ANSWERED)
    assert promises_of([held.provider_id], now=timezone.now()) == {held.provider_id: Promises(0, 1)}
    assert Event.objects.get(name="offer.broken").data["reason"] == "no_show"
    # It counts as work that was not right.
    past = past_of(held.work_order, [held.provider_id])
    assert (past.judged[held.provider_id], past.passed[held.provider_id]) == (1, 0)


def test_what_has_begun_waits_for_a_person(held: Offer, world: World) -> None:
    start_work_order(held.work_order, by=acting_for(held.provider))
    breaks(held, world)
    settle(world.organisation)
    assert state(held) == ("broken", "needs_dispatch")
    assert Event.objects.get(name="work_order.needs_dispatch").data["reason"] == "promise_broken"
    assert OfferRound.objects.count() == 1


@pytest.mark.parametrize("how", ["done", "taken back", "broken", "only asked"])
def test_there_is_no_promise_any_more(held: Offer, offers: list[Offer], world: World, how: str) -> None:
    asked = offers[1] if how == "only asked" else held
    if how == "done":
        do(held)
    elif how == "taken back":
        take_job_back(held.work_order, by=world.actor())
    elif how == "broken":
        breaks(held, world)
    before = state(asked)
    with pytest.raises(PromiseOver):
        breaks(asked, world)
    assert state(asked) == before


def test_a_year_ago_is_forgotten(held: Offer, world: World) -> None:
    check(held, world)
    later = timezone.now() + dt.timedelta(days=366)
    assert promises_of([held.provider_id], now=later) == {held.provider_id: Promises()}


def test_a_broken_promise_has_a_reason_and_no_other_offer(held: Offer) -> None:
    for change in ({"status": "broken"}, {"broken_reason": "no_show"}, {"status": "broken", "broken_reason": "other"}):
        with pytest.raises(IntegrityError, match="offer_broken_has_a_reason"), transaction.atomic():
            Offer.objects.filter(pk=held.pk).update(**change)
    held.status, held.broken_at = "broken", timezone.now()
    with pytest.raises(ValidationError):
        held.full_clean()


def test_the_team_says_so_on_the_page(held: Offer, staff: Browser) -> None:
    address = f"/prestataires/propositions/{held.public_id}/rompue/"
    assert address in page(staff.get(of_request(held)))
    empty = page(staff.post(address, {"comment": "Parti <b> sans rien dire"}), 422)
    assert "Merci de choisir ce qui s’est passé" in empty
    assert 'value="Parti &lt;b&gt; sans rien dire"' in empty
    assert page(staff.post(address, {"reason": "bored"}), 422)
    assert state(held) == ("accepted", "booked")
    assert staff.post(address, {"reason": "gave_up", "comment": "Parti"}).status_code == 302
    assert state(held) == ("broken", "ready")
    body = page(staff.get(of_request(held)))
    assert "A abandonné en cours de route – Parti" in body
    assert address not in body
    assert "il n’y a pas de promesse rompue" in page(staff.post(address, {"reason": "gave_up"}, follow=True))
    file = page(staff.get(f"/prestataires/{held.provider.public_id}/"))
    assert "promesses non tenues en un an" in file


def test_the_provider_reads_that_it_is_with_somebody_else(held: Offer, world: World) -> None:
    breaks(held, world, "Note pour nous")
    add_member(held.provider, world.users["provider"], by=world.actor())
    body = page(browser_of(world.users["provider"]).get("/prestataires/mon-espace/"))
    assert "Nous avons confié ce travail à quelqu’un d’autre" in body
    assert "Note pour nous" not in body
    shown = api_of(held.provider).get(f"{OFFERS}/{held.public_id}").json()
    assert (shown["broken_reason"], shown["work_order"]) == ("no_show", None)


# --- at once ---------------------------------------------------------------------------------------------------------


def _done(asked: Race) -> tuple[World, WorkOrder, Offer]:
    world, work_order, offers = asked
    accept(offers[0])()
    do(offers[0])
    return world, work_order, Offer.objects.with_need().get(pk=offers[0].pk)


def _begun(asked: Race) -> tuple[World, WorkOrder, Offer]:
    world, work_order, offers = asked
    accept(offers[0])()
    start_work_order(work_order, by=acting_for(offers[0].provider))
    return world, work_order, Offer.objects.with_need().get(pk=offers[0].pk)


@pytest.mark.django_db(transaction=True)
def test_done_against_broken(asked: Race) -> None:
    world, work_order, offer = _begun(asked)
    done = lambda: complete_work_order(work_order, by=acting_for(offer.provider))  # noqa: E731 - a thread's work
    outcome = race(world, done, lambda: breaks(offer, world))
    assert outcome in ({"ok": 1, "promise_over": 1}, {"ok": 1, "wrong_state": 1})
    assert state(offer) in {("accepted", "completed"), ("broken", "needs_dispatch")}


@pytest.mark.django_db(transaction=True)
def test_kept_against_broken(asked: Race) -> None:
    world, work_order, offer = _done(asked)
    verify_work_order(work_order, by=world.actor())
    outcome = race(world, lambda: honour_offer(work_order, by=world.actor()), lambda: breaks(offer, world))
    assert outcome == {"ok": 1, "promise_over": 1}
    assert state(offer) == ("honoured", "verified")


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_what_was_done_is_broken(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the team's word was read before the work was done, and is written after it."""
    world, work_order, offer = _begun(asked)
    read, done = threading.Event(), threading.Event()

    def no_lock(found: Any) -> Any:
        fresh = type(found).objects.get(pk=found.pk)
        if isinstance(fresh, WorkOrder):
            read.set()
            done.wait(timeout=10)
        return fresh

    def finish() -> None:
        read.wait(timeout=10)
        complete_work_order(work_order, by=acting_for(offer.provider))
        done.set()

    monkeypatch.setattr(verbs, "lock_work_order", no_lock)
    monkeypatch.setattr(verbs, "lock_offer", no_lock)
    monkeypatch.setattr(verbs, "take_work_order_back", lambda *args, **kwargs: None)
    assert race(world, finish, lambda: breaks(offer, world)) == {"ok": 2}
    assert state(offer) == ("broken", "completed")
