"""Pages and endpoints of the bookings app."""

from django.urls import path

from bookings.api import ahead as api_ahead
from bookings.api import catalogue, estimates, work_orders
from bookings.api import requests as api
from bookings.views import (
    agenda,
    beneficiary,
    booking,
    following,
    hand_outs,
    moving,
    openings,
    orders_ahead,
    public,
    requests,
    runs,
    silences,
    site_rules,
    terms,
    tracking,
)
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
    # --- for everybody ------------------------------------------------------------------------------------------------
    path("conciergeries/", public.site_list, name="public-sites"),
    path("conciergeries/<slug:slug>/", public.site_page, name="public-site"),
    path("integrer/<slug:slug>/", public.widget, name="widget"),
    path("sitemap.xml", public.sitemap, name="sitemap"),
    path("robots.txt", public.robots, name="robots"),
    # --- following a request ------------------------------------------------------------------------------------------
    path("suivi/<str:token>/", tracking.track, name="track"),
    path("suivi/<str:token>/etat/", tracking.track_state, name="track-state"),
    path("suivi/<str:token>/annuler/", tracking.cancel_by_link, name="track-cancel"),
    path("suivi/<str:token>/deplacer/", moving.move_by_link, name="track-move"),
    path("suivi/<str:token>/rendez-vous.ics", tracking.calendar_file, name="track-ics"),
    path("suivi/<str:token>/repondre/", tracking.answer_by_link, name="track-answer"),
    path("suivi/<str:token>/reprendre/", tracking.revive_by_link, name="track-revive"),
    path("suivi/<str:token>/confirmation/", tracking.done, name="done"),
    path("suivi/<str:token>/modifier/", orders_ahead.change, name="track-change"),
    path("suivi/<str:token>/remplacement/<uuid:public_id>/refuser/", orders_ahead.refuse, name="track-refuse"),
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
    path("demandes/<uuid:public_id>/attente/<slug:verb>/", following.follow, name="follow"),
    path("demandes/<uuid:public_id>/<slug:verb>/", requests.change_request, name="change-request"),
    path("reglages/", site_rules.first_rules, name="first-rules"),
    path("reglages/<slug:slug>/", site_rules.site_rules, name="site-rules"),
    path("silences/", silences.silences_list, name="silences"),
    path("silences/compte/", silences.silences_count, name="silences-count"),
    path("silences/<uuid:public_id>/<slug:verb>/", silences.act_on_silence, name="act-on-silence"),
    path("demandes/travaux/<uuid:public_id>/<slug:verb>/", requests.change_work_order, name="change-work-order"),
    path("precommandes/", runs.runs_list, name="runs"),
    path("precommandes/nouvelle/", runs.new_plan, name="new-plan"),
    path("precommandes/formules/<uuid:public_id>/arreter/", runs.stop_plan, name="stop-plan"),
    path("precommandes/bons/<uuid:public_id>.pdf", runs.sheet_pdf, name="sheet-pdf"),
    path("precommandes/bons/<uuid:public_id>.csv", runs.sheet_csv, name="sheet-csv"),
    path("precommandes/remise/<uuid:public_id>/<slug:verb>/", hand_outs.tick, name="tick"),
    path("precommandes/<uuid:public_id>/", runs.run_page, name="run"),
    path("precommandes/<uuid:public_id>/annuler/", runs.cancel_run, name="cancel-run"),
    path("precommandes/<uuid:public_id>/remplacer/", runs.substitute, name="substitute"),
    path("precommandes/<uuid:public_id>/remise/", hand_outs.hand_out_list, name="hand-out"),
    # --- catalogue ----------------------------------------------------------------------------------------------------
    path("catalogue/", views_catalogue.catalogue, name="catalogue"),
    path("catalogue/nouveau/", views_catalogue.new_service, name="catalogue-new"),
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
    path("api/v1/sites/<uuid:public_id>/openings", catalogue.SiteOpenings.as_view(), name="api-site-openings"),
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
    path(
        "api/v1/service-requests/<uuid:public_id>/reschedule",
        api.RescheduleServiceRequest.as_view(),
        name="api-service-request-reschedule",
    ),
    path(
        "api/v1/service-requests/<uuid:public_id>/change-order",
        api_ahead.ChangeOrder.as_view(),
        name="api-service-request-change-order",
    ),
    path("api/v1/pre-order-runs", api_ahead.PreOrderRuns.as_view(), name="api-pre-order-runs"),
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
