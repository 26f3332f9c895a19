"""What the collective agreement of an employer says of working time, from a day to a day (R21)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.models.catalogue import DateRange
from concierge.models import PublicIdModel, TenantModel
from concierge.reads import Rows
from concierge.tenancy import Actor
from workers.models.agreement_words import FLAGS, NUMBERS, TERM_LABELS, refusal_of
from workers.models.contracts import STANDS, WithdrawnModel
from workers.models.employers import EMPLOYER_ROLES, Employer
from workers.rules.labour import TermsBook
from workers.rules.labour.agreements import NIGHT_MINUTES, TERM, TERMS, Agreement, book_of

DAY_MINUTES = 24 * 60


class LabourAgreementQuerySet(models.QuerySet["LabourAgreement"]):
    """Reads of agreements."""

    def visible_to(self, actor: Actor) -> Self:
        """Who reads contracts, and heads of the network: every agreement of the organisation. Everybody else: none."""
        found = self.filter(organisation=actor.organisation)
        return found if actor.kind == "system" or actor.has_role(*EMPLOYER_ROLES) else found.none()

    def standing(self) -> Self:
        """Those that were not withdrawn."""
        return self.filter(STANDS)


def number(name: str) -> Any:
    """A term that is a number; empty: what the law says."""
    return models.PositiveSmallIntegerField(TERM_LABELS[name], null=True, blank=True)


def flag(name: str) -> Any:
    """A term that is allowed or not."""
    return models.BooleanField(TERM_LABELS[name], default=False)


def _within(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{name: None}) | Q(**{f"{name}__range": (TERM[name].least, TERM[name].most)}),
        name=f"agreement_{name}_as_the_law_lets",
        violation_error_message=refusal_of(name),
    )


class LabourAgreement(PublicIdModel, TenantModel, WithdrawnModel):
    """One edition of the terms of working time that a collective agreement sets for an employer.

    A term that is empty is that of the law. Durations are minutes, the two ends of the night minutes after midnight,
    ``overtime_quota`` hours a year, ``part_time_share`` the divisor of the contract (3: a third), rates percent. Its
    terms never change: another edition begins after it ends.
    """

    employer = models.ForeignKey(Employer, models.PROTECT, related_name="agreements", verbose_name=_("employer"))
    reference = models.CharField(_("agreement"), max_length=160)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"), null=True, blank=True)
    daily_most = number("daily_most")
    average_most = number("average_most")
    daily_rest = number("daily_rest")
    break_least = number("break_least")
    night_allowed = flag("night_allowed")
    night_from = number("night_from")
    night_until = number("night_until")
    sunday_allowed = flag("sunday_allowed")
    holidays_worked = flag("holidays_worked")
    part_time_share = number("part_time_share")
    schedule_notice_days = number("schedule_notice_days")
    interruptions_most = number("interruptions_most")
    interruption_most = number("interruption_most")
    overtime_quota = number("overtime_quota")
    extra_rate_then = number("extra_rate_then")
    overtime_rate_first = number("overtime_rate_first")
    overtime_rate_then = number("overtime_rate_then")

    objects = LabourAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement on working time")
        verbose_name_plural = _("agreements on working time")
        ordering = ["-starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reference=""),
                name="agreement_has_a_reference",
                violation_error_message=_("Say which agreement it is."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="agreement_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=models.Q(
                    *(Q(**{f"{name}__isnull": False}) for name in NUMBERS),
                    *(Q(**{name: True}) for name in FLAGS),
                    _connector=Q.OR,
                ),
                name="agreement_sets_something",
                violation_error_message=_("Write down at least one thing that the agreement sets."),
            ),
            *(_within(name) for name in NUMBERS),
            models.CheckConstraint(
                condition=Q(night_from=None, night_until=None)
                | Q(
                    night_from__isnull=False,
                    night_until__isnull=False,
                    night_until__gte=F("night_from") + NIGHT_MINUTES[0] - DAY_MINUTES,
                    night_until__lte=F("night_from") + NIGHT_MINUTES[1] - DAY_MINUTES,
                ),
                name="agreement_night_of_nine_hours",
                violation_error_message=_(
                    "A night has both ends, nine hours apart at least and ten at most (Labour Code, L3122-2)."
                ),
            ),
            ExclusionConstraint(
                name="agreement_one_at_a_time",
                expressions=[
                    ("employer", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                condition=STANDS,
                violation_error_message=_("Another agreement of this employer holds on some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} · {self.starts_on} → {self.ends_on or ''}"

    @property
    def terms(self) -> dict[str, int]:
        """What it sets, by the name of the term."""
        found = {term.name: getattr(self, term.name) for term in TERMS}
        return {name: int(value) for name, value in found.items() if value not in (None, False)}

    def holds_on(self, day: dt.date) -> bool:
        """Whether it counts on a day."""
        is_begun = self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)
        return self.withdrawn_on is None and is_begun


AGREEMENTS = Rows(
    lambda _given: (
        LabourAgreement.objects.standing()
        .order_by("starts_on")
        .values_list("employer_id", "starts_on", "ends_on", *(term.name for term in TERMS))
    ),
)
RAISES = Rows(lambda _given: Employer.objects.order_by("pk").values_list("pk", "raises_a_year"))


def terms_books() -> dict[int, TermsBook]:
    """The terms by employer of the current organisation, as agreements and the number of raises say. Two queries."""
    agreements: dict[int, list[Agreement]] = defaultdict(list)
    for employer, starts_on, ends_on, *values in AGREEMENTS.all():
        named = zip((term.name for term in TERMS), values, strict=True)
        terms = {name: int(value) for name, value in named if value not in (None, False)}
        agreements[employer].append(Agreement(starts_on, ends_on, terms))
    return {key: book_of(agreements[key], raises_a_year=raises) for key, raises in RAISES.all()}
