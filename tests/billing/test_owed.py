"""What the desk tells somebody that they owe: the amount on their page at the desk."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from billing.actions.invoices import invoice_request
from billing.models import LegalEntity
from bookings.models import ServiceRequest
from tests.billing.conftest import finish, make_account, make_client
from tests.bookings.test_booking_pages import shown
from tests.world import World

pytestmark = pytest.mark.django_db
NOTHING = "aucun travail terminé n’attend de facture"


def card(browser: Browser, world: World, path: str) -> str:
    """The card as the page of the person loads it, in plain spaces."""
    page = shown(browser.get(f"/guichet/republique/personne/{world.client.public_id}/"))
    assert f'hx-get="{path}"' in page
    return shown(browser.get(path)).replace("\xa0", " ").replace("\u202f", " ")


def test_the_amount_on_the_card_is_what_is_finished_and_not_invoiced(
    world: World, client: Browser, issuer: LegalEntity
) -> None:
    client.force_login(world.users["concierge"])
    path = f"/factures/personne/{world.client.public_id}/"
    # Under way; another's; paid by a company.
    world.request(world.ironing)
    other = finish(world, world.request(world.ironing))
    ServiceRequest.objects.filter(pk=other.pk).update(client=make_client(world))
    finish(world, world.request(world.ironing, payer_account=make_account(world)))
    assert NOTHING in card(client, world, path)
    finished = finish(world, world.request(world.ironing, world.cobbler))
    said = card(client, world, path)
    assert ("36,00 €" in said, "pour une demande terminée" in said, NOTHING in said) == (True, True, False)
    finish(world, world.request(world.cobbler))
    assert "54,00 €" in card(client, world, path)
    assert "2 demandes terminées" in card(client, world, path)
    invoice_request(finished, by=world.actor())
    assert "18,00 €" in card(client, world, path)
