"""Problem details (RFC 9457): every refusal of the API in one shape."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from concierge.api.bodies import PayloadTooLarge
from concierge.api.keys import KeyThrottle
from concierge.db import is_passing
from concierge.errors import DomainError, Unavailable
from concierge.logs import request_id

# Sentences of libraries that our French says otherwise, or that theirs has not: our catalogue comes before theirs.
OURS = (
    gettext_noop("No data provided"),
    gettext_noop("Authentication credentials were not provided."),
    gettext_noop("Datetime has wrong format. Use one of these formats instead: {format}."),
)
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class ProblemFormatter(ExceptionFormatter):
    """One shape for every error: RFC 9457 members plus ``code`` and ``errors``."""

    def format_error_response(self, error_response: Any) -> dict[str, Any]:
        first = error_response.errors[0]
        status = self.exc.status_code
        return {
            "type": f"urn:concierge:problem:{first.code if len(error_response.errors) == 1 else 'invalid'}",
            "title": str(first.detail),
            "status": status,
            "instance": f"urn:uuid:{request_id()}",
            "code": first.code if len(error_response.errors) == 1 else "invalid",
            "errors": [{"code": e.code, "detail": str(e.detail), "attr": e.attr} for e in error_response.errors],
            **getattr(self.exc, "problem_details", {}),
        }


class Refused(exceptions.APIException):
    """A ``DomainError`` on its way out of the API."""

    def __init__(self, error: DomainError) -> None:
        detail: Any = {error.field: [str(error.message)]} if error.field else str(error.message)
        super().__init__(detail=detail, code=error.code)
        self.status_code = error.status
        self.retry_after = getattr(error, "retry_after", None)
        self.problem_details = {key: str(value) for key, value in error.details.items()}


class ProblemHandler(ExceptionHandler):
    """Domain errors, lock time-outs and DRF's own errors as ``application/problem+json``."""

    exception_formatter_class = ProblemFormatter

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, DomainError):
            return Refused(exc)
        if is_passing(exc):
            return Refused(Unavailable())
        if isinstance(exc, RequestDataTooBig):
            return PayloadTooLarge()
        if isinstance(exc, exceptions.AuthenticationFailed | exceptions.NotAuthenticated | exceptions.PermissionDenied):
            return self._counted(exc)
        return super().convert_known_exceptions(exc)

    def _counted(self, exc: exceptions.APIException) -> exceptions.APIException:
        """Calls without a good key or scope never reach the throttles of the view: they are counted here, by address
        or by key (S31)."""
        request, throttle = self.context["request"], KeyThrottle()
        if request is None or throttle.allow_request(request, self.context["view"]):
            return exc
        return exceptions.Throttled(throttle.wait())

    def format_exception(self, exc: exceptions.APIException) -> Any:
        return ProblemFormatter(exc, self.context, self.exc).run()

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Response:
        response: Response = super().get_response(exc, data)
        response.content_type = "application/problem+json"
        if exc.status_code == 503:
            response["Retry-After"] = "5"
        elif isinstance(exc, Refused) and exc.retry_after:
            response["Retry-After"] = str(exc.retry_after)
        return response


class ProblemError(serializers.Serializer[Any]):
    """One fault within a problem."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class Problem(serializers.Serializer[Any]):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    instance = serializers.CharField(help_text="Names this refusal in our logs: quote it when you ask us about it.")
    code = serializers.CharField()
    errors = ProblemError(many=True)  # type: ignore[assignment]  # the member is named by the format


@login_not_required
@csrf_exempt
def not_found(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Addresses under ``/api/`` that do not exist answer in JSON too."""
    return problem_answer(404, "not_found", _("Nothing is here."))


def problem_answer(status: int, code: str, title: Any) -> JsonResponse:
    """A problem told where no endpoint has been reached."""
    return JsonResponse(
        {
            "type": f"urn:concierge:problem:{code}",
            "title": str(title),
            "status": status,
            "instance": f"urn:uuid:{request_id()}",
            "code": code,
            "errors": [{"code": code, "detail": str(title), "attr": None}],
        },
        status=status,
        content_type="application/problem+json",
    )
