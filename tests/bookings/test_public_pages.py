"""Pages for everybody: what they tell people and search engines, and which pages may show the widget."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from bookings.actions.openings import set_presence
from bookings.actions.sites import set_site_rules
from bookings.models import ClientAccount, Closure, Presence, Service, ServiceAtSite, SlotRule
from bookings.views.public import MOST_STANDS
from concierge.errors import Invalid, NotAllowed
from concierge.models import Event, Site
from tests.bookings.conftest import at, weekly_basket
from tests.bookings.test_booking_pages import shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HERE = "http://testserver"


def json_ld(page: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/ld\+json" nonce="[^"]+">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    read: dict[str, Any] = json.loads(found[0])
    return read


def test_a_site_tells_what_it_offers_and_when(world: World, client: Browser) -> None:
    Closure.objects.create(
        organisation=world.organisation,
        site=world.site,
        starts_on=dt.date(2026, 12, 28),
        ends_on=dt.date(2026, 12, 31),
        reason="Inventaire",
    )
    Site.objects.update(directions="Face à la fontaine", phone="0380112233")
    page = shown(client.get("/conciergeries/republique/"))
    for words in ("Repassage", "Pose de talons", "12 place de la République", "Face à la fontaine", "03 80 11 22 33"):
        assert words in page
    assert "Inventaire" in page
    assert "1er janvier 2027" in page.replace("\xa0", " ")
    assert 'href="/reserver/republique/"' in page
    assert f'<link rel="canonical" href="{HERE}/conciergeries/republique/">' in page
    assert '<meta name="description" content="Conciergerie République, 12 place' in page
    assert "noindex" not in page


def test_search_engines_read_the_same(world: World, client: Browser) -> None:
    Closure.objects.create(
        organisation=world.organisation,
        site=world.site,
        starts_on=dt.date(2026, 12, 24),
        ends_on=dt.date(2026, 12, 26),
    )
    url = f"{HERE}/conciergeries/republique/"
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    assert json_ld(shown(client.get("/conciergeries/republique/"))) == {
        "@context": "https://schema.org",
        "@type": "LocalBusiness",
        "@id": f"{url}#site",
        "name": "Conciergerie République",
        "url": url,
        "telephone": "0380000000",
        "email": "bonjour@sens-pratique.example",
        "address": {
            "@type": "PostalAddress",
            "streetAddress": "12 place de la République",
            "postalCode": "21000",
            "addressLocality": "Dijon",
            "addressCountry": "FR",
        },
        "geo": {"@type": "GeoCoordinates", "latitude": 47.3271, "longitude": 5.0442},
        "parentOrganization": {"@type": "Organization", "name": "Sens Pratique"},
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": f"https://schema.org/{day}",
                "opens": "09:00",
                "closes": "18:00",
            }
            for day in days
        ],
        "specialOpeningHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "opens": "00:00",
                "closes": "00:00",
                "validFrom": first,
                "validThrough": last,
            }
            # Christmas is within the closure.
            for first, last in (("2026-12-24", "2026-12-26"), ("2027-01-01", "2027-01-01"))
        ],
        "hasOfferCatalog": {
            "@type": "OfferCatalog",
            "itemListElement": [
                {
                    "@type": "Offer",
                    "itemOffered": {"@type": "Service", "name": "Repassage", "provider": {"@id": f"{url}#site"}},
                    "priceSpecification": {
                        "@type": "UnitPriceSpecification",
                        "minPrice": "3.00",
                        "maxPrice": "4.00",
                        "priceCurrency": "EUR",
                    },
                },
                {
                    "@type": "Offer",
                    "itemOffered": {"@type": "Service", "name": "Pose de talons", "provider": {"@id": f"{url}#site"}},
                    "price": "18.00",
                    "priceCurrency": "EUR",
                },
            ],
        },
    }


def stand(world: World, name: str, **more: Any) -> Presence:
    """On Tuesdays from noon to two, for everybody."""
    given = {"street": "1 place de la Libération", "postcode": "21000", "city": "Dijon", "weekday": 1}
    given |= {"opens": dt.time(12), "closes": dt.time(14), **more}
    return set_presence(world.site, None, by=world.actor("site_manager"), name=name, **given)


@pytest.mark.promise("domain R16")
def test_a_site_tells_where_else_everybody_is_received(world: World, client: Browser) -> None:
    account = ClientAccount.objects.create(organisation=world.organisation, name="Dijon Habitat")
    stand(world, "Hall de la mairie")
    stand(world, "Marché couvert", weekday=None, held_on=dt.date(2026, 11, 24), opens=dt.time(9))
    stand(world, "Dans nos bureaux", account=account)
    stand(world, "En pause", is_paused=True)
    stand(world, "Trop tard", weekday=None, held_on=dt.date(2026, 11, 20))
    stand(world, "Trop loin", weekday=None, held_on=dt.date(2027, 3, 2))
    Closure.objects.create(
        organisation=world.organisation, site=world.site, starts_on=dt.date(2026, 12, 1), ends_on=dt.date(2026, 12, 1)
    )
    page = shown(client.get("/conciergeries/republique/"))
    names = ("Marché couvert", "Hall de la mairie", "Dans nos bureaux", "En pause", "Trop tard", "Trop loin")
    assert [name for name in names if name in page] == ["Marché couvert", "Hall de la mairie"]
    assert page.index("Marché couvert</h3>") < page.index("Hall de la mairie</h3>")
    assert "mardi 24 novembre, mardi 8 décembre, mardi 15 décembre" in page.replace("\xa0", " ")
    told = json_ld(page)["hasPOS"]
    assert [(one["@type"], one["name"]) for one in told] == [
        ("Place", "Marché couvert"),
        ("Place", "Hall de la mairie"),
    ]
    assert told[0]["address"]["streetAddress"] == "1 place de la Libération"
    assert told[0]["openingHoursSpecification"] == [
        {
            "@type": "OpeningHoursSpecification",
            "opens": "09:00",
            "closes": "14:00",
            "validFrom": "2026-11-24",
            "validThrough": "2026-11-24",
        }
    ]
    assert [one["validFrom"] for one in told[1]["openingHoursSpecification"]] == [
        "2026-11-24",
        "2026-12-08",
        "2026-12-15",
    ]


@pytest.mark.promise("R38")
def test_a_stand_of_today_is_told_until_it_closes(world: World, client: Browser, monday: Any) -> None:
    stand(world, "Hall", weekday=None, held_on=dt.date(2026, 11, 23), opens=dt.time(9), closes=dt.time(12))
    assert "Hall</h3>" in shown(client.get("/conciergeries/republique/"))
    monday.move_to(at(23, 12))
    assert "Hall</h3>" not in shown(client.get("/conciergeries/republique/"))


def test_stands_are_read_flat(world: World, client: Browser) -> None:
    seen = []
    for number in range(3):
        stand(world, f"Stand {number}")
        client.get("/conciergeries/republique/")
        if number in (0, 2):
            with CaptureQueriesContext(connection) as asked:
                client.get("/conciergeries/republique/")
            seen.append(len(asked))
    assert seen[0] == seen[1]


@pytest.mark.promise("S22")
def test_a_name_cannot_leave_the_data_block(world: World, client: Browser) -> None:
    evil = "</script><script>alert(1)</script><!--"
    Site.objects.update(name=evil)
    Service.objects.update(name=evil)
    page = shown(client.get("/conciergeries/republique/"))
    assert "<script>alert" not in page
    assert json_ld(page)["name"] == evil
    assert "<script>alert" not in shown(client.get("/integrer/republique/"))


@pytest.mark.promise("S01", "S04")
def test_no_site_of_another_organisation(world: World, other_world: World, client: Browser) -> None:
    there = Browser(headers={"host": other_world.host})
    Site.objects.update(slug="ici")
    for address in ("/conciergeries/ici/", "/integrer/ici/"):
        assert client.get(address).status_code == 200
        assert there.get(address).status_code == 404
    for path in ("/conciergeries/", "/sitemap.xml"):
        assert "ici/" in client.get(path).content.decode()
        assert "ici/" not in there.get(path).content.decode()
    Site.objects.update(is_active=False)
    assert client.get("/conciergeries/ici/").status_code == 404
    assert "Personne" not in shown(client.get("/conciergeries/"))


@pytest.mark.promise("S04", "P07")
def test_nothing_personal_is_on_them(world: World, client: Browser) -> None:
    world.request(world.cobbler)
    for path in ("/conciergeries/", "/conciergeries/republique/", "/integrer/republique/", "/sitemap.xml"):
        text = client.get(path).content.decode()
        for secret in (world.client.last_name, world.client.email, "06 12 34 56 78", "concierge@"):
            assert secret not in text


def test_the_map_for_search_engines(world: World, client: Browser) -> None:
    answer = client.get("/sitemap.xml")
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
        "application/xml",
        "public, max-age=3600",
    )
    root = ElementTree.fromstring(answer.content)
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert [loc.text for loc in root.iter(f"{space}loc")] == [
        f"{HERE}/conciergeries/",
        f"{HERE}/conciergeries/republique/",
    ]
    text = client.get("/robots.txt").content.decode()
    assert text.splitlines() == [
        "User-agent: *",
        "Allow: /conciergeries/",
        "Allow: /static/",
        "Disallow: /",
        f"Sitemap: {HERE}/sitemap.xml",
    ]


def test_pages_may_be_kept_for_a_while(world: World, client: Browser) -> None:
    answer = client.get("/conciergeries/republique/")
    assert answer.headers["Cache-Control"] == "private, max-age=300"
    assert "Cookie" in answer.headers["Vary"]


def test_a_site_is_read_flat(
    world: World, client: Browser, django_assert_num_queries: DjangoAssertNumQueries, django_assert_max_num_queries: Any
) -> None:
    client.get("/conciergeries/republique/")
    with django_assert_max_num_queries(20) as before:
        client.get("/conciergeries/republique/")
    for number in range(3):
        service = Service.objects.create(
            organisation=world.organisation,
            category=world.cobbler.category,
            code=f"plus-{number}",
            name=f"Plus {number}",
            unit_price=18,
            execution=world.cobbler.execution,
        )
        ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=service)
    with django_assert_num_queries(len(before.captured_queries)):
        client.get("/conciergeries/republique/")


# --- the widget -----------------------------------------------------------------------------------------------------


def frames(answer: Any) -> str:
    """Who may show it, as the header says."""
    policy: dict[str, str] = dict(
        part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";")
    )
    return str(policy["frame-ancestors"])


@pytest.mark.promise("S52")
def test_nobody_shows_it_who_is_not_listed(world: World, client: Browser) -> None:
    answer = client.get("/integrer/republique/")
    assert (frames(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY")
    set_site_rules(
        world.site,
        silence_days=3,
        frame_origins=["https://intranet.example.org", "https://*.equipe.example.org"],
        by=world.actor("site_manager"),
    )
    answer = client.get("/integrer/republique/")
    assert frames(answer) == "https://intranet.example.org https://*.equipe.example.org"
    assert "X-Frame-Options" not in answer.headers
    assert not answer.cookies
    # Everything else keeps the wall, also the refusals of the widget itself.
    for path in ("/conciergeries/republique/", "/reserver/republique/", "/integrer/nulle-part/", "/compte/login/"):
        answer = client.get(path)
        assert (frames(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY"), path


@pytest.mark.promise("S23")
def test_the_widget_keeps_the_rest_of_the_policy(world: World, client: Browser) -> None:
    Site.objects.update(frame_origins=["https://intranet.example.org"])
    changing = r"'nonce-[^']+'|frame-ancestors [^;]+"
    parts = [
        re.sub(changing, "", client.get(path).headers["Content-Security-Policy"])
        for path in ("/integrer/republique/", "/conciergeries/republique/")
    ]
    assert parts[0] == parts[1]


def test_the_widget_leads_to_the_chosen_service(world: World, client: Browser) -> None:
    page = shown(client.get("/integrer/republique/"))
    assert "Lundi 23 novembre" in page.replace("\xa0", " ")
    links = re.findall(r'href="(http[^"]+)" target="_blank" rel="noopener"', page)
    assert len(links) == 4
    assert links[0] == f"{HERE}/reserver/republique/?service={world.ironing.public_id}"
    chosen = shown(client.get(links[0].removeprefix(HERE)))
    ticked = re.findall(r'<input[^>]*value="([^"]+)"[^>]*\schecked', chosen)
    assert ticked == [str(world.ironing.public_id)]
    assert "<form" not in page
    english = shown(client.get("/integrer/republique/?lang=en"))
    assert ("Next free times" in english, 'lang="en"' in english) == (True, True)


def test_the_next_times_are_those_of_whatever_is_free_first(world: World, client: Browser) -> None:
    """One service that is gathered weekly, full, looked at for a quote or ordered ahead postpones no other."""

    def times() -> list[str]:
        return re.findall(r"(?:Lundi|Mardi|Mercredi|Jeudi)[^<]*", shown(client.get("/integrer/republique/")))

    first = times()
    assert first[0].replace("\xa0", " ").startswith("Lundi 23 novembre")
    terms = ServiceAtSite.objects.filter(service=world.cobbler)
    terms.update(max_per_day=0)
    assert times() == first
    terms.update(max_per_day=None, weekly_cut_off_day=2, weekly_cut_off_time=dt.time(12), lead_time_hours=48)
    assert times() == first
    Service.objects.filter(pk=world.cobbler.pk).update(price_mode="on_quote", unit_price=None)
    weekly_basket(world)
    assert times() == first
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=False)
    assert times() == []


def test_the_next_times_on_three_terms_ask_no_more_than_on_one(world: World, client: Browser) -> None:
    counts = []
    SlotRule.objects.filter(place="desk").update(capacity=1)
    for lead_times in ((0, 0), (0, 30)):
        for service, hours in zip((world.ironing, world.cobbler), lead_times, strict=True):
            ServiceAtSite.objects.filter(service=service).update(lead_time_hours=hours)
        client.get("/integrer/republique/")
        with CaptureQueriesContext(connection) as asked:
            assert "Lundi 23 novembre" in shown(client.get("/integrer/republique/")).replace("\xa0", " ")
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("days", "origins", "field"),
    [
        (0, [], "silence_days"),
        (61, [], "silence_days"),
        (3, ["http://example.org"], "frame_origins"),
        (3, ["https://*.example.org"], "frame_origins"),
        (3, ["https://example.org; script-src *"], "frame_origins"),
        (3, [f"https://a{n}.example.org" for n in range(11)], "frame_origins"),
    ],
)
def test_rules_of_a_site_are_checked(world: World, days: int, origins: list[str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        set_site_rules(world.site, silence_days=days, frame_origins=origins, by=world.actor("site_manager"))
    assert refused.value.field == field
    world.site.refresh_from_db()
    assert (world.site.silence_days, world.site.frame_origins) == (3, [])


def test_only_managers_set_them(world: World) -> None:
    for role in ("concierge", "dispatcher", "accountant", "supervisor"):
        with pytest.raises(NotAllowed):
            set_site_rules(world.site, silence_days=5, frame_origins=[], by=world.actor(role))
    assert not Event.objects.exists()


def test_a_manager_sets_them_on_a_page(world: World, client: Browser) -> None:
    client.force_login(world.users["site_manager"])
    assert 'href="/reglages/republique/"' in shown(client.get("/sites/republique/"))
    page = shown(client.get("/reglages/republique/"))
    assert "&lt;iframe" not in page
    typed = {"silence_days": "5", "frame_origins": "https://ok.example.org\nhttps://*.org"}
    wrong = shown(client.post("/reglages/republique/", typed), 422)
    assert "https://*.org" in wrong
    assert "trop large" in wrong
    typed["frame_origins"] = "https://ok.example.org"
    assert client.post("/reglages/republique/", typed).status_code == 302
    page = shown(client.get("/reglages/republique/"))
    assert f"&lt;iframe src=&quot;{HERE}/integrer/republique/&quot;" in page
    assert (Event.objects.get().name, Event.objects.get().data["silence_days"]) == ("site.rules_set", 5)
    client.force_login(world.users["concierge"])
    assert client.get("/reglages/republique/").status_code == 403


def test_the_stands_that_come_first_are_the_ones_that_are_told(world: World, client: Browser) -> None:
    """Twelve were once taken by age, before their next day was known: the newest, for tomorrow, was not among them."""
    for number in range(MOST_STANDS):
        stand(world, f"Vendredi {number}", weekday=4)
    stand(world, "Demain", weekday=None, held_on=dt.date(2026, 11, 24))
    told = json_ld(shown(client.get("/conciergeries/republique/")))["hasPOS"]
    assert [one["name"] for one in told] == ["Demain", *(f"Vendredi {number}" for number in range(MOST_STANDS - 1))]
