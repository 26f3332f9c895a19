"""The calendar address of somebody who acts for a provider: given, given anew, ended."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from bookings.models.feeds import feed_hash, new_feed_token
from concierge import events, retention
from concierge.errors import NotAllowed
from concierge.tenancy import Actor
from providers.models import Provider, ProviderFeed


@transaction.atomic
def renew_provider_feed(provider: Provider, *, by: Actor) -> tuple[ProviderFeed, str]:
    """An address for the work of the provider that the actor acts for; the one before opens nothing any more.

    The secret is returned once and kept nowhere. Raises ``NotAllowed`` for everybody else.
    """
    if by.user is None or by.provider_id != provider.pk:
        raise NotAllowed
    token = new_feed_token()
    feed, is_new = ProviderFeed.objects.update_or_create(
        organisation_id=provider.organisation_id,
        provider=provider,
        user=by.user,
        defaults={"token_hash": feed_hash(token), "given_at": timezone.now(), "ended_at": None},
    )
    events.record("calendar_feed.given" if is_new else "calendar_feed.renewed", feed, by=by)
    return feed, token


@transaction.atomic
def end_provider_feed(provider: Provider, *, by: Actor) -> bool:
    """The actor's address stops. ``False``: there was none."""
    live = ProviderFeed.objects.live().filter(provider=provider, user=by.user)
    feed = live.select_for_update(of=("self",), no_key=True).first()
    if feed is None:
        return False
    feed.ended_at = timezone.now()
    feed.save(update_fields=["ended_at"])
    events.record("calendar_feed.ended", feed, by=by)
    return True


@retention.forget("provider_feeds")
def stopped(before: dt.datetime) -> QuerySet[ProviderFeed]:
    """Addresses that their owner stopped."""
    return ProviderFeed.objects.filter(ended_at__lt=before)
