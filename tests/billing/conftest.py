"""An organisation that can invoice, and checked work to invoice."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.actions.issuers import set_up_issuer
from billing.models import LegalEntity
from bookings.models import Client, ClientAccount, ServiceRequest, WorkOrder
from tests.world import World

Finish = Callable[..., ServiceRequest]


def make_issuer(world: World) -> LegalEntity:
    """The issuer of a test organisation."""
    return set_up_issuer(
        by=world.actor(),
        name=world.organisation.name,
        legal_form="SARL",
        capital="12 000 €",
        street="14 rue de la Liberté",
        postcode="21000",
        city="Dijon",
        siren="732829320",
        siret="73282932000074",
        rcs="RCS Dijon 732 829 320",
        vat_number="FR44732829320",
        iban="FR7630006000011234567890189",
        payment_terms_fr="Paiement par virement à 30 jours.",
    )


def finish(world: World, request: ServiceRequest) -> ServiceRequest:
    """All its work is done and checked (plain rows: the verbs of bookings have their own tests)."""
    now = timezone.now()
    WorkOrder.objects.filter(request=request).update(
        status="verified",
        performer_kind="own_team",
        performer_id=1,
        performer_label="Nadia",
        started_at=now,
        completed_at=now,
        verified_at=now,
    )
    ServiceRequest.objects.filter(pk=request.pk).update(status="fulfilled")
    request.refresh_from_db()
    return request


def make_client(world: World, name: str = "Dominique") -> Client:
    """Another client of the organisation."""
    return Client.objects.create(
        organisation=world.organisation,
        first_name=name,
        last_name="Lopez",
        email=f"{name.lower()}@example.org",
        street="3 place Wilson",
        postcode="21000",
        city="Dijon",
    )


def make_account(world: World, *, siren: str = "552100554") -> ClientAccount:
    """A company that pays for its people."""
    return ClientAccount.objects.create(
        organisation=world.organisation,
        name="Moutarderie du Lac SAS",
        siren=siren,
        street="8 avenue du Lac",
        postcode="21200",
        city="Beaune",
        email="compta@moutarderie.example",
    )


@pytest.fixture
def issuer(world: World) -> LegalEntity:
    """``world`` can invoice."""
    return make_issuer(world)


@pytest.fixture
def finished(world: World, issuer: LegalEntity) -> ServiceRequest:
    """A request of ``world.client`` whose two works (18.00 each) are checked."""
    return finish(world, world.request(world.ironing, world.cobbler))


EIGHTEEN = Decimal("18.00")
