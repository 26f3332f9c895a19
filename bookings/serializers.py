"""Shapes of the API. Money is text, moments carry their offset, identifiers are UUIDs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from phonenumber_field.serializerfields import PhoneNumberField
from rest_framework import serializers
from stdnum.fr import siren, siret

from bookings.enums import Execution, LineKind, Place, PriceMode, RequestStatus, WorkOrderStatus
from bookings.models import ServiceRequest, WorkOrder


class Euros(serializers.DecimalField):
    """An amount in euros, as text with two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=10, decimal_places=2, **kwargs)


class Count(serializers.IntegerField):
    """A whole number, written as one: no text, no fraction, no true or false."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


# --- catalogue ----------------------------------------


class SiteOut(serializers.Serializer[Any]):
    """A desk that takes requests."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    street = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    latitude = serializers.DecimalField(max_digits=9, decimal_places=6)
    longitude = serializers.DecimalField(max_digits=9, decimal_places=6)
    time_zone = serializers.CharField()
    phone = serializers.CharField()


class PriceOut(serializers.Serializer[Any]):
    """An item of the price grid, or an option."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    unit_price = Euros(help_text="Including VAT, in euros.")


class ServiceOut(serializers.Serializer[Any]):
    """Something that may be booked at a site."""

    id = serializers.UUIDField(source="public_id")
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.CharField(source="category.code")
    price_mode = serializers.ChoiceField(choices=PriceMode.choices)
    unit_price = Euros(allow_null=True, help_text="Of a fixed-price service.")
    place = serializers.ChoiceField(choices=Place.choices)
    max_quantity = serializers.IntegerField()
    items = serializers.SerializerMethodField()
    options = serializers.SerializerMethodField()

    @extend_schema_field(PriceOut(many=True))
    def get_items(self, service: Any) -> Any:
        """Active items only."""
        return PriceOut([item for item in service.price_items.all() if item.is_active], many=True).data

    @extend_schema_field(PriceOut(many=True))
    def get_options(self, service: Any) -> Any:
        """Active options only."""
        return PriceOut([option for option in service.options.all() if option.is_active], many=True).data


class SlotOut(serializers.Serializer[Any]):
    """A time with places left."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    places_left = serializers.IntegerField(source="left")


class SlotsOut(serializers.Serializer[Any]):
    """Free times, in order."""

    results = SlotOut(many=True)


class SlotsQuery(serializers.Serializer[Any]):
    """What ``GET /slots`` takes."""

    site = serializers.UUIDField()
    service = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=20)
    from_ = serializers.DateField(required=False)
    days = serializers.IntegerField(min_value=1, max_value=60, default=14)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``from`` is a word of Python."""
        fields = super().get_fields()
        fields["from"] = fields.pop("from_")
        return fields


# --- service requests ----------------------------------------


class ClientIn(serializers.Serializer[Any]):
    """For whom. An e-mail address or a phone number is needed; the address when somebody comes."""

    first_name = serializers.CharField(max_length=80)
    last_name = serializers.CharField(max_length=80)
    email = serializers.EmailField(required=False, default="", allow_blank=True)
    phone = PhoneNumberField(required=False, default="", allow_blank=True, region="FR")
    language = serializers.ChoiceField(choices=["fr", "en"], default="fr")
    street = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    postcode = serializers.RegexField(
        r"\A([0-9]{5})?\Z",
        required=False,
        default="",
        allow_blank=True,
        error_messages={"invalid": _("A French postcode has five digits.")},
    )
    city = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)

    def validate_phone(self, value: Any) -> str:
        """International form, or empty."""
        return value.as_e164 if value else ""


class ItemIn(serializers.Serializer[Any]):
    """How many of one item of the price grid."""

    item = serializers.UUIDField()
    quantity = Count(min_value=1, max_value=500)


class LineIn(serializers.Serializer[Any]):
    """One service: items of its grid, or ``quantity`` when its price is fixed; its options once each."""

    service = serializers.UUIDField()
    quantity = Count(min_value=1, max_value=500, required=False)
    items = serializers.ListField(child=ItemIn(), required=False, default=list, max_length=100)
    options = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=50)


class ServiceRequestIn(serializers.Serializer[Any]):
    """A booking. Prices are computed here; none is read from you."""

    site = serializers.UUIDField()
    slot = serializers.DateTimeField(help_text="`starts_at` of a slot given by `GET /slots`.")
    client = ClientIn()
    lines = serializers.ListField(child=LineIn(), allow_empty=False, max_length=20)
    payer_siren = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=20,
        help_text="SIREN or SIRET of the client account that pays; without it, the client pays.",
    )
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)

    def validate_payer_siren(self, value: str) -> str:
        """Nine digits with their check digit; of a SIRET, its first nine."""
        digits = "".join(value.split())
        if not digits:
            return ""
        if siren.is_valid(digits):
            return str(siren.compact(digits))
        if siret.is_valid(digits):
            return str(siret.compact(digits))[:9]
        raise serializers.ValidationError(_("This is not a valid SIREN (nine digits) or SIRET (fourteen digits)."))


class RequestLineOut(serializers.Serializer[Any]):
    """A frozen line."""

    service = serializers.CharField(source="service.code")
    kind = serializers.ChoiceField(choices=LineKind.choices)
    description = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price_incl_vat = Euros()
    vat_rate = serializers.DecimalField(max_digits=4, decimal_places=2)
    total_incl_vat = Euros()


class RequestWorkOut(serializers.Serializer[Any]):
    """A work order, as its request shows it."""

    id = serializers.UUIDField(source="public_id")
    reference = serializers.CharField()
    service = serializers.CharField(source="service.code")
    execution = serializers.ChoiceField(choices=Execution.choices)
    status = serializers.ChoiceField(choices=WorkOrderStatus.choices)
    category = serializers.CharField()
    performer = serializers.CharField(source="performer_label")


class ServiceRequestOut(serializers.Serializer[Any]):
    """A request with its lines and work orders."""

    id = serializers.UUIDField(source="public_id")
    reference = serializers.CharField()
    status = serializers.ChoiceField(choices=RequestStatus.choices)
    category = serializers.CharField()
    site = serializers.UUIDField(source="site.public_id")
    client = serializers.UUIDField(source="client.public_id")
    contact_name = serializers.CharField()
    contact_email = serializers.CharField()
    contact_phone = serializers.SerializerMethodField()
    place = serializers.ChoiceField(choices=Place.choices)
    promised_start = serializers.DateTimeField(allow_null=True)
    promised_end = serializers.DateTimeField(allow_null=True)
    total_incl_vat = Euros()
    submitted_at = serializers.DateTimeField()
    tracking_path = serializers.SerializerMethodField(help_text="Path of the client's tracking page: keep it secret.")
    version = serializers.IntegerField()
    lines = RequestLineOut(many=True)
    work_orders = RequestWorkOut(many=True)

    def get_contact_phone(self, request: ServiceRequest) -> str:
        """International form, or empty."""
        return request.contact_phone.as_e164 if request.contact_phone else ""

    def get_tracking_path(self, request: ServiceRequest) -> str:
        """The unguessable path."""
        return f"/suivi/{request.tracking_token}/"


class CancelIn(serializers.Serializer[Any]):
    """Why, in a few words."""

    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


# --- work orders ----------------------------------------


class WorkLineOut(serializers.Serializer[Any]):
    """What is to be done, without the client's prices."""

    description = serializers.CharField()
    quantity = serializers.IntegerField()


class WorkClientOut(serializers.Serializer[Any]):
    """Who it is for: only for the holder, and until 24 hours after the check (P05)."""

    name = serializers.CharField()
    phone = serializers.CharField()
    street = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    note = serializers.CharField()


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
    quantity = serializers.IntegerField()
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
        phone = request.contact_phone.as_e164 if request.contact_phone else ""
        return {
            "name": request.contact_name,
            "phone": phone,
            "street": request.street,
            "postcode": request.postcode,
            "city": request.city,
            "note": request.note,
        }


class ActIn(serializers.Serializer[Any]):
    """When it really happened, if not now."""

    act_at = serializers.DateTimeField(required=False, default=None, allow_null=True)


UUID_PATH = OpenApiTypes.UUID
