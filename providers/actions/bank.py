"""Where a provider is paid. A changed number is the oldest fraud there is: it takes a second yes by another way and
three days, and whoever was paid until now is told and stops it with one tap (domain.md R32)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import deadlines, encryption, events, retention
from concierge.db import refuse_on
from concierge.errors import Conflict, DomainError, Invalid, NotAllowed
from concierge.models import Deadline, Event
from concierge.tenancy import Actor, system_actor
from providers.actions.contacts import sms_number
from providers.actions.file_moves import check_row, lock_provider
from providers.actions.refusals import BankAccountOver, BankCodeOver, NumberIsNew, SameChannel, WrongBankCode
from providers.enums import BANK_TRANSITIONS, SECOND_WAYS, BankChannel, BankStatus
from providers.models import Provider, ProviderBankAccount
from providers.models.bank import COOLING_OFF, MAX_CODE_TRIES
from providers.models.links import hash_of, new_nonce, token_of
from providers.rules.bank import reaches, read_iban

# When a confirmed account begins to be paid to; when one that nobody confirmed is dropped.
ACTIVE, LAPSE = "bank_account.active", "bank_account.lapse"
CODE_LIVES = dt.timedelta(days=1)
WAITS_FOR = dt.timedelta(days=30)
# For how long a telephone number must have been on file before an account may be confirmed by it.
NUMBER_RESTS = dt.timedelta(days=30)


@transaction.atomic
def propose_iban(provider: Provider, *, iban: str, holder: str, channel: BankChannel, by: Actor) -> ProviderBankAccount:
    """Another account, not paid to before it was confirmed by another way. The one before stays until then.

    Raises ``Invalid`` at the field and ``Conflict`` when one waits already.
    """
    known, number, nonce = lock_provider(provider), read_iban(iban), new_nonce()
    if not number:
        raise Invalid(_("This IBAN is not valid: please check it character by character."), field="iban")
    if not reaches(number):
        raise Invalid(_("We only transfer euros within Europe: this account is outside of it."), field="iban")
    account = ProviderBankAccount(
        organisation_id=known.organisation_id,
        provider=known,
        sealed=encryption.encrypt(number),
        first4=number[:4],
        last4=number[-4:],
        holder=" ".join(holder.split()),
        proposed_at=timezone.now(),
        proposed_channel=channel,
        proposed_by=by.reference,
        email_then=known.email,
        nonce=nonce,
        token_hash=hash_of(token_of(nonce)),
    )
    check_row(account)
    waiting = Conflict(_("Another account already waits to be confirmed, or for its three days."), field="iban")
    with refuse_on("bank_account_pending_once", waiting):
        account.save()
    _wait(LAPSE, account, account.proposed_at + WAITS_FOR)
    _say("proposed", account, by)
    return account


@transaction.atomic
def confirm_iban(account: ProviderBankAccount, *, channel: BankChannel, by: Actor) -> ProviderBankAccount:
    """Somebody of the team spoke with them or holds their paper: three days later it is paid to, unless stopped.

    Raises ``SameChannel``, ``NumberIsNew``, ``BankAccountOver``, and ``NotAllowed`` for whoever gave the number
    themselves.
    """
    locked = _lock(account, "confirm")
    if by.provider_id is not None:
        raise NotAllowed
    if by.reference == locked.proposed_by:
        raise NotAllowed(_("Somebody else confirms what you have typed yourself."))
    if channel == BankChannel.CALL and number_is_new(locked):
        raise NumberIsNew
    return _confirmed(locked, channel, by)


def confirm_iban_by_code(account: ProviderBankAccount, code: str, *, by: Actor) -> ProviderBankAccount:
    """They typed the six digits that were sent to the telephone on file.

    Raises ``WrongBankCode``, ``BankCodeOver`` and ``BankAccountOver``. A wrong try is counted and committed under the
    row's lock: guessing in parallel wins nothing.
    """
    with transaction.atomic():
        locked = _lock(account, "confirm")
        if not takes_code(locked):
            raise BankCodeOver
        if locked.is_code(code):
            return _confirmed(locked, BankChannel.SMS, by)
        locked.code_tries += 1
        locked.save(update_fields=["code_tries"])
        left = MAX_CODE_TRIES - locked.code_tries
        refusal: DomainError = WrongBankCode(field="code", tries_left=left) if left else BankCodeOver(field="code")
    raise refusal


@transaction.atomic
def cancel_iban(account: ProviderBankAccount, *, by: Actor) -> ProviderBankAccount:
    """Stop it: by the notice, the provider or the team. Again: nothing. Raises ``BankAccountOver`` once it counts."""
    lock_provider(account.provider)
    locked = _row(account)
    if locked.status == BankStatus.CANCELLED:
        return locked
    if locked.status not in BANK_TRANSITIONS["cancel"][0]:
        raise BankAccountOver(current_status=locked.status)
    locked.status, locked.ended_at = BANK_TRANSITIONS["cancel"][1], timezone.now()
    locked.save(update_fields=["status", "ended_at"])
    _say("cancelled", locked, by)
    return locked


def takes_code(account: ProviderBankAccount) -> bool:
    """Whether its six digits still count: by SMS to a number that was there before, within a day, not after five wrong
    ones."""
    return (
        account.status == BankStatus.PROPOSED
        and not number_is_new(account)
        and account.code_tries < MAX_CODE_TRIES
        and account.proposed_at + CODE_LIVES > timezone.now()
        and bool(sms_number(account.provider))
    )


def number_is_new(account: ProviderBankAccount) -> bool:
    """Whether the telephone on file was changed shortly before the account was given: whoever changes both proves
    nothing by it, nor does a call to it."""
    changes = Event.objects.filter(name="provider.changed", subject_id=account.provider.public_id)
    lately = changes.filter(act_at__gte=account.proposed_at - NUMBER_RESTS, data__changed__contains=["phone"])
    return lately.exists()


def told_before(account: ProviderBankAccount) -> str:
    """Where the provider read e-mail when the account that was paid to until now was given: an address that somebody
    changed since is no place to ask. Empty when there is none."""
    rows = ProviderBankAccount.objects.filter(provider=account.provider_id, activated_at__isnull=False)
    before = rows.exclude(pk=account.pk).order_by("-activated_at", "-pk").first()
    return before.email_then if before else ""


def iban_of(account: ProviderBankAccount) -> str:
    """The number itself, for a transfer alone. Raises ``encryption.Unreadable``."""
    return encryption.decrypt(account.sealed)


@retention.forget("bank_accounts")
def replaced_accounts(before: dt.datetime) -> QuerySet[ProviderBankAccount]:
    """Paid to once: what was transferred there is kept as long as the books."""
    return ProviderBankAccount.objects.filter(status=BankStatus.REPLACED, ended_at__lt=before)


@retention.forget("stopped_bank_accounts")
def stopped_accounts(before: dt.datetime) -> QuerySet[ProviderBankAccount]:
    """Never paid to: long enough to ask who tried."""
    return ProviderBankAccount.objects.filter(status=BankStatus.CANCELLED, ended_at__lt=before)


@deadlines.on(ACTIVE)
def _cooled_off(deadline: Deadline) -> None:
    """Three days have passed and nobody stopped it: it replaces the one before."""
    found = _subject(deadline)
    if found is None:
        return
    lock_provider(found.provider)
    account, now = _row(found), timezone.now()
    is_due = account.active_from is not None and account.active_from <= now
    if account.status not in BANK_TRANSITIONS["activate"][0] or not is_due:
        return
    before = ProviderBankAccount.objects.paid_to().filter(provider=found.provider)
    before.update(status=BANK_TRANSITIONS["replace"][1], ended_at=now)
    account.status, account.activated_at = BANK_TRANSITIONS["activate"][1], now
    account.save(update_fields=["status", "activated_at"])
    _say("active", account, system_actor(found.organisation))


@deadlines.on(LAPSE)
def _nobody_confirmed(deadline: Deadline) -> None:
    """A number that waits for ever is in the way of the right one."""
    found = _subject(deadline)
    if found is not None:
        lock_provider(found.provider)
        if _row(found).status == BankStatus.PROPOSED:
            cancel_iban(found, by=system_actor(found.organisation))


def _subject(deadline: Deadline) -> ProviderBankAccount | None:
    rows = ProviderBankAccount.objects.select_related("provider__organisation", "organisation")
    return rows.filter(pk=deadline.subject_id).first()


def _row(account: ProviderBankAccount) -> ProviderBankAccount:
    """Re-read under its row lock; the provider is locked before, so that two of its accounts never cross."""
    rows = ProviderBankAccount.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("provider").get(pk=account.pk)


def _lock(account: ProviderBankAccount, verb: str) -> ProviderBankAccount:
    lock_provider(account.provider)
    locked = _row(account)
    if locked.status not in BANK_TRANSITIONS[verb][0]:
        raise BankAccountOver(current_status=locked.status)
    return locked


def _confirmed(locked: ProviderBankAccount, channel: BankChannel, by: Actor) -> ProviderBankAccount:
    if channel not in SECOND_WAYS[locked.proposed_channel]:
        raise SameChannel
    now = timezone.now()
    locked.status, locked.confirmed_at = BANK_TRANSITIONS["confirm"][1], now
    locked.confirmed_channel, locked.confirmed_by = channel, by.reference
    locked.active_from = now + COOLING_OFF
    locked.save()
    _wait(ACTIVE, locked, locked.active_from)
    _say("confirmed", locked, by)
    return locked


def _wait(kind: str, account: ProviderBankAccount, due_at: dt.datetime) -> None:
    deadlines.set_deadline(kind, organisation_id=account.organisation_id, subject_id=account.pk, due_at=due_at)


def _say(what: str, account: ProviderBankAccount, by: Actor) -> None:
    """Never the number, nor its ends: only whose it is."""
    events.record(f"bank_account.{what}", account, by=by, provider=str(account.provider.public_id))
