"""The icons of the pages: ``{% load lucide %}``, with each drawn once."""

from __future__ import annotations

from functools import lru_cache

from django import template
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
def lucide(name: str, *, size: int | None = 24, **attributes: object) -> str:
    """An icon as inline SVG; ``size`` in pixels. A page holds dozens, nearly always the same ones."""
    return _drawn(name, size, tuple((key, str(value)) for key, value in attributes.items()))


@lru_cache(maxsize=1024)
def _drawn(name: str, size: int | None, attributes: tuple[tuple[str, str], ...]) -> str:
    return draw(name, size=size, **dict(attributes))
