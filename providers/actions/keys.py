"""API keys of one provider (trust.md S36)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.api.keys import new_key
from concierge.enums import Scope
from concierge.errors import Invalid
from concierge.models import ApiClient
from concierge.tenancy import Actor
from providers.actions.refusals import PartnershipPaused
from providers.models import Provider

# What a provider's own system may do; nothing about other people's requests or invoices.
PROVIDER_SCOPES = (
    Scope.OFFERS_READ,
    Scope.OFFERS_WRITE,
    Scope.AGREEMENTS_READ,
    Scope.DOCUMENTS_READ,
    Scope.DOCUMENTS_WRITE,
    Scope.WORK_ORDERS_READ,
    Scope.WORK_ORDERS_WRITE,
    Scope.WEBHOOKS_WRITE,
)


def refuse_stopped(actor: Actor) -> None:
    """Keys of a stopped provider wait for better days. Raises ``PartnershipPaused`` (403)."""
    if actor.provider_id is not None and Provider.objects.filter(pk=actor.provider_id, is_active=False).exists():
        raise PartnershipPaused


@transaction.atomic
def create_provider_key(
    provider: Provider, *, name: str, scopes: Sequence[str] = PROVIDER_SCOPES, kind: str = "", by: Actor
) -> tuple[ApiClient, str]:
    """A new key for a provider's system: returns its row and the whole key, which is never shown again.

    Raises ``Invalid`` without a name, without a scope, or with a scope that providers do not get.
    """
    if not name.strip():
        raise Invalid(_("Give the key a name, so that you recognise it later."), field="name")
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= {scope.value for scope in PROVIDER_SCOPES}:
        raise Invalid(_("Choose at least one of the rights listed."), field="scopes")
    key, prefix, digest = new_key(provider.organisation, kind=kind)
    client = ApiClient.objects.create(
        organisation_id=provider.organisation_id,
        name=name.strip()[:80],
        prefix=prefix,
        secret_hash=digest,
        scopes=wanted,
        provider_id=provider.pk,
    )
    events.record("provider.key_created", provider, by=by, prefix=prefix)
    return client, key


@transaction.atomic
def revoke_provider_key(provider: Provider, client: ApiClient, *, by: Actor) -> ApiClient:
    """Make a key useless at once. A second time changes nothing."""
    locked = ApiClient.objects.select_for_update(of=("self",), no_key=True).get(pk=client.pk, provider_id=provider.pk)
    if locked.revoked_at is None:
        locked.revoked_at = timezone.now()
        locked.save(update_fields=["revoked_at"])
        events.record("provider.key_revoked", provider, by=by, prefix=locked.prefix)
    return locked
