"""Trainees, what they can do and when, what they are given to do, and the hours they did."""

from workers.models.assignments import Assignment, HelpCall
<<<<<<< HEAD
from workers.models.clearances import Clearance
from workers.models.occupations import Occupation
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.skills import LearningGoal, LearningSituation, SkillStep
=======
from workers.models.notes import ProgressNote
from workers.models.people import Absence, AvailabilityRule, Trainee, TraineeSkill
from workers.models.time import TimeEntry, TimesheetMonth
>>>>>>> main

__all__ = [
    "Absence",
    "Assignment",
    "AvailabilityRule",
<<<<<<< HEAD
    "Clearance",
    "HelpCall",
    "LearningGoal",
    "LearningSituation",
    "Occupation",
    "SkillStep",
=======
    "HelpCall",
    "ProgressNote",
    "TimeEntry",
    "TimesheetMonth",
>>>>>>> main
    "Trainee",
    "TraineeSkill",
]
