"""Where a provider goes, and how much of what it takes on which day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.models import Site
from concierge.tenancy import Actor
from providers.actions.file_moves import check_row, lock_provider
from providers.models import Provider, ProviderArea, ProviderCapacity, ProviderSite

MOST_AREAS, MOST_LIMITS = 200, 60


class Commune(NamedTuple):
    """A commune that is served; all of its postcode counts."""

    postcode: str
    name: str = ""


class Limit(NamedTuple):
    """Jobs a day at most: of one service or of all (``None``), on one weekday or on each."""

    service: Service | None
    weekday: int | None
    per_day: int


class Seen(NamedTuple):
    """What somebody had read before they typed: the keys of sites, the communes, and (identifier of the service or
    nothing, weekday or nothing, number) as words. ``None``: a part that they did not touch."""

    sites: frozenset[int] | None = None
    communes: frozenset[Commune] | None = None
    limits: frozenset[tuple[str, str, str]] | None = None


class PlacesChanged(Conflict):
    """Somebody else typed meanwhile."""

    code = "places_changed"
    message = _(
        "Somebody else has changed this meanwhile. What you typed is kept: compare it with what they wrote, then save "
        "again to replace it."
    )


@transaction.atomic
def set_places(
    provider: Provider,
    *,
    sites: Collection[Site] | None = None,
    communes: Sequence[Commune] | None = None,
    limits: Sequence[Limit] | None = None,
    seen: Seen | None = None,
    by: Actor,
) -> Provider:
    """Several of the following at once, or none of them; ``None`` leaves a part as it is.

    Each part is a whole list: ``seen`` is what whoever replaces it had read. Raises ``PlacesChanged`` (409) when it is
    another by now.
    """
    locked = lock_provider(provider)
    if seen is not None and _differs(seen, what_is_set(locked)):
        raise PlacesChanged
    if sites is not None:
        set_sites(provider, sites, by=by)
    if communes is not None:
        set_areas(provider, communes, by=by)
    if limits is not None:
        set_capacity(provider, limits, by=by)
    return provider


def what_is_set(provider: Provider) -> Seen:
    """Where it goes and how much it takes, as somebody reads it now."""
    rows = provider.capacities.values_list("service__public_id", "weekday", "per_day")
    return Seen(
        frozenset(provider.served_sites.values_list("site_id", flat=True)),
        frozenset(Commune(one.postcode, one.name) for one in provider.served_areas.all()),
        frozenset(
            (str(service or ""), "" if weekday is None else str(weekday), str(most)) for service, weekday, most in rows
        ),
    )


def _differs(seen: Seen, now: Seen) -> bool:
    return any(before is not None and before != after for before, after in zip(seen, now, strict=True))


@transaction.atomic
def set_sites(provider: Provider, sites: Collection[Site], *, by: Actor) -> None:
    """Replace the sites that a provider serves; none: every site. Raises ``Invalid`` for a site of somebody else.

    What it was asked before stays: it may say no.
    """
    locked = lock_provider(provider)
    if any(site.organisation_id != locked.organisation_id for site in sites):
        raise Invalid(_("This site does not exist."), field="sites")
    wanted = sorted({site.pk for site in sites})
    if wanted == sorted(locked.served_sites.values_list("site_id", flat=True)):
        return
    locked.served_sites.all().delete()
    ProviderSite.objects.bulk_create(
        ProviderSite(organisation_id=locked.organisation_id, provider=locked, site_id=key) for key in wanted
    )
    events.record("provider.changed", locked, by=by, what="sites", sites=sorted(site.slug for site in sites))


@transaction.atomic
def set_areas(provider: Provider, communes: Sequence[Commune], *, by: Actor) -> None:
    """Replace the communes that a provider serves; none: the distance around its address counts again.

    Raises ``Invalid`` for what is no postcode, for one that is there twice, and for more than two hundred.
    """
    locked = lock_provider(provider)
    tidy = [Commune(one.postcode.strip(), " ".join(one.name.split())[:120]) for one in communes]
    if sorted(tidy) == sorted(Commune(one.postcode, one.name) for one in locked.served_areas.all()):
        return
    if len(tidy) > MOST_AREAS:
        raise Invalid(_("At most 200 communes: beyond that, say a distance."), field="areas")
    rows = [ProviderArea(organisation_id=locked.organisation_id, provider=locked, **one._asdict()) for one in tidy]
    _check(rows, field="areas")
    locked.served_areas.all().delete()
    with refuse_on("provider_area_once", Invalid(_("This commune is already in the list."), field="areas")):
        ProviderArea.objects.bulk_create(rows)
    codes = sorted({one.postcode for one in tidy})
    events.record("provider.changed", locked, by=by, what="areas", postcodes=codes)


@transaction.atomic
def set_capacity(provider: Provider, limits: Sequence[Limit], *, by: Actor) -> None:
    """Replace what a provider takes of one service, or on one weekday; the rest is as its file says.

    Raises ``Invalid`` for a number below 0 or above 200, for one of nothing in particular, and for two of the same.
    """
    locked = lock_provider(provider)
    if any(one.service is not None and one.service.organisation_id != locked.organisation_id for one in limits):
        raise Invalid(_("This service does not exist."), field="capacity")
    if len(limits) > MOST_LIMITS:
        raise Invalid(_("At most 60 numbers."), field="capacity")
    wanted = {(one.service.pk if one.service else None, one.weekday, one.per_day) for one in limits}
    kept = set(locked.capacities.values_list("service_id", "weekday", "per_day"))
    if len(wanted) == len(limits) and wanted == kept:
        return
    rows = [
        ProviderCapacity(organisation_id=locked.organisation_id, provider=locked, **one._asdict()) for one in limits
    ]
    _check(rows, field="capacity")
    locked.capacities.all().delete()
    twice = Invalid(_("This service has a number for this day already."), field="capacity")
    with refuse_on("provider_capacity_once", twice):
        ProviderCapacity.objects.bulk_create(rows)
    events.record("provider.changed", locked, by=by, what="capacity", numbers=len(rows))


def _check(rows: Sequence[ProviderArea] | Sequence[ProviderCapacity], *, field: str) -> None:
    for row in rows:
        try:
            check_row(row)
        except Invalid as error:
            raise Invalid(error.message, field=field) from error
