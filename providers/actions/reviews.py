"""Papers that come with their file: sent, looked at by the team, approved or refused (domain.md R32, trust.md S26)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events, retention
from concierge.errors import Conflict, Invalid
from concierge.files import CleanFile
from concierge.tenancy import Actor
from providers.actions.documents import fill, store
from providers.actions.expiry import plan_expiry
from providers.actions.file_moves import lock_provider
from providers.actions.invitations import open_door
from providers.actions.refusals import DocumentHasFile, DocumentReviewed, TooManyDocuments
from providers.enums import DOCUMENT_TRANSITIONS, DocumentKind, DocumentStatus
from providers.models import Provider, ProviderDocument, StoredFile

# Of one provider, waiting to be looked at: pages photographed one by one are several.
MOST_TO_CHECK = 12


@transaction.atomic
def send_document(
    provider: Provider,
    *,
    kind: DocumentKind,
    file: CleanFile | None = None,
    expires_on: dt.date | None = None,
    reference: str = "",
    by: Actor,
) -> ProviderDocument:
    """A paper that the team has not seen yet: it counts once it was approved. Without ``file`` that is still to come.

    Of many that were announced and whose files do not come the oldest give way. Raises ``Invalid`` at the field and
    ``TooManyDocuments``.
    """
    locked = lock_provider(provider)
    _not_too_many(locked)
    if file is None:
        for late in locked.documents.announced().order_by("-pk")[MOST_TO_CHECK - 1 :]:
            _drop(late, by)
    document = ProviderDocument(organisation_id=locked.organisation_id, provider=locked)
    fill(document, {"kind": kind, "expires_on": expires_on, "reference": reference})
    document.save()
    if file is not None:
        _take(document, file, by)
    return document


def check_awaits_file(document: ProviderDocument) -> None:
    """Before its file is opened, which takes seconds; ``attach_file`` says the same under the lock.

    Raises ``DocumentHasFile``, ``DocumentReviewed`` and ``TooManyDocuments``.
    """
    if document.status not in DOCUMENT_TRANSITIONS["approve"][0]:
        raise DocumentReviewed(current_status=document.status)
    if StoredFile.objects.filter(document=document).exists():
        raise DocumentHasFile
    _not_too_many(document.provider)


def _not_too_many(provider: Provider) -> None:
    """The team looks at some first. What was announced only is nothing to look at."""
    if provider.documents.to_check().count() >= MOST_TO_CHECK:
        raise TooManyDocuments


@transaction.atomic
def attach_file(document: ProviderDocument, file: CleanFile, *, by: Actor) -> ProviderDocument:
    """The file of a paper that was announced. Raises as ``check_awaits_file``."""
    locked = _lock(document, "approve")
    check_awaits_file(locked)
    _take(locked, file, by)
    return locked


@transaction.atomic
def take_document_back(document: ProviderDocument, *, by: Actor) -> None:
    """Who sent it sent the wrong one; nobody has looked at it yet. Again: nothing. Raises ``DocumentReviewed``."""
    lock_provider(document.provider)
    found = ProviderDocument.objects.filter(pk=document.pk).first()
    if found is None:
        return
    if found.status != DocumentStatus.TO_CHECK:
        raise DocumentReviewed(current_status=found.status)
    _drop(found, by)


def _drop(document: ProviderDocument, by: Actor) -> None:
    document.delete()
    events.record("provider.changed", document.provider, by=by, what=f"document_taken_back:{document.kind}")


@transaction.atomic
def approve_document(
    document: ProviderDocument,
    *,
    issued_on: dt.date,
    expires_on: dt.date | None = None,
    reference: str = "",
    is_verified: bool = False,
    by: Actor,
) -> ProviderDocument:
    """It is right: it counts until its last day. ``is_verified``: its security code was compared with URSSAF's site.

    Raises ``Invalid`` at the field and ``DocumentReviewed``.
    """
    locked, now = _lock(document, "approve"), timezone.now()
    if not StoredFile.objects.filter(document=locked).exists():
        raise Invalid(_("Its file has not arrived yet."))
    locked.status, locked.reviewed_at = DOCUMENT_TRANSITIONS["approve"][1], now
    locked.verified_at = now if is_verified and locked.kind == DocumentKind.VIGILANCE else None
    fill(locked, {"issued_on": issued_on, "expires_on": expires_on, "reference": reference})
    locked.save()
    plan_expiry(locked.provider, locked.kind)
    events.record("provider.changed", locked.provider, by=by, what=f"document:{locked.kind}")
    _say("approved", locked, by)
    return locked


@transaction.atomic
def refuse_document(document: ProviderDocument, *, reason: str, by: Actor) -> ProviderDocument:
    """It is not what we need, and why: the provider reads that. Raises ``Invalid`` and ``DocumentReviewed``."""
    locked = _lock(document, "refuse")
    locked.status, locked.reviewed_at = DOCUMENT_TRANSITIONS["refuse"][1], timezone.now()
    locked.refusal = reason.strip()[:300]
    if not locked.refusal:
        raise Invalid(_("Say why, so that they can send what is needed."), field="reason")
    locked.save()
    open_door(locked.provider)
    _say("refused", locked, by)
    return locked


def _lock(document: ProviderDocument, verb: str) -> ProviderDocument:
    """Re-read a paper under the lock of its provider. Raises ``DocumentReviewed`` and ``Conflict`` (taken back)."""
    lock_provider(document.provider)
    found = ProviderDocument.objects.select_related("provider__organisation").filter(pk=document.pk).first()
    if found is None:
        raise Conflict(_("They have taken this document back in the meantime."))
    if found.status not in DOCUMENT_TRANSITIONS[verb][0]:
        raise DocumentReviewed(current_status=found.status)
    return found


def _take(document: ProviderDocument, file: CleanFile, by: Actor) -> None:
    store(document, file)
    _say("sent", document, by)


def _say(what: str, document: ProviderDocument, by: Actor) -> None:
    provider = str(document.provider.public_id)
    events.record(f"provider.document_{what}", document, by=by, kind=document.kind, provider=provider)


@retention.forget("refused_papers")
def nobody_needs(before: dt.datetime) -> QuerySet[ProviderDocument]:
    """Papers that were refused, and those whose file never came."""
    refused = Q(status=DocumentStatus.REFUSED, reviewed_at__lt=before)
    return ProviderDocument.objects.filter(
        refused | Q(status=DocumentStatus.TO_CHECK, file__isnull=True, created_at__lt=before)
    )


@retention.forget("old_papers")
def long_over(before: dt.datetime) -> QuerySet[StoredFile]:
    """Files of papers that ended, or were replaced by a newer one, long ago. What they said stays in the file."""
    newer = ProviderDocument.objects.approved().filter(
        provider=OuterRef("document__provider"),
        kind=OuterRef("document__kind"),
        issued_on__gt=OuterRef("document__issued_on"),
        created_at__lt=before,
    )
    return StoredFile.objects.filter(Q(document__expires_on__lt=before.date()) | Exists(newer))
