"""Stop and resume working with a provider, and see to what it still holds."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings.enums import WORK_ORDER_TRANSITIONS, PerformerKind
from bookings.models import WorkOrder
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from providers import perms
from providers.actions.businesses import set_active
from providers.models import Provider

# What can still be taken from a provider: accepted or begun, and not done.
IN_HAND = WORK_ORDER_TRANSITIONS["take_back"][0]


def left_with(providers: QuerySet[Provider], actor: Actor) -> QuerySet[WorkOrder]:
    """Work that these providers hold and have not finished, the most urgent first; of the actor's sites."""
    held = WorkOrder.objects.visible_to(actor).filter(
        performer_kind=PerformerKind.PROVIDER, performer_id__in=providers.values("pk"), status__in=IN_HAND
    )
    return held.select_related("request", "service", "site").order_by("promised_end", "pk")


@require_POST
def partnership(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Pause or resume."""
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    provider = get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)
    try:
        set_active(provider, is_active=verb == "reprendre", by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("providers:provider", provider.public_id)
    if verb == "reprendre":
        said = _("%(name)s works with us again.")
    else:
        said = _("The partnership with %(name)s is paused. Open offers go to other providers.")
    messages.success(request, said % {"name": provider.name})
    return redirect("providers:provider", provider.public_id)
