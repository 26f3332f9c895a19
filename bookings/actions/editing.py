"""The team edits the catalogue. Whoever saves names the version they saw, so that nobody overwrites another unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.actions.plans import NOT_IN_PIECES
from bookings.actions.saving import save_valid
from bookings.enums import AreaKind, PriceMode
from bookings.models import PreOrderPlan, PriceItem, ServedArea, Service, ServiceAtSite, ServiceOption, Supplement
from bookings.models.areas import spot_of
from bookings.rules.areas import BadShape, read_geojson
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, StaleVersion
from concierge.models import Site
from concierge.tenancy import Actor

# Ways of pricing without one price for the whole.
WITHOUT_PRICE = frozenset({PriceMode.PER_ITEM, PriceMode.ON_QUOTE})
SHAPE_MESSAGES = {
    "too_big": _("This file is too big: at most 1 MB, 50 shapes and 20,000 points."),
    "not_json": _("This file is not GeoJSON: it cannot be read as JSON."),
    "not_geojson": _("This GeoJSON has no polygon that we can read: we take Polygon and MultiPolygon, in degrees."),
    "not_closed": _("A ring of this shape is not closed: its last point must be its first."),
    "out_of_range": _("A point of this shape is not on Earth: longitude comes first, then latitude, in degrees."),
    "crosses": _("This shape crosses itself. Draw it again without crossing lines."),
    "empty": _("This shape is empty."),
    "too_far": _("This shape is more than 300 km from the site. Are longitude and latitude the right way round?"),
}


def lock_version(service: Service, version: int) -> Service:
    """The row, locked and one version further (not saved). Raises ``StaleVersion`` (412) when it changed meanwhile."""
    locked = Service.objects.select_for_update(of=("self",), no_key=True).get(pk=service.pk)
    if locked.version != version:
        raise StaleVersion
    locked.version += 1
    return locked


@transaction.atomic
def edit_service(service: Service, changes: Mapping[str, Any], *, version: int, by: Actor) -> Service:
    """Change what is written of a service. What was booked keeps its lines. Raises ``Invalid``, ``StaleVersion``."""
    locked = lock_version(service, version)
    changed = sorted(name for name, value in changes.items() if getattr(locked, name) != value)
    for name, value in changes.items():
        setattr(locked, name, value)
    if locked.price_mode in WITHOUT_PRICE:
        locked.unit_price = None
    if not locked.is_counted_in_pieces and PreOrderPlan.objects.filter(service=locked, is_active=True).exists():
        by_step = locked.price_mode == PriceMode.PER_UNIT
        raise Invalid(NOT_IN_PIECES, field="quantity_step" if by_step else "price_mode")
    save_valid(locked)
    events.record("service.changed", locked, by=by, changed=changed)
    return locked


@transaction.atomic
def save_rows(
    service: Service,
    model: type[PriceItem | ServiceOption | Supplement],
    rows: Sequence[Mapping[str, Any]],
    *,
    version: int,
    by: Actor,
) -> Service:
    """Write the rows of a price grid, of options or of supplements; ``id`` is the row that is changed, else it is new.
    Rows are never deleted: orders speak of them. Those that are there come first: what ends makes room for what is new.
    Raises ``Invalid``, ``StaleVersion``."""
    locked = lock_version(service, version)
    locked.save(update_fields=["version"])
    known = {row.pk: row for row in model._default_manager.filter(service=locked)}
    for position, given in sorted(enumerate(rows), key=lambda row: row[1].get("id") is None):
        fields = dict(given)
        before = fields.pop("id", None)
        row = known.get(before.pk) if before is not None else model(organisation_id=locked.organisation_id)
        if row is None:
            raise Invalid
        row.service, row.position = locked, position
        for name, value in fields.items():
            setattr(row, name, value)
        save_valid(row)
    events.record("service.changed", locked, by=by, changed=[model._meta.model_name])
    return locked


@transaction.atomic
def edit_terms(service: Service, site: Site, terms: Mapping[str, Any], *, version: int, by: Actor) -> ServiceAtSite:
    """On which terms a site offers a service, or that it does not. Raises ``Invalid``, ``StaleVersion``."""
    locked = lock_version(service, version)
    locked.save(update_fields=["version"])
    row = ServiceAtSite.objects.filter(site=site, service=locked).first()
    row = row or ServiceAtSite(organisation_id=site.organisation_id, site=site, service=locked)
    for name, value in terms.items():
        setattr(row, name, value)
    save_valid(row)
    events.record("service.offered", locked, by=by, site=site.slug, terms=sorted(terms))
    return row


@transaction.atomic
def add_area(site: Site, *, by: Actor, geojson: bytes | None = None, **fields: Any) -> ServedArea:
    """One more commune, distance or shape that a site serves. Raises ``Invalid`` with what is wrong with a file, and
    ``Conflict`` for a commune that somebody else has just added."""
    shape = None
    if fields.get("kind") == AreaKind.POLYGON and geojson is not None:
        try:
            shape = read_geojson(geojson, near=spot_of(site.latitude, site.longitude))
        except BadShape as error:
            raise Invalid(SHAPE_MESSAGES[error.code], field="file", reason=error.code, where=error.detail) from error
    taken = Conflict(_("This commune is already in the list."), field="postcode")
    with refuse_on("served_commune_once_per_site", taken):
        row = save_valid(ServedArea(organisation_id=site.organisation_id, site=site, shape=shape, **fields))
    events.record("site.changed", site, by=by, what=f"area:{row.kind}")
    return row


@transaction.atomic
def remove_area(site: Site, area: ServedArea, *, by: Actor) -> None:
    """The site serves it no more; what was booked there stays booked."""
    what = str(area)
    area.delete()
    events.record("site.changed", site, by=by, what=f"area removed: {what}")
