"""Trainees, their contracts, pathways and hours, what they can do and when, and what they are given to do."""

from workers.models.agreements import LabourAgreement
from workers.models.appointments import Appointment, Diagnosis
from workers.models.assignments import Assignment, HelpCall
from workers.models.clearances import Clearance
from workers.models.consents import HoursConsent
from workers.models.contracts import Contract, ContractDerogation, ContractRider
from workers.models.employers import Employer, FinancialAnnex
from workers.models.exits import ExitFollowUp, TeamExit
from workers.models.minimum_pay import MinimumPay
from workers.models.notes import ProgressNote
from workers.models.occupations import Occupation
from workers.models.passes import PassIAE, PassProlongation, PassReport, PassSuspension
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.restrictions import WorkRestriction
from workers.models.shifts import PlannedHours, Shift, WeekEdition, WorkWeek
from workers.models.skills import LearningGoal, LearningSituation, SkillStep
from workers.models.swaps import SwapRequest
from workers.models.time import TimeEntry, TimesheetMonth
from workers.models.vault import SensitiveFact, VaultReading

__all__ = [
    "Absence",
    "Appointment",
    "Assignment",
    "AvailabilityRule",
    "Clearance",
    "Contract",
    "ContractDerogation",
    "ContractRider",
    "Diagnosis",
    "Employer",
    "ExitFollowUp",
    "FinancialAnnex",
    "HelpCall",
    "HoursConsent",
    "LabourAgreement",
    "LearningGoal",
    "LearningSituation",
    "MinimumPay",
    "Occupation",
    "PassIAE",
    "PassProlongation",
    "PassReport",
    "PassSuspension",
    "PlannedHours",
    "ProgressNote",
    "SensitiveFact",
    "Shift",
    "SkillStep",
    "SwapRequest",
    "TeamExit",
    "TimeEntry",
    "TimesheetMonth",
    "Trainee",
    "TraineeSkill",
    "VaultReading",
    "WeekEdition",
    "WorkRestriction",
    "WorkWeek",
]
