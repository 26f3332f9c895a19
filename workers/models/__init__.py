"""Trainees, what they can do and when, and what they are given to do."""

from workers.models.assignments import Assignment, HelpCall
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill

__all__ = ["Absence", "Assignment", "AvailabilityRule", "HelpCall", "Trainee", "TraineeSkill"]
