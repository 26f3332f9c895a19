"""Pages and endpoints of the providers app."""

from django.urls import path, re_path

from providers import api
from providers.views import link, partnership, space, staff

app_name = "providers"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
urlpatterns = [
    # --- behind a personal link ---------------------------------------------------------------------------------------
    path("offre/<str:token>/", link.offer_page, name="offer-link"),
    path("offre/<str:token>/code/", link.type_code, name="offer-link-code"),
    re_path(
        r"^offre/(?P<token>[^/]+)/(?P<verb>accepter|refuser|commencer|terminer|pas-moi)/$",
        link.act,
        name="offer-link-act",
    ),
    # --- a provider's own pages ---------------------------------------------------------------------------------------
    path("prestataires/mon-espace/", space.my_space, name="space"),
    re_path(
        rf"^prestataires/mon-espace/propositions/(?P<public_id>{UUID})/(?P<verb>accepter|refuser)/$",
        space.answer,
        name="space-answer",
    ),
    re_path(
        rf"^prestataires/mon-espace/travaux/(?P<public_id>{UUID})/(?P<verb>commencer|terminer)/$",
        space.carry_out,
        name="space-carry-out",
    ),
    # --- the team -----------------------------------------------------------------------------------------------------
    path("prestataires/", staff.providers_list, name="providers"),
    path("prestataires/propositions/", staff.offers_list, name="offers"),
    path("prestataires/propositions/<uuid:public_id>/renvoyer/", staff.resend, name="resend-offer"),
    path("prestataires/demandes/<uuid:request_id>/propositions/", staff.offers_of_request, name="offers-of-request"),
    re_path(
        rf"^prestataires/travaux/(?P<public_id>{UUID})/(?P<verb>chercher|arreter|proposer|reprendre)/$",
        staff.steer,
        name="steer",
    ),
    path("prestataires/<uuid:public_id>/", staff.provider_page, name="provider"),
    re_path(
        rf"^prestataires/(?P<public_id>{UUID})/partenariat/(?P<verb>arreter|reprendre)/$",
        partnership.partnership,
        name="partnership",
    ),
    path("prestataires/<uuid:public_id>/cles/", staff.create_key, name="create-key"),
    path("prestataires/<uuid:public_id>/cles/<uuid:key_id>/revoquer/", staff.revoke_key, name="revoke-key"),
    # --- API ----------------------------------------------------------------------------------------------------------
    path("api/v1/offers", api.Offers.as_view(), name="api-offers"),
    path("api/v1/offers/<uuid:public_id>", api.OfferDetail.as_view(), name="api-offer"),
    path("api/v1/offers/<uuid:public_id>/accept", api.AcceptOffer.as_view(), name="api-offer-accept"),
    path("api/v1/offers/<uuid:public_id>/decline", api.DeclineOffer.as_view(), name="api-offer-decline"),
]
