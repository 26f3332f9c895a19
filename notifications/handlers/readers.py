"""Who is told of what happened."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from django.db import transaction
from django.db.models import Q

from bookings.models import Prescriber, ServiceRequest
from concierge.enums import Role
from concierge.models import Event, Site, User
from concierge.tasks import poke
from notifications.actions.queue import Reader, queue_message
from notifications.enums import Kind, RecipientKind
from notifications.models import Message
from notifications.tasks import send_messages
from providers.actions.contacts import mobile_of, sms_number, way_to_write
from providers.enums import ContactChannel
from providers.models import Offer, Provider, ProviderInvitation
from workers.models import Trainee


def tell(
    event: Event,
    readers: Iterable[Reader],
    *,
    site: Site | None = None,
    request_id: uuid.UUID | None = None,
    kind: Kind | None = None,
) -> list[Message]:
    """Queue a message of this event for each reader, and ask a worker to hurry after commit."""
    kind = kind or Kind(event.name)
    asked = [queue_message(kind, reader, event=event, site=site, request_id=request_id) for reader in readers]
    queued = [message for message in asked if message is not None]
    if queued:
        transaction.on_commit(partial(poke, send_messages, event.organisation_id), robust=True)
    return queued


def contact_of(request: ServiceRequest) -> Reader:
    """The client; whoever asked for them, and still may, when they have no address."""
    speaker = request.speaker if not request.contact_email else None
    if speaker is not None:
        return member_of_partner(speaker)
    return Reader(
        RecipientKind.CLIENT,
        address=request.contact_email,
        language=request.language,
        name=request.contact_name,
        key=request.client_id,
    )


def beneficiary_of(request: ServiceRequest) -> Reader:
    """The person it is for, when they agreed to be told: without that there is no address."""
    return Reader(
        RecipientKind.BENEFICIARY,
        address=request.beneficiary_email,
        language=request.language,
        name=request.beneficiary_name,
        key=request.beneficiary_id,
    )


def member_of_partner(prescriber: Prescriber) -> Reader:
    """A professional of a partner structure."""
    user = prescriber.user
    return Reader(
        RecipientKind.PRESCRIBER,
        address=user.email,
        language=user.language,
        name=user.get_full_name(),
        key=prescriber.pk,
    )


def business(provider: Provider) -> Reader:
    """A provider: by e-mail, else by SMS."""
    return Reader(
        RecipientKind.PROVIDER,
        address=provider.email,
        language=provider.language,
        name=provider.contact_name or provider.name,
        key=provider.pk,
        phone=sms_number(provider),
    )


def invited(invitation: ProviderInvitation) -> Reader:
    """A business that is none of ours yet: by e-mail, else by SMS."""
    return Reader(
        RecipientKind.PROVIDER,
        address=invitation.email,
        language=invitation.language,
        name=invitation.name,
        phone=mobile_of(invitation.phone),
    )


def asked_business(offer: Offer) -> Reader:
    """The provider of an offer, by the way on which it was reached."""
    reader = business(offer.provider)
    return replace(reader, address="") if way_to_write(offer) == ContactChannel.SMS else reader


def desk_of(request: ServiceRequest) -> list[Reader]:
    """Whoever follows requests at the site of one."""
    return team_at(request.site, Role.CONCIERGE, Role.DISPATCHER, Role.SITE_MANAGER)


def dispatchers_at(site: Site) -> list[Reader]:
    """Whoever may settle what a provider asks or proposes there (``can_dispatch``): concierges may not."""
    return team_at(site, Role.DISPATCHER, Role.SITE_MANAGER, Role.NETWORK_HEAD)


def team_at(site: Site, *roles: Role) -> list[Reader]:
    """Everybody who holds the first of these roles that anybody holds at the site."""
    here = Q(memberships__site=site) | Q(memberships__site=None)
    for role in roles:
        found = User.objects.filter(
            here, is_active=True, memberships__organisation=site.organisation_id, memberships__role=role
        )
        if people := list(found.distinct().order_by("pk")):
            return [member(user) for user in people]
    return []


def still_at(user: User | None, site: Site, role: Role) -> list[Reader]:
    """Somebody, as long as they hold the role at the site; else nobody: what is said there is not theirs any more."""
    if user is None or not user.is_active:
        return []
    held = user.memberships.filter(Q(site=site) | Q(site=None), organisation=site.organisation_id, role=role)
    return [member(user)] if held.exists() else []


def heads(organisation_id: int) -> list[Reader]:
    """Network heads, else whoever manages a site."""
    for role in (Role.NETWORK_HEAD, Role.SITE_MANAGER):
        found = User.objects.filter(is_active=True, memberships__organisation=organisation_id, memberships__role=role)
        if people := list(found.distinct().order_by("pk")):
            return [member(user) for user in people]
    return []


def account_of(trainee: Trainee) -> list[Reader]:
    """Somebody of the team themself; nobody when they have no address: they read it on their own pages."""
    return [member(trainee.user)] if trainee.user is not None and trainee.reads_mail else []


def member(user: User) -> Reader:
    """A member of the team."""
    return Reader(
        RecipientKind.STAFF, address=user.email, language=user.language, name=user.get_short_name(), key=user.pk
    )
