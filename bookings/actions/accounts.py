"""Client accounts: their contract, and the code that makes somebody one of their people (R2, R12)."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.eu import vat
from stdnum.fr import siren as siren_number

from bookings.enums import AccountKind, PresencePeriod
from bookings.models import Client, ClientAccount, ClientMembership, CompanyCodeTry
from concierge import deadlines, events, retention
from concierge.days import today_of, zone_of
from concierge.db import advisory_lock, violated_constraint
from concierge.errors import Conflict, DomainError, Invalid, TooManyAttempts
from concierge.models import Deadline, Organisation, normalise_email
from concierge.tenancy import Actor, system_actor

RENEWAL = "client_account.renewal"
# Letters and digits that nobody confuses; ten of them are 49 bits, out of reach behind the limits below.
CODE_ALPHABET, CODE_LENGTH = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 10
# Wrong codes: by one session, by one network, in the whole organisation, and in which time.
WINDOW = dt.timedelta(minutes=15)
MOST_BY_SESSION, MOST_BY_NETWORK, MOST_BY_ALL = 5, 20, 100
# Contracts of before are typing mistakes (a year of two digits).
FIRST_DAY = dt.date(1900, 1, 1)


class UnknownCode(DomainError):
    """No company of ours has this code now."""

    code, status = "unknown_company_code", 422
    message = _("We do not know this code. Look at it once more, or ask your company for it.")


@dataclass(frozen=True)
class AccountDetails:
    """What the team writes about an account."""

    name: str
    kind: str = AccountKind.COMPANY
    siren: str = ""
    email: str = ""
    email_domain: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    is_active: bool = True
    headcount: int | None = None
    presence_hours: Decimal | None = None
    presence_period: str = PresencePeriod.MONTH
    contract_from: dt.date | None = None
    contract_to: dt.date | None = None
    notice_days: int = 60
    vat_number: str = ""


# What each rule of the table says, and where.
REFUSALS: dict[str, tuple[Promise, str]] = {
    "client_account_domain_once": (_("Another client account already uses this e-mail domain."), "email_domain"),
    "client_account_siren_has_nine_digits": (_("A SIREN has nine digits."), "siren"),
    "client_account_contract_in_order": (_("The contract ends before it begins."), "contract_to"),
    "client_account_presence_is_some": (
        _("Hours of presence are more than none; leave it empty without presence."),
        "presence_hours",
    ),
}


LONG_AGO = _("This day is too long ago: write the year with four digits.")


@transaction.atomic
def save_account(
    organisation: Organisation, details: AccountDetails, *, by: Actor, account: ClientAccount | None = None
) -> ClientAccount:
    """A new account, or what changed about one; the notice of its end moves along.

    Raises ``Invalid`` (400) naming the field, ``Conflict`` (409) for a domain that another account has.
    """
    _check_details(details)
    today, found = today_of(organisation), ClientAccount(organisation=organisation)
    if account is not None:
        found = ClientAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
    before = _end_of(found) if account else None
    for name, value in asdict(details).items():
        setattr(found, name, value.strip() if isinstance(value, str) else value)
    found.email_domain = normalise_email(found.email_domain).removeprefix("@")
    found.inactive_since = None if found.is_active else found.inactive_since or today
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        message, field = REFUSALS.get(violated_constraint(error) or "", ("", ""))
        if not field:
            raise
        refusal = Conflict if field == "email_domain" else Invalid
        raise refusal(message, field=field) from error
    if _end_of(found) != before:
        _set_notice(found, today)
    events.record("client_account.changed" if account else "client_account.opened", found, by=by)
    return found


def _check_details(details: AccountDetails) -> None:
    if not details.name.strip():
        raise Invalid(_("Say how this account is called."), field="name")
    # What no register knows would be refused on every invoice: it is said where it is typed.
    if details.siren and not siren_number.is_valid(details.siren):
        raise Invalid(_("This SIREN does not exist: check its nine digits."), field="siren")
    if details.vat_number and not vat.is_valid(details.vat_number):
        raise Invalid(
            _("This VAT number does not exist: it begins with the letters of its country."), field="vat_number"
        )
    for field in ("contract_from", "contract_to"):
        day = getattr(details, field)
        if day is not None and day < FIRST_DAY:
            raise Invalid(LONG_AGO, field=field)


def _end_of(account: ClientAccount) -> tuple[dt.date | None, int, bool]:
    """What the notice of a contract's end depends on."""
    return account.contract_to, account.notice_days, account.is_active


def _set_notice(account: ClientAccount, today: dt.date) -> None:
    """Seven o'clock of its day. An end that is over is news to nobody."""
    about = {"organisation_id": account.organisation_id, "subject_id": account.pk}
    if account.contract_to is None or not account.is_active or account.contract_to < today:
        deadlines.cancel_deadline(RENEWAL, **about)
        return
    day = account.contract_to - dt.timedelta(days=account.notice_days)
    due = dt.datetime.combine(day, dt.time(7), tzinfo=zone_of(account.organisation))
    deadlines.set_deadline(RENEWAL, due_at=due, **about)


@deadlines.on(RENEWAL)
def tell_of_the_end(deadline: Deadline) -> None:
    """The contract ends soon: the team is told once."""
    for account in ClientAccount.objects.filter(pk=deadline.subject_id, is_active=True):
        if account.contract_to is not None and account.contract_to >= today_of(account.organisation):
            by = system_actor(account.organisation)
            events.record("client_account.renewal_due", account, by=by, ends_on=account.contract_to.isoformat())


# --- the code ----------------------------------------


def _code_hash(organisation_id: int, code: str) -> str:
    """Keyed by the server's secret, so that the table alone tells no code."""
    letters = "".join(letter for letter in code.upper() if letter in CODE_ALPHABET)
    return salted_hmac("bookings.company-code", f"{organisation_id}:{letters}", algorithm="sha256").hexdigest()


@transaction.atomic
def renew_code(account: ClientAccount, *, by: Actor) -> str:
    """A new code, returned once and kept nowhere; the one before no longer opens anything. Members stay."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _letter in range(CODE_LENGTH))
    locked = ClientAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
    locked.code_hash = _code_hash(locked.organisation_id, code)
    locked.code_set_at = timezone.now()
    locked.save(update_fields=["code_hash", "code_set_at"])
    events.record("client_account.code_renewed", locked, by=by)
    return f"{code[:5]}-{code[5:]}"


class RightsElsewhen(DomainError):
    """The code is right, but the account has said from when until when this person has rights."""

    code, status = "rights_elsewhen", 422
    message = _("Your rights there have ended, or have not begun yet. Please ask whoever gave you this code.")


def join_by_code(client: Client, code: str, *, session: str, network: str, by: Actor) -> ClientMembership:
    """The client becomes one of the company's people. A wrong code is counted, whatever happens after.

    Raises ``UnknownCode`` (422), the same for a code that never was, one that was renewed and one whose contract is
    over; ``RightsElsewhen`` (422); ``TooManyAttempts`` (429) for a session, a network or an organisation where too many
    were wrong, even when this one is right.
    """
    account = _account_of_code(client.organisation, code, session=session, network=network)
    return _join(account, client, "", by=by)


def join_address_by_code(
    organisation: Organisation, email: str, code: str, *, session: str, network: str, by: Actor
) -> ClientMembership:
    """The same for the owner of a proved address, who may not be a client yet. Raises what ``join_by_code`` raises."""
    account = _account_of_code(organisation, code, session=session, network=network)
    email = normalise_email(email)
    client = Client.objects.filter(organisation=organisation, email__iexact=email).first()
    return _join(account, client, email, by=by)


@transaction.atomic
def _join(account: ClientAccount | None, client: Client | None, email: str, *, by: Actor) -> ClientMembership:
    if account is None:
        raise UnknownCode(field="code")
    known = ClientMembership.objects.of_person(client=client, email=email).filter(account=account)
    if (valid := known.valid(today_of(account.organisation)).order_by("pk").first()) is not None:
        return valid
    if known.exists():
        raise RightsElsewhen(field="code")
    named = {"client_id": client.kept_id} if client is not None else {"email": email}
    membership, is_new = ClientMembership.objects.get_or_create(
        **named, account=account, defaults={"organisation_id": account.organisation_id}
    )
    if is_new:
        joined: dict[str, Any] = {"member": str(membership.public_id)}
        if client is not None:
            joined["on_behalf_of"] = str(client.public_id)
        events.record("client_account.joined", account, by=by, **joined)
    return membership


@transaction.atomic
def _account_of_code(organisation: Organisation, code: str, *, session: str, network: str) -> ClientAccount | None:
    """Whose code it is; ``None`` is counted. One after the other for an organisation, so that the counts hold."""
    now = timezone.now()
    wait = TooManyAttempts(retry_after=int(WINDOW.total_seconds()), field="code")
    if not advisory_lock("company-code", organisation.pk):
        raise TooManyAttempts(retry_after=5, field="code")
    by_session, by_network = (
        salted_hmac("bookings.company-code-try", text, algorithm="sha256").hexdigest() for text in (session, network)
    )
    tries = CompanyCodeTry.objects.filter(organisation=organisation, created_at__gt=now - WINDOW)
    if (
        tries.filter(session_hash=by_session).count() >= MOST_BY_SESSION
        or tries.filter(network_hash=by_network).count() >= MOST_BY_NETWORK
        or tries.count() >= MOST_BY_ALL
    ):
        raise wait
    accounts = ClientAccount.objects.in_force(today_of(organisation))
    found = accounts.filter(organisation=organisation, code_hash=_code_hash(organisation.pk, code)).first()
    if found is None:
        CompanyCodeTry.objects.create(
            organisation=organisation, session_hash=by_session, network_hash=by_network, created_at=now
        )
        if tries.filter(network_hash=by_network).count() == MOST_BY_NETWORK or tries.count() == MOST_BY_ALL:
            events.record("company_code.attacked", organisation, by=system_actor(organisation))
    return found


@retention.forget("company_codes")
def old_tries(before: dt.datetime) -> QuerySet[CompanyCodeTry]:
    """Wrong codes that no limit counts any more."""
    return CompanyCodeTry.objects.filter(created_at__lt=before)
