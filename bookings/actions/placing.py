"""Where an address is, said by somebody of the team when nobody found it."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions.quote_moves import lock_request
from bookings.enums import Place
from bookings.models import ServiceRequest
from bookings.models.areas import judge_address, spot_of
from bookings.models.requests import ENDED
from bookings.rules.areas import Verdict, distance_km
from concierge import events
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.tenancy import Actor

# Further away than this, longitude and latitude are the wrong way round.
FURTHEST_KM = 300


@transaction.atomic
def place_request(request: ServiceRequest, *, latitude: Decimal, longitude: Decimal, by: Actor) -> Verdict:
    """Say where somebody comes to. Whether that is served is answered, and changes nothing; nor does the price, until
    somebody asks for today's. Raises ``NotAllowed`` (403), ``Invalid`` (400) at the field, ``WrongState`` (409)."""
    locked = lock_request(request)
    if not perms.can_book_for_others(by, locked.site):
        raise NotAllowed
    if locked.place != Place.HOME or locked.status in ENDED:
        raise WrongState(current_status=locked.status)
    here, there = spot_of(locked.site.latitude, locked.site.longitude), spot_of(latitude, longitude)
    if not (abs(latitude) <= 90 and abs(longitude) <= 180 and here and there):
        raise Invalid(_("This is no place on Earth."), field="latitude")
    if distance_km(here, there) > FURTHEST_KM:
        raise Invalid(
            _("This is more than 300 km from the site. Are longitude and latitude the right way round?"),
            field="latitude",
        )
    locked.latitude, locked.longitude = round(latitude, 6), round(longitude, 6)
    locked.version += 1
    locked.save(update_fields=["latitude", "longitude", "version"])
    events.record("service_request.located", locked, by=by, request_id=locked.public_id)
    return judge_address(locked.site, postcode=locked.postcode, latitude=latitude, longitude=longitude)
