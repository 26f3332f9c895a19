"""Letters about agreements: to the business that signs them, to whoever manages providers when it has answered."""

from __future__ import annotations

from django.utils.translation import gettext as _

from concierge.days import today_of
from concierge.words import date_words
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, writes
from notifications.enums import Kind, RecipientKind, Unsent
from notifications.models import Message
from providers.actions.agreement_ends import goes_on
from providers.actions.agreement_texts import price_words
from providers.actions.links import link_code, link_url
from providers.enums import AgreementStatus
from providers.models import ServiceAgreement


def _agreement(message: Message) -> ServiceAgreement:
    found = ServiceAgreement.objects.select_related("provider", "service").filter(public_id=message.subject_id).first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    return found


def _facts(agreement: ServiceAgreement) -> Facts:
    facts = [
        (_("Service"), agreement.service.label),
        (_("Paid to the provider"), price_words(agreement)),
        (_("First day"), date_words(agreement.valid_from, "j F Y")),
    ]
    if agreement.valid_to:
        facts.append((_("Last day"), date_words(agreement.valid_to, "j F Y")))
    return facts


TO_THE_PROVIDER = (Kind.AGREEMENT_SENT, Kind.AGREEMENT_SIGNED, Kind.AGREEMENT_WITHDRAWN, Kind.AGREEMENT_ENDED)


@writes(*TO_THE_PROVIDER)
def to_provider(message: Message) -> Note:
    """What there is to sign, or what became of it; the page needs their account."""
    agreement, kind = _agreement(message), Kind(message.kind)
    if kind == Kind.AGREEMENT_SENT and agreement.status != AgreementStatus.SENT:
        raise NotNeeded(Unsent.OUTDATED)
    heading = {
        Kind.AGREEMENT_SENT: _("An agreement waits for your signature"),
        Kind.AGREEMENT_SIGNED: _("Our agreement is signed"),
        Kind.AGREEMENT_WITHDRAWN: _("We do not go on with this agreement"),
        Kind.AGREEMENT_ENDED: _("Our agreement ends"),
    }[kind]
    has_account, by_link = agreement.provider.members.exists(), kind == Kind.AGREEMENT_SENT and link_url(agreement)
    page = link(message.organisation, "providers:space-agreement", agreement.public_id) if has_account else ""
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because your business works with us."),
        facts=_facts(agreement),
        # Whoever has an account may still sign by the link: nobody looks for a password to say yes.
        action_url=by_link or page,
        action_label=_("Read and sign") if kind == Kind.AGREEMENT_SENT else _("Read it") if page else "",
        words={"code": link_code(agreement) if by_link else ""},
    )


@writes(Kind.AGREEMENT_ENDING)
def ends_soon(message: Message) -> Note:
    """To both sides, until something is agreed for the time after."""
    agreement = _agreement(message)
    if goes_on(agreement) or not agreement.is_in_force(today_of(message.organisation)):
        raise NotNeeded(Unsent.OUTDATED)
    is_ours = message.recipient_kind == RecipientKind.STAFF
    heading = _("An agreement ends soon") if is_ours else _("Our agreement ends soon")
    page = "providers:agreement" if is_ours else "providers:space-agreement"
    can_read = is_ours or agreement.provider.members.exists()
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because of your role in the team.")
        if is_ours
        else _("You receive this message because your business works with us."),
        facts=[(_("Provider"), agreement.provider.name), *_facts(agreement)] if is_ours else _facts(agreement),
        action_url=link(message.organisation, page, agreement.public_id) if can_read else "",
        action_label=_("Look at the agreement") if can_read else "",
        words={"is_ours": is_ours},
    )


@writes(Kind.AGREEMENT_SIGNATURE, Kind.AGREEMENT_DECLINED)
def to_heads(message: Message) -> Note:
    """The provider has signed, or would like something to be different."""
    agreement, is_no = _agreement(message), message.kind == Kind.AGREEMENT_DECLINED
    if not is_no and agreement.status != AgreementStatus.SENT:
        raise NotNeeded(Unsent.OUTDATED)
    heading = _("A provider does not sign an agreement") if is_no else _("A provider has signed: your turn")
    return Note(
        subject=heading,
        heading=heading,
        why=_("You receive this message because of your role in the team."),
        facts=[(_("Provider"), agreement.provider.name), *_facts(agreement)],
        action_url=link(message.organisation, "providers:agreement", agreement.public_id),
        action_label=_("Look at the agreement"),
        words={"comment": agreement.decline_comment},
    )
