"""Pages and endpoints of the bookings app."""

from django.urls import path

from bookings.api import ahead as api_ahead
from bookings.api import catalogue, estimates, work_orders
from bookings.api import recurrences as api_recurrences
from bookings.api import requests as api
from bookings.api import waits as api_waits
from bookings.views import (
    beneficiary,
    booking,
    desk,
    desk_people,
    following,
    hand_outs,
    imports,
    moving,
    orders_ahead,
    public,
    recurrences,
    repricing,
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
    path("suivi/<str:token>/repeter/", recurrences.repeat, name="track-repeat"),
    path("suivi/<str:token>/serie/", recurrences.series_by_link, name="track-series"),
    path("suivi/<str:token>/modifier/", orders_ahead.change, name="track-change"),
    path("suivi/<str:token>/remplacement/<uuid:public_id>/refuser/", orders_ahead.refuse, name="track-refuse"),
    path("suivi/<str:token>/nouveau-lien/", tracking.ask_for_link, name="track-renew"),
    path("mes-demandes/", tracking.my_requests, name="my-requests"),
    # --- the team -----------------------------------------------------------------------------------------------------
    path("demandes/", requests.requests_list, name="requests"),
    path("demandes/<uuid:public_id>/", requests.request_page, name="request"),
    path("demandes/<uuid:public_id>/deplacer/", moving.move_request, name="move-request"),
    path("demandes/<uuid:public_id>/attente/<slug:verb>/", following.follow, name="follow"),
    path("demandes/<uuid:public_id>/prix-du-jour/", repricing.repricing, name="reprice"),
    path("demandes/<uuid:public_id>/<slug:verb>/", requests.change_request, name="change-request"),
    path("reglages/", site_rules.first_rules, name="first-rules"),
    path("reglages/<slug:slug>/", site_rules.site_rules, name="site-rules"),
    path("silences/", silences.silences_list, name="silences"),
    path("silences/compte/", silences.silences_count, name="silences-count"),
    path("silences/<uuid:public_id>/<slug:verb>/", silences.act_on_silence, name="act-on-silence"),
    path("demandes/travaux/<uuid:public_id>/<slug:verb>/", requests.change_work_order, name="change-work-order"),
    path("regulieres/", recurrences.series_list, name="series-list"),
    path("regulieres/jours/<uuid:public_id>/<slug:verb>/", recurrences.change_occurrence, name="change-occurrence"),
    path("regulieres/<uuid:public_id>/", recurrences.series_page, name="series"),
    path("regulieres/<uuid:public_id>/<slug:verb>/", recurrences.change_series, name="change-series"),
    # --- the desk -----------------------------------------------------------------------------------------------------
    path("guichet/", desk.desks, name="desks"),
    path("guichet/<slug:slug>/", desk.desk, name="desk"),
    path("guichet/<slug:slug>/nouvelle-personne/", desk_people.new_person, name="desk-new"),
    path("guichet/<slug:slug>/nouvelle-personne/proches/", desk_people.likely_people, name="desk-likely"),
    path("guichet/<slug:slug>/personne/<uuid:client>/", desk.person, name="desk-person"),
    path("guichet/<slug:slug>/demande/<uuid:public_id>/<slug:verb>/", desk.act, name="desk-act"),
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
    path("api/v1/recurrences", api_recurrences.Recurrences.as_view(), name="api-recurrences"),
    path("api/v1/recurrences/<uuid:public_id>", api_recurrences.RecurrenceDetail.as_view(), name="api-recurrence"),
    path(
        "api/v1/recurrences/<uuid:public_id>/occurrences",
        api_recurrences.Occurrences.as_view(),
        name="api-occurrences",
    ),
    path(
        "api/v1/recurrences/<uuid:public_id>/pause",
        api_recurrences.PauseRecurrence.as_view(),
        name="api-recurrence-pause",
    ),
    path(
        "api/v1/recurrences/<uuid:public_id>/resume",
        api_recurrences.ResumeRecurrence.as_view(),
        name="api-recurrence-resume",
    ),
    path(
        "api/v1/recurrences/<uuid:public_id>/edit",
        api_recurrences.EditRecurrence.as_view(),
        name="api-recurrence-edit",
    ),
    path(
        "api/v1/recurrences/<uuid:public_id>/end",
        api_recurrences.EndRecurrence.as_view(),
        name="api-recurrence-end",
    ),
    path("api/v1/pre-order-runs", api_ahead.PreOrderRuns.as_view(), name="api-pre-order-runs"),
    path(
        "api/v1/service-requests/<uuid:public_id>/answer",
        api_waits.AnswerQuestion.as_view(),
        name="api-service-request-answer",
    ),
    path(
        "api/v1/service-requests/<uuid:public_id>/hold",
        api_waits.HoldServiceRequest.as_view(),
        name="api-service-request-hold",
    ),
    path(
        "api/v1/service-requests/<uuid:public_id>/resume",
        api_waits.ResumeServiceRequest.as_view(),
        name="api-service-request-resume",
    ),
    path("api/v1/silences", api_waits.Silences.as_view(), name="api-silences"),
    path("api/v1/sites/<uuid:public_id>", catalogue.SiteDetail.as_view(), name="api-site"),
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
