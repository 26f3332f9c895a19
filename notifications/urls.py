"""Pages of the notifications app."""

from django.urls import include, path

from notifications import api, views

app_name = "notifications"
api_urlpatterns = [
    path("webhook-endpoints", api.WebhookEndpoints.as_view(), name="api-webhook-endpoints"),
    path("webhook-endpoints/<uuid:public_id>/test", api.TryWebhookEndpoint.as_view(), name="api-webhook-test"),
    path(
        "webhook-endpoints/<uuid:public_id>/disable", api.DisableWebhookEndpoint.as_view(), name="api-webhook-disable"
    ),
    path(
        "webhook-endpoints/<uuid:public_id>/deliveries", api.WebhookDeliveries.as_view(), name="api-webhook-deliveries"
    ),
    path("webhook-deliveries/<uuid:public_id>/replay", api.ReplayWebhookDelivery.as_view(), name="api-webhook-replay"),
]

urlpatterns = [
    path("api/v1/", include(api_urlpatterns)),
    path("messages/", views.messages_list, name="messages"),
    path("messages/demandes/<uuid:request_id>/", views.receipts_of_request, name="receipts-of-request"),
    path("messages/<uuid:public_id>/renvoyer/", views.resend_message, name="resend"),
]
