"""Template tags of ``concierge.navigation``: the team's menu."""

from __future__ import annotations

from django import template

from concierge.navigation import handy_links_of, menu_of

register = template.Library()
register.simple_tag(menu_of)
register.simple_tag(handy_links_of)
