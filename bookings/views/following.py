"""The team asks a client, holds a request, lets it go on, or gives it a second chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions.pauses import hold_request, resume_request
from bookings.actions.questions import ask_client, revive_request
from bookings.forms.waits import EVENING, MORNING, HoldForm, QuestionForm, moment_of
from bookings.models import ServiceRequest
from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor


def _ask(found: ServiceRequest, typed: dict[str, Any], by: Actor) -> None:
    ask_client(found, text=typed["text"], due_at=moment_of(typed["due_on"], EVENING, found.site), by=by)


def _hold(found: ServiceRequest, typed: dict[str, Any], by: Actor) -> None:
    until = moment_of(typed["until_on"], MORNING, found.site)
    hold_request(found, reason=typed["reason"], until=until, note=typed["note"], by=by)


@dataclass(frozen=True)
class Verb:
    """One button of the page of a request: when it may be pressed, what is asked, what is done and said."""

    name: str
    form: Callable[[ServiceRequest, Any], forms.Form]
    act: Callable[[ServiceRequest, dict[str, Any], Actor], object]
    title: Promise
    lead: Promise
    go: Promise
    said: Promise


VERBS = {
    "question": Verb(
        "ask_client",
        lambda found, data: QuestionForm(data, today=today_at(found.site)),
        _ask,
        _("Ask the client a question"),
        _("The client gets it by e-mail with the link, and is reminded. The request waits for the answer."),
        _("Send the question"),
        _("The question is sent. You are told when the client answers."),
    ),
    "suspendre": Verb(
        "hold",
        lambda found, data: HoldForm(data, today=today_at(found.site)),
        _hold,
        _("Hold the request"),
        _("Work in progress is paused. What was promised moves by as long as it stands still; the client reads why."),
        _("Hold"),
        _("The request is on hold and the client is told."),
    ),
    "reprendre": Verb(
        "resume",
        lambda _found, data: forms.Form(data),
        lambda found, _typed, by: resume_request(found, by=by),
        _("Let the request go on"),
        _("It goes back to where it was, and what was promised moves by the time that it stood still."),
        _("Go on"),
        _("The request goes on and the client is told the new date."),
    ),
    "relancer": Verb(
        "revive",
        lambda _found, data: forms.Form(data),
        lambda found, _typed, by: revive_request(found, by=by),
        _("Take the request up again"),
        _("It was given up because the client kept silent. It goes back to those that are being looked at."),
        _("Take it up again"),
        _("The request is open again."),
    ),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: TenantRequest, public_id: Any, verb: str) -> HttpResponse:
    """A page that asks, then a POST that acts."""
    actor = request.actor
    if not perms.can_read_requests(actor):
        raise PermissionDenied
    found = get_object_or_404(
        ServiceRequest.objects.visible_to(actor).select_related("site", "client"), public_id=public_id
    )
    if verb not in VERBS:
        raise Http404
    wanted = VERBS[verb]
    if request.method != "POST":
        if not perms.can_wait(actor, found, wanted.name):
            return redirect("bookings:request", public_id=public_id)
        return _page(request, found, wanted, wanted.form(found, None))
    if not perms.holds(actor, found):
        raise NotAllowed
    form = wanted.form(found, request.POST)
    if not form.is_valid():
        return _page(request, found, wanted, form, status=422)
    try:
        wanted.act(found, form.cleaned_data, actor)
    except DomainError as error:
        field = {"due_at": "due_on", "until": "until_on"}.get(error.field or "", error.field)
        form.add_error(field if field in form.fields else None, str(error.message))
        return _page(request, found, wanted, form, status=409 if error.status == 409 else 422)
    messages.success(request, str(wanted.said))
    return redirect("bookings:request", public_id=public_id)


def _page(
    request: TenantRequest, found: ServiceRequest, verb: Verb, form: forms.Form, status: int = 200
) -> HttpResponse:
    return render(request, "bookings/follow.html", {"found": found, "verb": verb, "form": form}, status=status)
