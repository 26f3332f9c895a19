"""The pages of sites: opening one, what is written of it, its time zone and public holidays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions.booking import book_request, submit_request
from bookings.actions.holds import HoldExpired, hold_slot
from bookings.actions.open_sites import SiteClosed
from bookings.actions.plans import close_plan
from bookings.actions.questions import revive_request
from bookings.actions.quote_answers import accept_quote
from bookings.actions.quotes import draft_quote
from bookings.actions.recurrences import Wanted, start_recurrence
from bookings.actions.sites import edit_site
from bookings.enums import HoldStatus, Place
from bookings.models import Occurrence, PreOrderRun, Recurrence, ServiceRequest, calendar
from concierge.actions import add_site
from concierge.enums import Role
from concierge.errors import Conflict, Invalid, NotAllowed
from concierge.models import Event, Membership, Site
from tests.bookings.conftest import at, basket_service, details, first_run, weekly_basket, wish_shirts
from tests.bookings.quoting import sent, two_options, yes
from tests.forms import as_shown
from tests.world import World, build_world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]
GOOD_FRIDAY = dt.date(2027, 3, 26)
SAINT_STEPHEN = dt.date(2026, 12, 26)
PLACE = {
    "name": "Conciergerie Strasbourg",
    "street": "1 place Kléber",
    "postcode": "67000",
    "city": "Strasbourg",
    "directions": "",
    "latitude": "48.583900",
    "longitude": "7.745500",
    "phone": "03 88 00 00 00",
    "email": "strasbourg@example.fr",
    "time_zone": "Europe/Paris",
    "holiday_zone": "57",
    "good_friday_off": "on",
}


def typed(site: Site, **changes: Any) -> dict[str, Any]:
    """The form as the page shows it, but for what somebody changes."""
    names = ("name", "street", "postcode", "city", "directions", "latitude", "longitude", "phone", "email")
    given = {name: str(getattr(site, name)) for name in (*names, "time_zone", "holiday_zone")}
    return {**given, "is_active": "on", **changes}


def manager_of(world: World, site: Site) -> None:
    """The site manager answers for this site only."""
    Membership.objects.filter(user=world.users["site_manager"]).update(site=site)


def far_site(world: World, slug: str = "strasbourg") -> Site:
    return Site.objects.create(
        organisation=world.organisation,
        **{
            **{name: PLACE[name] for name in ("name", "street", "postcode", "city", "latitude", "longitude")},
            "slug": slug,
        },
    )


def test_a_head_opens_a_site_with_its_holidays(world: World, client: Browser) -> None:
    client.force_login(world.users["network_head"])
    answer = client.post("/sites/nouveau/", {**PLACE, "slug": "strasbourg"})
    assert (answer.status_code, answer.url) == (302, "/sites/strasbourg/horaires/")  # type: ignore[attr-defined]
    made = Site.objects.get(slug="strasbourg")
    assert (made.organisation, made.phone, made.email) == (world.organisation, "+33388000000", "strasbourg@example.fr")
    assert (made.time_zone, made.holiday_zone, made.good_friday_off, made.is_active) == (
        "Europe/Paris",
        "57",
        True,
        True,
    )
    assert calendar.public_holidays(made, GOOD_FRIDAY, GOOD_FRIDAY) == {GOOD_FRIDAY}
    event = Event.objects.get(name="site.opened")
    assert (event.subject_id, event.actor) == (made.public_id, world.actor("network_head").reference)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "republique"),
        ("slug", "nouveau"),
        ("postcode", "2A000"),
        ("latitude", "91"),
        ("phone", "12"),
        ("email", "nobody"),
        ("time_zone", "Mars/Olympus"),
        ("holiday_zone", "999"),
        ("name", ""),
    ],
)
def test_what_is_wrong_with_a_new_site_is_said_at_its_field(
    world: World, client: Browser, field: str, value: str
) -> None:
    client.force_login(world.users["network_head"])
    answer = client.post("/sites/nouveau/", {**PLACE, "slug": "strasbourg", field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert "1 place Kléber" in answer.content.decode()
    assert Site.objects.count() == 1


def test_only_heads_of_the_whole_network_open_a_site(world: World, client: Browser) -> None:
    far = far_site(world)
    client.force_login(world.users["site_manager"])
    assert client.get("/sites/nouveau/").status_code == 403
    assert "/sites/nouveau/" not in client.get("/sites/").content.decode()
    Membership.objects.filter(user=world.users["network_head"]).update(site=far)
    client.force_login(world.users["network_head"])
    assert client.get("/sites/nouveau/").status_code == 403
    with pytest.raises(NotAllowed):
        add_site(world.organisation, **PLACE, slug="x", by=world.actor("site_manager"))  # type: ignore[arg-type]


def test_a_manager_edits_their_own_site_and_meets_no_other(world: World, client: Browser) -> None:
    far = far_site(world)
    manager_of(world, world.site)
    client.force_login(world.users["site_manager"])
    page = client.get("/sites/").content.decode()
    assert (world.site.name in page, far.name in page) == (True, False)
    assert client.get("/sites/strasbourg/").status_code == 404
    assert client.post("/sites/strasbourg/", typed(far, name="Prise")).status_code == 404
    answer = client.post(
        "/sites/republique/", typed(world.site, name="République", phone="0380111111", good_friday_off="on")
    )
    assert answer.status_code == 302
    world.site.refresh_from_db()
    far.refresh_from_db()
    assert (world.site.name, world.site.phone, world.site.good_friday_off) == ("République", "+33380111111", True)
    assert far.name == PLACE["name"]
    event = Event.objects.get(name="site.changed")
    assert event.data["changed"] == ["good_friday_off", "name", "phone"]
    with pytest.raises(NotAllowed):
        edit_site(world.site, {"name": "X"}, by=world.actor("concierge"))


def test_saving_nothing_new_says_nothing(world: World) -> None:
    edit_site(world.site, {"name": world.site.name, "city": "Dijon"}, by=world.actor("site_manager"))
    assert not Event.objects.filter(name="site.changed").exists()
    with pytest.raises(Invalid) as refusal:
        edit_site(world.site, {"time_zone": "Europe/Atlantis"}, by=world.actor("site_manager"))
    assert refusal.value.field == "time_zone"


@pytest.mark.promise("domain R16")
def test_the_page_shows_the_holidays_before_they_are_saved(world: World, client: Browser) -> None:
    client.force_login(world.users["network_head"])
    shown = {one["name"] for one in client.get("/sites/republique/").context["holidays"]}
    assert {"Noël", "Lundi de Pâques"} <= shown
    assert shown.isdisjoint({"Vendredi saint", "Saint Étienne"})
    answer = client.post(
        "/sites/republique/", typed(world.site, holiday_zone="57", good_friday_off="on", name="Autre", look="1")
    )
    days = {one["day"]: one["name"] for one in answer.context["holidays"]}
    assert (answer.status_code, days["Vendredi 26 mars 2027"]) == (200, "Vendredi saint")
    assert "Samedi 26 décembre 2026" in days
    english = client.get("/sites/republique/", headers={"accept-language": "en"}).context["holidays"]
    assert english[0] == {"day": "Friday 25 December 2026", "name": "Christmas Day"}
    assert 'value="Autre"' in answer.content.decode()
    world.site.refresh_from_db()
    assert (world.site.holiday_zone, world.site.good_friday_off, world.site.name) == (
        "",
        False,
        "Conciergerie République",
    )


def test_good_friday_has_a_name_where_the_list_has_none(world: World) -> None:
    """Metropolitan France has no such holiday; a site may keep it all the same."""
    site = Site(good_friday_off=True)
    assert (GOOD_FRIDAY, "Vendredi saint") in calendar.holidays_to_come(site, dt.date(2026, 11, 23))
    assert GOOD_FRIDAY not in dict(calendar.holidays_to_come(Site(), dt.date(2026, 11, 23)))


def test_another_time_zone_moves_no_appointment_and_is_meant(world: World, client: Browser, book: Book) -> None:
    request = book()
    before = request.promised_start
    client.force_login(world.users["network_head"])
    answer = client.post("/sites/republique/", typed(world.site, time_zone="Indian/Reunion"))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["time_zone"]
    world.site.refresh_from_db()
    assert world.site.time_zone == "Europe/Paris"
    answer = client.post("/sites/republique/", typed(world.site, time_zone="Indian/Reunion", zone_is_meant="on"))
    assert answer.status_code == 302
    world.site.refresh_from_db()
    request.refresh_from_db()
    assert (world.site.time_zone, request.promised_start) == ("Indian/Reunion", before)


def test_without_appointments_another_time_zone_asks_nothing(world: World, client: Browser) -> None:
    client.force_login(world.users["network_head"])
    assert "zone_is_meant" not in client.get("/sites/republique/").context["form"].fields
    assert client.post("/sites/republique/", typed(world.site, time_zone="Indian/Reunion")).status_code == 302


def test_a_site_takes_no_requests_only_once_nothing_is_open_there(world: World, client: Browser, book: Book) -> None:
    book()
    client.force_login(world.users["network_head"])
    closing = {name: value for name, value in typed(world.site).items() if name != "is_active"}
    answer = client.post("/sites/republique/", closing)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["is_active"])
    with pytest.raises(Conflict):
        edit_site(world.site, {"is_active": False}, by=world.actor("network_head"))
    ServiceRequest.objects.update(status="cancelled")
    assert client.post("/sites/republique/", closing).status_code == 302
    assert client.get("/conciergeries/republique/").status_code == 404
    assert client.get("/sites/republique/").status_code == 200
    assert client.post("/sites/republique/", typed(world.site)).status_code == 302
    world.site.refresh_from_db()
    assert world.site.is_active


def test_another_time_zone_is_meant_for_hand_outs_and_regular_days_too(world: World, client: Browser) -> None:
    run = first_run(weekly_basket(world))
    client.force_login(world.users["network_head"])
    moved = typed(world.site, time_zone="Indian/Reunion")
    assert "zone_is_meant" not in client.get("/sites/republique/").context["form"].fields
    PreOrderRun.objects.filter(pk=run.pk).update(taken=3)
    answer = client.post("/sites/republique/", moved)
    assert answer.status_code == 422
    assert answer.context["form"].errors["time_zone"] == [
        "Réservé à partir de maintenant\N{NO-BREAK SPACE}: 1 distribution avec commandes. Chaque chose garde son "
        "moment\N{NO-BREAK SPACE}: la prochaine, à 12:00, se lirait 15:00, et personne n’est prévenu. Cochez "
        "ci-dessous que c’est voulu, puis déplacez-la ou prévenez ces personnes."
    ]
    series_of(world)
    answer = client.post("/sites/republique/", moved)
    said = str(answer.context["form"].errors["time_zone"])
    planned = Occurrence.objects.filter(status="planned").count()
    assert planned > 1
    assert f"1 distribution avec commandes, {planned} jours de demandes régulières." in said
    before = dict(Occurrence.objects.order_by("pk").values_list("pk", "starts_at"))
    assert client.post("/sites/republique/", {**moved, "zone_is_meant": "on"}).status_code == 302
    assert dict(Occurrence.objects.order_by("pk").values_list("pk", "starts_at")) == before


@pytest.mark.promise("domain R13")
@pytest.mark.parametrize(
    ("zone", "day", "name"),
    [
        ("BL", dt.date(2027, 10, 9), "Abolition de l'esclavage"),
        ("MF", dt.date(2027, 5, 28), "Abolition de l'esclavage"),
        ("PM", dt.date(2027, 7, 14), "Fête nationale"),
        ("NC", dt.date(2027, 9, 24), "Fête de la Citoyenneté"),
        ("PF", GOOD_FRIDAY, "Vendredi saint"),
        ("WF", dt.date(2027, 4, 28), "Saint Pierre Chanel"),
    ],
)
def test_a_site_overseas_keeps_the_holidays_of_its_collectivity(
    world: World, client: Browser, zone: str, day: dt.date, name: str
) -> None:
    """They could not be chosen: people booked on days on which nobody works there."""
    time_zone = {"BL": "America/Guadeloupe", "MF": "America/Guadeloupe", "PM": "America/Miquelon"}.get(zone)
    time_zone = time_zone or {"NC": "Pacific/Noumea", "PF": "Pacific/Tahiti", "WF": "Pacific/Wallis"}[zone]
    client.force_login(world.users["network_head"])
    kept = {**PLACE, "slug": "strasbourg", "time_zone": time_zone, "holiday_zone": zone}
    del kept["good_friday_off"]
    assert client.post("/sites/nouveau/", kept).status_code == 302
    made = Site.objects.get(slug="strasbourg")
    assert (made.holiday_zone, made.time_zone) == (zone, time_zone)
    assert (day, name) in calendar.holidays_to_come(made, dt.date(2026, 11, 23))


@pytest.mark.promise("domain R5", "domain R13")
def test_another_time_zone_is_meant_for_what_a_quote_agreed_too(world: World, client: Browser) -> None:
    """It takes no place in the calendar: its hour once moved unseen, and nobody was told."""
    agreed = []
    for hour in (10, 14):
        quote = sent(world, draft=two_options(starts_at=at(24, hour)))
        accept_quote(quote, yes(quote), by=world.actor())
        agreed.append(quote.request)
    client.force_login(world.users["network_head"])
    moved = typed(world.site, time_zone="Indian/Reunion")
    for said, hours in (
        ("2 rendez-vous convenus par devis", "10:00, se lirait 13:00"),
        ("1 rendez-vous convenu par devis", "14:00, se lirait 17:00"),
    ):
        answer = client.post("/sites/republique/", moved)
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["time_zone"]
        (words,) = answer.context["form"].errors["time_zone"]
        assert f"\N{NO-BREAK SPACE}: {said}. Chaque chose" in words
        assert f"la prochaine, à {hours}" in words
        ServiceRequest.objects.filter(pk=agreed[0].pk).update(status="cancelled")
    world.site.refresh_from_db()
    assert world.site.time_zone == "Europe/Paris"
    assert client.post("/sites/republique/", {**moved, "zone_is_meant": "on"}).status_code == 302
    agreed[1].refresh_from_db()
    assert agreed[1].promised_start == at(24, 14)


def series_of(world: World) -> Recurrence:
    """Shirts on Tuesdays from a month on: planned, none booked yet."""
    first = dt.date(2026, 12, 22)
    wanted = Wanted("Chemises", "FREQ=WEEKLY;BYDAY=TU", first, dt.time(10), [wish_shirts(world)])
    return start_recurrence(world.client, world.site, wanted, by=world.actor())


def test_a_site_with_a_plan_of_orders_ahead_stays_open(world: World) -> None:
    plan = weekly_basket(world)
    with pytest.raises(Conflict) as refusal:
        edit_site(world.site, {"is_active": False}, by=world.actor("network_head"))
    assert (refusal.value.field, str(refusal.value.message)) == (
        "is_active",
        "On commande encore à l’avance ici\N{NO-BREAK SPACE}: arrêtez d’abord ces formules.",
    )
    close_plan(plan, by=world.actor())
    assert not edit_site(world.site, {"is_active": False}, by=world.actor("network_head")).is_active
    with pytest.raises(SiteClosed):
        weekly_basket(world, service=basket_service(world, "fruits"), producer=plan.producer)


def test_a_place_that_somebody_keeps_is_given_back_when_the_site_closes(world: World) -> None:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    edit_site(world.site, {"is_active": False}, by=world.actor("network_head"))
    kept.refresh_from_db()
    assert kept.status == HoldStatus.RELEASED
    with pytest.raises(HoldExpired):
        submit_request(world.site, client=details(), wishes=[wish_shirts(world)], hold=kept, by=world.actor())


def test_nothing_begins_or_comes_back_at_a_closed_site(world: World, client: Browser, book: Book) -> None:
    request = book()
    key: dict[str, Any] = {
        "client": details(email="autre@example.fr"),
        "wishes": [wish_shirts(world)],
        "services": [world.ironing],
    }
    ServiceRequest.objects.update(status="expired", tracking_until=at(30, 8))
    edit_site(world.site, {"is_active": False}, by=world.actor("network_head"))
    begun: list[Callable[[], object]] = [
        lambda: revive_request(request, by=world.actor()),
        lambda: draft_quote(request, by=world.actor()),
        lambda: series_of(world),
        lambda: book_request(world.site, starts_at=at(25, 10), by=world.actor(), **key),
    ]
    for begin in begun:
        with pytest.raises(SiteClosed) as refusal:
            begin()
        assert refusal.value.status == 409
    request.refresh_from_db()
    assert (request.status, ServiceRequest.objects.count(), Recurrence.objects.count()) == ("expired", 1, 0)
    # Whoever holds the link reads why.
    said = "Cette conciergerie ne prend plus de demandes."
    answer = client.post(f"/suivi/{request.tracking_token}/reprendre/", {"answer": ""})
    assert (answer.status_code, said in answer.content.decode()) == (409, True)


def test_what_somebody_else_saved_meanwhile_stays(world: World, client: Browser) -> None:
    client.force_login(world.users["network_head"])
    shown = as_shown(client.get("/sites/republique/"))
    Site.objects.update(is_active=False, time_zone="Indian/Reunion", holiday_zone="57", directions="Au fond")
    answer = client.post("/sites/republique/", {**shown, "city": "Beaune"})
    assert answer.status_code == 302, answer.context["form"].errors
    site = Site.objects.get()
    assert (site.city, site.is_active, site.time_zone) == ("Beaune", False, "Indian/Reunion")
    assert (site.holiday_zone, site.directions) == ("57", "Au fond")
    assert Event.objects.get(name="site.changed").data["changed"] == ["city"]
    # Refused, the page still says what it showed first.
    refused = as_shown(client.post("/sites/republique/", {**shown, "directions": "", "email": "nobody"}))
    assert client.post("/sites/republique/", {**refused, "email": ""}).status_code == 302
    site.refresh_from_db()
    assert (site.city, site.is_active, site.time_zone) == ("Beaune", False, "Indian/Reunion")
    # What is seen as it is can be set.
    again = as_shown(client.get("/sites/republique/"))
    assert client.post("/sites/republique/", {**again, "is_active": "on", "directions": ""}).status_code == 302
    site.refresh_from_db()
    assert (site.is_active, site.directions) == (True, "")


def test_the_list_asks_the_same_number_of_questions_for_three_sites(world: World, client: Browser) -> None:
    client.force_login(world.users["network_head"])
    client.get("/sites/")
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/sites/")
    for slug in ("strasbourg", "colmar"):
        far_site(world, slug)
    with CaptureQueriesContext(connection) as three:
        client.get("/sites/")
    assert len(three) == len(one)


def test_somebody_of_another_organisation_finds_nothing(world: World, client: Browser) -> None:
    other = build_world("ailleurs", "Ailleurs", "autre.localhost")
    client.force_login(other.users[Role.NETWORK_HEAD])
    answer = client.get("/sites/republique/", headers={"host": "autre.localhost"})
    assert answer.context["site"].organisation == other.organisation
    far = far_site(world)
    assert client.get(f"/sites/{far.slug}/", headers={"host": "autre.localhost"}).status_code == 404
