"""How often a regular request comes, in words: every day of its rule, the end of the month, the time."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from bookings.models import Recurrence
from bookings.views.rhythm import rhythm_words


@pytest.mark.parametrize(
    ("rule", "french", "english"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", "chaque semaine (lundi) à 10:00", "every week (Monday) at 10:00"),
        (
            "FREQ=WEEKLY;BYDAY=TH,MO",
            "chaque semaine (lundi et jeudi) à 10:00",
            "every week (Monday and Thursday) at 10:00",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR",
            "toutes les 2 semaines (lundi, mercredi et vendredi) à 10:00",
            "every 2 weeks (Monday, Wednesday and Friday) at 10:00",
        ),
        ("FREQ=WEEKLY", "chaque semaine (mardi) à 10:00", "every week (Tuesday) at 10:00"),
        ("FREQ=DAILY", "chaque jour à 10:00", "every day at 10:00"),
        (
            "FREQ=DAILY;BYDAY=SA,SU",
            "chaque jour (samedi et dimanche) à 10:00",
            "every day (Saturday and Sunday) at 10:00",
        ),
        ("FREQ=DAILY;INTERVAL=3", "tous les 3 jours à 10:00", "every 3 days at 10:00"),
        ("FREQ=MONTHLY", "chaque mois (le 1er) à 10:00", "every month (day 1) at 10:00"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=15,1",
            "chaque mois (le 1er et le 15) à 10:00",
            "every month (day 1 and day 15) at 10:00",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            "chaque mois (dernier jour du mois) à 10:00",
            "every month (last day of the month) at 10:00",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-2",
            "chaque mois (2e jour en partant de la fin du mois) à 10:00",
            "every month (day 2 from the end of the month) at 10:00",
        ),
        (
            "FREQ=MONTHLY;BYDAY=1MO,-1FR",
            "chaque mois (premier lundi et dernier vendredi) à 10:00",
            "every month (first Monday and last Friday) at 10:00",
        ),
        (
            "FREQ=MONTHLY;BYDAY=-2TU",
            "chaque mois (2e mardi en partant de la fin du mois) à 10:00",
            "every month (Tuesday number 2 from the end of the month) at 10:00",
        ),
        (
            "FREQ=WEEKLY;COUNT=10;BYDAY=MO",
            "chaque semaine (lundi) à 10:00, 10 fois en tout",
            "every week (Monday) at 10:00, 10 times in all",
        ),
        (
            "FREQ=WEEKLY;UNTIL=20270131;BYDAY=MO",
            "chaque semaine (lundi) à 10:00, jusqu’au 31 janvier 2027",
            "every week (Monday) at 10:00, until 31 January 2027",
        ),
    ],
)
def test_every_rule_is_said_as_it_is(rule: str, french: str, english: str) -> None:
    found = Recurrence(rule=rule, starts_on=dt.date(2026, 12, 1), at=dt.time(10))
    with translation.override("fr"):
        assert rhythm_words(found) == french
    with translation.override("en"):
        assert rhythm_words(found) == english
