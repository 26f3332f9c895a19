"""Providers, their hours, papers, prices and people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python
from stdnum.fr import siret as siret_number

from bookings.models import Service
from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.enums import Role
from concierge.errors import Conflict, Invalid
from concierge.models import Membership, Organisation, User, normalise_email
from concierge.tenancy import Actor
from providers.enums import DocumentKind
from providers.models import (
    OfferPolicy,
    Provider,
    ProviderDocument,
    ProviderHours,
    ProviderMember,
    ServiceAgreement,
)
from providers.rules.hours import Opening


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
    locked = _lock(provider)
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
    locked = _lock(provider)
    if locked.is_active != is_active:
        locked.is_active = is_active
        locked.save(update_fields=["is_active"])
        events.record("provider.resumed" if is_active else "provider.stopped", locked, by=by)
    return locked


@transaction.atomic
def set_hours(provider: Provider, opening: Sequence[Opening], *, by: Actor) -> None:
    """Replace the hours in which a provider answers. Raises ``Invalid`` when they overlap or end before they begin."""
    locked = _lock(provider)
    locked.opening_hours.all().delete()
    rows = [
        ProviderHours(
            organisation_id=locked.organisation_id,
            provider=locked,
            weekday=one.weekday,
            opens=one.opens,
            closes=one.closes,
        )
        for one in opening
    ]
    if any(row.closes <= row.opens or not 0 <= row.weekday <= 6 for row in rows):
        raise Invalid(_("The closing time must be after the opening time."), field="opening_hours")
    overlap = Invalid(_("These hours overlap other hours of the same day."), field="opening_hours")
    with refuse_on("provider_hours_do_not_overlap", overlap):
        ProviderHours.objects.bulk_create(rows)
    events.record("provider.changed", locked, by=by, what="hours")


@transaction.atomic
def add_document(
    provider: Provider,
    *,
    kind: DocumentKind,
    issued_on: dt.date,
    expires_on: dt.date | None = None,
    reference: str = "",
    by: Actor,
) -> ProviderDocument:
    """Note that a paper was seen; the latest of each kind counts. Raises ``Invalid`` when it ends before it begins."""
    if expires_on is not None and expires_on < issued_on:
        raise Invalid(_("The last day cannot be before the first day."), field="expires_on")
    document = ProviderDocument.objects.create(
        organisation_id=provider.organisation_id,
        provider=provider,
        kind=kind,
        issued_on=issued_on,
        expires_on=expires_on,
        reference=reference[:80],
    )
    events.record("provider.changed", provider, by=by, what=f"document:{kind}")
    return document


@transaction.atomic
def agree_service(
    provider: Provider,
    service: Service,
    *,
    purchase_price: Decimal | None = None,
    commission_percent: Decimal | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
    by: Actor,
) -> ServiceAgreement:
    """Agree that a provider does a service from a day on (today), paid per item or less a commission (R33).

    Raises ``Invalid`` on a wrong price or period and ``Conflict`` when an agreement already covers some of the days.
    """
    agreement = ServiceAgreement(
        organisation_id=provider.organisation_id,
        provider=provider,
        service=service,
        purchase_price=purchase_price,
        commission_percent=commission_percent,
        valid_from=valid_from or today_of(provider.organisation),
        valid_to=valid_to,
    )
    _check(agreement)
    taken = Conflict(_("An agreement for this service already covers some of these days."), field="valid_from")
    with refuse_on("service_agreements_do_not_overlap", taken):
        agreement.save()
    events.record("provider.changed", provider, by=by, what=f"agreement:{service.code}")
    return agreement


@transaction.atomic
def end_agreement(agreement: ServiceAgreement, *, on: dt.date, by: Actor) -> ServiceAgreement:
    """Let an agreement end on a day (included). Raises ``Invalid`` before its first day."""
    locked = ServiceAgreement.objects.select_for_update(of=("self",), no_key=True).get(pk=agreement.pk)
    if on < locked.valid_from:
        raise Invalid(_("The last day cannot be before the first day."), field="valid_to")
    locked.valid_to = on
    locked.save(update_fields=["valid_to"])
    events.record("provider.changed", locked.provider, by=by, what=f"agreement:{locked.service.code}")
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


@transaction.atomic
def set_offer_policy(
    organisation: Organisation,
    *,
    service: Service | None = None,
    wave_size: int = 3,
    max_waves: int = 3,
    answer_hours: Decimal = Decimal(4),
    weights: tuple[int, int, int] = (40, 35, 25),
    by: Actor,
) -> OfferPolicy:
    """Set how providers are asked for a service, or (no service) for all others.

    ``answer_hours`` are opening hours; ``weights`` are nearness, fair sharing, free capacity. Raises ``Invalid``.
    """
    policy = OfferPolicy.objects.filter(organisation=organisation, service=service).first()
    policy = policy or OfferPolicy(organisation=organisation, service=service)
    policy.wave_size, policy.max_waves, policy.answer_hours = wave_size, max_waves, answer_hours
    policy.weight_distance, policy.weight_share, policy.weight_capacity = weights
    _check(policy)
    policy.save()
    events.record(
        "offer_policy.changed",
        service or organisation,
        by=by,
        wave_size=wave_size,
        max_waves=max_waves,
        answer_hours=str(answer_hours),
        weights=weights,
    )
    return policy


def _lock(provider: Provider) -> Provider:
    return Provider.objects.select_for_update(of=("self",), no_key=True).get(pk=provider.pk)


def _fill(provider: Provider, details: ProviderDetails) -> None:
    for name, value in vars(details).items():
        setattr(provider, name, value)
    provider.email = normalise_email(details.email)
    provider.siret = siret_number.compact(details.siret)
    phone = to_python(details.phone, region="FR")
    if details.phone and (phone is None or not phone.is_valid()):
        raise Invalid(_("This phone number is not valid."), field="phone")
    _check(provider)


def _check(row: Provider | ServiceAgreement | OfferPolicy) -> None:
    """Field validators and check constraints as ``Invalid``, before PostgreSQL has to say it."""
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
        for constraint in row._meta.constraints:
            if type(constraint).__name__ == "CheckConstraint":
                constraint.validate(type(row), row)
    except ValidationError as error:
        field, messages = next(iter(getattr(error, "message_dict", {"": error.messages}).items()))
        raise Invalid(messages[0], field=None if field in {"", "__all__"} else field) from error
