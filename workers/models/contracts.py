"""What binds a person to an employer, day by day: contracts, riders, decisions (R22, L10, L16)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Prefetch, Q, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from bookings.models.catalogue import DateRange
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from workers.enums.contracts import (
    FIXED_TERM,
    YEARLY_DEROGATIONS,
    ContractKind,
    DerogationKind,
    EmployerKind,
    EndReason,
    RiderReason,
)
from workers.models.employers import CONTRACT_ROLES, Employer, FinancialAnnex
from workers.models.people import Trainee
from workers.rules import contracts as rules


class LastDay(Func):
    """Last day of so many months from a day on, as ``rules.contracts.last_day`` counts."""

    template = "((%(expressions)s) + interval '%(months)s months' - interval '1 day')::date"
    output_field = models.DateField()
    arity = 1

    def __init__(self, start: str, months: int) -> None:
        super().__init__(start, months=months)


class WithdrawnModel(models.Model):
    """Written down by mistake, or never begun: kept, and nothing counts it any more."""

    withdrawn_on = models.DateField(_("withdrawn on"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True


def meant(*days: str) -> Q:
    """Days of a contract that somebody can mean."""
    return Q(**{f"{day}__range": (rules.FIRST_DAY, rules.LAST_DAY) for day in days})


STANDS = Q(withdrawn_on__isnull=True)
# A contract that ends within so many days is on the list of those that end soon.
SOON = dt.timedelta(days=90)


class ContractDerogation(PublicIdModel, TenantModel, WithdrawnModel):
    """A written decision for one person and employer, with its reference and its last day. Never a cause (P01)."""

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="derogations", verbose_name=_("trainee"))
    employer = models.ForeignKey(Employer, models.PROTECT, related_name="+", verbose_name=_("employer"))
    kind = models.CharField(_("kind"), max_length=20, choices=DerogationKind.choices)
    reference = models.CharField(_("reference of the decision"), max_length=120)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"))

    class Meta:
        verbose_name = _("derogation")
        verbose_name_plural = _("derogations")
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DerogationKind.values), name="derogation_kind_is_known"),
            models.CheckConstraint(
                condition=meant("starts_on", "ends_on"),
                name="derogation_within_range",
                violation_error_message=_("Check this day: its year cannot be meant."),
            ),
            models.CheckConstraint(
                condition=~Q(reference=""),
                name="derogation_has_a_reference",
                violation_error_message=_("Give the reference of the decision."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="derogation_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=YEARLY_DEROGATIONS) | Q(ends_on__lte=LastDay("starts_on", 12)),
                name="derogation_of_a_year_at_most",
                violation_error_message=_("A decision counts for twelve months at most."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.reference}"

    @property
    def facts(self) -> rules.Derogation:
        """As the rules see it."""
        return rules.Derogation(self.kind, self.employer_id, self.starts_on, self.ends_on)


class ContractQuerySet(models.QuerySet["Contract"]):
    """Reads of contracts."""

    def visible_to(self, actor: Actor) -> Self:
        """Who accompanies, leads or declares: contracts of people of their sites. A trainee: their own."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        if actor.has_role(*CONTRACT_ROLES):
            sites = actor.site_ids(*CONTRACT_ROLES)
            return found if sites is None else found.filter(trainee__site_id__in=sites)
        return found.filter(trainee_id=actor.trainee_id) if actor.trainee_id else found.none()

    def standing(self) -> Self:
        """Those that were not withdrawn."""
        return self.filter(STANDS)

    def on(self, day: dt.date) -> Self:
        """In force on a day."""
        return self.between(day, day)

    def between(self, first: dt.date, last: dt.date) -> Self:
        """In force on some day of these."""
        return self.standing().filter(Q(last_on=None) | Q(last_on__gte=first), starts_on__lte=last)

    def ours(self) -> Self:
        """Those that are worked for the house, not for an employer outside of it."""
        return self.exclude(employer__kind=EmployerKind.OUTSIDE)

    def for_pages(self) -> Self:
        """With everything a page of contracts shows."""
        riders = ContractRider.objects.filter(STANDS).select_related("annex")
        return self.select_related("employer", "annex").prefetch_related(Prefetch("riders", riders))

    def with_riders(self) -> Self:
        """With what ``facts`` reads."""
        return self.select_related("employer").prefetch_related(
            Prefetch("riders", ContractRider.objects.filter(STANDS))
        )


class Contract(PublicIdModel, TenantModel, WithdrawnModel):
    """A contract of a person with an employer. Two employers at a time only by a decision of cumul (ADR 22).

    ``ends_on`` is the last day that is agreed now: a rider that moves it says so here and keeps the day before.
    ``weekly_minutes`` and ``annex`` are those of the first day: riders change them from theirs on.
    """

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="contracts", verbose_name=_("trainee"))
    employer = models.ForeignKey(Employer, models.PROTECT, related_name="contracts", verbose_name=_("employer"))
    annex = models.ForeignKey(
        FinancialAnnex, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("financial annex")
    )
    kind = models.CharField(_("kind"), max_length=15, choices=ContractKind.choices)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"), null=True, blank=True)
    weekly_minutes = models.PositiveSmallIntegerField(_("minutes a week"))
    rome_code = models.CharField(_("trade (ROME)"), max_length=5, blank=True)
    gross_pay = models.DecimalField(_("gross pay a month"), max_digits=8, decimal_places=2, null=True, blank=True)
    # The law lets some first contracts be shorter; why is neither asked nor kept.
    is_short_allowed = models.BooleanField(_("may be shorter than four months"), default=False)
    floor_derogation = models.ForeignKey(
        ContractDerogation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("under 20 hours by")
    )
    cumul_derogation = models.ForeignKey(
        ContractDerogation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("beside another by")
    )
    renews = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="renewals", verbose_name=_("renews")
    )
    ended_on = models.DateField(_("ended early on"), null=True, blank=True)
    end_reason = models.CharField(_("reason of the end"), max_length=12, choices=EndReason.choices, blank=True)
    last_on = models.GeneratedField(
        expression=Coalesce("ended_on", "ends_on"), output_field=models.DateField(null=True), db_persist=True
    )

    objects = ContractQuerySet.as_manager()

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ContractKind.values), name="contract_kind_is_known"),
            models.CheckConstraint(
                condition=meant("starts_on", "ends_on"),
                name="contract_within_range",
                violation_error_message=_("Check this day: its year cannot be meant."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="contract_end_not_before_start",
                violation_error_message=_("The contract cannot end before it starts."),
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=FIXED_TERM) | Q(ends_on__isnull=False),
                name="contract_of_fixed_term_has_an_end",
                violation_error_message=_("This contract needs a last day."),
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None)
                | (Q(ended_on__gte=F("starts_on")) & (Q(ends_on=None) | Q(ended_on__lte=F("ends_on")))),
                name="contract_ended_while_it_ran",
                violation_error_message=_("A contract ends early between its first and its last day."),
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True, end_reason="")
                | Q(ended_on__isnull=False, end_reason__in=EndReason.values),
                name="contract_ended_for_a_reason",
                violation_error_message=_("Say why the contract ended early."),
            ),
            models.CheckConstraint(
                condition=Q(weekly_minutes__range=(1, rules.CEILING_MINUTES))
                | Q(weekly_minutes=0, kind="accompaniment"),
                name="contract_within_48_hours",
                violation_error_message=_("Nobody works more than 48 hours a week."),
            ),
            models.CheckConstraint(
                condition=~Q(kind="cddi")
                | Q(weekly_minutes__gte=rules.FLOOR_MINUTES)
                | Q(floor_derogation__isnull=False),
                name="contract_of_20_hours_or_derogation",
                violation_error_message=_(
                    "A contract is of at least 20 hours a week, unless a derogation says otherwise."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(kind="cddi")
                | Q(renews__isnull=False)
                | Q(is_short_allowed=True)
                | Q(ends_on__gte=LastDay("starts_on", rules.SHORTEST_MONTHS)),
                name="contract_of_four_months",
                violation_error_message=_("A first integration contract lasts four months at least."),
            ),
            models.CheckConstraint(
                condition=Q(rome_code="") | Q(rome_code__regex=r"^[A-N][0-9]{4}$"),
                name="contract_trade_is_rome",
                violation_error_message=_("A ROME code is a letter and four digits."),
            ),
            models.CheckConstraint(
                condition=Q(gross_pay=None) | Q(gross_pay__gt=0),
                name="contract_pay_is_positive",
                violation_error_message=_("The pay must be more than zero."),
            ),
            models.UniqueConstraint(
                fields=["renews"],
                condition=STANDS,
                name="contract_renewed_once",
                violation_error_message=_("This contract is already renewed."),
            ),
            ExclusionConstraint(
                name="contract_not_twice_with_one_employer",
                expressions=[
                    ("trainee", RangeOperators.EQUAL),
                    ("employer", RangeOperators.EQUAL),
                    (DateRange("starts_on", Coalesce("ended_on", "ends_on")), RangeOperators.OVERLAPS),
                ],
                condition=STANDS,
                violation_error_message=_(
                    "The person already has a contract with this employer on some of these days."
                ),
            ),
            ExclusionConstraint(
                name="contract_beside_another_by_cumul_only",
                expressions=[
                    ("trainee", RangeOperators.EQUAL),
                    (DateRange("starts_on", Coalesce("ended_on", "ends_on")), RangeOperators.OVERLAPS),
                ],
                condition=STANDS & Q(cumul_derogation__isnull=True),
                violation_error_message=_("The person already has a contract on some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.starts_on} → {self.last_on or ''}"

    @property
    def facts(self) -> rules.Contract:
        """As the rules see it; needs ``with_riders`` to cost no query."""
        return rules.Contract(
            employer_id=self.employer_id,
            employer_kind=self.employer.kind,
            kind=self.kind,
            starts_on=self.starts_on,
            ends_on=self.ended_on or self.ends_on,
            weekly_minutes=self.weekly_minutes,
            riders=tuple(rider.facts for rider in self.riders.all() if rider.withdrawn_on is None),
            is_beside=self.cumul_derogation_id is not None,
            key=self.pk or 0,
        )


class ContractRider(PublicIdModel, TenantModel, WithdrawnModel):
    """A dated change of a contract: hours (for a time, or from then on), last day, annex."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="riders", verbose_name=_("contract"))
    starts_on = models.DateField(_("from"))
    # Empty: lasting. Only hours change for a time.
    ends_on = models.DateField(_("to (included)"), null=True, blank=True)
    weekly_minutes = models.PositiveSmallIntegerField(_("minutes a week"), null=True, blank=True)
    new_end_on = models.DateField(_("new last day of the contract"), null=True, blank=True)
    old_end_on = models.DateField(_("last day before"), null=True, blank=True, editable=False)
    annex = models.ForeignKey(
        FinancialAnnex, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("financial annex")
    )
    reason = models.CharField(_("reason"), max_length=12, choices=RiderReason.choices)

    class Meta:
        verbose_name = _("rider")
        verbose_name_plural = _("riders")
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=RiderReason.values), name="rider_reason_is_known"),
            models.CheckConstraint(
                condition=meant("starts_on", "ends_on", "new_end_on"),
                name="rider_within_range",
                violation_error_message=_("Check this day: its year cannot be meant."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="rider_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=Q(weekly_minutes=None) | Q(weekly_minutes__range=(1, rules.CEILING_MINUTES)),
                name="rider_within_48_hours",
                violation_error_message=_("Nobody works more than 48 hours a week."),
            ),
            models.CheckConstraint(
                condition=Q(weekly_minutes__isnull=False) | Q(new_end_on__isnull=False) | Q(annex__isnull=False),
                name="rider_changes_something",
                violation_error_message=_("Say what changes: the hours, the last day or the annex."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None)
                | Q(weekly_minutes__isnull=False, new_end_on__isnull=True, annex__isnull=True),
                name="rider_only_hours_for_a_time",
                violation_error_message=_("Only hours change for a time."),
            ),
            models.UniqueConstraint(
                fields=["contract", "starts_on"],
                condition=STANDS & Q(ends_on=None),
                name="rider_lasting_once_a_day",
                violation_error_message=_("Another rider already changes the contract from this day on."),
            ),
            ExclusionConstraint(
                name="riders_for_a_time_do_not_overlap",
                expressions=[
                    ("contract", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                condition=STANDS & Q(ends_on__isnull=False),
                violation_error_message=_("Another rider already changes the hours on some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} → {self.ends_on or ''}"

    @property
    def facts(self) -> rules.Rider:
        """As the rules see it."""
        return rules.Rider(self.starts_on, self.ends_on, self.weekly_minutes)


def in_force_on(day: dt.date, prefix: str = "") -> Q:
    """Contracts in force on a day, of rows that reach them by ``prefix`` (``"contracts__"``)."""
    last, first, withdrawn = f"{prefix}last_on", f"{prefix}starts_on__lte", f"{prefix}withdrawn_on"
    return (Q(**{last: None}) | Q(**{f"{last}__gte": day})) & Q(
        **{first: day, withdrawn: None, f"{prefix}pk__isnull": False}
    )


def _ours_on(day: dt.date) -> ContractQuerySet:
    return Contract.objects.on(day).ours().filter(trainee=OuterRef("pk"))


def without_contract(day: dt.date) -> Q:
    """People whom no contract with the house binds on a day."""
    return ~Q(Exists(_ours_on(day)))


def with_contract_ending(day: dt.date, until: dt.date) -> Q:
    """People under contract on a day with nothing that goes on beyond ``until``."""
    goes_on = Contract.objects.standing().ours().filter(Q(last_on=None) | Q(last_on__gt=until), trainee=OuterRef("pk"))
    return Q(Exists(_ours_on(day))) & ~Q(Exists(goes_on))


def file_prefetches(first: dt.date | None = None, last: dt.date | None = None) -> list[Prefetch[str]]:
    """What ``person_file`` reads of trainees: all of it, or only contracts, decisions and restrictions of some days."""
    from workers.models.restrictions import WorkRestriction

    contracts = Contract.objects.standing().with_riders()
    derogations = ContractDerogation.objects.filter(STANDS)
    restrictions = WorkRestriction.objects.all()
    if first is not None and last is not None:
        contracts = Contract.objects.between(first, last).with_riders()
        derogations = derogations.filter(starts_on__lte=last, ends_on__gte=first)
        restrictions = WorkRestriction.objects.between(first, last)
    return [
        Prefetch("contracts", contracts),
        Prefetch("derogations", derogations),
        Prefetch("restrictions", restrictions),
    ]


def read_file(trainee: Trainee) -> rules.PersonFile:
    """The whole file of one person, in four queries whatever there is in it."""
    prefetch_related_objects([trainee], *file_prefetches())
    return person_file(trainee)


def person_file(trainee: Trainee) -> rules.PersonFile:
    """Contracts, decisions, restrictions and birth date of somebody, for the rules. No query after
    ``prefetch_related(*file_prefetches())``; else four."""
    return rules.PersonFile(
        contracts=tuple(one.facts for one in trainee.contracts.all() if one.withdrawn_on is None),
        derogations=tuple(one.facts for one in trainee.derogations.all() if one.withdrawn_on is None),
        restrictions=tuple(one.facts for one in trainee.restrictions.all()),
        birth_date=trainee.birth_date,
    )
