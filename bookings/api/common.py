"""What several endpoints share."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from bookings.actions import pricing
from bookings.models import Presence
from bookings.rules.prices import WHOLE, Wish, brackets
from concierge.api.keys import actor_of
from concierge.editions import kept
from concierge.models import Site

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="`ETag` of the version you saw; 412 when it changed since."
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, required=True, description="The version, for `If-Match`.", response=[200, 201]
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, required=True, description="Path of the request.", response=[201]
)


M = TypeVar("M", bound=Model)


def uuid_of(request: Request, name: str) -> uuid.UUID:
    """A query parameter that must be a UUID: 400 when it is not."""
    field = serializers.UUIDField()
    try:
        value: uuid.UUID = field.run_validation(request.query_params.get(name))
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error
    return value


def in_state(request: Request, found: QuerySet[M], states: Sequence[str]) -> QuerySet[M]:
    """Those in the state that the query names, all when it names none: 400 for one that is not known."""
    status = request.query_params.get("status")
    if status is None:
        return found
    if status not in states:
        raise ValidationError({"status": [_("This is not a known state.")]})
    return found.filter(status=status)


def moment_of(request: Request, name: str) -> dt.datetime:
    """A query parameter that must be a moment with its zone: 400 when it is not."""
    try:
        value: dt.datetime = serializers.DateTimeField().run_validation(request.query_params.get(name))
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error
    return value


def date_of(request: Request, name: str) -> dt.date | None:
    """A query parameter that is a date when it is given: 400 when it is none."""
    if name not in request.query_params:
        return None
    try:
        value: dt.date = serializers.DateField().run_validation(request.query_params[name])
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error
    return value


def site_of(request: Request, public_id: uuid.UUID) -> Site:
    """The active site of the caller's organisation with this identifier: 404 when there is none."""
    return _site(actor_of(request).organisation.pk, public_id)


@kept
def _site(organisation_id: int, public_id: uuid.UUID) -> Site:
    return get_object_or_404(Site.objects.active(), organisation=organisation_id, public_id=public_id)


def presence_of(site: Site, public_id: uuid.UUID | None) -> Presence | None:
    """One of the site's stands, when one is asked for; 404 when it is none of them."""
    return get_object_or_404(Presence, site=site, public_id=public_id) if public_id else None


def wish_of(line: dict[str, Any]) -> Wish:
    """A line as rules understand it. An item named twice is refused rather than guessed about."""
    items = [(str(entry["item"]), entry["quantity"]) for entry in line["items"]]
    quantities = dict(items)
    if len(quantities) != len(items):
        raise pricing.BadOrder(_("The same item is there twice."), field="lines", reason="item_twice")
    if line.get("quantity") is not None:
        quantities[WHOLE] = line["quantity"]
    if line.get("minutes") is not None:
        if WHOLE in quantities:
            raise pricing.BadOrder(_("Give a quantity or minutes, not both."), field="lines", reason="quantity_twice")
        quantities[WHOLE] = brackets(line["minutes"])
    return Wish(str(line["service"]), quantities, frozenset(str(option) for option in line["options"]))
