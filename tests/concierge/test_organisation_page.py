"""The page of the organisation: who it is, and whether it is declared for personal services."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from concierge.actions import edit_organisation
from concierge.errors import Invalid, NotAllowed
from concierge.models import Event, Organisation
from tests.forms import as_shown
from tests.world import World

pytestmark = pytest.mark.django_db
TYPED = {"name": "Sens Pratique", "phone": "03 80 11 11 11", "email": "accueil@sens.example", "sap_declared": "on"}


def test_a_head_says_who_the_organisation_is(world: World, client: Browser) -> None:
    client.force_login(world.users["network_head"])
    assert client.get("/organisation/").context["form"].initial["phone"] == "03 80 00 00 00"
    answer = client.post("/organisation/", TYPED)
    assert (answer.status_code, answer.url) == (302, "/organisation/")  # type: ignore[attr-defined]
    world.organisation.refresh_from_db()
    found = world.organisation
    assert (found.phone, found.email, found.sap_declared) == ("+33380111111", "accueil@sens.example", True)
    event = Event.objects.get(name="organisation.changed")
    assert event.data == {"changed": ["email", "phone", "sap_declared"], "sap_declared": True}
    assert event.actor == world.actor("network_head").reference
    client.post("/organisation/", TYPED)
    assert Event.objects.filter(name="organisation.changed").count() == 1


def test_what_somebody_else_saved_meanwhile_stays(world: World, client: Browser) -> None:
    client.force_login(world.users["network_head"])
    shown = as_shown(client.get("/organisation/"))
    Organisation.objects.update(sap_declared=True, email="autre@sens.example")
    assert client.post("/organisation/", {**shown, "phone": "03 80 11 11 11"}).status_code == 302
    world.organisation.refresh_from_db()
    found = world.organisation
    assert (found.phone, found.email, found.sap_declared) == ("+33380111111", "autre@sens.example", True)
    assert Event.objects.get(name="organisation.changed").data == {"changed": ["phone"], "sap_declared": True}
    shown = as_shown(client.get("/organisation/"))
    del shown["sap_declared"]
    assert client.post("/organisation/", {**shown, "email": ""}).status_code == 302
    found.refresh_from_db()
    assert (found.phone, found.email, found.sap_declared) == ("+33380111111", "", False)


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("phone", "12"), ("email", "nobody")])
def test_what_is_wrong_is_said_at_its_field(world: World, client: Browser, field: str, value: str) -> None:
    client.force_login(world.users["network_head"])
    answer = client.post("/organisation/", {**TYPED, field: value})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    world.organisation.refresh_from_db()
    assert (world.organisation.phone, world.organisation.sap_declared) == ("0380000000", False)


def test_nobody_else_does(world: World, client: Browser) -> None:
    client.force_login(world.users["site_manager"])
    assert client.post("/organisation/", TYPED).status_code == 403
    given = {"name": "X", "email": "", "phone": "", "sap_declared": True}
    with pytest.raises(NotAllowed):
        edit_organisation(world.organisation, given, by=world.actor("site_manager"))
    with pytest.raises(Invalid) as refusal:
        edit_organisation(world.organisation, {**given, "name": ""}, by=world.actor("network_head"))
    assert refusal.value.field == "name"
