"""Companies, landlords and towns that pay, and their people (R2, R12)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import AccountKind, PresencePeriod
from bookings.models.clients import Client
from concierge.models import PublicIdModel, TenantModel


class ClientAccountQuerySet(models.QuerySet["ClientAccount"]):
    """Reads of client accounts."""

    def in_force(self, day: dt.date) -> Self:
        """Active, and the day is within the contract, when it has dates."""
        return self.filter(
            Q(contract_from=None) | Q(contract_from__lte=day),
            Q(contract_to=None) | Q(contract_to__gte=day),
            is_active=True,
        )

    def paying_for(self, email: str, day: dt.date) -> Self:
        """In force, and for the owner of this verified e-mail: by its domain, or as a member on that day (R2)."""
        domain = email.rpartition("@")[2]
        if not domain:
            return self.none()
        person = Client.objects.family_of_email(email).values("pk")
        members = ClientMembership.objects.valid(day).filter(Q(email=email) | Q(client__in=person))
        return self.in_force(day).filter(Q(email_domain__iexact=domain) | Q(pk__in=members.values("account")))


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
    # Of the code that its people type only this is kept; the code itself is shown once.
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    code_set_at = models.DateTimeField(_("code given on"), null=True, blank=True, editable=False)
    headcount = models.PositiveIntegerField(_("people it speaks for"), null=True, blank=True)
    presence_hours = models.DecimalField(
        _("hours of presence agreed"), max_digits=5, decimal_places=1, null=True, blank=True
    )
    presence_period = models.CharField(
        _("per"), max_length=5, choices=PresencePeriod.choices, default=PresencePeriod.MONTH
    )
    contract_from = models.DateField(_("contract from"), null=True, blank=True)
    contract_to = models.DateField(_("contract until"), null=True, blank=True)
    inactive_since = models.DateField(_("inactive since"), null=True, blank=True, editable=False)
    notice_days = models.PositiveSmallIntegerField(_("days before the end when we are told"), default=60)

    objects = ClientAccountQuerySet.as_manager()

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
            models.UniqueConstraint(
                fields=["organisation", "code_hash"], condition=~Q(code_hash=""), name="client_account_code_once"
            ),
            models.CheckConstraint(
                condition=Q(contract_from=None) | Q(contract_to=None) | Q(contract_to__gte=F("contract_from")),
                name="client_account_contract_in_order",
                violation_error_message=_("The contract ends before it begins."),
            ),
            models.CheckConstraint(
                condition=Q(inactive_since=None) | Q(is_active=False),
                name="client_account_active_or_since_when_not",
            ),
            models.CheckConstraint(
                condition=Q(presence_hours=None) | Q(presence_hours__gt=0),
                name="client_account_presence_is_some",
                violation_error_message=_("Hours of presence are more than none; leave it empty without presence."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ClientMembershipQuerySet(models.QuerySet["ClientMembership"]):
    """Reads of members."""

    def of_person(self, *, client: Client | None = None, email: str = "") -> Self:
        """Every line of one person: under this address, under each of their records and the addresses of these."""
        who = Q(email=email) if email else Q(pk__in=[])
        if client is not None or email:
            people = Client.objects
            family = people.family_of(client.kept_id) if client is not None else people.family_of_email(email)
            who |= Q(client__in=family.values("pk")) | Q(email__in=family.exclude(email="").values("email"))
        return self.filter(who)

    def valid(self, day: dt.date) -> Self:
        """Whose rights run on that day."""
        return self.filter(Q(valid_from=None) | Q(valid_from__lte=day), Q(valid_to=None) | Q(valid_to__gte=day))


class ClientMembership(PublicIdModel, TenantModel):
    """Somebody belongs to an account, which may then pay for them: a client, or an address that the account gave us and
    whose owner has not come yet."""

    client = models.ForeignKey(
        Client, models.CASCADE, null=True, blank=True, related_name="account_memberships", verbose_name=_("client")
    )
    email = models.EmailField(_("e-mail"), blank=True)
    account = models.ForeignKey(ClientAccount, models.CASCADE, related_name="members", verbose_name=_("account"))
    valid_from = models.DateField(_("rights from"), null=True, blank=True)
    valid_to = models.DateField(_("rights until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = ClientMembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of a client account")
        verbose_name_plural = _("members of client accounts")
        ordering = ["pk"]
        indexes = [models.Index(fields=["email"], name="client_membership_by_email")]
        constraints = [
            models.UniqueConstraint(fields=["client", "account"], name="client_once_per_account"),
            models.UniqueConstraint(
                "account", Lower("email"), condition=~Q(email=""), name="client_membership_email_once"
            ),
            models.CheckConstraint(
                condition=Q(client__isnull=False) | ~Q(email=""), name="client_membership_is_somebodys"
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="client_membership_in_order",
                violation_error_message=_("These rights end before they begin."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client or self.email} · {self.account}"


class CompanyCodeTry(TenantModel):
    """Somebody typed a code that is none: counted per session, per network and for the whole organisation (S11, S17).

    What is kept are keyed hashes; the rows go after a day.
    """

    session_hash = models.CharField(max_length=64)
    network_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("wrong company code")
        verbose_name_plural = _("wrong company codes")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["organisation", "created_at"], name="company_code_try_recent")]

    def __str__(self) -> str:
        return str(self.created_at)
