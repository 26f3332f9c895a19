"""Pages and endpoints of the providers app."""

from django.urls import path

from providers import api

app_name = "providers"
urlpatterns = [
    path("api/v1/offers/", api.Offers.as_view(), name="api-offers"),
    path("api/v1/offers/<uuid:public_id>/", api.OfferDetail.as_view(), name="api-offer"),
    path("api/v1/offers/<uuid:public_id>/accept/", api.AcceptOffer.as_view(), name="api-offer-accept"),
    path("api/v1/offers/<uuid:public_id>/decline/", api.DeclineOffer.as_view(), name="api-offer-decline"),
]
