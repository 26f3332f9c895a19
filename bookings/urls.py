"""Pages and endpoints of the bookings app."""

from django.urls import URLPattern

app_name = "bookings"
urlpatterns: list[URLPattern] = []
