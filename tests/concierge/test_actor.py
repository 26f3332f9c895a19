"""A role is held where it was given: to see something at one site is not to act there (S01, S07)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from concierge.enums import Role
from concierge.models import Membership, Organisation, Site
from concierge.tenancy import Actor
from tests.world import World

HERE, THERE = 1, 2


@pytest.mark.promise("S07")
def test_a_role_counts_at_its_sites_only() -> None:
    actor = Actor(
        kind="user",
        organisation=Organisation(),
        roles={Role.CONCIERGE: frozenset({HERE}), Role.ACCOUNTANT: frozenset({THERE}), Role.SITE_MANAGER: frozenset()},
    )
    assert actor.has_role(Role.CONCIERGE)
    assert actor.has_role(Role.CONCIERGE, site_id=HERE)
    assert not actor.has_role(Role.CONCIERGE, site_id=THERE)
    assert not actor.has_role(Role.DISPATCHER, Role.CONCIERGE, site_id=THERE)
    assert actor.has_role(Role.SITE_MANAGER, site_id=THERE)
    assert not actor.has_role(Role.DISPATCHER)
    assert actor.site_ids(Role.CONCIERGE, Role.ACCOUNTANT) == frozenset({HERE, THERE})
    assert actor.site_ids(Role.DISPATCHER) == frozenset()
    assert actor.site_ids(Role.CONCIERGE, Role.SITE_MANAGER) is None


@pytest.mark.promise("S01", "S07")
def test_who_reads_a_site_as_accountant_does_not_cancel_there_as_concierge_of_another(
    world: World, client: Browser
) -> None:
    other = Site.objects.create(
        organisation=world.organisation,
        name="Toison d’Or",
        slug="toison-d-or",
        **{name: getattr(world.site, name) for name in ("street", "postcode", "city", "latitude", "longitude")},
    )
    user = world.users[Role.CONCIERGE]
    Membership.objects.filter(user=user).update(site=other)
    Membership.objects.create(organisation=world.organisation, user=user, role=Role.ACCOUNTANT, site=world.site)
    client.force_login(user)
    request = world.request(world.ironing)
    address = f"/demandes/{request.public_id}/"
    page = client.get(address)
    assert page.status_code == 200
    assert "annuler/" not in page.content.decode()
    assert client.post(f"{address}annuler/", {"reason": "x"}).status_code == 403
    request.refresh_from_db()
    assert request.status == "confirmed"
    Membership.objects.filter(user=user, role=Role.CONCIERGE).update(site=world.site)
    assert client.post(f"{address}annuler/", {"reason": "x"}).status_code == 302
