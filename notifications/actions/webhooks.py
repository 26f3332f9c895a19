"""Systems are told what happened: endpoints are made, tried and disabled; each piece of news is a row."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events, retention
from concierge.db import advisory_lock, violated_constraint
from concierge.encryption import encrypt
from concierge.errors import Invalid, Unavailable, WrongState
from concierge.models import Event
from concierge.signatures import PREFIX
from concierge.tenancy import Actor, system_actor
from notifications.enums import DeliveryStatus, Disabled
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.rules.webhooks import FOR_PROVIDERS, RESOURCES, TYPES, is_in_vain, wait_after
from providers.actions import breakers

CHANNEL = "webhook"
MOST_ENDPOINTS = 5
# As long as any attempt can last.
LEASE = dt.timedelta(seconds=60)
# Whoever presses "test" again and again explores a network with us.
MOST_TESTS, TESTS_WITHIN = 5, dt.timedelta(minutes=10)


class TooManyEndpoints(WrongState):
    """Enough addresses are told already."""

    code = "too_many_endpoints"
    message = _("No further endpoint can be added: disable one first.")


class EndpointDisabled(WrongState):
    """Nothing is sent there any more."""

    code = "endpoint_disabled"
    message = _("This endpoint is disabled: nothing is sent there any more.")


class TestedTooOften(WrongState):
    """A few tests in ten minutes are enough."""

    code = "tested_too_often"
    message = _("This endpoint was tested often just now. Try again in ten minutes.")


@transaction.atomic
def create_endpoint(*, url: str, types: Sequence[str], secret: str, by: Actor) -> WebhookEndpoint:
    """Tell an address of a provider's system, or of the organisation's own, what happens from now on.

    The secret is theirs, and never told again. The address was looked at by the edge. Raises ``Invalid`` or
    ``TooManyEndpoints``.
    """
    wanted = sorted(set(types))
    allowed = FOR_PROVIDERS if by.provider_id is not None else TYPES.keys()
    if not wanted or not set(wanted) <= set(allowed):
        raise Invalid(_("Choose among the types that you can be told of."), field="types")
    _check_secret(secret)
    _lock_owner(by.organisation.pk, by.provider_id)
    owned = WebhookEndpoint.objects.filter(organisation=by.organisation)
    owned = owned.filter(provider=None) if by.provider_id is None else owned.filter(provider_id=by.provider_id)
    if owned.active().count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    made = WebhookEndpoint.objects.create(
        organisation=by.organisation, provider_id=by.provider_id, url=url, types=wanted, sealed=encrypt(secret)
    )
    events.record("webhook_endpoint.created", made, by=by, types=wanted)
    return made


def _lock_owner(organisation_id: int, provider_id: int | None) -> None:
    """What is counted per owner is counted one after the other. Raises ``Unavailable``."""
    if not advisory_lock("webhook_endpoints", organisation_id, provider_id or 0):
        raise Unavailable


def _check_secret(secret: str) -> None:
    try:
        size = len(base64.b64decode(secret.removeprefix(PREFIX), validate=True)) if secret.startswith(PREFIX) else 0
    except (binascii.Error, ValueError):
        size = 0
    if not 24 <= size <= 64:
        raise Invalid(_("The secret is whsec_ and the base64 of 24 to 64 random bytes."), field="secret")


@transaction.atomic
def disable_endpoint(endpoint: WebhookEndpoint, *, why: Disabled = Disabled.BY_HAND, by: Actor) -> WebhookEndpoint:
    """Nothing is sent there any more; what waited is given up. Whoever did not do it themself is told. Safe twice."""
    locked = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=endpoint.pk)
    if locked.disabled_at is None:
        locked.disabled_at, locked.disabled_why = timezone.now(), why
        locked.save(update_fields=["disabled_at", "disabled_why"])
        locked.deliveries.filter(status=DeliveryStatus.QUEUED).update(status=DeliveryStatus.DEAD)
        events.record("webhook_endpoint.disabled", locked, by=by, why=str(why))
    return locked


@transaction.atomic
def try_endpoint(endpoint: WebhookEndpoint, *, by: Actor) -> WebhookDelivery:
    """Send something that looks like news and is marked as none.

    Raises ``EndpointDisabled``, or ``TestedTooOften``: tests are counted over all endpoints of one owner, also those
    that are disabled.
    """
    _lock_owner(endpoint.organisation_id, endpoint.provider_id)
    locked = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=endpoint.pk)
    if locked.disabled_at is not None:
        raise EndpointDisabled
    breakers.lift_pause(locked.organisation, CHANNEL, target=str(locked.public_id))
    theirs = WebhookDelivery.objects.filter(
        organisation=locked.organisation_id, endpoint__provider=locked.provider_id, event=None
    )
    if theirs.filter(created_at__gt=timezone.now() - TESTS_WITHIN).count() >= MOST_TESTS:
        raise TestedTooOften
    name = locked.types[0]
    return _queue(locked, name, time=timezone.now(), link="", is_test=True)


@transaction.atomic
def replay_delivery(delivery: WebhookDelivery, *, by: Actor) -> WebhookDelivery:
    """Send once more, under the same identity. Raises ``EndpointDisabled`` or ``WrongState`` while it still waits."""
    endpoint = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=delivery.endpoint_id)
    locked = WebhookDelivery.objects.select_for_update(of=("self",), no_key=True).get(pk=delivery.pk)
    if endpoint.disabled_at is not None:
        raise EndpointDisabled
    if locked.status == DeliveryStatus.QUEUED:
        raise WrongState(current_status=locked.status)
    # Whoever asks for it again has mended something: it is tried at once.
    breakers.lift_pause(endpoint.organisation, CHANNEL, target=str(endpoint.public_id))
    locked.status, locked.attempts, locked.sent_at = DeliveryStatus.QUEUED, 0, None
    locked.http_status, locked.next_at = None, timezone.now()
    locked.save(update_fields=["status", "attempts", "sent_at", "http_status", "next_at"])
    return locked


@retention.forget("webhook_deliveries")
def old_deliveries(before: dt.datetime) -> QuerySet[WebhookDelivery]:
    """Calls that were made or given up: their owner can no longer ask for them again."""
    return WebhookDelivery.objects.exclude(status=DeliveryStatus.QUEUED).filter(created_at__lt=before)


def queue_news(endpoint: WebhookEndpoint, event: Event) -> WebhookDelivery | None:
    """The row of one piece of news for one endpoint; ``None`` when it has it already."""
    resource = RESOURCES[event.name.partition(".")[0]]
    link = f"{settings.BASE_URL}/api/v1/{resource}/{event.subject_id}"
    try:
        with transaction.atomic():
            return _queue(endpoint, event.name, time=event.act_at, link=link, event=event)
    except IntegrityError as error:
        if violated_constraint(error) == "webhook_delivery_once":
            return None
        raise


def _queue(
    endpoint: WebhookEndpoint,
    name: str,
    *,
    time: dt.datetime,
    link: str,
    event: Event | None = None,
    is_test: bool = False,
) -> WebhookDelivery:
    delivery = WebhookDelivery(
        organisation_id=endpoint.organisation_id, endpoint=endpoint, event=event, type=name, next_at=timezone.now()
    )
    delivery.payload = {
        "id": str(delivery.public_id),
        "type": name,
        "time": time.isoformat().replace("+00:00", "Z"),
        "category": TYPES[name],
        "link": link,
        **({"is_test": True} if is_test else {}),
    }
    delivery.save()
    return delivery


@transaction.atomic
def claim_delivery(endpoint_id: int) -> WebhookDelivery | None:
    """Take the next due call to an endpoint for this sender alone; ``None`` also while another sender calls there. The
    attempt is counted before it is made (R18)."""
    now = timezone.now()
    # Its own row, not a join's: what another sender did before us is seen below.
    endpoints = WebhookEndpoint.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    endpoint = endpoints.filter(pk=endpoint_id).first()
    if endpoint is None:
        return None
    found = (
        WebhookDelivery.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("endpoint", "organisation")
        .filter(endpoint_id=endpoint_id)
        .due(now)
        .first()
    )
    if found is None:
        return None
    found.attempts += 1
    found.next_at = now + LEASE
    found.save(update_fields=["attempts", "next_at"])
    endpoint.busy_until = found.next_at
    endpoint.save(update_fields=["busy_until"])
    return found


@transaction.atomic
def note_answer(delivery: WebhookDelivery, status: int | None, *, retry_after: str = "") -> bool:
    """What came of an attempt; whether it was taken: by a 2xx. 410 disables the endpoint, and so do 75 hours in which
    it took nothing. Anything else (``None``: no answer) is tried again; one call never taken is given up alone."""
    # Whoever replays or disables locks the endpoint first, too.
    endpoint = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).get(pk=delivery.endpoint_id)
    mine = endpoint.deliveries.filter(pk=delivery.pk, attempts=delivery.attempts, status=DeliveryStatus.QUEUED)
    is_taken, now = status is not None and 200 <= status < 300, timezone.now()
    if not mine.exists():  # disabled meanwhile, or in the hands of somebody else
        return is_taken
    endpoint.busy_until = None
    endpoint.save(update_fields=["busy_until"])
    owner, target = delivery.organisation, str(endpoint.public_id)
    if is_taken:
        mine.update(status=DeliveryStatus.SENT, sent_at=now, http_status=status)
        breakers.note_success(owner, CHANNEL, target=target)
        return True
    state = breakers.note_failure(owner, CHANNEL, target=target, why=str(status or "no answer"))
    wait = wait_after(delivery.attempts, retry_after if status in {429, 503} else "")
    if status == 410 or is_in_vain(state.failures, state.failing_since, now):
        mine.update(status=DeliveryStatus.DEAD, http_status=status)
        why = Disabled.GONE if status == 410 else Disabled.FAILING
        disable_endpoint(endpoint, why=why, by=system_actor(owner))
    elif wait is None:
        mine.update(status=DeliveryStatus.DEAD, http_status=status)
        # It took others meanwhile: unless another one fails too, the next failure is the first.
        if not endpoint.deliveries.filter(status=DeliveryStatus.QUEUED, attempts__gt=0).exists():
            breakers.note_success(owner, CHANNEL, target=target)
    else:
        mine.update(next_at=now + wait, http_status=status)
    return False
