"""Who is told of bank accounts: whoever was paid until now, wherever they read it, and whoever has to call."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.db.models import Max

from concierge.events import subscribe
from concierge.models import Event
from notifications.actions.queue import Reader
from notifications.enums import MessageChannel, MessageStatus, RecipientKind
from notifications.handlers.readers import business, heads, tell
from notifications.models import Message
from providers.actions.bank import takes_code, told_before
from providers.models import ProviderBankAccount

LATELY = dt.timedelta(days=90)


@subscribe("bank_account.proposed", "bank_account.confirmed", "bank_account.active", "bank_account.cancelled")
def tell_of_a_bank_account(event: Event) -> None:
    """At the address that is on file, at the one that was when they were last paid elsewhere, and wherever they read
    what we wrote of late: whoever changes the file first hides nothing."""
    for account in _accounts(event):
        here = business(account.provider)
        elsewhere = {told_before(account), *_written_to_lately(account)} - {"", here.address}
        tell(event, [here, *(replace(here, address=one, phone="") for one in sorted(elsewhere))])


@subscribe("bank_account.proposed")
def send_the_code(event: Event) -> None:
    """By SMS to the number on file, beside the e-mail: who reads only one of both cannot change the account."""
    for account in _accounts(event):
        if takes_code(account):
            reader: Reader = replace(business(account.provider), address="")
            tell(event, [reader])


@subscribe("bank_account.proposed", "bank_account.cancelled")
def tell_the_heads_of_a_bank_account(event: Event) -> None:
    """Somebody has to call; or somebody was stopped."""
    tell(event, heads(event.organisation_id))


def _written_to_lately(account: ProviderBankAccount) -> list[str]:
    """The e-mail addresses at which they got letters within ninety days, the latest five."""
    letters = Message.objects.filter(
        recipient_kind=RecipientKind.PROVIDER,
        recipient_id=account.provider_id,
        channel=MessageChannel.EMAIL,
        status=MessageStatus.SENT,
        created_at__gte=account.proposed_at - LATELY,
    )
    by_address = letters.order_by().values("address").annotate(last=Max("pk")).order_by("-last")
    return list(by_address.values_list("address", flat=True)[:5])


def _accounts(event: Event) -> list[ProviderBankAccount]:
    return list(ProviderBankAccount.objects.filter(public_id=event.subject_id).select_related("provider"))
