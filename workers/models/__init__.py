"""Trainees, what they can do and when, what they are given to do, and the hours they did."""

from workers.models.assignments import Assignment, HelpCall
from workers.models.notes import ProgressNote
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.time import TimeEntry, TimesheetMonth

__all__ = [
    "Absence",
    "Assignment",
    "AvailabilityRule",
    "HelpCall",
    "ProgressNote",
    "TimeEntry",
    "TimesheetMonth",
    "Trainee",
    "TraineeSkill",
]
