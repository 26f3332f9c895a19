"""Files that were begun by an invitation and never handed in, or that the team refuses (domain R32, P04)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser

from concierge import retention
from concierge.errors import Conflict
from concierge.models import Event
from notifications.actions.writing import write
from notifications.models import Message
from providers.actions.agreements import agree_service
from providers.actions.documents import add_document
from providers.actions.invitations import approve_provider, hand_in, invite_again, refuse_file
from providers.actions.places import Limit, set_places
from providers.actions.refusals import InvitationOver
from providers.enums import DocumentKind
from providers.models import Provider, ProviderInvitation
from tests.conftest import settle
from tests.providers.conftest import MONDAY, add_provider
from tests.providers.test_invitations import at, begun, invited, ready
from tests.providers.test_pages import browser_of, page
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R32")]


def test_an_invitation_whose_link_is_over_is_shown_as_expired(world: World, monday: Any) -> None:
    manager, address = browser_of(world.users["site_manager"]), "/prestataires/invitations/"
    begun(world, invited(world))
    assert "Expirée" not in page(manager.get(address))
    monday.move_to(MONDAY + dt.timedelta(days=31))
    assert "Expirée" in page(browser_of(world.users["site_manager"]).get(address))
    invite_again(ProviderInvitation.objects.get(), by=world.actor())
    assert "Expirée" not in page(browser_of(world.users["site_manager"]).get(address))


def test_a_file_is_refused_with_a_reason_and_they_are_told(world: World) -> None:
    manager, invitation = browser_of(world.users["site_manager"]), invited(world)
    address = f"/prestataires/invitations/{invitation.public_id}/"
    assert "Refuser ce dossier" not in page(manager.get(address))
    provider = ready(world, invitation)
    door = at(invitation)
    assert "Refuser ce dossier" in page(manager.get(address))
    assert "Dites pourquoi" in page(manager.post(f"{address}refuser/", {"reason": " "}), 422)
    assert manager.post(f"{address}refuser/", {"reason": "Pas d’assurance"}).status_code == 302
    assert ("Pas d’assurance" in page(manager.get(address)), Browser().get(door).status_code) == (True, 410)
    settle(world.organisation)
    assert "Pas d’assurance" in write(Message.objects.get(kind="provider_invitation.refused")).text
    with pytest.raises(Conflict):
        approve_provider(provider, by=world.actor())
    with pytest.raises(InvitationOver):
        refuse_file(invitation, reason="Encore", by=world.actor())
    # Invited again they go on where they were.
    invite_again(invitation, by=world.actor())
    invitation.refresh_from_db()
    assert (invitation.status, invitation.refusal, invitation.provider) == ("sent", "", provider)
    hand_in(invitation, charter="Nous travaillons bien.", name="Lise", by=world.actor())
    approve_provider(provider, by=world.actor())
    with pytest.raises(InvitationOver):
        refuse_file(invitation, reason="Trop tard", by=world.actor())


@pytest.mark.promise("P04")
def test_files_that_nobody_finished_go_and_all_others_stay(world: World, monday: Any) -> None:
    by = world.actor()
    lost = ready(world, invited(world, email="a@example.fr"))
    add_document(lost, kind=DocumentKind.INSURANCE, issued_on=MONDAY.date(), expires_on=dt.date(2027, 11, 1), by=by)
    set_places(lost, sites=[world.site], limits=[Limit(None, 1, 2)], by=by)
    refused = ready(world, one := invited(world, email="b@example.fr"))
    hand_in(one, charter="Nous travaillons bien.", name="Lise", by=by)
    refuse_file(one, reason="Pas d’assurance", by=by)
    waiting = ready(world, two := invited(world, email="c@example.fr"))
    hand_in(two, charter="Nous travaillons bien.", name="Lise", by=by)
    agreed = ready(world, invited(world, email="d@example.fr"))
    agree_service(agreed, world.cobbler, purchase_price=Decimal(9), valid_from=MONDAY.date(), by=by)
    ours, known = add_provider(world), Event.objects.count()
    monday.move_to(MONDAY + dt.timedelta(days=89))
    invite_again(again := invited(world, email="e@example.fr"), by=by)
    late = ready(world, again)
    retention.purge()
    everybody = {lost, refused, waiting, agreed, ours, late}
    assert set(Provider.objects.order_by("pk")) == everybody
    monday.move_to(MONDAY + dt.timedelta(days=92))
    for _night in range(2):
        retention.purge()
        assert set(Provider.objects.order_by("pk")) == everybody - {lost, refused}
    assert set(ProviderInvitation.objects.order_by("pk")) == {
        one.invitation for one in Provider.objects.filter(invitation__isnull=False)
    }
    assert Event.objects.count() > known
    # Whom we work with the database keeps, whoever asks.
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        found = Provider.objects.filter(pk=ours.pk)
        found._raw_delete(found.db)
