"""For whom a request is, when that is not the person who asks (R2)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from bookings.actions.clients import ClientDetails, clean_details, find_or_create_client
from bookings.models import Client, HelpedPerson
from bookings.models.people import MOST_HELPED, NEWS_FOR_BENEFICIARY
from concierge.errors import Invalid
from concierge.tenancy import Actor

# Where a fault of theirs is: callers that name their fields otherwise take this away.
FIELD = "beneficiary."


@dataclass(frozen=True)
class Beneficiary:
    """Whom the doer meets, and where. ``agreed``: they said yes to our letters."""

    first_name: str
    last_name: str
    phone: str = ""
    email: str = ""
    agreed: bool = False
    street: str = ""
    postcode: str = ""
    city: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    # Their row, when somebody of the team chose it.
    row: Client | None = None
    access_note: str = field(default="", repr=False)

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


def clean_beneficiary(other: Beneficiary | None) -> Beneficiary | None:
    """Normalise and check, as for a client; but nobody needs a number or an address of their own to be helped.

    Raises ``Invalid`` naming the field, after ``beneficiary.``.
    """
    if other is None:
        return None
    try:
        clean = clean_details(_as_details(other), must_answer=False)
    except Invalid as error:
        raise Invalid(error.message, field=f"{FIELD}{error.field}") from error
    if other.agreed and not other.email:
        raise Invalid(_("To write to this person, we need their e-mail address."), field=f"{FIELD}email")
    return Beneficiary(
        first_name=clean.first_name,
        last_name=clean.last_name,
        phone=clean.phone,
        email=clean.email,
        agreed=other.agreed,
        street=clean.street,
        postcode=clean.postcode,
        city=clean.city,
        latitude=clean.latitude,
        longitude=clean.longitude,
        row=other.row,
        access_note=other.access_note,
    )


def _as_details(other: Beneficiary) -> ClientDetails:
    return ClientDetails(
        first_name=other.first_name,
        last_name=other.last_name,
        email=other.email,
        phone=other.phone,
        street=other.street,
        postcode=other.postcode,
        city=other.city,
        latitude=other.latitude,
        longitude=other.longitude,
    )


def find_or_create_beneficiary(client: Client, other: Beneficiary, *, by: Actor) -> Client:
    """The row of the person it is for.

    Staff and the organisation's own systems know whom they speak of: the row is found as a client's is. Anybody else
    may write whatever address: nobody is recognised by it, and no known person's row is touched (S14). Somebody this
    client has asked for before, under the same name, is the same person.
    """
    if other.row is not None:
        return other.row
    vouched = by.is_staff or by.kind in {"api", "system"}
    mine = HelpedPerson.objects.of(client.kept_id).select_related("person__merged_into")
    listed = mine.named(other.first_name, other.last_name).first()
    if vouched and (other.email or other.phone):
        person = find_or_create_client(client.organisation, _as_details(other))
    elif listed is not None and listed.person is not None:
        person = listed.person.kept_as
    else:
        person = _asked_for_before(client, other) or Client.objects.create(
            organisation_id=client.organisation_id,
            first_name=other.first_name,
            last_name=other.last_name,
            phone=other.phone,
            street=other.street,
            postcode=other.postcode,
            city=other.city,
        )
    _remember(client, other, person, listed)
    return person


def _asked_for_before(client: Client, other: Beneficiary) -> Client | None:
    known = Client.objects.filter(
        organisation_id=client.organisation_id,
        requests_for_them__client__in=Client.objects.family_of(client.kept_id).values("pk"),
        first_name__iexact=other.first_name,
        last_name__iexact=other.last_name,
    )
    found = known.select_related("merged_into").order_by("pk").first()
    return found.kept_as if found else None


def _remember(client: Client, other: Beneficiary, person: Client, listed: HelpedPerson | None) -> None:
    """Put them on the client's list, as they were typed: nothing of anybody's record gets there."""
    if listed is not None:
        if listed.person_id is None:
            HelpedPerson.objects.filter(pk=listed.pk).update(person=person)
        return
    if HelpedPerson.objects.of(client.kept_id).count() >= MOST_HELPED:
        return
    # Somebody may put the same name there at the same moment: once is enough.
    with suppress(IntegrityError), transaction.atomic():
        HelpedPerson.objects.create(
            organisation_id=client.organisation_id,
            owner_id=client.kept_id,
            person=person,
            first_name=other.first_name,
            last_name=other.last_name,
            phone=other.phone,
            street=other.street,
            postcode=other.postcode,
            city=other.city,
        )


def agreed_to(other: Beneficiary | None) -> dict[str, str]:
    """What the record says about consent: which sentence was agreed to (P09)."""
    return {"agreed": NEWS_FOR_BENEFICIARY} if other is not None and other.agreed else {}
