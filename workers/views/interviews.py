"""Move an interview of a person with their social adviser (R23)."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from concierge.errors import DomainError
from concierge.words import moment_words
from workers.actions.appointments import move_appointment
from workers.forms.pathway import MoveForm
from workers.models import Appointment
from workers.views.common import acting, posted
from workers.views.pathway import followed, refuse, told


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, trainee: uuid.UUID, appointment: uuid.UUID) -> HttpResponse:
    """Another day, time or place; the person is told."""
    found = followed(request, trainee, writing=True)
    known = Appointment.objects.filter(trainee=found)
    # What was typed on an old page stays on it, with the refusal: the action says why.
    one = get_object_or_404(known if request.method == "POST" else known.pending(), public_id=appointment)
    local = one.starts_at.astimezone(ZoneInfo(found.site.time_zone))
    shown = {"day": local.date(), "time": local.time(), "place": one.place, "was": one.starts_at.isoformat()}
    form = MoveForm(posted(request), initial=shown)
    if request.method == "POST" and form.is_valid():
        data, zone = form.cleaned_data, ZoneInfo(found.site.time_zone)
        try:
            move_appointment(
                one, starts_at=form.starts_at(zone), place=data["place"], was=data["was"], by=acting(request)
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, told(found, _("The appointment is moved.")))
            return redirect("workers:pass", trainee=found.public_id)
    context = {
        "form": form,
        "public_id": found.public_id,
        "name": str(found),
        "kind": one.get_kind_display(),
        "when": moment_words(one.starts_at, found.site),
    }
    return render(request, "workers/interview.html", context, status=422 if form.errors else 200)
