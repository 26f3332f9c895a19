"""Where a site sends somebody (R1, R8)."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import AreaKind
from bookings.rules import areas as rules
from concierge.models import Site, TenantModel


class ServedArea(TenantModel):
    """A commune, a distance or a shape that a site serves. A site without any serves its own postcode only."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="served_areas", verbose_name=_("site"))
    kind = models.CharField(_("kind"), max_length=10, choices=AreaKind.choices, default=AreaKind.COMMUNE)
    name = models.CharField(_("name"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=5, blank=True)
    insee = models.CharField(_("INSEE code"), max_length=5, blank=True)
    radius_km = models.DecimalField(
        _("within (km)"), max_digits=5, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    # A valid GeoJSON MultiPolygon: rules/areas.py reads nothing else.
    shape = models.JSONField(_("shape"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("served area")
        verbose_name_plural = _("served areas")
        ordering = ["kind", "postcode", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "postcode", "name"],
                condition=Q(kind="commune"),
                name="served_commune_once_per_site",
                violation_error_message=_("This commune is already in the list."),
            ),
            models.CheckConstraint(
                condition=~Q(kind="commune") | Q(postcode__regex=r"^[0-9]{5}$"),
                name="served_commune_has_a_postcode",
                violation_error_message=_("A French postcode has five digits."),
            ),
            models.CheckConstraint(
                condition=Q(insee="") | Q(insee__regex=r"^[0-9][0-9AB][0-9]{3}$"),
                name="served_commune_insee_is_one",
                violation_error_message=_("An INSEE code has five characters: 21231, 2A004."),
            ),
            models.CheckConstraint(
                condition=Q(kind="radius", radius_km__isnull=False, radius_km__gt=0, radius_km__lte=200)
                | (~Q(kind="radius") & Q(radius_km=None)),
                name="served_radius_is_plausible",
                violation_error_message=_("The distance must be above 0 and at most 200 km."),
            ),
            models.CheckConstraint(
                condition=Q(kind="polygon", shape__isnull=False) | (~Q(kind="polygon") & Q(shape=None)),
                name="served_polygon_has_a_shape",
                violation_error_message=_("Choose a GeoJSON file."),
            ),
        ]

    def __str__(self) -> str:
        if self.kind == AreaKind.RADIUS:
            return f"{self.radius_km} km"
        return f"{self.postcode} {self.name}".strip()

    @property
    def as_rule(self) -> rules.Area:
        """As rules understand it."""
        return rules.Area(self.kind, self.postcode, self.radius_km, self.shape)


def has_measured_areas(site: Site) -> bool:
    """Whether a distance or a shape is part of what the site serves: then an address should have coordinates."""
    return ServedArea.objects.filter(site=site).exclude(kind=AreaKind.COMMUNE).exists()


def spot_of(latitude: object, longitude: object) -> rules.Spot | None:
    """A point, when both coordinates are known."""
    if latitude is None or longitude is None:
        return None
    return rules.Spot(float(str(latitude)), float(str(longitude)))


def judge_address(site: Site, *, postcode: str, latitude: object = None, longitude: object = None) -> rules.Verdict:
    """Whether somebody comes to an address from this site."""
    return rules.judge(
        postcode=postcode,
        spot=spot_of(latitude, longitude),
        areas=[area.as_rule for area in ServedArea.objects.filter(site=site)],
        site_postcode=site.postcode,
        site_spot=spot_of(site.latitude, site.longitude),
    )
