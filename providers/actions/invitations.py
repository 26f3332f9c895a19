"""A local business opens its own file by an invitation: who it is, when it answers, what it does, its papers, the
charter. Each step is kept; the team looks at the whole and says yes (domain.md R32, trust.md S14, S16, S17)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python

from bookings.models import Service
from concierge import events, retention
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.models import Organisation, normalise_email
from concierge.tenancy import Actor
from providers.actions import availability, businesses
from providers.actions.contacts import mobile_of
from providers.actions.file_moves import check_row, lock_provider
from providers.actions.refusals import InvitationOver, SiretKnown
from providers.enums import INVITATION_TRANSITIONS, InvitationStatus
from providers.models import (
    InvitationLink,
    Provider,
    ProviderArea,
    ProviderCapacity,
    ProviderClosure,
    ProviderDocument,
    ProviderHours,
    ProviderInvitation,
    ProviderSite,
    StoredFile,
)
from providers.models.links import MAX_CODE_TRIES, code_of, hash_of, new_nonce, token_of
from providers.rules.hours import Opening

# How long somebody may take, from the message to the last step.
LASTS = dt.timedelta(days=30)
LONGEST_REASON = 300
# What the first step may not touch in a file: what the team decides.
OF_THE_TEAM = ("is_active", "is_to_check", "charter_signed_on")


@transaction.atomic
def invite_provider(
    organisation: Organisation, *, name: str, email: str = "", phone: str = "", language: str = "fr", by: Actor
) -> ProviderInvitation:
    """Ask a local business to open its file; it is written to. Raises ``Invalid`` at the field and ``Conflict`` when
    this address has an open invitation."""
    number = to_python(phone, region="FR")
    if phone and (number is None or not number.is_valid()):
        raise Invalid(_("This phone number is not valid."), field="phone")
    invitation = ProviderInvitation(
        organisation=organisation,
        name=name.strip(),
        email=normalise_email(email),
        phone=number.as_e164 if number else "",
        language=language,
    )
    check_row(invitation)
    with refuse_on(*_once_per_address()), refuse_on(*_once_per_phone()):
        invitation.save()
    _new_link(invitation)
    events.record("provider_invitation.sent", invitation, by=by)
    return invitation


@transaction.atomic
def invite_again(invitation: ProviderInvitation, *, by: Actor) -> ProviderInvitation:
    """The same invitation by a new link: the one before opens nothing any more. One that was taken back or refused is
    open again; whoever has handed in gets a link for documents.

    Raises ``InvitationOver`` when the team has decided on an unfinished file, and ``Conflict``.
    """
    locked = _locked(invitation)
    if locked.status != InvitationStatus.USED:
        locked = _lock(invitation, "send")
        locked.status, locked.refusal = INVITATION_TRANSITIONS["send"][1], ""
        with refuse_on(*_once_per_address()):
            locked.save(update_fields=["status", "refusal"])
    _new_link(locked)
    events.record("provider_invitation.sent", locked, by=by)
    return locked


@transaction.atomic
def revoke_invitation(invitation: ProviderInvitation, *, by: Actor) -> ProviderInvitation:
    """It was a mistake, or reached somebody else: the link opens nothing any more. What was typed so far stays with the
    team; what was handed in stays so. Again: nothing."""
    locked = _locked(invitation)
    if not locked.links.filter(revoked_at=None).update(revoked_at=timezone.now()):
        return locked
    if locked.status == InvitationStatus.SENT:
        locked.status = INVITATION_TRANSITIONS["revoke"][1]
        locked.save(update_fields=["status"])
    events.record("provider_invitation.revoked", locked, by=by)
    return locked


@transaction.atomic
def report_invitation(link: InvitationLink, *, by: Actor) -> None:
    """“This is not me”: the invitation is taken back, the team is told that its address is wrong. Again: nothing."""
    locked = _locked(link.invitation)
    if not locked.links.filter(pk=link.pk, revoked_at=None).update(
        revoked_at=timezone.now(), reported_at=timezone.now()
    ):
        return
    if locked.status == InvitationStatus.SENT:
        locked.status = INVITATION_TRANSITIONS["revoke"][1]
        locked.save(update_fields=["status"])
    events.record("provider_invitation.misdirected", locked, by=by)


@transaction.atomic
def refuse_file(invitation: ProviderInvitation, *, reason: str, by: Actor) -> ProviderInvitation:
    """The team does not go on with a file that was begun, handed in or not: no link of it opens any more, they are told
    why, and it goes after a while (``never_handed_in``). Whoever is invited again goes on where they were.

    Raises ``Invalid`` without a reason, ``InvitationOver`` when there is no file, or the team has decided on it.
    """
    locked = _lock(invitation, "refuse")
    if locked.provider is None:
        raise InvitationOver(current_status=locked.status)
    locked.refusal = reason.strip()[:LONGEST_REASON]
    if not locked.refusal:
        raise Invalid(_("Say why: they read it."), field="reason")
    locked.links.filter(revoked_at=None).update(revoked_at=timezone.now())
    locked.status = INVITATION_TRANSITIONS["refuse"][1]
    locked.save(update_fields=["status", "refusal"])
    events.record("provider_invitation.refused", locked, by=by)
    return locked


@transaction.atomic
def say_who(invitation: ProviderInvitation, details: Mapping[str, Any], *, by: Actor) -> Provider:
    """The first step: the file begins, to be checked; a second time it is corrected.

    Raises ``Invalid`` at the field, ``SiretKnown`` when there is such a file (and says nothing of it), and
    ``InvitationOver``.
    """
    locked = _lock(invitation, "use")
    given = {name: value for name, value in details.items() if name not in OF_THE_TEAM}
    try:
        with transaction.atomic():
            if locked.provider is not None:
                return businesses.change_provider(locked.provider, given, by=by)
            made = businesses.create_provider(
                locked.organisation, businesses.ProviderDetails(**given), is_to_check=True, by=by
            )
    except Invalid as error:
        if error.details.get("is_known"):
            raise SiretKnown(field="siret") from error
        raise
    locked.provider = made
    locked.save(update_fields=["provider"])
    return made


@transaction.atomic
def say_when(
    invitation: ProviderInvitation, days: Mapping[int, Sequence[Opening]], *, radius_km: int, by: Actor
) -> Provider:
    """The second step: when it answers, and how far it goes."""
    locked, provider = _begun(invitation)
    availability.change_hours(provider, days, by=by)
    locked.has_hours = True
    locked.save(update_fields=["has_hours"])
    return businesses.change_provider(provider, {"radius_km": radius_km}, by=by)


@transaction.atomic
def say_what(
    invitation: ProviderInvitation, services: Sequence[Service], *, daily_capacity: int, by: Actor
) -> Provider:
    """The third step: what it would do, and how much of it. Agreements are for the team."""
    locked, provider = _begun(invitation)
    if not services:
        raise Invalid(_("Choose at least one."), field="services")
    locked.wanted = sorted(service.pk for service in services)
    locked.save(update_fields=["wanted"])
    return businesses.change_provider(provider, {"daily_capacity": daily_capacity}, by=by)


@transaction.atomic
def hand_in(invitation: ProviderInvitation, *, charter: str, name: str, by: Actor) -> ProviderInvitation:
    """The last step: the charter is signed as it was shown, and the team has everything. Raises ``Invalid``."""
    locked, provider = _begun(invitation)
    if not locked.has_hours or not locked.wanted:
        raise Invalid(_("A step before this one is missing."))
    if not name.strip():
        raise Invalid(_("Please type your name."), field="name")
    locked.status, locked.used_at = INVITATION_TRANSITIONS["use"][1], timezone.now()
    locked.charter, locked.signed_by = charter, name.strip()[:120]
    locked.save()
    businesses.change_provider(provider, {"charter_signed_on": today_of(locked.organisation)}, by=by)
    events.record("provider.handed_in", provider, by=by)
    return locked


@transaction.atomic
def approve_provider(provider: Provider, *, by: Actor) -> Provider:
    """The team has looked at the file: from now on it may be asked. Again: nothing.

    Raises ``Conflict`` while its steps can still be changed by the link of the invitation.
    """
    locked = lock_provider(provider)
    if locked.is_to_check:
        # Read without its lock: whoever does a step holds it and waits for the provider's.
        came = ProviderInvitation.objects.filter(provider=provider).first()
        if came is not None and came.status == InvitationStatus.SENT:
            raise Conflict(_("They have not handed everything in yet. Wait for it, or take the invitation back first."))
        if came is not None and came.status == InvitationStatus.REFUSED:
            raise Conflict(_("This file was refused. Invite them again, so that they can hand it in."))
        locked.is_to_check, locked.is_active = False, True
        locked.save(update_fields=["is_to_check", "is_active"])
        open_door(locked)
        events.record("provider.approved", locked, by=by)
    return locked


@retention.forget("invitations")
def never_used(before: dt.datetime) -> QuerySet[ProviderInvitation]:
    """Of businesses that never said who they are: taken back, or no link of theirs opens any more."""
    alive = InvitationLink.objects.filter(invitation=OuterRef("pk"), expires_at__gte=before)
    return ProviderInvitation.objects.filter(~Exists(alive), provider=None)


def _drop_files(files: QuerySet[Provider]) -> None:
    """Delete files that were begun, with what such a file can have: the runtime role may delete nothing else of a
    provider, and PostgreSQL refuses to leave anything without its provider."""
    keys = list(files.order_by("pk").values_list("pk", flat=True))
    ProviderInvitation.objects.filter(provider__in=keys).update(provider=None)
    theirs = {"provider__in": keys}
    StoredFile.objects.filter(document__provider__in=keys).delete()
    for rows in (
        ProviderDocument.objects.filter(**theirs),
        ProviderHours.objects.filter(**theirs),
        ProviderClosure.objects.filter(**theirs),
        ProviderSite.objects.filter(**theirs),
        ProviderArea.objects.filter(**theirs),
        ProviderCapacity.objects.filter(**theirs),
    ):
        rows.delete()
    files._raw_delete(files.db)


@retention.forget("unfinished_files", by=_drop_files)
def never_handed_in(before: dt.datetime) -> QuerySet[Provider]:
    """Files that were begun by an invitation and never handed in, or that the team refused: no link of theirs opens any
    more. Not one with which anything was agreed, or somebody of whom can sign in."""
    alive = InvitationLink.objects.filter(invitation__provider=OuterRef("pk"), expires_at__gte=before)
    begun = Provider.objects.filter(is_to_check=True, invitation__isnull=False)
    unfinished = begun.exclude(invitation__status=InvitationStatus.USED).filter(~Exists(alive))
    return unfinished.filter(agreements=None, members=None, bank_accounts=None, calendar_feeds=None)


def open_door(provider: Provider) -> None:
    """A paper is asked for: whoever came by an invitation and never signs in can send it by their link, for as long as
    anybody has for an invitation. A link that still opens stays as it is."""
    came = ProviderInvitation.objects.select_for_update(of=("self",), no_key=True)
    invitation = came.filter(provider=provider, status=InvitationStatus.USED).first()
    if invitation is not None and current_link(invitation) is None:
        _new_link(invitation)


def current_link(invitation: ProviderInvitation) -> InvitationLink | None:
    """The link that opens, and was not locked by wrong digits."""
    alive = invitation.links.filter(revoked_at=None, expires_at__gt=timezone.now(), code_tries__lt=MAX_CODE_TRIES)
    return alive.order_by("-pk").first()


def door_of(invitation: ProviderInvitation) -> tuple[str, str]:
    """Token and four digits of its link; empty when none opens."""
    link = current_link(invitation)
    return (token_of(link.nonce), code_of(link.nonce)) if link else ("", "")


def way_to(invitation: ProviderInvitation) -> str:
    """How the message reaches them: ``email``, ``sms``, or not at all (empty)."""
    if invitation.email:
        return "email"
    return "sms" if mobile_of(invitation.phone) else ""


@transaction.atomic
def send_new_invitation_link(link: InvitationLink, *, by: Actor) -> bool:
    """A new link to the address that was invited, for whoever comes back to an unfinished file with one that has
    expired or was locked by wrong digits. ``False`` when there is nothing to do."""
    locked = _locked(link.invitation)
    fresh = InvitationLink.objects.get(pk=link.pk)
    if fresh.revoked_at is not None or fresh.lets_act_at(timezone.now()) or locked.status != InvitationStatus.SENT:
        return False
    _new_link(locked)
    events.record("provider_invitation.sent", locked, by=by)
    return True


def _once_per_address() -> tuple[str, Conflict]:
    refusal = Conflict(_("This address has an invitation that is still open."), field="email")
    return "provider_invitation_open_once_per_address", refusal


def _once_per_phone() -> tuple[str, Conflict]:
    refusal = Conflict(_("This number has an invitation that is still open."), field="phone")
    return "provider_invitation_open_once_per_phone", refusal


def _new_link(invitation: ProviderInvitation) -> None:
    now, nonce = timezone.now(), new_nonce()
    invitation.links.filter(revoked_at=None).update(revoked_at=now)
    InvitationLink.objects.create(
        organisation_id=invitation.organisation_id,
        invitation=invitation,
        nonce=nonce,
        token_hash=hash_of(token_of(nonce)),
        expires_at=now + LASTS,
    )


def _locked(invitation: ProviderInvitation) -> ProviderInvitation:
    """Re-read an invitation under its row lock.

    Its provider is read by a statement of its own: joined, one that was made while we waited would look like none.
    """
    rows = ProviderInvitation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("organisation").get(pk=invitation.pk)


def _lock(invitation: ProviderInvitation, verb: str) -> ProviderInvitation:
    """Re-read it for a verb. Raises ``InvitationOver``, also once the team has decided on the file."""
    locked = _locked(invitation)
    decided = locked.provider is not None and not locked.provider.is_to_check
    if locked.status not in INVITATION_TRANSITIONS[verb][0] or decided:
        raise InvitationOver(current_status=locked.status)
    return locked


def _begun(invitation: ProviderInvitation) -> tuple[ProviderInvitation, Provider]:
    locked = _lock(invitation, "use")
    if locked.provider is None:
        raise Invalid(_("A step before this one is missing."))
    return locked, locked.provider
