"""The supervisor's list as cards: hours and evidence of the whole team settled in one page (R20, R25)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests.employing import employ
from tests.workers.conftest import NOW, Team, at
from tests.workers.test_hours_pages import LIST, MONDAY, page, pressed, queries, refusal
from workers.actions.absences import note_absence
from workers.actions.dispatch import assign_work_order
from workers.actions.hours import Said, add_entry, contest_entries
from workers.actions.learning import answer_situation
from workers.actions.people import create_trainee
from workers.actions.work import finish_assignment, start_assignment
from workers.enums import QUESTIONS, SendBackReason
from workers.models import Assignment, LearningSituation, TimeEntry, Trainee
from workers.rules.candidates import WARNINGS

TUESDAY = at(9, days=1)
WEEK = {"semaine": "2026-11-23"}


@pytest.fixture(autouse=True)
def _tuesday_morning() -> Iterator[None]:
    with time_machine.travel(TUESDAY, tick=False):
        yield


@pytest.fixture
def staff(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["supervisor"])
    return client


def done(team: Team, trainee: Trainee, hour: int, minutes: int = 45) -> Assignment:
    """Work of Monday that the person has finished, with its hours."""
    with time_machine.travel(NOW, tick=False):
        work = assign_work_order(
            team.work(), trainee, starts_at=at(hour), by=team.dispatcher, accepted_warnings=WARNINGS
        )
    with time_machine.travel(at(hour), tick=False):
        start_assignment(work, by=team.themself(trainee))
    with time_machine.travel(at(hour) + dt.timedelta(minutes=minutes), tick=False):
        return finish_assignment(work, by=team.themself(trainee))


def card(text: str, trainee: Trainee) -> str:
    """The part of the page that is about one person."""
    own = text.split(f'id="p-{trainee.public_id}"')[1]
    return own.split('<details class="card fold"', maxsplit=1)[0]


def ticked(text: str, name: str) -> list[bool]:
    """Of each box of that name, whether it is ticked already."""
    return ["checked" in box for box in re.findall(rf'<input type="checkbox" name="{name}"[^>]*>', text)]


@pytest.mark.promise("domain R20", "domain R25")
def test_hours_and_evidence_of_the_team_are_validated_in_one_page(team: Team, staff: Client) -> None:
    works = [done(team, team.amina, 10), done(team, team.bilal, 10)]
    text = page(staff, LIST, **MONDAY)
    assert (ticked(text, "entry"), ticked(text, "work")) == ([True, True], [True, True])
    assert "Dire ce que vous avez vu" in text
    data = {
        **MONDAY,
        "entry": [str(one.public_id) for one in TimeEntry.objects.filter(trainee=team.amina)],
        "work": str(works[0].public_id),
        f"level_seen-{works[0].public_id}": "supervised",
        f"comment-{works[0].public_id}": "Plis nets.",
    }
    answer = staff.post(reverse("workers:validate_hours"), data, follow=True)
    assert "1 pointage validé. 1 travail vérifié." in answer.content.decode().replace("\xa0", " ")
    seen = LearningSituation.objects.get(assignment=works[0])
    assert (seen.level_seen, seen.comment, seen.validated_at) == ("supervised", "Plis nets.", TUESDAY)
    rest = page(staff, LIST, **MONDAY)
    assert "Tout est réglé" in card(rest, team.amina)
    # The others in one tap each: hours, then evidence.
    for name in ("all", "all_work"):
        assert staff.post(reverse("workers:validate_hours"), {**MONDAY, name: "on"}).status_code == 302
    assert not TimeEntry.objects.to_validate().exists()
    assert not LearningSituation.objects.filter(validated_at=None).exists()
    assert "tous les jours affichés sont réglés" in page(staff, LIST, **MONDAY)


@pytest.mark.promise("domain R20")
def test_what_is_not_right_is_not_ticked_and_stands_out(team: Team, staff: Client) -> None:
    work = done(team, team.amina, 10, minutes=120)
    answer_situation(work, answers=dict.fromkeys(QUESTIONS, "sad"), by=team.themself(team.amina))
    text = card(page(staff, LIST, **MONDAY), team.amina)
    assert (ticked(text, "entry"), ticked(text, "work")) == ([False], [False])
    assert "Prévu : 10:00 – 10:45" in text.replace("\xa0", " ")
    assert 'class="apart"' in text
    assert staff.post(reverse("workers:validate_hours"), {**MONDAY, "all_work": "on"}).status_code == 302
    assert LearningSituation.objects.filter(validated_at=None).count() == 1
    address = reverse("workers:send_back", args=[work.public_id])
    answer = staff.post(address, {**MONDAY, "inside": "on", "reason": SendBackReason.values[0], "page": "1"})
    assert (answer.status_code, answer["Location"]) == (302, "/heures/?jour=2026-11-23&page=1")


def test_a_page_is_validated_whole_or_not_at_all(team: Team, staff: Client) -> None:
    work = done(team, team.amina, 10)
    entry = TimeEntry.objects.get()
    contest_entries([entry], by=team.themself(team.amina), note="Non")
    data = {**MONDAY, "entry": str(entry.public_id), "work": str(work.public_id)}
    refusal(staff.post(reverse("workers:validate_hours"), data), 400)
    assert LearningSituation.objects.get().validated_at is None
    other = done(team, team.chloe, 12)
    assert staff.post(reverse("workers:validate_hours"), {**MONDAY, "work": str(other.public_id)}).status_code == 403
    wrong = {**MONDAY, "work": str(work.public_id), f"level_seen-{work.public_id}": "x"}
    refusal(staff.post(reverse("workers:validate_hours"), wrong), 400)
    # Somebody else has just looked at it: the rest goes on.
    again = {**MONDAY, "work": [str(work.public_id)], "entry": str(pressed(team, team.bilal, 9).public_id)}
    staff.post(reverse("workers:validate_hours"), {**MONDAY, "work": str(work.public_id)})
    assert staff.post(reverse("workers:validate_hours"), again).status_code == 302
    refusal(staff.post(reverse("workers:validate_hours"), {**MONDAY, "work": str(work.public_id)}), 409)


@pytest.mark.promise("domain R20")
def test_days_without_hours_are_written_together(team: Team, staff: Client) -> None:
    with time_machine.travel(at(9, days=7), tick=False):
        note_absence(team.bilal, starts_on=dt.date(2026, 11, 27), ends_on=dt.date(2026, 11, 27), by=team.dispatcher)
        text = card(page(staff, LIST, **WEEK), team.bilal)
        days = re.findall(r'name="day" value="([\d-]+)" form="f-', text)
        assert days == [f"2026-11-{day}" for day in (23, 24, 25, 26, 27)]
        # The day of an absence cannot be as planned: it waits for its kind.
        assert ticked(text, "day") == [True, True, True, True, False]
        fill, base = reverse("workers:fill_hours"), {**WEEK, "trainee": str(team.bilal.public_id)}
        assert "vendredi 27 novembre" in refusal(staff.post(fill, {**base, "day": days, "kind": "work"}), 400)
        assert not TimeEntry.objects.exists()
        assert staff.post(fill, {**base, "day": days[:2], "kind": "work"}).status_code == 302
        away = {**base, "day": days[2:], "kind": "away"}
        refusal(staff.post(fill, away), 400)
        assert staff.post(fill, {**away, "absence": "sick_leave"}).status_code == 302
        refusal(staff.post(fill, {**base, "kind": "work"}), 400)
        refusal(staff.post(fill, {**base, "day": ["2026-01-01", "2026-11-23"], "kind": "work"}), 400)
        refusal(staff.post(fill, {**base, "day": "hier", "kind": "work"}), 400)
        assert "Tout est réglé" in card(page(staff, LIST, **WEEK), team.bilal)
    said = TimeEntry.objects.order_by("starts_on").values_list("starts_on", "kind").distinct()
    assert [(day.day, kind) for day, kind in said] == [
        (23, "work"),
        (24, "work"),
        (25, "sick_leave"),
        (26, "sick_leave"),
        (27, "sick_leave"),
    ]


@pytest.mark.promise("domain R20")
def test_hours_are_corrected_where_they_stand(team: Team, staff: Client) -> None:
    entry = pressed(team, team.amina, 9)
    address = reverse("workers:entry", args=[entry.public_id])
    base = {**MONDAY, "inside": "on", "kind": "work", "day": "2026-11-23", "starts": "09:00", "ends": "12:00"}
    refused = refusal(staff.post(address, {**base, "ends": "08:00", "reason": "Oubli"}), 400)
    form = card(refused, team.amina)
    assert "doit être après le début" in form
    # Nothing of what was typed is lost, and the form is open.
    assert 'value="08:00"' in form
    assert 'value="Oubli"' in form
    assert '<details class="day-more" open' in form
    assert "obligatoire" in refusal(staff.post(address, base), 400)
    answer = staff.post(address, {**base, "reason": "Oubli"})
    assert (answer.status_code, answer["Location"]) == (302, "/heures/?jour=2026-11-23")
    current = TimeEntry.objects.current().get()
    assert (current.ends_at, current.reason, current.validated_at) == (at(12), "Oubli", TUESDAY)
    absent = add_entry(team.amina, Said("sick_leave", day=dt.date(2026, 11, 20), minutes=420), by=team.supervisor)
    data = {**WEEK, "inside": "on", "kind": "sick_leave", "day": "2026-11-20", "absence": "3:30", "reason": "Matin"}
    assert staff.post(reverse("workers:entry", args=[absent.public_id]), data).status_code == 302
    assert TimeEntry.objects.current().get(kind="sick_leave").minutes == 210
    # The whole page of a time leads back to the days it was opened from.
    shown = page(staff, reverse("workers:entry", args=[current.public_id]), **MONDAY)
    assert 'href="/heures/?jour=2026-11-23"' in shown


def test_what_is_complete_is_folded(team: Team, staff: Client) -> None:
    add_entry(team.amina, Said("work", at(9), at(12)), by=team.supervisor)
    text = page(staff, LIST, **MONDAY)
    assert f'id="p-{team.amina.public_id}">' in text
    assert f'id="p-{team.bilal.public_id}" open>' in text


@pytest.mark.promise("S07")
def test_the_cards_of_1_and_3_people_ask_as_much(team: Team, staff: Client) -> None:
    def more(trainee: Trainee, hour: int) -> None:
        pressed(team, trainee, hour - 2, 20)
        done(team, trainee, hour)

    more(team.amina, 10)
    one = queries(staff, LIST, **MONDAY)
    more(team.bilal, 10)
    more(team.bilal, 13)
    third = create_trainee(
        site=team.world.site,
        first_name="Dora",
        last_name="Test",
        supervisor=team.world.users["supervisor"],
        by=team.world.actor(),
    )
    employ(third, starts_on=NOW.date(), ends_on=dt.date(2027, 8, 31))
    more(third, 10)
    assert queries(staff, LIST, **MONDAY) == one


def test_who_stands_in_sees_hours_and_no_evidence(team: Team, client: Client) -> None:
    done(team, team.amina, 10)
    client.force_login(team.world.users["site_manager"])
    text = page(client, LIST, **MONDAY)
    assert (len(ticked(text, "entry")), ticked(text, "work")) == (1, [])
