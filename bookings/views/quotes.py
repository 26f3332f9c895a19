"""The team's pages of quotes: the list, the editor, what the client sees, the versions, the verbs."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions.quote_documents import kept_quote
from bookings.actions.quote_moves import QuoteEdited
from bookings.actions.quote_requests import start_review
from bookings.actions.quote_work import set_appointment
from bookings.actions.quotes import content_of, discard_draft, draft_quote, save_quote, send_quote, withdraw_quote
from bookings.enums import QuoteStatus
from bookings.forms.quotes import AppointmentForm, Editor, QuoteFilters
from bookings.forms.requests import ReasonForm
from bookings.models import Quote, ServiceRequest
from bookings.models.quotes import QuoteQuerySet
from bookings.views import quote_words
from bookings.views.fragments import PRICES, address_of
from concierge.errors import DomainError, NotAllowed
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import moment_words

PER_PAGE, MOST_PAGES = 30, 400
# While the desk may still look at what providers would take.
BEFORE_AGREEMENT = (QuoteStatus.DRAFT, QuoteStatus.SENT, QuoteStatus.CHANGES_REQUESTED, QuoteStatus.EXPIRED)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    if not perms.can_read_requests(actor):
        raise PermissionDenied
    return actor


def _quote(actor: Actor, public_id: uuid.UUID) -> Quote:
    found = Quote.objects.visible_to(actor).select_related(
        "request__site__organisation", "request__payer_account", "replaces"
    )
    return get_object_or_404(found, public_id=public_id)


def _request_of(actor: Actor, public_id: uuid.UUID) -> ServiceRequest:
    found = ServiceRequest.objects.visible_to(actor).select_related("site__organisation")
    return get_object_or_404(found, public_id=public_id)


# --- the list ----------------------------------------


@login_required
@never_cache
@require_safe
def quotes_list(request: HttpRequest) -> HttpResponse:
    """Quotes of the person's sites; those that wait for an answer show for how long."""
    actor = _actor(request)
    form = QuoteFilters(request.GET, sites=Site.objects.visible_to(actor))
    found = _filtered(Quote.objects.visible_to(actor), form)
    page = Paginator(found.select_related("request__site").order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    if page.number > MOST_PAGES:
        raise Http404
    now = timezone.now()
    rows = [
        {
            "quote": quote,
            "totals": quote_words.totals_words(quote),
            "age": quote_words.age_words(quote.sent_at, now) if quote.status == QuoteStatus.SENT else "",
        }
        for quote in page
    ]
    context = {
        "rows": rows,
        "form": form,
        "is_filtered": any(request.GET.get(name) for name in ("q", "state", "site")),
        "waiting": Quote.objects.visible_to(actor).waiting().count(),
        "previous": _page_link(request, page.previous_page_number()) if page.has_previous() else "",
        "next": _page_link(request, page.next_page_number()) if page.has_next() else "",
    }
    return render(request, "bookings/quotes.html", context)


def _filtered(found: QuoteQuerySet, form: QuoteFilters) -> QuoteQuerySet:
    if not form.is_valid():
        return found
    wanted = form.cleaned_data
    if wanted["state"]:
        found = found.filter(status=wanted["state"])
    if wanted["site"]:
        found = found.filter(request__site=wanted["site"])
    text = wanted["q"].strip()
    if text:
        found = found.filter(
            Q(number__istartswith=text) | Q(request__reference=text.upper()) | Q(request__contact_name__icontains=text)
        )
    return found


def _page_link(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


# --- one version ----------------------------------------


@login_required
@never_cache
@require_safe
def quote_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One version as the client sees it, with the answer and the versions before. A draft: its preview."""
    actor = _actor(request)
    return _shown(request, actor, _quote(actor, public_id))


def _shown(request: HttpRequest, actor: Actor, quote: Quote, *, error: DomainError | None = None) -> HttpResponse:
    content = quote.content
    if quote.status == QuoteStatus.DRAFT:
        try:
            content = content_of(quote, now=timezone.now())
        except DomainError as refusal:
            error = error or refusal
            content = {}
    siblings = Quote.objects.filter(request=quote.request).select_related("request__site")
    document = quote.documents.order_by("-is_acceptance").first()
    context = {
        "quote": quote,
        "found": quote.request,
        "content": quote_words.content_words(content, quote) if content else None,
        "versions": quote_words.versions(siblings[:50]),
        "chosen": str(quote.chosen.public_id) if quote.chosen else "",
        "answered": moment_words(quote.answered_at, quote.request.site) if quote.answered_at else "",
        "can_edit": perms.can_edit_quote(actor, quote),
        "can_withdraw": perms.can_withdraw_quote(actor, quote),
        "can_draft": _can_draft(actor, quote.request),
        "document": document,
        "error": error,
        "prices_url": address_of(PRICES, quote.request) if quote.status in BEFORE_AGREEMENT else "",
        "form": ReasonForm(),
    }
    return render(
        request, "bookings/quote.html", context, status=error.status if error and request.method == "POST" else 200
    )


def _can_draft(actor: Actor, request: ServiceRequest) -> bool:
    states = set(request.quotes.order_by("pk").values_list("status", flat=True))
    has_draft = QuoteStatus.DRAFT in states
    return not has_draft and perms.can_draft_quote(actor, request, has_binding=QuoteStatus.ACCEPTED in states)


@login_required
@never_cache
@require_safe
def quote_pdf(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The kept bytes; whether they may be read is decided now (S05)."""
    return pdf_of(_quote(_actor(request), public_id))


def pdf_of(quote: Quote) -> HttpResponse:
    """The PDF of a quote as an answer. Raises ``QuoteNotDrawn``."""
    document = kept_quote(quote)
    response = HttpResponse(bytes(document.content), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{document.file_name}"'
    return response


# --- writing ----------------------------------------


@login_required
@require_POST
def begin_quote(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The draft of the next version, then its editor."""
    actor = _actor(request)
    found = _request_of(actor, public_id)
    if not perms.writes_quotes(actor, found):
        raise NotAllowed
    draft = draft_quote(found, by=actor)
    return redirect("bookings:quote-edit", draft.public_id)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_quote(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The editor of a draft. Every button sends everything that was typed."""
    actor = _actor(request)
    quote = _quote(actor, public_id)
    if not perms.writes_quotes(actor, quote.request):
        raise NotAllowed
    if quote.status != QuoteStatus.DRAFT:
        messages.info(request, _("A quote that was sent is never changed: write its next version."))
        return redirect("bookings:quote", quote.public_id)
    if request.method != "POST":
        return _editor(request, quote, Editor.of(quote))
    press = request.POST.get("do", "save")
    if press not in {"save", "preview"}:
        return _editor(request, quote, Editor.typed(quote, request.POST, bound=False, press=press))
    editor = Editor.typed(quote, request.POST)
    if not editor.is_valid():
        return _editor(request, quote, editor, status=422)
    edits = request.POST.get("edits", "")
    seen = int(edits) if edits.isascii() and edits.isdigit() and len(edits) < 9 else 0
    try:
        save_quote(quote, editor.draft(), edits=seen, by=actor)
    except DomainError as error:
        if isinstance(error, QuoteEdited):
            quote.refresh_from_db(fields=["edits"])
        return _editor(request, quote, editor, status=error.status, error=error)
    if press == "preview":
        return redirect("bookings:quote", quote.public_id)
    messages.success(request, _("Saved. Nothing is sent yet."))
    return redirect("bookings:quote-edit", quote.public_id)


def _editor(
    request: HttpRequest, quote: Quote, editor: Editor, *, status: int = 200, error: DomainError | None = None
) -> HttpResponse:
    context = {
        "quote": quote,
        "found": quote.request,
        "editor": editor,
        "wishes": quote.request.wishes.select_related("service").order_by("position"),
        "asked_for": quote.replaces.answer_text if quote.replaces else "",
        "prices_url": address_of(PRICES, quote.request),
        "error": error,
    }
    return render(request, "bookings/quote_edit.html", context, status=status)


@login_required
@require_POST
def change_quote(request: HttpRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Send, withdraw, or throw a draft away."""
    actor = _actor(request)
    quote = _quote(actor, public_id)
    if verb not in {"envoyer", "retirer", "jeter"}:
        raise Http404
    if not perms.writes_quotes(actor, quote.request):
        raise NotAllowed
    try:
        if verb == "envoyer":
            edits = request.POST.get("edits", "")
            seen = int(edits) if edits.isascii() and edits.isdigit() and len(edits) < 9 else 0
            sent = send_quote(quote, edits=seen, by=actor)
            messages.success(request, _("Quote %(number)s is sent.") % {"number": sent.title})
        elif verb == "retirer":
            form = ReasonForm(request.POST)
            withdraw_quote(quote, reason=form.cleaned_data["reason"] if form.is_valid() else "", by=actor)
            messages.success(request, _("The quote is withdrawn and the client is told."))
        else:
            discard_draft(quote, by=actor)
            messages.success(request, _("The draft is thrown away."))
            return redirect("bookings:request", quote.request.public_id)
    except DomainError as error:
        return _shown(request, actor, _quote(actor, public_id), error=error)
    return redirect("bookings:quote", quote.public_id)


@login_required
@require_POST
def review_request(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say that somebody looks at it: the client reads so."""
    actor = _actor(request)
    found = _request_of(actor, public_id)
    if not perms.writes_quotes(actor, found):
        raise NotAllowed
    start_review(found, by=actor)
    messages.success(request, _("Noted: you are looking at it."))
    return redirect("bookings:request", public_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan_request(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The day that the accepted quote left open is agreed: the work may be given to someone."""
    actor = _actor(request)
    found = _request_of(actor, public_id)
    if not perms.writes_quotes(actor, found):
        raise NotAllowed
    form = AppointmentForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        moment = form.moment(found.site)
        try:
            if moment is not None:
                set_appointment(found, moment, by=actor)
                messages.success(request, _("The appointment is set. The work is now to be given to someone."))
                return redirect("bookings:request", public_id)
        except DomainError as error:
            form.add_error("on" if error.field else None, str(error.message))
            status = error.status
    return render(request, "bookings/plan_request.html", {"found": found, "form": form}, status=status)


def card_of(actor: Actor, found: ServiceRequest) -> dict[str, Any]:
    """What the page of a request shows of its quotes and wishes; empty for a request that has neither."""
    wishes = list(found.wishes.select_related("service").order_by("position"))
    quotes = list(Quote.objects.filter(request=found).select_related("request__site").order_by("-version")[:20])
    has_binding = any(quote.status == QuoteStatus.ACCEPTED for quote in quotes)
    has_draft = any(quote.status == QuoteStatus.DRAFT for quote in quotes)
    now = timezone.now()
    return {
        "wishes": wishes,
        "quotes": [
            {
                "quote": quote,
                "totals": quote_words.totals_words(quote),
                "age": quote_words.age_words(quote.sent_at, now) if quote.status == QuoteStatus.SENT else "",
            }
            for quote in quotes
        ],
        "can_review": perms.can_start_review(actor, found),
        "can_draft": not has_draft and perms.can_draft_quote(actor, found, has_binding=has_binding),
        "is_amendment": has_binding,
        "needs_day": has_binding
        and found.promised_start is None
        and found.status in perms.AMENDABLE
        and perms.writes_quotes(actor, found),
    }
