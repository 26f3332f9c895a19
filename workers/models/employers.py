"""Who signs contracts, and on which financial annex the State pays for them. Site ≠ employer ≠ convention (R13)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from concierge.enums import Role
from concierge.models import PublicIdModel, TenantModel
from concierge.numbers import check_siret
from concierge.tenancy import Actor
from workers.enums.contracts import (
    ACTIVE_ANNEX,
    ASP_MEASURES,
    KINDS_OF_EMPLOYER,
    MEASURE_CODES,
    AnnexState,
    ContractKind,
    EmployerKind,
    HoursBasis,
)
from workers.rules.contracts import RAISES_A_YEAR

# Who reads contracts, annexes and employers, by site: who accompanies, who leads, who declares the hours.
CONTRACT_ROLES = (Role.SUPERVISOR, Role.SOCIAL_ADVISER, Role.ACCOUNTANT, Role.SITE_MANAGER, Role.NETWORK_HEAD)
# Measure, department of three characters, year of two digits, order of four, rider and modification (domain.md 2.5).
ANNEX_NUMBER = r"^(ACI|AI|EITI|EI|ETTI)[0-9][0-9][0-9AB][0-9]{6}A[0-9]{1,2}M[0-9]{1,2}$"
ANNEX_NUMBER_LENGTH = 17


class EmployerQuerySet(models.QuerySet["Employer"]):
    """Reads of employers."""

    def visible_to(self, actor: Actor) -> Self:
        """Who reads contracts: every employer of the organisation. Everybody else: none."""
        found = self.filter(organisation=actor.organisation)
        return found if actor.kind == "system" or actor.has_role(*CONTRACT_ROLES) else found.none()

    def active(self) -> Self:
        """Those that sign contracts now."""
        return self.filter(is_active=True)


class Employer(PublicIdModel, TenantModel):
    """A legal body that signs contracts with people. One body of two kinds (EI and ACI) is two employers."""

    name = models.CharField(_("name"), max_length=120)
    # Empty only where it was taken over from before employers were written down; pages ask for it.
    siret = models.CharField(_("SIRET"), max_length=14, blank=True, validators=[check_siret])
    kind = models.CharField(_("kind"), max_length=10, choices=EmployerKind.choices)
    measure = models.CharField(_("measure (ASP)"), max_length=10, blank=True, choices=[(m, m) for m in MEASURE_CODES])
    raises_a_year = models.PositiveSmallIntegerField(
        _("temporary raises of hours a year"),
        default=RAISES_A_YEAR,
        help_text=_("Eight at most where the agreement of the branch allows them; 0 where there is none (L3123-22)."),
    )
    is_active = models.BooleanField(_("signs contracts"), default=True)

    objects = EmployerQuerySet.as_manager()

    class Meta:
        verbose_name = _("employer")
        verbose_name_plural = _("employers")
        ordering = ["name", "kind", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "siret", "kind"],
                condition=~Q(siret=""),
                name="employer_once_per_siret_and_kind",
                violation_error_message=_("Another employer of this kind already has this SIRET."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="employer_has_a_name"),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siret__regex=r"^[0-9]{14}$"),
                name="employer_siret_has_fourteen_digits",
                violation_error_message=_("A SIRET has fourteen digits."),
            ),
            models.CheckConstraint(
                condition=models.Q(
                    *(Q(kind=kind, measure__in=codes) for kind, codes in ASP_MEASURES.items()), _connector=Q.OR
                ),
                name="employer_measure_is_of_its_kind",
                violation_error_message=_("This measure is of another kind of employer."),
            ),
            models.CheckConstraint(
                condition=Q(raises_a_year__lte=RAISES_A_YEAR),
                name="employer_raises_eight_at_most",
                violation_error_message=_("The law allows eight temporary raises a year at most (L3123-22)."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def contract_kinds(self) -> tuple[ContractKind, ...]:
        """Which contracts it may sign, the usual one first."""
        return KINDS_OF_EMPLOYER[self.kind]


class FinancialAnnexQuerySet(models.QuerySet["FinancialAnnex"]):
    """Reads of annexes."""

    def visible_to(self, actor: Actor) -> Self:
        """Who reads contracts: every annex of the organisation. Everybody else: none."""
        found = self.filter(organisation=actor.organisation)
        return found if actor.kind == "system" or actor.has_role(*CONTRACT_ROLES) else found.none()

    def active_on(self, day: dt.date) -> Self:
        """Those on which a contract counts on a day."""
        return self.filter(state__in=ACTIVE_ANNEX, starts_on__lte=day, ends_on__gte=day)


class FinancialAnnex(PublicIdModel, TenantModel):
    """The annex of a convention between the State and an employer, for some months: how many places, of which hours.

    ``etp_hours`` is how many hours a year the State counts as one full-time place *on this annex*: never a constant
    of the product (ACI 1820 paid, EI 1505 worked, AI 1607 worked are usual).
    """

    employer = models.ForeignKey(Employer, models.PROTECT, related_name="annexes", verbose_name=_("employer"))
    number = models.CharField(_("number"), max_length=ANNEX_NUMBER_LENGTH)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"))
    state = models.CharField(_("state"), max_length=12, choices=AnnexState.choices, default=AnnexState.VALID)
    etp_hours = models.DecimalField(_("hours a year of one full-time place"), max_digits=6, decimal_places=2)
    hours_basis = models.CharField(_("hours that count"), max_length=6, choices=HoursBasis.choices)
    agreed_etp = models.DecimalField(_("full-time places agreed"), max_digits=6, decimal_places=2)

    objects = FinancialAnnexQuerySet.as_manager()

    class Meta:
        verbose_name = _("financial annex")
        verbose_name_plural = _("financial annexes")
        ordering = ["-starts_on", "number", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "number"],
                name="annex_number_once",
                violation_error_message=_("This annex is already written down."),
            ),
            models.CheckConstraint(
                condition=Q(number__regex=ANNEX_NUMBER),
                name="annex_number_is_well_formed",
                violation_error_message=_(
                    "The number of an annex looks like ACI051170013A0M1: measure, department, year, order, A and M."
                ),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="annex_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=Q(etp_hours__range=(1000, 2200)),
                name="annex_hours_of_a_place_are_plausible",
                violation_error_message=_("One full-time place is between 1,000 and 2,200 hours a year."),
            ),
            models.CheckConstraint(
                condition=Q(agreed_etp__gte=0),
                name="annex_places_not_negative",
                violation_error_message=_("The number of places cannot be negative."),
            ),
            models.CheckConstraint(condition=Q(state__in=AnnexState.values), name="annex_state_is_known"),
            models.CheckConstraint(condition=Q(hours_basis__in=HoursBasis.values), name="annex_basis_is_known"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def convention(self) -> str:
        """Number of the convention: the annex without its rider and modification."""
        return self.number[: self.number.rindex("A")]

    @property
    def asp_number(self) -> str:
        """As the ASP takes it: without the modification (domain.md 2.5)."""
        return self.number[: self.number.rindex("M")]

    def is_active_on(self, day: dt.date) -> bool:
        """Whether a contract counts on it on a day."""
        return self.state in ACTIVE_ANNEX and self.starts_on <= day <= self.ends_on
