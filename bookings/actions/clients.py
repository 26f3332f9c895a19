"""Who asks: proof that an e-mail address is theirs, the client's row, the body that may pay."""

from __future__ import annotations

import datetime as dt
import hmac
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Upper
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python

from bookings.actions.holds import token_hash
from bookings.models import Client, ClientAccount, EmailVerification
from concierge import events, retention
from concierge.days import today_of
from concierge.db import advisory_lock, refuse_on
from concierge.errors import DomainError, Invalid, TooManyAttempts
from concierge.models import Organisation, User, normalise_email
from concierge.reads import Reading
from concierge.tenancy import Actor

CODE_MINUTES = 10
MAX_TRIES = 5
MAX_CODES = 5
CODES_WINDOW = dt.timedelta(minutes=15)
# What the columns hold (RFC 5321, 4.5.3.1.3).
LONGEST_EMAIL = 254


class WrongCode(DomainError):
    """The six digits are not those that were sent."""

    code, status = "wrong_code", 422
    message = _("This is not the code we sent. Look at the most recent e-mail, or ask for a new code.")


class CodeExpired(DomainError):
    """Too late, or too many wrong tries: a new code is needed."""

    code, status = "code_expired", 422
    message = _("This code is no longer valid. Ask for a new one.")


@dataclass(frozen=True)
class ClientDetails:
    """What a client types about themself. ``user`` is set when they are signed in with this e-mail."""

    first_name: str
    last_name: str
    email: str = ""
    phone: str = ""
    language: str = "fr"
    street: str = ""
    postcode: str = ""
    city: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    user: User | None = None
    # How to get in there: of one visit, never of the person.
    access_note: str = field(default="", repr=False)

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


def _check_email(email: str) -> None:
    try:
        validate_email(email)
        if len(email) > LONGEST_EMAIL:
            raise ValidationError("longer than any mailbox")
    except ValidationError as error:
        raise Invalid(_("Please write a whole e-mail address, such as name@example.fr."), field="email") from error


@retention.forget("verifications")
def ended_verifications(before: dt.datetime) -> QuerySet[EmailVerification]:
    """Codes that proved an address, and codes that nobody typed."""
    return EmailVerification.objects.filter(expires_at__lt=before)


def verification_code(verification: EmailVerification) -> str:
    """The six digits of a verification. Never stored: derived from the server's secret, so that the mail can be written
    from the row alone."""
    digest = salted_hmac("bookings.email-code", verification.public_id.hex, algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def _code_hash(verification: EmailVerification, code: str) -> str:
    return salted_hmac(
        "bookings.email-code-hash", f"{verification.public_id.hex}:{code}", algorithm="sha256"
    ).hexdigest()


@transaction.atomic
def start_verification(
    organisation: Organisation, email: str, *, session_token: str, by: Actor, language: str = "fr"
) -> EmailVerification:
    """Send a code to an address (by way of the event ``email.code_requested``).

    At most five codes per address in fifteen minutes: raises ``TooManyAttempts`` (429). Raises ``Invalid`` on an
    address that cannot exist.
    """
    email = normalise_email(email)
    _check_email(email)
    now = timezone.now()
    recent = EmailVerification.objects.filter(organisation=organisation, email=email, created_at__gt=now - CODES_WINDOW)
    if not advisory_lock("email-code", organisation.pk, email) or recent.count() >= MAX_CODES:
        raise TooManyAttempts(
            _("We have already sent several codes to this address. Please wait a quarter of an hour."),
            retry_after=int(CODES_WINDOW.total_seconds()),
        )
    verification = EmailVerification(
        organisation=organisation,
        email=email,
        session_hash=token_hash(session_token),
        expires_at=now + dt.timedelta(minutes=CODE_MINUTES),
        created_at=now,
    )
    verification.code_hash = _code_hash(verification, verification_code(verification))
    verification.save()
    events.record("email.code_requested", verification, by=by, language=language)
    return verification


def check_code(verification: EmailVerification, code: str, *, session_token: str) -> EmailVerification:
    """Compare the typed digits. Every try counts, whatever happens after: the count is its own transaction.

    Raises ``CodeExpired`` after ten minutes, five tries or from another browser, and ``WrongCode``.
    """
    now = timezone.now()
    if verification.verified_at is not None and hmac.compare_digest(
        verification.session_hash, token_hash(session_token)
    ):
        return verification
    counted = EmailVerification.objects.filter(
        pk=verification.pk,
        session_hash=token_hash(session_token),
        expires_at__gt=now,
        verified_at=None,
        attempts__lt=MAX_TRIES,
    ).update(attempts=F("attempts") + 1)
    if not counted:
        raise CodeExpired(field="code")
    digits = "".join(character for character in code if character in "0123456789")
    if not hmac.compare_digest(verification.code_hash, _code_hash(verification, digits)):
        raise WrongCode(field="code")
    EmailVerification.objects.filter(pk=verification.pk).update(verified_at=now)
    verification.verified_at = now
    return verification


def clean_details(details: ClientDetails, *, must_answer: bool = True) -> ClientDetails:
    """Normalise and check what a client typed. Raises ``Invalid`` naming the field.

    ``must_answer=False`` for somebody who is helped without being asked anything: no e-mail, no number is needed.
    """
    email = normalise_email(details.email)
    if not details.first_name.strip() or not details.last_name.strip():
        raise Invalid(_("Tell us your first and last name."), field="last_name")
    if email:
        _check_email(email)
    phone = to_python(details.phone, region="FR") if details.phone else None
    if phone is not None and not phone.is_valid():
        raise Invalid(_("This phone number does not exist. Example: 06 12 34 56 78."), field="phone")
    if must_answer and not email and phone is None:
        raise Invalid(_("We need an e-mail address or a phone number to reach you."), field="email")
    if details.postcode and not (
        len(details.postcode) == 5 and details.postcode.isascii() and details.postcode.isdigit()
    ):
        raise Invalid(_("A French postcode has five digits."), field="postcode")
    return ClientDetails(
        first_name=details.first_name.strip()[:80],
        last_name=details.last_name.strip()[:80],
        email=email,
        phone=phone.as_e164 if phone is not None else "",
        language=details.language if details.language in {"fr", "en"} else "fr",
        street=details.street.strip()[:200],
        postcode=details.postcode,
        city=details.city.strip()[:100],
        latitude=details.latitude,
        longitude=details.longitude,
        user=details.user,
        access_note=details.access_note,
    )


class AlreadyKnown(DomainError):
    """Another client has this e-mail."""

    code, status = "already_known", 409
    message = _("Another client already has this e-mail: choose them in the list.")


@transaction.atomic
def add_client(organisation: Organisation, details: ClientDetails, *, by: Actor) -> Client:
    """Somebody new. Raises ``Invalid`` (400) and ``AlreadyKnown`` (409)."""
    found = clean_details(details)
    with refuse_on("client_email_once_per_organisation", AlreadyKnown(field="email")):
        made = Client.objects.create(
            organisation=organisation,
            first_name=found.first_name,
            last_name=found.last_name,
            email=found.email,
            phone=found.phone,
            language=found.language,
            street=found.street,
            postcode=found.postcode,
            city=found.city,
        )
    events.record("client.added", made, by=by)
    return made


def find_or_create_client(organisation: Organisation, details: ClientDetails) -> Client:
    """The client with this (clean) e-mail, else with this phone and last name, else a new row. A row that was merged
    stands for the one under which the person is kept.

    Blanks of a known client are filled in; what they told us before is not overwritten. Call it in a transaction, and
    only for an address that was verified or that staff or the organisation's own systems vouch for.
    """
    client = _known_client(organisation, details)
    if client is None:
        fresh = Client(
            organisation=organisation,
            first_name=details.first_name,
            last_name=details.last_name,
            email=details.email,
            phone=details.phone,
            language=details.language,
            street=details.street,
            postcode=details.postcode,
            city=details.city,
            user=details.user,
        )
        try:
            with transaction.atomic():
                fresh.save()
            return fresh
        except IntegrityError:
            client = _known_client(organisation, details)
            if client is None:
                raise
    return _with_blanks_filled(client.merged_into or client, details)


def _with_blanks_filled(client: Client, details: ClientDetails) -> Client:
    changed = []
    for name in ("phone", "street", "postcode", "city", "user"):
        value = getattr(details, name)
        if not value or getattr(client, name):
            continue
        # An account stays at the row that has it, also when that row was merged: the two are read together.
        if name == "user" and Client.objects.filter(organisation_id=client.organisation_id, user=value).exists():
            continue
        setattr(client, name, value)
        changed.append(name)
    if changed:
        client.save(update_fields=changed)
    return client


# Who it is, as each booking asks.
_BY_USER = Reading(lambda given: Client.objects.filter(**given).order_by("pk")[:1], "organisation", "user")
_BY_EMAIL = Reading(
    lambda given: (
        Client.objects.with_email(given["email"]).filter(organisation=given["organisation"]).order_by("pk")[:1]
    ),
    "organisation",
    "email",
)
# The index by number leaves out rows without one.
_BY_PHONE = Reading(
    lambda given: (
        Client.objects.filter(organisation=given["organisation"], phone=given["phone"])
        .exclude(phone="")
        .filter(Exact(Upper("last_name"), Upper(given["last_name"])))
        .order_by("pk")[:1]
    ),
    "organisation",
    "phone",
    "last_name",
)


def _known_client(organisation: Organisation, details: ClientDetails) -> Client | None:
    if details.user is not None and (mine := _BY_USER.first(organisation=organisation.pk, user=details.user.pk)):
        return mine
    if details.email:
        return _BY_EMAIL.first(organisation=organisation.pk, email=details.email)
    return _BY_PHONE.first(organisation=organisation.pk, phone=details.phone, last_name=details.last_name)


def payers_at_desk(organisation: Organisation, email: str, *, name: str, chosen: str, most: int) -> list[ClientAccount]:
    """Whom the desk may let pay: at most ``most`` bodies called ``name``, those of the client's e-mail first.

    The one that was ``chosen`` (its public identifier) stays on the list whatever is looked for.
    """
    active = ClientAccount.objects.filter(organisation=organisation, is_active=True).order_by("name", "pk")
    found = list(active.filter(name__icontains=name)[:most])
    first = [] if name else list(accounts_for(organisation, email)[:most])
    if chosen:
        with suppress(ValueError):
            first += active.filter(public_id=uuid.UUID(chosen))
    return list(dict.fromkeys([*first, *found]))[: most + 1]


def accounts_for(organisation: Organisation, email: str) -> QuerySet[ClientAccount]:
    """Bodies that pay today for the owner of this verified e-mail: by its domain, or as a member (R2)."""
    own = ClientAccount.objects.filter(organisation=organisation)
    return own.paying_for(normalise_email(email), today_of(organisation)).order_by("name", "pk")


def rights_of(client_email: str, account: ClientAccount) -> bool:
    """Whether the owner of this verified e-mail has the account's rights today: its payments, its stands."""
    return accounts_for(account.organisation, client_email).filter(pk=account.pk).exists()
