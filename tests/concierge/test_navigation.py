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


@pytest.mark.parametrize("role", [*STAFF_ROLES, Role.PROVIDER])
def test_the_front_door_opens_to_every_role(world: World, client: Browser, role: Role) -> None:
    """Where one lands after signing in is a page that one may read."""
    client.force_login(world.users[role])
    landed = client.get("/", follow=True)
    assert (landed.status_code, [status for _address, status in landed.redirect_chain]) == (200, [302])


TODAY, REQUESTS, INVOICES = "workers:board", "bookings:requests", "billing:invoices"
HANDY = {
    Role.CONCIERGE: [TODAY, "bookings:desks", REQUESTS],
    Role.DISPATCHER: [TODAY, "bookings:desks", REQUESTS],
    Role.SUPERVISOR: [TODAY, "workers:to_validate", REQUESTS],
    Role.SOCIAL_ADVISER: [TODAY, "workers:deadlines"],
    Role.ACCOUNTANT: [REQUESTS, "providers:offers", INVOICES],
    Role.SITE_MANAGER: [TODAY, "bookings:desks", REQUESTS, INVOICES],
    Role.NETWORK_HEAD: [TODAY, REQUESTS, "providers:offers", INVOICES],
}


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_a_phone_keeps_the_few_of_a_role_at_hand(world: World, role: Role) -> None:
    """All that is handy for one role is there: four have a place, a fifth would be hidden."""
    assert [link.page for link in handy_links_of(world.actor(role))] == HANDY[role]
    meant = [link.page for _heading, links in MENU for link in links if role in link.handy]
    assert (meant, len(meant) <= 4) == (HANDY[role], True)


def test_whoever_has_two_roles_finds_what_has_no_place_in_the_menu(world: World) -> None:
    both = world.actor(Role.CONCIERGE, Role.ACCOUNTANT)
    handy = [link.page for link in handy_links_of(both)]
    assert handy == [TODAY, "bookings:desks", REQUESTS, "providers:offers"]
    assert INVOICES in {link.page for group in menu_of(both) for link in group.links}


def test_one_word_for_one_idea(world: World, client: Browser) -> None:
    """The menu calls a page as the page calls itself."""
    client.force_login(world.users["concierge"])
    page = client.get("/silences/").content.decode()
    assert ("Silences" in page, page.count("Sans nouvelles") > 0) == (False, True)
