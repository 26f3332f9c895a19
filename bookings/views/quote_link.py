"""The client reads a quote by the tracking link, and answers by POST: looking changes nothing (trust.md S16, DR10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from bookings.actions import quote_answers
from bookings.actions.quote_moves import QuoteReplaced
from bookings.enums import QuoteStatus
from bookings.forms.quotes import AcceptForm, ChangesForm, NoForm
from bookings.models import Quote, ServiceRequest
from bookings.views import quote_words
from bookings.views.quotes import pdf_of
from bookings.views.tracking import bearer, link_page
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.visitors import exact_address, not_too_many

# Answers that one network address may give in ten minutes: a whole company sits behind one.
MOST_ANSWERS, ANSWERS_WINDOW = 60, 600


def quote_for_client(found: ServiceRequest) -> Quote | None:
    """The newest version that was sent."""
    shown = Quote.objects.filter(request=found).shown_to_client()
    return shown.select_related("request__site__organisation", "request__client", "chosen").first()


def _quote(found: ServiceRequest) -> Quote:
    quote = quote_for_client(found)
    if quote is None:
        raise Http404
    return quote


@require_safe
@link_page
def read_quote(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The newest version, and the ways to answer."""
    return _page(request, token, found)


def _page(
    request: TenantRequest,
    token: str,
    found: ServiceRequest,
    *,
    error: DomainError | None = None,
    status: int = 200,
    changed: list[str] | None = None,
    **forms: Any,
) -> HttpResponse:
    quote = _quote(found)
    content = quote_words.content_words(quote.content, quote)
    is_over = quote.status == QuoteStatus.EXPIRED or (
        quote.status == QuoteStatus.SENT and quote.is_over(timezone.now())
    )
    binding = found.quotes.filter(status=QuoteStatus.ACCEPTED).exclude(pk=quote.pk).order_by("pk").first()
    context = {
        "found": found,
        "token": token,
        "quote": quote,
        "content": content,
        "chosen": str(quote.chosen.public_id) if quote.chosen else "",
        "is_open": quote.status == QuoteStatus.SENT and not is_over,
        "is_over": is_over,
        "is_renewing": is_over and found.quotes.filter(status=QuoteStatus.DRAFT).exists(),
        "sentence": quote_words.state_sentence(quote),
        "binding": binding,
        "has_pdf": quote.documents.exclude(sha256="").exists(),
        "error": error,
        "changed": changed or [],
        "accept_form": AcceptForm(initial={"seal": quote.seal}),
        "changes_form": ChangesForm(),
        "no_form": NoForm(),
        **forms,
    }
    return render(request, "bookings/quote_link.html", context, status=status)


@require_safe
@link_page
def quote_pdf_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The PDF, for whoever holds the link now (S05)."""
    return pdf_of(_quote(found))


@require_POST
@link_page
def accept_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """Accept: the name, what was on the screen, the option, where from."""
    quote = _quote(found)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _page(request, token, found, status=422, accept_form=form)
    answer = quote_answers.Acceptance(
        name=form.cleaned_data["name"],
        seal=form.cleaned_data["seal"],
        option=form.cleaned_data["option"],
        ip=exact_address(request),
    )
    try:
        not_too_many(request, "quotes", most=MOST_ANSWERS, seconds=ANSWERS_WINDOW)
        quote_answers.accept_quote(quote, answer, by=bearer(request, found))
    except DomainError as error:
        found.refresh_from_db()
        changed: list[str] = []
        if isinstance(error, QuoteReplaced):
            seen = found.quotes.filter(seal=answer.seal).exclude(seal="").order_by("pk").first()
            changed = quote_words.change_words(seen.content, _quote(found).content) if seen else []
        elif error.field in form.fields:
            form.add_error(error.field, str(error.message))
            return _page(request, token, found, status=error.status, accept_form=form)
        return _page(request, token, found, error=error, status=error.status, changed=changed)
    messages.success(request, _("Thank you: you have accepted this quote. We take it from here."))
    return redirect("bookings:quote-link", token=token)


def _decline(request: TenantRequest, found: ServiceRequest, quote: Quote, form: Any) -> None:
    quote_answers.decline_quote(quote, reason=form.cleaned_data["reason"], by=bearer(request, found))


def _change(request: TenantRequest, found: ServiceRequest, quote: Quote, form: Any) -> None:
    quote_answers.request_changes(quote, text=form.cleaned_data["text"], by=bearer(request, found))


def _renew(request: TenantRequest, found: ServiceRequest, quote: Quote, form: Any) -> None:
    quote_answers.ask_for_renewal(quote, by=bearer(request, found))


Answer = Callable[[TenantRequest, ServiceRequest, Quote, Any], None]


def _answering(form_type: Any, name: str, act: Answer, said: Any) -> Callable[..., HttpResponse]:
    """One way to answer: its form, its verb, what is said."""

    def view(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
        form = form_type(request.POST)
        if not form.is_valid():
            return _page(request, token, found, status=422, **{name: form})
        try:
            not_too_many(request, "quotes", most=MOST_ANSWERS, seconds=ANSWERS_WINDOW)
            act(request, found, _quote(found), form)
        except DomainError as error:
            found.refresh_from_db()
            return _page(request, token, found, error=error, status=error.status)
        messages.success(request, str(said))
        return redirect("bookings:quote-link", token=token)

    return require_POST(link_page(view))


decline_by_link = _answering(NoForm, "no_form", _decline, gettext_lazy("Noted. Thank you for telling us."))
change_by_link = _answering(
    ChangesForm, "changes_form", _change, gettext_lazy("Noted. We prepare a new version and write to you.")
)
renew_by_link = _answering(NoForm, "no_form", _renew, gettext_lazy("Noted. We renew the quote and write to you."))
