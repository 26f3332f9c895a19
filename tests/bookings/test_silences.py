"""Who is silent: the search says what the rule says; the list, what may be done about it, the mail of the day."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bookings.actions.silences import (
    NobodyToRemind,
    RemindedAlready,
    hand_on,
    next_digest,
    note_call,
    plan_digests,
    remind,
    snooze,
)
from bookings.enums import HoldReason, PerformerKind, RequestStatus, WorkOrderStatus
from bookings.models import ClientQuestion, FollowUp, Pause, ServiceRequest, WorkOrder
from bookings.models.silences import silent, silent_list
from bookings.models.waiting import waiting_of
from bookings.tasks import plan_all_digests
from concierge import deadlines, tenancy
from concierge.enums import Role
from concierge.errors import Invalid, NotAllowed
from concierge.models import Deadline, Event, Membership, Site, User
from notifications.models import Message
from tests.bookings.conftest import at
from tests.bookings.quoting import sent, two_options
from tests.bookings.test_booking_pages import shown
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HELD = {"booked", "scheduled", "in_progress", "on_hold", "completed", "rework", "verified"}


def put(request: ServiceRequest, status: str, *works: str) -> None:
    """Rows as they would be in these states."""
    ServiceRequest.objects.filter(pk=request.pk).update(status=status)
    for order, state in zip(request.work_orders.order_by("pk"), works, strict=True):
        held = state in HELD
        WorkOrder.objects.filter(pk=order.pk).update(
            status=state,
            performer_kind=PerformerKind.PROVIDER if held else "",
            performer_id=7 if held else None,
            performer_label="Cordonnerie Monge" if held else "",
        )


def old(world: World, days: float, **more: Any) -> ServiceRequest:
    """A request whose appointment was so many days ago, and of which nothing was heard since."""
    request = world.request(world.cobbler, promised_start=timezone.now() - dt.timedelta(days=days), **more)
    ServiceRequest.objects.filter(pk=request.pk).update(submitted_at=timezone.now() - dt.timedelta(days=days))
    request.refresh_from_db()
    return request


def found(world: World) -> set[int]:
    return set(silent(ServiceRequest.objects.all(), now=timezone.now()).order_by("pk").values_list("pk", flat=True))


def test_the_search_says_what_the_rule_says(world: World) -> None:
    """Every state of a request with every state of its work, before, within and after what was promised."""
    Site.objects.update(silence_days=60)
    running = [
        (status, work) for status, work in itertools.product(["confirmed", "in_progress"], WorkOrderStatus.values)
    ]
    alone = [(status, "ready") for status in RequestStatus.values if status not in {"confirmed", "in_progress"}]
    for status, work in [*running, *alone]:
        for days in (-1, 1, 4, 30):
            put(old(world, days, status="confirmed"), status, work)
    for status, reason in itertools.product(["on_hold", "awaiting_client"], HoldReason.values):
        for days in (-1, 1):
            request = old(world, 3, status="confirmed")
            put(request, status, "ready")
            about = {"organisation": world.organisation, "request": request}
            end, begun = timezone.now() - dt.timedelta(days=days), timezone.now() - dt.timedelta(days=3)
            if status == "on_hold":
                Pause.objects.create(**about, reason=reason, held_from="confirmed", held_at=begun, until=end)
            else:
                ClientQuestion.objects.create(**about, text="?", asked_at=begun, due_at=end)
    # Agreed by a quote that names no day, and has no work yet: the desk has two working days, not one.
    elsewhere = old(world, 30, status="closed")
    for status, ago in itertools.product(["confirmed", "in_progress"], (0.5, 3.5, 4.5)):
        request = old(world, ago, status=status)
        WorkOrder.objects.filter(request=request).update(request=elsewhere)
        ServiceRequest.objects.filter(pk=request.pk).update(promised_start=None, promised_end=None)
    now = timezone.now()
    every = list(ServiceRequest.objects.all())
    waiting = waiting_of(every, now=now)
    late = {request.pk for request in every if waiting[request.pk].request.is_late(now)}
    assert found(world) == late
    assert 0 < len(late) < len(every)


@pytest.mark.promise("R38")
def test_working_days_are_those_of_each_site(world: World, monday: Any) -> None:
    """Asked on Friday evening in Fort-de-France, when it is Saturday in UTC and in Dijon: that is still Friday."""
    friday = dt.datetime(2026, 11, 27, 21, tzinfo=ZoneInfo("America/Martinique"))
    monday.move_to(friday, tick=False)
    here, there = world.request(world.cobbler), world.request(world.cobbler)
    island = Site.objects.create(
        organisation=world.organisation,
        name="Conciergerie du Port",
        slug="port",
        street="1 rue du Port",
        postcode="97200",
        city="Fort-de-France",
        latitude=Decimal("14.60"),
        longitude=Decimal("-61.07"),
        time_zone="America/Martinique",
    )
    ServiceRequest.objects.filter(pk=there.pk).update(site=island)
    every = ServiceRequest.objects.filter(pk__in=[here.pk, there.pk]).order_by("pk")
    every.update(status=RequestStatus.SUBMITTED, submitted_at=friday)
    Event.objects.all().delete()
    due = {key: one.request.due for key, one in waiting_of(every, now=friday).items()}
    # For Dijon it came at the week-end, for the island on Friday evening.
    tuesday, monday_there = at(30, 0) + dt.timedelta(days=1), friday + dt.timedelta(days=3)
    assert due == {here.pk: tuesday, there.pk: monday_there}
    moments = [moment + dt.timedelta(minutes=1) for moment in (tuesday, monday_there)]
    silences = [set(silent(every, now=moment).values_list("pk", flat=True)) for moment in moments]
    assert silences == [{here.pk}, {here.pk, there.pk}]


def test_moving_work_without_news_is_silent_after_the_days_of_its_site(world: World, monday: Any) -> None:
    request = old(world, 0.1)
    put(request, "in_progress", "in_progress")
    WorkOrder.objects.update(promised_end=timezone.now() + dt.timedelta(days=50))
    Site.objects.update(silence_days=4)
    monday.shift(dt.timedelta(days=3))
    assert found(world) == set()
    monday.shift(dt.timedelta(days=1))
    assert found(world) == {request.pk}
    note_call(request, note="Le client est prévenu", by=world.actor("concierge"))
    assert found(world) == set()


def test_an_appointment_far_away_is_no_silence(world: World, monday: Any) -> None:
    put(world.request(world.cobbler, promised_start=at(23, 8) + dt.timedelta(days=30)), "confirmed", "booked")
    monday.shift(dt.timedelta(days=10))
    assert found(world) == set()


def test_what_rests_comes_back(world: World, monday: Any) -> None:
    request = old(world, 9)
    snooze(request, until=at(25, 9), reason="Le client est en congé", by=world.actor("dispatcher"))
    assert found(world) == set()
    monday.shift(dt.timedelta(days=3))
    assert found(world) == {request.pk}


def test_a_reminder_goes_to_whoever_has_the_ball_once_a_day(world: World, monday: Any) -> None:
    by = world.actor("concierge")
    client_has_it, provider_has_it, team_has_it = old(world, 30), old(world, 9), old(world, 9)
    put(client_has_it, "fulfilled", "verified")
    put(provider_has_it, "in_progress", "in_progress")
    remind(client_has_it, by=by)
    remind(provider_has_it, by=by)
    assert list(Event.objects.order_by("pk").values_list("name", flat=True)) == [
        "service_request.reminded",
        "work_order.reminded",
    ]
    with pytest.raises(NobodyToRemind):
        remind(team_has_it, by=by)
    with pytest.raises(RemindedAlready):
        remind(client_has_it, by=by)
    # A reminder is no news: it stays on the list.
    assert client_has_it.pk in found(world)
    monday.shift(dt.timedelta(days=1))
    remind(client_has_it, by=by)


def test_only_the_desk_of_the_site_follows_up(world: World) -> None:
    request, now = old(world, 9), timezone.now()
    acts = (
        lambda by: remind(request, by=by),
        lambda by: note_call(request, note="x", by=by),
        lambda by: snooze(request, until=now + dt.timedelta(days=2), reason="x", by=by),
        lambda by: hand_on(request, to=world.users["dispatcher"], by=by),
    )
    for act in acts:
        for role in ("accountant", "social_adviser", "network_head", "supervisor"):
            with pytest.raises(NotAllowed):
                act(world.actor(role))
    assert not Event.objects.exists()


def test_it_is_handed_to_somebody_who_works_there(world: World) -> None:
    request, by = old(world, 9), world.actor("dispatcher")
    hand_on(request, to=world.users["concierge"], by=by)
    assert FollowUp.objects.get().owner == world.users["concierge"]
    with pytest.raises(Invalid):
        hand_on(request, to=world.users["accountant"], by=by)
    with pytest.raises(Invalid):
        hand_on(request, to=User.objects.create_user("ailleurs@example.org"), by=by)


@pytest.mark.parametrize(
    ("until", "reason", "field"),
    [(at(23, 7), "x", "until"), (at(23, 8) + dt.timedelta(days=91), "x", "until"), (at(27, 9), " ", "reason")],
)
def test_a_rest_is_whole(world: World, until: dt.datetime, reason: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        snooze(old(world, 9), until=until, reason=reason, by=world.actor("concierge"))
    assert (refused.value.field, FollowUp.objects.exists()) == (field, False)


def test_the_list_is_flat(
    world: World, client: Browser, django_assert_max_num_queries: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(world.users["dispatcher"])
    old(world, 9)
    client.get("/silences/")
    with django_assert_max_num_queries(40) as one:
        shown(client.get("/silences/"))
    for days in (8, 7):
        put(old(world, days), "in_progress", "in_progress")
    with django_assert_num_queries(len(one.captured_queries)):
        assert shown(client.get("/silences/")).count('id="r-') == 3


def test_the_list_by_whose_turn_it_is(world: World, client: Browser) -> None:
    client.force_login(world.users["dispatcher"])
    assert "Aucune demande sans nouvelles" in shown(client.get("/silences/"))
    mine, theirs = old(world, 9), old(world, 8)
    put(theirs, "in_progress", "in_progress")
    page = shown(client.get("/silences/"))
    assert (mine.reference in page, theirs.reference in page) == (True, True)
    assert page.index(mine.reference) < page.index(theirs.reference)
    page = shown(client.get("/silences/?ball=provider"))
    assert (mine.reference in page, theirs.reference in page) == (False, True)
    assert "Aucune demande sans nouvelles ici" in shown(client.get("/silences/?ball=material"))
    for nonsense in ("?ball=%00", "?site=x", "?page=zzz", "?page=99999", "?ball=nobody&site=%00"):
        shown(client.get(f"/silences/{nonsense}"))
    assert "2 demandes sont sans nouvelles" in shown(client.get("/silences/compte/"))


def test_a_long_list_has_pages(world: World, client: Browser) -> None:
    for _n in range(27):
        old(world, 9)
    client.force_login(world.users["dispatcher"])
    assert shown(client.get("/silences/")).count('id="r-') == 25
    assert shown(client.get("/silences/?page=2")).count('id="r-') == 2


@pytest.mark.promise("S01")
def test_a_far_desk_and_another_organisation_see_nothing(world: World, other_world: World, client: Browser) -> None:
    request = old(world, 9)
    far = Site.objects.create(
        organisation=world.organisation,
        name="Loin",
        slug="loin",
        street="1 rue Loin",
        postcode="21200",
        city="Beaune",
        latitude=47,
        longitude=4,
    )
    concierge = world.users["concierge"]
    Membership.objects.filter(user=concierge).update(site=far)
    client.force_login(concierge)
    assert request.reference not in shown(client.get("/silences/"))
    assert client.post(f"/silences/{request.public_id}/rappeler/").status_code == 404
    there = Browser(headers={"host": other_world.host})
    there.force_login(other_world.users["dispatcher"])
    assert request.reference not in shown(there.get("/silences/"))
    assert there.post(f"/silences/{request.public_id}/rappeler/").status_code == 404


def test_one_tap(world: World, client: Browser) -> None:
    request = old(world, 30)
    put(request, "fulfilled", "verified")
    client.force_login(world.users["concierge"])
    address, here = f"/silences/{request.public_id}/", {"here": "ball=client&page=1"}
    answer = client.post(f"{address}rappeler/", here)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/silences/?ball=client&page=1")
    assert "moins d’un jour" in shown(client.post(f"{address}rappeler/", here), 409)
    typed = {"until_on": "2026-11-30", "reason": ""}
    assert 'value="2026-11-30"' in shown(client.post(f"{address}repos/", {**here, **typed}), 422)
    assert client.post(f"{address}confier/", {**here, "to": "x"}).status_code == 422
    assert (
        client.post(f"{address}confier/", {**here, "to": str(world.users["accountant"].public_id)}).status_code == 422
    )
    assert client.post(f"{address}autre/", here).status_code == 404
    for verb, data in (
        ("confier", {"to": str(world.users["dispatcher"].public_id)}),
        ("repos", {**typed, "reason": "En congé"}),
    ):
        assert client.post(f"{address}{verb}/", {**here, **data}).status_code == 302
    assert request.reference not in shown(client.get("/silences/"))
    assert client.post(f"{address}appel/", {"note": "Passe vendredi"}).status_code == 302
    page = shown(client.get(f"/demandes/{request.public_id}/"))
    assert "Passe vendredi" in page


def test_the_mail_of_the_day_leaves_once(world: World, monday: Any) -> None:
    """Two beats, two sweeps: one mail to each manager and dispatcher of the site, with the counts."""
    old(world, 9)
    twice = User.objects.create_user("deux@example.org", first_name="Deux")
    for role in (Role.DISPATCHER, Role.SITE_MANAGER):
        Membership.objects.create(organisation=world.organisation, user=twice, role=role)
    for _beat in range(2):
        plan_all_digests()
    assert Deadline.objects.get(kind="silence.digest").due_at == at(24, 7, 30)
    monday.move_to(at(24, 7, 31))
    for _sweep in range(2):
        deadlines.sweep(world.organisation.pk)
        settle()
    assert Event.objects.filter(name="silence.reported").count() == 1
    written = Message.objects.filter(kind="silence.reported").order_by("address").values_list("address", flat=True)
    assert sorted(written) == sorted(
        ["deux@example.org", world.users["dispatcher"].email, world.users["site_manager"].email]
    )
    plan_all_digests()
    assert Deadline.objects.get(kind="silence.digest", fired_at=None).due_at == at(25, 7, 30)


def test_a_quiet_day_has_no_mail(world: World, monday: Any) -> None:
    plan_digests(timezone.now())
    monday.move_to(at(24, 8))
    settle()
    assert not Event.objects.filter(name="silence.reported").exists()


@pytest.mark.promise("R38")
def test_half_past_seven_is_that_of_the_site(world: World) -> None:
    reunion = Site(time_zone="Indian/Reunion")
    paris = Site(time_zone="Europe/Paris")
    assert next_digest(reunion, at(23, 12)) == dt.datetime(2026, 11, 24, 3, 30, tzinfo=dt.UTC)
    # The night of the clock change.
    saturday = dt.datetime(2027, 3, 27, 12, tzinfo=dt.UTC)
    assert next_digest(paris, saturday) == dt.datetime(2027, 3, 28, 5, 30, tzinfo=dt.UTC)


def test_each_organisation_has_its_own_mail(world: World, other_world: World) -> None:
    plan_all_digests()
    for one in (world, other_world):
        with tenancy.working_for(one.organisation):
            assert Deadline.objects.filter(kind="silence.digest").count() == 1


def test_the_list_ends_somewhere(world: World, monkeypatch: pytest.MonkeyPatch, client: Browser) -> None:
    monkeypatch.setattr("bookings.models.silences.MOST", 2)
    monkeypatch.setattr("bookings.views.silences.MOST", 2)
    for _n in range(3):
        old(world, 9)
    assert len(silent_list(ServiceRequest.objects.all(), now=timezone.now())) == 2
    client.force_login(world.users["dispatcher"])
    assert "Seules les 2 plus anciennes" in shown(client.get("/silences/"))


def test_a_quote_is_silent_from_its_last_day_on_and_no_sooner(world: World, monday: Any) -> None:
    request = sent(world, draft=two_options(valid_until=timezone.localdate() + dt.timedelta(days=20))).request
    request.refresh_from_db()

    def both() -> tuple[bool, bool]:
        """What the search says, and what the rule says."""
        now = timezone.now()
        return request.pk in found(world), waiting_of([request], now=now)[request.pk].request.is_late(now)

    assert both() == (False, False)
    monday.shift(dt.timedelta(days=15))  # long after the days of a request of which nothing is heard
    assert both() == (False, False)
    monday.shift(dt.timedelta(days=6))
    assert both() == (True, True)
