"""Personal links to what a business is asked: made, rebuilt for messages, guarded, reported (trust.md S16)."""

from __future__ import annotations

import datetime as dt
import hmac
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.errors import DomainError
from concierge.models import Domain
from concierge.tenancy import Actor
from providers.actions.refusals import PartnershipPaused
from providers.enums import InvitationStatus
from providers.models import AgreementLink, InvitationLink, PersonalLink, Provider
from providers.models.links import MAX_CODE_TRIES, Asked, code_of, hash_of, new_nonce, token_of

# After the answer is due, or the promised end of accepted work, a link still shows how things stand for this long.
READABLE_AFTER = dt.timedelta(days=7)


class WrongLinkCode(DomainError):
    """The four digits are not those of the message."""

    code, status = "wrong_code", 422
    message = _("These are not the four digits of our message. Please look again.")


class LinkLocked(DomainError):
    """Too many wrong digits: acting by this link is over, looking is not."""

    code, status = "link_locked", 429
    message = _("Too many wrong codes. Please ask us for a new link.")


class LinkRevoked(DomainError):
    """The link was reported, or replaced by a newer one."""

    code, status = "link_revoked", 410
    message = _("This link is no longer valid. If you received a newer message, please use that one.")


class LinkExpired(DomainError):
    """The link's reading time is over."""

    code, status = "link_expired", 410
    message = _("This link has expired. Nothing more needs to be done.")


class StillWaits(LinkExpired):
    """The link's reading time is over, and something is still to be done by it."""


class FileUnfinished(StillWaits):
    """Whoever was invited comes back too late."""

    message = _("This link has expired, and your file is not finished: please ask for a new link.")


class SignatureWaits(StillWaits):
    """What the link is about still waits for a signature."""

    message = _("This link has expired, and your signature is still needed: please ask for a new link.")


def issue_link(asked: Asked) -> PersonalLink:
    """The link of what is asked: the one that lives, else a new one. Runs in the caller's transaction, under its lock.

    A message that is sent twice opens the same page twice: whoever has typed their digits goes on (lifecycles.md 2.4).
    Only what opens nothing any more, or lets nobody act, is replaced.
    """
    link = _current(asked)
    if link is not None and link.lets_act_at(timezone.now()):
        return link
    asked.links.filter(revoked_at=None).update(revoked_at=timezone.now())
    nonce = new_nonce()
    made: PersonalLink = asked.links.create(
        organisation_id=asked.organisation_id,
        nonce=nonce,
        token_hash=hash_of(token_of(nonce)),
        expires_at=max(asked.due_at, timezone.now()) + READABLE_AFTER,
    )
    return made


def _current(asked: Asked) -> PersonalLink | None:
    return asked.links.filter(revoked_at=None).order_by("-pk").first()


def link_url(asked: Asked) -> str:
    """Absolute address of its page for the provider, rebuilt when a message is sent; ``""`` once revoked.

    Scheme and port come from ``BASE_URL``, the host from the organisation's domain: never from a request (S16).
    """
    link = _current(asked)
    return absolute_address(asked.organisation_id, reverse(link.page, args=[token_of(link.nonce)])) if link else ""


def absolute_address(organisation_id: int, path: str) -> str:
    """A path under the host of an organisation."""
    base = urlsplit(settings.BASE_URL)
    domains = Domain.objects.filter(organisation_id=organisation_id).order_by("pk")
    hosts = list(domains.values_list("host", flat=True))
    host = hosts[0] if hosts and base.hostname not in hosts else base.hostname or ""
    netloc = f"{host}:{base.port}" if base.port else host
    return f"{base.scheme}://{netloc}{path}"


def link_code(asked: Asked) -> str:
    """The four digits to print beside the address in the message; ``""`` once the link is revoked."""
    link = _current(asked)
    return code_of(link.nonce) if link else ""


def open_link(kind: type[PersonalLink], token: str) -> PersonalLink | None:
    """The link of a token, or ``None``.

    Raises ``LinkRevoked`` or ``LinkExpired`` when its time is over, ``PartnershipPaused`` when its provider is stopped.
    """
    rows = kind._default_manager.select_related(*(f"{kind.about}__{name}" for name in kind.need))
    link: PersonalLink | None = rows.filter(token_hash=hash_of(token)).first()
    if link is not None:
        check_alive(link, link.provider)
    return link


def check_alive(link: PersonalLink, provider: Provider | None) -> None:
    """Raises ``LinkRevoked``, ``LinkExpired`` or ``PartnershipPaused`` when a link opens nothing any more."""
    if link.revoked_at is not None:
        raise LinkRevoked
    if link.expires_at <= timezone.now():
        if isinstance(link, InvitationLink) and link.invitation.status == InvitationStatus.SENT:
            raise FileUnfinished
        still_asks = isinstance(link, AgreementLink) and link.agreement.waits_for_provider
        raise SignatureWaits if still_asks else LinkExpired
    if provider is not None and not provider.is_active and not provider.is_to_check:
        raise PartnershipPaused


def check_link_code(link: PersonalLink, code: str) -> None:
    """Compare the digits somebody typed. Raises ``WrongLinkCode``, or ``LinkLocked`` after five wrong ones.

    A wrong try is counted and committed under the row's lock, so guessing in parallel wins nothing.
    """
    with transaction.atomic():
        rows = type(link)._default_manager.select_for_update(of=("self",), no_key=True)
        locked: PersonalLink = rows.get(pk=link.pk)
        if locked.code_tries >= MAX_CODE_TRIES:
            raise LinkLocked
        if hmac.compare_digest(code_of(locked.nonce).encode(), code.strip().encode()):
            return
        locked.code_tries += 1
        locked.save(update_fields=["code_tries"])
    raise WrongLinkCode(tries_left=MAX_CODE_TRIES - locked.code_tries)


def keep_link_until(asked: Asked, end: dt.datetime) -> None:
    """Let a link live as long as accepted work or a given price, and the reading time. In the caller's transaction."""
    until = end + READABLE_AFTER
    asked.links.filter(revoked_at=None, expires_at__lt=until).update(expires_at=until)


def revoke_link(link: PersonalLink, *, by: Actor) -> None:
    """“This is not me”: nobody acts or looks by this link again, staff is told. In the caller's transaction."""
    now = timezone.now()
    rows = type(link)._default_manager.filter(pk=link.pk, revoked_at=None)
    if rows.update(revoked_at=now, reported_at=now):
        request = link.subject.asked_by
        events.record(
            f"{link.about}.misdirected", link.subject, by=by, request_id=request.public_id if request else None
        )
