"""The team's navigation: which pages each role finds in the menu, grouped by what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from concierge.enums import STAFF_ROLES, Role
from concierge.tenancy import Actor

DESK = frozenset({Role.CONCIERGE, Role.DISPATCHER, Role.SITE_MANAGER})
HEADS = frozenset({Role.SITE_MANAGER, Role.NETWORK_HEAD})
READERS = frozenset(STAFF_ROLES) - {Role.SOCIAL_ADVISER}


@dataclass(frozen=True)
class Link:
    """One entry of the menu; ``besides`` names a page below this one that has an entry of its own."""

    page: str
    icon: str
    label: Promise
    roles: frozenset[Role]
    handy: frozenset[Role] = frozenset()
    besides: str = ""

    @property
    def href(self) -> str:
        return reverse(self.page)

    @property
    def besides_href(self) -> str:
        return reverse(self.besides) if self.besides else ""


class Group(NamedTuple):
    """Entries under one heading; the first group needs none."""

    heading: Promise | str
    links: list[Link]


MENU: tuple[tuple[Promise | str, tuple[Link, ...]], ...] = (
    (
        "",
        (
            Link(
                "workers:board",
                "calendar-days",
                _("Today"),
                frozenset(STAFF_ROLES) - {Role.ACCOUNTANT},
                handy=frozenset(STAFF_ROLES) - {Role.ACCOUNTANT},
                besides="workers:to_validate",
            ),
            Link("bookings:desks", "concierge-bell", pgettext_lazy("counter", "Desk"), DESK, handy=DESK),
            Link(
                "workers:to_validate",
                "clipboard-check",
                _("To check"),
                frozenset({Role.SUPERVISOR}),
                handy=frozenset({Role.SUPERVISOR}),
            ),
            Link(
                "workers:hours",
                "clock",
                _("Hours"),
                frozenset({Role.SUPERVISOR, Role.SITE_MANAGER}),
                besides="workers:months",
            ),
            Link(
                "workers:deadlines",
                "hourglass",
                _("Deadlines"),
                frozenset({Role.SOCIAL_ADVISER, Role.NETWORK_HEAD}),
                handy=frozenset({Role.SOCIAL_ADVISER}),
            ),
            Link("bookings:requests", "inbox", _("Requests"), READERS, handy=READERS),
            Link("bookings:agenda", "calendar-clock", _("Appointments"), READERS),
            Link("bookings:silences", "bell-ring", _("Silences"), DESK),
            Link(
                "providers:offers",
                "handshake",
                _("Offers"),
                READERS,
                handy=frozenset({Role.ACCOUNTANT, Role.NETWORK_HEAD}),
            ),
        ),
    ),
    (
        _("Every week"),
        (
            Link(
                "workers:week",
                "calendar-clock",
                _("Working hours"),
                frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.SOCIAL_ADVISER, Role.SITE_MANAGER}),
            ),
            Link(
                "workers:absences",
                "calendar-off",
                _("Absences"),
                frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.SOCIAL_ADVISER, Role.SITE_MANAGER}),
            ),
            Link("bookings:runs", "shopping-basket", _("Orders ahead"), READERS),
            Link("bookings:series-list", "repeat", _("Regular requests"), READERS),
        ),
    ),
    (
        _("People"),
        (
            Link(
                "workers:trainees",
                "users",
                _("Team"),
                frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.SOCIAL_ADVISER, Role.SITE_MANAGER, Role.ACCOUNTANT}),
            ),
            Link("providers:providers", "store", _("Providers"), READERS, besides="providers:offers"),
            Link(
                "bookings:accounts",
                "building-2",
                _("Client accounts"),
                frozenset({Role.CONCIERGE, Role.SITE_MANAGER, Role.NETWORK_HEAD}),
            ),
            Link("bookings:prescribers", "hand-helping", _("Prescribers"), DESK | HEADS),
            Link("notifications:messages", "mail", _("Messages"), DESK | HEADS),
        ),
    ),
    (
        _("Back office"),
        (
            Link(
                "billing:invoices",
                "receipt-euro",
                _("Invoices"),
                HEADS | {Role.ACCOUNTANT},
                handy=HEADS | {Role.ACCOUNTANT},
            ),
            Link("workers:months", "calendar-check", _("Months of hours"), HEADS | {Role.ACCOUNTANT}),
            Link("bookings:catalogue", "tags", _("Catalogue"), DESK | HEADS, besides="bookings:vat"),
            Link("bookings:vat", "percent", pgettext_lazy("page", "VAT rates"), HEADS | {Role.ACCOUNTANT}),
            Link("bookings:site-list", "settings", _("Sites"), HEADS),
            Link(
                "workers:employers",
                "briefcase",
                _("Employers"),
                HEADS | {Role.ACCOUNTANT, Role.SOCIAL_ADVISER, Role.SUPERVISOR},
            ),
            Link("providers:rules", "scale", _("Matching"), HEADS),
            Link("keys", "key-round", _("API keys"), HEADS),
        ),
    ),
)


def menu_of(actor: Actor) -> list[Group]:
    """The groups with what the actor's roles open, none of them empty."""
    groups = [Group(heading, [link for link in links if actor.has_role(*link.roles)]) for heading, links in MENU]
    return [group for group in groups if group.links]


def handy_links_of(actor: Actor) -> list[Link]:
    """The few that a phone keeps at hand, at most four beside the menu."""
    return [link for _heading, links in MENU for link in links if actor.has_role(*link.handy)][:4]
