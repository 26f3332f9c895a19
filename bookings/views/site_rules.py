"""A manager sets when work of a site counts as silent, and which pages may show its booking widget."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions.sites import set_site_rules
from bookings.forms.sites import SiteRulesForm
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.tenancy import Actor


def _managed(actor: Actor) -> Any:
    own = actor.site_ids(*perms.MANAGERS)
    found = Site.objects.visible_to(actor).active()
    return found if own is None else found.filter(pk__in=own)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def site_rules(request: TenantRequest, slug: str) -> HttpResponse:
    """One form; and the lines to copy into a page that shows the widget."""
    if not request.actor.has_role(*perms.MANAGERS):
        raise NotAllowed
    site = get_object_or_404(_managed(request.actor), slug=slug)
    if request.method != "POST":
        typed = {"silence_days": site.silence_days, "frame_origins": "\n".join(site.frame_origins)}
        return _page(request, site, SiteRulesForm(initial=typed))
    form = SiteRulesForm(request.POST)
    if not form.is_valid():
        return _page(request, site, form, status=422)
    try:
        set_site_rules(
            site,
            silence_days=form.cleaned_data["silence_days"],
            frame_origins=form.cleaned_data["frame_origins"].splitlines(),
            by=request.actor,
        )
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return _page(request, site, form, status=422)
    messages.success(request, _("Saved."))
    return redirect("bookings:site-rules", slug=slug)


def _page(request: TenantRequest, site: Site, form: SiteRulesForm, status: int = 200) -> HttpResponse:
    address = request.build_absolute_uri(reverse("bookings:widget", args=[site.slug]))
    title = _("Book at %(site)s") % {"site": site.name}
    snippet = (
        f'<iframe src="{address}" title="{escape(title)}" width="100%" height="640" loading="lazy" '
        'sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
    )
    sites = [{"site": one, "is_current": one.pk == site.pk} for one in _managed(request.actor)]
    context = {"site": site, "form": form, "snippet": snippet, "sites": sites, "widget": address}
    return render(request, "bookings/site_rules.html", context, status=status)
