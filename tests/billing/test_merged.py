"""One person under two records owes once, gets one invoice, and an undo bills nothing twice (R2, ADR 11)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.utils import timezone

from billing.actions.invoices import NothingToInvoice, invoice_payer, invoice_request
from billing.models import Invoice
from billing.models.billable import dues_of, owed_by, owing
from bookings.actions.merging import merge_clients, undo_merge
from bookings.models import Client, ServiceRequest
from concierge.tenancy import Actor
from tests.billing.conftest import finish, make_client, make_issuer
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(world: World) -> tuple[Client, Client, list[ServiceRequest]]:
    """One finished request of each record."""
    make_issuer(world)
    other = make_client(world, "Dominique")
    requests = [world.request(world.cobbler), world.request(world.ironing)]
    ServiceRequest.objects.filter(pk=requests[1].pk).update(client=other)
    return world.client, other, [finish(world, ServiceRequest.objects.get(pk=one.pk)) for one in requests]


def dues(world: World, name: str = "") -> dict[str, Decimal]:
    return {str(due.payer): due.total for due in dues_of(owing(world.organisation.pk, until=timezone.now(), name=name))}


def owed(world: World, client: Client) -> tuple[Decimal, int]:
    return owed_by(Client.objects.get(pk=client.pk), world.actor(), until=timezone.now())


@pytest.mark.promise("domain R2")
def test_one_client_one_sum_while_they_are_one(world: World, both: tuple[Client, Client, list[ServiceRequest]]) -> None:
    keep, other, requests = both
    each = [request.total_incl_vat for request in requests]
    before = {str(keep): each[0], str(other): each[1]}
    assert dues(world) == before
    merge_clients(keep, other, by=world.actor())
    whole = {str(keep): sum(each, Decimal(0))}
    assert dues(world) == whole
    # By the name of either record, the whole sum.
    assert [dues(world, name) for name in ("Dominique Lopez", keep.last_name, "nobody")] == [whole, whole, {}]
    assert [owed(world, client) for client in (keep, other)] == [(sum(each), 2)] * 2
    undo_merge(Client.objects.get(pk=other.pk), by=world.actor())
    assert (dues(world), owed(world, other)) == (before, (each[1], 1))


@pytest.mark.promise("domain R2")
def test_one_invoice_to_the_kept_one_and_nothing_twice_after_an_undo(
    world: World, both: tuple[Client, Client, list[ServiceRequest]]
) -> None:
    keep, other, requests = both
    merge_clients(keep, other, by=world.actor())
    made = invoice_payer(other, until=timezone.now(), by=world.actor())
    assert (made.client, made.total_incl_vat) == (keep, sum(request.total_incl_vat for request in requests))
    undo_merge(Client.objects.get(pk=other.pk), by=world.actor())
    for client in (keep, other):
        with pytest.raises(NothingToInvoice):
            invoice_payer(client, until=timezone.now(), by=world.actor())
    assert Invoice.objects.count() == 1


def test_the_pages_show_the_family(world: World, both: tuple[Client, Client, list[ServiceRequest]]) -> None:
    keep, other, requests = both
    early = invoice_request(requests[1], by=world.actor())
    assert early.client == other
    browser = Browser()
    browser.force_login(world.users["site_manager"])
    seen = [early.number in browser.get(f"/factures/personne/{keep.public_id}/").content.decode()]
    merge_clients(keep, other, by=world.actor())
    seen.append(early.number in browser.get(f"/factures/personne/{keep.public_id}/").content.decode())
    assert seen == [False, True]
    reader = Actor(kind="user", organisation=world.organisation, client_id=keep.pk)
    assert list(Invoice.objects.visible_to(reader)) == [early]
    assert invoice_request(requests[0], by=world.actor()).client == keep
