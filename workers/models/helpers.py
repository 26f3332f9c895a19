"""Who could accompany at a site on a day, read in six queries whatever their number."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace

from django.db.models import Q

from bookings.models import WorkOrder
from concierge.enums import Role
from concierge.models import User
from workers.enums import SkillLevel
from workers.models.contracts import Contract
from workers.models.occupations import Occupation
from workers.models.people import Trainee
from workers.models.plan import TeamDay
from workers.models.presence import day_of
from workers.rules.companions import Helper
from workers.rules.intervals import Interval, civil_day


@dataclass(frozen=True)
class HelpersOfDay:
    """Everybody who could accompany the work: those who can show it, then the supervisors of the site."""

    mentors: tuple[Helper, ...]
    supervisors: tuple[Helper, ...]

    def for_trainee(self, trainee: Trainee) -> list[Helper]:
        """In order of preference: who can show it, their own supervisor, the others. Nobody accompanies themself."""
        mentors = [one for one in self.mentors if one.trainee_id != trainee.pk]
        return [*mentors, *sorted(self.supervisors, key=lambda one: one.user_id != trainee.supervisor_id)]

    def taken(self, window: Interval, *, trainee_id: int | None = None, user_id: int | None = None) -> HelpersOfDay:
        """The same when somebody of them has something then."""
        who = (trainee_id, user_id)

        def less(one: Helper) -> Helper:
            return replace(one, busy=(*one.busy, window)) if (one.trainee_id, one.user_id) == who else one

        return HelpersOfDay(tuple(map(less, self.mentors)), tuple(map(less, self.supervisors)))

    def but(self, trainee: Trainee) -> HelpersOfDay:
        """The same less one of those who can show it."""
        return replace(self, mentors=tuple(one for one in self.mentors if one.trainee_id != trainee.pk))


def helpers_of(work_order: WorkOrder, team: TeamDay, *, freed: Collection[int] = ()) -> HelpersOfDay:
    """Read them; who accompanies the assignments ``freed`` (their keys), which are about to move, counts as free."""
    mentors = _mentors(work_order, team.day)
    there = day_of(mentors, team.day, team.zone) if mentors else None
    supervisors = list(
        User.objects.filter(
            Q(memberships__site=None) | Q(memberships__site=work_order.site_id),
            memberships__organisation=work_order.organisation_id,
            memberships__role=Role.SUPERVISOR,
            is_active=True,
        )
        .distinct()
        .order_by("first_name", "pk")
    )
    taken = Occupation.objects.taking().between(civil_day(team.day, team.zone))
    if freed:
        taken = taken.exclude(assignment__in=freed)
    busy: dict[tuple[int | None, int | None], list[Interval]] = defaultdict(list)
    for one in taken.filter(Q(trainee__in=mentors) | Q(user__in=supervisors)):
        busy[one.trainee_id, one.user_id].append(one.window)
    return HelpersOfDay(
        mentors=tuple(
            Helper(
                name=one.first_name,
                trainee_id=one.pk,
                open_windows=tuple(there.open_windows(one)),
                busy=tuple(busy[one.pk, None]),
            )
            for one in mentors
            if there is not None and not there.is_away(one)
        ),
        supervisors=tuple(
            Helper(name=one.first_name or str(one), user_id=one.pk, busy=tuple(busy[None, one.pk]))
            for one in supervisors
        ),
    )


def _mentors(work_order: WorkOrder, day: dt.date) -> list[Trainee]:
    """Trainees of the site who can show it to others, are on the team and have a contract on the day."""
    if not work_order.service.skill_code:
        return []
    found = Trainee.objects.on(day).filter(
        pk__in=Contract.objects.between(day, day).ours().values("trainee"),
        site=work_order.site_id,
        skills__rome_code=work_order.service.skill_code,
        skills__level=SkillLevel.TRANSMITTING,
    )
    return list(found)
