"""A step of booking: the address is proved by the six digits that were mailed to it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from bookings.actions import clients
from bookings.forms.booking import CodeForm
from bookings.models import EmailVerification
from bookings.views.draft import Draft
from bookings.views.steps import go, show, step
from concierge.errors import DomainError
from concierge.models import normalise_email
from concierge.visitors import not_too_many

# Codes that one network address may have sent in ten minutes, to whatever mailboxes: each gets five at most anyway.
MOST_CODES = 30
CODES_WINDOW = 600


def start_verification(request: HttpRequest, draft: Draft) -> None:
    """Mail a code to the address that was typed. Raises ``TooManyAttempts`` (429)."""
    not_too_many(request, "codes", most=MOST_CODES, seconds=CODES_WINDOW)
    verification = clients.start_verification(
        request.organisation,  # type: ignore[attr-defined]  # set by TenantMiddleware
        draft.contact["email"],
        session_token=draft.token,
        by=draft.actor,
        language=request.LANGUAGE_CODE,
    )
    draft.save(verification=str(verification.public_id))


@step("code")
def code(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Type the six digits."""
    if draft.is_verified:
        return go(draft.site, draft.last_step)
    sent = _verification(draft)
    if sent is None:
        return go(draft.site, "contact")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            clients.check_code(sent, form.cleaned_data["code"], session_token=draft.token)
        except DomainError as error:
            form.add_error("code", str(error.message))
            return show(request, draft, "code", error.status, form=form)
        draft.save(verified=sent.email)
        return go(draft.site, draft.last_step)
    return show(request, draft, "code", 422 if form.is_bound else 200, form=form)


@step("code", "POST")
def resend_code(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Another code, please."""
    try:
        start_verification(request, draft)
    except DomainError as error:
        form = CodeForm({"code": ""})
        form.errors["code"] = form.error_class([str(error.message)])
        return show(request, draft, "code", error.status, form=form)
    return go(draft.site, "code")


def _verification(draft: Draft) -> EmailVerification | None:
    sent = draft.data.get("verification")
    email = normalise_email(draft.contact.get("email", ""))
    return EmailVerification.objects.filter(public_id=sent, email=email).first() if sent else None
