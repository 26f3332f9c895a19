"""Shapes of service requests."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from phonenumber_field.serializerfields import PhoneNumberField
from rest_framework import serializers
from stdnum.fr import siren, siret

from bookings.enums import Execution, LineKind, Place, RequestStatus, WorkOrderStatus
from bookings.models import ServiceRequest
from bookings.models.access import LONGEST_ACCESS
from bookings.models.waiting import waiting_of, waiting_of_new
from bookings.serializers.clients import PrescriberIn
from bookings.serializers.fields import Count, Euros, QuantityIn, QuantityOut
from bookings.serializers.waits import WaitingOut


def check_spot(attrs: Any) -> Any:
    """Both coordinates, or neither."""
    if (attrs.get("latitude") is None) != (attrs.get("longitude") is None):
        raise serializers.ValidationError({"latitude": [_("Give both latitude and longitude, or neither.")]})
    return attrs


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
    latitude = serializers.DecimalField(max_digits=9, decimal_places=6, min_value=-90, max_value=90, required=False)
    longitude = serializers.DecimalField(
        max_digits=9, decimal_places=6, min_value=-180, max_value=180, required=False, help_text="Both, or neither."
    )

    def validate(self, attrs: Any) -> Any:
        """A point has two coordinates."""
        return check_spot(attrs)

    def validate_phone(self, value: Any) -> str:
        """International form, or empty."""
        return value.as_e164 if value else ""


class BeneficiaryIn(serializers.Serializer[Any]):
    """The person who is helped, when that is not the client. When somebody comes, it is to their address."""

    first_name = serializers.CharField(max_length=80)
    last_name = serializers.CharField(max_length=80)
    phone = PhoneNumberField(required=False, default="", allow_blank=True, region="FR")
    email = serializers.EmailField(required=False, default="", allow_blank=True)
    agreed = serializers.BooleanField(
        default=False, help_text="They agree to be written to about this request; needs `email`."
    )
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


class BeneficiaryOut(serializers.Serializer[Any]):
    """The person who is helped, as the request keeps them."""

    id = serializers.UUIDField(source="beneficiary.public_id")
    name = serializers.CharField(source="beneficiary_name")
    phone = serializers.CharField(source="beneficiary_phone")
    email = serializers.CharField(source="beneficiary_email", help_text="Only when they agreed to be written to.")


class ItemIn(serializers.Serializer[Any]):
    """How many of one item of the price grid."""

    item = serializers.UUIDField()
    quantity = Count(min_value=1, max_value=500)


class LineIn(serializers.Serializer[Any]):
    """One service: items of its grid, or ``quantity`` (or ``minutes``) when it has one price; its options once each."""

    service = serializers.UUIDField()
    quantity = QuantityIn(min_value=1, max_value=500, required=False)
    minutes = Count(min_value=1, max_value=1440, required=False, help_text="Each started half hour counts.")
    items = serializers.ListField(child=ItemIn(), required=False, default=list, max_length=100)
    options = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=50)


class ServiceRequestIn(serializers.Serializer[Any]):
    """A booking. Prices are computed here; none is read from you."""

    site = serializers.UUIDField()
    slot = serializers.DateTimeField(required=False, help_text="`starts_at` of a slot given by `GET /slots`.")
    presence = serializers.UUIDField(
        required=False, default=None, allow_null=True, help_text="The stand, when it is not at the desk."
    )
    run = serializers.UUIDField(
        required=False,
        help_text="Instead of `slot`, for what is ordered ahead: a hand-out given by `GET /pre-order-runs`.",
    )
    client = ClientIn()
    beneficiary = BeneficiaryIn(required=False, default=None, allow_null=True)
    prescriber = PrescriberIn(required=False, default=None, allow_null=True)
    lines = serializers.ListField(child=LineIn(), allow_empty=False, max_length=20)
    payer_siren = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=20,
        help_text="SIREN or SIRET of the client account that pays; without it, the client pays.",
    )
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    access_note = serializers.CharField(
        max_length=LONGEST_ACCESS,
        required=False,
        default="",
        allow_blank=True,
        write_only=True,
        help_text="Of a visit: how we get in (door code, floor). Kept encrypted, read by the team of the site and "
        "by whoever goes there, forgotten a week after the visit; no answer about a request says it.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A slot or a hand-out, not both."""
        if ("slot" in attrs) == ("run" in attrs):
            raise serializers.ValidationError({"slot": [_("Name a slot, or a hand-out of what is ordered ahead.")]})
        return attrs

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

    position = serializers.IntegerField(help_text="Names the line when quantities are stated.")
    service = serializers.CharField(source="service.code")
    kind = serializers.ChoiceField(choices=LineKind.choices)
    description = serializers.CharField()
    quantity = QuantityOut()
    unit = serializers.CharField(allow_blank=True)
    unit_price_incl_vat = Euros()
    vat_rate = serializers.DecimalField(max_digits=4, decimal_places=2)
    total_incl_vat = Euros()
    is_estimate = serializers.BooleanField(help_text="Nobody has weighed it yet.")
    ordered_quantity = QuantityOut(allow_null=True, help_text="What was announced, once it was weighed or counted.")
    measured_quantity = QuantityOut(
        allow_null=True, help_text="What was weighed or counted; less than the least of the service is charged as it."
    )


class RequestWorkOut(serializers.Serializer[Any]):
    """A work order, as its request shows it."""

    id = serializers.UUIDField(source="public_id")
    reference = serializers.CharField()
    service = serializers.CharField(source="service.code")
    execution = serializers.ChoiceField(choices=Execution.choices)
    status = serializers.ChoiceField(choices=WorkOrderStatus.choices)
    category = serializers.CharField()
    performer = serializers.CharField(source="performer_label")


class RequestsOut(serializers.ListSerializer[Any]):
    """Several requests: whose turn it is on each is read for all of them at once."""

    def to_representation(self, data: Any) -> list[Any]:
        """As usual, but for ``waiting``."""
        found = list(data)
        context = cast("dict[str, Any]", self.context)  # the one that its children read
        context["waiting"] = waiting_of(found, now=timezone.now())
        shown: list[Any] = super().to_representation(found)
        return shown


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
    beneficiary = serializers.SerializerMethodField()
    prescriber = serializers.SerializerMethodField(help_text="Who asked for the client, when somebody did.")
    place = serializers.ChoiceField(choices=Place.choices)
    promised_start = serializers.DateTimeField(allow_null=True)
    promised_end = serializers.DateTimeField(allow_null=True)
    total_incl_vat = Euros()
    submitted_at = serializers.DateTimeField()
    tracking_path = serializers.SerializerMethodField(help_text="Path of the client's tracking page: keep it secret.")
    version = serializers.IntegerField()
    lines = RequestLineOut(many=True)
    work_orders = RequestWorkOut(many=True)
    waiting = serializers.SerializerMethodField()
    refusal = serializers.CharField(help_text="Why it was declined, as the client reads it.")
    alternative = serializers.CharField(help_text="What the client was told that they may do instead.")

    class Meta:
        list_serializer_class = RequestsOut

    @extend_schema_field(WaitingOut)
    def get_waiting(self, request: ServiceRequest) -> Any:
        """One that was made a moment ago has no history to read."""
        if self.context.get("is_new"):
            return WaitingOut(waiting_of_new(request, now=timezone.now()).request).data
        known = self.context.get("waiting") or waiting_of([request], now=timezone.now())
        return WaitingOut(known[request.pk].request).data

    def get_contact_phone(self, request: ServiceRequest) -> str:
        """International form, or empty."""
        return request.contact_phone.as_e164 if request.contact_phone else ""

    @extend_schema_field(BeneficiaryOut(allow_null=True))
    def get_beneficiary(self, request: ServiceRequest) -> Any:
        """``null`` when it is for the client."""
        return BeneficiaryOut(request).data if request.beneficiary_name else None

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_prescriber(self, request: ServiceRequest) -> Any:
        """``null`` when the client asked."""
        return str(request.prescriber.public_id) if request.prescriber else None

    def get_tracking_path(self, request: ServiceRequest) -> str:
        """The unguessable path."""
        return f"/suivi/{request.tracking_token}/"


class RescheduleIn(serializers.Serializer[Any]):
    """The new time."""

    slot = serializers.DateTimeField(help_text="`starts_at` of a slot given by `GET /slots`, or any start that fits.")


class CancelIn(serializers.Serializer[Any]):
    """Why, in a few words."""

    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
