"""Shapes of the offers API. Before acceptance a provider reads the area and the need, never who the client is (P05)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.enums import Place
from bookings.serializers.fields import Euros, QuantityOut
from bookings.serializers.work_orders import WorkLineOut
from providers.enums import (
    BINDING_YES,
    BreakReason,
    CounterStatus,
    Decider,
    DeclineReason,
    OfferStatus,
    PauseReason,
    ReleaseReason,
)
from providers.models import Offer


class AreaOut(serializers.Serializer[Any]):
    """Where the work starts: the desk, or the client's town."""

    postcode = serializers.CharField()
    city = serializers.CharField()


class CounterOut(serializers.Serializer[Any]):
    """Another price or another day, proposed instead of a yes."""

    status = serializers.ChoiceField(choices=CounterStatus.choices)
    needs = serializers.ChoiceField(choices=Decider.choices, help_text="Who was asked to decide.")
    price = Euros(allow_null=True)
    starts_at = serializers.DateTimeField(allow_null=True)
    ready_by = serializers.DateTimeField(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    made_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="Decided before this moment, else it lapses.")
    decided_at = serializers.DateTimeField(allow_null=True)


class PauseOut(serializers.Serializer[Any]):
    """No time passes."""

    reason = serializers.ChoiceField(choices=PauseReason.choices)
    note = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="Then the clock goes on by itself.")


class OfferOut(serializers.Serializer[Any]):
    """One question to one provider."""

    id = serializers.UUIDField(source="public_id")
    status = serializers.ChoiceField(choices=OfferStatus.choices)
    category = serializers.CharField()
    reference = serializers.CharField(source="work_order.reference")
    service = serializers.CharField(source="work_order.service.code")
    service_name = serializers.CharField(source="work_order.service.name")
    quantity = QuantityOut(source="work_order.quantity")
    unit = serializers.CharField(source="work_order.unit", allow_blank=True)
    lines = WorkLineOut(many=True, source="work_order.lines")
    place = serializers.ChoiceField(choices=Place.choices, source="work_order.request.place")
    area = AreaOut()
    promised_start = serializers.DateTimeField(source="work_order.promised_start")
    promised_end = serializers.DateTimeField(source="work_order.promised_end")
    price = Euros(help_text="What you will be paid, including VAT, in euros.")
    asks_price = serializers.BooleanField(
        source="round.asks_price",
        help_text="Several are asked for their prices (`/offers/{id}/counter`), then somebody chooses: no yes binds.",
    )
    sent_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="Answer before this moment.")
    answered_at = serializers.DateTimeField(allow_null=True)
    decline_reason = serializers.ChoiceField(choices=DeclineReason.choices, allow_blank=True)
    release_before = serializers.DateTimeField(
        allow_null=True,
        help_text="Until then you may give the job back (`/offers/{id}/release`); `null` when it is not yours, or has "
        "begun.",
    )
    extensions = serializers.IntegerField(help_text="How often you were given more time.")
    extension_asked_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when you ask for more time than the rules give."
    )
    pause = serializers.SerializerMethodField(help_text="Why no time passes for you, or `null` when it does.")
    counter = serializers.SerializerMethodField(help_text="What you proposed last instead; `null` when nothing.")
    release_reason = serializers.ChoiceField(
        choices=ReleaseReason.choices, allow_blank=True, help_text="Why you gave it back."
    )
    broken_reason = serializers.ChoiceField(
        choices=BreakReason.choices, allow_blank=True, help_text="How the promise was not kept, as the concierge noted."
    )
    work_order = serializers.SerializerMethodField(help_text="Once you have accepted: read it under `/work-orders`.")

    @extend_schema_field(PauseOut(allow_null=True))
    def get_pause(self, offer: Offer) -> dict[str, Any] | None:
        """The one that goes on."""
        found = next((one for one in offer.pauses.all() if one.ended_at is None), None)
        return None if found is None else dict(PauseOut(found).data)

    @extend_schema_field(CounterOut(allow_null=True))
    def get_counter(self, offer: Offer) -> dict[str, Any] | None:
        """The latest one; rows come newest first."""
        latest = next(iter(offer.counters.all()), None)
        return None if latest is None else dict(CounterOut(latest).data)

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_work_order(self, offer: Offer) -> str | None:
        """Identifier of the work order, or ``null`` until it is accepted."""
        return str(offer.work_order.public_id) if offer.status in BINDING_YES else None


class CounterIn(serializers.Serializer[Any]):
    """What would suit you: a price, a moment, or both."""

    price = Euros(required=False, min_value=Decimal("0.01"), help_text="For the whole job, including VAT, in euros.")
    starts_at = serializers.DateTimeField(
        required=False, help_text="When you would come, for a job at the client’s home: a free time (`/slots`)."
    )
    ready_on = serializers.DateField(
        required=False, help_text="The day on which it would be ready, for what is left at the desk: a later one."
    )
    comment = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    price_seen = Euros(
        required=False,
        min_value=Decimal(0),
        help_text="The `price` of the offer that you read: refused (`offer_repriced`) when it is another by now. "
        "Needed once it was changed, because more or less was weighed or counted than announced.",
    )


class OfferPauseIn(serializers.Serializer[Any]):
    """What you wait for."""

    reason = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in PauseReason if one != PauseReason.REQUEST_ON_HOLD]
    )
    note = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="What you need to know; needed with `awaiting_client_info`.",
    )


class AcceptIn(serializers.Serializer[Any]):
    """The dates are those of the offer, and so is the price."""

    price = Euros(
        required=False,
        min_value=Decimal(0),
        help_text="The price that you read: refused (`offer_repriced`) when it is another by now. Needed once it was "
        "changed, because more or less was weighed or counted than announced.",
    )


class DeclineIn(serializers.Serializer[Any]):
    """Why not."""

    reason = serializers.ChoiceField(choices=DeclineReason.choices)
    comment = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class ReleaseIn(serializers.Serializer[Any]):
    """Why you cannot do it after all."""

    reason = serializers.ChoiceField(choices=ReleaseReason.choices)
    comment = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
