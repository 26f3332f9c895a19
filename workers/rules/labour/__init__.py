"""Labour Code, on planned and real time (domain.md R21, 4.2: rules L1 to L23).

``terms`` are the parameters by agreement and date, ``facts`` what the rules are told, ``days`` and ``weeks`` the rules
one by one, ``engine`` all of them over a person's days, ``record`` the hours that an inspector asks for (L19). Time is
whole seconds, so that a night in which the clocks change counts its real hours.
"""

from workers.rules.labour.engine import Trials, judge, trial, worsened
from workers.rules.labour.facts import (
    Contract,
    Derogation,
    Kind,
    Restriction,
    Rider,
    ScheduleChange,
    Setting,
    Work,
    WorkFile,
)
from workers.rules.labour.findings import RULES, WEEKLY, Finding, WayOut
from workers.rules.labour.record import DayRecord, WeekRecord, record_of
from workers.rules.labour.terms import LAW, LabourTerms, MinorTerms, TermsBook
from workers.rules.labour.timeline import deal_of_week

__all__ = [
    "LAW",
    "RULES",
    "WEEKLY",
    "Contract",
    "DayRecord",
    "Derogation",
    "Finding",
    "Kind",
    "LabourTerms",
    "MinorTerms",
    "Restriction",
    "Rider",
    "ScheduleChange",
    "Setting",
    "TermsBook",
    "Trials",
    "WayOut",
    "WeekRecord",
    "Work",
    "WorkFile",
    "deal_of_week",
    "judge",
    "record_of",
    "trial",
    "worsened",
]
