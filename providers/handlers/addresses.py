"""Providers that are written to elsewhere than before."""

from __future__ import annotations

from django.db.models import QuerySet

from concierge import events
from concierge.models import Event
from concierge.tenancy import system_actor
from providers.actions import new_address
from providers.models import Provider


@events.subscribe("provider.changed")
def ask_at_the_new_address(event: Event) -> None:
    """Offers: those who are asked, and those who have the work; by SMS only, when only the number is another."""
    for provider in _moved(event):
        new_address.replace_offer_links(
            provider, only_by_sms=not _is_whole(event, provider), by=system_actor(event.organisation)
        )


@events.subscribe("provider.changed")
def ask_for_prices_at_the_new_address(event: Event) -> None:
    """Questions about prices."""
    for provider in _moved(event):
        if _is_whole(event, provider):
            new_address.replace_price_links(provider, by=system_actor(event.organisation))


@events.subscribe("provider.changed")
def have_it_signed_at_the_new_address(event: Event) -> None:
    """Agreements."""
    for provider in _moved(event):
        if _is_whole(event, provider):
            new_address.replace_agreement_links(provider, by=system_actor(event.organisation))


@events.subscribe("provider.changed")
def end_the_link_of_the_invitation(event: Event) -> None:
    """By which papers are sent."""
    for provider in _moved(event):
        if _is_whole(event, provider):
            new_address.end_invitation_links(provider)


def _moved(event: Event) -> QuerySet[Provider]:
    """Whose address that was in use is another now; not whom one was added to."""
    return Provider.objects.filter(public_id=event.subject_id) if event.data.get("left") else Provider.objects.none()


def _is_whole(event: Event, provider: Provider) -> bool:
    """Whether everything went to the address of before: the e-mail, or the number of whoever has none."""
    return "email" in event.data["left"] or not provider.email
