"""What a manager sets for a site: who and where it is, when work counts as silent, which pages show its widget."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings import perms
from bookings.actions.holds import release_all_at
from bookings.actions.saving import save_valid
from bookings.enums import HoldStatus, OccurrenceStatus, RecurrenceStatus, RunStatus
from bookings.models import Hold, Occurrence, PreOrderPlan, PreOrderRun, Recurrence, ServiceRequest
from bookings.models.strays import agreed_by_quote
from bookings.rules.origins import MOST_ORIGINS, BadOrigin, clean_origins
from concierge import events
from concierge.errors import Conflict, Invalid, NotAllowed
from concierge.models import Site
from concierge.tenancy import Actor

MESSAGES = {
    "shape": _("“%(text)s” is not an address like https://intranet.example.org: no page, no blank, no sign."),
    "not_https": _("“%(text)s” must begin with https://."),
    "too_broad": _("“%(text)s” is too broad: a star may only stand for what is below a subdomain."),
    "port": _("“%(text)s” has a port that does not exist."),
    "too_many": _("At most %(most)s addresses."),
}


@transaction.atomic
def set_site_rules(site: Site, *, silence_days: int, frame_origins: Sequence[str], by: Actor) -> Site:
    """Raises ``NotAllowed`` (403), ``Invalid`` (400) at the field."""
    if not perms.manages(by, site):
        raise NotAllowed
    if not 1 <= silence_days <= 60:
        raise Invalid(_("Choose between 1 and 60 days."), field="silence_days")
    try:
        origins = clean_origins(frame_origins, local=settings.DEMO_ALLOWED)
    except BadOrigin as error:
        shown = {"text": error.text.strip()[:80], "most": MOST_ORIGINS}
        raise Invalid(MESSAGES[error.why] % shown, field="frame_origins") from error
    locked = Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site.pk)
    locked.silence_days, locked.frame_origins = silence_days, origins
    locked.save(update_fields=["silence_days", "frame_origins"])
    events.record("site.rules_set", locked, by=by, silence_days=silence_days, frame_origins=origins)
    return locked


@dataclass(frozen=True)
class Coming:
    """What is booked at a site from now on, and when the first of it is."""

    appointments: int
    agreed: int
    hand_outs: int
    days: int
    first: dt.datetime | None

    def __str__(self) -> str:
        said = []
        if n := self.appointments:
            said.append(ngettext("%(n)d appointment", "%(n)d appointments", n) % {"n": n})
        if n := self.agreed:
            said.append(
                ngettext("%(n)d appointment agreed by a quote", "%(n)d appointments agreed by a quote", n) % {"n": n}
            )
        if n := self.hand_outs:
            said.append(ngettext("%(n)d hand-out with orders", "%(n)d hand-outs with orders", n) % {"n": n})
        if n := self.days:
            said.append(ngettext("%(n)d day of regular requests", "%(n)d days of regular requests", n) % {"n": n})
        return ", ".join(said)


@transaction.atomic
def edit_site(site: Site, changes: Mapping[str, Any], *, by: Actor, zone_is_meant: bool = False) -> Site:
    """Change what is written of a site.

    Another time zone moves nothing that is booked: it keeps its moment, so that its hour reads differently. While there
    is any, ``zone_is_meant`` says that this is known. A site takes no requests only once nothing is open there; a place
    that somebody keeps while they fill in the form is given back.
    Raises ``NotAllowed`` (403), ``Invalid`` (400) or ``Conflict`` (409) at the field.
    """
    if not perms.manages(by, site):
        raise NotAllowed
    locked = _lock(site, closes=changes.get("is_active") is False)
    changed = sorted(name for name, value in changes.items() if getattr(locked, name) != value)
    before = locked.time_zone
    for name in changed:
        setattr(locked, name, changes[name])
    if not changed:
        return locked
    save_valid(locked)
    if "time_zone" in changed and not zone_is_meant:
        _refuse_other_hours(locked, before)
    if "is_active" in changed and not locked.is_active:
        _refuse_while_open(locked)
        release_all_at(locked)
    events.record("site.changed", locked, by=by, what="details", changed=changed, time_zone=locked.time_zone)
    return locked


def _lock(site: Site, *, closes: bool) -> Site:
    """Whoever closes a site waits for those who book there at this moment, and they for whoever closes it: what begins
    at a site holds a shared lock on its row (``refuse_closed``), with which only the whole lock conflicts."""
    return Site.objects.select_for_update(of=("self",), no_key=not closes).get(pk=site.pk)


def coming_at(site: Site) -> Coming:
    """What another time zone would make read differently."""
    now = timezone.now()
    holds = Hold.objects.filter(site=site, status=HoldStatus.CONFIRMED, starts_at__gte=now)
    runs = PreOrderRun.objects.filter(
        site=site, status__in=[RunStatus.OPEN, RunStatus.CLOSED], taken__gt=0, handout_starts_at__gte=now
    )
    days = Occurrence.objects.filter(recurrence__site=site, status=OccurrenceStatus.PLANNED, starts_at__gte=now)
    agreed = agreed_by_quote([site], now)
    counted = [
        holds.aggregate(n=Count("pk"), first=Min("starts_at")),
        agreed.aggregate(n=Count("pk"), first=Min("promised_start")),
        runs.aggregate(n=Count("pk"), first=Min("handout_starts_at")),
        days.aggregate(n=Count("pk"), first=Min("starts_at")),
    ]
    first = min((one["first"] for one in counted if one["first"]), default=None)
    appointments, by_quote, hand_outs, planned = (one["n"] for one in counted)
    return Coming(appointments, by_quote, hand_outs, planned, first)


def _refuse_other_hours(site: Site, before: str) -> None:
    coming = coming_at(site)
    if coming.first is None:
        return
    old, new = (coming.first.astimezone(ZoneInfo(name)) for name in (before, site.time_zone))
    raise Conflict(
        _(
            "Booked from now on: %(what)s. Each keeps its moment: the next one, at %(old)s, would read %(new)s, and "
            "nobody is told. Tick below that you mean it, then move it or tell these people."
        )
        % {"what": coming, "old": f"{old:%H:%M}", "new": f"{new:%H:%M}"},
        field="time_zone",
    )


def _refuse_while_open(site: Site) -> None:
    """Desk, agenda and silences show sites that take requests: what is open elsewhere nobody would look after."""
    number = ServiceRequest.objects.filter(site=site).open().count()
    if number:
        raise Conflict(
            ngettext(
                "%(n)d request is still open here: finish, move or cancel it first.",
                "%(n)d requests are still open here: finish, move or cancel them first.",
                number,
            )
            % {"n": number},
            field="is_active",
        )
    if Recurrence.objects.filter(site=site).exclude(status=RecurrenceStatus.ENDED).exists():
        raise Conflict(_("Regular requests still run here: end them first."), field="is_active")
    if PreOrderPlan.objects.filter(site=site, is_active=True).exists():
        raise Conflict(_("Orders ahead are still taken here: end their plans first."), field="is_active")
