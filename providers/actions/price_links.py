"""Personal links to a price request: made, rebuilt for messages, opened, reported (trust.md S16)."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from concierge import events
from concierge.tenancy import Actor
from providers.actions.links import READABLE_AFTER, absolute_address, check_alive
from providers.models import PriceLink, PriceRequest
from providers.models.links import code_of, hash_of, new_nonce, token_of


def issue_price_link(asked: PriceRequest) -> PriceLink:
    """Make the link of a price request, replacing an earlier one. Runs in the caller's transaction."""
    PriceLink.objects.filter(price_request=asked, revoked_at=None).update(revoked_at=timezone.now())
    nonce = new_nonce()
    return PriceLink.objects.create(
        organisation_id=asked.organisation_id,
        price_request=asked,
        nonce=nonce,
        token_hash=hash_of(token_of(nonce)),
        expires_at=asked.due_at + READABLE_AFTER,
    )


def keep_price_link(asked: PriceRequest) -> None:
    """A price may be looked at, and taken back, as long as it is valid. In the caller's transaction."""
    if asked.valid_until is None:
        return
    end = timezone.now() + (asked.valid_until - timezone.localdate()) + READABLE_AFTER
    PriceLink.objects.filter(price_request=asked, revoked_at=None, expires_at__lt=end).update(expires_at=end)


def _current(asked: PriceRequest) -> PriceLink | None:
    return PriceLink.objects.filter(price_request=asked, revoked_at=None).order_by("-pk").first()


def price_link_url(asked: PriceRequest) -> str:
    """Absolute address of its page for the provider, rebuilt when a message is sent; ``""`` once revoked."""
    link = _current(asked)
    if link is None:
        return ""
    return absolute_address(asked.organisation_id, reverse("providers:price-link", args=[token_of(link.nonce)]))


def price_link_code(asked: PriceRequest) -> str:
    """The four digits to print beside the address; ``""`` once the link is revoked."""
    link = _current(asked)
    return code_of(link.nonce) if link else ""


def open_price_link(token: str) -> PriceLink | None:
    """The link of a token, or ``None``. Raises ``LinkRevoked``, ``LinkExpired`` or ``PartnershipPaused``."""
    found = PriceLink.objects.select_related(
        "price_request__provider", "price_request__service", "price_request__request__site__organisation"
    )
    link = found.filter(token_hash=hash_of(token)).first()
    if link is not None:
        check_alive(link, link.price_request.provider)
    return link


def revoke_price_link(link: PriceLink, *, by: Actor) -> None:
    """“This is not me”: nobody acts or looks by this link again, staff is told. In the caller's transaction."""
    now = timezone.now()
    if PriceLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now, reported_at=now):
        asked = link.price_request
        events.record("price_request.misdirected", asked, by=by, request_id=asked.request.public_id)
