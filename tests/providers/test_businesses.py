"""Files of providers: what is refused, and in which words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils.translation import override

from concierge.errors import Conflict, DomainError, Invalid
from concierge.models import Event, Membership
from providers.actions.agreements import agree_service, end_agreement
from providers.actions.availability import set_hours
from providers.actions.businesses import add_member, change_provider, create_provider
from providers.actions.documents import add_document
from providers.actions.policies import set_offer_policy
from providers.enums import DocumentKind
from providers.models import OfferPolicy, Provider, ProviderHours, ServiceAgreement, provider_id_of
from providers.rules.hours import OFFICE_HOURS, Opening
from tests.providers.conftest import add_provider, details
from tests.world import World


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"siret": "12345678901234"}, "siret", "Ce SIRET n’est pas valable\u00a0: vérifiez ses quatorze chiffres."),
        ({"siret": "732 829 320"}, "siret", "Ce SIRET n’est pas valable\u00a0: vérifiez ses quatorze chiffres."),
        ({"phone": "0123"}, "phone", "Ce numéro de téléphone n’est pas valable."),
        ({"postcode": "2100"}, "postcode", "Un code postal français a cinq chiffres."),
        ({"email": "", "phone": ""}, "email", "Indiquez une adresse e-mail ou un numéro de téléphone."),
        ({"email": "pas-une-adresse"}, "email", None),
        ({"radius_km": 0}, "radius_km", "Le secteur desservi doit être compris entre 1 et 500\u00a0km."),
        ({"latitude": Decimal(91)}, "latitude", "Ces coordonnées ne sont pas sur Terre."),
        ({"name": ""}, "name", None),
        ({"daily_capacity": 0}, "daily_capacity", "Au moins un travail par jour."),
        (
            {"siret": "73282932000074", "vat_number": "FR45732829320"},
            "vat_number",
            "Ce numéro de TVA n’est pas valable\u00a0: il commence par FR et sa clé doit correspondre.",
        ),
        (
            {"siret": "73282932000074", "vat_number": "FR40303265045"},
            "vat_number",
            "Ce numéro de TVA n’est pas celui de ce SIRET\u00a0: les deux contiennent le même SIREN.",
        ),
        (
            {"siret": "73282932000074", "vat_number": "FR44732829320", "is_vat_exempt": True},
            "is_vat_exempt",
            "Soit un numéro de TVA, soit la franchise de l’article 293 B\u00a0: pas les deux.",
        ),
    ],
)
def test_wrong_details_are_refused_at_the_field(
    world: World, changes: dict[str, Any], field: str | None, words: str | None
) -> None:
    with override("fr"), pytest.raises(Invalid) as refused:
        create_provider(world.organisation, details(**changes), by=world.actor())
    assert refused.value.field == field
    with override("fr"):
        assert words is None or str(refused.value.message) == words
    assert (Provider.objects.count(), Event.objects.count()) == (0, 0)


def test_siret_is_compacted_and_unique_per_organisation(world: World, other_world: World) -> None:
    spaced = details(siret="732 829 320 00074", phone="06 12 34 56 78", email="Bonjour@Example.FR ")
    made = create_provider(world.organisation, spaced, by=world.actor())
    assert (made.siret, made.email, str(made.phone.as_e164)) == ("73282932000074", "bonjour@example.fr", "+33612345678")
    with pytest.raises(Invalid) as refused:
        create_provider(world.organisation, details(siret="73282932000074"), by=world.actor())
    assert refused.value.field == "siret"
    changed = change_provider(made, {"siret": "732 829 320 00074", "name": "Autre nom"}, by=world.actor())
    assert changed.name == "Autre nom"


@pytest.mark.promise("domain R33")
def test_agreements_do_not_overlap(world: World) -> None:
    provider = add_provider(world, price=None)
    first = agree_service(
        provider, world.cobbler, commission_percent=Decimal(15), valid_from=dt.date(2026, 1, 1), by=world.actor()
    )
    with pytest.raises(Conflict):
        agree_service(
            provider, world.cobbler, purchase_price=Decimal(9), valid_from=dt.date(2026, 6, 1), by=world.actor()
        )
    with time_machine.travel(dt.datetime(2026, 5, 20, 9, tzinfo=dt.UTC), tick=False):
        end_agreement(first, on=dt.date(2026, 5, 31), by=world.actor())
    agree_service(provider, world.cobbler, purchase_price=Decimal(9), valid_from=dt.date(2026, 6, 1), by=world.actor())
    assert ServiceAgreement.objects.valid_on(dt.date(2026, 5, 31)).get() == first
    with pytest.raises(Invalid):
        end_agreement(first, on=dt.date(2025, 12, 31), by=world.actor())


@pytest.mark.parametrize(
    "terms",
    [
        {"purchase_price": Decimal(9), "commission_percent": Decimal(10)},
        {"purchase_price": Decimal(-1)},
        {"commission_percent": Decimal(100)},
        {"valid_from": dt.date(2026, 2, 1), "valid_to": dt.date(2026, 1, 1)},
    ],
)
def test_senseless_terms_are_refused(world: World, terms: dict[str, Any]) -> None:
    provider = add_provider(world, price=None)
    with pytest.raises(Invalid):
        agree_service(provider, world.cobbler, **terms, by=world.actor())
    assert ServiceAgreement.objects.count() == 0


def test_hours_are_replaced_whole_or_not_at_all(world: World) -> None:
    provider = add_provider(world)
    for wrong in (
        [Opening(0, dt.time(9), dt.time(12)), Opening(0, dt.time(11), dt.time(14))],
        [Opening(0, dt.time(12), dt.time(9))],
        [Opening(7, dt.time(9), dt.time(12))],
    ):
        with pytest.raises(DomainError):
            set_hours(provider, wrong, by=world.actor())
        assert ProviderHours.objects.count() == len(OFFICE_HOURS)
    set_hours(provider, [Opening(5, dt.time(9), dt.time(12))], by=world.actor())
    assert ProviderHours.objects.get().weekday == 5


def test_a_paper_does_not_end_before_it_begins(world: World) -> None:
    with pytest.raises(Invalid):
        add_document(
            add_provider(world),
            kind=DocumentKind.INSURANCE,
            issued_on=dt.date(2026, 2, 1),
            expires_on=dt.date(2026, 1, 1),
            by=world.actor(),
        )


def test_a_member_acts_for_one_active_provider(world: World, other_world: World) -> None:
    user = world.users["provider"]
    provider, other = add_provider(world), add_provider(world)
    add_member(provider, user, by=world.actor())
    with pytest.raises(Conflict):
        add_member(other, user, by=world.actor())
    assert provider_id_of(user, world.organisation) == provider.pk
    assert provider_id_of(user, other_world.organisation) is None
    assert Membership.objects.filter(user=user).count() == 1
    Provider.objects.update(is_active=False)
    assert provider_id_of(user, world.organisation) is None


@pytest.mark.parametrize(
    "terms", [{"wave_size": 0}, {"max_waves": 21}, {"answer_hours": Decimal(0)}, {"weights": (50, 50, 50)}]
)
def test_senseless_policies_are_refused(world: World, terms: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        set_offer_policy(world.organisation, **terms, by=world.actor())
    set_offer_policy(world.organisation, wave_size=2, by=world.actor("network_head"))
    set_offer_policy(world.organisation, wave_size=4, by=world.actor("network_head"))
    assert OfferPolicy.objects.get().wave_size == 4
    told = Event.objects.filter(name="offer_policy.changed").order_by("pk")
    assert [event.data["wave_size"] for event in told] == [2, 4]
    assert {event.actor for event in told} == {world.actor("network_head").reference}


@pytest.mark.promise("I11")
def test_postgres_refuses_what_code_might_forget(world: World) -> None:
    provider = add_provider(world)
    for change in (
        {"siret": "1"},
        {"postcode": "x"},
        {"daily_capacity": 0},
        {"email": "", "phone": ""},
        {"vat_number": "FR1"},
        {"vat_number": "FR40303265045"},
        {"vat_number": f"FR44{provider.siret[:9]}", "is_vat_exempt": True},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Provider.objects.filter(pk=provider.pk).update(**change)
