"""Client accounts: their contract, their people, and the code that makes somebody one of them (R2, R12)."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.actions.clients import LONGEST_EMAIL
from bookings.enums import AccountKind, PresencePeriod
from bookings.models import Client, ClientAccount, ClientMembership, CompanyCodeTry
from concierge import deadlines, events, retention
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
MOST_LINES = 10_000


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


@transaction.atomic
def save_account(
    organisation: Organisation, details: AccountDetails, *, by: Actor, account: ClientAccount | None = None
) -> ClientAccount:
    """A new account, or what changed about one; the notice of its end moves along.

    Raises ``Invalid`` (400) naming the field, ``Conflict`` (409) for a domain that another account has.
    """
    if not details.name.strip():
        raise Invalid(_("Say how this account is called."), field="name")
    found = account or ClientAccount(organisation=organisation)
    for name, value in asdict(details).items():
        setattr(found, name, value.strip() if isinstance(value, str) else value)
    found.email_domain = normalise_email(found.email_domain).removeprefix("@")
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        message, field = REFUSALS.get(violated_constraint(error) or "", ("", ""))
        if not field:
            raise
        refusal = Conflict if field == "email_domain" else Invalid
        raise refusal(message, field=field) from error
    _set_notice(found)
    events.record("client_account.changed" if account else "client_account.opened", found, by=by)
    return found


def _set_notice(account: ClientAccount) -> None:
    if account.contract_to is None or not account.is_active:
        deadlines.cancel_deadline(RENEWAL, organisation_id=account.organisation_id, subject_id=account.pk)
        return
    day = account.contract_to - dt.timedelta(days=account.notice_days)
    due = timezone.make_aware(dt.datetime.combine(day, dt.time(7)))
    deadlines.set_deadline(RENEWAL, organisation_id=account.organisation_id, subject_id=account.pk, due_at=due)


@deadlines.on(RENEWAL)
def tell_of_the_end(deadline: Deadline) -> None:
    """The contract ends soon: the team is told once."""
    for account in ClientAccount.objects.filter(pk=deadline.subject_id, is_active=True):
        if account.contract_to is not None:
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
    who = Q(email=email) if email else Q(pk__in=[])
    if client is not None:
        family = Client.objects.family_of(client.kept_id)
        who |= Q(client__in=family.values("pk")) | Q(email__in=family.exclude(email="").values("email"))
    known = ClientMembership.objects.filter(who, account=account)
    if (valid := known.valid(timezone.localdate()).order_by("pk").first()) is not None:
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
    accounts = ClientAccount.objects.in_force(timezone.localdate())
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


# --- members ----------------------------------------


@retention.forget("memberships")
def never_came(before: dt.datetime) -> QuerySet[ClientMembership]:
    """Addresses that an account gave us and whose owner never came, once their rights or its contract ended. Whoever
    came has a record; that their rights ended stays said, so that a code does not give them back."""
    day = timezone.localdate(before)
    known = Client.objects.filter(organisation=OuterRef("organisation"), email__iexact=OuterRef("email"))
    over = Q(valid_to__lt=day) | Q(account__contract_to__lt=day)
    return ClientMembership.objects.filter(over, ~Exists(known), client=None)


@transaction.atomic
def add_member(
    account: ClientAccount,
    email: str,
    *,
    by: Actor,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> tuple[ClientMembership, bool]:
    """The owner of this address has the account's rights, between the days given; and whether that is new.

    Raises ``Invalid`` (400) naming the field.
    """
    email = normalise_email(email)
    if not is_address(email):
        raise Invalid(_("Please write a whole e-mail address, such as name@example.fr."), field="email")
    if valid_from and valid_to and valid_to < valid_from:
        raise Invalid(_("These rights end before they begin."), field="valid_to")
    row, is_new = ClientMembership.objects.update_or_create(
        account=account,
        email=email,
        defaults={"valid_from": valid_from, "valid_to": valid_to},
        create_defaults={
            "organisation_id": account.organisation_id,
            "valid_from": valid_from,
            "valid_to": valid_to,
        },
    )
    events.record("client_account.member_added", account, by=by, member=str(row.public_id))
    return row, is_new


@transaction.atomic
def remove_member(membership: ClientMembership, *, by: Actor) -> None:
    """The rights end now: what was booked stays paid."""
    events.record("client_account.member_removed", membership.account, by=by, member=str(membership.public_id))
    membership.delete()


@transaction.atomic
def end_member(membership: ClientMembership, last_day: dt.date, *, by: Actor) -> ClientMembership:
    """The rights end with that day; the line stays, as does what was booked. Again: nothing happens.

    Raises ``Invalid`` (400) when they would end before they begin.
    """
    locked = ClientMembership.objects.select_for_update(of=("self",), no_key=True).get(pk=membership.pk)
    if locked.valid_from and last_day < locked.valid_from:
        raise Invalid(_("These rights end before they begin."), field="last_day")
    if locked.valid_to != last_day:
        locked.valid_to = last_day
        locked.save(update_fields=["valid_to"])
        day = last_day.isoformat()
        events.record("client_account.member_ended", membership.account, by=by, member=str(locked.public_id), on=day)
    return locked


def is_address(email: str) -> bool:
    """Whether a mailbox may have this name."""
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= LONGEST_EMAIL


@dataclass(frozen=True)
class Line:
    """What one line of a pasted list becomes."""

    number: int
    text: str
    email: str
    problem: str | Promise


def read_members(account: ClientAccount, text: str) -> list[Line]:
    """Every line that is not empty, with what is wrong about it. The address is the first cell that has an @.

    Raises ``Invalid`` (400) beyond 10,000 lines. Writes nothing.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise Invalid(_("At most 10,000 lines at once."), field="text")
    known = set(ClientMembership.objects.filter(account=account).exclude(email="").values_list("email", flat=True))
    seen: set[str] = set()
    found = []
    for number, line in lines:
        cells = [cell.strip(" \"'<>") for cell in line.replace("\t", ";").replace(",", ";").split(";")]
        email = normalise_email(next((cell for cell in cells if "@" in cell), cells[0]))
        problem: str | Promise = ""
        if not is_address(email):
            problem = _("no e-mail address")
        elif email in seen:
            problem = _("twice in this list")
        elif email in known:
            problem = _("already a member")
        seen.add(email)
        found.append(Line(number, line[:120], email, problem))
    return found


@transaction.atomic
def import_members(account: ClientAccount, text: str, *, by: Actor) -> int:
    """Load the lines that are right; returns how many. Again: nothing new."""
    rows = [
        ClientMembership(organisation_id=account.organisation_id, account=account, email=line.email)
        for line in read_members(account, text)
        if not line.problem
    ]
    ClientMembership.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    if rows:
        events.record("client_account.members_imported", account, by=by, count=len(rows))
    return len(rows)
