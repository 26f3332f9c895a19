"""Two people swap a shift: asked, agreed, approved after the labour rules looked at both (lifecycles.md 2.5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from concierge import deadlines
from concierge.errors import Invalid, NotAllowed, WrongState
from notifications.models import Message
from tests.bookings.test_desk import other_site
from tests.conftest import settle
from tests.workers.conftest import NOW, PARIS, Team
from workers.actions.absences import note_absence
from workers.actions.appointments import AppointmentDetails, plan_appointment
from workers.actions.dispatch import assign_work_order
from workers.actions.refusals import WarningsToAccept
from workers.actions.swaps import (
    AlreadyAsked,
    AwayThen,
    ShiftGone,
    answer_swap,
    approve_swap,
    ask_swap,
    refuse_swap,
    shifts_to_swap,
    withdraw_swap,
)
from workers.actions.weeks import WeekRefused, plan_hours, publish_week
from workers.enums.passes import AppointmentKind
from workers.models import HoursConsent, PlannedHours, Shift, SwapRequest, Trainee, WeekEdition, WorkWeek
from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours

pytestmark = pytest.mark.promise("domain R21")

MONDAY = NOW.date() + dt.timedelta(days=21)
MORNING = DayHours(dt.time(9), dt.time(12))
AFTERNOON = DayHours(dt.time(13), dt.time(18))


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def day(place: int) -> dt.date:
    return MONDAY + dt.timedelta(days=place)


def published(team: Team, *rows: tuple[Trainee, int, DayHours | None]) -> WorkWeek:
    for trainee, place, hours in rows:
        week = plan_hours(team.world.site, MONDAY, trainee, {day(place): hours}, by=team.supervisor)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    return week


def shift(trainee: Trainee, place: int) -> Shift:
    found = Shift.objects.current().select_related("week__site", "trainee")
    return found.get(trainee=trainee, day=day(place))


@pytest.fixture
def week(team: Team) -> WorkWeek:
    """Amina works Monday morning, Bilal Tuesday afternoon, Chloé Monday afternoon."""
    return published(team, (team.amina, 0, MORNING), (team.bilal, 1, AFTERNOON), (team.chloe, 0, AFTERNOON))


def asked(team: Team) -> SwapRequest:
    return ask_swap(shift(team.amina, 0), shift(team.bilal, 1), by=team.themself(team.amina))


def agreed(team: Team) -> SwapRequest:
    return answer_swap(asked(team), agrees=True, by=team.themself(team.bilal))


def held() -> list[tuple[str, dt.date, DayHours]]:
    return [(one.trainee.first_name, one.day, one.hours(PARIS)) for one in Shift.objects.current()]


def test_both_work_the_shift_of_the_other_and_are_told(team: Team, week: WorkWeek) -> None:
    swap = approve_swap(agreed(team), by=team.supervisor, accepted_warnings=WARNINGS)
    assert swap.status == "approved"
    assert held() == [
        ("Bilal", day(0), MORNING),
        ("Chloé", day(0), AFTERNOON),
        ("Amina", day(1), AFTERNOON),
    ]
    assert WeekEdition.objects.count() == 2
    # The draft says the same: nothing is left to publish.
    drafts = PlannedHours.objects.values_list("trainee__first_name", "day").order_by("day", "starts")
    assert list(drafts) == [("Bilal", day(0)), ("Chloé", day(0)), ("Amina", day(1))]
    settle()
    kinds = list(Message.objects.order_by("pk").values_list("kind", "address"))
    assert ("week.published", team.world.users["trainee"].email) in kinds
    assert ("swap.agreed", team.world.users["supervisor"].email) in kinds


def test_hours_of_one_day_are_swapped_too(team: Team, week: WorkWeek) -> None:
    swap = ask_swap(shift(team.amina, 0), shift(team.chloe, 0), by=team.themself(team.amina))
    answer_swap(swap, agrees=True, by=team.themself(team.chloe))
    approve_swap(swap, by=team.supervisor, accepted_warnings=WARNINGS)
    assert held()[:2] == [("Chloé", day(0), MORNING), ("Amina", day(0), AFTERNOON)]


def test_what_the_law_forbids_undoes_it(team: Team, week: WorkWeek) -> None:
    """Chloé would work 34 hours on a contract of 30, which allows a tenth more."""
    long = DayHours(dt.time(8), dt.time(17), dt.time(12), dt.time(12, 30))
    rows = [(team.chloe, place, long) for place in (1, 2, 3)]
    published(team, *rows, (team.bilal, 4, long))
    swap = ask_swap(shift(team.chloe, 0), shift(team.bilal, 4), by=team.themself(team.chloe))
    answer_swap(swap, agrees=True, by=team.themself(team.bilal))
    with pytest.raises(WeekRefused) as refused:
        approve_swap(swap, by=team.supervisor, accepted_warnings=WARNINGS)
    assert "L11" in str(refused.value.details["reasons"])
    swap.refresh_from_db()
    assert (swap.status, WeekEdition.objects.count()) == ("agreed", 2)
    refuse_swap(swap, by=team.supervisor)


def test_only_those_concerned_step_and_only_forward(team: Team, week: WorkWeek) -> None:
    with pytest.raises(NotAllowed):
        ask_swap(shift(team.amina, 0), shift(team.bilal, 1), by=team.themself(team.chloe))
    swap = asked(team)
    with pytest.raises(AlreadyAsked):
        ask_swap(shift(team.amina, 0), shift(team.chloe, 0), by=team.themself(team.amina))
    for wrong in (team.themself(team.amina), team.themself(team.chloe)):
        with pytest.raises(NotAllowed):
            answer_swap(swap, agrees=True, by=wrong)
    with pytest.raises(WrongState):
        approve_swap(swap, by=team.supervisor)
    with pytest.raises(NotAllowed):
        withdraw_swap(swap, by=team.themself(team.bilal))
    withdraw_swap(swap, by=team.themself(team.amina))
    with pytest.raises(WrongState):
        answer_swap(swap, agrees=True, by=team.themself(team.bilal))
    again = asked(team)
    assert answer_swap(again, agrees=False, by=team.themself(team.bilal)).status == "declined"


def test_nobody_works_twice_on_a_day(team: Team, week: WorkWeek) -> None:
    published(team, (team.bilal, 0, AFTERNOON))
    with pytest.raises(Invalid):
        ask_swap(shift(team.amina, 0), shift(team.bilal, 1), by=team.themself(team.amina))


@pytest.mark.parametrize("who", ["amina", "bilal"])
def test_nobody_swaps_into_a_day_on_which_they_are_away(team: Team, week: WorkWeek, who: str) -> None:
    swap, person = agreed(team), getattr(team, who)
    gets = swap.theirs.day if who == "amina" else swap.mine.day
    note_absence(person, starts_on=gets, ends_on=gets, by=team.supervisor)
    with pytest.raises(AwayThen):
        approve_swap(swap, by=team.supervisor, accepted_warnings=WARNINGS)
    swap.refresh_from_db()
    assert (swap.status, Shift.objects.exclude(until=None).exists()) == ("agreed", False)
    assert swap.theirs not in shifts_to_swap(swap.mine, now=NOW)


def test_who_has_gone_to_another_site_swaps_no_shift_of_this_one(team: Team, week: WorkWeek) -> None:
    swap = agreed(team)
    Trainee.objects.filter(pk=team.bilal.pk).update(site=other_site(team.world))
    with pytest.raises(ShiftGone):
        approve_swap(swap, by=team.supervisor, accepted_warnings=WARNINGS)
    mine = Shift.objects.select_related("trainee", "week").get(pk=swap.mine_id)
    assert [one.trainee for one in shifts_to_swap(mine, now=NOW)] == [team.chloe]


def test_a_changed_shift_ends_the_request(team: Team, week: WorkWeek) -> None:
    swap = agreed(team)
    published(team, (team.bilal, 1, MORNING))
    with pytest.raises(ShiftGone):
        approve_swap(swap, by=team.supervisor, accepted_warnings=WARNINGS)
    settle()
    swap.refresh_from_db()
    assert swap.status == "expired"


def test_it_lapses_when_the_first_shift_begins(team: Team, week: WorkWeek) -> None:
    swap = asked(team)
    begins = dt.datetime.combine(day(0), dt.time(9), PARIS)
    deadlines.sweep(swap.organisation_id, now=begins - dt.timedelta(minutes=1))
    swap.refresh_from_db()
    assert swap.status == "asked"
    deadlines.sweep(swap.organisation_id, now=begins)
    swap.refresh_from_db()
    assert swap.status == "expired"
    settle()
    assert Message.objects.filter(kind="swap.ended", address=team.world.users["trainee"].email).count() == 1


# --- pages ------------------------------------------------------------------


def test_asking_answering_and_deciding_by_pages(team: Team, week: WorkWeek, client: Client) -> None:
    client.force_login(team.world.users["trainee"])
    mine = shift(team.amina, 0)
    page = reverse("workers:swap_shift", args=[mine.public_id])
    assert page in client.get(reverse("workers:my_week"), {"semaine": str(MONDAY)}).content.decode()
    text = client.get(page).content.decode()
    assert "Bilal" in text and "Chloé" in text
    assert client.post(page, {}).status_code == 422
    assert client.post(page, {"theirs": str(shift(team.bilal, 1).public_id)}).status_code == 302
    swap = SwapRequest.objects.get()
    answer_swap(swap, agrees=True, by=team.themself(team.bilal))
    work = team.work(starts=dt.datetime.combine(day(0), dt.time(9), PARIS))
    starts = dt.datetime.combine(day(0), dt.time(10), PARIS)
    assign_work_order(work, team.amina, starts_at=starts, by=team.dispatcher, accepted_warnings=WARNINGS)
    client.force_login(team.world.users["supervisor"])
    assert "Amina Diallo" in client.get(reverse("workers:swaps")).content.decode()
    decide = reverse("workers:decide_swap", args=[swap.public_id])
    assert client.post(decide, {"decision": "perhaps"}).status_code == 400
    answer: Any = client.post(decide, {"decision": "approve", "accept": sorted(WARNINGS)})
    assert answer["Location"] == f"{reverse('workers:replace', args=[team.amina.public_id])}?day={day(0)}"
    assert client.post(decide, {"decision": "approve"}).status_code == 404


def test_a_warning_is_read_before_it_is_approved(team: Team, week: WorkWeek, client: Client) -> None:
    published(team, (team.bilal, 6, AFTERNOON))
    swap = ask_swap(shift(team.amina, 0), shift(team.bilal, 6), by=team.themself(team.amina))
    answer_swap(swap, agrees=True, by=team.themself(team.bilal))
    with pytest.raises(WarningsToAccept):
        approve_swap(swap, by=team.supervisor)
    client.force_login(team.world.users["supervisor"])
    decide = reverse("workers:decide_swap", args=[swap.public_id])
    answer = client.post(decide, {"decision": "approve"})
    told = f"L5_sunday:{team.amina.public_id}"
    assert (answer.status_code, told in answer.content.decode()) == (422, True)
    # Read of one person, it is not read of the other.
    of_bilal = f"L5_sunday:{team.bilal.public_id}"
    assert client.post(decide, {"decision": "approve", "accept": [of_bilal]}).status_code == 422
    assert client.post(decide, {"decision": "approve", "accept": ["L99:x"]}).status_code == 400
    assert client.post(decide, {"decision": "approve", "accept": [told]}).status_code == 302
    assert WeekEdition.objects.order_by("-pk").values_list("accepted_warnings", flat=True)[0] == ["L5_sunday"]


def test_what_warns_of_both_and_of_both_weeks_is_read_at_once(team: Team, week: WorkWeek) -> None:
    """Each gets a Sunday: Amina the one of the week after, Bilal that of this week."""
    next_week = plan_hours(
        team.world.site, MONDAY + dt.timedelta(days=7), team.bilal, {day(13): AFTERNOON}, by=team.supervisor
    )
    publish_week(next_week, by=team.supervisor, accepted_warnings=WARNINGS)
    published(team, (team.amina, 6, MORNING))
    mine = shift(team.amina, 6)
    swap = ask_swap(mine, shift(team.bilal, 13), by=team.themself(team.amina))
    answer_swap(swap, agrees=True, by=team.themself(team.bilal))
    with pytest.raises(WarningsToAccept) as warned:
        approve_swap(swap, by=team.supervisor)
    both = sorted(f"L5_sunday:{one.public_id}" for one in (team.amina, team.bilal))
    assert warned.value.details["accept"] == both
    assert all(name in str(warned.value.message) for name in ("Amina", "Bilal"))
    approve_swap(swap, by=team.supervisor, accepted_warnings=both)


@pytest.mark.promise("L14")
def test_a_swap_is_no_change_told_late(team: Team, week: WorkWeek) -> None:
    """Both wanted it: approved on the day before, without a warning about notice."""
    with time_machine.travel(dt.datetime.combine(day(-1), dt.time(8), PARIS), tick=False):
        approve_swap(agreed(team), by=team.supervisor)
        consents = HoursConsent.objects.values_list("trainee__first_name", "day", "status", "said_by")
        assert sorted(consents) == [
            ("Amina", day(0), "agreed", "person"),
            ("Amina", day(1), "agreed", "person"),
            ("Bilal", day(0), "agreed", "person"),
            ("Bilal", day(1), "agreed", "person"),
        ]


def test_work_of_both_is_given_to_others_from_one_place(team: Team, week: WorkWeek, client: Client) -> None:
    swap = agreed(team)
    for trainee, place, hour in ((team.amina, 0, 9), (team.bilal, 1, 14)):
        moment = dt.datetime.combine(day(place), dt.time(hour), PARIS)
        work = team.work(starts=moment)
        assign_work_order(
            work,
            trainee,
            starts_at=moment + dt.timedelta(hours=1),
            by=team.dispatcher,
            accepted_warnings=WARNINGS,
            supervision_mode="autonomous",
        )
    client.force_login(team.world.users["supervisor"])
    decide = reverse("workers:decide_swap", args=[swap.public_id])
    answer: Any = client.post(decide, {"decision": "approve", "accept": sorted(WARNINGS)})
    assert answer["Location"] == f"{reverse('workers:swaps')}?fait={swap.public_id}"
    page = client.get(answer["Location"]).content.decode()
    for trainee, place in ((team.amina, 0), (team.bilal, 1)):
        assert f"{reverse('workers:replace', args=[trainee.public_id])}?day={day(place)}" in page
    for odd, status in (("x", 404), (str(team.amina.public_id), 200), ("", 200)):
        assert client.get(reverse("workers:swaps"), {"fait": odd}).status_code == status


def test_a_colleague_says_no_on_the_phone(team: Team, week: WorkWeek, client: Client) -> None:
    swap = ask_swap(shift(team.bilal, 1), shift(team.amina, 0), by=team.themself(team.bilal))
    client.force_login(team.world.users["trainee"])
    no = reverse("workers:answer_swap", args=[swap.public_id, "non"])
    assert no in client.get(reverse("workers:my_week")).content.decode()
    assert client.post(no).status_code == 302
    swap.refresh_from_db()
    assert swap.status == "declined"
    assert client.post(reverse("workers:answer_swap", args=[swap.public_id, "peut-etre"])).status_code == 404


def three_asked(team: Team) -> list[SwapRequest]:
    """Amina asks Bilal for three of his afternoons against three of her mornings."""
    mornings = [(team.amina, place, MORNING) for place in (0, 1, 2)]
    published(team, *mornings, *((team.bilal, place, AFTERNOON) for place in (3, 4, 5)))
    by = team.themself(team.amina)
    return [ask_swap(shift(team.amina, place), shift(team.bilal, place + 3), by=by) for place in (0, 1, 2)]


def cost(client: Client, address: str, **query: str) -> int:
    """Queries of a page that was read before."""
    assert client.get(address, query).status_code == 200
    with CaptureQueriesContext(connection) as said:
        client.get(address, query)
    return len(said)


@pytest.mark.promise("S07")
def test_swaps_to_decide_cost_the_same_for_1_and_3(team: Team, client: Client) -> None:
    client.force_login(team.world.users["supervisor"])
    swaps = three_asked(team)
    costs = []
    for swap in swaps:
        answer_swap(swap, agrees=True, by=team.themself(team.bilal))
        costs.append(cost(client, reverse("workers:swaps")))
    assert costs[0] == costs[2]


@pytest.mark.promise("S07")
def test_my_week_costs_the_same_with_1_and_3_of_everything(team: Team, client: Client) -> None:
    """Days, swaps asked of the person, swaps they ask, and appointments."""
    Trainee.objects.filter(pk=team.amina.pk).update(user=None)
    client.force_login(team.world.users["trainee"])
    Trainee.objects.filter(pk=team.bilal.pk).update(user=team.world.users["trainee"])
    published(team, (team.amina, 0, MORNING), (team.bilal, 3, AFTERNOON), (team.chloe, 0, AFTERNOON))
    own, asked_of_them = team.themself(team.bilal), team.themself(team.amina)
    ask_swap(shift(team.amina, 0), shift(team.bilal, 3), by=asked_of_them)
    ask_swap(shift(team.bilal, 3), shift(team.chloe, 0), by=own)
    meet(team, 1)
    address, week_of = reverse("workers:my_week"), {"semaine": MONDAY.isoformat()}
    one = cost(client, address, **week_of)
    rows = [(team.amina, place, MORNING) for place in (1, 2)] + [(team.bilal, place, AFTERNOON) for place in (4, 5)]
    published(team, *rows, (team.chloe, 1, AFTERNOON), (team.chloe, 2, AFTERNOON))
    for place in (1, 2):
        ask_swap(shift(team.amina, place), shift(team.bilal, place + 3), by=asked_of_them)
        ask_swap(shift(team.bilal, place + 3), shift(team.chloe, place), by=own)
        meet(team, place + 1)
    text = client.get(address, week_of).content.decode()
    assert (text.count("Bureau 2"), "Amina demande" in text or "demande à échanger" in text) == (6, True)
    assert cost(client, address, **week_of) == one


def meet(team: Team, place: int) -> None:
    """An interview on a day of the week."""
    at = dt.datetime.combine(day(place), dt.time(11), PARIS)
    plan_appointment(team.bilal, AppointmentDetails(at, AppointmentKind.REVIEW, "Bureau 2"), by=team.world.actor())
