"""Pages of the installation itself: home, health, refusals."""

from __future__ import annotations

import datetime as dt
import hmac
import sys

from celery import current_app
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError as BrokerDown
from prometheus_client import CONTENT_TYPE_LATEST

from concierge.api.problems import problem_answer
from concierge.db import is_passing
from concierge.enums import Role
from concierge.errors import Unavailable
from concierge.logs import request_id
from concierge.metrics import exposition
from concierge.middleware import TenantRequest
from concierge.models import Heartbeat

SWEEP_IS_LATE = dt.timedelta(seconds=180)


@login_not_required
@require_safe
def home(request: TenantRequest) -> HttpResponse:
    """Everybody's front door: trainees to their day, providers to their jobs, staff to the board, others to booking."""
    actor = request.actor
    if actor.has_role(Role.TRAINEE) and not actor.is_staff:
        return redirect("workers:day")
    if actor.has_role(Role.ACCOUNTANT) and not actor.has_role(Role.DISPATCHER, Role.CONCIERGE, Role.SUPERVISOR):
        return redirect("billing:invoices")
    if actor.is_staff:
        return redirect("workers:board")
    if actor.provider_id is not None:
        return redirect("providers:space")
    if actor.prescriber_id is not None:
        return redirect("bookings:people")
    return redirect("bookings:sites")


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, migrations, broker and the last sweep: 200 when all are well, else 503 with what is not."""
    checks = {"database": _database(), "migrations": "unknown", "broker": _broker(), "sweep": "unknown"}
    if checks["database"] == "ok":
        checks["migrations"] = _migrations()
        checks["sweep"] = _sweep()
    # The product works without the broker, late; an instance is unfit only without its database.
    fit = checks["database"] == "ok" and checks["migrations"] == "ok"
    well = all(value == "ok" for value in checks.values())
    return JsonResponse(
        {"status": "ok" if well else "degraded" if fit else "unfit", **checks}, status=200 if fit else 503
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return type(error).__name__
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "missing" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def _broker() -> str:
    try:
        with current_app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (BrokerDown, OSError) as error:
        return type(error).__name__
    return "ok"


def _sweep() -> str:
    last = Heartbeat.objects.filter(name="sweep").first()
    if last is None:
        return "never"
    return "ok" if timezone.now() - last.at < SWEEP_IS_LATE else "late"


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for whoever knows METRICS_TOKEN. Without a token configured the page does not exist."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere; nothing was done."""
    return render(request, "errors/csrf.html", status=403)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The request itself makes no sense."""
    return render(request, "errors/400.html", status=400)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """You may not do this."""
    return render(request, "errors/403.html", status=403)


@login_not_required
def too_many(request: HttpRequest) -> HttpResponse:
    """A limit of the sign-in pages was reached."""
    return render(request, "errors/429.html", status=429)


@login_not_required
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing here, or nothing of yours."""
    return render(request, "errors/404.html", status=404)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """A bug: reported, and said without details (S40). Or only the database or the cache, which are restarting: then
    it is 503, and right to try again. No context processor may run here."""
    from django.template.loader import render_to_string

    if not is_passing(sys.exc_info()[1]):
        return HttpResponse(render_to_string("errors/500.html", {"request_id": request_id()}), status=500)
    if request.path.startswith("/api/"):
        answer: HttpResponse = problem_answer(503, Unavailable.code, Unavailable.message)
    else:
        answer = HttpResponse(render_to_string("errors/503.html", {"again": _page_of(request)}), status=503)
    answer["Retry-After"] = "5"
    return answer


def _page_of(request: HttpRequest) -> str:
    """The page to open again: this one, or the one whose form was sent."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    sent_from = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(sent_from, {request.get_host()}, require_https=request.is_secure())
    return sent_from if ours else "/"
