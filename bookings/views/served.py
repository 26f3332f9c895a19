"""The last people served at this desk from this browser, each with a way back for five minutes."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from bookings import perms
from bookings.actions.requests import UNDO
from bookings.models import ServiceRequest
from bookings.views.steps import clock
from concierge.middleware import TenantRequest
from concierge.models import Site

KEY = "served"
MOST = 5


class Served:
    """Identifiers in the session, nothing of the people themselves."""

    def __init__(self, request: TenantRequest, site: Site) -> None:
        self.request, self.site = request, site
        self.all: dict[str, list[dict[str, str]]] = request.session.get(KEY, {})
        self.mine = self.all.get(site.slug, [])

    def note(self, found: ServiceRequest, what: str) -> None:
        """Somebody was served: ``order`` or ``handed_over``."""
        entry = {"request": str(found.public_id), "what": what, "at": timezone.now().isoformat()}
        self._keep([entry, *(one for one in self.mine if one["request"] != entry["request"])][:MOST])

    def forget(self, found: ServiceRequest) -> None:
        """It was undone."""
        self._keep([one for one in self.mine if one["request"] != str(found.public_id)])

    def _keep(self, entries: list[dict[str, str]]) -> None:
        self.mine = entries
        self.request.session[KEY] = {**self.all, self.site.slug: entries}

    def rows(self) -> list[dict[str, Any]]:
        """What the strip shows, newest first; one statement."""
        if not self.mine:
            return []
        wanted = [entry["request"] for entry in self.mine]
        seen = ServiceRequest.objects.visible_to(self.request.actor).select_related("client", "site")
        known = {str(found.public_id): found for found in seen.filter(public_id__in=wanted).order_by("pk")}
        return [self._row(entry, known[entry["request"]]) for entry in self.mine if entry["request"] in known]

    def _row(self, entry: dict[str, str], found: ServiceRequest) -> dict[str, Any]:
        at = parse_datetime(entry["at"]) or timezone.now()
        is_order = entry["what"] == "order"
        allowed = perms.can_cancel if is_order else perms.can_take_back
        verb = "annuler" if is_order else "reprendre"
        is_fresh = timezone.now() - at < UNDO
        return {
            "found": found,
            "is_order": is_order,
            "at": clock(at, self.site),
            "undo": reverse("bookings:desk-act", args=[self.site.slug, found.public_id, verb])
            if is_fresh and allowed(self.request.actor, found)
            else "",
        }
