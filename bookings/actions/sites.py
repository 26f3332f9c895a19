"""What a manager sets for a site: who and where it is, when work counts as silent, which pages show its widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings import perms
from bookings.actions.saving import save_valid
from bookings.enums import HoldStatus, RecurrenceStatus
from bookings.models import Hold, Recurrence, ServiceRequest
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


@transaction.atomic
def edit_site(site: Site, changes: Mapping[str, Any], *, by: Actor, zone_is_meant: bool = False) -> Site:
    """Change what is written of a site.

    Another time zone moves no appointment: each keeps its moment, so that its hour reads differently. While there are
    any, ``zone_is_meant`` says that this is known. A site takes no requests only once nothing is open there.
    Raises ``NotAllowed`` (403), ``Invalid`` (400) or ``Conflict`` (409) at the field.
    """
    if not perms.manages(by, site):
        raise NotAllowed
    locked = Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site.pk)
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
    events.record("site.changed", locked, by=by, what="details", changed=changed, time_zone=locked.time_zone)
    return locked


def coming_appointments(site: Site) -> int:
    """How many are booked from now on."""
    return Hold.objects.filter(site=site, status=HoldStatus.CONFIRMED, starts_at__gte=timezone.now()).count()


def _refuse_other_hours(site: Site, before: str) -> None:
    coming = Hold.objects.filter(site=site, status=HoldStatus.CONFIRMED, starts_at__gte=timezone.now())
    first = coming.order_by("starts_at", "pk").first()
    if first is None:
        return
    number = coming.count()
    old, new = (first.starts_at.astimezone(ZoneInfo(name)) for name in (before, site.time_zone))
    shown = {"n": number, "old": f"{old:%H:%M}", "new": f"{new:%H:%M}"}
    raise Conflict(
        ngettext(
            "%(n)d appointment is booked. It keeps its moment: %(old)s would read %(new)s, and nobody is told. "
            "Tick below that you mean it, then move it or tell the person.",
            "%(n)d appointments are booked. They keep their moment: %(old)s, the next one, would read %(new)s, and "
            "nobody is told. Tick below that you mean it, then move them or tell these people.",
            number,
        )
        % shown,
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
