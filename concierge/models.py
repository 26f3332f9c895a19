"""The shared kernel: organisations, sites, people, API keys, the event row, deadlines, idempotency."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python

from concierge.enums import HolidayZone, Role, Scope, TimeZone
from concierge.tenancy import Actor

# Telephone code of the country.
FRANCE = 33


def national_phone(number: str) -> str:
    """A telephone number as people in France write it, ``03 80 00 00 00``; one that is no number stays as it is."""
    parsed = to_python(number, region="FR")
    if not parsed or not parsed.is_valid():
        return number
    return str(parsed.as_national if parsed.country_code == FRANCE else parsed.as_international)


def normalise_email(value: str) -> str:
    """One spelling per mailbox: NFKC, trimmed, casefolded (trust.md S14)."""
    # Cherokee alone folds to capitals, which PostgreSQL's lower() would not leave as they are.
    return unicodedata.normalize("NFKC", value).strip().casefold().lower()


class PublicIdModel(models.Model):
    """Outward identity: a random UUID; the primary key never leaves the database (S35)."""

    public_id = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Reads of organisations."""

    def real(self) -> Self:
        """Those that somebody runs: no sandboxes."""
        return self.filter(sandbox_of__isnull=True)


class Organisation(PublicIdModel):
    """The tenant: a legal body that runs one or several concierge sites."""

    class Kind(models.TextChoices):
        EI = "ei", _("Work-integration company (EI)")
        ACI = "aci", _("Work-integration workshop (ACI)")
        AI = "ai", _("Intermediary association (AI)")
        ETTI = "etti", _("Temporary-work integration company (ETTI)")
        ASSOCIATION = "association", _("Association")
        OTHER = "other", _("Other")

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.EI)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    # A declared body of services à la personne (Code du travail, art. L7232-1-1).
    sap_declared = models.BooleanField(
        _("declared for personal services"),
        default=False,
        help_text=_(
            "Tick it once your declaration is registered. Clients then read of the tax credit beside the personal "
            "services that your own team carries out."
        ),
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    # A simulated concierge for the system of one provider (``provider_id`` of the providers app): no page leads there,
    # nothing leaves it, nobody reads of it but that provider's test keys (ADR 21).
    sandbox_of = models.ForeignKey(
        "self",
        models.PROTECT,
        related_name="sandboxes",
        verbose_name=_("sandbox of"),
        null=True,
        blank=True,
        editable=False,
    )
    sandbox_provider_id = models.BigIntegerField(
        _("sandbox for the provider"), null=True, blank=True, unique=True, editable=False
    )

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="organisation_has_a_name"),
            models.CheckConstraint(
                condition=Q(sandbox_of__isnull=True, sandbox_provider_id__isnull=True)
                | Q(sandbox_of__isnull=False, sandbox_provider_id__isnull=False),
                name="organisation_sandbox_is_for_a_provider",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def phone_shown(self) -> str:
        """The telephone number to read; links take ``phone``."""
        return national_phone(self.phone)

    @property
    def organisation_id(self) -> int:
        """So that an event may be about the organisation itself."""
        return self.pk

    @property
    def is_sandbox(self) -> bool:
        """Whether it is only played with."""
        return self.sandbox_of_id is not None


class Domain(models.Model):
    """Host name → organisation. When there is a single organisation, it answers on every allowed host."""

    host = models.CharField(_("host name"), max_length=253, unique=True)
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="domains", verbose_name=_("organisation")
    )

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        ordering = ["host"]
        constraints = [
            models.CheckConstraint(
                condition=Q(host__regex=r"^[a-z0-9.-]+$"),
                name="domain_host_is_lower_case",
                violation_error_message=_("Write the host name in lower case, without port."),
            ),
        ]

    def __str__(self) -> str:
        return self.host


class TenantModel(models.Model):
    """Base of every row that belongs to an organisation. Its migration must name it in ``ProtectTenant``."""

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("organisation"), editable=False
    )

    class Meta:
        abstract = True


class SiteQuerySet(models.QuerySet["Site"]):
    """Reads of sites."""

    def visible_to(self, actor: Actor) -> Self:
        """Every active site of the actor's organisation."""
        return self.filter(organisation=actor.organisation)

    def active(self) -> Self:
        """Sites that take requests."""
        return self.filter(is_active=True)


class Site(PublicIdModel, TenantModel):
    """A desk or place: time zone, coordinates, holiday zone. Site ≠ employer ≠ convention (R13)."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=60)
    street = models.CharField(_("street"), max_length=200)
    postcode = models.CharField(_("postcode"), max_length=5)
    city = models.CharField(_("city"), max_length=100)
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6)
    time_zone = models.CharField(_("time zone"), max_length=40, choices=TimeZone.choices, default=TimeZone.PARIS)
    holiday_zone = models.CharField(
        _("holiday zone"), max_length=5, choices=HolidayZone.choices, default=HolidayZone.METROPOLE, blank=True
    )
    good_friday_off = models.BooleanField(
        _("Good Friday is a holiday here"),
        default=False,
        help_text=_("In Alsace and Moselle it is one in towns with a Protestant church."),
    )
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    directions = models.CharField(_("how to find us"), max_length=300, blank=True)
    frame_origins = ArrayField(
        models.CharField(max_length=120), verbose_name=_("pages that may show the widget"), default=list, blank=True
    )
    silence_days = models.PositiveSmallIntegerField(
        _("days without news"),
        default=3,
        help_text=_("Work under way of which nothing was heard for so many days is on the list of silences."),
    )
    is_active = models.BooleanField(_("takes requests"), default=True)

    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug"],
                name="site_slug_once_per_organisation",
                violation_error_message=_("Another site already has this short name."),
            ),
            models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="site_coordinates_on_earth",
                violation_error_message=_("These coordinates are not on Earth."),
            ),
            models.CheckConstraint(
                condition=Q(postcode__regex=r"^[0-9]{5}$"),
                name="site_postcode_has_five_digits",
                violation_error_message=_("A French postcode has five digits."),
            ),
            models.CheckConstraint(
                condition=Q(silence_days__range=(1, 60)),
                name="site_silence_is_noticed",
                violation_error_message=_("Choose between 1 and 60 days."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def phone_shown(self) -> str:
        """The telephone number to read; links take ``phone``."""
        return national_phone(self.phone)


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Insert a user; without a password the account can only be entered by an e-mailed code."""
        user = self.model(email=normalise_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Insert an installation administrator (Django's admin site only)."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normalise_email(username or ""))


class User(PublicIdModel, AbstractBaseUser, PermissionsMixin):
    """A person who can sign in. Global: one account may belong to several organisations."""

    email = models.EmailField(_("e-mail"), unique=True, error_messages={"unique": _("This e-mail is already used.")})
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr"
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("installation administrator"), default=False)
    date_joined = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    # Counts up to end every open session of this person.
    session_version = models.PositiveIntegerField(default=1, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(
                condition=Q(email=models.functions.Lower("email")),
                name="user_email_is_normalised",
                violation_error_message=_("The e-mail must be in lower case."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def clean(self) -> None:
        super().clean()
        self.email = normalise_email(self.email)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to stay open: changes with the password and with ``session_version`` (S15)."""
        value = f"{self.password}:{self.session_version}"
        return salted_hmac("concierge.session", value, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        """First and last name, else the e-mail."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        """First name, else the e-mail."""
        return self.first_name or self.email


class Membership(TenantModel):
    """A role held by a user, at one site or (no site) at every site of the organisation."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    site = models.ForeignKey(
        Site, models.CASCADE, null=True, blank=True, related_name="memberships", verbose_name=_("site")
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user", "role", "site"],
                name="membership_role_once",
                nulls_distinct=False,
                violation_error_message=_("This person already has this role here."),
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class ApiClient(PublicIdModel, TenantModel):
    """A key of the API: for the organisation's own systems, or for one provider (``provider_id`` of the providers app).

    Only the SHA-256 of the secret is kept; ``prefix`` is what people see in lists and logs (S36).
    """

    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("prefix"), max_length=16, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(_("scopes"), default=list)
    provider_id = models.BigIntegerField(_("provider"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def known_scopes(self) -> frozenset[str]:
        """Stored scopes that this version of the product still knows."""
        return frozenset(self.scopes) & frozenset(Scope.values)


class Event(PublicIdModel, TenantModel):
    """One row in the transaction of the change: audit trail, history, notification and outbox (DR1, DR2)."""

    class Dispatch(models.TextChoices):
        PENDING = "pending", _("Pending")
        DONE = "done", _("Done")
        DEAD = "dead", _("Parked after too many failures")

    name = models.CharField(_("name"), max_length=60)
    subject_type = models.CharField(_("subject type"), max_length=40)
    subject_id = models.UUIDField(_("subject"))
    request_id = models.UUIDField(_("service request"), null=True, blank=True)
    data = models.JSONField(_("data"), default=dict)
    actor = models.CharField(_("actor"), max_length=80)
    actor_label = models.CharField(_("actor name"), max_length=120, blank=True)
    channel = models.CharField(_("channel"), max_length=20, default="web")
    act_at = models.DateTimeField(_("happened at"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)
    dispatch = models.CharField(_("dispatch"), max_length=10, choices=Dispatch.choices, default=Dispatch.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt at"), db_default=Now())
    dispatched_at = models.DateTimeField(_("dispatched at"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["organisation", "id"], condition=Q(dispatch="pending"), name="event_pending"),
            models.Index(fields=["organisation"], condition=Q(dispatch="dead"), name="event_parked"),
            models.Index(fields=["organisation", "subject_type", "subject_id", "id"], name="event_of_subject"),
            models.Index(fields=["organisation", "request_id", "id"], name="event_of_request"),
            # What happened since a moment: rows come in the order of time, so a few summaries of pages do.
            BrinIndex(fields=["recorded_at"], pages_per_range=32, name="event_since"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z_]+\.[a-z_]+$"), name="event_name_is_noun_dot_participle"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Inbox(TenantModel):
    """Proof that one handler treated one event: the effect and this row are one transaction (DR3)."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="+", verbose_name=_("event"))
    consumer = models.CharField(_("consumer"), max_length=100)
    handled_at = models.DateTimeField(_("handled at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("handled event")
        verbose_name_plural = _("handled events")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["event", "consumer"], name="event_handled_once_per_consumer")]

    def __str__(self) -> str:
        return f"{self.consumer} ← {self.event_id}"


class Deadline(TenantModel):
    """Something that happens at ``due_at`` unless cancelled before (lifecycles.md 2.0.4): never a long Celery ETA."""

    kind = models.CharField(_("kind"), max_length=40)
    subject_id = models.BigIntegerField(_("subject"))
    due_at = models.DateTimeField(_("due at"))
    fired_at = models.DateTimeField(_("fired at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("deadline")
        verbose_name_plural = _("deadlines")
        ordering = ["due_at", "pk"]
        indexes = [
            models.Index(
                fields=["organisation", "due_at"],
                condition=Q(fired_at=None, cancelled_at=None),
                name="deadline_open",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "subject_id"],
                condition=Q(fired_at=None, cancelled_at=None),
                name="deadline_open_once_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(fired_at=None) | Q(cancelled_at=None), name="deadline_fired_or_cancelled_not_both"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.due_at:%Y-%m-%d %H:%M}"


class Edition(TenantModel):
    """Which edition of its catalogue an organisation is at: PostgreSQL writes a new number at every change of it."""

    number = models.UUIDField(_("edition"), db_default=RandomUUID())

    class Meta:
        verbose_name = _("edition of the catalogue")
        verbose_name_plural = _("editions of the catalogue")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["organisation"], name="edition_once_per_organisation")]

    def __str__(self) -> str:
        return str(self.number)


class IdempotencyRecord(TenantModel):
    """The stored answer of an unsafe API call, written in the transaction of its effect (R03)."""

    principal = models.CharField(_("principal"), max_length=80)
    key = models.CharField(_("key"), max_length=255)
    endpoint = models.CharField(_("endpoint"), max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(_("status"))
    content_type = models.CharField(_("content type"), max_length=80)
    body = models.BinaryField(_("body"))
    headers = models.JSONField(_("headers"), default=dict)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        ordering = ["pk"]
        indexes = [models.Index(fields=["organisation", "created_at"], name="idempotency_by_age")]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "principal", "key"], name="idempotency_key_once_per_principal"
            )
        ]

    def __str__(self) -> str:
        return self.key


class Heartbeat(models.Model):
    """When each sweep last ended, for ``/readyz`` (R16). Not tenant-owned: it speaks of the installation."""

    name = models.CharField(_("name"), max_length=60, primary_key=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
