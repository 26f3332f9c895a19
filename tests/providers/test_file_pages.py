"""The team opens and corrects a provider's file on pages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from concierge.errors import Invalid
from concierge.models import Event
from providers.actions.businesses import change_provider
from providers.enums import DocumentKind
from providers.models import Provider, ProviderDocument, ProviderHours
from providers.rules.hours import OFFICE_HOURS
from tests.forms import as_shown
from tests.geocoder import FAR, NEAR, Geocoder, feature, geocoder
from tests.providers.conftest import add_provider
from tests.providers.test_pages import browser_of, page
from tests.world import World

__all__ = ["geocoder"]
NEW = "/prestataires/nouveau/"
TYPED = {
    "name": "Au talon d’argent",
    "legal_name": "SARL Talon & fils",
    "siret": "732 829 320 00074",
    "vat_number": "fr 44 732 829 320",
    "contact_name": "Sophie Aubert",
    "email": "Atelier@Example.fr",
    "phone": "06 12 34 56 78",
    "language": "fr",
    "street": "3 rue Monge",
    "postcode": "21300",
    "city": "Chenôve",
    "latitude": "47.322000",
    "longitude": "5.036000",
    "radius_km": "15",
    "travel_mode": "cargo_bike",
    "daily_capacity": "4",
    "is_local": "on",
    "is_sheltered": "on",
    "has_refashion_label": "on",
    "charter_signed_on": "2026-11-02",
}


@pytest.fixture
def manager(world: World) -> Browser:
    return browser_of(world.users["site_manager"])


def url(name: str, provider: Provider, *more: Any) -> str:
    return reverse(f"providers:{name}", args=[provider.public_id, *more])


def errors_of(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    return {name: list(said) for name, said in answer.context["form"].errors.items()}


# --- a new file ---------------------------------------------


@pytest.mark.promise("domain R32")
def test_a_file_is_opened_on_a_page(world: World, manager: Browser) -> None:
    assert NEW in page(manager.get("/prestataires/"))
    answer = manager.post(NEW, TYPED)
    made = Provider.objects.get()
    assert answer["Location"] == url("provider", made)
    assert (made.name, made.legal_name, made.siret, made.vat_number) == (
        "Au talon d’argent",
        "SARL Talon & fils",
        "73282932000074",
        "FR44732829320",
    )
    assert (made.email, made.phone.as_e164, made.radius_km, made.daily_capacity) == (
        "atelier@example.fr",
        "+33612345678",
        15,
        4,
    )
    flags = ("is_local", "is_ess", "is_insertion", "is_sheltered", "has_refashion_label", "is_vat_exempt")
    assert [getattr(made, name) for name in flags] == [True, False, False, True, True, False]
    assert made.charter_signed_on == dt.date(2026, 11, 2)
    body = page(manager.get(url("provider", made)))
    for said in ("SARL Talon &amp; fils", "FR44732829320", "Label Refashion", "ESAT", "du lundi au vendredi"):
        assert said in body
    event = Event.objects.get(name="provider.created")
    assert event.actor == f"user:{world.users['site_manager'].public_id}"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"siret": "732 829 320 00075"}, "siret", "Ce SIRET n’est pas valable\u00a0: vérifiez ses quatorze chiffres."),
        ({"siret": "7" * 30}, "siret", "Ce SIRET n’est pas valable\u00a0: vérifiez ses quatorze chiffres."),
        (
            {"vat_number": "FR45732829320"},
            "vat_number",
            "Ce numéro de TVA n’est pas valable\u00a0: il commence par FR et sa clé doit correspondre.",
        ),
        (
            {"vat_number": "FR40303265045"},
            "vat_number",
            "Ce numéro de TVA n’est pas celui de ce SIRET\u00a0: les deux contiennent le même SIREN.",
        ),
        (
            {"is_vat_exempt": "on"},
            "is_vat_exempt",
            "Soit un numéro de TVA, soit la franchise de l’article 293 B\u00a0: pas les deux.",
        ),
        ({"email": "", "phone": ""}, "email", "Indiquez une adresse e-mail ou un numéro de téléphone."),
        ({"postcode": "2130"}, "postcode", "Un code postal français a cinq chiffres."),
        ({"radius_km": "0"}, "radius_km", "Assurez-vous que cette valeur est supérieure ou égale à 1."),
        ({"daily_capacity": "0"}, "daily_capacity", "Assurez-vous que cette valeur est supérieure ou égale à 1."),
        ({"latitude": "91"}, "latitude", "Assurez-vous que cette valeur est inférieure ou égale à 90."),
        (
            {"latitude": ""},
            "latitude",
            "Donnez les deux coordonnées, ou aucune\u00a0: nous cherchons alors l’adresse.",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_all_that_was_typed_stays(
    world: World, manager: Browser, changes: dict[str, str], field: str, said: str
) -> None:
    typed = {**TYPED, **changes}
    answer = manager.post(NEW, typed)
    assert errors_of(answer) == {field: [said]}
    shown = as_shown(answer)
    kept = {name: value for name, value in typed.items() if name not in changes}
    assert {name: shown[name] for name in kept} == kept
    assert {name: shown.get(name, "") for name in changes} == changes
    assert (Provider.objects.count(), Event.objects.count()) == (0, 0)


def test_nonsense_is_refused(world: World, manager: Browser) -> None:
    numbers = ("1e999999", "NaN", "9" * 400, "-181", "4.5.6", "\x00")
    for field in ("latitude", "radius_km", "daily_capacity", "siret", "vat_number", "postcode"):
        for typed in numbers:
            assert field in errors_of(manager.post(NEW, {**TYPED, field: typed})), (field, typed)
    assert Provider.objects.count() == 0


def test_one_siret_is_one_file(world: World, manager: Browser) -> None:
    manager.post(NEW, TYPED)
    answer = manager.post(NEW, {**TYPED, "name": "Un autre"})
    assert errors_of(answer) == {"siret": ["Un autre prestataire a déjà ce SIRET."]}
    assert Provider.objects.count() == 1


def test_an_address_is_looked_up_where_nobody_typed_its_coordinates(
    world: World, manager: Browser, geocoder: Geocoder
) -> None:
    manager.post(NEW, {**TYPED, "latitude": "", "longitude": ""})
    made = Provider.objects.get()
    assert (made.latitude, made.longitude) == tuple(Decimal(str(degrees)) for degrees in NEAR)
    geocoder.finds(feature(FAR))
    form = as_shown(manager.get(url("edit-provider", made)))
    manager.post(url("edit-provider", made), {**form, "street": "9 rue Verte"})
    made.refresh_from_db()
    assert (made.street, made.latitude) == ("9 rue Verte", Decimal(str(FAR[0])))
    geocoder.finds()
    form = as_shown(manager.get(url("edit-provider", made)))
    answer = manager.post(url("edit-provider", made), {**form, "street": "1 rue Bleue"}, follow=True)
    assert "L’adresse a changé, pas ses coordonnées" in page(answer)
    made.refresh_from_db()
    assert (made.street, made.latitude) == ("1 rue Bleue", Decimal(str(FAR[0])))


@pytest.mark.promise("domain R34")
def test_an_address_that_nobody_finds_is_kept_and_its_distance_is_unknown(
    world: World, manager: Browser, geocoder: Geocoder
) -> None:
    geocoder.finds()
    answer = manager.post(NEW, {**TYPED, "latitude": "", "longitude": ""}, follow=True)
    assert "sa distance reste inconnue tant que personne n’indique ses coordonnées" in page(answer)
    made = Provider.objects.get()
    assert (made.latitude, made.longitude) == (None, None)
    manager.post(url("edit-provider", made), {**as_shown(manager.get(url("edit-provider", made))), "latitude": "47.3"})
    made.refresh_from_db()
    assert made.latitude is None
    with pytest.raises(Invalid) as refused:
        change_provider(made, {"latitude": Decimal("47.3")}, by=world.actor())
    assert refused.value.field == "longitude"


# --- a file that exists -------------------------------------


def test_two_people_correct_one_file_and_both_are_kept(world: World, manager: Browser) -> None:
    provider = add_provider(world)
    mine, theirs = (as_shown(manager.get(url("edit-provider", provider))) for _ in range(2))
    assert (
        manager.post(url("edit-provider", provider), {**mine, "contact_name": "Paul", "is_ess": "on"}).status_code
        == 302
    )
    assert manager.post(url("edit-provider", provider), {**theirs, "daily_capacity": "9"}).status_code == 302
    provider.refresh_from_db()
    assert (provider.contact_name, provider.is_ess, provider.daily_capacity) == ("Paul", True, 9)
    changed = Event.objects.filter(name="provider.changed", data__what="details").order_by("pk")
    assert [event.data["changed"] for event in changed] == [["contact_name", "is_ess"], ["daily_capacity"]]
    again = as_shown(manager.get(url("edit-provider", provider)))
    assert manager.post(url("edit-provider", provider), again).status_code == 302
    assert changed.count() == 2


def test_hours_of_a_day_are_set_beside_those_that_somebody_else_sets(world: World, manager: Browser) -> None:
    provider = add_provider(world)
    mine, theirs = (as_shown(manager.get(url("provider-hours", provider))) for _ in range(2))
    assert mine["day0"] == "09:00–18:00"
    manager.post(url("provider-hours", provider), {**mine, "day0": "8h-12h, 14h-19h"})
    manager.post(url("provider-hours", provider), {**theirs, "day5": "9-12"})
    kept = [(row.weekday, f"{row.opens:%H:%M}", f"{row.closes:%H:%M}") for row in ProviderHours.objects.all()]
    others = [(day, "09:00", "18:00") for day in range(1, 5)]
    assert kept == [(0, "08:00", "12:00"), (0, "14:00", "19:00"), *others, (5, "09:00", "12:00")]
    assert "lundi 08:00–12:00, 14:00–19:00" in page(manager.get(url("provider", provider)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("9-12, 11-14", "Ces horaires chevauchent d’autres horaires du même jour."),
        ("12-9", "L’heure de fermeture doit être après l’heure d’ouverture."),
        ("le matin", None),
        ("25:00-26:00", None),
    ],
)
def test_hours_that_cannot_be_are_refused_at_their_day(
    world: World, manager: Browser, line: str, said: str | None
) -> None:
    provider = add_provider(world)
    answer = manager.post(url("provider-hours", provider), {"day3": line, "day0": "8-12"})
    errors = errors_of(answer)
    assert list(errors) == ["day3"]
    assert said is None or errors == {"day3": [said]}
    assert {name: as_shown(answer)[name] for name in ("day0", "day3")} == {"day0": "8-12", "day3": line}
    assert ProviderHours.objects.count() == len(OFFICE_HOURS)


# --- papers -------------------------------------------------


def test_papers_are_added_corrected_and_taken_out(world: World, manager: Browser) -> None:
    provider = add_provider(world, papers=False)
    add, form = url("new-document", provider), {"reference": "RC-12", "issued_on": "2026-03-01"}
    assert add in page(manager.get(url("provider", provider)))
    assert as_shown(manager.get(f"{add}?kind=insurance"))["kind"] == "insurance"
    manager.post(add, {**form, "kind": "insurance", "expires_on": "2027-02-28"})
    manager.post(add, {**form, "kind": "registration", "expires_on": ""})
    assert "Documents\u00a0: En règle" in page(manager.get(url("provider", provider)))
    paper = ProviderDocument.objects.get(kind=DocumentKind.INSURANCE)
    edit = url("edit-document", provider, paper.public_id)
    shown = as_shown(manager.get(edit))
    manager.post(edit, {**shown, "expires_on": "2026-12-31"})
    paper.refresh_from_db()
    assert (paper.reference, paper.expires_on) == ("RC-12", dt.date(2026, 12, 31))
    told = Event.objects.filter(name="provider.changed").order_by("pk").last()
    assert told is not None
    assert told.data == {"what": "document:insurance", "before": {"expires_on": "2027-02-28"}}
    assert manager.post(url("remove-document", provider, paper.public_id)).status_code == 302
    assert [row.kind for row in ProviderDocument.objects.all()] == ["registration"]
    assert manager.post(url("remove-document", provider, paper.public_id)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"expires_on": "2026-02-28"}, "expires_on", "Le dernier jour ne peut pas être avant le premier."),
        ({"issued_on": "2026-11-24"}, "issued_on", "Le jour d’établissement est encore à venir."),
        ({"issued_on": "0001-01-01", "expires_on": "0001-01-05"}, "issued_on", "Ce jour est trop lointain."),
        ({"issued_on": ""}, "issued_on", None),
        ({"issued_on": "31/02/2026"}, "issued_on", None),
        ({"expires_on": "9999-99-99"}, "expires_on", None),
        ({"kind": "licence"}, "kind", None),
        ({"kind": "insurance"}, "expires_on", "Indiquez le dernier jour où il compte\u00a0: ce document le dit."),
        (
            {"kind": "vigilance", "expires_on": "2026-09-02"},
            "expires_on",
            "Une attestation de vigilance dit jusqu’à quand elle compte\u00a0: six mois au plus.",
        ),
        ({"reference": "x" * 81}, "reference", None),
    ],
)
def test_a_wrong_paper_is_refused_at_its_field(
    world: World, manager: Browser, changes: dict[str, str], field: str, said: str | None
) -> None:
    provider = add_provider(world, papers=False)
    typed = {"kind": "registration", "reference": "A", "issued_on": "2026-03-01", "expires_on": "", **changes}
    answer = manager.post(url("new-document", provider), typed)
    errors = errors_of(answer)
    assert list(errors) == [field]
    assert said is None or errors[field] == [said]
    assert ProviderDocument.objects.count() == 0


def test_who_follows_requests_reads_the_file_and_does_not_write_it(world: World, other_world: World) -> None:
    provider, other = add_provider(world), add_provider(world)
    paper = provider.documents.first()
    assert paper is not None
    for role, status in (("dispatcher", 403), ("accountant", 403), ("provider", 403), ("trainee", 403)):
        reader = browser_of(world.users[role])
        for name, more in (
            ("edit-provider", ()),
            ("provider-hours", ()),
            ("new-document", ()),
            ("edit-document", (paper.public_id,)),
        ):
            assert reader.get(url(name, provider, *more)).status_code == status, (role, name)
        assert reader.post(NEW, TYPED).status_code == status
        assert reader.post(url("remove-document", provider, paper.public_id)).status_code == status
    body = page(browser_of(world.users["dispatcher"]).get(url("provider", provider)))
    assert not any(url(name, provider) in body for name in ("edit-provider", "provider-hours", "new-document"))
    manager = browser_of(world.users["site_manager"])
    assert manager.get(url("edit-document", other, paper.public_id)).status_code == 404
    assert manager.post(url("remove-document", other, paper.public_id)).status_code == 404
    assert provider.documents.count() == 2
