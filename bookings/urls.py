"""Pages and endpoints of the bookings app."""

from django.urls import path

from bookings.api import catalogue, estimates, work_orders
from bookings.api import requests as api
from bookings.views import beneficiary, booking, imports, requests, terms, tracking
from bookings.views import catalogue as views_catalogue

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
    # --- the team -----------------------------------------------------------------------------------------------------
    path("demandes/", requests.requests_list, name="requests"),
    path("demandes/<uuid:public_id>/", requests.request_page, name="request"),
    path("demandes/<uuid:public_id>/<slug:verb>/", requests.change_request, name="change-request"),
    path("demandes/travaux/<uuid:public_id>/<slug:verb>/", requests.change_work_order, name="change-work-order"),
    # --- catalogue ----------------------------------------------------------------------------------------------------
    path("catalogue/", views_catalogue.catalogue, name="catalogue"),
    path("catalogue/nouveau/", views_catalogue.new_service, name="catalogue-new"),
    path("catalogue/import/", imports.upload, name="catalogue-upload"),
    path("catalogue/import/<uuid:public_id>/", imports.report, name="catalogue-import"),
    path("catalogue/import/<uuid:public_id>/charger/", imports.load, name="catalogue-import-load"),
    path("catalogue/fichiers/<slug:what>.<slug:kind>", imports.download, name="catalogue-file"),
    path("catalogue/zones/<slug:slug>/", terms.areas, name="catalogue-areas"),
    path("catalogue/zones/<slug:slug>/<int:area>/retirer/", terms.remove_area, name="catalogue-area-remove"),
    path("catalogue/<uuid:public_id>/", views_catalogue.service_page, name="catalogue-service"),
    path("catalogue/<uuid:public_id>/apercu/", terms.preview, name="catalogue-preview"),
    path("catalogue/<uuid:public_id>/prix/", views_catalogue.set_price, name="catalogue-price"),
    path(
        "catalogue/<uuid:public_id>/prix/<uuid:price>/retirer/",
        views_catalogue.take_price_back,
        name="catalogue-price-back",
    ),
    path("catalogue/<uuid:public_id>/sites/<slug:slug>/", terms.terms, name="catalogue-terms"),
    *(
        path(
            f"catalogue/<uuid:public_id>/{part}/",
            views_catalogue.grid,
            {"part": part},
            name=f"catalogue-{part}",
        )
        for part in views_catalogue.GRIDS
    ),
    # --- API ----------------------------------------
    path("api/v1/sites", catalogue.Sites.as_view(), name="api-sites"),
    path("api/v1/services", catalogue.Services.as_view(), name="api-services"),
    path("api/v1/price-estimates", estimates.PriceEstimates.as_view(), name="api-price-estimates"),
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
