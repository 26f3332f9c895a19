"""A provider's papers."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.errors import Invalid
from concierge.tenancy import Actor
from providers.enums import DocumentKind
from providers.models import Provider, ProviderDocument


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
