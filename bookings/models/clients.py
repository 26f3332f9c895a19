"""Who asks and who pays (R2)."""

from __future__ import annotations

from typing import Any, Self

from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat, Lower, Now
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from bookings.enums import AccountKind
from bookings.rules import names
from concierge.models import Organisation, PublicIdModel, TenantModel, User, normalise_email
from concierge.tenancy import Actor

# Candidates among whom likely doubles are looked for.
MOST_CANDIDATES = 60
# Candidates whose last request is looked up to rank them: half a name that more people share is typed further.
MOST_RANKED = 400


def _requests() -> models.QuerySet[Any]:
    return apps.get_model("bookings", "ServiceRequest")._default_manager.all()


class PlainText(Func):
    """A text as ``rules.names.plain`` writes it; the function is made by migration 0025."""

    function = "plain_text"
    arity = 1
    output_field = models.TextField()


class ClientQuerySet(models.QuerySet["Client"]):
    """Reads of clients."""

    def visible_to(self, actor: Actor) -> Self:
        """Staff and the organisation's own systems see every client of the organisation; a client sees themself."""
        found = self.filter(organisation=actor.organisation)
        if actor.is_staff or (actor.kind == "api" and actor.provider_id is None) or actor.kind == "system":
            return found
        return found.filter(pk=actor.client_id) if actor.client_id else found.none()

    def matching(self, text: str) -> Self:
        """Whom somebody at the desk means: "rou cam", "06 12 34 56 78", "@ville.fr", the reference of a request.

        Accents and the order of words do not count, beginnings of words suffice. Fewer than two letters find nobody.
        The index serves it behind row-level security: nothing but LIKE on stored columns.
        """
        if digits := names.digits_of(text):
            return self.filter(phone__contains=digits)
        words = names.words_of(text)
        if not words:
            return self.none()
        named = Q()
        for beginning in words.beginnings:
            named &= Q(search_text__contains=f" {beginning}")
        for part in words.parts:
            named &= Q(search_text__contains=part)
        reference = names.reference_of(text)
        if not reference:
            return self.filter(named)
        # Each way has its index, so they are united, not joined by OR.
        asked = _requests().filter(reference=reference).order_by().values("client_id")
        return self.filter(pk__in=Client.objects.filter(named).order_by().values("pk").union(asked))

    def recent_first(self) -> Self:
        """Those who asked last first: exact among ``MOST_RANKED``; of more, only the newest clients count."""
        near = self.order_by("-pk").values("pk")[:MOST_RANKED]
        latest = _requests().filter(organisation_id=OuterRef("organisation_id"), client_id=OuterRef("pk"))
        found = type(self)(self.model).filter(pk__in=near)
        return found.annotate(latest=Subquery(latest.order_by("-pk").values("pk")[:1])).order_by(
            F("latest").desc(nulls_last=True), "-pk"
        )

    def like(self, *, name: str, phone: str = "", email: str = "", most: int = 5) -> list[Client]:
        """Who may be this person already: same address or number, or a name so alike that it may be a slip."""
        known = Q(search_text__endswith=f" {email.lower()}") if email else Q(pk__in=[])
        if phone:
            known |= Q(phone__contains=phone)
        found = list(self.filter(known).order_by("pk")[:most])
        letters = names.plain(name).split()
        if len(letters) < 2:
            return found
        near = Q(pk__in=[])
        for one, other in ((letters[0], letters[-1]), (letters[-1], letters[0])):
            near |= Q(search_text__contains=f" {one[:3]}") & Q(search_text__contains=f" {other[:1]}")
        others = list(self.filter(near).exclude(pk__in=[c.pk for c in found]).recent_first()[:MOST_CANDIDATES])
        return (found + [others[place] for place in names.most_alike(name, list(map(str, others)))])[:most]

    def helped_by(self, client_id: int) -> Self:
        """People this client has asked for."""
        return self.filter(requests_for_them__client=client_id).distinct()


class Client(PublicIdModel, TenantModel):
    """A person who asks for services; with an account when ``user`` is set."""

    user = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="clients", verbose_name=_("account")
    )
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr"
    )
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=5, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    # Written by PostgreSQL: what ``matching`` looks in, each word after a space.
    search_text = models.GeneratedField(
        expression=Concat(
            Value(" "),
            PlainText(F("first_name")),
            Value(" "),
            PlainText(F("last_name")),
            Value(" "),
            Lower(F("email")),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(),
        db_persist=True,
        editable=False,
    )

    objects = ClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        ordering = ["last_name", "first_name", "pk"]
        indexes = [
            GinIndex(
                OpClass(F("search_text"), name="gin_trgm_ops"),
                OpClass(F("phone"), name="gin_trgm_ops"),
                name="client_search",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                "organisation",
                Lower("email"),
                condition=~Q(email=""),
                name="client_email_once_per_organisation",
                violation_error_message=_("Another client already has this e-mail."),
            ),
            models.UniqueConstraint(
                fields=["organisation", "user"],
                condition=Q(user__isnull=False),
                name="client_user_once_per_organisation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


def client_id_of(user: User, organisation: Organisation) -> int | None:
    """Key of the client a signed-in user is here: linked before, or with an e-mail that the account has verified."""
    clients = Client.objects.filter(organisation=organisation)
    linked = clients.filter(user=user).order_by("pk").values_list("pk", flat=True).first()
    if linked is not None:
        return linked
    emails = [
        normalise_email(email)
        for email in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    ]
    return clients.filter(user=None, email__in=emails).order_by("pk").values_list("pk", flat=True).first()


class ClientAccount(PublicIdModel, TenantModel):
    """A company, landlord or town that pays for its people."""

    name = models.CharField(_("name"), max_length=160)
    kind = models.CharField(_("kind"), max_length=10, choices=AccountKind.choices, default=AccountKind.COMPANY)
    siren = models.CharField(_("SIREN"), max_length=9, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=14, blank=True)
    email = models.EmailField(_("e-mail for invoices"), blank=True)
    email_domain = models.CharField(_("e-mail domain of its people"), max_length=120, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=5, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("client account")
        verbose_name_plural = _("client accounts")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "organisation",
                Lower("email_domain"),
                condition=~Q(email_domain=""),
                name="client_account_domain_once",
                violation_error_message=_("Another client account already uses this e-mail domain."),
            ),
            models.CheckConstraint(
                condition=Q(siren="") | Q(siren__regex=r"^[0-9]{9}$"),
                name="client_account_siren_has_nine_digits",
                violation_error_message=_("A SIREN has nine digits."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ClientMembership(TenantModel):
    """A client belongs to an account, which may then pay for them."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="account_memberships", verbose_name=_("client"))
    account = models.ForeignKey(ClientAccount, models.CASCADE, related_name="members", verbose_name=_("account"))

    class Meta:
        verbose_name = _("member of a client account")
        verbose_name_plural = _("members of client accounts")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["client", "account"], name="client_once_per_account")]

    def __str__(self) -> str:
        return f"{self.client} · {self.account}"


class EmailVerification(PublicIdModel, TenantModel):
    """A six-digit code sent to an address before a request is accepted from it. Bound to one browser session."""

    email = models.EmailField(_("e-mail"))
    code_hash = models.CharField(max_length=64)
    session_hash = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    expires_at = models.DateTimeField(_("expires at"))
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("e-mail verification")
        verbose_name_plural = _("e-mail verifications")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["organisation", "email", "created_at"], name="email_verification_recent")]
        constraints = [
            models.CheckConstraint(
                condition=Q(attempts__lte=5),
                name="email_verification_attempts_limited",
                violation_error_message=_("Too many wrong codes. Ask for a new one."),
            )
        ]

    def __str__(self) -> str:
        return str(self.public_id)
