"""A provider is written to elsewhere now: whoever reads the old address opens nothing any more (S16)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from bookings.actions.work_orders import lock_work_order
from concierge.tenancy import Actor
from providers.actions.agreements import lock_agreement
from providers.actions.links import issue_link
from providers.actions.offer_moves import lock_offer, say
from providers.actions.prices import lock_price, resend_price_request
from providers.actions.signing import resend_agreement
from providers.enums import (
    BINDING_YES,
    WAITING,
    ContactChannel,
    ContactStatus,
    InvitationStatus,
    OfferStatus,
    PriceRequestStatus,
)
from providers.models import AccessLink, AgreementLink, InvitationLink, OfferContact, PersonalLink, PriceLink, Provider


def _alive(kind: type[PersonalLink], provider: Provider) -> QuerySet[Any]:
    """The links of a provider that open something."""
    of_theirs = {f"{kind.about}__provider": provider}
    return kind._default_manager.filter(revoked_at=None, expires_at__gt=timezone.now(), **of_theirs)


def _replace(link: PersonalLink) -> bool:
    """End a link, and make another that lives as long; ``False`` when it is over by now. Under the lock of what it is
    about."""
    rows = type(link)._default_manager.filter(pk=link.pk, revoked_at=None)
    if not rows.update(revoked_at=timezone.now()):
        return False
    fresh = issue_link(link.subject)
    type(link)._default_manager.filter(pk=fresh.pk, expires_at__lt=link.expires_at).update(expires_at=link.expires_at)
    return True


@transaction.atomic
def replace_offer_links(provider: Provider, *, only_by_sms: bool, by: Actor) -> None:
    """Whoever is asked is asked again at the new address, whoever has the work is sent its page."""
    links = _alive(AccessLink, provider).select_related("offer__work_order")
    if only_by_sms:
        by_sms = OfferContact.objects.filter(offer=OuterRef("offer_id"), channel=ContactChannel.SMS)
        links = links.filter(Exists(by_sms))
    # By work order: every transaction that locks several does so in this order.
    for link in links.order_by("offer__work_order_id", "pk"):
        lock_work_order(link.offer.work_order)
        offer = lock_offer(link.offer)
        if not _replace(link) or not provider.is_active:
            continue
        if offer.status == OfferStatus.SENT:
            # What has not left yet is held back there: the next letter carries the question.
            offer.contacts.filter(status=ContactStatus.DUE).update(message_id=None)
            say(offer, "sent", by, again=True)
        elif offer.status in WAITING | BINDING_YES:
            say(offer, "link_renewed", by)


@transaction.atomic
def replace_price_links(provider: Provider, *, by: Actor) -> None:
    """Whoever is asked for a price is asked again at the new address."""
    for link in _alive(PriceLink, provider).select_related("price_request").order_by("pk"):
        asked = lock_price(link.price_request)
        is_open = asked.status == PriceRequestStatus.SENT and asked.due_at > timezone.now()
        if _replace(link) and provider.is_active and is_open:
            resend_price_request(asked, by=by)


def end_invitation_links(provider: Provider) -> None:
    """Whoever handed in gets a new link with the next paper that is asked for; an invitation that is under way was sent
    to whom it was meant for."""
    _alive(InvitationLink, provider).filter(invitation__status=InvitationStatus.USED).update(revoked_at=timezone.now())


@transaction.atomic
def replace_agreement_links(provider: Provider, *, by: Actor) -> None:
    """What waits for a signature is sent again to the new address."""
    for link in _alive(AgreementLink, provider).select_related("agreement").order_by("pk"):
        locked = lock_agreement(link.agreement)
        if _replace(link) and provider.is_active and locked.waits_for_provider:
            resend_agreement(locked, by=by)
