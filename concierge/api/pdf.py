"""Answers that are a PDF, or the XML inside one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer


class PdfRenderer(BaseRenderer):
    """Lets a caller ask for a PDF; errors stay JSON."""

    media_type = "application/pdf"
    format = "pdf"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return JSONRenderer().render(data, accepted_media_type, renderer_context)


class XmlRenderer(PdfRenderer):
    """Lets a caller ask for XML; errors stay JSON."""

    media_type = "application/xml"
    format = "xml"
