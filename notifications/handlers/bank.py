"""Who is told of bank accounts: whoever was paid until now, wherever they read it, and whoever has to call."""

from __future__ import annotations

from dataclasses import replace

from concierge.events import subscribe
from concierge.models import Event
from notifications.actions.queue import Reader
from notifications.handlers.readers import business, heads, tell
from providers.actions.bank import takes_code, told_before
from providers.models import ProviderBankAccount


@subscribe("bank_account.proposed", "bank_account.confirmed", "bank_account.active", "bank_account.cancelled")
def tell_of_a_bank_account(event: Event) -> None:
    """At the address that is on file, and at the one that was when they were last paid elsewhere."""
    for account in _accounts(event):
        readers = [business(account.provider)]
        if (before := told_before(account)) not in {"", account.provider.email}:
            readers.append(replace(readers[0], address=before, phone=""))
        tell(event, readers)


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


def _accounts(event: Event) -> list[ProviderBankAccount]:
    return list(ProviderBankAccount.objects.filter(public_id=event.subject_id).select_related("provider"))
