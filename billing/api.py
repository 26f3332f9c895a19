"""Endpoints of invoices: the organisation's own systems read them."""

from __future__ import annotations

import uuid
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from billing.actions.documents import kept_pdf, kept_xml
from billing.enums import DocumentKind
from billing.models import Invoice
from billing.serializers import InvoiceDetailOut, InvoiceOut
from concierge.api.keys import actor_of
from concierge.api.pdf import PdfRenderer, XmlRenderer
from concierge.api.problems import Problem
from concierge.enums import Scope


class InvoiceFilterSet(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """By kind and issue date."""

    kind = django_filters.ChoiceFilter(choices=DocumentKind.choices)
    issued_since = django_filters.DateFilter(field_name="issued_on", lookup_expr="gte")
    issued_until = django_filters.DateFilter(field_name="issued_on", lookup_expr="lte")


class InvoiceList(generics.ListAPIView[Invoice]):
    """Invoices and credit notes, newest first."""

    scopes = {"GET": Scope.INVOICES_READ}
    serializer_class = InvoiceOut
    filterset_class = InvoiceFilterSet
    queryset = Invoice.objects.none()

    def get_queryset(self) -> QuerySet[Invoice]:
        if getattr(self, "swagger_fake_view", False):
            return Invoice.objects.none()
        return Invoice.objects.visible_to(actor_of(self.request)).select_related("credits")

    @extend_schema(operation_id="listInvoices", tags=["invoices"], summary="Invoices, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return super().get(request, *args, **kwargs)


class InvoiceDetail(generics.RetrieveAPIView[Invoice]):
    """One invoice or credit note with its lines."""

    scopes = {"GET": Scope.INVOICES_READ}
    serializer_class = InvoiceDetailOut
    lookup_field = "public_id"
    queryset = Invoice.objects.none()

    def get_queryset(self) -> QuerySet[Invoice]:
        if getattr(self, "swagger_fake_view", False):
            return Invoice.objects.none()
        return Invoice.objects.visible_to(actor_of(self.request)).select_related("credits")

    @extend_schema(operation_id="getInvoice", tags=["invoices"], summary="One invoice or credit note")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return super().get(request, *args, **kwargs)


class InvoicePdf(APIView):
    """The PDF as it was sent."""

    scopes = {"GET": Scope.INVOICES_READ}
    renderer_classes = [JSONRenderer, PdfRenderer]

    @extend_schema(
        operation_id="getInvoicePdf",
        tags=["invoices"],
        summary="Its PDF",
        responses={
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, description="PDF/A-3"),
            (409, "application/problem+json"): OpenApiResponse(Problem, description="Still being prepared."),
        },
    )
    def get(self, request: Request, public_id: uuid.UUID) -> HttpResponse:
        """The kept bytes; 409 while they are being prepared."""
        found = Invoice.objects.visible_to(actor_of(request)).filter(public_id=public_id).first()
        if found is None:
            raise Http404
        response = HttpResponse(bytes(kept_pdf(found).content), content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
        response["Cache-Control"] = "private, no-store"
        return response


class InvoiceXml(APIView):
    """The file that e-invoicing reads."""

    scopes = {"GET": Scope.INVOICES_READ}
    renderer_classes = [JSONRenderer, XmlRenderer]

    @extend_schema(
        operation_id="getInvoiceXml",
        tags=["invoices"],
        summary="Its file (CII, EN 16931)",
        responses={
            (200, "application/xml"): OpenApiResponse(OpenApiTypes.BINARY, description="As it is inside the PDF"),
            (404, "application/problem+json"): OpenApiResponse(Problem, description="Issued before the files."),
            (409, "application/problem+json"): OpenApiResponse(Problem, description="Still being prepared."),
        },
    )
    def get(self, request: Request, public_id: uuid.UUID) -> HttpResponse:
        """The kept bytes; 409 while they are being prepared, 404 for documents issued before there were files."""
        found = Invoice.objects.visible_to(actor_of(request)).filter(public_id=public_id).first()
        if found is None:
            raise Http404
        response = HttpResponse(kept_xml(found), content_type="application/xml")
        response["Content-Disposition"] = f'attachment; filename="{found.xml_name}"'
        response["Cache-Control"] = "private, no-store"
        return response
