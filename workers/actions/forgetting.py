"""What of a pathway has had its day: 24 months after it, three years for who read what (domain.md 4.1, R43)."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q, QuerySet

from bookings.enums import PerformerKind
from bookings.models import WorkOrder
from concierge.retention import forget
from workers.enums.passes import AppointmentStatus
from workers.models import (
    Appointment,
    AvailabilityRule,
    Clearance,
    Contract,
    ContractDerogation,
    Diagnosis,
    LearningGoal,
    LearningSituation,
    PassIAE,
    PassProlongation,
    PassReport,
    PassSuspension,
    SkillStep,
    TimeEntry,
    Trainee,
    TraineeSkill,
    WorkRestriction,
)
from workers.models.passes import FORGOTTEN
from workers.models.people import TraineeQuerySet
from workers.models.vault import SensitiveFact, VaultReading

# What is left of a word that was kept long enough, where there has to be one.
NO_MORE = "–"


def gone(before: dt.datetime) -> TraineeQuerySet:
    """Who left before that, and of whom neither a contract, nor a PASS (a suspended one runs on), nor an appointment
    that was not cancelled reaches that far: their pathway has ended, and the last contact is as long ago (R43, S72)."""
    day, mine = before.date(), OuterRef("pk")
    contract = Contract.objects.standing().filter(trainee=mine).exclude(last_on__lt=day)
    running = PassIAE.objects.kept().filter(trainee=mine, ends_on__gte=day)
    contact = Appointment.objects.filter(trainee=mine, starts_at__gte=before).exclude(
        status=AppointmentStatus.CANCELLED
    )
    left = Trainee.objects.filter(is_active=False, last_on__lt=day)
    return left.filter(~Exists(contract), ~Exists(running), ~Exists(contact))


@forget("restrictions")
def old_restrictions(before: dt.datetime) -> QuerySet[WorkRestriction]:
    """What people who have left must not be given."""
    return WorkRestriction.objects.filter(trainee__in=gone(before))


@forget("usual_hours")
def old_usual_hours(before: dt.datetime) -> QuerySet[AvailabilityRule]:
    """When people who have left were usually here."""
    return AvailabilityRule.objects.filter(trainee__in=gone(before))


@forget("clearances")
def old_clearances(before: dt.datetime) -> QuerySet[Clearance]:
    """Licences and certificates of people who have left, with their numbers."""
    return Clearance.objects.filter(trainee__in=gone(before))


@forget("diagnoses")
def old_diagnoses(before: dt.datetime) -> QuerySet[Diagnosis]:
    """Of the eligibility of people who have left."""
    return Diagnosis.objects.filter(trainee__in=gone(before))


@forget("derogations")
def old_derogations(before: dt.datetime) -> QuerySet[ContractDerogation]:
    """Decisions for people who have left; not those on which a contract rests, which stay with it."""
    return ContractDerogation.objects.filter(~_bears_a_contract(), trainee__in=gone(before))


@forget("derogation_references", reference=NO_MORE)
def old_references(before: dt.datetime) -> QuerySet[ContractDerogation]:
    """What led to the decisions on which a contract rests."""
    found = ContractDerogation.objects.filter(_bears_a_contract(), trainee__in=gone(before))
    return found.exclude(reference=NO_MORE)


def _bears_a_contract() -> Q:
    """Decisions that a contract names."""
    whose = Q(floor_derogation=OuterRef("pk")) | Q(cumul_derogation=OuterRef("pk"))
    return Q(Exists(Contract.objects.filter(whose)))


def _with_steps(situations: QuerySet[LearningSituation]) -> None:
    """Work that showed something, and the steps that rest on it."""
    SkillStep.objects.filter(situation__in=situations.values("pk")).delete()
    situations.delete()


@forget("learning_situations", by=_with_steps)
def old_situations(before: dt.datetime) -> QuerySet[LearningSituation]:
    """What people who have left did and said of it; the work itself is the record of what happened."""
    return LearningSituation.objects.filter(trainee__in=gone(before))


@forget("skill_steps")
def old_steps(before: dt.datetime) -> QuerySet[SkillStep]:
    """Steps of people who have left that rest on words."""
    return SkillStep.objects.filter(trainee__in=gone(before))


@forget("skills")
def old_skills(before: dt.datetime) -> QuerySet[TraineeSkill]:
    """How far people who have left had come."""
    return TraineeSkill.objects.filter(trainee__in=gone(before))


@forget("learning_goals")
def old_goals(before: dt.datetime) -> QuerySet[LearningGoal]:
    """What people who have left wanted to reach."""
    return LearningGoal.objects.filter(trainee__in=gone(before))


@forget("former_files", user=None, supervisor=None, mentor=None, adviser=None, referrer=None, prefers_audio=False)
def old_files(before: dt.datetime) -> QuerySet[Trainee]:
    """Whose account it was, and who accompanied them. Name and birth date stay with the hours and the contracts."""
    around = Q(user=None, supervisor=None, mentor=None, adviser=None, referrer=None, prefers_audio=False)
    return gone(before).exclude(around)


def _without_names(people: QuerySet[Trainee]) -> None:
    """Nor by the number of their PASS, nor where the work that they did was held by them."""
    keys = list(people.values_list("pk", flat=True))
    PassIAE.objects.filter(trainee__in=keys).update(number="")
    theirs = WorkOrder.objects.filter(performer_kind=PerformerKind.OWN_TEAM, performer_id__in=keys)
    theirs.update(performer_label=NO_MORE)
    people.update(first_name=NO_MORE, last_name="", birth_date=None)


@forget("former_names", by=_without_names)
def old_names(before: dt.datetime) -> QuerySet[Trainee]:
    """Who they were, once the last of their hours has gone: what is left of contracts and work is of nobody (S30)."""
    hours = TimeEntry.objects.filter(trainee=OuterRef("pk"))
    return gone(before).filter(~Exists(hours)).exclude(first_name=NO_MORE, last_name="", birth_date=None)


@forget("pass_reports")
def old_reports(before: dt.datetime) -> QuerySet[PassReport]:
    """Reports of a PASS that ended."""
    return PassReport.objects.filter(prolongation__pass_iae__ends_on__lt=before.date())


@forget("suspension_reasons", sealed=FORGOTTEN)
def old_suspension_reasons(before: dt.datetime) -> QuerySet[PassSuspension]:
    """Why a PASS that ended stood still: its days stay."""
    return PassSuspension.objects.filter(pass_iae__ends_on__lt=before.date()).exclude(sealed=FORGOTTEN)


@forget("prolongation_reasons", sealed=FORGOTTEN)
def old_prolongation_reasons(before: dt.datetime) -> QuerySet[PassProlongation]:
    """Why a PASS that ended went on: its days stay."""
    return PassProlongation.objects.filter(pass_iae__ends_on__lt=before.date()).exclude(sealed=FORGOTTEN)


@forget("appointments")
def old_appointments(before: dt.datetime) -> QuerySet[Appointment]:
    """Interviews of people who left before that; one that was to come later is kept as long after itself."""
    return Appointment.objects.filter(trainee__in=gone(before), starts_at__lt=before)


@forget("sensitive_facts")
def old_facts(before: dt.datetime) -> QuerySet[SensitiveFact]:
    """Of people whose pathway has ended."""
    return SensitiveFact.objects.filter(trainee__in=gone(before))


@forget("vault_readings")
def old_readings(before: dt.datetime) -> QuerySet[VaultReading]:
    """Who read what, for what."""
    return VaultReading.objects.filter(at__lt=before)
