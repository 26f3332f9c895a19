"""What became of somebody who has left: said on the page of their pathway, asked again three and six months later."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from concierge.errors import DomainError
from concierge.tenancy import Actor
from workers.actions.exits import note_follow_up, say_exit
from workers.enums.exits import Situation
from workers.forms import cleaned
from workers.forms.pathway import ExitForm, FollowUpForm
from workers.models import ExitFollowUp, Trainee
from workers.views.common import acting
from workers.views.pathway import followed, page


@require_POST
def say(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """What they do now that they have left."""
    person = followed(request, trainee, writing=True)

    def save(by: Actor) -> object:
        return say_exit(person, Situation(cleaned(ExitForm(request.POST))["situation"]), by=by)

    return _done(request, person, save)


@require_POST
def follow_up(request: HttpRequest, trainee: uuid.UUID, follow_up: uuid.UUID) -> HttpResponse:
    """Somebody tried to reach them: in vain, or here is what they do then."""
    person = followed(request, trainee, writing=True)
    found: ExitFollowUp = get_object_or_404(ExitFollowUp, exit__trainee=person, public_id=follow_up)

    def save(by: Actor) -> object:
        data = cleaned(FollowUpForm(request.POST))
        situation = Situation(data["situation"]) if data["situation"] else None
        return note_follow_up(found, on=data["on"], situation=situation, by=by)

    return _done(request, person, save)


def _done(request: HttpRequest, person: Trainee, act: Callable[[Actor], object]) -> HttpResponse:
    try:
        act(acting(request))
    except DomainError as error:
        return page(request, person, error=error)
    messages.success(request, _("Saved."))
    return redirect("workers:pass", trainee=person.public_id)
