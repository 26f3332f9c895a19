"""Pages and endpoints of orders ahead (R7)."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import cut_offs, hand_outs, pre_orders, tariffs
from bookings.actions.pricing import tariffs_of
from bookings.models import PreOrder, PreOrderPlan, PreOrderRun, ServiceRequest
from bookings.rules.prices import Wish
from bookings.views.orders_ahead import asked_of
from concierge.models import User
from tests.bookings.conftest import PARIS, details, first_run, weekly_basket, wish_baskets
from tests.bookings.test_booking_pages import hidden
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
BOOK = "/reserver/republique/"


@pytest.fixture
def plan(world: World) -> PreOrderPlan:
    return weekly_basket(world)


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


def ordered(world: World, plan: PreOrderPlan, number: int = 0, **more: Any) -> PreOrder:
    run = more.pop("run", None) or first_run(plan)
    made = pre_orders.order_ahead(
        run,
        client=details(first_name=f"Ana{number}", email=f"c{number}@example.fr", phone=""),
        wishes=[wish_baskets(plan)],
        by=world.actor(),
    )
    return PreOrder.objects.select_related("run", "request").get(request=made)


def up_to_the_run(browser: Browser, plan: PreOrderPlan) -> None:
    service = plan.service
    item = service.price_items.order_by("position")[0]
    browser.post(BOOK, {"services": [str(service.public_id)]})
    browser.post(f"{BOOK}details/", {f"q-{service.public_id.hex[:12]}-{item.public_id.hex[:12]}": "2"})


@pytest.mark.promise("domain R7")
def test_a_client_chooses_a_hand_out_instead_of_a_slot(world: World, plan: PreOrderPlan) -> None:
    browser, run = Browser(), first_run(plan)
    up_to_the_run(browser, plan)
    page = browser.get(f"{BOOK}creneau/").content.decode()
    assert "Jeudi 26 novembre de 12:00 à 14:00" in page
    assert "À commander avant le mardi 24 novembre à 12:00" in page
    answer = browser.post(f"{BOOK}creneau/", {"run": str(run.public_id)})
    assert answer["Location"] == f"{BOOK}coordonnees/"


def at_the_desk(browser: Browser, plan: PreOrderPlan) -> Any:
    up_to_the_run(browser, plan)
    browser.post(f"{BOOK}creneau/", {"run": str(first_run(plan).public_id)})
    browser.post(
        f"{BOOK}coordonnees/", {"first_name": "Inès", "last_name": "Garnier", "email": "ines.garnier@example.fr"}
    )
    return browser.get(f"{BOOK}verification/")


def test_the_desk_orders_and_sending_twice_is_one_order(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    review = at_the_desk(desk, plan)
    page = review.content.decode()
    assert "Jeudi 26 novembre de 12:00 à 14:00" in page
    form = hidden(page, "hold", "total")
    first, again = (desk.post(f"{BOOK}verification/", form) for _n in range(2))
    assert (first.status_code, first["Location"]) == (302, again["Location"])
    assert (PreOrder.objects.get().pieces, ServiceRequest.objects.count()) == (2, 1)
    track = Browser().get(first["Location"].replace("confirmation/", "")).content.decode()
    assert "Vous pouvez modifier ou annuler jusqu’au mardi 24 novembre à 12:00." in track


def test_an_order_too_late_is_told_the_next_hand_out(
    world: World, plan: PreOrderPlan, desk: Browser, monday: Any
) -> None:
    page = at_the_desk(desk, plan).content.decode()
    form = hidden(page, "hold", "total")
    monday.move_to(dt.datetime(2026, 11, 24, 12, 0, 1, tzinfo=PARIS), tick=True)
    answer = desk.post(f"{BOOK}verification/", form, follow=True)
    assert "Jeudi 3 décembre de 12:00 à 14:00" in answer.content.decode()
    assert not ServiceRequest.objects.exists()


def test_what_is_ordered_ahead_is_a_booking_of_its_own(world: World, plan: PreOrderPlan) -> None:
    both = [str(plan.service.public_id), str(world.cobbler.public_id)]
    answer = Browser().post(BOOK, {"services": both})
    assert answer.status_code == 422
    assert "Une précommande se fait à part" in answer.content.decode()


@pytest.mark.parametrize("run", ["", "nonsense", "0a0db2d8-3ad5-4a8b-b4b3-2776344b29f7", "\x00"])
def test_a_hand_out_that_does_not_exist_is_refused(plan: PreOrderPlan, run: str) -> None:
    browser = Browser()
    up_to_the_run(browser, plan)
    assert browser.post(f"{BOOK}creneau/", {"run": run}).status_code in {409, 422}


def test_the_client_changes_the_order_by_the_link(world: World, plan: PreOrderPlan, monday: Any) -> None:
    order = ordered(world, plan)
    path = f"/suivi/{order.request.tracking_token}/modifier/"
    page = Browser().get(path).content.decode()
    small, seen = page.split('name="q-')[1].split('"')[0], hidden(page, "prices")
    assert 'value="1"' in page
    assert Browser().post(path, {f"q-{small}": "4", **seen}).status_code == 302
    assert PreOrder.objects.get().pieces == 4
    monday.move_to(dt.datetime(2026, 11, 24, 12, 1, tzinfo=PARIS), tick=True)
    late = Browser().post(path, {f"q-{small}": "1", **seen})
    assert (late.status_code, PreOrder.objects.get().pieces) == (409, 4)
    assert "Les commandes pour cette distribution sont closes." in late.content.decode()


@pytest.mark.promise("domain R1")
def test_an_order_is_changed_at_the_prices_that_were_shown(world: World, plan: PreOrderPlan, monday: Any) -> None:
    order = ordered(world, plan)
    path = f"/suivi/{order.request.tracking_token}/modifier/"
    item = plan.service.price_items.order_by("position")[0]
    today, tomorrow = dt.date(2026, 11, 23), dt.date(2026, 11, 24)
    tariffs.set_price(plan.service, Decimal("11.00"), item=item, valid_from=tomorrow, today=today, by=world.actor())
    page = Browser().get(path).content.decode()
    name = "q-" + page.split('name="q-')[1].split('"')[0]
    monday.move_to(dt.datetime(2026, 11, 24, 0, 1, tzinfo=PARIS), tick=True)
    for seen in (hidden(page, "prices"), {}):
        answer = Browser().post(path, {name: "4", **seen})
        assert (answer.status_code, ServiceRequest.objects.get().total_incl_vat) == (409, Decimal("9.00"))
    again = answer.content.decode()
    assert ("Les prix ont changé depuis que vous avez ouvert cette page." in again, "11,00" in again) == (True, True)
    assert Browser().post(path, {name: "4", **hidden(again, "prices")}).status_code == 302
    assert ServiceRequest.objects.get().total_incl_vat == Decimal("44.00")


def test_a_supplement_that_was_chosen_is_ticked_and_repeated(world: World, plan: PreOrderPlan) -> None:
    express = tariffs.add_supplement(plan.service, by=world.actor(), name="Express", amount=Decimal(2))
    tariffs.add_supplement(plan.service, by=world.actor(), name="Samedi", rule="saturday", percent=Decimal(25))
    wish = wish_baskets(plan)
    chosen = Wish(wish.service, wish.quantities, frozenset({str(express.public_id)}))
    made = pre_orders.order_ahead(first_run(plan), client=details(), wishes=[chosen], by=world.actor())
    again = asked_of(made, tariffs_of(world.site, dt.date(2026, 11, 23)))
    small = str(plan.service.price_items.order_by("position")[0].public_id)
    assert again == {wish.service: {"quantities": {small: 1}, "options": [str(express.public_id)]}}
    path = f"/suivi/{made.tracking_token}/modifier/"
    page = Browser().get(path).content.decode()
    (box,) = re.findall(rf'<input[^>]*name="o-{express.public_id.hex}"[^>]*>', page)
    assert "checked" in box


@pytest.mark.promise("domain R1")
def test_an_order_ahead_is_sent_at_the_total_that_was_read(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    form = hidden(at_the_desk(desk, plan).content.decode(), "hold", "total")
    plan.service.price_items.update(unit_price=Decimal("12.00"))
    answer = desk.post(f"{BOOK}verification/", form)
    assert (answer.status_code, ServiceRequest.objects.count(), first_run(plan).taken) == (409, 0, 0)
    assert hidden(answer.content.decode(), "total") == {"total": "24.00"}
    assert desk.post(f"{BOOK}verification/", {**form, "total": "24.00"}).status_code == 302


def test_lists_ask_the_same_number_of_questions_for_one_and_three(world: World, plan: PreOrderPlan) -> None:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    counts = []
    for number in (1, 3):
        while PreOrder.objects.count() < number:
            ordered(world, plan, PreOrder.objects.count())
        run = first_run(plan)
        for path in ("/precommandes/", f"/precommandes/{run.public_id}/", f"/precommandes/{run.public_id}/remise/"):
            browser.get(path)
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert browser.get(path).status_code == 200
            counts.append(len(asked))
    assert counts[:3] == counts[3:]


def close(world: World, plan: PreOrderPlan) -> PreOrderRun:
    run = first_run(plan)
    cut_offs.close_runs(run, by=world.actor())
    return run


def test_ticked_and_undone_at_the_desk(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    order = ordered(world, plan)
    run = close(world, plan)
    tick = f"/precommandes/remise/{order.public_id}"
    answer = desk.post(f"{tick}/remis/", {"q": "Garnier"})
    assert answer["Location"] == f"/precommandes/{run.public_id}/remise/?q=Garnier#o-{order.public_id.hex}"
    order.refresh_from_db()
    assert (order.hand_out, order.marked_by) == ("handed_over", str(world.users["concierge"]))
    assert "Annuler" in desk.get(f"/precommandes/{run.public_id}/remise/").content.decode()
    desk.post(f"{tick}/annuler/")
    order.refresh_from_db()
    assert order.hand_out == "expected"
    assert desk.post(f"{tick}/nonsense/").status_code == 404


def test_the_list_finds_a_name_and_flags_who_often_does_not_come(
    world: World, plan: PreOrderPlan, desk: Browser
) -> None:
    one, two = ordered(world, plan, 1), ordered(world, plan, 2)
    ServiceRequest.objects.filter(pk=two.request_id).update(client_id=one.request.client_id)
    run = close(world, plan)
    for order in (one, two):
        hand_outs.mark_not_fetched(order, by=world.actor())
    page = desk.get(f"/precommandes/{run.public_id}/remise/", {"q": "Ana1"}).content.decode()
    assert ("Ana1 Garnier" in page, "Ana2 Garnier" in page) == (True, False)
    assert "2 fois non retiré récemment" in page
    nobody = desk.get(f"/precommandes/{run.public_id}/remise/", {"q": "%\x00zz"})
    assert "Personne de ce nom sur la liste" in nobody.content.decode()


def test_sheets_are_files_for_who_sees_the_site(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    ordered(world, plan)
    close(world, plan)
    sheet = PreOrderRun.objects.exclude(sheet=None).get().sheet
    assert sheet is not None
    pdf, csv = (desk.get(f"/precommandes/bons/{sheet.public_id}.{ext}") for ext in ("pdf", "csv"))
    assert (pdf["Content-Type"], csv["Content-Type"]) == ("application/pdf", "text/csv; charset=utf-8")
    assert csv["Content-Disposition"] == 'attachment; filename="bon-de-commande-2026-11-24.csv"'
    stranger = Browser()
    stranger.force_login(User.objects.create_user("nobody@example.org"))
    assert stranger.get(f"/precommandes/bons/{sheet.public_id}.pdf").status_code in {403, 404}


def test_replaced_and_called_off_on_pages(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    order = ordered(world, plan)
    run = close(world, plan)
    path = f"/precommandes/{run.public_id}/remplacer/"
    dear = desk.post(path, {"description": "Panier de légumes – Petit", "replacement": "Fruits", "unit_price": "99"})
    assert (dear.status_code, "ne peut pas coûter plus cher" in dear.content.decode()) == (422, True)
    assert desk.post(path, {"description": "Melon", "replacement": "x", "unit_price": "1"}).status_code == 422
    desk.post(path, {"description": "Panier de légumes – Petit", "replacement": "Fruits", "unit_price": "8,00"})
    one = order.substitutions.get()
    token = order.request.tracking_token
    assert "Vous recevrez « Fruits »" in Browser().get(f"/suivi/{token}/").content.decode().replace("\xa0", " ")
    Browser().post(f"/suivi/{token}/remplacement/{one.public_id}/refuser/")
    one.refresh_from_db()
    assert one.refused_at is not None
    coming = first_run(plan)
    assert desk.post(f"/precommandes/{coming.public_id}/annuler/", {"reason": ""}).status_code == 422
    assert desk.post(f"/precommandes/{coming.public_id}/annuler/", {"reason": "Gel"}).status_code == 302
    coming.refresh_from_db()
    assert coming.status == "cancelled"


def test_a_plan_is_opened_and_stopped_on_pages(world: World, plan: PreOrderPlan) -> None:
    browser = Browser()
    browser.force_login(world.users["site_manager"])
    assert browser.post(f"/precommandes/formules/{plan.public_id}/arreter/").status_code == 302
    form = {
        "site": str(world.site.public_id),
        "service": str(plan.service.public_id),
        "producer": "Les Jardins d'Ouche",
        "handout_weekday": "4",
        "handout_opens": "16:00",
        "handout_closes": "18:00",
        "cut_off_weekday": "2",
        "cut_off_time": "18:00",
        "every_weeks": "2",
        "starts_on": "2026-11-23",
        "holiday_rule": "skip",
        "capacity": "30",
        "no_show_policy": "kept",
        "grace_minutes": "15",
    }
    wrong = browser.post("/precommandes/nouvelle/", {**form, "handout_closes": "15:00"})
    assert (wrong.status_code, "doit finir après son début" in wrong.content.decode()) == (400, True)
    assert browser.post("/precommandes/nouvelle/", form).status_code == 302
    made = PreOrderPlan.objects.get(is_active=True)
    assert (made.every_weeks, made.producer_id, made.runs.count()) == (2, plan.producer_id, 2)
    assert browser.post("/precommandes/nouvelle/", form).status_code == 409


# --- API ----------------------------------------


def call(world: World, method: str, path: str, body: Any = None, **headers: str) -> Any:
    browser = Browser(headers={"Authorization": f"Bearer {world.api_key()}"})
    if method == "GET":
        return browser.get(path)
    return browser.post(
        path,
        json.dumps(body),
        content_type="application/json",
        headers={"Idempotency-Key": uuid.uuid4().hex, "Accept-Language": "fr", **headers},
    )


def body_of(world: World, plan: PreOrderPlan, **changes: Any) -> dict[str, Any]:
    item = plan.service.price_items.order_by("position")[0]
    return {
        "site": str(world.site.public_id),
        "run": str(first_run(plan).public_id),
        "client": {"first_name": "Inès", "last_name": "Garnier", "email": "ines@example.fr"},
        "lines": [{"service": str(plan.service.public_id), "items": [{"item": str(item.public_id), "quantity": 2}]}],
        **changes,
    }


@pytest.mark.promise("domain R7")
def test_systems_list_hand_outs_order_and_change(world: World, plan: PreOrderPlan) -> None:
    listed = call(world, "GET", f"/api/v1/pre-order-runs?site={world.site.public_id}").json()["results"]
    assert [(run["left"], run["orders_close_at"], run["status"]) for run in listed] == [
        (20, "2026-12-15T11:00:00Z", "open"),
        (20, "2026-12-08T11:00:00Z", "open"),
        (20, "2026-12-01T11:00:00Z", "open"),
        (20, "2026-11-24T11:00:00Z", "open"),
    ]
    made = call(world, "POST", "/api/v1/service-requests", body_of(world, plan))
    assert (made.status_code, made.json()["total_incl_vat"]) == (201, "18.00")
    path = f"/api/v1/service-requests/{made.json()['id']}/change-order"
    lines = body_of(world, plan)["lines"]
    lines[0]["items"][0]["quantity"] = 3
    changed = call(world, "POST", path, {"lines": lines}, **{"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["total_incl_vat"]) == (200, "27.00")
    assert call(world, "POST", path, {"lines": lines}, **{"If-Match": made["ETag"]}).status_code == 412


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"run": str(uuid.uuid4())}, 400, "invalid"),
        ({"slot": "2026-11-26T11:00:00Z"}, 400, None),
        ({"run": None}, 400, None),
        ({"lines": []}, 400, None),
    ],
)
def test_a_bad_order_is_a_problem_and_changes_nothing(
    world: World, plan: PreOrderPlan, changes: dict[str, Any], status: int, code: str | None
) -> None:
    answer = call(world, "POST", "/api/v1/service-requests", body_of(world, plan, **changes))
    assert answer.status_code == status
    assert not ServiceRequest.objects.exists()


def test_a_slot_for_what_is_ordered_ahead_is_refused(world: World, plan: PreOrderPlan) -> None:
    body = body_of(world, plan, slot="2026-11-24T10:00:00Z")
    del body["run"]
    answer = call(world, "POST", "/api/v1/service-requests", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "mixed_order")


def test_the_endpoint_asks_the_same_number_of_questions_for_one_and_three(world: World, plan: PreOrderPlan) -> None:
    browser = Browser(headers={"Authorization": f"Bearer {world.api_key()}"})
    counts = []
    for keep in (1, 3):
        PreOrderRun.objects.exclude(pk__in=list(PreOrderRun.objects.values_list("pk", flat=True)[:keep])).update(
            status="skipped"
        )
        browser.get("/api/v1/pre-order-runs")
        with CaptureQueriesContext(connection) as asked:
            browser.get("/api/v1/pre-order-runs")
        counts.append(len(asked))
        PreOrderRun.objects.update(status="open")
    assert counts[0] == counts[1]
    assert browser.get("/api/v1/pre-order-runs?status=nonsense").status_code == 400
