"""Where readers find the organisation: made from its own host name, never from a request (host header attacks)."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from concierge.models import Domain, Organisation


def host_of(organisation: Organisation) -> str:
    """The organisation's host name, without port: the installation's own when it is one of its domains, else its
    first domain, else the installation's."""
    base = urlsplit(settings.BASE_URL).hostname or "localhost"
    hosts = list(Domain.objects.filter(organisation=organisation).order_by("pk").values_list("host", flat=True))
    return base if base in hosts or not hosts else hosts[0]


def link(organisation: Organisation, name: str, *args: object) -> str:
    """The whole address of a page: scheme and port of the installation, host of the organisation."""
    base = urlsplit(settings.BASE_URL)
    port = f":{base.port}" if base.port else ""
    return f"{base.scheme}://{host_of(organisation)}{port}{reverse(name, args=args)}"
