"""The team's pages: providers, their files and keys."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.models import Service
from bookings.views.words import hours_words
from concierge import key_pages
from concierge.days import today_of, zone_of
from concierge.errors import NotAllowed
from concierge.forms import KeyForm
from concierge.middleware import TenantRequest
from concierge.models import ApiClient, Organisation
from providers import perms
from providers.actions.availability import MOST_CLOSURES
from providers.actions.keys import PROVIDER_SCOPES, create_provider_key, revoke_provider_key
from providers.actions.matching import recent_jobs
from providers.actions.promises import promises_of
from providers.actions.sandbox import sandbox_keys
from providers.enums import BINDING_AGREEMENTS, WAITING, InvitationStatus
from providers.forms.offers import ProviderFilters
from providers.models import Offer, Provider, ProviderDocument, ProviderInvitation, ServiceAgreement, ShareAlarm
from providers.views.agreement_words import row_of
from providers.views.agreements import listed
from providers.views.paper_words import ending_words, missing_words, papers_words, required_of, with_papers
from providers.views.partnership import left_with
from providers.views.places import places_words
from providers.views.staff import BY_PROVIDER, PAGE, offer_row, pages_around, see_providers
from providers.views.words import span_words

# Agreements in a file; the others have a page.
SHOWN = 10


@require_safe
def providers_list(request: TenantRequest) -> HttpResponse:
    """Every provider, with papers, recent work and open questions; 25 a page."""
    see_providers(request)
    services = Service.objects.filter(organisation=request.organisation, execution__in=BY_PROVIDER)
    form = ProviderFilters(request.GET, services=services.order_by("position", "pk"))
    found = _filtered(Provider.objects.visible_to(request.actor), form, request.organisation)
    found = found.annotate(asked=Count("offers", filter=Q(offers__status__in=WAITING), distinct=True))
    today = today_of(request.organisation)
    # Not the texts that were signed: thirty kilobytes each.
    in_force = ServiceAgreement.objects.valid_on(today).select_related("service").defer("text", "content")
    found = found.prefetch_related("documents", Prefetch("agreements", in_force))
    page = Paginator(found.order_by("name", "pk"), PAGE).get_page(request.GET.get("page"))
    recent = recent_jobs(row.pk for row in page)
    required = required_of(request.organisation, page, today)
    rows = [
        {
            "provider": row,
            "services": ", ".join(sorted({one.service.label for one in row.agreements.all()})),
            "papers": papers_words(row, today, required[row.pk]),
            "recent": recent[row.pk],
        }
        for row in page
    ]
    can_manage = perms.can_manage_providers(request.actor)
    is_filtered = any(request.GET.get(name) for name in ("q", "service", "state", "papers"))
    context = {
        "rows": rows,
        "form": form,
        "is_filtered": is_filtered,
        "total": page.paginator.count,
        "can_manage": can_manage,
        "to_check": ProviderDocument.objects.visible_to(request.actor).to_check().count() if can_manage else 0,
        "alarms": _alarms(request.organisation) if can_manage else [],
    }
    return render(request, "providers/providers.html", {**context, **pages_around(request, page)})


def _alarms(organisation: Organisation) -> list[ShareAlarm]:
    """Of which services too much lies with one business, this month."""
    month = today_of(organisation).replace(day=1)
    found = ShareAlarm.objects.filter(organisation=organisation, month=month).select_related("service", "provider")
    return list(found.order_by("service__position", "pk")[:PAGE])


def _filtered(found: QuerySet[Provider], form: ProviderFilters, organisation: Organisation) -> QuerySet[Provider]:
    if not form.is_valid():
        return found
    wanted = form.cleaned_data
    text = wanted["q"].strip()
    if text:
        digits = "".join(text.split())
        found = found.filter(
            Q(name__icontains=text) | Q(city__icontains=text) | Q(siret__startswith=digits) | Q(postcode=digits)
        )
    if wanted["service"]:
        found = found.filter(
            agreements__service=wanted["service"], agreements__status__in=BINDING_AGREEMENTS
        ).distinct()
    if wanted["state"]:
        found = found.filter(is_active=wanted["state"] == "active")
    if wanted["papers"]:
        found = with_papers(found, wanted["papers"], organisation)
    return found


def provider_or_404(request: TenantRequest, public_id: uuid.UUID) -> Provider:
    """A provider with its papers and hours, when the actor may see its file."""
    see_providers(request)
    return get_object_or_404(
        Provider.objects.visible_to(request.actor).prefetch_related(
            Prefetch("documents", ProviderDocument.objects.with_has_file()), "opening_hours"
        ),
        public_id=public_id,
    )


@require_safe
def provider_page(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """One provider's file."""
    return file_page(request, provider_or_404(request, public_id))


def file_page(
    request: TenantRequest, provider: Provider, *, key_form: KeyForm | None = None, test_form: KeyForm | None = None
) -> HttpResponse:
    """The file of a provider, with a form that was typed wrong."""
    zone = zone_of(request.organisation)
    today = timezone.localdate(timezone=zone)
    ours = recent_jobs(Provider.objects.visible_to(request.actor).order_by("pk").values_list("pk", flat=True))
    total = sum(ours.values())
    required = required_of(request.organisation, [provider], today)[provider.pk]
    offers = Offer.objects.visible_to(request.actor).with_need().filter(provider=provider)[:10]
    agreements = list(listed(provider)[: SHOWN + 1])
    can_manage = perms.can_manage_providers(request.actor)
    keys = _keys(request, provider) if can_manage else ApiClient.objects.none()
    context = {
        **key_pages.listed(request, keys, lambda key: _revoke_url(provider, key)),
        "provider": provider,
        "zone": zone,
        "papers": papers_words(provider, today, required),
        "missing": missing_words(provider, today, required),
        "ending": ending_words(provider, today),
        "documents": [(row, row.expires_on is not None and row.expires_on < today) for row in provider.documents.all()],
        "agreements": [row_of(row, today) for row in agreements[:SHOWN]],
        "more_agreements": len(agreements) > SHOWN,
        "closures": [
            {"days": span_words(one.first_on, one.last_on), "reason": one.reason}
            for one in provider.closures.still_to_come(today)[:MOST_CLOSURES]
        ],
        "places": places_words(provider),
        "recent": ours[provider.pk],
        "share": round(100 * ours[provider.pk] / total) if total else 0,
        "promises": promises_of([provider.pk], now=timezone.now())[provider.pk],
        "offers": [offer_row(offer) for offer in offers],
        "can_manage": can_manage,
        "bank": list(provider.bank_accounts.filter(ended_at=None).order_by("status")) if can_manage else [],
        **(_of_a_new_file(provider) if provider.is_to_check else {}),
        "hours": hours_words(provider.opening_hours.all()),
        "may_close": perms.can_close_days(request.actor, provider),
        "left": [] if provider.is_active else list(left_with(Provider.objects.filter(pk=provider.pk), request.actor)),
        "key_form": key_form or KeyForm(scopes=PROVIDER_SCOPES, chosen=PROVIDER_SCOPES),
        **(_test_keys(provider) if can_manage else {}),
    }
    if test_form:
        context["test_form"] = test_form
    return render(request, "providers/provider.html", context, status=422 if key_form or test_form else 200)


def _test_keys(provider: Provider) -> dict[str, Any]:
    """Keys of its simulated concierge, which are rows of another organisation."""
    address = "providers:revoke-test-key"
    return {
        "test_keys": [
            key_pages.row_of(key, reverse(address, args=[provider.public_id, key.public_id]))
            for key in sandbox_keys(provider)
        ],
        "test_form": KeyForm(auto_id="test-%s", scopes=PROVIDER_SCOPES, chosen=PROVIDER_SCOPES),
        "sandbox_url": reverse("providers:create-test-key", args=[provider.public_id]),
    }


def _of_a_new_file(provider: Provider) -> dict[str, Any]:
    """What it would do for us, whether that is all, and whether anybody knows where it is."""
    invitation = ProviderInvitation.objects.filter(provider=provider).first()
    wanted = invitation.wanted if invitation else []
    services = Service.objects.filter(organisation=provider.organisation, pk__in=wanted).order_by("position", "pk")
    return {
        "wished": [service.label for service in services],
        "invitation": invitation,
        "is_handed_in": invitation is not None and invitation.status == InvitationStatus.USED,
        "may_approve": invitation is None or invitation.status != InvitationStatus.SENT,
        "is_unplaced": provider.latitude is None,
    }


@never_cache
@require_POST
def create_key(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """A new API key, shown on this answer only and kept by nobody."""
    provider = provider_or_404(request, public_id)
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    form = KeyForm(request.POST, scopes=PROVIDER_SCOPES)
    if not form.is_valid():
        return file_page(request, provider, key_form=form)
    client, key = create_provider_key(
        provider, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"], by=request.actor
    )
    return key_pages.shown_once(request, client, key, owner=provider.name, back=file_url(provider))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: TenantRequest, public_id: uuid.UUID, key_id: uuid.UUID) -> HttpResponse:
    """Make a key useless at once, after a question."""
    provider = provider_or_404(request, public_id)
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    client = get_object_or_404(_keys(request, provider), public_id=key_id)
    return key_pages.revoked(
        request,
        client,
        lambda: revoke_provider_key(provider, client, by=request.actor),
        owner=provider.name,
        back=file_url(provider),
    )


def _keys(request: TenantRequest, provider: Provider) -> QuerySet[ApiClient]:
    return ApiClient.objects.filter(organisation=request.organisation, provider_id=provider.pk)


def _revoke_url(provider: Provider, key: ApiClient) -> str:
    return reverse("providers:revoke-key", args=[provider.public_id, key.public_id])


def file_url(provider: Provider) -> str:
    """Where its file is."""
    return reverse("providers:provider", args=[provider.public_id])
