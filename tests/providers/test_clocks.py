"""The clock of an offer: it stands still for a reason, goes on, and is given more time (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions.pauses import hold_request, resume_request
from bookings.enums import HoldReason
from concierge import deadlines
from concierge.errors import Invalid
from concierge.models import Deadline, Event
from notifications.enums import Kind
from notifications.models import Message
from providers.actions import clocks as verbs
from providers.actions.businesses import add_member
from providers.actions.clocks import PAUSE_END, extend_offer, hold_clocks, pause_offer, resume_offer
from providers.actions.offer_moves import EXPIRY, STOP
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.policies import Terms, set_offer_policy
from providers.actions.refusals import (
    ExtensionAsked,
    NoMoreTime,
    OfferAnswered,
    OfferExpired,
    OfferNotPaused,
    OfferPaused,
    OfferWithdrawn,
    PausedTooOften,
)
from providers.actions.rounds import withdraw_offers
from providers.enums import DeclineReason, PauseReason
from providers.models import Offer, OfferPause, OfferRound
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for
from tests.providers.test_api import OFFERS, Api, api_of
from tests.providers.test_link_page import Phone
from tests.providers.test_pages import browser_of, of_request, page, staff
from tests.providers.test_races import Race, asked, race
from tests.world import World

__all__ = ["asked", "staff"]
pytestmark = pytest.mark.promise("domain R31")
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
QUESTION = "Quelle hauteur de talon ?"


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """So many days after Monday."""
    return MONDAY.replace(hour=hour, minute=minute) + dt.timedelta(days=day)


def asks(offer: Offer, note: str = QUESTION) -> OfferPause:
    return pause_offer(offer, reason=PauseReason.AWAITING_CLIENT_INFO, note=note, by=acting_for(offer.provider))


def due(offer: Offer) -> dt.datetime:
    return Offer.objects.get(pk=offer.pk).due_at


def is_about(moment: dt.datetime, wanted: dt.datetime) -> bool:
    return abs(moment - wanted) < 2 * MINUTE


def open_deadlines(kind: str) -> list[dt.datetime]:
    rows = Deadline.objects.filter(kind=kind, fired_at=None, cancelled_at=None).order_by("due_at")
    return list(rows.values_list("due_at", flat=True))


def letters(kind: Kind) -> set[str]:
    return set(Message.objects.filter(kind=kind).values_list("recipient_kind", flat=True))


def test_no_time_passes_while_a_question_is_open(offers: list[Offer], world: World, monday: Any) -> None:
    offer = offers[0]
    assert is_about(due(offer), at(0, 14))
    monday.move_to(at(0, 11))
    pause = asks(offer)
    assert is_about(MONDAY + pause.left, at(0, 13))
    settle(world.organisation)
    assert letters(Kind.OFFER_PAUSED) == {"staff"}
    # Long after it would have been over.
    monday.move_to(at(1, 9, 30))
    deadlines.sweep(world.organisation.pk)
    assert Offer.objects.get(pk=offer.pk).status == "sent"
    resume_offer(offer, answer="Trois centimètres", by=world.actor("dispatcher"))
    settle(world.organisation)
    assert is_about(due(offer), at(1, 12, 30))
    assert open_deadlines(EXPIRY)[-1] == due(offer)
    assert letters(Kind.OFFER_RESUMED) == {"provider"}
    assert OfferPause.objects.get().answer == "Trois centimètres"
    monday.move_to(at(1, 12, 33))
    deadlines.sweep(world.organisation.pk)
    assert Offer.objects.get(pk=offer.pk).status == "expired"


def test_nothing_stands_still_for_ever(offers: list[Offer], world: World, monday: Any) -> None:
    pause = asks(offers[0])
    current = OfferRound.objects.get()
    # Thursday at ten, but the search ends before that.
    assert pause.until == min(pause.started_at + dt.timedelta(days=3), current.ends_at - 30 * MINUTE)
    assert open_deadlines(PAUSE_END) == [pause.until]
    assert pause.until < due(offers[0]) <= current.ends_at
    monday.move_to(pause.until + MINUTE)
    deadlines.sweep(world.organisation.pk)
    pause.refresh_from_db()
    assert pause.ended_at is not None
    assert Offer.objects.get(pk=offers[0].pk).status == "sent"
    monday.move_to(current.ends_at + MINUTE)
    deadlines.sweep(world.organisation.pk)
    assert Offer.objects.get(pk=offers[0].pk).status == "expired"


@pytest.mark.parametrize("how", ["yes", "no", "withdrawn"])
def test_whoever_waits_may_answer_all_the_same(offers: list[Offer], world: World, how: str) -> None:
    offer, by = offers[0], acting_for(offers[0].provider)
    asks(offer)
    if how == "yes":
        accept_offer(offer, by=by)
    elif how == "no":
        decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=by)
    else:
        withdraw_offers(offer.work_order, by=world.actor())
    assert OfferPause.objects.going_on().count() == 0
    with pytest.raises(OfferWithdrawn if how == "withdrawn" else OfferAnswered):
        resume_offer(offer, by=by)


def test_twice_is_enough_and_once_at_a_time(offers: list[Offer]) -> None:
    offer, by = offers[0], acting_for(offers[0].provider)
    with pytest.raises(OfferNotPaused):
        resume_offer(offer, by=by)
    for _n in range(2):
        asks(offer)
        with pytest.raises((OfferPaused, PausedTooOften)):
            asks(offer)
        resume_offer(offer, by=by)
    with pytest.raises(PausedTooOften):
        asks(offer)
    assert OfferPause.objects.count() == 2


@pytest.mark.parametrize(
    ("reason", "note", "field"),
    [
        ("awaiting_client_info", "  ", "note"),
        ("awaiting_client_info", "x" * 201, "note"),
        ("request_on_hold", "", "reason"),
    ],
)
def test_nonsense_is_refused_at_its_field(offers: list[Offer], reason: str, note: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        pause_offer(offers[0], reason=PauseReason(reason), note=note, by=acting_for(offers[0].provider))
    assert refusal.value.field == field
    assert OfferPause.objects.count() == 0


def test_an_answer_names_no_client(offers: list[Offer], world: World) -> None:
    asks(offers[0])
    with pytest.raises(Invalid) as refusal:
        resume_offer(offers[0], answer=f"Voyez avec {world.client}", by=world.actor("dispatcher"))
    assert refusal.value.field == "answer"
    assert OfferPause.objects.going_on().count() == 1


def test_the_database_keeps_the_rules(offers: list[Offer]) -> None:
    pause = asks(offers[0])
    rows = OfferPause.objects.filter(pk=pause.pk)
    for change, name in (
        ({"until": pause.started_at + dt.timedelta(days=61)}, "ends_within_sixty_days"),
        ({"left": dt.timedelta(0)}, "leaves_time"),
        ({"reason": "tired"}, "reason_is_known"),
    ):
        with pytest.raises(IntegrityError, match=f"offer_pause_{name}"), transaction.atomic():
            rows.update(**change)


# --- more time -------------------------------------------------------------------------------------------------------


def test_more_time_by_the_rules_then_by_the_team(offers: list[Offer], world: World) -> None:
    offer, by = offers[0], acting_for(offers[0].provider)
    before = due(offer)
    assert extend_offer(offer, by=by).due_at == before + 2 * HOUR
    assert open_deadlines(EXPIRY).count(before + 2 * HOUR) == 1
    assert extend_offer(offer, by=by).extension_asked_at is not None
    assert due(offer) == before + 2 * HOUR
    with pytest.raises(ExtensionAsked):
        extend_offer(offer, by=by)
    settle(world.organisation)
    assert (letters(Kind.EXTENSION_ASKED), letters(Kind.OFFER_EXTENDED)) == ({"staff"}, set())
    granted = extend_offer(offer, by=world.actor("dispatcher"))
    settle(world.organisation)
    assert (granted.extensions, granted.extension_asked_at) == (2, None)
    # Some seconds are left for the next morning.
    assert is_about(due(offer), at(1, 9))
    assert letters(Kind.OFFER_EXTENDED) == {"provider"}


def test_the_rules_of_the_service_say_how_much(offers: list[Offer], world: World) -> None:
    by = world.actor("network_head")
    set_offer_policy(world.organisation, service=world.cobbler, most_extensions=0, by=by)
    assert extend_offer(offers[0], by=acting_for(offers[0].provider)).extensions == 0
    for wrong in (Terms(most_extensions=6), Terms(extension_hours=Decimal(0)), Terms(extension_hours=Decimal(41))):
        with pytest.raises(Invalid):
            set_offer_policy(world.organisation, service=world.cobbler, by=by, **wrong)


def test_more_time_while_the_clock_stands_still(offers: list[Offer], world: World, monday: Any) -> None:
    """Three hours are left when it stops: five when it goes on, and nobody has lost any."""
    offer = offers[0]
    monday.move_to(at(0, 11))
    asks(offer)
    extend_offer(offer, by=world.actor("dispatcher"))
    monday.move_to(at(1, 9, 30))
    resume_offer(offer, by=world.actor("dispatcher"))
    assert is_about(due(offer), at(1, 14, 30))


def test_no_more_time_than_the_search_has(offers: list[Offer], monday: Any) -> None:
    OfferRound.objects.update(ends_at=offers[0].due_at)
    with pytest.raises(NoMoreTime):
        extend_offer(offers[0], by=acting_for(offers[0].provider))
    monday.move_to(offers[0].due_at - 10 * MINUTE)
    with pytest.raises(NoMoreTime):
        asks(offers[0])
    monday.move_to(offers[0].due_at)
    for verb in (asks, lambda one: extend_offer(one, by=acting_for(one.provider))):
        with pytest.raises(OfferExpired):
            verb(offers[0])


# --- the request stands still ----------------------------------------------------------------------------------------


def test_clocks_follow_their_request(offers: list[Offer], world: World, monday: Any) -> None:
    request, by = offers[0].work_order.request, world.actor()
    end = OfferRound.objects.get().ends_at
    monday.move_to(at(0, 11))
    hold_request(request, reason=HoldReason.MATERIAL, until=at(9, 9), by=by)
    settle(world.organisation)
    assert set(OfferPause.objects.going_on().values_list("reason", flat=True)) == {"request_on_hold"}
    assert OfferPause.objects.count() == 3
    once = (list(Offer.objects.order_by("pk").values_list("due_at")), OfferRound.objects.get().ends_at)
    monday.move_to(at(0, 11, 30))
    hold_clocks(offers[0].work_order, by=by)
    assert (list(Offer.objects.order_by("pk").values_list("due_at")), OfferRound.objects.get().ends_at) == once
    assert OfferPause.objects.count() == 3
    later = OfferRound.objects.get().ends_at
    assert later > end + dt.timedelta(days=6)
    assert open_deadlines(STOP) == [later]
    # Past the end that the search had.
    monday.move_to(at(4, 9))
    deadlines.sweep(world.organisation.pk)
    assert set(Offer.objects.values_list("status", flat=True)) == {"sent"}
    resume_request(request, by=by)
    settle(world.organisation)
    assert OfferPause.objects.going_on().count() == 0
    assert is_about(due(offers[0]), at(4, 12))
    assert (letters(Kind.OFFER_PAUSED), letters(Kind.OFFER_RESUMED)) == (set(), {"provider"})


# --- link, space, API, team ------------------------------------------------------------------------------------------


def test_by_the_link(offers: list[Offer], world: World, monday: Any) -> None:
    phone, offer = Phone(offers[0]), offers[0]
    before = due(offer)
    for verb in ("prolonger", "suspendre", "reprendre"):
        assert phone.post(verb).status_code == 403
        assert phone.browser.get(f"{phone.url}{verb}/").status_code == 405
    assert due(offer) == before
    phone.unlock()
    assert "2 heures de plus pour répondre" in page(phone.get())
    assert phone.post("prolonger").status_code == 302
    assert due(offer) == before + 2 * HOUR
    assert "Demander plus de temps" in page(phone.get())
    empty = page(phone.post("suspendre", **{"pause-reason": "awaiting_client_info"}), 422)
    assert "Écrivez ce que vous avez besoin de savoir" in empty
    assert page(phone.post("suspendre", **{"pause-reason": "tired"}), 422)
    said = {"pause-reason": "awaiting_client_info", "pause-note": QUESTION}
    assert phone.post("suspendre", **said).status_code == 302
    assert "Le temps ne passe plus pour vous" in page(phone.get())
    assert "Le temps est déjà suspendu" in page(phone.post("suspendre", **said), 409)
    assert phone.post("reprendre").status_code == 302
    assert OfferPause.objects.going_on().count() == 0
    assert page(phone.browser.get(f"{phone.url}proposer/"))


def test_by_the_space_only_ones_own(offers: list[Offer], world: World) -> None:
    add_member(offers[0].provider, world.users["provider"], by=world.actor())
    mine = browser_of(world.users["provider"])
    address = "/prestataires/mon-espace/propositions/{}/prolonger/"
    assert address.format(offers[0].public_id) in page(
        mine.get(f"/prestataires/mon-espace/propositions/{offers[0].public_id}/proposer/")
    )
    assert mine.post(address.format(offers[0].public_id)).status_code == 302
    assert mine.post(address.format(offers[1].public_id)).status_code == 404


def test_by_the_api(offers: list[Offer], world: World) -> None:
    api, path, before = api_of(offers[0].provider), f"{OFFERS}/{offers[0].public_id}", due(offers[0])
    more = api.post(f"{path}/extend", key="once-and-for-all").json()
    assert (more["extensions"], dt.datetime.fromisoformat(more["due_at"])) == (1, before + 2 * HOUR)
    assert api.post(f"{path}/extend", key="once-and-for-all").json() == more
    for body in ({}, {"reason": "tired"}, {"reason": "request_on_hold"}, {"reason": "awaiting_client_info"}):
        assert api.post(f"{path}/pause", body).status_code == 400, body
    paused = api.post(f"{path}/pause", {"reason": "awaiting_item"})
    assert (paused.status_code, paused.json()["pause"]["reason"]) == (200, "awaiting_item")
    assert api.post(f"{path}/resume").json()["pause"] is None
    late = api.post(f"{path}/resume")
    assert (late.status_code, late.json()["code"]) == (409, "offer_not_paused")
    for verb in ("extend", "pause", "resume"):
        assert Api(world.api_key()).post(f"{path}/{verb}", {"reason": "awaiting_item"}).status_code == 403
        assert api_of(offers[1].provider).post(f"{path}/{verb}", {"reason": "awaiting_item"}).status_code == 404


def test_the_team_answers_and_grants(offers: list[Offer], staff: Browser, world: World) -> None:
    asks(offers[0], "Talon <b> haut ?")
    for _n in range(2):
        extend_offer(offers[1], by=acting_for(offers[1].provider))
    body = page(staff.get(of_request(offers[0])))
    assert "Talon &lt;b&gt; haut ?" in body
    assert "A besoin de plus de temps" in body
    resume = f"/prestataires/propositions/{offers[0].public_id}/reprendre/"
    assert browser_of(world.users["concierge"]).post(resume).status_code == 403
    wrong = page(staff.post(resume, {"answer": f"Voyez {world.client}"}), 422)
    assert f'value="Voyez {world.client}"' in wrong
    assert staff.post(resume, {"answer": "Trois centimètres"}).status_code == 302
    assert staff.post(f"/prestataires/propositions/{offers[1].public_id}/prolonger/").status_code == 302
    after = page(staff.get(of_request(offers[0])))
    assert resume not in after
    assert (Offer.objects.get(pk=offers[1].pk).extensions, OfferPause.objects.going_on().count()) == (2, 0)
    phone = Phone(offers[0]).unlock()
    assert "Trois centimètres" in page(phone.get())


# --- at once ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["pause", "extend"])
def test_more_time_against_the_end_of_the_time(asked: Race, monday: Any, verb: str) -> None:
    """Whoever comes first wins; nobody who was given time is over, and nothing is left without a deadline."""
    world, _work_order, offers = asked
    offer, by = offers[0], acting_for(offers[0].provider)
    monday.move_to(offer.due_at - dt.timedelta(seconds=2))
    give = (lambda: asks(offer)) if verb == "pause" else (lambda: extend_offer(offer, by=by))

    def end() -> None:
        monday.move_to(offer.due_at + dt.timedelta(seconds=1))
        deadlines.sweep(world.organisation.pk)

    outcome = race(world, give, end)
    found = Offer.objects.get(pk=offer.pk)
    assert outcome in ({"ok": 2}, {"ok": 1, "offer_expired": 1})
    assert found.status in {"sent", "expired"}
    if outcome["ok"] == 2:
        assert (found.status, found.due_at > timezone.now()) == ("sent", True)
        assert found.due_at in open_deadlines(EXPIRY)
    assert Event.objects.filter(name="offer.expired", subject_id=offer.public_id).count() == (found.status == "expired")


@pytest.mark.django_db(transaction=True)
def test_paused_twice_at_once(asked: Race) -> None:
    world, _work_order, offers = asked
    outcome = race(world, lambda: asks(offers[0]), lambda: asks(offers[0]))
    assert outcome == {"ok": 1, "offer_paused": 1}
    assert OfferPause.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_more_time_is_given_twice(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have read that the rules still give more time."""
    world, _work_order, offers = asked
    offer, by, both = offers[0], acting_for(offers[0].provider), threading.Barrier(2)

    def no_lock(row: Any) -> Any:
        fresh = type(row).objects.get(pk=row.pk)
        if isinstance(fresh, Offer):
            both.wait(timeout=10)
        return fresh

    monkeypatch.setattr(verbs, "lock_work_order", no_lock)
    monkeypatch.setattr(verbs, "lock_offer", no_lock)
    assert race(world, *[lambda: extend_offer(offer, by=by)] * 2) == {"ok": 2}
    assert Event.objects.filter(name="offer.extended").count() == 2
    assert Offer.objects.get(pk=offer.pk).extensions == 1
