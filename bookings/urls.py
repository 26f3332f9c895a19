"""Pages and endpoints of the bookings app."""

from django.urls import path

from bookings.views import booking, requests, tracking

app_name = "bookings"
urlpatterns = [
    # --- booking, public ----------------------------------------------------------------------------------------------
    path("reserver/", booking.sites, name="sites"),
    path("reserver/<slug:slug>/", booking.services, name="book-services"),
    path("reserver/<slug:slug>/details/", booking.details, name="book-details"),
    path("reserver/<slug:slug>/creneau/", booking.slot, name="book-slot"),
    path("reserver/<slug:slug>/creneau/liberer/", booking.give_up_hold, name="book-release"),
    path("reserver/<slug:slug>/coordonnees/", booking.contact, name="book-contact"),
    path("reserver/<slug:slug>/code/", booking.code, name="book-code"),
    path("reserver/<slug:slug>/code/nouveau/", booking.resend_code, name="book-resend"),
    path("reserver/<slug:slug>/verification/", booking.review, name="book-review"),
    # --- following a request ------------------------------------------------------------------------------------------
    path("suivi/<str:token>/", tracking.track, name="track"),
    path("suivi/<str:token>/etat/", tracking.track_state, name="track-state"),
    path("suivi/<str:token>/annuler/", tracking.cancel_by_link, name="track-cancel"),
    path("suivi/<str:token>/confirmation/", tracking.done, name="done"),
    path("mes-demandes/", tracking.my_requests, name="my-requests"),
    # --- the team -----------------------------------------------------------------------------------------------------
    path("demandes/", requests.requests_list, name="requests"),
    path("demandes/<uuid:public_id>/", requests.request_page, name="request"),
    path("demandes/<uuid:public_id>/<slug:verb>/", requests.change_request, name="change-request"),
    path("demandes/travaux/<uuid:public_id>/<slug:verb>/", requests.change_work_order, name="change-work-order"),
]
