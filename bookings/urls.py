"""Pages and endpoints of the bookings app."""

from django.urls import path

from bookings.api import catalogue, work_orders
from bookings.api import requests as api
from bookings.views import (
    accounts,
    beneficiary,
    booking,
    duplicates,
    my_companies,
    people,
    prescribers,
    requests,
    tracking,
)

app_name = "bookings"
urlpatterns = [
    # --- booking, public ----------------------------------------------------------------------------------------------
    path("reserver/", booking.sites, name="sites"),
    path("reserver/<slug:slug>/", booking.services, name="book-services"),
    path("reserver/<slug:slug>/details/", booking.details, name="book-details"),
    path("reserver/<slug:slug>/creneau/", booking.slot, name="book-slot"),
    path("reserver/<slug:slug>/creneau/liberer/", booking.give_up_hold, name="book-release"),
    path("reserver/<slug:slug>/coordonnees/", booking.contact, name="book-contact"),
    path("reserver/<slug:slug>/pour-qui/", beneficiary.beneficiary, name="book-beneficiary"),
    path("reserver/<slug:slug>/code/", booking.code, name="book-code"),
    path("reserver/<slug:slug>/code/nouveau/", booking.resend_code, name="book-resend"),
    path("reserver/<slug:slug>/verification/", booking.review, name="book-review"),
    # --- following a request ------------------------------------------------------------------------------------------
    path("suivi/<str:token>/", tracking.track, name="track"),
    path("suivi/<str:token>/etat/", tracking.track_state, name="track-state"),
    path("suivi/<str:token>/annuler/", tracking.cancel_by_link, name="track-cancel"),
    path("suivi/<str:token>/confirmation/", tracking.done, name="done"),
    path("suivi/<str:token>/nouveau-lien/", tracking.ask_for_link, name="track-renew"),
    path("mes-demandes/", tracking.my_requests, name="my-requests"),
    # --- prescribers --------------------------------------------------------------------------------------------------
    path("accompagner/", people.people, name="people"),
    path("accompagner/ajouter/", people.add, name="person-add"),
    path("accompagner/<uuid:public_id>/", people.person, name="person"),
    path("accompagner/<uuid:public_id>/terminer/", people.end, name="person-end"),
    path("accompagner/<uuid:public_id>/reserver/<slug:slug>/", people.book, name="person-book"),
    # --- client accounts ----------------------------------------------------------------------------------------------
    path("comptes/", accounts.accounts, name="accounts"),
    path("comptes/nouveau/", accounts.add, name="account-add"),
    path("comptes/<uuid:public_id>/", accounts.account, name="account"),
    path("comptes/<uuid:public_id>/modifier/", accounts.edit, name="account-edit"),
    path("comptes/<uuid:public_id>/code/", accounts.code, name="account-code"),
    path("comptes/<uuid:public_id>/usage.csv", accounts.usage_csv, name="account-usage"),
    path("comptes/<uuid:public_id>/membres/", accounts.member_add, name="account-member-add"),
    path("comptes/<uuid:public_id>/membres/importer/", accounts.members_import, name="account-members-import"),
    path(
        "comptes/<uuid:public_id>/membres/<uuid:member_id>/retirer/",
        accounts.member_remove,
        name="account-member-remove",
    ),
    path("mes-entreprises/", my_companies.my_companies, name="my-companies"),
    path("mes-entreprises/<uuid:public_id>/quitter/", my_companies.leave, name="my-company-leave"),
    # --- clients known twice ------------------------------------------------------------------------------------------
    path("clients/doublons/", duplicates.duplicates, name="duplicates"),
    path("clients/doublons/<uuid:one>/<uuid:other>/", duplicates.compare, name="duplicates-compare"),
    path("clients/doublons/<uuid:one>/<uuid:other>/fusionner/", duplicates.merge, name="duplicates-merge"),
    path("clients/doublons/<uuid:public_id>/separer/", duplicates.unmerge, name="client-unmerge"),
    path("prescripteurs/", prescribers.prescribers, name="prescribers"),
    path("prescripteurs/inviter/", prescribers.invite, name="prescriber-invite"),
    path("prescripteurs/<uuid:public_id>/<slug:verb>/", prescribers.change, name="prescriber-change"),
    # --- the team -----------------------------------------------------------------------------------------------------
    path("demandes/", requests.requests_list, name="requests"),
    path("demandes/<uuid:public_id>/", requests.request_page, name="request"),
    path("demandes/<uuid:public_id>/<slug:verb>/", requests.change_request, name="change-request"),
    path("demandes/travaux/<uuid:public_id>/<slug:verb>/", requests.change_work_order, name="change-work-order"),
    # --- API ----------------------------------------
    path("api/v1/sites", catalogue.Sites.as_view(), name="api-sites"),
    path("api/v1/services", catalogue.Services.as_view(), name="api-services"),
    path("api/v1/slots", catalogue.Slots.as_view(), name="api-slots"),
    path("api/v1/service-requests", api.ServiceRequests.as_view(), name="api-service-requests"),
    path(
        "api/v1/service-requests/<uuid:public_id>",
        api.ServiceRequestDetail.as_view(),
        name="api-service-request",
    ),
    path(
        "api/v1/service-requests/<uuid:public_id>/cancel",
        api.CancelServiceRequest.as_view(),
        name="api-service-request-cancel",
    ),
    path("api/v1/work-orders", work_orders.WorkOrders.as_view(), name="api-work-orders"),
    path("api/v1/work-orders/<uuid:public_id>", work_orders.WorkOrderDetail.as_view(), name="api-work-order"),
    path(
        "api/v1/work-orders/<uuid:public_id>/start", work_orders.StartWorkOrder.as_view(), name="api-work-order-start"
    ),
    path(
        "api/v1/work-orders/<uuid:public_id>/complete",
        work_orders.CompleteWorkOrder.as_view(),
        name="api-work-order-complete",
    ),
]
