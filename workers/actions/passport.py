"""What somebody can do, on one page of their own: trades, levels, work done, clearances, goals. No private fact."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from concierge.documents import render_pdf
from concierge.rome import rome
from concierge.words import date_words
from workers.enums import GoalStatus, SkillLevel
from workers.models import Clearance, LearningGoal, LearningSituation, SkillStep, Trainee
from workers.rules.candidates import LEVELS

TEMPLATE = "passport.typ"
LAST = len(LEVELS) - 1


@dataclass(frozen=True)
class Trade:
    """One skill as its holder reads it."""

    code: str
    label: str
    level: str
    level_label: str
    # 1 (has seen it) to 5 (can show it to others).
    rung: int
    times: int
    since: dt.date | None
    until: dt.date | None
    reached_on: dt.date | None

    @property
    def times_words(self) -> str:
        """How much work it rests on."""
        if not self.times:
            return _("No work checked yet")
        return ngettext("Done and checked once", "Done and checked %(n)d times", self.times) % {"n": self.times}


@dataclass(frozen=True)
class Passport:
    """The whole of it, for the page and for the paper."""

    trainee: Trainee
    today: dt.date
    trades: list[Trade]
    clearances: list[Clearance]
    goals: list[LearningGoal]
    rome_version: dt.date


def passport_of(trainee: Trainee, *, today: dt.date) -> Passport:
    """Read it in five queries, whatever there is; the highest level first. Of clearances those that are valid."""
    zone = ZoneInfo(trainee.site.time_zone)
    done: dict[str, dict[str, Any]] = {
        row["rome_code"]: dict(row)
        for row in LearningSituation.objects.filter(trainee=trainee, validated_at__isnull=False)
        .order_by("rome_code")
        .values("rome_code")
        .annotate(times=Count("pk"), first=Min("done_at"), last=Max("done_at"))
    }
    reached = {
        (row["rome_code"], row["level_to"]): row["at"]
        for row in SkillStep.objects.filter(trainee=trainee, undone_at=None)
        .order_by("rome_code")
        .values("rome_code", "level_to")
        .annotate(at=Min("made_at"))
    }
    never: dict[str, Any] = {"times": 0, "first": None, "last": None}
    trades = [
        Trade(
            code=skill.rome_code,
            label=skill.label,
            level=skill.level,
            level_label=str(SkillLevel(skill.level).label),
            rung=LEVELS.index(skill.level),
            times=practice["times"],
            since=_day(practice["first"], zone),
            until=_day(practice["last"], zone),
            reached_on=_day(reached.get((skill.rome_code, skill.level), skill.changed_at), zone),
        )
        for skill in trainee.skills.all()
        for practice in [done.get(skill.rome_code, never)]
    ]
    return Passport(
        trainee=trainee,
        today=today,
        trades=sorted(trades, key=lambda trade: (-trade.rung, trade.label)),
        clearances=[one for one in Clearance.objects.held().filter(trainee=trainee) if _is_valid(one, today)],
        goals=list(LearningGoal.objects.filter(trainee=trainee, status=GoalStatus.OPEN)),
        rome_version=rome().version,
    )


def _day(moment: dt.datetime | None, zone: ZoneInfo) -> dt.date | None:
    return moment.astimezone(zone).date() if moment else None


def _is_valid(clearance: Clearance, today: dt.date) -> bool:
    return clearance.valid_from <= today and (clearance.valid_until is None or today <= clearance.valid_until)


def passport_pdf(trainee: Trainee, *, language: str, now: dt.datetime) -> bytes:
    """The paper in ``fr`` or ``en``: name, trades, levels, work done, clearances (without their numbers), goals.

    Raises ``DocumentRenderFailed`` (503).
    """
    with translation.override(language):
        today = now.astimezone(ZoneInfo(trainee.site.time_zone)).date()
        passport = passport_of(trainee, today=today)
        data = {
            "organisation": trainee.organisation.name,
            "name": str(trainee),
            "day": date_words(passport.today, "j F Y"),
            "rome": date_words(passport.rome_version, "j F Y"),
            "steps": [str(label) for label in SkillLevel.labels],
            "trades": [_trade_on_paper(trade) for trade in passport.trades],
            "clearances": [
                {"label": one.get_kind_display(), "valid": _valid_words(one)} for one in passport.clearances
            ],
            "goals": [{"label": goal.label, "level": goal.get_wanted_level_display()} for goal in passport.goals],
        }
    return render_pdf(TEMPLATE, data, language=language, timestamp=now)


def _trade_on_paper(trade: Trade) -> dict[str, object]:
    reached = date_words(trade.reached_on, "j F Y") if trade.reached_on else ""
    period = ""
    if trade.since and trade.until:
        first, last = date_words(trade.since, "F Y"), date_words(trade.until, "F Y")
        # A month, or from one to another: "de novembre à janvier", not "du novembre".
        period = (
            _("in %(month)s") % {"month": last}
            if first == last
            else pgettext("months", "from %(first)s to %(last)s") % {"first": first, "last": last}
        )
    return {
        "code": trade.code,
        "label": trade.label,
        "level": trade.level_label,
        "rung": trade.rung,
        "reached": reached,
        "times": trade.times_words,
        "period": period,
    }


def _valid_words(clearance: Clearance) -> str:
    if clearance.valid_until is None:
        return _("since %(day)s") % {"day": date_words(clearance.valid_from, "j F Y")}
    return _("valid until %(day)s") % {"day": date_words(clearance.valid_until, "j F Y")}
