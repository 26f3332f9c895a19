"""Pages and endpoints of the providers app: one list per room."""

from django.urls import include, path, re_path

from providers.api import agreements as agreements_api
from providers.api import availability, documents, offers, prices
from providers.api import bank as bank_api
from providers.api import clocks as clocks_api
from providers.api import counters as counters_api
from providers.api import sandbox as sandbox_api
from providers.views import (
    agreement_link,
    agreements,
    bank,
    calls,
    clocks,
    closures,
    counters,
    day_plan,
    file_edit,
    inbound,
    invitations,
    link,
    onboarding,
    partnership,
    phone,
    places,
    policies,
    price_link,
    reviews,
    rules,
    sandbox,
    space,
    space_agreements,
    space_documents,
    space_feed,
    space_why,
    staff_files,
    staff_offers,
    staff_prices,
    statements,
    steering,
)

app_name = "providers"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

# --- the API ----------------------------------------------------------------------------------------------------------
api_offers = [
    path("offers", offers.Offers.as_view(), name="api-offers"),
    path("offers/<uuid:public_id>", offers.OfferDetail.as_view(), name="api-offer"),
    path("offers/<uuid:public_id>/accept", offers.AcceptOffer.as_view(), name="api-offer-accept"),
    path("offers/<uuid:public_id>/decline", offers.DeclineOffer.as_view(), name="api-offer-decline"),
    path("offers/<uuid:public_id>/counter", counters_api.CounterOffers.as_view(), name="api-offer-counter"),
    path("offers/<uuid:public_id>/counter/approve", counters_api.ApproveCounter.as_view(), name="api-counter-approve"),
    path("offers/<uuid:public_id>/counter/refuse", counters_api.RefuseCounter.as_view(), name="api-counter-refuse"),
    path("offers/<uuid:public_id>/extend", clocks_api.ExtendOffer.as_view(), name="api-offer-extend"),
    path("offers/<uuid:public_id>/pause", clocks_api.PauseOffer.as_view(), name="api-offer-pause"),
    path("offers/<uuid:public_id>/resume", clocks_api.ResumeOffer.as_view(), name="api-offer-resume"),
    path("offers/<uuid:public_id>/release", offers.ReleaseOffer.as_view(), name="api-offer-release"),
]
api_availability = [
    path("provider-closures", availability.ProviderClosures.as_view(), name="api-closures"),
    path("provider-closures/<uuid:public_id>/reopen", availability.ReopenDays.as_view(), name="api-closure-reopen"),
]
api_prices = [
    path("price-requests", prices.PriceRequests.as_view(), name="api-price-requests"),
    path("price-requests/<uuid:public_id>", prices.PriceRequestDetail.as_view(), name="api-price-request"),
    path(
        "price-requests/<uuid:public_id>/answer",
        prices.AnswerPriceRequest.as_view(),
        name="api-price-request-answer",
    ),
    path(
        "price-requests/<uuid:public_id>/decline",
        prices.DeclinePriceRequest.as_view(),
        name="api-price-request-decline",
    ),
    path(
        "price-requests/<uuid:public_id>/retract",
        prices.RetractPrice.as_view(),
        name="api-price-request-retract",
    ),
    path(
        "price-requests/<uuid:public_id>/withdraw",
        prices.WithdrawPriceRequest.as_view(),
        name="api-price-request-withdraw",
    ),
    path("price-requests/<uuid:public_id>/use", prices.UsePrice.as_view(), name="api-price-request-use"),
    path(
        "service-requests/<uuid:public_id>/price-requests",
        prices.AskPrices.as_view(),
        name="api-ask-prices",
    ),
]
api_agreements = [
    path("agreements", agreements_api.Agreements.as_view(), name="api-agreements"),
    path("agreements/<uuid:public_id>", agreements_api.AgreementDetail.as_view(), name="api-agreement"),
]
api_documents = [
    path("provider-documents", documents.ProviderDocuments.as_view(), name="api-documents"),
    path("provider-documents/<uuid:public_id>/file", documents.DocumentFile.as_view(), name="api-document-file"),
]

api_bank = [path("provider-bank-accounts", bank_api.BankAccounts.as_view(), name="api-bank-accounts")]
# Of test keys only.
api_sandbox = [
    path("sandbox-offers", sandbox_api.SandboxOffers.as_view(), name="api-sandbox-offers"),
    path("sandbox-offers/<uuid:public_id>/play", sandbox_api.SandboxMoves.as_view(), name="api-sandbox-play"),
]

api_urlpatterns = [
    *api_agreements,
    *api_bank,
    *api_documents,
    *api_offers,
    *api_availability,
    *api_prices,
    *api_sandbox,
]

# --- behind a personal link -------------------------------------------------------------------------------------------
links_of_offers = [
    path("offre/<str:token>/", link.offer_page, name="offer-link"),
    path("offre/<str:token>/code/", link.type_code, name="offer-link-code"),
    re_path(
        r"^offre/(?P<token>[^/]+)/(?P<verb>prolonger|suspendre|reprendre)/$", clocks.by_link, name="offer-link-clock"
    ),
    path("offre/<str:token>/nouveau/", link.renew, name="offer-link-renew"),
    path("offre/<str:token>/proposer/", counters.propose_by_link, name="offer-link-propose"),
    re_path(
        r"^offre/(?P<token>[^/]+)/(?P<verb>accepter|refuser|commencer|terminer|rendre|pas-moi)/$",
        link.act,
        name="offer-link-act",
    ),
]
links_of_prices = [
    path("prix/<str:token>/", price_link.price_page, name="price-link"),
    path("prix/<str:token>/code/", price_link.type_code, name="price-link-code"),
    re_path(
        r"^prix/(?P<token>[^/]+)/(?P<verb>repondre|refuser|retirer|pas-moi)/$", price_link.act, name="price-link-act"
    ),
]

# --- behind a client's tracking link ---------------------------------------------------------------------------------
links_of_clients = [
    path("suivi/<str:token>/proposition/", counters.proposals, name="proposals-of-request"),
    re_path(
        rf"^suivi/(?P<token>[^/]+)/proposition/(?P<public_id>{UUID})/(?P<verb>accepter|refuser)/$",
        counters.answer_proposal,
        name="answer-proposal",
    ),
]

# --- from gateways ----------------------------------------------------------------------------------------------------
inbound_sms = [path("sms/entrants/<slug:gateway>/", inbound.take_sms, name="inbound-sms")]

links_of_agreements = [
    path("convention/<str:token>/", agreement_link.agreement_page, name="agreement-link"),
    path("convention/<str:token>/code/", agreement_link.type_code, name="agreement-link-code"),
    path("convention/<str:token>/nouveau/", agreement_link.renew, name="agreement-link-renew"),
    re_path(
        r"^convention/(?P<token>[^/]+)/(?P<verb>signer|refuser|pas-moi)/$",
        agreement_link.act,
        name="agreement-link-act",
    ),
]

links_of_invitations = [
    path("invitation/<str:token>/", onboarding.invitation_page, name="invitation"),
    path("invitation/<str:token>/code/", onboarding.type_code, name="invitation-code"),
    path("invitation/<str:token>/nouveau/", onboarding.renew, name="invitation-renew"),
    path("invitation/<str:token>/pas-moi/", onboarding.not_me, name="invitation-not-me"),
    re_path(
        r"^invitation/(?P<token>[^/]+)/(?P<name>qui|horaires|services|documents|charte)/$",
        onboarding.step,
        name="invitation-step",
    ),
]

links_of_bank = [
    path("compte-bancaire/<str:token>/", bank.notice_page, name="bank-notice"),
    re_path(r"^compte-bancaire/(?P<token>[^/]+)/(?P<verb>confirmer|arreter)/$", bank.act, name="bank-notice-act"),
]

# --- a provider's own pages -------------------------------------------------------------------------------------------
own_space = [
    path("prestataires/mon-espace/", space.my_space, name="space"),
    re_path(
        rf"^prestataires/mon-espace/propositions/(?P<public_id>{UUID})/(?P<verb>accepter|refuser)/$",
        space.answer,
        name="space-answer",
    ),
    re_path(
        rf"^prestataires/mon-espace/propositions/(?P<public_id>{UUID})/(?P<verb>prolonger|suspendre|reprendre)/$",
        clocks.in_space,
        name="space-clock",
    ),
    path("prestataires/mon-espace/propositions/<uuid:public_id>/proposer/", counters.propose, name="space-propose"),
    path("prestataires/mon-espace/propositions/<uuid:public_id>/rendre/", space.give_back, name="space-release"),
    re_path(
        rf"^prestataires/mon-espace/travaux/(?P<public_id>{UUID})/(?P<verb>commencer|terminer)/$",
        space.carry_out,
        name="space-carry-out",
    ),
    path("prestataires/mon-espace/fermetures/", closures.own_closures, name="space-closures"),
    path("prestataires/mon-espace/fermetures/<uuid:closure_id>/retirer/", closures.reopen_own, name="space-reopen"),
    path("prestataires/mon-espace/prix/<uuid:public_id>/", space.price_page, name="space-price"),
    re_path(
        rf"^prestataires/mon-espace/prix/(?P<public_id>{UUID})/(?P<verb>repondre|refuser|retirer)/$",
        space.answer_price,
        name="space-price-answer",
    ),
]

own_agreements = [
    path("prestataires/mon-espace/pourquoi/", space_why.why_me, name="space-why"),
    path("prestataires/mon-espace/conventions/", space_agreements.my_agreements, name="space-agreements"),
    path(
        "prestataires/mon-espace/conventions/<uuid:public_id>/", space_agreements.my_agreement, name="space-agreement"
    ),
    path(
        "prestataires/mon-espace/conventions/<uuid:public_id>/convention.pdf",
        space_agreements.my_agreement_pdf,
        name="space-agreement-pdf",
    ),
    re_path(
        rf"^prestataires/mon-espace/conventions/(?P<public_id>{UUID})/(?P<verb>signer|refuser)/$",
        space_agreements.answer,
        name="space-agreement-answer",
    ),
]

own_documents = [
    path("prestataires/mon-espace/documents/", space_documents.my_documents, name="space-documents"),
    path("prestataires/mon-espace/documents/<uuid:public_id>/fichier/", space_documents.my_file, name="space-file"),
    path(
        "prestataires/mon-espace/documents/<uuid:public_id>/retirer/",
        space_documents.take_back,
        name="space-document-back",
    ),
]

own_test_keys = [
    path("prestataires/mon-espace/essais/", sandbox.own, name="space-test-keys"),
    path("prestataires/mon-espace/essais/<uuid:key_id>/revoquer/", sandbox.revoke_own, name="space-revoke-test-key"),
]

own_books = [
    path("prestataires/mon-espace/releve/", statements.my_statement, name="space-statement"),
    path("prestataires/mon-espace/releve.csv", statements.my_statement_csv, name="space-statement-csv"),
    path("prestataires/mon-espace/calendrier/", space_feed.my_feed, name="space-feed"),
    path("prestataires/mon-espace/calendrier/arreter/", space_feed.my_feed_end, name="space-feed-end"),
    path("agenda-travaux/<str:token>.ics", space_feed.feed, name="feed"),
]

own_bank = [
    path("prestataires/mon-espace/compte-bancaire/", bank.my_bank, name="space-bank"),
    path("prestataires/mon-espace/compte-bancaire/nouveau/", bank.new_mine, name="space-new-bank"),
    re_path(
        rf"^prestataires/mon-espace/compte-bancaire/(?P<account>{UUID})/(?P<verb>confirmer|arreter)/$",
        bank.change_mine,
        name="space-change-bank",
    ),
]

# --- the team ---------------------------------------------------------------------------------------------------------
team_offers = [
    path("prestataires/propositions/", staff_offers.offers_list, name="offers"),
    path(
        "prestataires/demandes/<uuid:request_id>/propositions/",
        staff_offers.offers_of_request,
        name="offers-of-request",
    ),
    path("prestataires/propositions/appels/", calls.calls, name="calls"),
    path("prestataires/propositions/<uuid:public_id>/telephone/", phone.on_the_phone, name="phone"),
    path("prestataires/propositions/<uuid:public_id>/renvoyer/", steering.resend, name="resend-offer"),
    path("prestataires/propositions/<uuid:public_id>/rompue/", steering.broken, name="break-promise"),
    re_path(
        rf"^prestataires/propositions/(?P<public_id>{UUID})/(?P<verb>prolonger|reprendre)/$",
        clocks.steer,
        name="steer-clock",
    ),
    re_path(
        rf"^prestataires/contre-propositions/(?P<public_id>{UUID})/(?P<verb>accepter|refuser)/$",
        counters.decide,
        name="decide-counter",
    ),
    re_path(
        rf"^prestataires/travaux/(?P<public_id>{UUID})/(?P<verb>chercher|arreter|proposer|reprendre)/$",
        steering.steer,
        name="steer",
    ),
]
team_prices = [
    path("prestataires/demandes/<uuid:request_id>/prix/", staff_prices.prices_of_request, name="prices-of-request"),
    path("prestataires/demandes/<uuid:request_id>/prix/demander/", staff_prices.ask, name="ask-prices"),
    re_path(
        rf"^prestataires/prix/(?P<public_id>{UUID})/(?P<verb>utiliser|retirer|renvoyer)/$",
        staff_prices.change,
        name="change-price-request",
    ),
]
team_files = [
    path("prestataires/", staff_files.providers_list, name="providers"),
    path("prestataires/nouveau/", file_edit.new_provider, name="new-provider"),
    path("prestataires/<uuid:public_id>/", staff_files.provider_page, name="provider"),
    path("prestataires/<uuid:public_id>/modifier/", file_edit.edit_provider, name="edit-provider"),
    path("prestataires/<uuid:public_id>/horaires/", file_edit.provider_hours, name="provider-hours"),
    path("prestataires/<uuid:public_id>/ou-et-combien/", places.provider_places, name="provider-places"),
    path("prestataires/<uuid:public_id>/documents/ajouter/", file_edit.new_document, name="new-document"),
    path("prestataires/<uuid:public_id>/documents/<uuid:document>/", file_edit.edit_document, name="edit-document"),
    path(
        "prestataires/<uuid:public_id>/documents/<uuid:document>/retirer/",
        file_edit.remove_document,
        name="remove-document",
    ),
    path("prestataires/<uuid:public_id>/fermetures/", closures.closures, name="closures"),
    path("prestataires/<uuid:public_id>/fermetures/<uuid:closure_id>/retirer/", closures.reopen, name="reopen"),
    re_path(
        rf"^prestataires/(?P<public_id>{UUID})/partenariat/(?P<verb>arreter|reprendre)/$",
        partnership.partnership,
        name="partnership",
    ),
    path("prestataires/<uuid:public_id>/releve/", statements.statement, name="statement"),
    path("prestataires/<uuid:public_id>/releve.csv", statements.statement_csv, name="statement-csv"),
    path("prestataires/<uuid:public_id>/cles/", staff_files.create_key, name="create-key"),
    path("prestataires/<uuid:public_id>/cles/<uuid:key_id>/revoquer/", staff_files.revoke_key, name="revoke-key"),
    path("prestataires/<uuid:public_id>/essais/", sandbox.create, name="create-test-key"),
    path("prestataires/<uuid:public_id>/essais/<uuid:key_id>/revoquer/", sandbox.revoke, name="revoke-test-key"),
]

team_matching = [
    path("mise-en-relation/", rules.rules_page, name="rules"),
    path("prestataires/journee/", day_plan.day_page, name="day"),
    path("prestataires/journee/<uuid:public_id>/appliquer/", day_plan.apply, name="apply-plan"),
]

team_agreements = [
    path("prestataires/<uuid:public_id>/conventions/", agreements.agreements_list, name="agreements"),
    path("prestataires/<uuid:public_id>/conventions/nouvelle/", agreements.new_agreement, name="new-agreement"),
    path("prestataires/conventions/<uuid:public_id>/", agreements.agreement_page, name="agreement"),
    path("prestataires/conventions/<uuid:public_id>/convention.pdf", agreements.agreement_pdf, name="agreement-pdf"),
    re_path(
        rf"^prestataires/conventions/(?P<public_id>{UUID})/(?P<verb>envoyer|signer|papier|abandonner|terminer|reconduire|renvoyer)/$",
        agreements.change_agreement,
        name="change-agreement",
    ),
]

team_documents = [
    path("prestataires/documents/", reviews.to_check, name="documents-to-check"),
    path("prestataires/<uuid:public_id>/documents/<uuid:document>/lire/", reviews.document_page, name="document"),
    path("prestataires/<uuid:public_id>/documents/<uuid:document>/fichier/", reviews.document_file, name="file"),
    re_path(
        rf"^prestataires/(?P<public_id>{UUID})/documents/(?P<document>{UUID})/(?P<verb>approuver|refuser)/$",
        reviews.judge,
        name="judge-document",
    ),
]

team_policies = [
    path("mise-en-relation/sollicitation/", policies.policies_list, name="policies"),
    path("mise-en-relation/sollicitation/generale/", policies.policy_page, name="general-policy"),
    path("mise-en-relation/sollicitation/<uuid:service>/", policies.policy_page, name="policy"),
    path("mise-en-relation/sollicitation/<uuid:service>/retirer/", policies.policy_drop, name="drop-policy"),
]

team_invitations = [
    path("prestataires/invitations/", invitations.invitations_list, name="invitations"),
    path("prestataires/invitations/nouvelle/", invitations.invite, name="invite"),
    path("prestataires/invitations/<uuid:public_id>/", invitations.invitation_staff, name="invitation-staff"),
    re_path(
        rf"^prestataires/invitations/(?P<public_id>{UUID})/(?P<verb>renvoyer|revoquer|refuser)/$",
        invitations.change_invitation,
        name="change-invitation",
    ),
    path("prestataires/<uuid:public_id>/valider/", invitations.approve, name="approve-provider"),
]

team_bank = [
    path("prestataires/<uuid:public_id>/compte-bancaire/", bank.bank, name="bank"),
    path("prestataires/<uuid:public_id>/compte-bancaire/nouveau/", bank.new_account, name="new-bank"),
    re_path(
        rf"^prestataires/(?P<public_id>{UUID})/compte-bancaire/(?P<account>{UUID})/(?P<verb>appel|papier|arreter)/$",
        bank.change_bank,
        name="change-bank",
    ),
]

urlpatterns = [
    # First: one look at the beginning of an address tells a call from a page.
    path("api/v1/", include(api_urlpatterns)),
    *links_of_offers,
    *links_of_prices,
    *links_of_agreements,
    *links_of_invitations,
    *links_of_bank,
    *links_of_clients,
    *inbound_sms,
    *own_space,
    *own_agreements,
    *own_documents,
    *own_bank,
    *own_books,
    *own_test_keys,
    *team_offers,
    *team_matching,
    *team_prices,
    *team_files,
    *team_agreements,
    *team_documents,
    *team_bank,
    *team_invitations,
    *team_policies,
]
