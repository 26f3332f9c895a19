"""Pages of the notifications app."""

from django.urls import path

from notifications import views

app_name = "notifications"
urlpatterns = [
    path("messages/", views.messages_list, name="messages"),
    path("messages/demandes/<uuid:request_id>/", views.receipts_of_request, name="receipts-of-request"),
    path("messages/<uuid:public_id>/renvoyer/", views.resend_message, name="resend"),
]
