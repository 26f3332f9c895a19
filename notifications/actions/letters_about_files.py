"""Letters about files that local businesses open themselves: the invitation, and what became of it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from notifications.actions.addresses import link
from notifications.actions.letters import Note, NotNeeded, to_business, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from providers.actions.invitations import door_of
from providers.enums import InvitationStatus
from providers.models import Provider, ProviderInvitation


@writes(Kind.INVITATION)
def invitation(message: Message) -> Note:
    """The link and its four digits, made when the letter leaves. Not once it was used or taken back."""
    invited = ProviderInvitation.objects.select_related("organisation").filter(public_id=message.subject_id).first()
    if invited is None:
        raise NotNeeded(Unsent.GONE)
    token, code = door_of(invited)
    if invited.status != InvitationStatus.SENT or not token:
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("Work with us")
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because %(name)s would like to work with your business.")
        % {"name": invited.organisation.name},
        action_url=link(invited.organisation, "providers:invitation", token),
        action_label=_("Open your file"),
        words={"code": code},
    )


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
    """Welcome."""
    provider = Provider.objects.select_related("organisation").filter(public_id=message.subject_id).first()
    if provider is None:
        raise NotNeeded(Unsent.GONE)
    if not provider.is_active:
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("Welcome: you work with us")
    return to_business("", subject=heading, heading=heading, facts=[])
