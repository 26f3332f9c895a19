"""Working times of a week: drafted, judged, published in versions; what the labour rules make of it (R21, L13, L14)."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from concierge.errors import Invalid, StaleVersion
from concierge.models import Event
from notifications.models import Message
from tests.conftest import settle
from tests.employing import employ
from tests.workers.conftest import LEFT_ON, NOW, PARIS, Team
from workers.actions.absences import note_absence
from workers.actions.candidates import candidate_for, explain
from workers.actions.dispatch import assign_work_order
from workers.actions.people import set_availability
from workers.actions.refusals import WarningsToAccept
from workers.actions.weeks import (
    NothingToPublish,
    WeekRefused,
    copy_week,
    fill_week,
    plan_hours,
    publish_week,
)
from workers.enums.contracts import RiderReason
from workers.models import ContractRider, PlannedHours, Shift, TimeEntry, Trainee, WeekEdition, WorkWeek
from workers.models.contracts import person_file
from workers.models.plan import team_day
from workers.models.presence import presence_of
from workers.models.timesheets import ASSIGNED, hours_of
from workers.models.weeks import PersonWeek, read_week
from workers.rules.candidates import WARNINGS, Reason, Severity
from workers.rules.labour import deal_of_week
from workers.rules.labour.people import contracts_of
from workers.rules.shifts import DayHours

pytestmark = pytest.mark.promise("domain R21")

# The Monday three weeks ahead, and the one after.
MONDAY = NOW.date() + dt.timedelta(days=21)
NEXT = MONDAY + dt.timedelta(days=7)
SHORT = DayHours(dt.time(9), dt.time(15), dt.time(12, 30), dt.time(13, 30))


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def day(place: int, monday: dt.date = MONDAY) -> dt.date:
    return monday + dt.timedelta(days=place)


def planned(team: Team, trainee: Trainee | None = None, **days: Any) -> WorkWeek:
    """The draft of a person: ``mon=…, tue=…``."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    given = {day(names.index(name)): hours for name, hours in days.items()}
    return plan_hours(team.world.site, MONDAY, trainee or team.amina, given, by=team.supervisor)


def published(team: Team, **days: Any) -> WorkWeek:
    week = planned(team, **(days or dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), SHORT)))
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    return week


def person(team: Team, trainee: Trainee, monday: dt.date = MONDAY) -> PersonWeek:
    plan = read_week(team.world.site, monday, now=NOW)
    return next(one for one in plan.people if one.trainee == trainee)


def codes(team: Team, trainee: Trainee) -> set[str]:
    return {reason.code for reason in person(team, trainee).reasons}


def test_a_week_starts_from_contracts_and_usual_hours_without_the_days_away(team: Team) -> None:
    note_absence(team.bilal, starts_on=day(1), ends_on=day(2), by=team.supervisor)
    assert fill_week(team.world.site, MONDAY, by=team.supervisor) == 3
    amina, bilal = person(team, team.amina), person(team, team.bilal)
    assert (amina.minutes, amina.contract_minutes, sorted(amina.days)) == (1800, 1800, [day(n) for n in range(5)])
    assert (sorted(bilal.days), bilal.minutes) == ([day(0), day(3), day(4)], 3 * 360)
    # Whoever has hours keeps them.
    planned(team, mon=None)
    assert fill_week(team.world.site, MONDAY, by=team.supervisor) == 0


def test_a_public_holiday_is_left_out_and_told_when_planned(team: Team) -> None:
    christmas = dt.date(2026, 12, 21)
    fill_week(team.world.site, christmas, by=team.supervisor)
    assert dt.date(2026, 12, 25) not in person(team, team.amina, christmas).days
    plan_hours(team.world.site, christmas, team.amina, {dt.date(2026, 12, 25): SHORT}, by=team.supervisor)
    assert "L20" in {reason.code for reason in person(team, team.amina, christmas).reasons}


def test_the_week_before_is_copied_for_whoever_has_none(team: Team) -> None:
    planned(team, mon=SHORT, wed=SHORT)
    plan_hours(team.world.site, NEXT, team.bilal, {day(0, NEXT): SHORT}, by=team.supervisor)
    assert copy_week(team.world.site, NEXT, by=team.supervisor) == 1
    assert sorted(person(team, team.amina, NEXT).days) == [day(0, NEXT), day(2, NEXT)]
    assert sorted(person(team, team.bilal, NEXT).days) == [day(0, NEXT)]


def test_publishing_freezes_a_version_and_the_next_brings_only_what_changed(team: Team) -> None:
    week = planned(team, mon=SHORT, tue=SHORT)
    first = publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    later = DayHours(dt.time(10), dt.time(15))
    planned(team, tue=later)
    second = publish_week(week, by=team.dispatcher, accepted_warnings=WARNINGS)
    assert (first.number, second.number, first.published_at) == (1, 2, NOW)
    assert [one.hours(PARIS) for one in Shift.objects.of(first)] == [SHORT, SHORT]
    assert [one.hours(PARIS) for one in Shift.objects.of(second)] == [SHORT, later]
    assert Shift.objects.count() == 3
    planned(team, tue=None)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    assert [one.day for one in Shift.objects.current()] == [day(0)]
    with pytest.raises(NothingToPublish):
        publish_week(week, by=team.supervisor)


def test_a_published_shift_is_never_changed(team: Team) -> None:
    published(team)
    shift = Shift.objects.current().first()
    assert shift is not None
    with pytest.raises(IntegrityError, match="shift"), transaction.atomic():
        Shift.objects.filter(pk=shift.pk).update(ends_at=shift.ends_at + dt.timedelta(hours=1))
    with pytest.raises(IntegrityError, match="shift"), transaction.atomic():
        Shift.objects.filter(pk=shift.pk).update(day=day(6))


def test_what_the_law_forbids_is_not_published_and_what_it_warns_of_is_confirmed(team: Team) -> None:
    long = DayHours(dt.time(8), dt.time(20))
    week = planned(team, mon=long)
    with pytest.raises(WeekRefused) as refused:
        publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    assert {"L1", "L6"} <= set(refused.value.details["reasons"])  # type: ignore[call-overload]
    assert "L3121-18" in str(refused.value.message)
    assert not Shift.objects.exists()
    planned(team, mon=None, sun=SHORT)
    with pytest.raises(WarningsToAccept) as warned:
        publish_week(week, by=team.supervisor)
    assert warned.value.details["reasons"] == ["L5_sunday"]
    assert publish_week(week, by=team.supervisor, accepted_warnings=["L5_sunday"]).accepted_warnings == ["L5_sunday"]


def test_nobody_without_a_contract_is_given_hours(team: Team) -> None:
    far = dt.date(2027, 9, 6)
    plan_hours(team.world.site, far, team.amina, {far: SHORT}, by=team.supervisor)
    assert "no_contract" in {reason.code for reason in person(team, team.amina, far).reasons}


@pytest.mark.promise("L13")
@pytest.mark.promise("L14")
def test_work_within_the_published_week_is_no_change_and_work_outside_of_it_is(team: Team) -> None:
    """Thirty-two hours published three weeks ahead, for thirty: told in time, whatever is given in them."""
    long = DayHours(dt.time(9), dt.time(16, 54), dt.time(12, 30), dt.time(14))
    published(team, **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), long))
    two_days_before = dt.datetime.combine(day(0) - dt.timedelta(days=1), dt.time(8), PARIS)

    def told(hour: int, place: int) -> set[str]:
        moment = dt.datetime.combine(day(place), dt.time(hour), PARIS)
        work = team.work(starts=moment)
        plan = team_day(Trainee.objects.filter(pk=team.amina.pk), day(place), PARIS)
        found = candidate_for(work, plan.trainees[0], plan, now=two_days_before, starts_at=moment)
        return {reason.code for reason in found.verdict.reasons} & {"L13", "L14", "available", "not_available"}

    with time_machine.travel(two_days_before, tick=False):
        assert told(10, 0) == {"available"}
        # Usually here at 17:00, and not by what was published.
        assert told(17, 1) == {"not_available", "L13", "L14"}
        # A day off by the published week: told five days before it, which is enough for L13 and not for L14.
        assert told(10, 5) == {"not_available", "L14"}


@pytest.mark.promise("L14")
def test_a_change_of_published_hours_needs_seven_working_days(team: Team) -> None:
    week = published(team)
    planned(team, mon=DayHours(dt.time(8), dt.time(13)))
    assert "L14" not in codes(team, team.amina)
    eight_days_before = dt.datetime.combine(day(-8), dt.time(8), PARIS)
    with time_machine.travel(eight_days_before, tick=False):
        plan = read_week(team.world.site, MONDAY, now=eight_days_before)
        amina = next(one for one in plan.people if one.trainee == team.amina)
        assert [reason.code for reason in amina.reasons if reason.code == "L14"] == ["L14"]
        with pytest.raises(WarningsToAccept):
            publish_week(week, by=team.supervisor)
        edition = publish_week(week, by=team.supervisor, accepted_warnings=["L14"])
        assert edition.accepted_warnings == ["L14"]


@pytest.mark.promise("L18")
def test_published_hours_count_once_with_the_work_given_in_them(team: Team) -> None:
    published(team)
    work = team.work(starts=dt.datetime.combine(day(0), dt.time(9), PARIS))
    assign_work_order(
        work,
        team.amina,
        starts_at=dt.datetime.combine(day(0), dt.time(10), PARIS),
        by=team.dispatcher,
        accepted_warnings=WARNINGS,
    )
    plan = team_day(Trainee.objects.filter(pk=team.amina.pk), day(0), PARIS)
    candidate = candidate_for(
        team.work(starts=dt.datetime.combine(day(0), dt.time(9), PARIS)),
        plan.trainees[0],
        plan,
        now=NOW,
        starts_at=dt.datetime.combine(day(0), dt.time(11), PARIS),
    )
    left = next(reason for reason in candidate.verdict.reasons if reason.code == "hours_published")
    assert left.figures["planned"] == str(25 * 3600)
    with override("en"):
        assert explain(left, zone=PARIS).replace("\xa0", " ") == "Within their hours of the week: 25 h out of 30 h"
    # Of other weeks, only the total is read: the same.
    later = team_day(Trainee.objects.filter(pk=team.amina.pk), day(14), PARIS)
    later.know_weeks(later.trainees)
    assert later.totals[team.amina.pk] == {MONDAY: 25 * 3600}
    note_absence(team.amina, starts_on=day(0), ends_on=day(0), by=team.supervisor)
    later.know_weeks(later.trainees)
    assert later.totals[team.amina.pk] == {MONDAY: 20 * 3600 + 45 * 60}


def test_an_old_page_a_stranger_and_another_week_change_nothing(team: Team) -> None:
    site = team.world.site
    week = plan_hours(site, MONDAY, team.amina, {day(0): SHORT}, by=team.supervisor, version=0)
    with pytest.raises(StaleVersion):
        plan_hours(site, MONDAY, team.bilal, {day(0): SHORT}, by=team.supervisor, version=0)
    with pytest.raises(StaleVersion):
        publish_week(week, by=team.supervisor, version=0)
    with pytest.raises(Invalid):
        plan_hours(site, MONDAY, team.amina, {day(7): SHORT}, by=team.supervisor)
    with pytest.raises(Invalid):
        plan_hours(site, day(1), team.amina, {day(1): SHORT}, by=team.supervisor)
    assert PlannedHours.objects.count() == 1


def test_days_that_are_past_stay_as_they_were(team: Team) -> None:
    monday = NOW.date() - dt.timedelta(days=7)
    plan_hours(team.world.site, monday, team.amina, {monday: SHORT}, by=team.supervisor)
    assert not PlannedHours.objects.exists()
    assert fill_week(team.world.site, monday, by=team.supervisor) == 0


def test_what_has_happened_to_one_hinders_nobody_else(team: Team) -> None:
    """Bilal clocked ten and a half hours on Monday; on Tuesday, Amina's Friday changes."""
    planned(team, team.bilal, mon=SHORT, thu=SHORT)
    week = published(team)
    start = dt.datetime.combine(day(0), dt.time(8), PARIS)
    end = start + dt.timedelta(hours=10, minutes=30)
    tuesday = dt.datetime.combine(day(1), dt.time(8), PARIS)
    with time_machine.travel(tuesday, tick=False):
        TimeEntry.objects.create(
            organisation=team.world.organisation,
            trainee=team.bilal,
            site=team.world.site,
            kind="work",
            source="phone",
            starts_on=day(0),
            ends_on=day(0),
            starts_at=start,
            ends_at=end,
            recorded_at=start,
            end_recorded_at=end,
        )
        planned(team, fri=DayHours(dt.time(9), dt.time(13)))
        bilal = next(one for one in read_week(team.world.site, MONDAY, now=tuesday).people if one.trainee == team.bilal)
        assert ("L1" in {one.code for one in bilal.reasons}, bilal.created) == (True, [])
        with pytest.raises(WarningsToAccept) as warned:
            publish_week(week, by=team.supervisor)
        assert warned.value.details["reasons"] == ["L14"]
        publish_week(week, by=team.supervisor, accepted_warnings=["L14"])
        # What would be forbidden of his Wednesday is another matter.
        planned(team, team.bilal, wed=DayHours(dt.time(8), dt.time(20)))
        with pytest.raises(WeekRefused):
            publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)


def test_a_warning_is_confirmed_for_the_person_it_was_shown_of(team: Team, client: Client) -> None:
    """The page says of whom; the same warning of somebody else is still to be read."""
    planned(team, sun=SHORT)
    client.force_login(team.world.users["supervisor"])
    text = client.get(reverse("workers:week"), {"semaine": str(MONDAY)}).content.decode()
    accept = [f"L5_sunday:{team.amina.public_id}"]
    assert re.findall(r'name="accept" value="([^"]+)"', text) == accept
    week = planned(team, team.bilal, sun=SHORT)
    asked_now = {"version": week.version, "accept": accept}
    assert client.post(reverse("workers:publish_week"), asked(team, **asked_now)).status_code == 422
    # Those of a thousand people go in one field.
    text = client.get(reverse("workers:week"), {"semaine": str(MONDAY)}).content.decode()
    (both,) = re.findall(r'name="accept" value="([^"]+)"', text)
    assert both.split() == sorted([*accept, f"L5_sunday:{team.bilal.public_id}"])
    many = " ".join(f"contract_hours:{uuid.uuid4()}" for _each in range(5000))
    sent = client.post(reverse("workers:publish_week"), asked(team, version=week.version, accept=f"{accept[0]} {many}"))
    assert (sent.status_code, "Bilal" in sent.content.decode()) == (422, True)
    planned(team, team.bilal, sun=None)
    week = planned(team, team.bilal, mon=SHORT)
    sent = client.post(reverse("workers:publish_week"), asked(team, version=week.version, accept=accept))
    assert sent.status_code == 302


def test_nobody_confirms_warnings_that_no_page_has_shown(
    team: Team, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three people, of whom the table shows one and what is beside it another: the third has to be read first."""
    for name in ("PAGE", "MOST_ELSEWHERE"):
        monkeypatch.setattr(f"workers.views.weeks.{name}", 1)
    for one in (team.amina, team.bilal, team.chloe):
        week = planned(team, one, sun=SHORT)
    codes = [f"L5_sunday:{one.public_id}" for one in (team.amina, team.bilal, team.chloe)]
    client.force_login(team.world.users["supervisor"])
    page, publish = reverse("workers:week"), reverse("workers:publish_week")

    def asks(text: str) -> tuple[list[str], bool]:
        (field,) = re.findall(r'name="accept" value="([^"]+)"', text)
        return field.split(), 'name="next"' in text

    first = client.get(page, {"semaine": str(MONDAY)}).content.decode()
    assert asks(first) == (sorted(codes[:2]), True)
    assert "Encore une personne à lire avant de publier." in first
    assert ("Bilal" in first, "Chloé" in first) == (True, False)
    sent = {"version": week.version, "accept": " ".join(codes[:2])}
    assert client.post(publish, asked(team, **sent)).status_code == 422
    more = client.post(publish, asked(team, **sent, next="on"))
    assert (more.status_code, WeekEdition.objects.count()) == (200, 0)
    assert asks(more.content.decode()) == (sorted(codes), False)
    assert "Chloé" in more.content.decode()
    # Of other hours nobody has read anything.
    week = planned(team, team.bilal, mon=SHORT)
    again = client.post(publish, asked(team, **sent, next="on")).content.decode()
    assert asks(again) == (sorted(codes[:2]), True)
    sent = {"version": week.version, "accept": " ".join(codes)}
    assert client.post(publish, asked(team, **sent)).status_code == 302


def test_a_warning_that_was_confirmed_is_not_asked_again(team: Team) -> None:
    week = published(team, sun=SHORT)
    planned(team, mon=SHORT)
    assert publish_week(week, by=team.supervisor).accepted_warnings == []


@pytest.mark.promise("L4", "L5")
def test_the_weeks_before_and_after_are_judged_too(team: Team) -> None:
    """34 h 30 from Saturday evening to Monday morning; 9 h 30 from Sunday evening on."""
    early, late = DayHours(dt.time(6), dt.time(10)), DayHours(dt.time(15), dt.time(19, 30))
    week = published(team, **dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), late))
    following = plan_hours(team.world.site, NEXT, team.amina, {NEXT: early}, by=team.supervisor)
    with pytest.raises(WeekRefused) as refused:
        publish_week(following, by=team.supervisor, accepted_warnings=WARNINGS)
    assert refused.value.details["reasons"] == ["L5"]
    planned(team, sat=None)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    publish_week(following, by=team.supervisor, accepted_warnings=WARNINGS)
    planned(team, sun=DayHours(dt.time(15, 30), dt.time(20, 30)))
    with pytest.raises(WeekRefused) as short:
        publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    assert "L4" in short.value.details["reasons"]  # type: ignore[operator]


@pytest.mark.promise("R06")
def test_whoever_has_an_account_is_told_of_new_and_of_changed_hours(team: Team) -> None:
    week = published(team)
    planned(team, team.bilal, mon=SHORT)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    planned(team, mon=None)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    settle()
    told = Message.objects.filter(kind="week.published").order_by("pk")
    assert [one.address for one in told] == ["trainee@sens-pratique.example"] * 2
    assert Event.objects.filter(name="week.published").count() == 3


# --- pages ------------------------------------------------------------------


@pytest.fixture
def supervisor(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["supervisor"])
    return client


def asked(team: Team, **more: Any) -> dict[str, Any]:
    return {"site": team.world.site.slug, "semaine": MONDAY.isoformat(), "version": 0, **more}


def test_the_page_prepares_edits_and_publishes(team: Team, supervisor: Client) -> None:
    page = reverse("workers:week")
    assert supervisor.post(reverse("workers:prepare_week"), asked(team, how="usual")).status_code == 302
    text = supervisor.get(page, {"semaine": str(MONDAY)}).content.decode()
    assert text.count("09:00 – 12:30") == 15
    address = reverse("workers:person_week", args=[team.amina.public_id])
    form = {"version": 1, "0-starts": "08:00", "0-ends": "07:00"}
    wrong = supervisor.post(f"{address}?semaine={MONDAY}", form)
    assert wrong.status_code == 422
    half = supervisor.post(f"{address}?semaine={MONDAY}", {"version": 1, "0-starts": "08:00", "1-break_ends": "9"})
    assert half.status_code == 422
    form = {"version": 1, "0-starts": "08:00", "0-ends": "13:00", "0-break_starts": "10:00", "0-break_ends": "10:20"}
    assert supervisor.post(f"{address}?semaine={MONDAY}", form).status_code == 302
    assert supervisor.post(reverse("workers:publish_week"), asked(team, version=1)).status_code == 412
    answer = supervisor.post(reverse("workers:publish_week"), asked(team, version=2, accept=sorted(WARNINGS)))
    assert answer.status_code == 302
    assert Shift.objects.current().filter(trainee=team.amina).count() == 1
    assert supervisor.post(reverse("workers:publish_week"), asked(team, version=3)).status_code == 409
    nonsense = supervisor.post(reverse("workers:publish_week"), {"site": "republique", "semaine": "hier"})
    assert nonsense.status_code == 400


def test_my_week_is_what_was_published(team: Team, client: Client) -> None:
    client.force_login(team.world.users["trainee"])
    address = reverse("workers:my_week")
    assert "09:00 – 15:00" not in client.get(address, {"semaine": str(MONDAY)}).content.decode()
    planned(team, mon=SHORT)
    assert "09:00 – 15:00" not in client.get(address, {"semaine": str(MONDAY)}).content.decode()
    published(team)
    note_absence(team.amina, starts_on=day(1), ends_on=day(1), by=team.supervisor)
    text = client.get(address, {"semaine": str(MONDAY)}).content.decode()
    assert text.count(">09:00 – 15:00<") == 4
    assert "12:30" in text


def test_usual_hours_are_written_without_a_reason(team: Team, supervisor: Client) -> None:
    address = reverse("workers:usual_hours", args=[team.amina.public_id])
    assert "reason" not in supervisor.get(address).content.decode().lower().replace("no reason is asked", "")
    days = {f"{place}-{part}": "" for place in range(7) for part in ("starts", "ends")}
    days |= {"0-starts": "08:00", "0-ends": "16:00", "0-break_starts": "12:00", "0-break_ends": "13:00"}
    assert supervisor.post(address, days).status_code == 302
    assert [str(one) for one in team.amina.availability.all()] == ["0 08:00–12:00", "0 13:00–16:00"]


def test_one_and_three_rows_cost_the_same(team: Team, supervisor: Client) -> None:
    fill_week(team.world.site, MONDAY, by=team.supervisor)
    page = reverse("workers:week")
    supervisor.get(page, {"semaine": str(MONDAY)})
    with CaptureQueriesContext(connection) as three:
        supervisor.get(page, {"semaine": str(MONDAY)})
    Trainee.objects.exclude(pk=team.amina.pk).update(is_active=False, last_on=LEFT_ON)
    with CaptureQueriesContext(connection) as one:
        supervisor.get(page, {"semaine": str(MONDAY)})
    assert len(three) == len(one)


@pytest.mark.promise("domain R20")
def test_published_hours_are_what_was_planned_in_the_list_of_hours(team: Team) -> None:
    """Amina has published hours on Monday and Tuesday alone; of Bilal nothing is published, his usual week counts."""
    published(team, mon=SHORT, tue=DayHours(dt.time(10), dt.time(15)))
    last = MONDAY + dt.timedelta(days=6)
    now = dt.datetime.combine(last, dt.time(20), NOW.tzinfo) + dt.timedelta(days=1)
    people = Trainee.objects.filter(pk__in=[team.amina.pk, team.bilal.pk]).order_by("pk")
    amina, bilal = hours_of(people, MONDAY, last, now=now)
    assert amina.planned == {day(0): 300, day(1): 300}
    assert [(one.day, one.because) for one in amina.missing] == [(day(0), ASSIGNED), (day(1), ASSIGNED)]
    assert (len(bilal.missing), bilal.planned_minutes) == (5, 5 * 450)


# --- clocks that change, weeks that become free ------------------------------

# Paris goes from 2:00 to 3:00 on the Sunday of this week.
SPRING = dt.date(2027, 3, 22)
SUNDAY = SPRING + dt.timedelta(days=6)
NIGHT = DayHours(dt.time(2, 30), dt.time(3))


def test_a_time_that_the_clocks_leave_out_is_refused_at_its_field(team: Team, supervisor: Client) -> None:
    address = f"{reverse('workers:person_week', args=[team.amina.public_id])}?semaine={SPRING}"
    answer = supervisor.post(address, {"version": 0, "6-starts": "02:30", "6-ends": "03:00"})
    assert answer.status_code == 422
    assert "6-starts" in answer.context["form"].errors
    with pytest.raises(Invalid):
        plan_hours(team.world.site, SPRING, team.amina, {SUNDAY: NIGHT}, by=team.supervisor)
    # A night that lasts longer than that is moved, and nothing breaks.
    plan_hours(team.world.site, SPRING, team.amina, {SUNDAY: DayHours(dt.time(1), dt.time(4))}, by=team.supervisor)
    assert person(team, team.amina, SPRING).days


def test_a_draft_and_usual_hours_of_no_time_are_read_and_published(team: Team, supervisor: Client) -> None:
    week = plan_hours(team.world.site, SPRING, team.amina, {SPRING: SHORT}, by=team.supervisor)
    PlannedHours.objects.create(
        organisation=team.world.organisation,
        week=week,
        trainee=team.amina,
        day=SUNDAY,
        starts=NIGHT.starts,
        ends=NIGHT.ends,
    )
    hours = [(place, dt.time(9), dt.time(12)) for place in range(6)] + [(6, NIGHT.starts, NIGHT.ends)]
    set_availability(team.amina, hours=hours, by=team.supervisor)
    assert supervisor.get(reverse("workers:week"), {"semaine": str(SPRING)}).status_code == 200
    address = reverse("workers:person_week", args=[team.amina.public_id])
    assert supervisor.get(address, {"semaine": str(SPRING)}).status_code == 200
    set_availability(team.bilal, hours=hours, by=team.supervisor)
    assert presence_of(Trainee.objects.all(), SUNDAY, PARIS).open_windows(team.bilal) == []
    late = NOW.replace(year=2027, month=4, day=1)
    (hours_said,) = hours_of(Trainee.objects.filter(pk=team.bilal.pk), SUNDAY, SUNDAY, now=late)
    assert hours_said.missing == []
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    assert [one.day for one in Shift.objects.current()] == [SPRING]
    PlannedHours.objects.filter(day=SUNDAY).delete()
    fill_week(team.world.site, SPRING, by=team.supervisor)
    assert not PlannedHours.objects.filter(day=SUNDAY).exists()


def test_a_week_of_which_every_day_became_free_is_a_published_week(team: Team, client: Client) -> None:
    week = published(team, mon=SHORT)
    planned(team, mon=None)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    found = presence_of(Trainee.objects.filter(pk=team.amina.pk), day(1), PARIS)
    assert found.has_published_week(team.amina)
    assert found.open_windows(team.amina) == []
    client.force_login(team.world.users["trainee"])
    answer = client.get(reverse("workers:my_week"), {"semaine": str(MONDAY)})
    assert answer.context["is_published"]
    (hours,) = hours_of(Trainee.objects.filter(pk=team.amina.pk), MONDAY, day(6), now=NOW + dt.timedelta(days=30))
    assert hours.missing == []
    # Giving a day back is a change of what the person was told (L14).
    planned(team, mon=SHORT)
    assert person(team, team.amina).was_published


def test_everybody_of_a_big_site_is_published_and_shown_by_pages(team: Team, supervisor: Client) -> None:
    more = Trainee.objects.bulk_create(
        Trainee(
            organisation=team.world.organisation, site=team.world.site, first_name=f"Zoé {number:03}", last_name="Z"
        )
        for number in range(100)
    )
    last = more[-1]
    employ(last, starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 8, 31), weekly_minutes=30 * 60)
    planned(team, last, mon=SHORT)
    text = supervisor.get(reverse("workers:week"), {"semaine": str(MONDAY), "page": "3"}).content.decode()
    assert "Zoé 099" in text
    answer = supervisor.post(reverse("workers:publish_week"), asked(team, version=1, accept=sorted(WARNINGS)))
    assert answer.status_code == 302
    assert [one.trainee for one in Shift.objects.current()] == [last]


def test_of_people_on_other_pages_a_page_names_some_and_counts_the_others(team: Team, supervisor: Client) -> None:
    """Nobody of them has a contract: thirty people of the second page hold the week up."""
    world = team.world
    more = Trainee.objects.bulk_create(
        Trainee(organisation=world.organisation, site=world.site, first_name=f"Zoé {number:03}", last_name="Z")
        for number in range(100)
    )
    week = planned(team, mon=SHORT)
    PlannedHours.objects.bulk_create(
        PlannedHours(
            organisation=world.organisation, week=week, trainee=one, day=MONDAY, starts=dt.time(9), ends=dt.time(12)
        )
        for one in more[60:90]
    )
    first = supervisor.get(reverse("workers:week"), {"semaine": str(MONDAY)}).content.decode()
    assert "30 personnes sur d’autres pages" in first
    assert (first.count("page=2"), "Et 10 autres." in first) == (21, True)  # twenty names and "next"
    assert ("Zoé 060" in first, "Zoé 080" in first) == (True, False)
    second = supervisor.get(reverse("workers:week"), {"semaine": str(MONDAY), "page": "2"}).content.decode()
    assert ("sur d’autres pages" in second, "Zoé 089" in second) == (False, True)
    given = asked(team, version=week.version, accept=sorted(WARNINGS), page="2")
    refused = supervisor.post(reverse("workers:publish_week"), given)
    text = refused.content.decode()
    assert (refused.status_code, "Et 20 autres." in text, "Zoé 089" in text) == (422, True, True)


@pytest.mark.promise("L11")
def test_hours_that_change_within_the_week_are_planned_as_they_are_judged(team: Team) -> None:
    """Twenty hours, thirty from Friday on: a fifth of each working day is twenty-two."""
    contract = team.amina.contracts.get()
    contract.weekly_minutes = 20 * 60
    contract.save(update_fields=["weekly_minutes"])
    ContractRider.objects.create(
        organisation=team.world.organisation,
        contract=contract,
        starts_on=day(4),
        weekly_minutes=30 * 60,
        reason=RiderReason.ACTIVITY,
    )
    one = person(team, team.amina)
    judged = deal_of_week(contracts_of(person_file(Trainee.objects.get(pk=team.amina.pk))), MONDAY)
    assert (one.contract_minutes, judged[1]) == (22 * 60, 22 * 3600)
    assert person(team, team.amina, NEXT).contract_minutes == 30 * 60


@pytest.mark.promise("L12", "L18")
@pytest.mark.parametrize(
    ("code", "then", "said"),
    [
        ("L12", 0, "1 h of extra hours in the week of Mon 23 Nov., paid 10 % more"),
        ("L12", 1800, "1 h of extra hours in the week of Mon 23 Nov.: 30 min paid 10 % more, 30 min 25 % more"),
        ("L18", 0, "1 h of overtime in the week of Mon 23 Nov., paid 10 % more"),
    ],
)
def test_hours_that_nobody_works_are_not_spoken_of(code: str, then: int, said: str) -> None:
    figures = {"day": "2026-11-23", "time": "3600", "first": str(3600 - then), "first_rate": "10", "then": str(then)}
    with override("en"):
        told = explain(Reason(code, Severity.INFO, {**figures, "then_rate": "25"}), zone=PARIS)
    assert told.replace("\xa0", " ") == said
