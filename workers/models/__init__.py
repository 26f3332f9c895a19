"""Trainees, what they can do and when, what they are given to do, how they learn, and the hours they did."""

from workers.models.assignments import Assignment, HelpCall
from workers.models.clearances import Clearance
from workers.models.notes import ProgressNote
from workers.models.occupations import Occupation
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.skills import LearningGoal, LearningSituation, SkillStep
from workers.models.time import TimeEntry, TimesheetMonth

__all__ = [
    "Absence",
    "Assignment",
    "AvailabilityRule",
    "Clearance",
    "HelpCall",
    "LearningGoal",
    "LearningSituation",
    "Occupation",
    "ProgressNote",
    "SkillStep",
    "TimeEntry",
    "TimesheetMonth",
    "Trainee",
    "TraineeSkill",
]
