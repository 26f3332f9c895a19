"""Pages of invoices: list, document, download, credit, invoice now."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.actions.documents import kept_pdf, kept_xml
from billing.actions.hindrances import hindrance_of_issuer, hindrance_of_payer
from billing.actions.invoices import credit_invoice, invoice_payer, invoice_request, left_to_credit
from billing.actions.issuers import change_issuer, set_up_issuer
from billing.forms import CreditForm, InvoiceFilters, IssuerForm, PayerFilters, PayerForm
from billing.models import Invoice, InvoiceQuerySet, LegalEntity
from billing.models.billable import dues_of, is_unfinished, lines_of, owed_by, owing
from billing.perms import can_invoice, can_see_dues, can_see_invoices_of_others
from billing.rules.cii import has_file
from bookings.models import Client, ClientAccount, ServiceRequest
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Event

PER_PAGE = 25
MOST_PAGES = 400
AT_ONCE = 200
MOST_AT_DESK = 3

HAPPENED = {
    "invoice.issued": gettext_lazy("Issued"),
    "invoice.rendered": gettext_lazy("PDF prepared"),
    "invoice.credited": gettext_lazy("Credit note issued"),
}


def _layout(request: TenantRequest) -> str:
    return "layouts/staff.html" if request.actor.is_staff else "layouts/public.html"


def _invoice(request: TenantRequest, public_id: uuid.UUID) -> Invoice:
    return get_object_or_404(Invoice.objects.visible_to(request.actor).select_related("entity"), public_id=public_id)


def allow_invoicing(request: TenantRequest) -> None:
    """404 for people who do not even see invoices, 403 for those who may only read them."""
    if not can_invoice(request.actor):
        if can_see_invoices_of_others(request.actor):
            raise NotAllowed
        raise Http404


@never_cache
@require_safe
def invoices(request: TenantRequest) -> HttpResponse:
    """The documents that the visitor may see, newest first, with their sum."""
    form = InvoiceFilters(request.GET or None)
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = _chosen(Invoice.objects.visible_to(request.actor), chosen)
    page = Paginator(found.order_by("-issued_on", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    if page.number > MOST_PAGES:
        raise Http404
    context = {
        "layout": _layout(request),
        "form": form,
        "filtered": bool(any(chosen.values()) or form.errors),
        "page": page,
        "previous": _page_link(request, page.previous_page_number()) if page.has_previous() else "",
        "next": _page_link(request, page.next_page_number()) if page.has_next() else "",
        "balance": found.balance(),
        "shows_others": can_see_invoices_of_others(request.actor),
        "may_invoice": can_invoice(request.actor),
    }
    return render(request, "billing/invoices.html", context)


def _chosen(found: InvoiceQuerySet, chosen: dict[str, Any]) -> InvoiceQuerySet:
    if chosen.get("q"):
        found = found.filter(Q(number__icontains=chosen["q"]) | Q(buyer_name__icontains=chosen["q"]))
    if chosen.get("kind"):
        found = found.filter(kind=chosen["kind"])
    if chosen.get("since"):
        found = found.filter(issued_on__gte=chosen["since"])
    if chosen.get("until"):
        found = found.filter(issued_on__lte=chosen["until"])
    return found


def _page_link(request: TenantRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


@never_cache
@require_safe
def invoice(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """One document: what it says, its PDF, its credit notes, its history."""
    found = _invoice(request, public_id)
    context = {
        "layout": _layout(request),
        "invoice": found,
        "lines": [{**line, "digits": _price_digits(line["unit_price"])} for line in found.snapshot["lines"]],
        "vat": found.snapshot["vat"],
        "notes": found.credit_notes.order_by("pk"),
        "history": [
            {
                "title": HAPPENED.get(event.name, event.name),
                "at": event.act_at,
                # A client does not read the names of the team.
                "by": event.actor_label if request.actor.is_staff and event.channel != "system" else "",
            }
            for event in Event.objects.filter(
                subject_type="billing.invoice",
                subject_id=found.public_id,  # both: the index begins with the type
            ).order_by("act_at", "pk")
        ],
        "shows_others": can_see_invoices_of_others(request.actor),
        "has_file": can_see_invoices_of_others(request.actor) and has_file(found.snapshot),
        "may_credit": can_invoice(request.actor) and found.kind == "invoice" and found.status != "credited",
    }
    return render(request, "billing/invoice.html", context)


def _price_digits(price: str) -> int:
    """Decimals of a unit price: two, four when they count."""
    return 4 if len(price.partition(".")[2]) > len("00") else 2


@never_cache
@require_safe
def pdf(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The kept bytes. Whether they may be read is decided now, not when the link was made (S05)."""
    found = _invoice(request, public_id)
    response = HttpResponse(bytes(kept_pdf(found).content), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.file_name}"'
    return response


@never_cache
@require_safe
def xml(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The file that e-invoicing reads, as it is inside the PDF, for whoever may read the PDF."""
    found = _invoice(request, public_id)
    response = HttpResponse(kept_xml(found), content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{found.xml_name}"'
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def credit(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Correct an invoice by a credit note."""
    allow_invoicing(request)
    found = _invoice(request, public_id)
    form = CreditForm(request.POST or None, left=left_to_credit(found))
    if request.method == "POST" and form.is_valid():
        try:
            note = credit_invoice(
                found, reason=form.cleaned_data["reason"], quantities=form.quantities(), by=request.actor
            )
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        else:
            messages.success(request, _("Credit note %(number)s is issued.") % {"number": note.number})
            return redirect("billing:invoice", note.public_id)
    context = {"layout": _layout(request), "invoice": found, "form": form}
    return render(request, "billing/credit.html", context, status=422 if form.errors else 200)


@never_cache
@require_safe
def to_invoice(request: TenantRequest) -> HttpResponse:
    """Payers with checked work that is on no invoice yet, the largest amount first."""
    allow_invoicing(request)
    form = PayerFilters(request.GET or None)
    name = form.cleaned_data["q"] if form.is_bound and form.is_valid() else ""
    found = owing(request.organisation.pk, until=timezone.now(), name=name)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    entity = LegalEntity.objects.filter(organisation=request.organisation).first()
    dues = dues_of(page.object_list)
    context = {
        "layout": _layout(request),
        "form": form,
        "filtered": bool(name or form.errors),
        "dues": [(due, hindrance_of_payer(due, entity) if entity else "") for due in dues],
        "hindrance": hindrance_of_issuer(entity) if entity else "",
        "page": page,
        "previous": _page_link(request, page.previous_page_number()) if page.has_previous() else "",
        "next": _page_link(request, page.next_page_number()) if page.has_next() else "",
        "total": found.aggregate(all=Sum("total"))["all"] or 0,
        "has_issuer": entity is not None,
    }
    return render(request, "billing/to_invoice.html", context)


@require_POST
def invoice_now(request: TenantRequest) -> HttpResponse:
    """Invoice one payer at once instead of tonight."""
    allow_invoicing(request)
    form = PayerForm(request.POST)
    if not form.is_valid():
        raise Http404
    wanted = {"organisation": request.organisation, "public_id": form.cleaned_data["payer"]}
    payer: Client | ClientAccount
    if form.cleaned_data["payer_kind"] == "account":
        payer = get_object_or_404(ClientAccount, **wanted)
    else:
        payer = get_object_or_404(Client, **wanted)
    try:
        made = invoice_payer(payer, until=timezone.now(), by=request.actor)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("billing:to-invoice")
    messages.success(request, _("Invoice %(number)s is issued.") % {"number": made.number})
    return redirect("billing:invoice", made.public_id)


@require_POST
def invoice_all_now(request: TenantRequest) -> HttpResponse:
    """Invoice every payer at once, 200 of them; those that cannot be invoiced are named with the reason."""
    allow_invoicing(request)
    until = timezone.now()
    made = 0
    owed = owing(request.organisation.pk, until=until)
    for due in dues_of(owed[:AT_ONCE]):
        try:
            invoice_payer(due.payer, until=until, by=request.actor)
        except DomainError as refusal:
            refused = {"payer": due.payer, "reason": refusal.message}
            messages.error(request, _("%(payer)s: %(reason)s") % refused)
        else:
            made += 1
    if made:
        said = ngettext("%(n)s invoice is issued.", "%(n)s invoices are issued.", made) % {"n": made}
        messages.success(request, said)
    return redirect("billing:to-invoice" if owed.exists() else "billing:invoices")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def issuer(request: TenantRequest) -> HttpResponse:
    """What future documents say of the organisation that issues them."""
    allow_invoicing(request)
    entity = LegalEntity.objects.filter(organisation=request.organisation).first()
    form = IssuerForm(request.POST or None, instance=entity or LegalEntity(organisation=request.organisation))
    if request.method == "POST" and form.is_valid():
        details = {name: form.cleaned_data[name] for name in form.fields}
        try:
            if entity is None:
                set_up_issuer(by=request.actor, **details)
            else:
                change_issuer(entity, by=request.actor, **details)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        else:
            messages.success(request, _("Saved. Documents issued before keep what they say."))
            return redirect("billing:to-invoice")
    context = {"layout": _layout(request), "form": form}
    return render(request, "billing/issuer.html", context, status=422 if form.errors else 200)


def _request_of(request: TenantRequest, public_id: uuid.UUID) -> ServiceRequest:
    return get_object_or_404(ServiceRequest.objects.visible_to(request.actor), public_id=public_id)


@never_cache
@require_safe
def of_request(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Fragment for the page of a request: its invoices, and the button that makes one."""
    about = _request_of(request, public_id)
    seen = Invoice.objects.visible_to(request.actor)
    payer = about.payer_account or about.client
    context = {
        "about": about,
        "found": seen.filter(lines__request_line__request=about).distinct().order_by("pk"),
        "may_invoice": can_invoice(request.actor)
        and not is_unfinished(about)
        and lines_of(payer, until=timezone.now()).filter(request=about).exists(),
    }
    return render(request, "billing/fragments/of_request.html", context)


@never_cache
@require_safe
def of_client(request: TenantRequest, client: uuid.UUID) -> HttpResponse:
    """Fragment for the desk: what a person owes for finished work, and their invoices for whoever may read them."""
    if not can_see_dues(request.actor):
        raise Http404
    about = get_object_or_404(Client.objects.visible_to(request.actor), public_id=client)
    total, requests = owed_by(about, request.actor, until=timezone.now())
    family = Client.objects.family_of(about.kept_id).values("pk")
    seen = Invoice.objects.visible_to(request.actor).filter(client__in=family)
    context = {"total": total, "requests": requests, "found": seen.order_by("-issued_on", "-pk")[:MOST_AT_DESK]}
    return render(request, "billing/fragments/of_client.html", context)


@require_POST
def invoice_request_now(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Invoice one finished request at once."""
    allow_invoicing(request)
    made = invoice_request(_request_of(request, public_id), by=request.actor)
    messages.success(request, _("Invoice %(number)s is issued.") % {"number": made.number})
    return redirect("billing:invoice", made.public_id)
