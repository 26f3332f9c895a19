"""The rules by which providers are asked: data, said in words, and never without an end."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from bookings.models import Service, WorkOrder
from concierge import tenancy
from concierge.errors import Invalid
from concierge.models import Deadline, Event
from notifications.actions.letters_to_staff import needs_dispatch
from notifications.models import Message
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.policies import PolicyChanged, Terms, drop_offer_policy, set_offer_policy
from providers.actions.rounds import send_next_wave, start_round, stop_round
from providers.enums import DeclineReason, RoundMode, RoundStatus
from providers.models import Offer, OfferPolicy, OfferRound, Provider
from providers.rules import asking
from tests.auditor import audit
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for
from tests.providers.test_pages import browser_of, page
from tests.world import World

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
LIST = "/mise-en-relation/sollicitation/"
GENERAL = "/mise-en-relation/sollicitation/generale/"
TYPED = {
    "mode": "wave",
    "wave_size": "2",
    "max_waves": "2",
    "answer_hours": "3",
    "gap_hours": "1",
    "reminders": ["50"],
    "stop_before_hours": "2",
    "ladder": "sms_call",
    "sms_from": "07:30",
    "sms_until": "19:00",
    "extension_hours": "2",
    "most_extensions": "0",
    "version": "0",
}


def wrong() -> set[str]:
    def execute(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    return {name.split()[0] for name in audit(execute) if name.startswith("I1") and name.split()[0] in ROUND_CHECKS}


ROUND_CHECKS = {"I13", "I14", "I16"}


def asked() -> list[tuple[int, str]]:
    return [(one.wave.number, one.status) for one in Offer.objects.select_related("wave").order_by("pk")]


def of_request(world: World, order: WorkOrder) -> str:
    where = reverse("providers:offers-of-request", args=[order.request.public_id])
    return page(browser_of(world.users["dispatcher"]).get(where))


def reason() -> str:
    return str(Event.objects.filter(name="work_order.needs_dispatch").order_by("-pk")[0].data["reason"])


# --- how long it lasts ------------------------------------


@pytest.mark.promise("domain R31")
@pytest.mark.parametrize(
    ("waves", "answer", "gap", "hours", "days"),
    [
        (3, "4", None, "12", 4),
        (3, "4", "1", "6", 3),
        (3, "4", "9", "12", 4),
        (1, "80", None, "80", 13),
        (9, "42", None, "378", 60),
        (9, "42.25", None, "380.25", 61),
        (20, "80", None, "1600", 250),
    ],
)
def test_how_long_a_search_lasts(waves: int, answer: str, gap: str | None, hours: str, days: int) -> None:
    found = asking.hours_of(waves, Decimal(answer), None if gap is None else Decimal(gap))
    assert (found, asking.longest_days(found)) == (Decimal(hours), days)
    assert (days <= asking.LONGEST.days) == (found <= asking.MOST_HOURS)


@pytest.mark.parametrize(
    ("begins_in", "stop_before", "ends_in"),
    [(48, 4, 44), (3, 4, 3), (-1, 4, 1440), (3000, 0, 1440), (1441, 2, 1439)],
    ids=["before", "too near", "late work", "far ahead", "sixty days"],
)
def test_when_a_search_stops(begins_in: int, stop_before: int, ends_in: int) -> None:
    ends = asking.search_ends_at(MONDAY, MONDAY + begins_in * HOUR, stop_before * HOUR)
    assert ends == MONDAY + ends_in * HOUR


@pytest.mark.promise("domain R31")
def test_rules_that_never_end_are_refused(world: World) -> None:
    by = world.actor("network_head")
    with pytest.raises(Invalid, match="250") as refused:
        set_offer_policy(world.organisation, max_waves=20, answer_hours=Decimal(80), by=by)
    assert refused.value.field == "max_waves"
    policy = set_offer_policy(world.organisation, max_waves=20, answer_hours=Decimal(80), gap_hours=Decimal(9), by=by)
    for change in (
        {"gap_hours": None},
        {"mode": "direct"},
        {"mode": "sequence"},
        {"mode": "broadcast"},
        {"gap_hours": 0},
        {"reminders": [33]},
        {"stop_before_hours": 337},
    ):
        with pytest.raises(IntegrityError, match="offer_policy_"), transaction.atomic():
            OfferPolicy.objects.filter(pk=policy.pk).update(**change)


def test_a_change_of_the_rules_is_told_whole(world: World) -> None:
    """Every term of the row is in the event: who reads the journal knows by which rules was asked that day."""
    given = Terms(extension_hours=Decimal(3), most_extensions=2, gap_hours=Decimal(2))
    policy = set_offer_policy(world.organisation, by=world.actor("network_head"), **given)
    said = dict(Event.objects.get(name="offer_policy.changed").data)
    assert said.pop("weights") == [policy.weight_distance, policy.weight_share, policy.weight_capacity]
    said["sms_from"], said["sms_until"] = map(dt.time.fromisoformat, said.pop("sms_hours"))
    assert said == {name: _said(getattr(policy, name)) for name in said}
    assert set(said) == set(Terms.__annotations__)


def _said(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value


def test_who_saves_what_somebody_else_has_changed_is_told(world: World) -> None:
    by = world.actor("network_head")
    set_offer_policy(world.organisation, wave_size=2, version=0, by=by)
    with pytest.raises(PolicyChanged):
        set_offer_policy(world.organisation, wave_size=5, version=0, by=by)
    again = set_offer_policy(world.organisation, wave_size=4, weights=(50, 25, 25), version=1, by=by)
    set_offer_policy(world.organisation, wave_size=4, version=2, by=by)
    again.refresh_from_db()
    assert (again.wave_size, again.version, again.weight_distance) == (4, 3, 50)


# --- how it is asked --------------------------------------


@pytest.mark.promise("domain R31")
@pytest.mark.parametrize(("mode", "first"), [("sequence", 1), ("broadcast", 4), ("direct", 1), ("wave", 2)])
def test_each_mode_asks_as_it_says(
    world: World, heels: WorkOrder, cobblers: list[Provider], mode: str, first: int
) -> None:
    set_offer_policy(world.organisation, mode=RoundMode(mode), wave_size=2, max_waves=4, by=world.actor())
    assert start_round(heels, by=world.actor()).mode == mode
    assert asked() == [(1, "sent")] * first
    assert wrong() == set()
    for _n in range(4):
        for offer in Offer.objects.open().select_related("provider").order_by("pk"):
            decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
    assert [wave for wave, _status in asked()] == {
        "sequence": [1, 2, 3, 4],
        "broadcast": [1, 1, 1, 1],
        "direct": [1],
        "wave": [1, 1, 2, 2],
    }[mode]
    heels.refresh_from_db()
    assert (heels.status, reason()) == ("needs_dispatch", "all_declined" if mode == "wave" else "all_waves_sent")
    assert wrong() == set()


@pytest.mark.promise("domain R31")
def test_after_the_gap_the_next_ones_are_asked_too(
    world: World, heels: WorkOrder, cobblers: list[Provider], monday: Any
) -> None:
    set_offer_policy(world.organisation, wave_size=2, max_waves=3, gap_hours=Decimal(2), by=world.actor())
    current = start_round(heels, by=world.actor())
    monday.move_to(MONDAY + 2 * HOUR - dt.timedelta(minutes=1))
    settle(world.organisation)
    assert asked() == [(1, "sent")] * 2
    monday.move_to(MONDAY + 2 * HOUR + dt.timedelta(minutes=1))
    settle(world.organisation)
    assert asked() == [(1, "sent")] * 2 + [(2, "sent")] * 2
    assert wrong() == set()
    # Nobody is left for a third time: those who are asked may still answer.
    monday.move_to(MONDAY + 4 * HOUR + dt.timedelta(minutes=3))
    settle(world.organisation)
    assert asked() == [(1, "expired")] * 2 + [(2, "sent")] * 2
    accept_offer(Offer.objects.open().order_by("pk")[0], by=acting_for(cobblers[2]))
    send_next_wave(current, by=world.actor())
    stop_round(current, by=world.actor())
    assert [status for _wave, status in asked()] == ["expired", "expired", "accepted", "not_selected"]
    assert wrong() == set()


def test_the_gap_is_not_waited_for_when_all_have_answered(
    world: World, heels: WorkOrder, cobblers: list[Provider], monday: Any
) -> None:
    set_offer_policy(world.organisation, mode=RoundMode.SEQUENCE, gap_hours=Decimal(3), by=world.actor())
    start_round(heels, by=world.actor())
    monday.move_to(MONDAY + 2 * HOUR)
    first = Offer.objects.open().select_related("provider").get()
    decline_offer(first, reason=DeclineReason.TOO_BUSY, by=acting_for(first.provider))
    monday.move_to(MONDAY + 4 * HOUR)
    settle(world.organisation)
    assert asked() == [(1, "declined"), (2, "sent")]
    assert Deadline.objects.get(kind="offer_round.next_wave", fired_at=None).due_at > MONDAY + 5 * HOUR


@pytest.mark.promise("domain R31")
def test_before_the_work_begins_a_person_takes_over(
    world: World, heels: WorkOrder, cobblers: list[Provider], monday: Any
) -> None:
    """Work that begins on Thursday at ten, ten hours before: on Thursday at midnight nobody is asked any more."""
    set_offer_policy(world.organisation, wave_size=2, answer_hours=Decimal(80), stop_before_hours=10, by=world.actor())
    WorkOrder.objects.filter(pk=heels.pk).update(promised_end=heels.promised_start, duration_minutes=0)
    heels.refresh_from_db()
    current = start_round(heels, by=world.actor())
    assert current.ends_at == heels.promised_start - 10 * HOUR
    assert {offer.due_at for offer in Offer.objects.order_by("pk")} == {current.ends_at}
    stop_round(current, by=world.actor())
    assert asked() == [(1, "sent")] * 2
    monday.move_to(current.ends_at)
    settle(world.organisation)
    heels.refresh_from_db()
    assert (heels.status, reason(), asked()) == ("needs_dispatch", "stopped", [(1, "expired")] * 2)
    current.refresh_from_db()
    assert current.status == RoundStatus.EXHAUSTED
    assert wrong() == set()
    shown = of_request(world, heels)
    assert "Le délai est écoulé" in shown
    with tenancy.working_for(world.organisation), translation.override("fr"):
        letter = needs_dispatch(Message.objects.filter(kind="work_order.needs_dispatch").select_related("event")[0])
        assert ("Pourquoi", "Le délai pour trouver quelqu’un est écoulé") in letter.facts


@pytest.mark.promise("domain R31")
def test_the_auditor_sees_what_would_stand_still(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    assert wrong() == set()
    Deadline.objects.filter(kind="offer_round.stop").update(cancelled_at=MONDAY)
    assert wrong() == {"I13"}
    Deadline.objects.filter(kind="offer.expiry").update(fired_at=MONDAY)
    assert wrong() == {"I13", "I14"}
    OfferRound.objects.update(status="won", ended_at=MONDAY)
    assert wrong() == {"I14", "I16"}


def test_a_search_says_what_happens_next(world: World, heels: WorkOrder, cobblers: list[Provider]) -> None:
    set_offer_policy(world.organisation, wave_size=1, gap_hours=Decimal(2), by=world.actor())
    start_round(heels, by=world.actor())
    shown = of_request(world, heels)
    assert "Sans oui, les suivants sont sollicités" in shown
    assert "Une personne décide au plus tard" in shown


# --- the page ---------------------------------------------


@pytest.fixture
def manager(world: World) -> Browser:
    return browser_of(world.users["site_manager"])


def test_rules_are_read_looked_at_and_saved(world: World, manager: Browser) -> None:
    listed = page(manager.get(LIST))
    assert "Les 3 prestataires les mieux placés sont sollicités en même temps" in listed
    looked = page(manager.post(GENERAL, {**TYPED, "look": "1"}))
    assert "Les 2 prestataires les mieux placés" in looked
    assert "Les SMS partent entre 07:30 et 19:00" in looked
    assert "rien n’est encore enregistré" in looked
    assert not OfferPolicy.objects.exists()
    assert manager.post(GENERAL, TYPED).status_code == 302
    row = OfferPolicy.objects.get()
    assert (row.wave_size, row.gap_hours, row.reminders, row.stop_before_hours) == (2, Decimal(1), [50], 2)
    said = Event.objects.get(name="offer_policy.changed").data
    assert (said["gap_hours"], said["sms_hours"]) == ("1", ["07:30", "19:00"])
    late = page(manager.post(GENERAL, {**TYPED, "wave_size": "7"}), 409)
    assert 'name="wave_size" value="7"' in late
    assert 'name="version" value="1"' in late
    assert manager.post(GENERAL, {**TYPED, "wave_size": "7", "version": "1"}).status_code == 302


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"max_waves": "20", "answer_hours": "80", "gap_hours": ""}, "250"),
        ({"answer_hours": "NaN"}, "nombre"),
        ({"answer_hours": "1e9"}, "80"),
        ({"mode": "request"}, "request"),
        ({"ladder": "pigeon"}, "pigeon"),
        (
            {"sms_from": "20:00", "sms_until": "08:00"},
            "jusqu’à une heure plus tardive",
        ),
        ({"sms_from": "25:00"}, "valide"),
        ({"reminders": ["33"]}, "33"),
        ({"stop_before_hours": "-1"}, "0"),
        ({"version": ""}, "obligatoire"),
    ],
)
def test_senseless_rules_stand_at_their_field(
    world: World, manager: Browser, changes: dict[str, Any], said: str
) -> None:
    for look in ({}, {"look": "1"}):
        shown = page(manager.post(GENERAL, {**TYPED, **changes, **look}), 422)
        assert said in shown
        assert 'name="wave_size" value="2"' in shown
    assert not OfferPolicy.objects.exists()


def test_a_service_gets_its_own_rules_and_gives_them_up(world: World, manager: Browser, other_world: World) -> None:
    here = f"/mise-en-relation/sollicitation/{world.cobbler.public_id}/"
    assert "suit les règles générales" in page(manager.get(here))
    assert manager.post(here, {**TYPED, "mode": "sequence"}).status_code == 302
    row = OfferPolicy.objects.get()
    assert (row.service, row.mode, row.wave_size) == (world.cobbler, "sequence", 1)
    assert "Le prestataire le mieux placé est sollicité seul" in page(manager.get("/mise-en-relation/sollicitation/"))
    for _n in range(2):
        assert manager.post(f"{here}retirer/").status_code == 302
    assert not OfferPolicy.objects.exists()
    assert Event.objects.filter(name="offer_policy.dropped").count() == 1
    assert manager.get(f"/mise-en-relation/sollicitation/{other_world.cobbler.public_id}/").status_code == 404
    assert manager.get(f"/mise-en-relation/sollicitation/{world.ironing.public_id}/").status_code == 404


def test_the_list_of_rules_costs_the_same_with_one_and_three(world: World, manager: Browser) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            page(manager.get(LIST))
        return len(found)

    by = world.actor("network_head")
    set_offer_policy(world.organisation, service=world.cobbler, by=by)
    before = queries()
    for n in range(2):
        one = Service.objects.get(pk=world.cobbler.pk)
        one.pk, one.code, one.name = None, f"s{n}", f"S{n}"
        one.public_id = Service._meta.get_field("public_id").get_default()
        one._state.adding = True
        one.save()
        set_offer_policy(world.organisation, service=one, by=by)
    assert queries() == before
    drop_offer_policy(world.organisation, world.cobbler, by=by)
    assert OfferPolicy.objects.count() == 2
