"""Professionals who book for people they accompany: invited, paused, and what they may do for whom (R2)."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.clients import ClientDetails, clean_details
from bookings.actions.links import take_back_links
from bookings.models import Accompaniment, Client, Prescriber, ServiceRequest
from bookings.models.people import ACCOMPANIED
from concierge import events, retention
from concierge.actions import invited_user
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, NotAllowed, TooManyAttempts
from concierge.models import Organisation
from concierge.tenancy import Actor

# People one prescriber accompanies at once (S33).
MOST_PEOPLE = 500


@transaction.atomic
def invite_prescriber(
    organisation: Organisation,
    email: str,
    *,
    first_name: str,
    last_name: str,
    structure: str,
    by: Actor,
    phone: str = "",
) -> Prescriber:
    """Somebody of a partner structure may book for people they accompany; they are told how to sign in.

    Raises ``Conflict`` (409) when they are a prescriber here already, ``Invalid`` (400) without a structure.
    """
    if not structure.strip():
        raise Invalid(_("Say for which structure this person works."), field="structure")
    details = clean_details(
        ClientDetails(first_name=first_name, last_name=last_name, email=email, phone=phone), must_answer=False
    )
    if not details.email:
        raise Invalid(_("Please write a whole e-mail address, such as name@example.fr."), field="email")
    user = invited_user(details.email, first_name=details.first_name, last_name=details.last_name)
    taken = Conflict(_("This person is already a prescriber here."), field="email")
    with refuse_on("prescriber_once_per_organisation", taken):
        made = Prescriber.objects.create(
            organisation=organisation, user=user, structure=structure.strip()[:120], phone=details.phone
        )
    events.record("prescriber.invited", made, by=by)
    return made


@transaction.atomic
def pause_prescriber(prescriber: Prescriber, *, by: Actor) -> Prescriber:
    """Nothing opens for them any more, from their next click on: links they hold neither. Again: nothing happens."""
    locked = Prescriber.objects.select_for_update(of=("self",), no_key=True).get(pk=prescriber.pk)
    if locked.paused_at is None:
        locked.paused_at = timezone.now()
        locked.save(update_fields=["paused_at"])
        events.record("prescriber.paused", locked, by=by)
        take_back_links(ServiceRequest.objects.filter(prescriber=locked), by=by)
    return locked


@transaction.atomic
def resume_prescriber(prescriber: Prescriber, *, by: Actor) -> Prescriber:
    """They may book again."""
    locked = Prescriber.objects.select_for_update(of=("self",), no_key=True).get(pk=prescriber.pk)
    if locked.paused_at is not None:
        locked.paused_at = None
        locked.save(update_fields=["paused_at"])
        events.record("prescriber.resumed", locked, by=by)
    return locked


@transaction.atomic
def add_person(prescriber: Prescriber, details: ClientDetails, *, agreed: bool, by: Actor) -> Accompaniment:
    """A person the prescriber speaks for from now on, with the person's agreement noted (P09).

    Always a new row: a prescriber who types the address of somebody we know gets nothing of them (S14). When nobody
    has the address yet, whoever proves it will find these requests; the team brings rows together later.

    Raises ``Invalid`` (400), ``TooManyAttempts`` (429) beyond 500 people.
    """
    if not agreed:
        raise Invalid(_("Ask the person first, then tick this box."), field="agreed")
    clean = clean_details(details, must_answer=False)
    # One after the other for this prescriber, so that the count holds.
    owner = Prescriber.objects.select_for_update(of=("self",), no_key=True).get(pk=prescriber.pk)
    if owner.paused_at is not None:
        raise NotAllowed
    if Accompaniment.objects.filter(prescriber=owner, ended_at=None).count() >= MOST_PEOPLE:
        raise TooManyAttempts(_("You accompany many people already. Please call us to add more."))
    made = Accompaniment.objects.create(
        organisation_id=owner.organisation_id,
        prescriber=owner,
        client=_fresh_client(owner, clean),
        email=clean.email,
        phone=clean.phone,
        street=clean.street,
        postcode=clean.postcode,
        city=clean.city,
        consent=ACCOMPANIED,
        consent_at=timezone.now(),
    )
    events.record("person.entrusted", made, by=by, agreed=ACCOMPANIED, on_behalf_of=str(made.client.public_id))
    return made


def _fresh_client(owner: Prescriber, details: ClientDetails) -> Client:
    fresh = Client(
        organisation_id=owner.organisation_id,
        first_name=details.first_name,
        last_name=details.last_name,
        email=details.email,
        phone=details.phone,
        language=details.language,
        street=details.street,
        postcode=details.postcode,
        city=details.city,
    )
    try:
        with transaction.atomic():
            fresh.save()
    except IntegrityError:
        # Somebody has this address already. The prescriber reads no difference.
        fresh.email = ""
        fresh.save()
    return fresh


@transaction.atomic
def end_accompaniment(accompaniment: Accompaniment, *, by: Actor) -> Accompaniment:
    """The person leaves the prescriber's list, and the links of their requests die; what was booked goes on."""
    ended = Accompaniment.objects.filter(pk=accompaniment.pk, ended_at=None).update(ended_at=timezone.now())
    accompaniment.refresh_from_db()
    if ended:
        client = accompaniment.client
        events.record("person.released", accompaniment, by=by, on_behalf_of=str(client.public_id))
        theirs = Client.objects.family_of(client.kept_id)
        made = ServiceRequest.objects.filter(prescriber=accompaniment.prescriber_id, client__in=theirs)
        still = ServiceRequest.objects.made_by(accompaniment.prescriber_id).order_by()
        take_back_links(made.exclude(pk__in=still.values("pk")), by=by)
    return accompaniment


@retention.forget("accompaniments", email="", phone="", street="", postcode="", city="")
def no_longer_accompanied(before: dt.datetime) -> QuerySet[Accompaniment]:
    """What a prescriber typed of somebody they left, once nothing they asked for that person is under way. That they
    agreed stays said (P09), and so does the end: what was asked for is not shown to the prescriber again."""
    same = Coalesce(OuterRef("client__merged_into_id"), OuterRef("client_id"))
    asked = ServiceRequest.objects.open().filter(prescriber=OuterRef("prescriber")).order_by()
    asked = asked.alias(head=Coalesce("client__merged_into_id", "client_id")).filter(head=same)
    empty = Q(email="", phone="", street="", postcode="", city="")
    return Accompaniment.objects.filter(~empty, ~Exists(asked), ended_at__lt=before)


def person_of(named: Prescriber | Accompaniment | None, *, by: Actor, paid_by_somebody: bool) -> Client | None:
    """The client of a booking by a prescriber, who must still accompany them; ``None`` when the details say who.

    Raises ``NotAllowed`` (403). Nobody has proved the person's address: it opens no employer's purse.
    """
    if isinstance(named, Prescriber):
        if named.paused_at is not None or by.prescriber_id is not None:
            raise NotAllowed
        return None
    if named is None:
        return None
    live = Accompaniment.objects.filter(
        pk=named.pk, ended_at=None, prescriber__paused_at=None, prescriber=by.prescriber_id or F("prescriber")
    )
    if paid_by_somebody or not live.exists():
        raise NotAllowed
    return named.client.merged_into or named.client


def prescriber_of(named: Prescriber | Accompaniment | None) -> Prescriber | None:
    """Who asks for somebody else."""
    return named.prescriber if isinstance(named, Accompaniment) else named


def for_whom(request: ServiceRequest, by: Actor) -> dict[str, str]:
    """What the record says when somebody else than the client asked; a system that names a prescriber has said that
    the person agreed (P09)."""
    if request.prescriber_id is not None and by.kind == "api":
        return {"on_behalf_of": str(request.client.public_id), "entrusted": ACCOMPANIED}
    if by.is_staff or request.prescriber_id is not None:
        return {"on_behalf_of": str(request.client.public_id)}
    return {}
