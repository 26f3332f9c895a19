"""Shapes of work orders."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.enums import Execution, Place, WorkOrderStatus
from bookings.models import WorkOrder
from bookings.serializers.fields import QuantityOut


class WorkLineOut(serializers.Serializer[Any]):
    """What is to be done, without the client's prices."""

    description = serializers.CharField()
    quantity = QuantityOut()
    unit = serializers.CharField(allow_blank=True)


class WorkClientOut(serializers.Serializer[Any]):
    """Who is met there: only for the holder, and until 24 hours after the check (P05)."""

    name = serializers.CharField()
    phone = serializers.CharField()
    street = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    note = serializers.CharField()
    access_note = serializers.CharField(
        help_text="Of a visit: how to get in, for the provider that holds it, until the work is done. Only when you "
        "ask for one work order; empty in every other answer."
    )


class WorkOrderOut(serializers.Serializer[Any]):
    """A work order."""

    id = serializers.UUIDField(source="public_id")
    reference = serializers.CharField()
    request = serializers.CharField(source="request.reference")
    site = serializers.UUIDField(source="site.public_id")
    service = serializers.CharField(source="service.code")
    service_name = serializers.CharField(source="service.name")
    execution = serializers.ChoiceField(choices=Execution.choices)
    status = serializers.ChoiceField(choices=WorkOrderStatus.choices)
    category = serializers.CharField()
    attempt = serializers.IntegerField()
    quantity = QuantityOut()
    unit = serializers.CharField(allow_blank=True)
    place = serializers.ChoiceField(choices=Place.choices, source="request.place")
    promised_start = serializers.DateTimeField()
    promised_end = serializers.DateTimeField()
    planned_start = serializers.DateTimeField(allow_null=True)
    planned_end = serializers.DateTimeField(allow_null=True)
    collected_at = serializers.DateTimeField(
        allow_null=True, help_text="When our team brought it to the provider, who cannot start before."
    )
    returned_at = serializers.DateTimeField(allow_null=True, help_text="When our team brought it back.")
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    lines = WorkLineOut(many=True)
    client = serializers.SerializerMethodField()

    @extend_schema_field(WorkClientOut(allow_null=True))
    def get_client(self, work_order: WorkOrder) -> Any:
        """Contact details, or ``null`` when they are not (or no longer) the caller's business."""
        if not work_order.shows_client(self.context["now"]):
            return None
        request = work_order.request
        phone = getattr(request.met_phone, "as_e164", "")
        return {
            "name": request.met_name,
            "phone": phone,
            "street": request.street,
            "postcode": request.postcode,
            "city": request.city,
            "note": request.note,
            "access_note": self.context.get("access_note", ""),
        }


class ActIn(serializers.Serializer[Any]):
    """When it really happened, if not now."""

    act_at = serializers.DateTimeField(required=False, default=None, allow_null=True)
