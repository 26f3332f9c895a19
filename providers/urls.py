"""Pages and endpoints of the providers app."""

from django.urls import URLPattern

app_name = "providers"
urlpatterns: list[URLPattern] = []
