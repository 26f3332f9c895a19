"""Trainees, what they can do and when, and what they are given to do."""

from workers.models.assignments import Assignment, HelpCall
from workers.models.clearances import Clearance
from workers.models.occupations import Occupation
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.skills import LearningGoal, LearningSituation, SkillStep

__all__ = [
    "Absence",
    "Assignment",
    "AvailabilityRule",
    "Clearance",
    "HelpCall",
    "LearningGoal",
    "LearningSituation",
    "Occupation",
    "SkillStep",
    "Trainee",
    "TraineeSkill",
]
