"""Letters about files that local businesses open themselves: the invitation, and what became of it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from notifications.actions.addresses import link
from notifications.actions.letters import Note, NotNeeded, to_business, writes
from notifications.actions.letters_about_papers import door_for, where_to
from notifications.enums import Kind, Unsent
from notifications.models import Message
from providers.actions.expiry import latest_rows
from providers.actions.invitations import door_of
from providers.enums import DocumentKind, InvitationStatus
from providers.models import Provider, ProviderInvitation
from providers.rules import papers


@writes(Kind.INVITATION)
def invitation(message: Message) -> Note:
    """The link and its four digits, made when the letter leaves. Not once it was used or taken back."""
    invited = ProviderInvitation.objects.select_related("organisation").filter(public_id=message.subject_id).first()
    if invited is None:
        raise NotNeeded(Unsent.GONE)
    token, code = door_of(invited)
    if invited.status == InvitationStatus.REVOKED or not token:
        raise NotNeeded(Unsent.OUTDATED)
    is_used = invited.status == InvitationStatus.USED
    heading = _("Your documents, by a new link") if is_used else _("Work with us")
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because %(name)s would like to work with your business.")
        % {"name": invited.organisation.name},
        action_url=link(invited.organisation, "providers:invitation", token),
        action_label=_("Open your file"),
        words={"code": code, "is_used": is_used},
    )


@writes(Kind.INVITATION_MISDIRECTED)
def misdirected(message: Message) -> Note:
    """Whoever read the invitation says that it was not for them. Not once it was sent again."""
    invited = ProviderInvitation.objects.filter(public_id=message.subject_id).first()
    if invited is None:
        raise NotNeeded(Unsent.GONE)
    if invited.status == InvitationStatus.SENT:
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("An invitation reached the wrong person")
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because of your role in the team."),
        facts=[(_("Invited"), invited.name), (_("Contact"), invited.email or str(invited.phone))],
        action_url=link(message.organisation, "providers:invitation-staff", invited.public_id),
        action_label=_("Open the invitation"),
    )


@writes(Kind.FILE_REFUSED)
def refused(message: Message) -> Note:
    """Why the team does not go on with a file. Not once they were invited again."""
    found = ProviderInvitation.objects.select_related("organisation").filter(public_id=message.subject_id).first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    if found.status != InvitationStatus.REFUSED:
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("We do not go on with your file")
    return to_business("", subject=heading, heading=heading, facts=[], reason=found.refusal)


@writes(Kind.FILE_HANDED_IN)
def handed_in(message: Message) -> Note:
    """For whoever looks at it. Not once somebody has said yes."""
    provider = Provider.objects.filter(public_id=message.subject_id).first()
    if provider is None:
        raise NotNeeded(Unsent.GONE)
    if not provider.is_to_check:
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("A provider has filled in its file: please look at it")
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because of your role in the team."),
        facts=[(_("Provider"), provider.name)],
        action_url=link(message.organisation, "providers:provider", provider.public_id),
        action_label=_("Look at the file"),
    )


@writes(Kind.PROVIDER_APPROVED)
def approved(message: Message) -> Note:
    """Welcome; what is still missing keeps every offer away, so it is named, with the way to send it."""
    provider = Provider.objects.select_related("organisation").filter(public_id=message.subject_id).first()
    if provider is None:
        raise NotNeeded(Unsent.GONE)
    if not provider.is_active:
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("Welcome: you work with us")
    there = latest_rows(provider)
    missing = [str(DocumentKind(kind).label) for kind in papers.ALWAYS if kind not in there]
    if not missing:
        return to_business("", subject=heading, heading=heading, facts=[])
    facts = [(_("Still missing: no offer before it is here"), ", ".join(missing)), *where_to(provider)]
    return to_business("", subject=heading, heading=heading, facts=facts, **door_for(provider))
