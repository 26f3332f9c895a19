"""Who asks, and for which organisation; safe methods read in a read-only transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, cast

import structlog
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db import connection, transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails
from django_structlog.signals import bind_extra_request_finished_metadata, update_failure_response

from concierge import tenancy
from concierge.accounts import second_factor_page, used_second_factor
from concierge.enums import MFA_ROLES
from concierge.errors import DomainError, TooManyAttempts
from concierge.logs import request_id
from concierge.models import ApiClient, Domain, Organisation, User
from concierge.tenancy import Actor

log = structlog.get_logger(__name__)


class TenantRequest(HttpRequest):
    """What a page view receives: a request that knows its organisation and actor. For annotations only."""

    organisation: Organisation
    actor: Actor
    htmx: HtmxDetails


# Paths whose GET writes (sign-in flows of allauth) or that speak of the installation, not of an organisation.
ACCOUNT_PREFIX = "/compte/"
PROBES = ("/healthz", "/readyz", "/metrics")
PLAIN_PATHS = (*PROBES, "/static/")
# Pages that a member without a second factor may still open, to get one or to leave.
WITHOUT_MFA = (ACCOUNT_PREFIX, "/i18n/", "/static/")

# Seconds, where a page that refuses knows nothing better: the limits of signing in count by the minute.
RETRY_AFTER = "60"

Identity = Callable[[User, Organisation], int | None]
_identities: dict[str, Identity] = {}


def register_identity(name: str, resolver: Identity) -> None:
    """An app tells who a user is there: ``client_id``, ``provider_id``, ``trainee_id``, ``prescriber_id``."""
    _identities[name] = resolver


def _identity(name: str, user: User, organisation: Organisation) -> int | None:
    resolver = _identities.get(name)
    return resolver(user, organisation) if resolver else None


def organisation_of_host(host: str) -> Organisation | None:
    """The organisation named by a ``Domain`` row; the only one when there is one."""
    name = host.partition(":")[0].lower()
    domain = Domain.objects.select_related("organisation").filter(host=name).first()
    if domain is not None:
        return None if domain.organisation.is_sandbox else domain.organisation
    found = list(Organisation.objects.real()[:2])
    return found[0] if len(found) == 1 else None


def actor_of(user: Any, organisation: Organisation) -> Actor:
    """The person behind a session, with the roles held in this organisation."""
    if not isinstance(user, User) or not user.is_authenticated:
        return Actor(kind="anonymous", organisation=organisation)
    roles: dict[str, set[int]] = {}
    everywhere: set[str] = set()
    for role, site_id in user.memberships.filter(organisation=organisation).values_list("role", "site_id"):
        roles.setdefault(role, set())
        if site_id is None:
            everywhere.add(role)
        else:
            roles[role].add(site_id)
    return Actor(
        kind="user",
        organisation=organisation,
        label=user.get_full_name(),
        user=user,
        roles={role: frozenset() if role in everywhere else frozenset(sites) for role, sites in roles.items()},
        provider_id=_identity("provider_id", user, organisation),
        client_id=_identity("client_id", user, organisation),
        trainee_id=_identity("trainee_id", user, organisation),
        prescriber_id=_identity("prescriber_id", user, organisation),
    )


class PublicNames(CommonMiddleware):
    """Refuses host names that are not ours, except from probes and Prometheus: those know a server by its address, and
    what they are told depends on no name."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Look at the host name (``ALLOWED_HOSTS``)."""
        return None if request.path in PROBES else super().process_request(request)


class TenantMiddleware:
    """Sets ``request.organisation`` and ``request.actor`` and keeps the tenant for the time of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PLAIN_PATHS):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            with tenancy.working_for(None), self._reading(request):
                response = self.get_response(request)
            self._note_key_used(request)
            return response
        organisation = organisation_of_host(request.get_host())
        if organisation is None:
            return render(request, "errors/no_organisation.html", status=404)
        request = cast("TenantRequest", request)
        request.organisation = organisation
        with tenancy.working_for(organisation):
            request.actor = cast("Actor", SimpleLazyObject(lambda: actor_of(request.user, organisation)))
            # Settled before reading begins: a session that is no longer good is ended, which writes.
            bool(request.user.is_authenticated)
            with self._reading(request):
                response = self.get_response(request)
        if response.status_code == 429:
            response.headers.setdefault("Retry-After", RETRY_AFTER)
        return response

    def _reading(self, request: HttpRequest) -> ExitStack:
        """A GET may not write: PostgreSQL itself refuses it. The account pages of allauth are left alone."""
        stack = ExitStack()
        if request.method in {"GET", "HEAD"} and not request.path.startswith(ACCOUNT_PREFIX):
            stack.enter_context(transaction.atomic())
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        return stack

    def _note_key_used(self, request: HttpRequest) -> None:
        client: ApiClient | None = getattr(request, "api_client", None)
        now = timezone.now()
        if client is None or (client.last_used_at and (now - client.last_used_at).total_seconds() < 3600):
            return
        with tenancy.working_for(client.organisation_id):
            ApiClient.objects.filter(pk=client.pk).update(last_used_at=now)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """No page for a role that sees trainees' data before a second factor was given in this session (S12)."""
        if not hasattr(request, "organisation") or request.path.startswith(WITHOUT_MFA):
            return None
        user = request.user
        if not user.is_authenticated or not cast("TenantRequest", request).actor.has_role(*MFA_ROLES):
            return None
        if not is_mfa_enabled(user):
            messages.warning(request, _("Your role needs a second sign-in step. Set it up now: it takes one minute."))
            return redirect("mfa_index")
        if not used_second_factor(request):
            back = request.get_full_path() if request.method == "GET" else "/"
            return redirect(f"{second_factor_page(user)}?{urlencode({REDIRECT_FIELD_NAME: back})}")
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal becomes a page that says what to do; never a stack trace."""
        if not isinstance(exception, DomainError):
            return None
        response = render(request, "errors/refused.html", {"error": exception}, status=exception.status)
        if exception.status == 503:
            response["Retry-After"] = "5"
        elif isinstance(exception, TooManyAttempts):
            response["Retry-After"] = str(exception.retry_after)
        return response


@receiver([bind_extra_request_finished_metadata, update_failure_response])
def tell_request_id(response: HttpResponse, **_said: Any) -> None:
    """Every answer names its line in the log, so that whoever has trouble can tell us which (S40)."""
    response["X-Request-ID"] = request_id()


def organisation_context(request: HttpRequest) -> dict[str, Any]:
    """``organisation`` and ``actor`` for templates (``None`` on pages without an organisation)."""
    return {"organisation": getattr(request, "organisation", None), "actor": getattr(request, "actor", None)}
