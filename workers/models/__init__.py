"""Trainees, their contracts, what they can do and when, and what they are given to do."""

from workers.models.assignments import Assignment, HelpCall
from workers.models.contracts import Contract, ContractDerogation, ContractRider
from workers.models.employers import Employer, FinancialAnnex
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.restrictions import WorkRestriction

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
    "Trainee",
    "TraineeSkill",
    "WorkRestriction",
]
