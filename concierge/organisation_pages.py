"""The page on which heads of the network say who the organisation is."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from concierge import perms
from concierge.actions import edit_organisation
from concierge.errors import DomainError, NotAllowed
from concierge.forms import OrganisationForm
from concierge.middleware import TenantRequest
from concierge.models import Organisation


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def organisation(request: TenantRequest) -> HttpResponse:
    """Name, telephone, e-mail, and the declaration for personal services."""
    if not perms.can_run_organisation(request.actor):
        raise NotAllowed
    # The form writes on what it is given; the one of the request is shown around it.
    own = Organisation.objects.get(pk=request.organisation.pk)
    form = OrganisationForm(
        request.POST if request.method == "POST" else None, instance=own, initial={"phone": own.phone_shown}
    )
    if form.is_valid():
        try:
            edit_organisation(request.organisation, form.changes, by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("Saved."))
            return redirect("organisation")
    return render(request, "organisation.html", {"form": form}, status=422 if form.is_bound else 200)
