"""Calendar subscriptions: an address given, given anew, ended."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from bookings import perms
from bookings.models import CalendarFeed
from bookings.models.feeds import feed_hash, new_feed_token
from concierge import events, retention
from concierge.errors import NotAllowed
from concierge.models import Site, User
from concierge.tenancy import Actor


@transaction.atomic
def renew_feed(site: Site | None, *, by: Actor) -> tuple[CalendarFeed, str]:
    """An address for the actor's own appointments, or for those of a site; the one before opens nothing any more.

    The secret is returned once and kept nowhere. Raises ``NotAllowed`` for whoever is no client, or works
    elsewhere.
    """
    user, now, token = _owner(site, by), timezone.now(), new_feed_token()
    feed, is_new = CalendarFeed.objects.update_or_create(
        organisation=by.organisation,
        user=user,
        site=site,
        defaults={"token_hash": feed_hash(token), "given_at": now, "ended_at": None},
    )
    events.record("calendar_feed.given" if is_new else "calendar_feed.renewed", feed, by=by, site=_site_id(site))
    return feed, token


@transaction.atomic
def end_feed(site: Site | None, *, by: Actor) -> bool:
    """The actor's address stops. ``False``: there was none. A person may always end their own."""
    if by.user is None:
        raise NotAllowed
    live = CalendarFeed.objects.live().of(by.user, site).filter(organisation=by.organisation)
    feed = live.select_for_update(of=("self",), no_key=True).first()
    if feed is None:
        return False
    feed.ended_at = timezone.now()
    feed.save(update_fields=["ended_at"])
    events.record("calendar_feed.ended", feed, by=by, site=_site_id(site))
    return True


@retention.forget("feeds")
def stopped(before: dt.datetime) -> QuerySet[CalendarFeed]:
    """Addresses that their owner stopped."""
    return CalendarFeed.objects.filter(ended_at__lt=before)


def _owner(site: Site | None, by: Actor) -> User:
    if by.user is None or not perms.can_subscribe(by, site):
        raise NotAllowed
    return by.user


def _site_id(site: Site | None) -> str | None:
    return str(site.public_id) if site else None
