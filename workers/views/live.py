"""Several dispatchers at once: whether something happened since a board was shown, for one indexed query."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from concierge.models import Event
from concierge.tenancy import Actor
from workers.forms import NewsForm
from workers.perms import can_see_board
from workers.views.common import acting, require

# A change is seen once it is committed, by the time at which it began: this is how long one may take.
OVERLAP = dt.timedelta(seconds=30)
# What a board shows comes from these.
ABOUT = Q(subject_type__startswith="workers.") | Q(subject_type="bookings.workorder")


def news_url(actor: Actor) -> str:
    """Where a board that is shown now asks for news."""
    since = _recent()
    return _address(since, _told(actor, since)["seen"])


@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """``{"changed": bool, "url": where to ask next}``. An address nobody understands has changed."""
    actor = acting(request)
    require(can_see_board(actor))
    form, recent = NewsForm(request.GET), _recent()
    if not form.is_valid() or recent - form.cleaned_data["since"] > dt.timedelta(hours=1):
        return _answer(True, news_url(actor))
    told = _told(actor, form.cleaned_data["since"], recent)
    return _answer(told["seen"] != form.cleaned_data["seen"], _address(recent, told["fresh"]))


def _recent() -> dt.datetime:
    return (timezone.now() - OVERLAP).replace(microsecond=0)


def _told(actor: Actor, since: dt.datetime, recent: dt.datetime | None = None) -> dict[str, int]:
    """How much was said since a moment, and since a later one."""
    said = Event.objects.filter(ABOUT, organisation=actor.organisation, recorded_at__gte=since)
    return said.order_by().aggregate(seen=Count("pk"), fresh=Count("pk", filter=Q(recorded_at__gte=recent or since)))


def _address(since: dt.datetime, seen: int) -> str:
    query = urlencode({"since": since.astimezone(dt.UTC).isoformat(), "seen": seen})
    return f"{reverse('workers:news')}?{query}"


def _answer(changed: bool, url: str) -> JsonResponse:
    return JsonResponse({"changed": changed, "url": url}, headers={"Cache-Control": "no-store"})
