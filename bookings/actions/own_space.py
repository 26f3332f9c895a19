"""What clients say about themselves and about the people they book for (R2)."""

from __future__ import annotations

import datetime as dt

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.clients import AlreadyKnown, ClientDetails, clean_details
from bookings.actions.contacts import change_contact
from bookings.models import Client, HelpedPerson
from bookings.models.people import MOST_HELPED
from concierge import events, retention
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, NotAllowed, TooManyAttempts
from concierge.models import User, normalise_email
from concierge.tenancy import Actor

OWN_FIELDS = ("first_name", "last_name", "email", "phone", "language", "street", "postcode", "city")
HELPED_FIELDS = ("first_name", "last_name", "phone", "street", "postcode", "city")


def proved_emails(user: User) -> list[str]:
    """Addresses that the account has verified, the main one first."""
    mine = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "email")
    return [normalise_email(email) for email in mine.values_list("email", flat=True)]


def change_own_details(client: Client, details: ClientDetails, *, by: Actor) -> Client:
    """The client's own name, number, address and language; which of their proved mailboxes we write to.

    What was booked keeps what it says. Raises ``Invalid`` (400) naming the field, also for an address that the account
    has not proved; ``Conflict`` (409) for one that another client has.
    """
    if by.user is None or by.client_id != client.kept_id:
        raise NotAllowed
    email = normalise_email(details.email or client.email)
    if email != normalise_email(client.email) and email not in proved_emails(by.user):
        raise Invalid(_("Prove this address first, on the page of your e-mail addresses."), field="email")
    changes = {name: getattr(details, name) for name in OWN_FIELDS} | {"email": email}
    try:
        return change_contact(client, changes, by=by)
    except AlreadyKnown as error:
        raise Conflict(_("We know this address under another name. Please ask at the desk."), field="email") from error


@transaction.atomic
def add_helped(owner: Client, details: ClientDetails, *, by: Actor) -> HelpedPerson:
    """Somebody the client books for: a name is enough.

    Raises ``Invalid`` (400), ``Conflict`` (409) when they are on the list, ``TooManyAttempts`` (429) beyond 50.
    """
    clean = clean_details(details, must_answer=False)
    # One after the other for this client, so that the count holds.
    locked = Client.objects.select_for_update(of=("self",), no_key=True).get(pk=owner.kept_id)
    if HelpedPerson.objects.of(locked.pk).count() >= MOST_HELPED:
        raise TooManyAttempts(_("Your list is full. Take somebody off it first."))
    given = {name: getattr(clean, name) for name in HELPED_FIELDS}
    with refuse_on("helped_person_once", _on_list()):
        made = HelpedPerson.objects.create(organisation_id=locked.organisation_id, owner=locked, **given)
    events.record("helped_person.added", made, by=by)
    return made


@transaction.atomic
def change_helped(helped: HelpedPerson, details: ClientDetails, *, by: Actor) -> HelpedPerson:
    """Another name, number or address from the next request on. Raises ``Invalid`` (400) and ``Conflict`` (409)."""
    clean = clean_details(details, must_answer=False)
    locked = HelpedPerson.objects.select_for_update(of=("self",), no_key=True).get(pk=helped.pk)
    if locked.ended_at is not None:
        raise Conflict(_("This person is no longer on your list."))
    for name in HELPED_FIELDS:
        setattr(locked, name, getattr(clean, name))
    with refuse_on("helped_person_once", _on_list()):
        locked.save(update_fields=HELPED_FIELDS)
    if locked.person is not None and _is_theirs_alone(locked.person, locked):
        Client.objects.filter(pk=locked.person.pk).update(first_name=clean.first_name, last_name=clean.last_name)
    events.record("helped_person.changed", locked, by=by)
    return locked


@transaction.atomic
def stop_helped(helped: HelpedPerson, *, by: Actor) -> None:
    """Off the list; what was booked goes on. Again: nothing happens."""
    if HelpedPerson.objects.filter(pk=helped.pk, ended_at=None).update(ended_at=timezone.now()):
        events.record("helped_person.removed", helped, by=by)


@retention.forget("helped_people")
def taken_off(before: dt.datetime) -> QuerySet[HelpedPerson]:
    """People whom a client took off the list."""
    return HelpedPerson.objects.filter(ended_at__lt=before)


def _on_list() -> Conflict:
    return Conflict(_("This person is on your list already."), field="last_name")


def _is_theirs_alone(person: Client, helped: HelpedPerson) -> bool:
    """Whether a record says only what this client told us: nobody can prove it is theirs, nobody else books for it."""
    others = HelpedPerson.objects.filter(person=person).exclude(pk=helped.pk)
    nobodys = not person.email and not person.user_id and not person.phone
    return nobodys and not others.exists() and not person.requests.exists()
