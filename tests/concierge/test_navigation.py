"""The team's menu: what it offers opens, and nobody misses what their role opens."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from concierge.enums import STAFF_ROLES, Role
from concierge.navigation import MENU, handy_links_of, menu_of
from tests.world import World

# Supervisors have a list to check, and everybody their own invoices: the pages answer others too, the menu stays short.
OPEN_TO_ALL = {"workers:to_validate", "billing:invoices"}


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_the_menu_offers_exactly_what_opens(world: World, client: Browser, role: Role) -> None:
    client.force_login(world.users[role])
    offered = {link.page for group in menu_of(world.actor(role)) for link in group.links}
    opens = {
        link.page for _heading, links in MENU for link in links if client.get(link.href, follow=True).status_code == 200
    }
    assert offered <= opens
    assert opens - OPEN_TO_ALL == offered - OPEN_TO_ALL


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_a_phone_keeps_at_most_four_at_hand(world: World, role: Role) -> None:
    handy = handy_links_of(world.actor(role))
    assert 1 <= len(handy) <= 4
    assert {link.page for link in handy} <= {link.page for group in menu_of(world.actor(role)) for link in group.links}
