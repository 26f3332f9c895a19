"""Which day it is. A site has its own zone; what belongs to the whole organisation lives in that of its first site."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone

from concierge.models import Organisation, Site

# Of an organisation that has no site yet.
HOME_ZONE = ZoneInfo("Europe/Paris")


def zone_of(organisation: Organisation) -> ZoneInfo:
    """The zone of an organisation's papers: that of the site it opened first."""
    sites = Site.objects.filter(organisation=organisation).order_by("pk")
    name = sites.values_list("time_zone", flat=True).first()
    return ZoneInfo(name) if name else HOME_ZONE


def today_of(organisation: Organisation) -> dt.date:
    """The civil day there, which near midnight is not the day of the server (UTC)."""
    return timezone.localdate(timezone=zone_of(organisation))


def today_at(site: Site) -> dt.date:
    """The civil day at a site."""
    return timezone.localdate(timezone=ZoneInfo(site.time_zone))
