"""Where a local business is paid: encrypted, changed only by two ways and after three days (domain.md R32)."""

from __future__ import annotations

import datetime as dt
import hmac
from typing import Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from concierge import encryption
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from providers.enums import BANK_CATEGORY, BANK_TRANSITIONS, BankChannel, BankStatus
from providers.models.businesses import Provider
from providers.models.links import token_of
from providers.rules.bank import masked

# Between the second yes and the first payment to another account.
COOLING_OFF = dt.timedelta(days=3)
MAX_CODE_TRIES = 5
PENDING = ("proposed", "confirmed")


class ProviderBankAccountQuerySet(models.QuerySet["ProviderBankAccount"]):
    """Reads of bank accounts."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the providers that the actor sees."""
        return self.filter(provider__in=Provider.objects.visible_to(actor))

    def pending(self) -> Self:
        """Given, and not yet the one that is paid to."""
        return self.filter(status__in=PENDING)

    def paid_to(self) -> Self:
        """Those that money goes to: none before its three days are over."""
        return self.filter(status=BankStatus.ACTIVE)


class ProviderBankAccount(PublicIdModel, TenantModel):
    """One account that was given for a provider. In a table of its own, so that nothing that reads providers reads it
    too; the number is encrypted, and only its first and last four characters are shown."""

    provider = models.ForeignKey(
        Provider, models.PROTECT, related_name="bank_accounts", verbose_name=_("provider"), editable=False
    )
    sealed = models.TextField(editable=False)
    first4 = models.CharField(_("first four characters"), max_length=4, editable=False)
    last4 = models.CharField(_("last four characters"), max_length=4, editable=False)
    # As long as a transfer allows.
    holder = models.CharField(_("holder of the account"), max_length=70)
    status = models.CharField(_("state"), max_length=10, choices=BankStatus.choices, default=BankStatus.PROPOSED)
    proposed_at = models.DateTimeField(_("given at"), editable=False)
    proposed_channel = models.CharField(_("given by way of"), max_length=10, choices=BankChannel.choices)
    proposed_by = models.CharField(_("given by"), max_length=80, editable=False)
    # Where the provider read e-mail then: the next change is told there too.
    email_then = models.EmailField(_("e-mail then"), blank=True, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True, editable=False)
    confirmed_channel = models.CharField(
        _("confirmed by way of"), max_length=10, choices=BankChannel.choices, blank=True, db_default=""
    )
    confirmed_by = models.CharField(_("confirmed by"), max_length=80, blank=True, db_default="", editable=False)
    active_from = models.DateTimeField(_("paid to from"), null=True, blank=True, editable=False)
    activated_at = models.DateTimeField(_("paid to since"), null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(_("over since"), null=True, blank=True, editable=False)
    # Of the link in the notice, and of the code that is sent by SMS.
    nonce = models.CharField(max_length=32, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(_("wrong codes"), default=0, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = ProviderBankAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("bank account of a provider")
        verbose_name_plural = _("bank accounts of providers")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["provider"], condition=Q(status="active"), name="bank_account_active_once"),
            models.UniqueConstraint(
                fields=["provider"],
                condition=Q(status__in=PENDING),
                name="bank_account_pending_once",
                violation_error_message=_("Another account already waits to be confirmed, or for its three days."),
            ),
            models.CheckConstraint(condition=Q(status__in=BankStatus.values), name="bank_account_status_is_known"),
            models.CheckConstraint(
                condition=Q(proposed_channel__in=["space", "paper", "call"]), name="bank_account_channel_is_known"
            ),
            models.CheckConstraint(
                condition=Q(sealed__startswith=encryption.MARK), name="bank_account_sealed_is_encrypted"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_channel="", active_from__isnull=True)
                | (
                    Q(confirmed_at__isnull=False, confirmed_channel__in=["call", "paper", "sms"])
                    & ~Q(confirmed_channel=F("proposed_channel"))
                ),
                name="bank_account_confirmed_on_another_channel",
                violation_error_message=_("Confirm it by another way than the one by which it came."),
            ),
            # The code proves a telephone, whoever holds it; a call is made by somebody else than who typed the number.
            models.CheckConstraint(
                condition=Q(confirmed_channel__in=["", "sms"]) | ~Q(confirmed_by=F("proposed_by")),
                name="bank_account_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, active_from__isnull=True)
                | Q(
                    confirmed_at__isnull=False,
                    active_from__isnull=False,
                    active_from__gte=F("confirmed_at") + Value(COOLING_OFF),
                ),
                name="bank_account_cools_off",
            ),
            models.CheckConstraint(
                condition=Q(activated_at__isnull=True)
                | Q(active_from__isnull=False, activated_at__isnull=False, activated_at__gte=F("active_from")),
                name="bank_account_counts_after_cooling_off",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", confirmed_at__isnull=True, activated_at__isnull=True)
                | Q(status="confirmed", confirmed_at__isnull=False, activated_at__isnull=True)
                | Q(status__in=["active", "replaced"], activated_at__isnull=False)
                | Q(status="cancelled", activated_at__isnull=True),
                name="bank_account_status_has_its_steps",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["replaced", "cancelled"], ended_at__isnull=False)
                | (~Q(status__in=["replaced", "cancelled"]) & Q(ended_at__isnull=True)),
                name="bank_account_over_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(code_tries__lte=MAX_CODE_TRIES),
                name="bank_account_tries_limited",
            ),
        ]

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """The number as anybody may read it."""
        return masked(self.first4, self.last4)

    @property
    def category(self) -> str:
        """For its badge."""
        return BANK_CATEGORY[self.status]

    @property
    def is_pending(self) -> bool:
        """Whether it can still be stopped."""
        return self.status in BANK_TRANSITIONS["cancel"][0]

    @property
    def token(self) -> str:
        """The secret of the link in the notice."""
        return token_of(self.nonce)

    @property
    def code(self) -> str:
        """The six digits that are sent by SMS."""
        digest = salted_hmac("providers.bank.code", self.nonce, algorithm="sha256").hexdigest()
        return f"{int(digest, 16) % 1_000_000:06d}"

    def is_code(self, typed: str) -> bool:
        """Whether somebody typed those digits."""
        return hmac.compare_digest(self.code.encode(), "".join(typed.split()).encode())


@encryption.holds
def sealed_accounts() -> models.QuerySet[ProviderBankAccount]:
    """Encrypted numbers of the current tenant."""
    return ProviderBankAccount.objects.all()
