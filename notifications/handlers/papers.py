"""A provider is told of the end of its papers and of what the team says of those that it sends."""

from __future__ import annotations

from concierge.events import subscribe
from concierge.models import Event
from notifications.handlers.readers import business, heads, invited, tell
from providers.enums import InvitationStatus
from providers.models import Provider, ProviderDocument, ProviderInvitation


@subscribe("provider.document_expiring", "provider.document_expired")
def tell_of_the_end_of_a_paper(event: Event) -> None:
    """One letter per step."""
    for document in ProviderDocument.objects.filter(public_id=event.subject_id).select_related("provider"):
        tell(event, [business(document.provider)])


@subscribe("provider.document_approved", "provider.document_refused")
def tell_what_became_of_a_paper(event: Event) -> None:
    """Whoever sent it waits for this."""
    for document in ProviderDocument.objects.filter(public_id=event.subject_id).select_related("provider"):
        tell(event, [business(document.provider)])


@subscribe("provider.document_sent")
def tell_that_a_paper_waits(event: Event) -> None:
    """Whoever manages providers looks at it."""
    tell(event, heads(event.organisation_id))


@subscribe("provider.document_needed")
def tell_what_keeps_from_work(event: Event) -> None:
    """Nobody else would: the search goes on without them."""
    for provider in Provider.objects.active().filter(public_id=event.subject_id):
        tell(event, [business(provider)])


@subscribe("provider_invitation.sent")
def send_an_invitation(event: Event) -> None:
    """To whoever is invited, by e-mail, else by SMS; once handed in, to where the provider reads."""
    for invitation in ProviderInvitation.objects.select_related("provider").filter(public_id=event.subject_id):
        came = invitation.provider if invitation.status == InvitationStatus.USED else None
        tell(event, [business(came) if came else invited(invitation)])


@subscribe("provider_invitation.misdirected")
def tell_of_a_wrong_address(event: Event) -> None:
    """Whoever invites businesses looks for the right one."""
    tell(event, heads(event.organisation_id))


@subscribe("provider_invitation.refused")
def tell_of_a_no(event: Event) -> None:
    """To where they read: what they typed in their file, else what we had."""
    for invitation in ProviderInvitation.objects.select_related("provider").filter(public_id=event.subject_id):
        tell(event, [business(invitation.provider) if invitation.provider else invited(invitation)])


@subscribe("provider.handed_in")
def tell_that_a_file_waits(event: Event) -> None:
    """Whoever manages providers looks at it."""
    tell(event, heads(event.organisation_id))


@subscribe("provider.approved")
def welcome_a_provider(event: Event) -> None:
    """They wait for this."""
    for provider in Provider.objects.active().filter(public_id=event.subject_id):
        tell(event, [business(provider)])
