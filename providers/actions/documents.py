"""A provider's papers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_of
from concierge.errors import Invalid
from concierge.files import CleanFile
from concierge.tenancy import Actor
from providers.actions.expiry import plan_expiry
from providers.actions.file_moves import check_row, lock_provider
from providers.enums import DocumentKind, DocumentStatus
from providers.models import Provider, ProviderDocument, StoredFile
from providers.rules import papers

# A paper of a business that is still at work; also what a mistyped year falls below.
OLDEST_YEAR = 1900
# No paper is sure for longer.
MOST_YEARS = 50


@transaction.atomic
def add_document(
    provider: Provider,
    *,
    kind: DocumentKind,
    issued_on: dt.date,
    expires_on: dt.date | None = None,
    reference: str = "",
    file: CleanFile | None = None,
    by: Actor,
) -> ProviderDocument:
    """Note that somebody of the team has seen a paper; the latest of each kind counts.

    Raises ``Invalid`` at the field: it ends before it begins, is not issued yet, or says no end and must.
    """
    document = ProviderDocument(
        organisation_id=provider.organisation_id,
        provider=provider,
        status=DocumentStatus.APPROVED,
        reviewed_at=timezone.now(),
    )
    lock_provider(provider)
    fill(document, {"kind": kind, "issued_on": issued_on, "expires_on": expires_on, "reference": reference})
    document.save()
    if file is not None:
        store(document, file)
    plan_expiry(provider, document.kind)
    events.record("provider.changed", provider, by=by, what=f"document:{document.kind}")
    return document


@transaction.atomic
def change_document(document: ProviderDocument, changes: Mapping[str, Any], *, by: Actor) -> ProviderDocument:
    """Correct what was noted of a paper: only what ``changes`` names. Raises ``Invalid`` as ``add_document``."""
    lock_provider(document.provider)
    locked = ProviderDocument.objects.select_for_update(of=("self",), no_key=True).get(pk=document.pk)
    before, kind = {name: str(getattr(locked, name) or "") for name in changes}, locked.kind
    fill(locked, changes)
    changed = sorted(name for name in changes if str(getattr(locked, name) or "") != before[name])
    if changed:
        locked.save(update_fields=changed)
        if changed != ["reference"]:
            plan_expiry(locked.provider, kind, locked.kind)
        told = {name: before[name] for name in changed}
        events.record("provider.changed", locked.provider, by=by, what=f"document:{locked.kind}", before=told)
    return locked


@transaction.atomic
def remove_document(document: ProviderDocument, *, by: Actor) -> None:
    """Take out a paper that was noted by mistake; what it said stays in the history of the file. Again: nothing."""
    lock_provider(document.provider)
    gone = ProviderDocument.objects.filter(pk=document.pk)
    if gone.delete()[0]:
        plan_expiry(document.provider, document.kind)
        told = {name: str(getattr(document, name) or "") for name in ("reference", "issued_on", "expires_on")}
        events.record("provider.changed", document.provider, by=by, what=f"document_gone:{document.kind}", before=told)


def store(document: ProviderDocument, file: CleanFile) -> StoredFile:
    """Keep the bytes of a paper."""
    return StoredFile.objects.create(
        organisation_id=document.organisation_id,
        document=document,
        content=file.content,
        media_type=file.media_type,
        size=len(file.content),
        sha256=file.sha256,
        pages=file.pages,
    )


def fill(document: ProviderDocument, given: Mapping[str, Any]) -> None:
    """Write what is given, if it may be so. Raises ``Invalid`` at the field."""
    for name, value in given.items():
        setattr(document, name, value)
    today, ends = today_of(document.provider.organisation), document.expires_on
    if document.issued_on is not None and document.issued_on > today:
        raise Invalid(_("The day of issue is still to come."), field="issued_on")
    if document.issued_on is not None and document.issued_on.year < OLDEST_YEAR:
        raise Invalid(_("This day is too far away."), field="issued_on")
    if ends is not None and not OLDEST_YEAR <= ends.year <= today.year + MOST_YEARS:
        raise Invalid(_("This day is too far away."), field="expires_on")
    if document.issued_on is None:
        check_row(document)
        return
    last = papers.last_possible_day(document.kind, document.issued_on)
    check_row(document)
    if ends is None and document.kind in papers.HAVE_AN_END:
        raise Invalid(_("Give the last day on which it counts: this paper says it."), field="expires_on")
    if ends is not None and last is not None and ends > last:
        raise Invalid(_("A vigilance certificate says until when it counts: six months at most."), field="expires_on")
