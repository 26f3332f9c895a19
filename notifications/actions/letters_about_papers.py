"""Letters about papers of local businesses: those that end, those that were sent, those that are missing."""

from __future__ import annotations

from django.utils.translation import gettext as _

from concierge.days import today_of
from concierge.words import date_words, euros
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, to_business, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from providers.actions.expiry import latest_rows
from providers.actions.invitations import door_of
from providers.enums import DocumentKind, DocumentStatus
from providers.models import Provider, ProviderDocument, ProviderInvitation
from providers.rules import papers


@writes(Kind.PAPER_ENDING, Kind.PAPER_OVER)
def ending(message: Message) -> Note:
    """Which, until when, and what follows. Not once a newer one is there, or nobody works together any more."""
    found = ProviderDocument.objects.select_related("provider__organisation").filter(public_id=message.subject_id)
    document = found.first()
    if document is None:
        raise NotNeeded(Unsent.GONE)
    ends, provider = document.expires_on, document.provider
    if ends is None or latest_rows(provider).get(document.kind) != document or not provider.is_active:
        raise NotNeeded(Unsent.OUTDATED)
    today = today_of(provider.organisation)
    is_over = ends < today
    if is_over != (message.kind == Kind.PAPER_OVER):
        raise NotNeeded(Unsent.OUTDATED)
    facts = [(_("Document"), document.get_kind_display())]
    if document.reference:
        facts.append((_("Number"), document.reference))
    facts += [(_("Valid until"), date_words(ends, "l j F Y")), *where_to(provider)]
    if is_over:
        heading = subject = _("A document has ended: we cannot offer you new jobs")
    elif ends == today:
        heading = subject = _("A document ends today")
    else:
        heading = subject = _("A document of yours ends soon")
    return to_business("", subject=subject, heading=heading, facts=facts, **door_for(provider))


@writes(Kind.PAPER_APPROVED, Kind.PAPER_REFUSED)
def judged(message: Message) -> Note:
    """What the team says of a paper that they sent."""
    found = ProviderDocument.objects.select_related("provider__organisation").filter(public_id=message.subject_id)
    document = found.first()
    if document is None:
        raise NotNeeded(Unsent.GONE)
    is_no = message.kind == Kind.PAPER_REFUSED
    if is_no != (document.status == DocumentStatus.REFUSED) or _is_over(document.provider):
        raise NotNeeded(Unsent.OUTDATED)
    facts = [(_("Document"), document.get_kind_display())]
    if document.expires_on and not is_no:
        facts.append((_("Valid until"), date_words(document.expires_on, "l j F Y")))
    heading = _("We need another document from you") if is_no else _("Your document is approved")
    door = door_for(document.provider) if is_no else {}
    facts += where_to(document.provider) if is_no else []
    return to_business("", subject=heading, heading=heading, facts=facts, reason=document.refusal, **door)


@writes(Kind.PAPER_NEEDED)
def needed(message: Message) -> Note:
    """Work that they would have been asked for. Not once the certificate is there."""
    provider = Provider.objects.select_related("organisation").filter(public_id=message.subject_id).first()
    if provider is None:
        raise NotNeeded(Unsent.GONE)
    if not provider.is_active or papers.VIGILANCE in latest_rows(provider):
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("We could not offer you a job: a certificate is missing")
    facts = [(_("Document"), str(DocumentKind.VIGILANCE.label)), *where_to(provider)]
    amount = euros(papers.vigilance_term(today_of(provider.organisation)).amount, digits=0)
    return to_business("", subject=heading, heading=heading, facts=facts, amount=amount, **door_for(provider))


@writes(Kind.PAPER_SENT)
def to_check(message: Message) -> Note:
    """For whoever looks at it. Not once somebody has."""
    document = ProviderDocument.objects.select_related("provider").filter(public_id=message.subject_id).first()
    if document is None:
        raise NotNeeded(Unsent.GONE)
    if document.status != DocumentStatus.TO_CHECK:
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("A provider sent a document: please look at it")
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because of your role in the team."),
        facts=[(_("Provider"), document.provider.name), (_("Document"), document.get_kind_display())],
        action_url=link(message.organisation, "providers:document", document.provider.public_id, document.public_id),
        action_label=_("Look at the document"),
    )


def _is_over(provider: Provider) -> bool:
    """Nobody works together, nor begins to."""
    return not provider.is_active and not provider.is_to_check


def door_for(provider: Provider) -> dict[str, str]:
    """The page where they send it: their space, else that of their invitation while its link opens."""
    if not provider.members.exists():
        token = _invited(provider)[0]
        page = link(provider.organisation, "providers:invitation-step", token, "documents") if token else ""
        return {"url": page, "label": _("Send the document")}
    return {"url": link(provider.organisation, "providers:space-documents"), "label": _("Send the document")}


def _invited(provider: Provider) -> tuple[str, str]:
    """Token and digits of the link by which it opened its file."""
    invitation = ProviderInvitation.objects.filter(provider=provider).first()
    return door_of(invitation) if invitation else ("", "")


def where_to(provider: Provider) -> Facts:
    """For whoever has no page of their own."""
    facts: Facts = []
    if not provider.members.exists() and (code := _invited(provider)[1]):
        facts.append((_("Four digits to type there"), code))
    if provider.organisation.email and not provider.members.exists():
        facts.append((_("Send it to"), provider.organisation.email))
    if provider.organisation.phone:
        facts.append((_("Or call us"), str(provider.organisation.phone_shown)))
    return facts
