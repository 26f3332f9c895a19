"""Problem details (RFC 9457) and how they appear in the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from django.db import OperationalError
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.openapi import AutoSchema
from psycopg import errors as pg
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from concierge.errors import DomainError, Unavailable

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How the key appears in the OpenAPI document."""

    target_class = "concierge.api.keys.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "`cs.<organisation>.<prefix>.<secret>`"}


class ProblemFormatter(ExceptionFormatter):
    """One shape for every error: RFC 9457 members plus ``code`` and ``errors``."""

    def format_error_response(self, error_response: Any) -> dict[str, Any]:
        first = error_response.errors[0]
        status = self.exc.status_code
        return {
            "type": f"urn:concierge:problem:{first.code if len(error_response.errors) == 1 else 'invalid'}",
            "title": str(first.detail),
            "status": status,
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
        self.problem_details = {key: str(value) for key, value in error.details.items()}


class ProblemHandler(ExceptionHandler):
    """Domain errors, lock time-outs and DRF's own errors as ``application/problem+json``."""

    exception_formatter_class = ProblemFormatter

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, DomainError):
            return Refused(exc)
        if isinstance(exc, OperationalError) and isinstance(
            exc.__cause__, pg.LockNotAvailable | pg.QueryCanceled | pg.DeadlockDetected
        ):
            return Refused(Unavailable())
        return super().convert_known_exceptions(exc)

    def format_exception(self, exc: exceptions.APIException) -> Any:
        return ProblemFormatter(exc, self.context, self.exc).run()

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Response:
        response: Response = super().get_response(exc, data)
        response.content_type = "application/problem+json"
        if exc.status_code == 503:
            response["Retry-After"] = "5"
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
    code = serializers.CharField()
    errors = ProblemError(many=True)  # type: ignore[assignment]  # the member is named by the format


class ProblemAutoSchema(AutoSchema):
    """Documents the idempotency header and problem details on every operation."""

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if self.method not in SAFE_METHODS:
            parameters.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    OpenApiTypes.STR,
                    OpenApiParameter.HEADER,
                    required=True,
                    description="1 to 255 printable ASCII characters, new for each intended effect.",
                )
            )
        return parameters

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super(AutoSchema, self)._get_response_bodies(direction)
        codes = (
            ["400", "401", "403", "404", "406", "429"]
            if self.method in SAFE_METHODS
            else [
                "400",
                "401",
                "403",
                "404",
                "406",
                "409",
                "412",
                "413",
                "415",
                "422",
                "429",
                "503",
            ]
        )
        for code in codes:
            body = self._get_response_for_code(  # type: ignore[no-untyped-call]  # untyped in the library
                Problem, code, ["application/problem+json"]
            )
            body["description"] = {"409": "Conflict with the present state."}.get(code, "Problem.")
            bodies.setdefault(code, body)
        return bodies


def not_found(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Addresses under ``/api/`` that do not exist answer in JSON too."""
    return JsonResponse(
        {
            "type": "urn:concierge:problem:not_found",
            "title": str(_("Nothing is here.")),
            "status": 404,
            "code": "not_found",
            "errors": [{"code": "not_found", "detail": str(_("Nothing is here.")), "attr": None}],
        },
        status=404,
        content_type="application/problem+json",
    )
