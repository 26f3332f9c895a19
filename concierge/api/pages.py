"""Cursor pagination."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class CursorPages(CursorPagination):
    """Newest first, 50 a page, at most 200; the cursor is opaque (S30)."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor sent, or ``None``. Its position is an ``id`` that we wrote: anything else is 404, not a bug."""
        cursor: Cursor | None = super().decode_cursor(request)
        position: Any = cursor.position if cursor is not None else None  # text, whatever the stubs say
        if position is not None and not (position.isascii() and position.isdigit() and len(position) < 19):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """How the two parameters appear in the OpenAPI document."""
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            {
                "name": "cursor",
                "in": "query",
                "description": "From `next` or `previous` of another page; opaque.",
                "schema": {"type": "string"},
            },
            {"name": "page_size", "in": "query", "description": "How many at most.", "schema": size},
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """How a page of results appears in the OpenAPI document."""
        link = {
            "type": ["string", "null"],
            "format": "uri",
            "description": "Another page, or `null` at the end.",
            "example": None,
        }
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }
