"""PASS IAE and its ledger (R23, domain.md 2.3): an entry is never changed, another replaces it or it is cancelled.

The end of a PASS is not typed: it is what the ledger makes of it, kept so that lists are read by it. PostgreSQL
compares both at the end of a transaction. Reasons may speak of health or of justice: they are
encrypted.
"""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models.catalogue import DateRange
from concierge import encryption
from concierge.enums import Role
from concierge.models import PublicIdModel, TenantModel, User
from concierge.tenancy import Actor
from workers.enums.contracts import EmployerKind
from workers.enums.passes import (
    ClosedAs,
    CloseReason,
    DenyReason,
    PassSource,
    ProlongationReason,
    ProlongationStatus,
    ProposedAction,
    SuspensionReason,
)
from workers.models.people import Trainee
from workers.rules import pass_iae as rules

# Who reads of pathways, by site. What their reasons are, only the advisers.
PATHWAY_ROLES = (Role.SOCIAL_ADVISER, Role.NETWORK_HEAD)
# What is left of a reason that was kept long enough.
FORGOTTEN = encryption.MARK
EMPLOYER_KINDS = EmployerKind.values


def pathways_of(actor: Actor) -> Q:
    """People whose pathway the actor follows, as a condition on ``trainee``."""
    if actor.kind == "system":
        return Q(organisation=actor.organisation)
    if not actor.has_role(*PATHWAY_ROLES):
        return Q(pk__in=[])
    sites = actor.site_ids(*PATHWAY_ROLES)
    own = Q(organisation=actor.organisation)
    return own if sites is None else own & Q(trainee__site__in=sites)


class PassIAEQuerySet(models.QuerySet["PassIAE"]):
    """Reads of PASS."""

    def visible_to(self, actor: Actor) -> Self:
        """Social advisers and heads of the network: those of people of their sites."""
        return self.filter(pathways_of(actor))

    def kept(self) -> Self:
        """Not those written down by mistake."""
        return self.filter(cancelled_at=None)

    def with_ledger(self) -> Self:
        """With what counts of their suspensions and prolongations."""
        return self.prefetch_related(
            models.Prefetch("suspensions", PassSuspension.objects.counting(), to_attr="counting_suspensions"),
            models.Prefetch("prolongations", PassProlongation.objects.counting(), to_attr="counting_prolongations"),
        )


class PassIAE(PublicIdModel, TenantModel):
    """The right of a person to a pathway, as the State's platform gave it."""

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="passes", verbose_name=_("trainee"))
    # Empty once it is forgotten with the name of whose it was.
    number = models.CharField(_("number"), max_length=12)
    starts_on = models.DateField(_("first day"))
    # What the law said when it began.
    base_days = models.PositiveSmallIntegerField(_("days at first"))
    ends_on = models.DateField(_("last day"), editable=False)
    source = models.CharField(_("source"), max_length=10, choices=PassSource.choices, default=PassSource.TYPED)
    # What the State's platform says: compared, never counted, and nobody is kept from work by a difference.
    imported_ends_on = models.DateField(_("last day at the State’s platform"), null=True, blank=True)
    is_prescribed = models.BooleanField(_("opened by an authorised prescriber"), default=False)
    # The hire that had ended a suspension was withdrawn, and it could not go on: until somebody writes one down.
    suspension_lost_on = models.DateField(_("suspension not given back on"), null=True, blank=True, editable=False)
    entered_label = models.CharField(_("written down by"), max_length=120, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True, editable=False)
    cancel_reason = models.CharField(
        _("why cancelled"), max_length=20, choices=CloseReason.choices, blank=True, db_default="", editable=False
    )
    cancelled_label = models.CharField(_("cancelled by"), max_length=120, blank=True, db_default="", editable=False)

    objects = PassIAEQuerySet.as_manager()

    class Meta:
        verbose_name = _("PASS IAE")
        verbose_name_plural = _("PASS IAE")
        ordering = ["-starts_on", "-pk"]
        indexes = [models.Index(fields=["organisation", "ends_on"], condition=Q(cancelled_at=None), name="pass_by_end")]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "number"],
                condition=Q(cancelled_at=None) & ~Q(number=""),
                name="pass_number_once_per_organisation",
                violation_error_message=_("This number already belongs to another PASS."),
            ),
            models.CheckConstraint(
                condition=Q(number__regex=r"^([A-Z0-9]{12})?$"),
                name="pass_number_is_12_letters_or_digits",
                violation_error_message=_("A PASS number has twelve letters or digits."),
            ),
            models.CheckConstraint(
                condition=Q(
                    ends_on__gte=ExpressionWrapper(F("starts_on") + F("base_days") - 1, output_field=models.DateField())
                ),
                name="pass_end_not_before_its_first_length",
                violation_error_message=_("A PASS lasts at least its first length."),
            ),
            models.CheckConstraint(condition=Q(source__in=PassSource.values), name="pass_source_is_known"),
            models.CheckConstraint(
                condition=Q(cancelled_at=None, cancel_reason="")
                | Q(cancelled_at__isnull=False, cancel_reason__in=CloseReason.values),
                name="pass_cancelled_with_a_reason",
            ),
            ExclusionConstraint(
                name="passes_of_a_person_do_not_overlap",
                expressions=[
                    ("trainee", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at=None),
                violation_error_message=_("This person already has a PASS on some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return rules.grouped(self.number)

    def ledger(self) -> rules.Ledger:
        """What counts, as the rules see it. Reads it, unless ``with_ledger`` has."""
        suspensions = getattr(self, "counting_suspensions", None)
        prolongations = getattr(self, "counting_prolongations", None)
        if suspensions is None or prolongations is None:
            suspensions = list(self.suspensions.counting())
            prolongations = list(self.prolongations.counting())
        return rules.Ledger(
            self.starts_on,
            self.base_days,
            tuple(one.stretch for one in suspensions),
            tuple(one.stretch for one in prolongations),
        )

    @property
    def terms(self) -> rules.PassTerms:
        """The figures that counted when it began."""
        return rules.terms_on(self.starts_on)

    @property
    def differs(self) -> bool:
        """Whether the State's platform says another last day: somebody looks, nobody is kept from work (R23)."""
        return self.imported_ends_on is not None and self.imported_ends_on != self.ends_on


class PassEntry(PublicIdModel, TenantModel):
    """One line of the ledger of a PASS: days, an encrypted reason, who wrote it down, and what became of it."""

    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"))
    sealed = models.TextField(editable=False)
    employer_kind = models.CharField(_("kind of structure"), max_length=10)
    source = models.CharField(_("source"), max_length=10, choices=PassSource.choices, default=PassSource.TYPED)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by", verbose_name=_("replaces")
    )
    entered_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written down by")
    )
    entered_label = models.CharField(_("name of who wrote it down"), max_length=120, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    closed_as = models.CharField(
        _("closed as"), max_length=10, choices=ClosedAs.choices, blank=True, db_default="", editable=False
    )
    close_reason = models.CharField(
        _("why closed"), max_length=20, choices=CloseReason.choices, blank=True, db_default="", editable=False
    )
    closed_label = models.CharField(_("closed by"), max_length=120, blank=True, db_default="", editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.starts_on} → {self.ends_on}"

    @property
    def stretch(self) -> rules.Stretch:
        """Its days, as the rules see them."""
        return rules.Stretch(self.starts_on, self.ends_on)

    @property
    def reason(self) -> str:
        """The code of its reason, empty once forgotten. Raises ``encryption.Unreadable``."""
        return "" if self.sealed == FORGOTTEN else encryption.decrypt(self.sealed)

    @reason.setter
    def reason(self, code: str) -> None:
        self.sealed = encryption.encrypt(code)


def _entry_constraints(name: str) -> list[models.BaseConstraint]:
    """What every table of entries asks for."""
    return [
        models.CheckConstraint(
            condition=Q(ends_on__gte=F("starts_on")),
            name=f"{name}_end_not_before_start",
            violation_error_message=_("The last day cannot be before the first day."),
        ),
        models.CheckConstraint(condition=Q(sealed__startswith=encryption.MARK), name=f"{name}_reason_is_encrypted"),
        models.CheckConstraint(condition=Q(source__in=PassSource.values), name=f"{name}_source_is_known"),
        models.CheckConstraint(condition=Q(employer_kind__in=EMPLOYER_KINDS), name=f"{name}_structure_is_known"),
        models.CheckConstraint(
            condition=Q(closed_at=None, closed_as="", close_reason="")
            | Q(closed_at__isnull=False, closed_as__in=ClosedAs.values, close_reason__in=CloseReason.values),
            name=f"{name}_closed_with_a_reason",
        ),
    ]


class SuspensionQuerySet(models.QuerySet["PassSuspension"]):
    """Reads of suspensions."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the PASS that the actor sees."""
        return self.filter(pass_iae__in=PassIAE.objects.visible_to(actor))

    def counting(self) -> Self:
        """Neither replaced nor cancelled: they move the end."""
        return self.filter(closed_at=None)


class PassSuspension(PassEntry):
    """Days on which a PASS stands still; its end moves by them."""

    pass_iae = models.ForeignKey(PassIAE, models.PROTECT, related_name="suspensions", verbose_name=_("PASS IAE"))

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspension of a PASS")
        verbose_name_plural = _("suspensions of PASS")
        ordering = ["starts_on", "pk"]
        constraints = [
            *_entry_constraints("suspension"),
            ExclusionConstraint(
                name="suspensions_of_a_pass_do_not_overlap",
                expressions=[
                    ("pass_iae", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                condition=Q(closed_at=None),
                violation_error_message=_("Another suspension already covers some of these days."),
            ),
        ]

    @property
    def reason_words(self) -> str:
        """Its reason as people read it."""
        code = self.reason
        return str(SuspensionReason(code).label) if code else ""


class ProlongationQuerySet(models.QuerySet["PassProlongation"]):
    """Reads of prolongations."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the PASS that the actor sees."""
        return self.filter(pass_iae__in=PassIAE.objects.visible_to(actor))

    def counting(self) -> Self:
        """Only what was granted moves the end."""
        return self.filter(closed_at=None, status=ProlongationStatus.GRANTED)

    def asked(self) -> Self:
        """Those that count or wait for an answer: what a reason has used of its total."""
        return self.filter(closed_at=None).exclude(status=ProlongationStatus.DENIED)


class PassProlongation(PassEntry):
    """A PASS goes on: asked for, then granted or denied. It starts on the last day of the PASS."""

    pass_iae = models.ForeignKey(PassIAE, models.PROTECT, related_name="prolongations", verbose_name=_("PASS IAE"))
    status = models.CharField(
        _("state"), max_length=10, choices=ProlongationStatus.choices, default=ProlongationStatus.PENDING
    )
    requested_on = models.DateField(_("asked for on"))
    training_ends_on = models.DateField(_("end of the training"), null=True, blank=True)
    prescriber_name = models.CharField(_("authorised prescriber"), max_length=120, blank=True, db_default="")
    prescriber_body = models.CharField(_("organisation of the prescriber"), max_length=120, blank=True, db_default="")
    decided_at = models.DateTimeField(_("answered at"), null=True, blank=True, editable=False)
    decided_label = models.CharField(_("answer noted by"), max_length=120, blank=True, db_default="", editable=False)
    deny_reason = models.CharField(
        _("why denied"), max_length=10, choices=DenyReason.choices, blank=True, db_default=""
    )
    deny_action = models.CharField(
        _("proposed instead"), max_length=20, choices=ProposedAction.choices, blank=True, db_default=""
    )

    objects = ProlongationQuerySet.as_manager()

    class Meta:
        verbose_name = _("prolongation of a PASS")
        verbose_name_plural = _("prolongations of PASS")
        ordering = ["starts_on", "pk"]
        constraints = [
            *_entry_constraints("prolongation"),
            models.CheckConstraint(
                condition=Q(status__in=ProlongationStatus.values), name="prolongation_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=ProlongationStatus.PENDING, decided_at=None, deny_reason="", deny_action="")
                | Q(status=ProlongationStatus.GRANTED, decided_at__isnull=False, deny_reason="", deny_action="")
                | Q(
                    status=ProlongationStatus.DENIED,
                    decided_at__isnull=False,
                    deny_reason__in=DenyReason.values,
                    deny_action__in=ProposedAction.values,
                ),
                name="prolongation_denied_with_reason_and_proposal",
                violation_error_message=_("Say why it was denied and what is proposed instead."),
            ),
            models.UniqueConstraint(
                fields=["pass_iae"],
                condition=Q(status=ProlongationStatus.PENDING, closed_at=None),
                name="prolongation_asked_for_one_at_a_time",
                violation_error_message=_("A prolongation of this PASS already waits for an answer."),
            ),
        ]

    @property
    def reason_words(self) -> str:
        """Its reason as people read it."""
        code = self.reason
        return str(ProlongationReason(code).label) if code else ""


class PassReport(PublicIdModel, TenantModel):
    """The report (bilan) sent with a request: a PDF, encrypted, read by social advisers."""

    prolongation = models.OneToOneField(
        PassProlongation, models.PROTECT, related_name="report", verbose_name=_("prolongation")
    )
    sealed = models.TextField(editable=False)
    size = models.PositiveIntegerField(_("bytes"))
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("report of a prolongation")
        verbose_name_plural = _("reports of prolongations")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(sealed__startswith=encryption.MARK), name="pass_report_is_encrypted"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


@encryption.holds
def _sealed_suspensions() -> models.QuerySet[PassSuspension]:
    return PassSuspension.objects.exclude(sealed=FORGOTTEN)


@encryption.holds
def _sealed_prolongations() -> models.QuerySet[PassProlongation]:
    return PassProlongation.objects.exclude(sealed=FORGOTTEN)


@encryption.holds
def _sealed_reports() -> models.QuerySet[PassReport]:
    return PassReport.objects.all()
