"""That a stand was held is said by somebody, day by day, and counted apart from what was planned (R12)."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import stand_days
from bookings.actions.openings import close_site, remove_presence
from bookings.actions.stand_days import state_day
from bookings.models import Presence, StandDay
from bookings.models.usage import presence_of
from bookings.views.stand_days import rows_at, rows_of
from concierge.db import refuse_on
from concierge.errors import Invalid
from concierge.models import Event
from tests.bookings.test_accounts import TODAY, account, stand
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_races import race, real_world
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
# Tuesdays of November 2026: the 3rd, 10th, 17th and 24th; today is Monday the 23rd.
TUESDAY, NOON, ONE, HALF_PAST = dt.date(2026, 11, 17), dt.time(12), dt.time(13), dt.time(13, 30)


def said() -> list[tuple[Any, ...]]:
    return list(StandDay.objects.order_by("day", "pk").values_list("day", "opens", "closes", "reason"))


@pytest.mark.promise("domain R12")
def test_what_is_said_is_counted_apart_from_what_was_planned(world: World) -> None:
    found = account(world, presence_hours=Decimal(8), contract_from=dt.date(2026, 10, 1))
    row, by = stand(world, found), world.actor()
    state_day(row, dt.date(2026, 11, 3), opens=NOON, closes=HALF_PAST, by=by)
    state_day(row, dt.date(2026, 11, 10), opens=NOON, closes=ONE, by=by)
    month = presence_of(found, today=TODAY)[1]
    assert (month.month, month.agreed, month.planned, month.held, month.unstated, month.to_come, month.difference) == (
        dt.date(2026, 11, 1),
        Decimal(8),
        Decimal("4.5"),
        Decimal("2.5"),
        Decimal("1.5"),
        Decimal("1.5"),
        Decimal("-2.5"),
    )
    state_day(row, TUESDAY, reason="nobody", by=by)
    month = presence_of(found, today=TODAY)[1]
    assert (month.planned, month.held, month.unstated, month.difference) == (
        Decimal("4.5"),
        Decimal("2.5"),
        Decimal(0),
        Decimal(-4),
    )
    # Of a paused stand only what was said counts.
    Presence.objects.update(is_paused=True)
    month = presence_of(found, today=TODAY)[1]
    assert (month.planned, month.held, month.unstated, month.to_come) == (
        Decimal(0),
        Decimal("2.5"),
        Decimal(0),
        Decimal(0),
    )


def many_stands(world: World, number: int, **given: Any) -> None:
    """As many as a busy account has after years."""
    kept = {"street": "1 rue Longue", "postcode": "21000", "city": "Dijon", "opens": NOON, "closes": HALF_PAST}
    kept |= {"organisation": world.organisation, "site": world.site, "name": "Avant"}
    Presence.objects.bulk_create(Presence(**{**kept, **given}) for _ in range(number))


@pytest.mark.promise("domain R12")
@pytest.mark.parametrize("held_on", [dt.date(2020, 3, 3), TUESDAY])
def test_no_stand_is_one_too_many_for_the_hours(world: World, held_on: dt.date) -> None:
    """The 200 oldest stands were read, whatever their days: the newest dropped out of what the client reads."""
    found = account(world)
    many_stands(world, 200, account=found, held_on=held_on)
    late = stand(world, found, weekday=None, held_on=dt.date(2026, 11, 20), valid_from=None, opens=dt.time(9))
    state_day(late, dt.date(2026, 11, 20), opens=NOON, closes=ONE, by=world.actor())
    stand(world, found, valid_from=dt.date(2026, 12, 29))
    following, this = presence_of(found, today=TODAY)[:2]
    old = Decimal(300) if held_on == TUESDAY else Decimal(0)
    assert (this.planned, this.held, this.unstated) == (Decimal("4.5") + old, Decimal(1), old)
    assert (this.to_come, following.to_come) == (Decimal(0), Decimal("1.5"))


@pytest.mark.promise("domain R12")
def test_today_is_still_to_come_until_somebody_says_what_became_of_it(world: World, monday: Any) -> None:
    found = account(world)
    row, today = stand(world, found), dt.date(2026, 11, 24)
    monday.move_to(dt.datetime(2026, 11, 24, 14, tzinfo=dt.UTC), tick=True)
    month = presence_of(found, today=today)[1]
    assert (month.planned, month.held, month.to_come) == (Decimal("4.5"), Decimal(0), Decimal("1.5"))
    state_day(row, today, opens=NOON, closes=ONE, by=world.actor())
    month = presence_of(found, today=today)[1]
    assert (month.planned, month.held, month.to_come) == (Decimal(6), Decimal(1), Decimal(0))


def test_a_correction_keeps_what_was_said_before(world: World) -> None:
    row, by = stand(world, account(world)), world.actor()
    first = state_day(row, TUESDAY, opens=NOON, closes=HALF_PAST, by=by)
    assert state_day(row, TUESDAY, opens=NOON, closes=HALF_PAST, by=by) == first
    state_day(row, TUESDAY, reason="asked_off", by=by)
    state_day(row, TUESDAY, opens=NOON, closes=ONE, by=by)
    assert said() == [(TUESDAY, NOON, ONE, "")]
    told = Event.objects.filter(name__startswith="stand.").order_by("pk").values_list("name", "data")
    planned, short, off = (
        {"opens": "12:00", "closes": "13:30"},
        {"opens": "12:00", "closes": "13:00"},
        {"reason": "asked_off"},
    )
    day = "2026-11-17"
    assert list(told) == [
        ("stand.stated", {"day": day, "said": planned}),
        ("stand.corrected", {"day": day, "said": off, "before": planned}),
        ("stand.corrected", {"day": day, "said": short, "before": off}),
    ]


@pytest.mark.parametrize(
    ("day", "given", "field"),
    [
        (dt.date(2026, 11, 24), {"opens": NOON, "closes": ONE}, "day"),  # tomorrow
        (dt.date(2026, 11, 18), {"opens": NOON, "closes": ONE}, "day"),  # a Wednesday
        (dt.date(2026, 11, 10), {"opens": NOON, "closes": ONE}, "day"),  # closed
        (dt.date(2026, 10, 13), {"opens": NOON, "closes": ONE}, "day"),  # before it began
        (dt.date.min, {"opens": NOON, "closes": ONE}, "day"),
        (TUESDAY, {}, "opens"),
        (TUESDAY, {"opens": NOON}, "closes"),
        (TUESDAY, {"opens": ONE, "closes": NOON}, "closes"),
        (TUESDAY, {"opens": ONE, "closes": ONE}, "closes"),
        (TUESDAY, {"reason": "rain"}, "reason"),
        (TUESDAY, {"reason": "other", "opens": NOON, "closes": ONE}, "reason"),
    ],
)
def test_what_cannot_have_been_is_refused(world: World, day: dt.date, given: dict[str, Any], field: str) -> None:
    row = stand(world, account(world))
    close_site(world.site, starts_on=dt.date(2026, 11, 10), ends_on=dt.date(2026, 11, 10), by=world.actor())
    with pytest.raises(Invalid) as refused:
        state_day(row, day, by=world.actor(), **given)
    assert (refused.value.field, said()) == (field, [])


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"opens": NOON},
        {"opens": ONE, "closes": NOON},
        {"reason": "rain"},
        {"reason": "other", "opens": NOON, "closes": ONE},
    ],
)
def test_the_database_refuses_half_a_statement(world: World, given: dict[str, Any]) -> None:
    row = stand(world, account(world))
    when = dt.datetime(2026, 11, 17, tzinfo=dt.UTC)
    base = {"organisation": world.organisation, "presence": row, "day": TUESDAY, "stated_at": when}
    with pytest.raises(IntegrityError, match="stand_day_held_or_why_not"), transaction.atomic():
        StandDay.objects.create(**base, **given)
    StandDay.objects.create(**base, reason="other")
    with pytest.raises(IntegrityError, match="stand_day_stated_once"), transaction.atomic():
        StandDay.objects.create(**base, reason="other")


def test_a_stand_of_which_something_was_said_ends_and_stays(world: World) -> None:
    found = account(world)
    row = stand(world, found)
    state_day(row, TUESDAY, opens=NOON, closes=ONE, by=world.actor())
    remove_presence(row, by=world.actor())
    row.refresh_from_db()
    assert (row.is_paused, row.valid_to, presence_of(found, today=TODAY)[1].held) == (
        False,
        dt.date(2026, 11, 22),
        Decimal(1),
    )


@pytest.mark.promise("domain R12")
def test_a_stand_that_goes_leaves_its_past_and_its_days_to_state(world: World) -> None:
    """Its past was once erased from what the client reads."""
    found = account(world)
    row = stand(world, found)
    before = presence_of(found, today=TODAY)
    remove_presence(row, by=world.actor())
    after = presence_of(found, today=TODAY)
    assert [(one.planned, one.unstated) for one in after[2:]] == [(one.planned, one.unstated) for one in before[2:]]
    assert (after[1].planned, after[1].unstated, after[1].to_come) == (Decimal("4.5"), Decimal("4.5"), Decimal(0))
    days = [dt.date(2026, 11, 17), dt.date(2026, 11, 10), dt.date(2026, 11, 3), dt.date(2026, 10, 27)]
    assert [one["day"] for one in rows_of(found)] == days
    assert [one["day"] for one in rows_at(world.site, days[-1], TODAY)] == days[::-1]
    # Removed again, or long after its end: nothing changes.
    row.refresh_from_db()
    remove_presence(row, by=world.actor())
    assert Presence.objects.get().valid_to == dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"valid_from": TODAY}, 0),
        ({"valid_from": None, "weekday": None, "held_on": TODAY}, 0),
        ({"valid_from": TODAY, "weekday": None, "held_on": TUESDAY}, 1),
        ({"valid_from": None}, 1),
    ],
)
def test_a_stand_without_a_past_goes_whole(world: World, changes: dict[str, Any], kept: int) -> None:
    found = account(world)
    remove_presence(stand(world, found, **changes), by=world.actor())
    assert (Presence.objects.count(), list(Presence.objects.still_to_come(TODAY))) == (kept, [])


@pytest.mark.parametrize("is_guarded", [True, False])
@pytest.mark.django_db(transaction=True)
def test_two_at_once_say_it_one_after_the_other(
    real_world: World, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """And the twin, in which both look before either writes: the second is refused."""
    row, both = stand(real_world, account(real_world)), threading.Barrier(2)

    def read_only(presence: Presence) -> Presence:
        return Presence.objects.select_related("site__organisation").get(pk=presence.pk)

    def slow(*given: Any) -> Any:
        both.wait(timeout=10)
        return refuse_on(*given)

    if not is_guarded:
        monkeypatch.setattr(stand_days, "_lock", read_only)
        monkeypatch.setattr(stand_days, "refuse_on", slow)
    done = race(
        real_world,
        2,
        lambda number: state_day(row, TUESDAY, opens=NOON, closes=dt.time(13 + number), by=real_world.actor()),
    )
    assert done == ({"ok": 2} if is_guarded else {"ok": 1, "conflict": 1})
    assert (len(said()), Event.objects.filter(name="stand.corrected").count()) == (1, int(is_guarded))


# --- pages ----------------------------------------


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


@pytest.mark.promise("domain R12")
def test_one_tap_from_the_agenda_or_the_account(world: World, desk: Browser) -> None:
    found = account(world)
    row = stand(world, found)
    path = f"/sites/republique/stands/{row.public_id}/2026-11-17/"
    agenda = "/agenda/?site=republique&jour=2026-11-17&vue=day"
    page = shown(desk.get(agenda))
    assert (path in page, "Tenu comme prévu" in page) == (True, True)
    answer = desk.post(path, {"how": "planned", "back": ""})
    assert (answer.status_code, answer["Location"]) == (302, agenda)
    assert said() == [(TUESDAY, NOON, HALF_PAST, "")]
    assert "Corriger" in shown(desk.get(agenda))
    home = f"/comptes/{found.public_id}/"
    page = shown(desk.get(home))
    assert [f"{row.public_id}/2026-11-{day}/" in page for day in ("03", "10", "17", "24")] == [True, True, True, False]
    before = f"/sites/republique/stands/{row.public_id}/2026-11-10/"
    answer = desk.post(before, {"how": "planned", "back": "account"})
    assert (answer.status_code, answer["Location"]) == (302, home)


@pytest.mark.promise("domain R12")
def test_no_stand_is_one_too_many_to_be_stated(world: World, desk: Browser) -> None:
    """Of a site the 100 first by name were looked at, of an account the 100 oldest, whatever their days; then 30 days
    of them were shown, and nothing said that there were more."""
    found = account(world)
    many_stands(world, 100, account=found, held_on=dt.date(2020, 3, 3))
    late = stand(world, found, weekday=None, held_on=TUESDAY, valid_from=None, opens=dt.time(9))
    for rows in (rows_at(world.site, TUESDAY, TUESDAY), rows_of(found)):
        assert [(row["stand"], row["day"]) for row in rows] == [(late, TUESDAY)]
    many_stands(world, 30, account=found, held_on=TUESDAY)
    last = Presence.objects.latest("pk")
    for address, kept, latest_first in (
        ("/agenda/?site=republique&jour=2026-11-17&vue=day", "site=republique&amp;jour=2026-11-17&amp;vue=day", False),
        (f"/comptes/{found.public_id}/?q=x&page=1", "q=x&amp;page=1", True),
    ):
        pages = [shown(desk.get(f"{address}&stands={number}")) for number in (1, 2)]
        shows = [[str(one.public_id) in page for page in pages] for one in (late, last)]
        assert shows == ([[False, True], [True, False]] if latest_first else [[True, False], [False, True]])
        assert [page.count('name="how" value="planned"') for page in pages] == [30, 1]
        assert [page.count('aria-label="Jours de stands"') for page in pages] == [1, 1]
        ways = [[f'href="?{kept}&amp;stands={number}"' in page for page in pages] for number in (1, 2)]
        assert ways == [[False, True], [True, False]]
        assert f'href="?{kept}&amp;stands=2"' in shown(desk.get(f"{address}&stands=x"))


def test_other_hours_and_a_reason_are_typed_on_a_page(world: World, desk: Browser) -> None:
    row = stand(world, account(world))
    path = f"/sites/republique/stands/{row.public_id}/2026-11-17/"
    page = shown(desk.get(path))
    assert "prévu de 12:00 à 13:30" in page
    assert 'href="/agenda/?site=republique&amp;jour=2026-11-17&amp;vue=day"' in page
    for typed, status, words in (
        ({}, 422, "obligatoire"),
        ({"how": "x"}, 422, "choix valide"),
        ({"how": "other", "opens": "12:00"}, 422, "Remplissez ce champ"),
        ({"how": "other", "opens": "12:00", "closes": "11:00"}, 400, "après l’heure d’ouverture"),
        ({"how": "other", "opens": "x", "closes": "11:00"}, 422, "heure valide"),
        ({"how": "not"}, 422, "Remplissez ce champ"),
        ({"how": "not", "reason": "rain"}, 422, "choix valide"),
    ):
        assert words in shown(desk.post(path, typed), status)
    assert said() == []
    assert desk.post(path, {"how": "other", "opens": "12:15", "closes": "13:00"}).status_code == 302
    assert said() == [(TUESDAY, dt.time(12, 15), ONE, "")]
    assert "a déjà renseigné ce jour" in shown(desk.get(path))
    sent = {"how": "not", "reason": "no_access", "opens": "12:15", "closes": "x"}
    assert desk.post(path, sent).status_code == 302
    assert said() == [(TUESDAY, None, None, "no_access")]
    for day in ("2026-11-31", "x", "20261117"):
        assert desk.get(path.replace("2026-11-17", day)).status_code == 404
    assert desk.post(path.replace("2026-11-17", "2026-11-24"), {"how": "planned"}).status_code == 400


def test_lists_ask_as_much_for_three_stands_as_for_one(world: World, desk: Browser) -> None:
    found = account(world)
    pages = ("/agenda/?site=republique&jour=2026-11-16&vue=week", f"/comptes/{found.public_id}/")
    seen: dict[str, list[int]] = {page: [] for page in pages}
    for number in range(3):
        state_day(stand(world, found), TUESDAY, opens=NOON, closes=ONE, by=world.actor())
        for page in pages:
            desk.get(page)
            with CaptureQueriesContext(connection) as asked:
                assert shown(desk.get(page)).count("Tenu de 12:00 à 13:00") == number + 1
            seen[page].append(len(asked))
    assert {page: counts[0] for page, counts in seen.items()} == {page: counts[2] for page, counts in seen.items()}


@pytest.mark.promise("domain R12")
def test_systems_read_it_with_the_usage(world: World) -> None:
    found = account(world, presence_hours=Decimal(8))
    state_day(stand(world, found), TUESDAY, opens=NOON, closes=ONE, by=world.actor())
    browser = Browser(headers={"Authorization": f"Bearer {world.api_key()}"})
    months = browser.get(f"/api/v1/client-accounts/{found.public_id}/usage").json()["presence"]
    assert (len(months), months[1]) == (
        13,
        {"month": "2026-11-01", "agreed": "8.0", "planned": "4.5", "held": "1.0", "unstated": "3.0", "to_come": "1.5"},
    )
