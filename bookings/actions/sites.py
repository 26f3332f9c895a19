"""What a manager sets for a site: when work counts as silent, and which pages may show its widget."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.rules.origins import MOST_ORIGINS, BadOrigin, clean_origins
from concierge import events
from concierge.errors import Invalid, NotAllowed
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
