"""What every page of the team needs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.enums import Leg, Place
from bookings.models import Service, WorkOrder
from concierge.errors import DomainError, NotAllowed
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import quantity_words
from workers.models import Assignment, Trainee
from workers.models.people import TEAM_ROLES
from workers.perms import can_see_board


def acting(request: HttpRequest) -> Actor:
    """Who asks."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    return actor


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent with a form, be it nothing; ``None`` for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def items_words(order: WorkOrder) -> str:
    """How many or how much, when it is more than one piece."""
    if order.unit:
        return quantity_words(order.quantity, order.unit)
    count = int(order.quantity)
    return ngettext("%(n)d item", "%(n)d items", count) % {"n": count} if count > 1 else ""


def require(allowed: bool) -> None:
    """Go on, or ``NotAllowed`` (403)."""
    if not allowed:
        raise NotAllowed


def answered(form: forms.Form, act: Callable[[], object]) -> int:
    """Do what a valid form asks for. 0: done; else the status of the page that shows the form with what is wrong,
    said at its field where there is one."""
    if not form.is_valid():
        return 422
    try:
        act()
    except NotAllowed:
        raise
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return refused_status(error)
    return 0


def refused_status(error: DomainError) -> int:
    """A page with what is wrong is 422, whatever the API would answer to wrong input."""
    return 422 if error.status == 400 else error.status


def team_sites(actor: Actor) -> list[Site]:
    """Sites whose team the actor follows, by name. Raises ``NotAllowed`` for whoever follows none."""
    require(can_see_board(actor))
    wanted = actor.site_ids(*TEAM_ROLES)
    sites = Site.objects.visible_to(actor).active().order_by("name", "pk")
    return list(sites if wanted is None else sites.filter(pk__in=wanted))


def chosen_site(sites: list[Site], slug: str) -> Site:
    """The site named in the address, or the first. 404 for a site that is not the actor's."""
    found = [site for site in sites if not slug or site.slug == slug]
    if not found:
        raise Http404
    return found[0]


def chosen_day(text: str, *, today: dt.date) -> dt.date:
    """The day named in the address, today when it is not one or far away."""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    return day if day is not None and abs(day - today) <= dt.timedelta(days=366) else today


def assignment_or_404(actor: Actor, public_id: uuid.UUID) -> Assignment:
    """An assignment the actor may see."""
    found: Assignment = get_object_or_404(Assignment.objects.visible_to(actor).for_cards(), public_id=public_id)
    return found


def order_or_404(actor: Actor, public_id: uuid.UUID) -> WorkOrder:
    """A work order the actor may see."""
    orders = WorkOrder.objects.visible_to(actor).select_related("service", "site", "request__client")
    found: WorkOrder = get_object_or_404(orders, public_id=public_id)
    return found


def trainee_or_404(actor: Actor, public_id: uuid.UUID) -> Trainee:
    """A trainee the actor may see."""
    found: Trainee = get_object_or_404(Trainee.objects.visible_to(actor).select_related("site"), public_id=public_id)
    return found


class Titled(Protocol):
    """A work order, or the card of one: what is done, and by whom when that is a provider."""

    @property
    def service(self) -> Service:
        """What is done."""

    @property
    def performer_label(self) -> str:
        """Who does it."""


def title_of(order: Titled, leg: str) -> str:
    """What somebody of the team does: the service, or the way its things go."""
    if leg == Leg.WORK:
        return order.service.label
    words = {"service": order.service.label, "who": order.performer_label}
    if leg == Leg.COLLECT:
        return _("Bring to %(who)s: %(service)s") % words
    if leg == Leg.RETURN:
        return _("Fetch from %(who)s: %(service)s") % words
    return order.service.label


def pictogram_of(order: Titled, leg: str) -> str:
    """The drawing of it."""
    return "parcel" if leg else order.service.pictogram


def clock(moment: dt.datetime, zone: ZoneInfo) -> str:
    """Time of day at the site: ``10:15``."""
    return f"{moment.astimezone(zone):%H:%M}"


def hours_text(start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> str:
    """From when to when: ``10:15 – 11:00``."""
    return f"{clock(start, zone)} – {clock(end, zone)}"


def initials(trainee: Trainee) -> str:
    """Two letters for the avatar."""
    return f"{trainee.first_name[:1]}{trainee.last_name[:1]}".upper()


def way_of(order: WorkOrder, leg: str) -> tuple[str, str]:
    """Where to go, in words, and on a map: of things to carry, from where to where and the provider's address."""
    here, map_url = _place(order)
    if leg == Leg.WORK:
        return here, map_url
    there = f"{order.performer_label}, {order.performer_address}"
    start, end = (here, there) if leg == Leg.COLLECT else (there, order.site.name)
    words = _("Fetch it: %(from)s. Bring it: %(to)s") % {"from": start, "to": end}
    return words, f"https://www.openstreetmap.org/search?{urlencode({'query': order.performer_address})}"


def _place(order: WorkOrder) -> tuple[str, str]:
    """Where to go, in words, and its address on a map. Only the street of a home: no name goes to the map."""
    request, site = order.request, order.site
    if request.place == Place.HOME:
        words = ", ".join(part for part in (request.street, f"{request.postcode} {request.city}".strip()) if part)
        return words, f"https://www.openstreetmap.org/search?{urlencode({'query': words})}"
    spot = {"mlat": site.latitude, "mlon": site.longitude}
    return site.name, f"https://www.openstreetmap.org/?{urlencode(spot)}#map=18/{site.latitude}/{site.longitude}"


def page_number(text: str) -> int:
    """A page of a list; the first when it is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def uuid_or_none(text: str) -> uuid.UUID | None:
    """A public id in the address. 404 when it is not one."""
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Http404 from error
