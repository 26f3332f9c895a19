"""Who asks and who pays (R2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Concat, Greatest, Least, Lower, Now
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from bookings.rules import names
from concierge.models import Organisation, PublicIdModel, TenantModel, User, normalise_email
from concierge.tenancy import Actor

# How two spellings of a name are the same: no accents, no capitals, either part first.
ACCENTS, PLAIN = "àâäáãçéèêëíîïìñóôöòõúùûüýÿ-’'", "aaaaaceeeeiiiinooooouuuuyy   "


def _folded(column: str) -> Func:
    return Func(Lower(column), Value(ACCENTS), Value(PLAIN), function="TRANSLATE", output_field=models.TextField())


NAME_KEY = Concat(
    Least(_folded("last_name"), _folded("first_name")),
    Value(" "),
    Greatest(_folded("last_name"), _folded("first_name")),
    output_field=models.TextField(),
)


def _mailbox(email: str | Value) -> Func:
    """A mailbox whatever its dots and what follows a plus."""
    parts = (Lower(email), Value(r"\+[^@]*|\.(?=[^@]*@)"), Value(""), Value("g"))
    return Func(*parts, function="REGEXP_REPLACE", output_field=models.TextField())


EMAIL_KEY = _mailbox("email")


# Rows looked at to tell which older ones a page of clients resembles.
TWINS_LOOKED_AT = 500


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
        return found.family_of(actor.client_id) if actor.client_id else found.none()

    def kept(self) -> Self:
        """One row per person: those that were merged into another are left out."""
        return self.filter(merged_into=None)

    def family_of(self, client_id: int) -> Self:
        """A kept client with every row that was merged into it. Nothing moves when two rows are found to be one person,
        so that undoing is exact: reads ask for the family instead."""
        return self.filter(Q(pk=client_id) | Q(merged_into_id=client_id))

    def with_email(self, email: str | Value) -> Self:
        """Whose address this is, however they write it; it is normalised. The index by mailbox finds them: behind
        row-level security none serves an expression."""
        mail = Value(email) if isinstance(email, str) else email
        return self.filter(Exact(F("email_key"), _mailbox(mail)), Exact(Lower("email"), mail)).exclude(email="")

    def family_of_email(self, email: str) -> Self:
        """Everybody who is the same person as the owner of this e-mail."""
        owner = Client.objects.with_email(email)
        kept = owner.annotate(head=Coalesce("merged_into_id", "id")).order_by().values("head")
        # Each half has its index, so they are united, not joined by OR.
        merged = Client.objects.filter(merged_into_id__in=kept).order_by().values("pk")
        return self.filter(pk__in=kept.union(merged))

    def with_older_twin(self) -> Self:
        """Kept rows beside which an older kept one has the same number, name or mailbox, and nobody said that they are
        two people."""
        told_apart = ClientsApart.objects.filter(older=OuterRef("pk"), newer=OuterRef(OuterRef("pk")))
        older = Client.objects.kept().filter(organisation=OuterRef("organisation"), pk__lt=OuterRef("pk"))
        older = older.filter(~Exists(told_apart))
        return self.kept().filter(
            Q(~Q(phone=""), Exists(older.filter(phone=OuterRef("phone"))))
            | Exists(older.filter(name_key=OuterRef("name_key")))
            | Q(~Q(email=""), Exists(older.exclude(email="").filter(email_key=OuterRef("email_key"))))
        )

    def older_twins_of(self, newer: Iterable[Client]) -> dict[int, list[Client]]:
        """For each of these, by key, the older rows it may be the same person as. Two queries for all of them."""
        newer = list(newer)
        alike = Q(pk__in=[])
        alike |= Q(phone__in=[str(one.phone) for one in newer if one.phone])
        alike |= Q(name_key__in=[one.name_key for one in newer])
        alike |= Q(email_key__in=[one.email_key for one in newer if one.email])
        found = list(self.kept().filter(alike).order_by("pk")[:TWINS_LOOKED_AT])
        apart = set(ClientsApart.objects.filter(newer__in=newer).order_by("pk").values_list("older_id", "newer_id"))
        return {
            one.pk: [old for old in found if old.pk < one.pk and old.is_like(one) and (old.pk, one.pk) not in apart]
            for one in newer
        }

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
        family = Client.objects.family_of(client_id).values("pk")
        return self.filter(requests_for_them__client__in=family).distinct()


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
    # Stored, so that an index serves them behind row-level security.
    name_key = models.GeneratedField(expression=NAME_KEY, output_field=models.TextField(), db_persist=True)
    email_key = models.GeneratedField(expression=EMAIL_KEY, output_field=models.TextField(), db_persist=True)
    # The same person, kept under another row. PostgreSQL refuses chains and circles (client_merged_into_kept).
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", verbose_name=_("kept as"), editable=False
    )
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
            # Who may be the same person: by number, by name.
            models.Index(fields=["organisation", "phone"], condition=~Q(phone=""), name="client_by_phone"),
            models.Index(fields=["organisation", "name_key"], name="client_by_name_key"),
            models.Index(fields=["organisation", "email_key"], condition=~Q(email=""), name="client_by_email_key"),
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
            models.CheckConstraint(condition=~Q(merged_into=F("pk")), name="client_not_merged_into_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def is_like(self, other: Client) -> bool:
        """Whether number, name or mailbox are the same."""
        return (
            bool(self.phone and self.phone == other.phone)
            or self.name_key == other.name_key
            or bool(self.email and self.email_key == other.email_key)
        )

    @property
    def kept_as(self) -> Client:
        """The row under which this person is kept."""
        return self.merged_into or self

    @property
    def kept_id(self) -> int:
        """Key of the row under which this person is kept."""
        return self.merged_into_id or self.pk


def each_once(clients: Iterable[Client]) -> list[Client]:
    """People as they are kept, each once, in the same order."""
    return list(dict.fromkeys(client.kept_as for client in clients))


class ClientsApart(TenantModel):
    """Somebody looked: these two rows are two people, however alike. Not asked again."""

    older = models.ForeignKey(Client, models.CASCADE, related_name="+", verbose_name=_("client"))
    newer = models.ForeignKey(Client, models.CASCADE, related_name="+", verbose_name=_("client"))
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("two people, not one")
        verbose_name_plural = _("two people, not one")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["newer", "older"], name="clients_apart_once"),
            models.CheckConstraint(condition=Q(older__lt=F("newer")), name="clients_apart_older_first"),
        ]

    def __str__(self) -> str:
        return f"{self.older} ≠ {self.newer}"


def client_id_of(user: User, organisation: Organisation) -> int | None:
    """Key of the client a signed-in user is here: linked before, or with an e-mail that the account has verified."""
    clients = Client.objects.filter(organisation=organisation)
    head = Coalesce("merged_into_id", "id")
    linked: int | None = clients.filter(user=user).order_by("pk").values_list(head, flat=True).first()
    if linked is not None:
        return linked
    emails = [
        normalise_email(email)
        for email in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    ]
    proved: int | None = clients.filter(user=None, email__in=emails).order_by("pk").values_list(head, flat=True).first()
    return proved


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
