"""A side page of booking: the code of a company, landlord or town, whose rights then count at once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.actions.accounts import join_address_by_code
from bookings.forms.accounts import CompanyCodeForm
from bookings.views.draft import Draft
from bookings.views.steps import go, show, step
from concierge.errors import DomainError
from concierge.visitors import visitor_address


@step("services")
def company(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Type it; then its stands can be chosen and it may pay. Rights are somebody's: the address is proved first."""
    if not draft.takes_code:
        return go(draft.site, "contact")
    came_from = "slot" if request.GET.get("from") == "slot" else draft.last_step
    back = reverse(f"bookings:book-{came_from}", args=[draft.site.slug])
    form = CompanyCodeForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return show(request, draft, "company", 422 if form.is_bound else 200, form=form, back=back)
    draft.save()
    try:
        joined = join_address_by_code(
            draft.site.organisation,
            draft.proved_email,
            form.cleaned_data["code"],
            session=request.session.session_key or draft.token,
            network=visitor_address(request),
            by=draft.actor,
        )
    except DomainError as error:
        form.add_error("code", str(error.message))
        return show(request, draft, "company", error.status, form=form, back=back)
    draft.save(payer=str(joined.account.public_id))
    messages.success(request, _("%(who)s may now pay for you.") % {"who": joined.account})
    return go(draft.site, came_from)
