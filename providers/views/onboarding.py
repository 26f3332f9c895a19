"""The pages behind an invitation: a local business opens its own file, step by step, on a phone (R32, S14, S16).

No login, bound to a browser as the link of an offer is (``doors``). Every step is its own form and is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.gateways.geocoder import locate
from bookings.models import Service
from bookings.views.catalogue import refused_status
from concierge.days import today_of
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.visitors import not_too_many
from providers.actions import invitations
from providers.actions.reviews import send_document
from providers.enums import DocumentKind, InvitationStatus
from providers.forms.files import WHERE
from providers.forms.offers import CodeForm
from providers.forms.onboarding import CharterForm, WhatForm, WhenForm, WhoForm
from providers.forms.papers import SendDocumentForm
from providers.models import InvitationLink, Provider, ProviderDocument, ProviderInvitation
from providers.models.links import MAX_CODE_TRIES
from providers.rules.papers import ALWAYS
from providers.views.charter import charter_lines
from providers.views.doors import acting_on, door, knows_code, renewal, take_code
from providers.views.files import ask_again, file_of
from providers.views.paper_words import kinds_of
from providers.views.staff import BY_PROVIDER

# How often the first step may be sent from one network in an hour.
MOST_TRIES, TRIES_WINDOW = 30, 3600
PAGE = ["GET", "HEAD", "POST"]
STEPS = {
    "qui": gettext_lazy("Your business"),
    "horaires": gettext_lazy("When and where"),
    "services": gettext_lazy("Your services"),
    "documents": gettext_lazy("Your documents"),
    "charte": gettext_lazy("The charter"),
}
ORDER = list(STEPS)
link_page, renew = door(InvitationLink), renewal(InvitationLink, invitations.send_new_invitation_link)


def services_of(request: TenantRequest) -> QuerySet[Service]:
    """What local businesses do here."""
    found = Service.objects.filter(organisation=request.organisation, execution__in=BY_PROVIDER, is_active=True)
    return found.order_by("position", "pk")


def next_step(invitation: ProviderInvitation) -> str:
    """The first step that is still to be done."""
    if invitation.provider is None:
        return "qui"
    if not invitation.has_hours:
        return "horaires"
    return "documents" if invitation.wanted else "services"


def farthest(invitation: ProviderInvitation) -> int:
    """The last step that may be opened: papers can follow later, so the charter may be signed before them."""
    found = next_step(invitation)
    return ORDER.index("charte" if found == "documents" else found)


@require_safe
@link_page
def invitation_page(request: TenantRequest, token: str, link: InvitationLink) -> HttpResponse:
    """Where they are: the code first, then the step to do, at the end how it stands. Looking changes nothing."""
    return _page(request, token, link)


@require_POST
@link_page
def type_code(request: TenantRequest, token: str, link: InvitationLink) -> HttpResponse:
    """The human step: four digits open the form in this browser."""
    return take_code(request, token, link, _page)


@require_POST
@link_page
def not_me(request: TenantRequest, token: str, link: InvitationLink) -> HttpResponse:
    """The message reached somebody else."""
    if not knows_code(request, link):
        return _page(request, token, link, status=403)
    invitations.report_invitation(link, by=acting_on(request, link.invitation))
    return render(request, "providers/link_reported.html")


@require_http_methods(PAGE)
@link_page
def step(request: TenantRequest, token: str, link: InvitationLink, name: str) -> HttpResponse:
    """One step: shown as it was kept, saved, then the next one."""
    known = knows_code(request, link)
    if not known or (link.invitation.status == InvitationStatus.USED and name != "documents"):
        return _page(request, token, link, status=403 if request.method == "POST" and not known else 200)
    if ORDER.index(name) > farthest(link.invitation):
        return redirect("providers:invitation", token)
    form = FORMS[name](request, link.invitation)
    if request.method != "POST":
        return _page(request, token, link, name=name, form=form)
    try:
        if form.is_valid() and SAVES[name](request, link.invitation, form):
            return _onwards(token, name)
        status = 422
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        status = refused_status(error)
    ask_again(form)
    link.invitation.refresh_from_db()
    return _page(request, token, link, name=name, form=form, status=status)


def _onwards(token: str, name: str) -> HttpResponse:
    if name == "charte":
        return redirect("providers:invitation", token)
    # Papers are sent one by one.
    after = name if name == "documents" else ORDER[ORDER.index(name) + 1]
    return redirect("providers:invitation-step", token, after)


# --- the forms of the steps, as they were kept, and what saves them ---------------------------------------------------


def _typed(request: TenantRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _who(request: TenantRequest, invitation: ProviderInvitation) -> forms.BaseForm:
    row = invitation.provider or Provider(
        organisation=request.organisation,
        name=invitation.name,
        email=invitation.email,
        phone=invitation.phone,
        language=invitation.language,
    )
    return WhoForm(_typed(request), instance=Provider.objects.get(pk=row.pk) if row.pk else row)


def _save_who(request: TenantRequest, invitation: ProviderInvitation, form: Any) -> bool:
    # Each try tells whether there is such a file.
    not_too_many(request, "invitation-siret", most=MOST_TRIES, seconds=TRIES_WINDOW)
    given = dict(form.cleaned_data)
    provider = invitation.provider
    if provider is None or any(getattr(provider, name) != given[name] for name in WHERE):
        # Unknown: distances to it are unknown too, and the team sees that when it looks at the file.
        given["latitude"], given["longitude"] = locate(*(given[name] for name in WHERE)) or (None, None)
    if provider is None:
        given["language"] = invitation.language
    invitations.say_who(invitation, given, by=acting_on(request, invitation))
    return True


def _when(request: TenantRequest, invitation: ProviderInvitation) -> forms.BaseForm:
    provider = invitation.provider
    if provider is None:
        raise Http404
    return WhenForm(_typed(request), hours=list(provider.opening_hours.all()), provider=provider)


def _save_when(request: TenantRequest, invitation: ProviderInvitation, form: Any) -> bool:
    by = acting_on(request, invitation)
    invitations.say_when(invitation, form.days, radius_km=form.cleaned_data["radius_km"], by=by)
    return True


def _what(request: TenantRequest, invitation: ProviderInvitation) -> forms.BaseForm:
    services = services_of(request)
    chosen = [one.public_id for one in services if one.pk in invitation.wanted]
    initial = {"services": chosen, "daily_capacity": invitation.provider.daily_capacity if invitation.provider else 5}
    return WhatForm(_typed(request), services=services, initial=initial)


def _save_what(request: TenantRequest, invitation: ProviderInvitation, form: Any) -> bool:
    given, by = form.cleaned_data, acting_on(request, invitation)
    invitations.say_what(invitation, list(given["services"]), daily_capacity=given["daily_capacity"], by=by)
    return True


def _papers(request: TenantRequest, invitation: ProviderInvitation) -> forms.BaseForm:
    if request.method == "POST":
        return SendDocumentForm(request.POST, request.FILES)
    return SendDocumentForm()


def _save_paper(request: TenantRequest, invitation: ProviderInvitation, form: Any) -> bool:
    provider, file = invitation.provider, file_of(request, form)
    if file is None or provider is None:
        return False
    given = {**form.cleaned_data, "kind": DocumentKind(form.cleaned_data["kind"])}
    send_document(provider, **given, file=file, by=acting_on(request, invitation))
    messages.success(request, _("Thank you: we look at it and tell you."))
    return True


def _charter(request: TenantRequest, invitation: ProviderInvitation) -> forms.BaseForm:
    name = invitation.provider.contact_name if invitation.provider else ""
    return CharterForm(_typed(request), initial={"name": name})


def _sign(request: TenantRequest, invitation: ProviderInvitation, form: Any) -> bool:
    shown = "\n".join(charter_lines(request.organisation))
    by = acting_on(request, invitation)
    invitations.hand_in(invitation, charter=shown, name=form.cleaned_data["name"], by=by)
    return True


FORMS: dict[str, Callable[[TenantRequest, ProviderInvitation], forms.BaseForm]] = {
    "qui": _who,
    "horaires": _when,
    "services": _what,
    "documents": _papers,
    "charte": _charter,
}
SAVES: dict[str, Callable[[TenantRequest, ProviderInvitation, Any], bool]] = {
    "qui": _save_who,
    "horaires": _save_when,
    "services": _save_what,
    "documents": _save_paper,
    "charte": _sign,
}


def _page(
    request: TenantRequest,
    token: str,
    link: InvitationLink,
    *,
    name: str = "",
    form: forms.BaseForm | None = None,
    code_form: CodeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    invitation, known = link.invitation, knows_code(request, link)
    is_over = invitation.status == InvitationStatus.USED
    if known and not name:
        name = "documents" if is_over else next_step(invitation)
        form = FORMS[name](request, invitation)
    context: dict[str, Any] = {
        "token": token,
        "invitation": invitation,
        "is_known": known,
        "is_over": is_over,
        "is_locked": link.code_tries >= MAX_CODE_TRIES,
        "step": name,
        "form": form,
        "code_form": code_form or CodeForm(),
        "steps": [
            {"label": label, "url": reverse("providers:invitation-step", args=[token, one])}
            for one, label in STEPS.items()
        ],
        "number": ORDER.index(name) + 1 if name else 0,
        "kinds": [],
        "charter": charter_lines(request.organisation) if name == "charte" else [],
    }
    if known and name == "documents" and invitation.provider is not None:
        prefetch_related_objects([invitation.provider], Prefetch("documents", ProviderDocument.objects.with_has_file()))
        context["kinds"] = kinds_of(invitation.provider, today_of(request.organisation), ALWAYS)
    return render(request, "providers/invitation.html", context, status=status)
