"""What is read of many people at once is what is known of each, and the page and the action judge alike."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.employing import employ, employer_of
from tests.workers.conftest import NOW, Team, at
from workers.actions.absences import note_absence
from workers.actions.candidates import best_candidates, candidate_for, candidates
from workers.actions.dispatch import assign_work_order, judged
from workers.actions.refusals import AssignmentRefused, TraineeBusy, WarningsToAccept
from workers.actions.weeks import plan_hours, publish_week
from workers.enums.contracts import RestrictionCode, RiderReason
from workers.models import (
    ContractDerogation,
    ContractRider,
    TimeEntry,
    Trainee,
    TraineeSkill,
    WorkRestriction,
    WorkWeek,
)
from workers.models.contracts import read_file
from workers.models.files import files_of
from workers.models.plan import TeamDay, team_day
from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.promise("domain R22")
def test_the_files_of_many_are_those_of_each(team: Team) -> None:
    organisation, first = team.world.organisation, dt.date(2026, 10, 1)
    contract = team.amina.contracts.get()
    for starts, minutes in ((dt.date(2026, 11, 2), 28 * 60), (dt.date(2026, 12, 7), None)):
        ContractRider.objects.create(
            organisation=organisation,
            contract=contract,
            starts_on=starts,
            ends_on=None,
            weekly_minutes=minutes,
            new_end_on=None if minutes else dt.date(2027, 8, 1),
            reason=RiderReason.ACTIVITY,
        )
    ContractDerogation.objects.create(
        organisation=organisation,
        trainee=team.bilal,
        employer=employer_of(organisation),
        kind="cumul",
        reference="2026-12",
        starts_on=first,
        ends_on=dt.date(2026, 12, 31),
    )
    WorkRestriction.objects.create(
        organisation=organisation, trainee=team.bilal, code=RestrictionCode.NOT_ALONE, starts_on=first
    )
    people = [team.amina, team.bilal, team.chloe]
    found = files_of(people, dt.date(2026, 1, 1), dt.date(2027, 12, 31))
    assert found == {one.pk: read_file(Trainee.objects.get(pk=one.pk)) for one in people}


@pytest.mark.promise("domain R14", "domain R21")
def test_the_page_and_the_action_judge_alike(team: Team) -> None:
    """Everybody of the team, hour by hour: what the list says is what giving the work answers, reason by reason."""
    assign_work_order(team.work(minutes=330), team.amina, starts_at=at(9), by=team.dispatcher, accepted_warnings=WARNED)
    note_absence(team.chloe, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    employ(
        Trainee.objects.create(
            organisation=team.world.organisation, site=team.world.site, first_name="Dina", last_name="Roux"
        ),
        starts_on=dt.date(2026, 11, 1),
    )
    order = team.work(minutes=60)
    refused = set()
    for hour in range(8, 21):
        day = team_day(Trainee.objects.active().filter(site=team.world.site), NOW.date(), PARIS)
        for shown in candidates(order, day, now=NOW, starts_at=at(hour)):
            asked: dict[str, Any] = {"starts_at": at(hour), "mode": shown.mode, "now": NOW}
            codes = [reason.code for reason in shown.verdict.reasons if reason.severity == "block"]
            try:
                given = judged(order, shown.trainee, accepted_warnings=shown.verdict.warnings, **asked)
            except TraineeBusy:
                refused |= {"busy"} & set(codes)
            except AssignmentRefused as refusal:
                assert refusal.details["reasons"] == codes
                refused |= set(codes)
            else:
                assert given.verdict == shown.verdict
                for warning in shown.verdict.warnings:
                    with pytest.raises(WarningsToAccept):
                        judged(order, shown.trainee, accepted_warnings=shown.verdict.warnings - {warning}, **asked)
    assert {"busy", "absent"} <= refused


def test_nobody_is_judged_otherwise_alone_or_among_others(team: Team) -> None:
    assign_work_order(team.work(minutes=120), team.amina, starts_at=at(10), by=team.dispatcher)
    order = team.work(minutes=90)
    together = team_day(Trainee.objects.active().filter(site=team.world.site), NOW.date(), PARIS)
    for shown in candidates(order, together, now=NOW):
        alone = team_day(Trainee.objects.filter(pk=shown.trainee.pk), NOW.date(), PARIS)
        alone.know_weeks(alone.trainees)
        found = candidate_for(order, alone.trainees[0], alone, now=NOW)
        assert replace(found, trainee=shown.trainee) == shown


@pytest.mark.promise("domain R14")
def test_the_best_are_the_first_of_everybody_though_few_are_judged_whole(team: Team) -> None:
    """Whatever the time and the number asked for: the same people, in the same order, with the same reasons."""
    assign_work_order(team.work(minutes=330), team.amina, starts_at=at(9), by=team.dispatcher, accepted_warnings=WARNED)
    note_absence(team.chloe, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    crowd(team, 12)
    order = team.work(minutes=60)

    def day() -> TeamDay:
        return team_day(Trainee.objects.active().filter(site=team.world.site), NOW.date(), PARIS)

    for starts_at in (None, *(at(hour) for hour in range(8, 21, 2))):
        everybody = candidates(order, day(), now=NOW, starts_at=starts_at)
        for most in (1, 4, 40):
            assert best_candidates(order, day(), now=NOW, starts_at=starts_at, most=most) == everybody[:most]
        asked = everybody[-1]
        named = best_candidates(order, day(), now=NOW, starts_at=starts_at, most=3, also=asked.trainee.public_id)
        assert named == [asked, *everybody[:2]]
    looked_at = day()
    best_candidates(order, looked_at, now=NOW, starts_at=at(10), most=3)
    assert 3 <= len(looked_at.totals) < len(everybody)


def test_a_dozen_people_are_shown_and_more_on_demand(team: Team) -> None:
    crowd(team, 12)
    order = team.work(minutes=60)
    client = Client()
    client.force_login(team.world.users["dispatcher"])
    address = reverse("workers:board")
    asked = {"site": team.world.site.slug, "day": NOW.date().isoformat(), "work": str(order.public_id)}

    def people(**more: str) -> tuple[list[str], str]:
        page = client.get(address, {**asked, **more}).content.decode()
        panel = page[page.index('id="who"') :]
        return re.findall(r'name="trainee" value="([^"]+)"', panel), panel

    first, page = people()
    assert len(first) == 12
    assert "more=1" in page
    everybody, page = people(more="1")
    assert (len(everybody), everybody[:12]) == (15, first)
    assert "more=2" not in page
    last = everybody[-1]
    assert people(person=last)[0] == [last, *first[:11]]
    assert people(more="many", person="00000000-0000-4000-8000-000000000000")[0] == everybody


def crowd(team: Team, many: int) -> None:
    """So many more people of the site, with contracts and levels of all kinds."""
    levels = ("", "observed", "assisted", "autonomous")
    for number in range(many):
        one = Trainee.objects.create(
            organisation=team.world.organisation,
            site=team.world.site,
            first_name=f"Nour {number:02}",
            last_name="Roux",
            supervisor=team.supervisor.user if number % 3 else None,
        )
        employ(one, starts_on=dt.date(2026, 11, 1), weekly_minutes=60 * (20 + number))
        if level := levels[number % 4]:
            TraineeSkill.objects.create(
                organisation=team.world.organisation, trainee=one, rome_code="H2410", level=level, changed_at=NOW
            )


def worked_weeks(team: Team, *, weeks: int, hours: float) -> None:
    """Amina clocked that many hours in each of the weeks before, and 25 from Monday to Friday of this one."""
    monday = NOW.date()
    lengths = {monday - dt.timedelta(weeks=number): hours for number in range(1, weeks + 1)}
    TimeEntry.objects.bulk_create(
        TimeEntry(
            organisation_id=team.amina.organisation_id,
            trainee=team.amina,
            site=team.world.site,
            starts_on=(day := first + dt.timedelta(days=place)),
            ends_on=day,
            starts_at=(start := dt.datetime.combine(day, dt.time(8), PARIS)),
            ends_at=(end := start + dt.timedelta(hours=total / 5)),
            recorded_at=end,
            end_recorded_at=end,
            kind="work",
            source="supervisor",
        )
        for first, total in lengths.items()
        for place in range(5)
    )
    site = team.world.site
    short = DayHours(dt.time(9), dt.time(15), dt.time(12), dt.time(13))
    next_days = {monday + dt.timedelta(days=place): short for place in range(5)}
    plan_hours(site, monday, team.amina, next_days, by=team.supervisor)
    publish_week(WorkWeek.objects.get(), by=team.supervisor, accepted_warnings=WARNINGS)


@pytest.mark.promise("L18")
def test_overtime_of_the_whole_year_is_known_of_full_time_work(team: Team) -> None:
    """In the same three queries."""
    dina = Trainee.objects.create(
        organisation=team.world.organisation, site=team.world.site, first_name="Dina", last_name="Roux"
    )
    employ(dina, starts_on=dt.date(2026, 1, 1), weekly_minutes=35 * 60)
    january = dt.date(2026, 1, 5)
    start = dt.datetime.combine(january, dt.time(8), PARIS)
    TimeEntry.objects.create(
        organisation=team.world.organisation,
        trainee=dina,
        site=team.world.site,
        starts_on=january,
        ends_on=january,
        starts_at=start,
        ends_at=start + dt.timedelta(hours=9),
        recorded_at=start,
        end_recorded_at=start + dt.timedelta(hours=9),
        kind="work",
        source="supervisor",
    )
    everybody = team_day(Trainee.objects.active().filter(site=team.world.site), NOW.date(), PARIS)
    with CaptureQueriesContext(connection) as captured:
        everybody.know_weeks(everybody.trainees)
    assert (everybody.totals[dina.pk], len(captured)) == ({january: 9 * 3600}, 3)


@pytest.mark.promise("L14")
def test_the_days_off_of_the_notice_are_known(team: Team) -> None:
    """Told on 22 December of 4 January: Christmas is among the days between."""
    day = team_day(Trainee.objects.filter(pk=team.amina.pk), dt.date(2027, 1, 6), PARIS)
    assert {dt.date(2026, 12, 25), dt.date(2027, 1, 1)} <= day.setting(team.amina).holidays


@pytest.mark.promise("L15", "domain R14")
def test_an_average_over_weeks_is_judged_alike_within_the_contract_of_the_week(team: Team) -> None:
    """Eleven weeks at 33 hours for 30, then 25 hours published: 45 minutes more still need a yes, and can have it."""
    worked_weeks(team, weeks=11, hours=33)
    order, asked = team.work(), at(18)
    day = team_day(Trainee.objects.active().filter(site=team.world.site), NOW.date(), PARIS)
    shown = next(one for one in candidates(order, day, now=NOW, starts_at=asked) if one.trainee == team.amina)
    assert "L15" in shown.verdict.warnings
    client = Client()
    client.force_login(team.world.users["dispatcher"])
    address = reverse("workers:assign", args=[order.public_id])
    form = {"trainee": str(team.amina.public_id), "starts_at": asked.isoformat(), "day": NOW.date().isoformat()}
    refused = client.post(address, form)
    page = refused.content.decode()
    mine = page[page.index(f'name="trainee" value="{team.amina.public_id}"') :].partition("</form>")[0]
    offered = re.findall(r'name="accept" value="([^"]+)"', mine)
    assert (refused.status_code, frozenset(offered)) == (422, shown.verdict.warnings)
    assert client.post(address, {**form, "accept": offered}).status_code == 302


def test_a_refused_page_offers_what_the_verb_asked_to_accept(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even what the page itself does not find."""
    order, asked = team.work(), at(10)
    monkeypatch.setattr(
        "workers.views.dispatching.assign_work_order", Mock(side_effect=WarningsToAccept(reasons=["L15"]))
    )
    client = Client()
    client.force_login(team.world.users["dispatcher"])
    form = {"trainee": str(team.amina.public_id), "starts_at": asked.isoformat(), "day": NOW.date().isoformat()}
    page = client.post(reverse("workers:assign", args=[order.public_id]), form).content.decode()
    assert page.count('name="accept" value="L15"') == 1


WARNED = ("not_available", "after_promise", "L17", "L13", "L14", "contract_hours")
