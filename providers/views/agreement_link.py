"""The page behind the link of an agreement: read, sign or say no without login. Looking changes nothing (S16, DR10)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.views.catalogue import refused_status
from concierge.days import today_of, zone_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from providers.actions.signing import (
    decline_agreement,
    report_agreement_misdirected,
    send_new_agreement_link,
    sign_agreement,
)
from providers.enums import AgreementStatus, Side
from providers.forms.agreements import DeclineAgreementForm, SignForm
from providers.forms.offers import CodeForm
from providers.models import AgreementLink
from providers.models.links import MAX_CODE_TRIES
from providers.views.agreement_words import facts_of, signatures_of, state_of
from providers.views.doors import bearer, door, knows_code, renewal, take_code

link_page, renew = door(AgreementLink), renewal(AgreementLink, send_new_agreement_link)


def _page(
    request: TenantRequest,
    token: str,
    link: AgreementLink,
    *,
    form: SignForm | DeclineAgreementForm | None = None,
    code_form: CodeForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    agreement = link.agreement
    signatures = signatures_of(agreement, zone_of(request.organisation))
    can_sign = agreement.status == AgreementStatus.SENT and not signatures[1]["name"]
    is_known = knows_code(request, link)
    sign_form = form if isinstance(form, SignForm) else SignForm(initial={"name": agreement.provider.contact_name})
    context = {
        "token": token,
        "agreement": agreement,
        "state": state_of(agreement, today_of(request.organisation)),
        "facts": facts_of(agreement),
        "signatures": signatures,
        "can_sign": can_sign,
        "is_known": is_known,
        "is_locked": link.code_tries >= MAX_CODE_TRIES,
        "has_signed": bool(signatures[1]["name"]),
        "code_form": code_form or CodeForm(),
        "sign_form": sign_form,
        "decline_form": form if isinstance(form, DeclineAgreementForm) else DeclineAgreementForm(),
        "error": None if can_sign and is_known and form is not None and form.errors else error,
    }
    return render(request, "providers/agreement_link.html", context, status=status)


@require_safe
@link_page
def agreement_page(request: TenantRequest, token: str, link: AgreementLink) -> HttpResponse:
    """What was sent, and how it stands."""
    return _page(request, token, link)


@require_POST
@link_page
def type_code(request: TenantRequest, token: str, link: AgreementLink) -> HttpResponse:
    """The human step: four digits open the buttons in this browser."""
    return take_code(request, token, link, _page)


@require_POST
@link_page
def act(request: TenantRequest, token: str, link: AgreementLink, verb: str) -> HttpResponse:
    """Sign it, say no to it, or say "this is not me"."""
    if not knows_code(request, link):
        refusal = NotAllowed(_("Please type the four digits of our message first."))
        return _page(request, token, link, error=refusal, status=refusal.status)
    by = bearer(request, link)
    if verb == "pas-moi":
        report_agreement_misdirected(link, by=by)
        return render(request, "providers/link_reported.html")
    form: SignForm | DeclineAgreementForm = (SignForm if verb == "signer" else DeclineAgreementForm)(request.POST)
    if not form.is_valid():
        return _page(request, token, link, form=form, status=422)
    try:
        if verb == "signer":
            sign_agreement(link.agreement, side=Side.THEIRS, by=by, **form.cleaned_data)
        else:
            decline_agreement(link.agreement, by=by, **form.cleaned_data)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        link.agreement.refresh_from_db()
        return _page(request, token, link, form=form, error=error, status=refused_status(error))
    return redirect("providers:agreement-link", token)
