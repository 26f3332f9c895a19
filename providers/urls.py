"""Pages and endpoints of the providers app."""

from django.urls import path, re_path

from providers import api
from providers.views import link

app_name = "providers"
urlpatterns = [
    # --- behind a personal link ---------------------------------------------------------------------------------------
    path("offre/<str:token>/", link.offer_page, name="offer-link"),
    path("offre/<str:token>/code/", link.type_code, name="offer-link-code"),
    re_path(
        r"^offre/(?P<token>[^/]+)/(?P<verb>accepter|refuser|commencer|terminer|pas-moi)/$",
        link.act,
        name="offer-link-act",
    ),
    # --- API ----------------------------------------------------------------------------------------------------------
    path("api/v1/offers/", api.Offers.as_view(), name="api-offers"),
    path("api/v1/offers/<uuid:public_id>/", api.OfferDetail.as_view(), name="api-offer"),
    path("api/v1/offers/<uuid:public_id>/accept/", api.AcceptOffer.as_view(), name="api-offer-accept"),
    path("api/v1/offers/<uuid:public_id>/decline/", api.DeclineOffer.as_view(), name="api-offer-decline"),
]
