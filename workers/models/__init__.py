"""Trainees, their contracts, what they can do and when, what they are given to do, and the hours they did."""

from workers.models.assignments import Assignment, HelpCall
from workers.models.contracts import Contract, ContractDerogation, ContractRider
from workers.models.employers import Employer, FinancialAnnex
from workers.models.notes import ProgressNote
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.restrictions import WorkRestriction
from workers.models.time import TimeEntry, TimesheetMonth

__all__ = [
    "Absence",
    "Assignment",
    "AvailabilityRule",
    "Contract",
    "ContractDerogation",
    "ContractRider",
    "Employer",
    "FinancialAnnex",
    "HelpCall",
    "ProgressNote",
    "TimeEntry",
    "TimesheetMonth",
    "Trainee",
    "TraineeSkill",
    "WorkRestriction",
]
