"""The team's pages of what is agreed with a provider (R33)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.models import Service
from bookings.views.catalogue import refused_status
from concierge.days import today_of, zone_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions import agreements as actions
from providers.actions.agreement_ends import goes_on, renew_agreement
from providers.actions.agreement_pdf import pdf_of
from providers.actions.agreement_texts import standard_text
from providers.actions.signing import resend_agreement, send_agreement, sign_agreement
from providers.enums import AgreementStatus, Side
from providers.forms.agreements import AgreementForm, EndForm, SignForm, terms_of
from providers.models import Provider, ServiceAgreement
from providers.rules.agreements import ENDING_DAYS
from providers.views.agreement_words import facts_of, row_of, signatures_of, state_of
from providers.views.staff import BY_PROVIDER, PAGE, pages_around, see_providers


@require_safe
def agreements_list(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Everything that was ever agreed or drafted with a provider, 25 a page."""
    see_providers(request)
    provider = get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)
    page = Paginator(listed(provider), PAGE).get_page(request.GET.get("page"))
    today = today_of(request.organisation)
    context = {
        "provider": provider,
        "rows": [row_of(one, today) for one in page],
        "can_manage": perms.can_manage_providers(request.actor),
        **pages_around(request, page),
    }
    return render(request, "providers/agreements.html", context)


def listed(provider: Provider) -> QuerySet[ServiceAgreement]:
    """Those of a provider, the newest first."""
    return provider.agreements.select_related("service").order_by("-valid_from", "-pk")


@require_http_methods(["GET", "HEAD", "POST"])
def new_agreement(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Draft an agreement."""
    _may_manage(request)
    provider = get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)
    services = _services(request)
    first: dict[str, Any] = {"valid_from": today_of(request.organisation), "text": standard_text(provider)}
    if provider.is_vat_exempt:
        first["vat_rate"] = 0
    form = AgreementForm(request.POST if request.method == "POST" else None, initial=first, services=services)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            wanted = form.cleaned_data
            made = actions.draft_agreement(
                provider, wanted["service"], form.terms, text=wanted["text"], by=request.actor
            )
        except DomainError as error:
            status = _refused(form, error)
        else:
            messages.success(request, _("The draft is kept. It binds nobody until both sides have signed."))
            return redirect("providers:agreement", made.public_id)
    return render(request, "providers/agreement_new.html", {"provider": provider, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_page(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """One agreement; a draft can be written anew."""
    agreement = _agreement(request, public_id)
    if request.method != "POST":
        return _page(request, agreement)
    _may_manage(request)
    form = AgreementForm(request.POST, services=_services(request, agreement))
    if not form.is_valid():
        return _page(request, agreement, form=form, status=422)
    try:
        wanted = form.cleaned_data
        actions.change_agreement(
            agreement, wanted["service"], form.terms, text=wanted["text"], read=_read(request), by=request.actor
        )
    except DomainError as error:
        return _again(request, public_id, error, form=form)
    messages.success(request, _("Saved."))
    return redirect("providers:agreement", agreement.public_id)


@require_safe
def agreement_pdf(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The agreement on paper."""
    return pdf_answer(_agreement(request, public_id))


def pdf_answer(agreement: ServiceAgreement) -> HttpResponse:
    """The file, shown in the browser."""
    name = f"convention-{agreement.service.code}-{agreement.valid_from:%Y-%m-%d}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(pdf_of(agreement), content_type="application/pdf", headers=headers)


@require_POST
def change_agreement(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Send, sign, give up, end, or agree anew."""
    agreement = _agreement(request, public_id)
    _may_manage(request)
    if verb == "terminer":
        return _end(request, agreement)
    if verb == "signer":
        return _sign(request, agreement)
    if verb == "renvoyer":
        return _resend(request, agreement)
    if verb == "reconduire":
        return _renew(request, agreement)
    act = {
        "envoyer": send_agreement,
        "papier": actions.sign_on_paper,
        "abandonner": actions.withdraw_agreement,
    }[verb]
    try:
        act(agreement, read=_read(request), by=request.actor)
    except DomainError as error:
        # What is wrong is said at its field, as if somebody had typed the draft just now.
        agreement = _agreement(request, public_id)
        form = AgreementForm(terms_of(agreement), services=_services(request, agreement))
        form.full_clean()
        return _again(request, public_id, error, form=form)
    said = {
        "envoyer": _("Sent. Both sides can sign now; nothing of the text changes any more."),
        "papier": _("The agreement is signed: it counts from its first day on."),
        "abandonner": _("It is given up: nobody can sign it any more."),
    }
    messages.success(request, said[verb])
    return redirect("providers:agreement", agreement.public_id)


def _sign(request: TenantRequest, agreement: ServiceAgreement) -> HttpResponse:
    form = SignForm(request.POST)
    if not form.is_valid():
        return _page(request, agreement, sign_form=form, status=422)
    try:
        signed = sign_agreement(agreement, side=Side.OURS, by=request.actor, **form.cleaned_data)
    except DomainError as error:
        return _again(request, agreement.public_id, error, sign_form=form)
    if signed.is_binding:
        said = _("Both sides have signed: it counts from its first day on.")
    else:
        said = _("Signed on our side. It binds once the provider has signed too.")
    messages.success(request, said)
    return redirect("providers:agreement", agreement.public_id)


def _resend(request: TenantRequest, agreement: ServiceAgreement) -> HttpResponse:
    try:
        resend_agreement(agreement, by=request.actor)
    except DomainError as error:
        return _page(request, _agreement(request, agreement.public_id), error=error, status=refused_status(error))
    messages.success(request, _("The message leaves again."))
    return redirect("providers:agreement", agreement.public_id)


def _renew(request: TenantRequest, agreement: ServiceAgreement) -> HttpResponse:
    try:
        draft = renew_agreement(agreement, by=request.actor)
    except DomainError as error:
        return _page(request, agreement, error=error, status=refused_status(error))
    messages.success(request, _("A draft with the same terms: change what has to change, then have it signed."))
    return redirect("providers:agreement", draft.public_id)


def _end(request: TenantRequest, agreement: ServiceAgreement) -> HttpResponse:
    form = EndForm(request.POST)
    if not form.is_valid():
        return _page(request, agreement, end_form=form, status=422)
    try:
        actions.end_agreement(agreement, on=form.cleaned_data["valid_to"], by=request.actor)
    except DomainError as error:
        return _again(request, agreement.public_id, error, end_form=form)
    messages.success(request, _("The last day is kept. Work already offered keeps its price."))
    return redirect("providers:agreement", agreement.public_id)


def _agreement(request: TenantRequest, public_id: uuid.UUID) -> ServiceAgreement:
    see_providers(request)
    found = ServiceAgreement.objects.visible_to(request.actor).select_related("provider", "service", "organisation")
    return get_object_or_404(found, public_id=public_id)


def _may_manage(request: TenantRequest) -> None:
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed


def _services(request: TenantRequest, agreement: ServiceAgreement | None = None) -> QuerySet[Service]:
    """Those that providers carry out, and the one that is agreed already."""
    wanted = Q(execution__in=BY_PROVIDER, is_active=True)
    if agreement is not None:
        wanted |= Q(pk=agreement.service_id)
    return Service.objects.filter(wanted, organisation=request.organisation).order_by("position", "pk")


def _sign_form(request: TenantRequest, agreement: ServiceAgreement) -> SignForm:
    name = request.actor.user.get_full_name() if request.actor.user else ""
    return SignForm(initial={"seal": agreement.seal, "name": name})


def _read(request: TenantRequest) -> str | None:
    """Which draft was on the screen."""
    return request.POST.get("read")


def _again(request: TenantRequest, public_id: uuid.UUID, error: DomainError, **forms: Any) -> HttpResponse:
    """The page once more with the form at fault, as the agreement stands now: somebody may have been quicker."""
    (form,) = forms.values()
    status = _refused(form, error)
    return _page(request, _agreement(request, public_id), status=status, error=error, **forms)


def _refused(form: AgreementForm | EndForm | SignForm, error: DomainError) -> int:
    """Say it at its field; the status of the page."""
    form.add_error(error.field if error.field in form.fields else None, str(error.message))
    return refused_status(error)


def _ends_soon(agreement: ServiceAgreement, today: dt.date) -> bool:
    """Whether it ends within a month and nothing is agreed for the time after."""
    last = agreement.valid_to
    if last is None or not agreement.is_in_force(today):
        return False
    return last - today <= dt.timedelta(days=max(ENDING_DAYS)) and not goes_on(agreement)


def _page(
    request: TenantRequest,
    agreement: ServiceAgreement,
    *,
    form: AgreementForm | None = None,
    end_form: EndForm | None = None,
    sign_form: SignForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    today = today_of(request.organisation)
    can_manage = perms.can_manage_providers(request.actor)
    can_edit = can_manage and agreement.status == AgreementStatus.DRAFT
    can_end = can_manage and agreement.is_binding and (agreement.valid_to is None or agreement.valid_to >= today)
    signatures = signatures_of(agreement, zone_of(request.organisation))
    can_sign = can_manage and agreement.status == AgreementStatus.SENT and not signatures[0]["name"]
    if can_edit:
        form = form or AgreementForm(initial=terms_of(agreement), services=_services(request, agreement))
    shown = (form if can_edit else None, end_form if can_end else None, sign_form if can_sign else None)
    context = {
        "agreement": agreement,
        "provider": agreement.provider,
        "state": state_of(agreement, today),
        "facts": facts_of(agreement),
        "form": form if can_edit else None,
        "read": actions.draft_seal(agreement) if can_edit else "",
        "end_form": (end_form or EndForm(initial={"valid_to": today})) if can_end else None,
        "signatures": signatures if agreement.seal else [],
        "sign_form": (sign_form or _sign_form(request, agreement)) if can_sign else None,
        "can_renew": can_manage and agreement.is_binding,
        "ends_soon": _ends_soon(agreement, today),
        "can_resend": can_manage and agreement.status == AgreementStatus.SENT and not signatures[1]["name"],
        "can_withdraw": can_manage and agreement.status == AgreementStatus.SENT,
        "can_write": bool(agreement.provider.email) or agreement.provider.members.exists(),
        # A form that holds the refusal says it itself.
        "error": None if any(one.errors for one in shown if one is not None) else error,
    }
    return render(request, "providers/agreement.html", context, status=status)
