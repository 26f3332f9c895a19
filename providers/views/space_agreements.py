"""A provider's own agreements, signed in: read what was sent, sign it, or say what should be different."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.views.catalogue import refused_status
from concierge.days import today_of, zone_of
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from providers.actions.signing import decline_agreement, sign_agreement
from providers.enums import AgreementStatus, Side
from providers.forms.agreements import DeclineAgreementForm, SignForm
from providers.models import Provider, ServiceAgreement
from providers.views.agreement_words import facts_of, row_of, signatures_of, state_of
from providers.views.agreements import pdf_answer
from providers.views.space import own_provider
from providers.views.staff import PAGE, pages_around


@require_safe
def my_agreements(request: TenantRequest) -> HttpResponse:
    """What I have with this organisation, 25 a page."""
    me = own_provider(request)
    found = ServiceAgreement.objects.shown_to(me.pk).select_related("service").order_by("-valid_from", "-pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    today = today_of(request.organisation)
    rows = [row_of(one, today) for one in page]
    return render(request, "providers/space_agreements.html", {"me": me, "rows": rows, **pages_around(request, page)})


@require_safe
def my_agreement(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """One of them, with what was sent."""
    me = own_provider(request)
    return _page(request, _mine(me, public_id))


@require_safe
def my_agreement_pdf(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The same on paper."""
    return pdf_answer(_mine(own_provider(request), public_id))


@require_POST
def answer(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Sign it, or say no to it."""
    agreement = _mine(own_provider(request), public_id)
    form: SignForm | DeclineAgreementForm = (SignForm if verb == "signer" else DeclineAgreementForm)(request.POST)
    if not form.is_valid():
        return _page(request, agreement, form=form, status=422)
    try:
        if verb == "signer":
            signed = sign_agreement(agreement, side=Side.THEIRS, by=request.actor, **form.cleaned_data)
            both = _("Signed by both: it counts from its first day on.")
            said = both if signed.is_binding else _("Thank you, you have signed. It counts once we have signed too.")
        else:
            decline_agreement(agreement, by=request.actor, **form.cleaned_data)
            said = _("Thank you for telling us. We will come back to you.")
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        agreement = _mine(agreement.provider, public_id)
        return _page(request, agreement, form=form, error=error, status=refused_status(error))
    messages.success(request, said)
    return redirect("providers:space-agreement", agreement.public_id)


def _mine(me: Provider, public_id: uuid.UUID) -> ServiceAgreement:
    found = ServiceAgreement.objects.shown_to(me.pk).select_related("provider", "service", "organisation")
    return get_object_or_404(found, public_id=public_id)


def _page(
    request: TenantRequest,
    agreement: ServiceAgreement,
    *,
    form: SignForm | DeclineAgreementForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    signatures = signatures_of(agreement, zone_of(request.organisation))
    can_sign = agreement.status == AgreementStatus.SENT and not signatures[1]["name"]
    name = request.actor.user.get_full_name() if request.actor.user else ""
    sign_form = form if isinstance(form, SignForm) else SignForm(initial={"seal": agreement.seal, "name": name})
    decline_form = form if isinstance(form, DeclineAgreementForm) else DeclineAgreementForm()
    context = {
        "me": agreement.provider,
        "agreement": agreement,
        "state": state_of(agreement, today_of(request.organisation)),
        "facts": facts_of(agreement),
        "signatures": signatures if agreement.seal else [],
        "sign_form": sign_form if can_sign else None,
        "decline_form": decline_form if can_sign else None,
        "error": None if can_sign else error,
    }
    return render(request, "providers/space_agreement.html", context, status=status)
