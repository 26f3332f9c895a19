"""A provider is told of the end of its papers; the team reads it on its list and in the file."""

from __future__ import annotations

from concierge.events import subscribe
from concierge.models import Event
from notifications.handlers.readers import business, tell
from providers.models import ProviderDocument


@subscribe("provider.document_expiring", "provider.document_expired")
def tell_of_the_end_of_a_paper(event: Event) -> None:
    """One letter per step."""
    for document in ProviderDocument.objects.filter(public_id=event.subject_id).select_related("provider"):
        tell(event, [business(document.provider)])
