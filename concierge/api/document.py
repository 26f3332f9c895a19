"""The OpenAPI document: what every operation shares, and the two addresses that show it."""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter
from drf_standardized_errors.openapi import AutoSchema

from concierge.api.problems import SAFE_METHODS, Problem

# Status → code and title of the example shown. The whole list of codes is in docs/api.md.
PROBLEMS = {
    400: ("invalid", "Please correct what is indicated."),
    401: ("authentication_failed", "This API key is not valid."),
    403: ("permission_denied", "This API key lacks the needed scope."),
    404: ("not_found", "Not found."),
    406: ("not_acceptable", "Could not satisfy the request Accept header."),
    409: ("wrong_state", "This is no longer possible: the situation has changed in the meantime."),
    412: (
        "stale_version",
        "This was changed by someone else since you opened it. Reload, then apply your change again.",
    ),
    413: ("payload_too_large", "The body is too large."),
    415: ("unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    422: ("idempotency_key_reused", "This Idempotency-Key was already used for a different request."),
    429: ("throttled", "Request was throttled. Expected available in 3 seconds."),
    503: ("unavailable", "The service is busy. Please try again in a few seconds."),
}
ONLY_UNSAFE = {409, 412, 413, 415, 422}
MEDIA_TYPE = "application/problem+json"
# Real answers by operation and status, written by tests/test_api_answers.py.
ANSWERS = Path(__file__).with_name("answers.json")


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How the key appears in the OpenAPI document."""

    target_class = "concierge.api.keys.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Says what to send."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "`Authorization: Bearer cs.<organisation>.<prefix>.<secret>`",
        }


class ApiAutoSchema(AutoSchema):
    """Documents idempotency, needed scopes and problem details on every operation."""

    def get_override_parameters(self) -> list[Any]:
        """The header that makes unsafe calls happen once, and the one that says that this one already had."""
        parameters = list(super().get_override_parameters())
        if self.method not in SAFE_METHODS:
            parameters += [
                OpenApiParameter(
                    "Idempotency-Key",
                    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
                    OpenApiParameter.HEADER,
                    required=True,
                    description="1 to 255 printable ASCII characters, new for each intended effect.",
                ),
                OpenApiParameter(
                    "Idempotent-Replayed",
                    {"type": "string", "enum": ["true"]},
                    OpenApiParameter.HEADER,
                    description="There when this is the stored answer of an earlier call with the same key.",
                    response=[200, 201],
                ),
            ]
        return parameters

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular declares it
        """Ends with the scope that the key needs."""
        scopes: dict[str, str] = getattr(self.view, "scopes", {})
        needed = scopes.get(self.method, scopes.get("*", ""))
        return f"{super().get_description()}\n\nScope: `{needed}`."

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super(AutoSchema, self)._get_response_bodies(direction)
        self.resolve_serializer(Problem, "response")
        for code, body in bodies.items():
            body["description"] = body.get("description") or HTTPStatus(int(code)).phrase
        for status in PROBLEMS:
            if self.method not in SAFE_METHODS or status not in ONLY_UNSAFE:
                bodies.setdefault(str(status), problem_reference(status))
        return bodies


def show_answers(document: dict[str, Any]) -> dict[str, Any]:
    """Every operation that has no example of its own shows a real answer."""
    answers = json.loads(ANSWERS.read_text())
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, value in answers.get(operation["operationId"], {}).items():
                content = operation["responses"].get(status, {}).get("content", {}).get("application/json")
                if content is not None:
                    content.setdefault("examples", {"Answer": {"value": value}})
    return document


def problem_reference(status: int) -> dict[str, str]:
    """Points at the shared description of a refusal."""
    return {"$ref": f"#/components/responses/Problem{status}"}


def _problem_response(status: int) -> dict[str, Any]:
    code, title = PROBLEMS[status]
    example = {
        "type": f"urn:concierge:problem:{code}",
        "title": title,
        "status": status,
        "instance": "urn:uuid:5f1b1d7c-6d5e-4b8e-9a52-0c9d8f2f4f11",
        "code": code,
        "errors": [{"code": code, "detail": title, "attr": None}],
    }
    found: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
    if status in {429, 503}:
        found["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return found


class EnglishGenerator(SchemaGenerator):
    """The same document whatever language the reader's browser or the machine prefers."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """The whole document, with the shared refusals."""
        with translation.override("en"):
            document: dict[str, Any] = super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]  # untyped library
        document["components"]["responses"] = {f"Problem{status}": _problem_response(status) for status in PROBLEMS}
        return show_answers(document)


@cache
def document() -> dict[str, Any]:
    """The document, made once per process: it depends on the code alone."""
    return EnglishGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # untyped library


@login_not_required
@require_safe
@cache_control(public=True, max_age=300)
def openapi(request: HttpRequest) -> HttpResponse:
    """The document as JSON, for code generators and the page below."""
    return HttpResponse(json.dumps(document(), ensure_ascii=False), content_type="application/json")


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """A page to read and try the API. Its scripts are files: the content security policy knows no exception."""
    return render(request, "api_docs.html")
