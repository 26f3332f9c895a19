"""What became of somebody who has left, as the page of their pathway and the deadlines say it (R29)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from concierge.words import date_words
from workers.enums.exits import CATEGORY_OF, EXIT_CATEGORY, Situation, grouped
from workers.models import ExitFollowUp, TeamExit, Trainee

# Exits of one person that the page shows.
MOST = 10


def exits_of(trainee: Trainee, today: dt.date) -> dict[str, Any]:
    """The exit that stands with its follow-ups, and the earlier ones, as people read them."""
    found = list(TeamExit.objects.filter(trainee=trainee).prefetch_related("follow_ups")[:MOST])
    now = next((one for one in found if one.returned_on is None), None)
    return {
        "now": _exit(now, today) if now else None,
        "earlier": [_exit(one, today) for one in found if one is not now],
        "choices": grouped(),
        "today": today.isoformat(),
    }


def _exit(row: TeamExit, today: dt.date) -> dict[str, Any]:
    return {
        "last_on": date_words(row.last_on, "j F Y"),
        "returned_on": date_words(row.returned_on, "j F Y") if row.returned_on else "",
        "situation": row.situation,
        **_said(row.situation),
        "follow_ups": [_follow_up(one, today) for one in row.follow_ups.all()],
    }


def _said(situation: str) -> dict[str, Any]:
    """What was said, and what the State makes of it."""
    if not situation:
        return {"words": _("Not said yet"), "counts_as": "", "category": "waiting"}
    category = CATEGORY_OF[situation]
    return {
        "words": str(Situation(situation).label),
        "counts_as": str(category.label),
        "category": EXIT_CATEGORY[category],
    }


def _follow_up(row: ExitFollowUp, today: dt.date) -> dict[str, Any]:
    tries = ""
    if row.tries and row.tried_on:
        words = ngettext("tried once, on %(day)s", "tried %(n)d times, the last on %(day)s", row.tries)
        tries = words % {"n": row.tries, "day": date_words(row.tried_on, "j F Y")}
    return {
        "public_id": row.public_id,
        "title": after_words(row.months),
        "due_on": date_words(row.due_on, "j F Y"),
        "is_due": row.answered_on is None and row.due_on <= today,
        "tries": tries,
        "situation": row.situation,
        "answered_on": date_words(row.answered_on, "j F Y") if row.answered_on else "",
        **_said(row.situation),
    }


def after_words(months: int) -> str:
    """Which of the two it is."""
    return ngettext("%(n)d month after leaving", "%(n)d months after leaving", months) % {"n": months}
