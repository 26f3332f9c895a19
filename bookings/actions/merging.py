"""Two rows that are one person: kept as one, and taken back exactly (R2). Nothing moves: reads ask for the family."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Client, ClientsApart
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, WrongState
from concierge.tenancy import Actor


class NotMergeable(WrongState):
    """One of the two is no longer a row of its own, or holds others."""

    code = "not_mergeable"
    message = _("One of these two records was merged in the meantime. Look again before you merge.")


def lock_both(one: Client, other: Client) -> tuple[Client, Client]:
    """Both rows as they are now, locked in the order of their keys. Raises ``Conflict`` when one is not ours."""
    found = {
        client.pk: client
        for client in Client.objects.select_for_update(of=("self",))
        .filter(organisation_id=one.organisation_id, pk__in=[one.pk, other.pk])
        .order_by("pk")
    }
    if set(found) != {one.pk, other.pk}:
        raise Conflict
    return found[one.pk], found[other.pk]


@transaction.atomic
def merge_clients(keep: Client, duplicate: Client, *, by: Actor) -> Client:
    """Both are one person from now on, kept as ``keep``. Again: nothing happens.

    No row of requests, invoices or memberships moves, so ``undo_merge`` gives back exactly what was. Raises ``Invalid``
    (400) for one row twice, ``NotMergeable`` (409) when either was merged meanwhile or ``duplicate`` holds others.
    """
    if keep.pk == duplicate.pk:
        raise Invalid(_("These are the same record."), field="keep")
    kept, merged = lock_both(keep, duplicate)
    if merged.merged_into_id == kept.pk:
        return kept
    if kept.merged_into_id is not None or merged.merged_into_id is not None:
        raise NotMergeable
    if Client.objects.filter(merged_into=merged).exists():
        raise NotMergeable(_("Other records were merged into this one: keep this one, or take those apart first."))
    merged.merged_into = kept
    # PostgreSQL has the last word: a kept row, of the same organisation (client_merged_into_kept).
    with refuse_on("client_merged_into_kept", NotMergeable()):
        merged.save(update_fields=["merged_into"])
    events.record("client.merged", kept, by=by, merged=str(merged.public_id))
    return kept


@transaction.atomic
def undo_merge(duplicate: Client, *, by: Actor) -> Client:
    """Two people after all: each has again what they had. What was asked since stays with the kept one.

    Raises ``NotMergeable`` (409) when it stands by itself already.
    """
    locked = Client.objects.select_for_update(of=("self",)).get(pk=duplicate.pk)
    if locked.merged_into is None:
        raise NotMergeable(_("This record stands by itself already."))
    kept, locked.merged_into = locked.merged_into, None
    locked.save(update_fields=["merged_into"])
    _remember_apart(kept, locked)
    events.record("client.unmerged", kept, by=by, merged=str(locked.public_id))
    return locked


@transaction.atomic
def tell_apart(one: Client, other: Client, *, by: Actor) -> None:
    """These are two people: they are not proposed again. Again: nothing happens."""
    if one.pk == other.pk:
        raise Invalid(_("These are the same record."), field="keep")
    first, second = lock_both(one, other)
    if _remember_apart(first, second):
        events.record("client.told_apart", first, by=by, other=str(second.public_id))


def _remember_apart(one: Client, other: Client) -> bool:
    older, newer = sorted((one, other), key=lambda client: client.pk)
    _row, is_new = ClientsApart.objects.get_or_create(
        older=older, newer=newer, defaults={"organisation_id": older.organisation_id}
    )
    return is_new
