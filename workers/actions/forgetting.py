"""What of a pathway has had its day: 24 months after it, three years for who read what (domain.md 4.1, R43)."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, QuerySet

from concierge.retention import forget
from workers.models import Appointment, Contract, PassIAE, PassProlongation, PassReport, PassSuspension
from workers.models.passes import FORGOTTEN
from workers.models.vault import SensitiveFact, VaultReading


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
    """Interviews of people who have left."""
    return Appointment.objects.filter(starts_at__lt=before, trainee__is_active=False)


@forget("sensitive_facts")
def old_facts(before: dt.datetime) -> QuerySet[SensitiveFact]:
    """Of people whose pathway ended: they left, and neither a contract nor a PASS of theirs reaches that far."""
    day, whose = before.date(), OuterRef("trainee")
    contract = Contract.objects.standing().filter(trainee=whose).exclude(last_on__lt=day)
    running = PassIAE.objects.kept().filter(trainee=whose, ends_on__gte=day)
    return SensitiveFact.objects.filter(~Exists(contract), ~Exists(running), trainee__is_active=False)


@forget("vault_readings")
def old_readings(before: dt.datetime) -> QuerySet[VaultReading]:
    """Who read what, for what."""
    return VaultReading.objects.filter(at__lt=before)
