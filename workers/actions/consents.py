"""Write down what people say of hours that were told late (L13, L14): the team for them, or they themselves.

Whoever notes or asks holds the lock of the week (``actions/weeks.py``), whoever answers that of the rows.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from concierge import events, retention
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.tenancy import Actor
from concierge.words import date_words
from workers.enums.consents import ConsentStatus, SaidBy
from workers.models import HoursConsent, Shift, Trainee, WorkWeek
from workers.models.consents import columns_of
from workers.models.weeks import AGREED_AWAY, PersonWeek, read_week
from workers.rules.shifts import DayHours

# Nobody notes today what was said longer ago.
LONGEST_AGO = dt.timedelta(days=31)


class NothingToAgree(WrongState):
    """No hours of the person changed, and none wait for an answer."""

    code = "nothing_to_agree"
    message = gettext_lazy("No hours of this person wait for their agreement.")


class PersonSaidNo(WrongState):
    """The person answered no on their phone: only they say otherwise."""

    code = "person_said_no"


@transaction.atomic
def note_consent(
    trainee: Trainee, monday: dt.date, *, agreed_on: dt.date, by: Actor, now: dt.datetime | None = None
) -> list[dt.date]:
    """The person told the team that they agree to their changed hours of a week, drafted or published: to which days.

    Other hours drafted later ask anew. A no of the person's own stays: they take it back on their phone. Raises
    ``Invalid`` (400) for a day to come or longer ago than a month, ``PersonSaidNo`` and ``NothingToAgree`` (409).
    """
    moment = now or timezone.now()
    today = moment.astimezone(ZoneInfo(trainee.site.time_zone)).date()
    if not today - LONGEST_AGO <= agreed_on <= today:
        raise Invalid(_("Choose the day on which the person agreed: today, or in the month before."), field="agreed_on")
    week = WorkWeek.objects.select_for_update(of=("self",), no_key=True).filter(site=trainee.site_id, monday=monday)
    if week.first() is None:
        raise NothingToAgree
    # Whoever answers on the phone just now is waited for.
    _locked(HoursConsent.objects.filter(trainee=trainee, day__range=(monday, monday + dt.timedelta(days=6))))
    plan = read_week(trainee.site, monday, now=moment)
    mine = next((one for one in plan.people if one.trainee.pk == trainee.pk), None)
    days = sorted(day for day in mine.to_agree if day >= today) if mine else []
    if mine is None or not days:
        raise _nothing_left(mine, today)
    answer = {
        "organisation_id": trainee.organisation_id,
        "status": ConsentStatus.AGREED,
        "answered_on": agreed_on,
        "said_by": SaidBy.TEAM,
        "noted_by": by.user,
        "noted_label": by.label[:120],
    }
    for day in days:
        HoursConsent.objects.update_or_create(
            trainee=trainee, day=day, **columns_of(mine.days.get(day)), defaults=answer
        )
    events.record("hours_consent.noted", trainee, by=by, days=_words(days), agreed_on=agreed_on.isoformat())
    return days


def _nothing_left(mine: PersonWeek | None, today: dt.date) -> WrongState:
    refused = sorted(day for day in mine.refused if day >= today) if mine else []
    if mine is None or not refused:
        return NothingToAgree()
    figures = {"name": mine.trainee.first_name, "days": ", ".join(date_words(day, "l j F") for day in refused)}
    return PersonSaidNo(
        _(
            "%(name)s said no on their phone: %(days)s. Suggest other hours; should they change their mind, they say so"
            " on their phone."
        )
        % figures
    )


@transaction.atomic
def answer_consents(
    trainee: Trainee, seen: Collection[uuid.UUID], *, agrees: bool, by: Actor, now: dt.datetime | None = None
) -> int:
    """The person says yes or no to the hours that they have seen; a no is no fault, and a yes may follow it. Returns to
    how many days.

    Raises ``NotAllowed`` (403) for somebody else's hours, ``WrongState`` (409) when none of them waits any more.
    """
    if by.trainee_id != trainee.pk:
        raise NotAllowed
    today = (now or timezone.now()).astimezone(ZoneInfo(trainee.site.time_zone)).date()
    open_ = HoursConsent.objects.to_answer(trainee, today)
    asked = open_ | HoursConsent.objects.to_reconsider(trainee, today) if agrees else open_
    rows = _locked(asked.filter(public_id__in=seen))
    if not rows:
        raise WrongState(_("These hours have changed in the meantime. Look at your week."))
    for row in rows:
        row.status = ConsentStatus.AGREED if agrees else ConsentStatus.DECLINED
        row.answered_on, row.said_by = today, SaidBy.PERSON
        row.noted_by, row.noted_label = by.user, by.label[:120]
        row.save(update_fields=["status", "answered_on", "said_by", "noted_by", "noted_label"])
    name = "hours_consent.agreed" if agrees else "hours_consent.declined"
    events.record(name, trainee, by=by, days=_words(row.day for row in rows))
    return len(rows)


def _locked(asked: QuerySet[HoursConsent]) -> list[HoursConsent]:
    return list(asked.select_for_update(of=("self",), no_key=True))


def follow_publication(
    shifts: Iterable[Shift], given: Mapping[tuple[int, dt.date], DayHours | None], zone: ZoneInfo
) -> None:
    """Hours were published of a locked week, ``given`` by person and day, ``None`` for a day off: what was said of them
    belongs to these shifts. What was asked or said of other hours of those days is over, a yes too: it holds for one
    publication, and the same hours published again later are another question (L13, L14). Events keep what was said.
    """
    brought = {(one.trainee_id, one.day): one for one in shifts}
    rows = HoursConsent.objects.filter(
        trainee__in={trainee for trainee, _day in given}, day__in={day for _trainee, day in given}
    )
    over = []
    for row in rows:
        key = (row.trainee_id, row.day)
        if key not in given:
            continue
        shift = brought.get(key)
        if row.hours != (shift.hours(zone) if shift else given[key]):
            over.append(row.pk)
        elif shift is not None:
            row.shift = shift
            row.save(update_fields=["shift"])
        elif row.status == ConsentStatus.ASKED:
            over.append(row.pk)
    HoursConsent.objects.filter(pk__in=over).delete()


def ask_consents(people: Iterable[PersonWeek], monday: dt.date) -> None:
    """Ask on the phone whoever was told late and of whom nobody noted a yes: after publication, in its transaction."""
    late = [one for one in people if {reason.code for reason in one.created} & AGREED_AWAY]
    if not late:
        return
    current = Shift.objects.current().filter(
        trainee__in=[one.trainee.pk for one in late], day__range=(monday, monday + dt.timedelta(days=6))
    )
    shifts = {(one.trainee_id, one.day): one for one in current}
    for one in late:
        for day in sorted(one.changed - one.away):
            HoursConsent.objects.get_or_create(
                trainee=one.trainee,
                day=day,
                **columns_of(one.days.get(day)),
                defaults={
                    "organisation_id": one.trainee.organisation_id,
                    "shift": shifts.get((one.trainee.pk, day)),
                },
            )


def agree_to(trainee: Trainee, day: dt.date, hours: DayHours | None, *, on: dt.date) -> None:
    """The person themselves wanted these hours, or this day off (L14): asked for or agreed to a swap."""
    said = {
        "status": ConsentStatus.AGREED,
        "answered_on": on,
        "said_by": SaidBy.PERSON,
        "noted_label": str(trainee)[:120],
    }
    HoursConsent.objects.update_or_create(
        trainee=trainee,
        day=day,
        **columns_of(hours),
        defaults={"organisation_id": trainee.organisation_id, **said},
    )


def _words(days: Iterable[dt.date]) -> list[str]:
    return [day.isoformat() for day in days]


@retention.forget("hours_consents")
def old_consents(before: dt.datetime) -> QuerySet[HoursConsent]:
    """What was said of days before that, kept as long as the hours themselves (domain.md 4.1)."""
    return HoursConsent.objects.filter(day__lt=before.date())
