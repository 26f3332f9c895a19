"""What every booking has to pass: one place for all services, an address that is served, whose stand and whose money it
is, no order ahead, orders per day and per client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions import holds
from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.clients import ClientDetails, accounts_for, rights_of
from bookings.enums import Place
from bookings.models import Client, ClientAccount, Hold, Presence, Service, ServiceAtSite, ServiceRequest, calendar
from bookings.models.ahead import any_ahead
from bookings.models.areas import judge_address
from concierge.errors import DomainError, Invalid, TooManyAttempts
from concierge.models import Site
from concierge.tenancy import Actor

# What one client may have open at once, when nobody of the team books for them (S33).
MOST_OPEN_REQUESTS = 10
# Days of their regular requests, booked three weeks ahead: one every day and three every week.
MOST_OPEN_DAYS = 30


class OutsideArea(DomainError):
    """Nobody comes to this address from this site."""

    code, status = "outside_area", 422
    message = _("We do not come to this address: it is outside the area of this concierge desk.")


class MixedPlaces(DomainError):
    """Some services are left at the desk, others are done at home: they are two appointments."""

    code, status = "mixed_places", 422
    message = _("Services at the desk and services at your place need two bookings, because they are two appointments.")


class DayFull(DomainError):
    """A service takes no more orders that day."""

    code, status = "day_full", 409
    message = _("We cannot take more orders of this service that day. Please choose another day.")


class MixedOrder(DomainError):
    """Services with an appointment and orders ahead, or two orders ahead, cannot be one request."""

    code, status = "mixed_order", 422
    message = _("What is ordered ahead is a booking of its own: please order it separately.")


class PayerRefused(DomainError):
    """This body does not pay for this person."""

    code, status = "payer_refused", 422
    message = _("We know no agreement by which this organisation pays for you.")


def place_of(services: Collection[Service]) -> Place:
    """Where client and concierge meet for these services. Raises ``MixedPlaces`` when that is not one place."""
    places = {service.place for service in services}
    if len(places) > 1:
        raise MixedPlaces(field="services")
    return Place(places.pop()) if places else Place.DESK


def check_place(site: Site, place: Place, slot_place: str, details: ClientDetails | Beneficiary) -> None:
    """The slot is of the right kind, and somebody comes to that address. Raises ``SlotNotOffered``, ``OutsideArea``."""
    if place != slot_place:
        raise holds.SlotNotOffered(field="slot")
    if place == Place.HOME:
        if not details.street or not details.city or not details.postcode:
            raise Invalid(_("Tell us the address where we should come."), field="street")
        found = judge_address(site, postcode=details.postcode, latitude=details.latitude, longitude=details.longitude)
        if not found.is_served:
            raise OutsideArea(field="postcode")


def refuse_ahead(site: Site, services: Collection[Service]) -> None:
    """What is ordered ahead is handed out in a run, which counts its pieces and orders them from the producer: it is
    never taken along by an appointment or at the counter. Raises ``MixedOrder`` (422)."""
    if any_ahead(site, services):
        raise MixedOrder(field="services")


def may_go_anywhere(by: Actor) -> bool:
    """Whoever may send people to every stand, and charge every account: the team and the organisation's systems."""
    return by.is_staff or by.kind == "system" or (by.kind == "api" and by.provider_id is None)


def stands_for(site: Site, email: str, by: Actor) -> list[Presence]:
    """Where else than at the desk this person may come within the days that may be booked: stands for everybody and
    those of their accounts, by name. However many there are: none is hidden behind the others."""
    today = timezone.localdate(timezone=ZoneInfo(site.time_zone))
    accounts = None if may_go_anywhere(by) else list(accounts_for(site.organisation, email)) if email else []
    soon = Presence.objects.filter(site=site).with_days(today, today + dt.timedelta(days=calendar.BOOKABLE_DAYS))
    return list(soon.open_to(accounts).order_by("name", "weekday", "held_on", "pk"))


def check_stand(held: Hold, email: str, by: Actor) -> None:
    """A stand that is kept for an account takes its people only. Raises ``SlotNotOffered``."""
    stand = held.presence
    if stand is None or stand.account is None or may_go_anywhere(by):
        return
    if not rights_of(email, stand.account):
        raise holds.SlotNotOffered(field="slot")


def check_payer(payer: ClientAccount, email: str, by: Actor) -> None:
    """Staff and the organisation's own systems may charge any active account; clients only one that pays for them."""
    if not payer.is_active or not (may_go_anywhere(by) or rights_of(email, payer)):
        raise PayerRefused(field="payer")


def keep_day_limits(site: Site, services: Collection[Service], hold: Hold) -> None:
    """Refuse the order that would exceed a service's orders per day.

    Race-safe: whoever orders a limited service locks its row at this site first, so counting and inserting happen one
    order at a time for that service and site, and nobody else waits. Cancelled orders stop counting by themselves.
    """
    if not calendar.terms_of(site, services).limited:
        return
    limited = list(
        ServiceAtSite.objects.select_for_update(of=("self",), no_key=True)
        .filter(site=site, service__in=services, max_per_day__isnull=False)
        .order_by("pk")
    )
    day = hold.starts_at.astimezone(ZoneInfo(site.time_zone)).date()
    if calendar.full_days(site, limited, day, day):
        raise DayFull(field="slot")


def keep_client_limit(client: Client, by: Actor) -> None:
    """Refuse one open request too many; days of regular requests are counted by themselves. Race-safe: the orders of
    one client are counted one after the other."""
    if by.is_staff or by.kind in {"api", "system"}:
        return
    queue_up(client)
    family = Client.objects.family_of(client.kept_id).values("pk")
    is_day = by.channel == "series"
    open_now = ServiceRequest.objects.open().filter(client__in=family, occurrence__isnull=not is_day)
    if open_now.count() >= (MOST_OPEN_DAYS if is_day else MOST_OPEN_REQUESTS):
        raise TooManyAttempts(_("You already have many requests with us. Please call us to book more."))


def queue_up(client: Client) -> None:
    """Wait until no other order of this client is being written."""
    Client.objects.select_for_update(of=("self",), no_key=True).get(pk=client.pk)
