"""One session has one booking under way, and a desk has many tabs: a form that was opened for somebody else than whom
it is for by now changes nothing."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from bookings.models import Accompaniment, Client
from bookings.views.draft import KEPT_FIELDS, Draft
from concierge.errors import Conflict

# Of what was typed: this many texts are shown once more, so that they can be copied.
MOST_TEXTS, LONGEST_TEXT = 20, 2000


def refuse_other(request: HttpRequest, draft: Draft) -> HttpResponse | None:
    """The page that says so (409), if this form is about somebody else; ``None`` if it may be read."""
    if request.method != "POST" or request.POST.get("whose", "") == draft.whose:
        return None
    context = {
        "site": draft.site,
        "draft": draft,
        "now_for": draft.person.client if draft.person is not None else draft.owner,
        "was_for": _was_for(draft, request.POST.get("whose", "")),
        "texts": _texts(request),
    }
    return render(request, "bookings/book_other.html", context, status=Conflict.status)


def _was_for(draft: Draft, whose: str) -> dict[str, str] | None:
    """Whom the form was opened for, with the page on which it can be begun again: as far as they may be read."""
    try:
        wanted = uuid.UUID(whose)
    except ValueError:
        return None
    if draft.actor.prescriber_id is not None:
        theirs = Accompaniment.objects.visible_to(draft.actor).select_related("client").filter(public_id=wanted).first()
        return {"name": str(theirs.client), "url": reverse("bookings:person", args=[wanted])} if theirs else None
    if not draft.for_others:
        return None
    client = Client.objects.visible_to(draft.actor).select_related("merged_into").filter(public_id=wanted).first()
    if client is None:
        return None
    url = reverse("bookings:desk-person", args=[draft.site.slug, client.kept_as.public_id])
    return {"name": str(client.kept_as), "url": url}


def _texts(request: HttpRequest) -> list[str]:
    """What somebody had typed into the form."""
    kept = {*KEPT_FIELDS, "access_note"} - {"on_phone"}
    mine = [name for name in request.POST if name.startswith("what-") or name in kept]
    typed = (request.POST[name].replace("\x00", "").strip()[:LONGEST_TEXT] for name in mine[:MOST_TEXTS])
    return [text for text in typed if text]
