"""Every address of the product. Each app keeps its pages and its endpoints in its own ``urls.py``."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from django.views.generic import TemplateView
from django.views.i18n import set_language

from concierge import key_pages, organisation_pages, views
from concierge.api import document
from concierge.api.problems import not_found

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("compte/", include("allauth.urls")),
    path("organisation/", organisation_pages.organisation, name="organisation"),
    path("cles-api/", key_pages.own_keys, name="keys"),
    path("cles-api/<uuid:public_id>/revoquer/", key_pages.revoke_own_key, name="revoke-key"),
    path("", include("bookings.urls")),
    path("", include("providers.urls")),
    path("", include("workers.urls")),
    path("", include("billing.urls")),
    path("", include("notifications.urls")),
    path("api/v1/openapi.json", document.openapi, name="openapi"),
    path("api/v1/docs/", document.docs, name="api-docs"),
    re_path(r"^api/(?P<rest>[\s\S]*)$", not_found, name="api-not-found"),
]

if settings.DEMO_ALLOWED:
    styleguide = TemplateView.as_view(template_name="styleguide.html")
    urlpatterns.append(path("styleguide/", login_not_required(styleguide), name="styleguide"))

handler400 = "concierge.views.bad_request"
handler403 = "concierge.views.forbidden"
handler404 = "concierge.views.page_not_found"
# The sign-in library looks for this one.
handler429 = "concierge.views.too_many"
handler500 = "concierge.views.server_error"
