"""Providers: who they are, whether we work with them, and their people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python
from stdnum.fr import siret as siret_number
from stdnum.fr import tva

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
    """What is written in a provider's file. Coordinates in degrees, when known, ``radius_km`` around the address."""

    name: str
    siret: str
    street: str
    postcode: str
    city: str
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    email: str = ""
    phone: str = ""
    contact_name: str = ""
    legal_name: str = ""
    vat_number: str = ""
    is_vat_exempt: bool = False
    radius_km: int = 10
    travel_mode: str = "car"
    daily_capacity: int = 5
    language: str = "fr"
    is_local: bool = True
    is_ess: bool = False
    is_insertion: bool = False
    is_sheltered: bool = False
    has_refashion_label: bool = False
    charter_signed_on: dt.date | None = None


@transaction.atomic
def create_provider(
    organisation: Organisation, details: ProviderDetails, *, is_to_check: bool = False, by: Actor
) -> Provider:
    """Open a provider's file; ``is_to_check``: it may be asked once the team says so.

    Raises ``Invalid`` naming the field at fault (SIRET, phone, postcode ...).
    """
    provider = Provider(organisation=organisation, is_to_check=is_to_check, is_active=not is_to_check)
    _fill(provider, vars(details))
    with _siret_once():
        provider.save()
    events.record("provider.created", provider, by=by)
    return provider


@transaction.atomic
def change_provider(provider: Provider, changes: Mapping[str, Any], *, by: Actor) -> Provider:
    """Correct a provider's file: only what ``changes`` names, so that nobody undoes what somebody else saved meanwhile.

    Raises ``Invalid`` naming the field at fault.
    """
    locked = lock_provider(provider)
    before = {name: getattr(locked, name) for name in changes}
    _fill(locked, changes)
    changed = sorted(name for name in changes if getattr(locked, name) != before[name])
    if not changed:
        return locked
    with _siret_once():
        locked.save(update_fields=changed)
    # Where they no longer read: links that were sent there end (``handlers.addresses``).
    left = [name for name in ("email", "phone") if name in changed and before[name]]
    events.record("provider.changed", locked, by=by, what="details", changed=changed, left=left)
    return locked


@transaction.atomic
def set_active(provider: Provider, *, is_active: bool, by: Actor) -> Provider:
    """Stop or resume working with a provider.

    Stopped, it is asked nothing and its keys and links refuse (``PartnershipPaused``); its open offers go to others at
    once (``handlers.pass_on_what_is_open``). Work it has accepted stays with it until staff takes it back
    (``take_job_back``).
    """
    locked = lock_provider(provider)
    if is_active and locked.is_to_check:
        raise Conflict(_("Look at its file and say yes to it first."))
    if locked.is_active != is_active:
        locked.is_active, locked.is_to_check = is_active, False
        locked.save(update_fields=["is_active", "is_to_check"])
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


def _siret_once() -> AbstractContextManager[None]:
    refusal = Invalid(_("Another provider already has this SIRET."), field="siret", is_known=True)
    return refuse_on("provider_siret_once_per_organisation", refusal)


def _fill(provider: Provider, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        setattr(provider, name, TIDY[name](value) if name in TIDY else value)
    phone = to_python(given.get("phone", ""), region="FR")
    if given.get("phone") and (phone is None or not phone.is_valid()):
        raise Invalid(_("This phone number is not valid."), field="phone")
    check_row(provider)


def _vat(typed: str) -> str:
    """With its FR, without blanks."""
    return f"FR{tva.compact(typed)}" if typed else ""


# How what people type is kept.
TIDY: Mapping[str, Callable[[str], str]] = {
    "email": normalise_email,
    "siret": siret_number.compact,
    "vat_number": _vat,
}
