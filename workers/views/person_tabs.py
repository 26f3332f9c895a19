"""The tabs of a person's file. Whoever adds a part of the file adds a line here, and nothing in the templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from concierge.tenancy import Actor
from workers.models import Trainee
from workers.perms import (
    can_see_contracts,
    can_see_months,
    can_see_pathways,
    can_see_people,
    can_see_team,
    can_write_hours,
    can_write_notes,
)
from workers.views.common import acting, initials


@dataclass(frozen=True)
class Tab:
    """One part of the file: its page (a route with the argument ``trainee``), its name, who opens it; ``inside``, the
    pages that one comes to from it."""

    page: str
    label: Promise
    may_open: Callable[[Actor, Trainee], bool]
    inside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Button:
    """Something to do with this part of the file, in its head."""

    href: str
    label: str
    icon: str


def _team(actor: Actor, trainee: Trainee) -> bool:
    return can_see_team(actor, site_id=trainee.site_id)


def _contracts(actor: Actor, trainee: Trainee) -> bool:
    return can_see_contracts(actor, site_id=trainee.site_id)


def _pathway(actor: Actor, trainee: Trainee) -> bool:
    return can_see_pathways(actor, site_id=trainee.site_id)


def _hours(actor: Actor, trainee: Trainee) -> bool:
    return can_write_hours(actor, trainee) or can_see_months(actor, site_id=trainee.site_id)


TABS: tuple[Tab, ...] = (
    Tab("workers:trainee", _("Overview"), _team, inside=("workers:usual_hours",)),
    Tab("workers:capabilities", _("Capabilities"), _team),
    Tab("workers:skills", _("Skills"), _team),
    Tab("workers:contracts", _("Contracts"), _contracts),
    Tab(
        "workers:pass",
        _("PASS and pathway"),
        _pathway,
        inside=(
            "workers:suspend",
            "workers:prolong",
            "workers:suspension",
            "workers:vault",
            "workers:reasons",
            "workers:diagnosis",
            "workers:appointments",
            "workers:appointment",
        ),
    ),
    Tab("workers:person_month", _("Hours"), _hours),
    Tab("workers:notes", _("Follow-up notes"), can_write_notes),
)


def tabs_of(request: HttpRequest, trainee: Trainee) -> list[dict[str, Any]]:
    """The tabs that this reader may open, in order."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    return [
        {
            "label": tab.label,
            "href": reverse(tab.page, args=[trainee.public_id]),
            "is_current": here == tab.page or here in tab.inside,
        }
        for tab in TABS
        if tab.may_open(acting(request), trainee)
    ]


def first_page_of(actor: Actor, trainee: Trainee) -> str:
    """Address of the first tab that the reader may open, ``""`` when there is none."""
    pages = (tab.page for tab in TABS if tab.may_open(actor, trainee))
    page = next(pages, "")
    return reverse(page, args=[trainee.public_id]) if page else ""


def list_of(actor: Actor) -> dict[str, str]:
    """Where the reader finds people: the list that the way back leads to. Nothing for who reads none."""
    pages = (
        (can_see_people, "workers:trainees", _("The team")),
        (can_see_pathways, "workers:deadlines", _("Deadlines")),
        (can_see_months, "workers:months", _("Months of hours")),
    )
    found = ({"href": reverse(page), "label": str(label)} for may, page, label in pages if may(actor))
    return next(found, {})


def head_of(request: HttpRequest, trainee: Trainee, *buttons: Button) -> dict[str, Any]:
    """What the head of every page of the file shows (``workers/_person_head.html``)."""
    return {
        "head_list": list_of(acting(request)),
        "head_buttons": buttons,
        "person": {
            "public_id": trainee.public_id,
            "name": str(trainee),
            "initials": initials(trainee),
            "site": trainee.site.name,
            "is_active": trainee.is_active,
            "last_on": trainee.last_on,
        },
        "tabs": tabs_of(request, trainee),
    }
