"""How a pathway ended, and the follow-ups three and six months later (R29). Whoever leaves stays followed by their
adviser: nobody else hears of it.
"""

from __future__ import annotations

import datetime as dt

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_at
from concierge.errors import Invalid, WrongState
from concierge.retention import forget
from concierge.tenancy import Actor
from workers.actions.forgetting import gone
from workers.enums.exits import Situation
from workers.models import ExitFollowUp, TeamExit, Trainee
from workers.models.exits import MONTHS


def begin_exit(trainee: Trainee, last_on: dt.date, *, by: Actor, situation: str = "") -> TeamExit:
    """Their last day was said: who asks what, and when. The caller holds the person's lock."""
    made = TeamExit.objects.create(
        organisation_id=trainee.organisation_id,
        trainee=trainee,
        last_on=last_on,
        situation=situation,
        said_label=by.label[:120] if situation else "",
    )
    ExitFollowUp.objects.bulk_create(
        ExitFollowUp(
            organisation_id=trainee.organisation_id,
            exit=made,
            months=months,
            due_on=last_on + relativedelta(months=months),
        )
        for months in MONTHS
    )
    return made


def end_exit(trainee: Trainee, *, had_left: bool) -> None:
    """They stay, and nothing has happened; or they are back, and nobody follows them up as somebody who has left. The
    caller holds the person's lock."""
    found = TeamExit.objects.standing().filter(trainee=trainee)
    if had_left:
        found.update(returned_on=today_at(trainee.site))
    else:
        found.delete()


@transaction.atomic
def say_exit(trainee: Trainee, situation: Situation, *, by: Actor) -> TeamExit:
    """What they do once they have left; said again, it is corrected. Raises ``WrongState`` (409) for somebody who does
    not leave."""
    row = TeamExit.objects.standing().select_for_update(of=("self",), no_key=True).filter(trainee=trainee).first()
    if row is None:
        raise WrongState
    row.situation, row.said_label = situation, by.label[:120]
    row.save(update_fields=["situation", "said_label"])
    events.record("exit.said", row, by=by, trainee=str(trainee.public_id))
    return row


@transaction.atomic
def note_follow_up(
    follow_up: ExitFollowUp, *, on: dt.date, by: Actor, situation: Situation | None = None
) -> ExitFollowUp:
    """Somebody tried to reach them on a day: without a ``situation`` in vain, else that is what they do then. An answer
    may be corrected.

    Raises ``Invalid`` (400) for a day to come or before they left, ``WrongState`` (409) for a try after an answer, or
    once they are back.
    """
    locked = (
        ExitFollowUp.objects.select_for_update(of=("self",), no_key=True)
        .select_related("exit__trainee__site")
        .get(pk=follow_up.pk)
    )
    trainee = locked.exit.trainee
    if not locked.exit.last_on < on <= today_at(trainee.site):
        raise Invalid(_("Choose a day between the last one on the team and today."), field="on")
    if locked.exit.returned_on is not None or (situation is None and locked.answered_on is not None):
        raise WrongState
    if situation is None:
        locked.tries, locked.tried_on = locked.tries + 1, max(on, locked.tried_on or on)
    else:
        locked.situation, locked.answered_on, locked.said_label = situation, on, by.label[:120]
    locked.save(update_fields=["tries", "tried_on", "situation", "answered_on", "said_label"])
    name = "exit_follow_up.tried" if situation is None else "exit_follow_up.answered"
    events.record(name, locked, by=by, trainee=str(trainee.public_id), months=locked.months, on=on.isoformat())
    return locked


@forget("exits")
def old_exits(before: dt.datetime) -> QuerySet[TeamExit]:
    """How the pathways of people who have left ended."""
    return TeamExit.objects.filter(trainee__in=gone(before))
