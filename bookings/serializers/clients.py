"""Shapes of people and of the accounts that pay for them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from phonenumber_field.serializerfields import PhoneNumberField
from rest_framework import serializers

from bookings.enums import AccountKind, PresencePeriod
from bookings.models import Client, ClientAccount, ClientMembership


class PhoneOut(serializers.CharField):
    """International form, or empty."""

    def to_representation(self, value: Any) -> str:
        return value.as_e164 if value else ""


class ContactIn(serializers.Serializer[Any]):
    """What may be said about a person. What is left out stays as it is."""

    first_name = serializers.CharField(max_length=80, required=False)
    last_name = serializers.CharField(max_length=80, required=False)
    email = serializers.EmailField(required=False, allow_blank=True)
    phone = PhoneNumberField(required=False, allow_blank=True, region="FR")
    language = serializers.ChoiceField(choices=["fr", "en"], required=False)
    street = serializers.CharField(max_length=200, required=False, allow_blank=True)
    postcode = serializers.RegexField(
        r"\A([0-9]{5})?\Z",
        required=False,
        allow_blank=True,
        error_messages={"invalid": _("A French postcode has five digits.")},
    )
    city = serializers.CharField(max_length=100, required=False, allow_blank=True)

    def validate_phone(self, value: Any) -> str:
        """International form, or empty."""
        return value.as_e164 if value else ""


class NewClientIn(ContactIn):
    """Somebody new. An e-mail address or a phone number is needed."""

    first_name = serializers.CharField(max_length=80)
    last_name = serializers.CharField(max_length=80)
    confirm = serializers.BooleanField(
        default=False, help_text="This is nobody of the `candidates` that `likely_known` named."
    )


class ClientOut(serializers.Serializer[Client]):
    """A person, as they are known today. Two records that were merged are one person under one `id`."""

    id = serializers.UUIDField(source="public_id")
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    phone = PhoneOut(allow_blank=True)
    language = serializers.CharField()
    street = serializers.CharField(allow_blank=True)
    postcode = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class PrescriberOut(serializers.Serializer[Any]):
    """A professional of a partner structure, who books for people they accompany."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="user.get_full_name")
    structure = serializers.CharField()
    is_paused = serializers.SerializerMethodField(help_text="Nobody books in their name now.")

    def get_is_paused(self, prescriber: Any) -> bool:
        """Whether nothing opens for them."""
        return prescriber.paused_at is not None


class PrescriberIn(serializers.Serializer[Any]):
    """Who asks for the client, and that the client said yes to it."""

    id = serializers.UUIDField(help_text="Given by `GET /prescribers`.")
    agreed = serializers.BooleanField(
        help_text="The client agrees that this person books for them and keeps their details for that; else do not ask."
    )

    def validate_agreed(self, value: bool) -> bool:
        """No request without their word."""
        if not value:
            raise serializers.ValidationError(_("Ask the person first: without their agreement nothing is booked."))
        return value


class ClientAccountOut(serializers.Serializer[ClientAccount]):
    """A company, a landlord or a town that pays for its people. Its code is never shown: renew it on its page."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=AccountKind.choices)
    siren = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True, help_text="For invoices.")
    email_domain = serializers.CharField(allow_blank=True, help_text="Whoever proves such an address has its rights.")
    is_active = serializers.BooleanField()
    has_code = serializers.SerializerMethodField(help_text="Its people may join by a code.")
    headcount = serializers.IntegerField(allow_null=True)
    presence_hours = serializers.DecimalField(max_digits=5, decimal_places=1, allow_null=True)
    presence_period = serializers.ChoiceField(choices=PresencePeriod.choices)
    contract_from = serializers.DateField(allow_null=True)
    contract_to = serializers.DateField(allow_null=True)

    def get_has_code(self, account: ClientAccount) -> bool:
        """Whether a code was given out; never which."""
        return bool(account.code_hash)


class MemberOut(serializers.Serializer[ClientMembership]):
    """Whose requests the account pays, between which days."""

    id = serializers.UUIDField(source="public_id")
    client = serializers.SerializerMethodField(help_text="`null` until the owner of the address has come.")
    email = serializers.CharField(allow_blank=True)
    valid_from = serializers.DateField(allow_null=True)
    valid_to = serializers.DateField(allow_null=True, help_text="The last day.")

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_client(self, member: ClientMembership) -> Any:
        """Under the row that is kept."""
        client = member.client
        return None if client is None else str((client.merged_into or client).public_id)


class MemberIn(serializers.Serializer[Any]):
    """The owner of this address has the account's rights, between these days."""

    email = serializers.EmailField(max_length=254)
    valid_from = serializers.DateField(required=False, default=None, allow_null=True)
    valid_to = serializers.DateField(required=False, default=None, allow_null=True)


class EndMemberIn(serializers.Serializer[Any]):
    """The last day of the rights: today when it is left out."""

    last_day = serializers.DateField(required=False)


def hours_field(help_text: str, **more: Any) -> serializers.DecimalField:
    """Hours, in tenths."""
    return serializers.DecimalField(max_digits=7, decimal_places=1, help_text=help_text, **more)


class MonthOut(serializers.Serializer[Any]):
    """Requests of one month that the account pays."""

    month = serializers.RegexField(r"\A[0-9]{4}-[0-9]{2}\Z")
    requests = serializers.IntegerField()


class PresenceMonthOut(serializers.Serializer[Any]):
    """Hours of presence of one month, in tenths."""

    month = serializers.DateField(help_text="Its first day.")
    agreed = hours_field("Of the contract; `null` without hours of presence.", allow_null=True)
    planned = hours_field("Of its stands on open days until now.")
    held = hours_field("By the word of whoever stood there.")
    unstated = hours_field("Planned until now, and nobody has said what became of it.")
    to_come = hours_field("Planned later this month or next month.")


class UsageOut(serializers.Serializer[Any]):
    """How much its people use what the account pays for: twelve months, the newest first."""

    months = MonthOut(many=True)
    registered = serializers.IntegerField(help_text="Its people who are clients today.")
    headcount = serializers.IntegerField(allow_null=True)
    reach = serializers.IntegerField(allow_null=True, help_text="Registered among 100 people it speaks for.")
    presence = PresenceMonthOut(many=True, help_text="Next month and the last twelve.")
