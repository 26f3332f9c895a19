"""Pages and endpoints of the bookings app."""

from django.urls import path

from bookings.api import catalogue, work_orders
from bookings.api import requests as api
from bookings.views import agenda, beneficiary, booking, moving, openings, requests, tracking

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
    path("suivi/<str:token>/deplacer/", moving.move_by_link, name="track-move"),
    path("suivi/<str:token>/rendez-vous.ics", tracking.calendar_file, name="track-ics"),
    path("suivi/<str:token>/confirmation/", tracking.done, name="done"),
    path("suivi/<str:token>/nouveau-lien/", tracking.ask_for_link, name="track-renew"),
    path("mes-demandes/", tracking.my_requests, name="my-requests"),
    # --- the team -----------------------------------------------------------------------------------------------------
    path("agenda/", agenda.agenda, name="agenda"),
    path("sites/<slug:slug>/horaires/", openings.openings_page, name="openings"),
    path("sites/<slug:slug>/horaires/semaine/", openings.week, name="openings-week"),
    path("sites/<slug:slug>/horaires/rythme/<slug:place>/", openings.rhythm, name="openings-rule"),
    path("sites/<slug:slug>/horaires/fermetures/nouvelle/", openings.closure, name="closure-new"),
    path("sites/<slug:slug>/horaires/fermetures/<str:day>/", openings.closure, name="closure"),
    path("sites/<slug:slug>/horaires/fermetures/<str:day>/supprimer/", openings.remove_closure, name="closure-remove"),
    path("sites/<slug:slug>/horaires/stands/nouveau/", openings.presence, name="presence-new"),
    path("sites/<slug:slug>/horaires/stands/<uuid:public_id>/", openings.presence, name="presence"),
    path(
        "sites/<slug:slug>/horaires/stands/<uuid:public_id>/supprimer/",
        openings.remove_presence,
        name="presence-remove",
    ),
    path("demandes/", requests.requests_list, name="requests"),
    path("demandes/<uuid:public_id>/", requests.request_page, name="request"),
    path("demandes/<uuid:public_id>/deplacer/", moving.move_request, name="move-request"),
    path("demandes/<uuid:public_id>/<slug:verb>/", requests.change_request, name="change-request"),
    path("demandes/travaux/<uuid:public_id>/<slug:verb>/", requests.change_work_order, name="change-work-order"),
    # --- API ----------------------------------------
    path("api/v1/sites", catalogue.Sites.as_view(), name="api-sites"),
    path("api/v1/sites/<uuid:public_id>/openings", catalogue.SiteOpenings.as_view(), name="api-site-openings"),
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
    path(
        "api/v1/service-requests/<uuid:public_id>/reschedule",
        api.RescheduleServiceRequest.as_view(),
        name="api-service-request-reschedule",
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
