"""People written and corrected by the organisation's own systems: search before create (R2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.actions.clients import AlreadyKnown, ClientDetails, add_client, clean_details
from bookings.models import Client
from concierge import events
from concierge.db import refuse_on
from concierge.errors import DomainError
from concierge.models import Organisation
from concierge.tenancy import Actor

FIELDS = ("first_name", "last_name", "email", "phone", "language", "street", "postcode", "city")


class LikelyKnown(DomainError):
    """Somebody known may be this person. ``candidates`` are their identifiers."""

    code, status = "likely_known", 409
    message = _("You may know this person already. Look at them first, or say that this is somebody else.")

    def __init__(self, candidates: Sequence[Client]) -> None:
        kept = dict.fromkeys(one.merged_into or one for one in candidates)
        super().__init__(candidates=", ".join(str(one.public_id) for one in kept))


def introduce_client(organisation: Organisation, details: ClientDetails, *, confirmed: bool, by: Actor) -> Client:
    """Somebody new, unless they look like somebody known and nobody ``confirmed`` that they are not.

    Raises ``Invalid`` (400), ``LikelyKnown`` (409), and ``AlreadyKnown`` (409) for an e-mail that another client has.
    """
    clean = clean_details(details)
    if not confirmed:
        known = Client.objects.visible_to(by).select_related("merged_into")
        alike = known.like(name=clean.full_name, phone=clean.phone, email=clean.email)
        if alike:
            raise LikelyKnown(alike)
    return add_client(organisation, clean, by=by)


def lock_kept(client: Client) -> Client:
    """The row under which this person is kept, locked. One merged meanwhile leads on; chains do not exist."""
    rows = Client.objects.select_for_update(of=("self",), no_key=True)
    found = rows.get(pk=client.kept_id)
    return rows.get(pk=found.merged_into_id) if found.merged_into_id else found


@transaction.atomic
def change_contact(client: Client, changes: Mapping[str, str], *, by: Actor) -> Client:
    """Correct name, e-mail, phone, language or address of a person, under the row that is kept. Again: nothing happens.

    What was ordered keeps what was said then. Raises ``Invalid`` (400) naming the field, also when nobody could be
    reached any more, and ``AlreadyKnown`` (409) for an e-mail that another client has.
    """
    kept = lock_kept(client)
    told: dict[str, Any] = {name: str(getattr(kept, name)) for name in FIELDS}
    now = ClientDetails(**told)
    clean = clean_details(ClientDetails(**{**told, **changes}), must_answer=bool(now.email or now.phone))
    # A number is the same however it is written.
    changed = [name for name in FIELDS if getattr(kept, name) != getattr(clean, name)]
    if not changed:
        return kept
    for name in changed:
        setattr(kept, name, getattr(clean, name))
    with refuse_on("client_email_once_per_organisation", AlreadyKnown(field="email")):
        kept.save(update_fields=changed)
    events.record("client.changed", kept, by=by, fields=changed)
    return kept
