"""Providers: who they are, whether we work with them, and their people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python
from stdnum.fr import siret as siret_number

from concierge import events
from concierge.db import refuse_on
from concierge.enums import Role
from concierge.errors import Conflict, Invalid
from concierge.models import Membership, Organisation, User, normalise_email
from concierge.tenancy import Actor
from providers.actions.file_moves import check_row, lock_provider
from providers.models import Provider, ProviderMember


@dataclass(frozen=True)
class ProviderDetails:
    """What is written in a provider's file. Coordinates in degrees, ``radius_km`` around the address."""

    name: str
    siret: str
    street: str
    postcode: str
    city: str
    latitude: Decimal
    longitude: Decimal
    email: str = ""
    phone: str = ""
    contact_name: str = ""
    radius_km: int = 10
    daily_capacity: int = 5
    language: str = "fr"
    is_local: bool = True
    is_ess: bool = False
    is_insertion: bool = False
    charter_signed_on: dt.date | None = None


@transaction.atomic
def create_provider(organisation: Organisation, details: ProviderDetails, *, by: Actor) -> Provider:
    """Open a provider's file. Raises ``Invalid`` naming the field at fault (SIRET, phone, postcode ...)."""
    provider = Provider(organisation=organisation)
    _fill(provider, details)
    with refuse_on(
        "provider_siret_once_per_organisation",
        Invalid(_("Another provider already has this SIRET."), field="siret"),
    ):
        provider.save()
    events.record("provider.created", provider, by=by)
    return provider


@transaction.atomic
def change_provider(provider: Provider, details: ProviderDetails, *, by: Actor) -> Provider:
    """Correct a provider's file. Raises ``Invalid`` naming the field at fault."""
    locked = lock_provider(provider)
    _fill(locked, details)
    with refuse_on(
        "provider_siret_once_per_organisation",
        Invalid(_("Another provider already has this SIRET."), field="siret"),
    ):
        locked.save()
    events.record("provider.changed", locked, by=by)
    return locked


@transaction.atomic
def set_active(provider: Provider, *, is_active: bool, by: Actor) -> Provider:
    """Stop or resume working with a provider.

    Stopped, it is asked nothing and its keys and links refuse (``PartnershipPaused``); its open offers go to others at
    once (``handlers.pass_on_what_is_open``). Work it has accepted stays with it until staff takes it back
    (``take_job_back``).
    """
    locked = lock_provider(provider)
    if locked.is_active != is_active:
        locked.is_active = is_active
        locked.save(update_fields=["is_active"])
        events.record("provider.resumed" if is_active else "provider.stopped", locked, by=by)
    return locked


@transaction.atomic
def add_member(provider: Provider, user: User, *, by: Actor) -> ProviderMember:
    """Let a user act for a provider. Raises ``Conflict`` when they already act for one here."""
    member = ProviderMember(organisation_id=provider.organisation_id, provider=provider, user=user)
    with refuse_on(
        "provider_member_user_once_per_organisation", Conflict(_("This person already acts for a provider."))
    ):
        member.save()
    Membership.objects.get_or_create(organisation_id=provider.organisation_id, user=user, role=Role.PROVIDER, site=None)
    events.record("provider.changed", provider, by=by, what="member")
    return member


def _fill(provider: Provider, details: ProviderDetails) -> None:
    for name, value in vars(details).items():
        setattr(provider, name, value)
    provider.email = normalise_email(details.email)
    provider.siret = siret_number.compact(details.siret)
    phone = to_python(details.phone, region="FR")
    if details.phone and (phone is None or not phone.is_valid()):
        raise Invalid(_("This phone number is not valid."), field="phone")
    check_row(provider)
