"""Letters about where a provider is paid: to whoever was paid until now, and to whoever calls them. Four characters at
each end of a number, never the whole."""

from __future__ import annotations

from django.utils.translation import gettext as _

from concierge.days import zone_of
from concierge.words import date_words
from notifications.actions.addresses import link
from notifications.actions.letters import Note, NotNeeded, to_business, writes
from notifications.enums import Kind, MessageChannel, RecipientKind, Unsent
from notifications.models import Message
from providers.actions.bank import takes_code
from providers.enums import BankStatus
from providers.models import ProviderBankAccount

# In which states each still says what is true. A warning goes although somebody was quick to confirm.
EXPECTED = {
    Kind.BANK_PROPOSED: (BankStatus.PROPOSED, BankStatus.CONFIRMED),
    Kind.BANK_CONFIRMED: (BankStatus.CONFIRMED,),
    Kind.BANK_ACTIVE: (BankStatus.ACTIVE,),
    Kind.BANK_CANCELLED: (BankStatus.CANCELLED,),
}


@writes(*EXPECTED)
def about_an_account(message: Message) -> Note:
    """What became of it, who holds it, and the page that stops it."""
    rows = ProviderBankAccount.objects.select_related("provider__organisation", "organisation")
    account, kind = rows.filter(public_id=message.subject_id).first(), Kind(message.kind)
    if account is None:
        raise NotNeeded(Unsent.GONE)
    if account.status not in EXPECTED[kind]:
        raise NotNeeded(Unsent.OUTDATED)
    heading = {
        Kind.BANK_PROPOSED: _("Another bank account: please check"),
        Kind.BANK_CONFIRMED: _("Another bank account is confirmed"),
        Kind.BANK_ACTIVE: _("We now pay to another bank account"),
        Kind.BANK_CANCELLED: _("A bank account was stopped"),
    }[kind]
    facts = [(_("Account"), account.shown), (_("Holder"), account.holder)]
    if account.active_from and kind in {Kind.BANK_CONFIRMED, Kind.BANK_ACTIVE}:
        day = date_words(account.active_from.astimezone(zone_of(account.organisation)), "j F Y")
        facts.append((_("Paid to from"), day))
    if message.recipient_kind == RecipientKind.STAFF:
        return Note(
            subject=heading,
            heading=heading,
            why=_("You receive this message because of your role in the team."),
            facts=[(_("Provider"), account.provider.name), *facts],
            action_url=link(message.organisation, "providers:bank", account.provider.public_id),
            action_label=_("Open the page"),
            words={"is_team": True},
        )
    # The code is in the SMS alone: whoever only reads the mailbox confirms nothing.
    by_sms = message.channel == MessageChannel.SMS
    return to_business(
        "",
        subject=heading,
        heading=heading,
        facts=facts,
        url=link(account.organisation, "providers:bank-notice", account.token) if account.is_pending else "",
        label=_("It was not me: stop it"),
        is_team=False,
        account=account.shown,
        code=account.code if by_sms and takes_code(account) else "",
    )
