"""Trainees, their contracts, pathways and hours, what they can do and when, and what they are given to do."""

from workers.models.appointments import Appointment, Diagnosis
from workers.models.assignments import Assignment, HelpCall
from workers.models.contracts import Contract, ContractDerogation, ContractRider
from workers.models.employers import Employer, FinancialAnnex
from workers.models.notes import ProgressNote
from workers.models.passes import PassIAE, PassProlongation, PassReport, PassSuspension
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.restrictions import WorkRestriction
from workers.models.time import TimeEntry, TimesheetMonth
from workers.models.vault import SensitiveFact, VaultReading

__all__ = [
    "Absence",
    "Appointment",
    "Assignment",
    "AvailabilityRule",
    "Contract",
    "ContractDerogation",
    "ContractRider",
    "Diagnosis",
    "Employer",
    "FinancialAnnex",
    "HelpCall",
    "PassIAE",
    "PassProlongation",
    "PassReport",
    "PassSuspension",
    "ProgressNote",
    "SensitiveFact",
    "TimeEntry",
    "TimesheetMonth",
    "Trainee",
    "TraineeSkill",
    "VaultReading",
    "WorkRestriction",
]
