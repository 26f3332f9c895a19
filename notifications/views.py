"""Pages of the message centre: what was told to whom, what did not arrive, and the receipts of one request."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from bookings.models import ServiceRequest
from bookings.perms import can_read_requests
from concierge.days import HOME_ZONE
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tasks import poke
from notifications import perms
from notifications.actions.queue import resend
from notifications.enums import MessageStatus, Unsent
from notifications.forms import MessageFilters
from notifications.models import TROUBLED, Message, MessageQuerySet
from notifications.tasks import send_messages
from providers.views.contact_words import failing_words

PER_PAGE = 25
MOST_PAGES = 400
# Views of the list: address, words, statuses (all of them when empty).
VIEWS = {
    "": (gettext_lazy("All messages"), ()),
    "trouble": (gettext_lazy("Not arrived"), TROUBLED),
    "queued": (gettext_lazy("To be sent"), (MessageStatus.QUEUED,)),
    "sent": (gettext_lazy("Have left"), (MessageStatus.SENT,)),
    "suppressed": (gettext_lazy("Not sent on purpose"), (MessageStatus.SUPPRESSED,)),
}


@never_cache
@require_safe
def messages_list(request: TenantRequest) -> HttpResponse:
    """Messages of the sites where the person works: failures first, then the newest."""
    if not perms.can_see_messages(request.actor):
        raise NotAllowed
    view = request.GET.get("state", "")
    if view not in VIEWS:
        raise Http404
    form = MessageFilters(request.GET)
    seen = Message.objects.visible_to(request.actor).select_related("site")
    found = _chosen(seen, form, VIEWS[view][1])
    page = Paginator(found.worst_first(), PER_PAGE).get_page(request.GET.get("page"))
    if page.number > MOST_PAGES:
        raise Http404
    context = {
        "form": form,
        "tabs": _tabs(view, seen),
        "state": view,
        "is_filtered": bool(view or request.GET.get("q") or request.GET.get("kind")),
        "rows": _rows(request, page.object_list),
        "failing": failing_words(request.organisation),
        "page": page,
        **_neighbours(request, page),
    }
    return render(request, "notifications/messages.html", context)


def _chosen(found: MessageQuerySet, form: MessageFilters, statuses: tuple[str, ...]) -> MessageQuerySet:
    chosen = form.cleaned_data if form.is_valid() else {}
    if statuses:
        found = found.filter(status__in=statuses)
    if chosen.get("kind"):
        found = found.filter(kind=chosen["kind"])
    if text := chosen.get("q", "").strip():
        found = found.filter(
            Q(recipient_name__icontains=text) | Q(address__icontains=text) | Q(subject__icontains=text)
        )
    return found


def _tabs(current: str, seen: MessageQuerySet) -> list[dict[str, Any]]:
    troubled = seen.troubled().count()
    return [
        {
            "href": f"?state={view}" if view else "?",
            "label": label,
            "current": view == current,
            "count": str(troubled) if view == "trouble" and troubled else "",
        }
        for view, (label, _statuses) in VIEWS.items()
    ]


def _neighbours(request: TenantRequest, page: Page[Message]) -> dict[str, str]:
    def at(number: int) -> str:
        query = request.GET.copy()
        query["page"] = str(number)
        return f"?{query.urlencode()}"

    return {
        "previous": at(page.previous_page_number()) if page.has_previous() else "",
        "next": at(page.next_page_number()) if page.has_next() else "",
    }


def _rows(request: TenantRequest, found: Any) -> list[dict[str, Any]]:
    reasons = dict(Unsent.choices)
    return [
        {
            "message": message,
            "title": message.subject or message.get_kind_display(),
            "why": reasons.get(message.last_error, message.last_error),
            "when": _when(message),
            "may_resend": perms.can_resend(request.actor, message),
        }
        for message in found
    ]


def _when(message: Message) -> str:
    """Sent, next attempt or written, in the time of its site."""
    waits = message.status == MessageStatus.QUEUED and message.attempts > 0
    zone = ZoneInfo(message.site.time_zone) if message.site else HOME_ZONE
    moment = message.sent_at or (message.next_at if waits else message.created_at)
    words = date_format(timezone.localtime(moment, zone), "SHORT_DATETIME_FORMAT")
    return _("Next attempt %(when)s") % {"when": words} if waits else words


@never_cache
@require_safe
def receipts_of_request(request: TenantRequest, request_id: uuid.UUID) -> HttpResponse:
    """What was told about one request: a fragment for its page, a page of its own when opened directly."""
    if not can_read_requests(request.actor):
        raise Http404
    about = get_object_or_404(ServiceRequest.objects.visible_to(request.actor), public_id=request_id)
    found = (
        Message.objects.filter(organisation=request.organisation, request_id=about.public_id)
        .select_related("site")
        .order_by("pk")
    )
    context = {
        "about": about,
        "rows": _rows(request, found),
        "has_no_address": not about.contact_email,
    }
    name = "fragments/receipts" if request.htmx else "receipts"
    return render(request, f"notifications/{name}.html", context)


@require_POST
def resend_message(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send one message again, then go back to where the button was."""
    if not perms.can_see_messages(request.actor):
        raise NotAllowed
    message = get_object_or_404(Message.objects.visible_to(request.actor), public_id=public_id)
    try:
        with transaction.atomic():
            resend(message, by=request.actor)
            transaction.on_commit(partial(poke, send_messages, request.organisation.pk), robust=True)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The message leaves again now."))
    if message.request_id and request.POST.get("back") == "request":
        return redirect("bookings:request", message.request_id)
    return redirect("notifications:messages")
