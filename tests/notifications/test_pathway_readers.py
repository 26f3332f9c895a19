"""Letters about a person's file go to whoever accompanies them and still has that role there (P01)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone

from bookings.enums import ClearanceKind
from concierge import events
from concierge.days import today_of
from concierge.models import Membership, Site, User
from notifications.actions.letters_about_interviews import interview_planned
from notifications.models import Message
from tests.conftest import settle
from tests.workers.conftest import build_team
from tests.world import World
from workers.actions.appointments import AppointmentDetails, plan_appointment
from workers.actions.clearances import Terms, note_clearance
from workers.actions.passes import PassDetails, enter_pass
from workers.enums.passes import AppointmentKind

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P01")]


def _told(world: World, kind: str) -> set[str]:
    settle(world.organisation)
    return set(Message.objects.filter(kind=kind).values_list("address", flat=True))


def test_an_adviser_who_lost_the_role_is_not_written_to(world: World) -> None:
    team, today = build_team(world), today_of(world.organisation)
    former = User.objects.create_user("ancienne@sens-pratique.example", first_name="Ancienne", last_name="CIP")
    elsewhere = Site.objects.exclude(pk=world.site.pk).filter(organisation=world.organisation).first()
    if elsewhere is not None:
        Membership.objects.create(organisation=world.organisation, user=former, role="social_adviser", site=elsewhere)
    team.amina.adviser = former
    team.amina.save(update_fields=["adviser"])
    pass_iae = enter_pass(team.amina, PassDetails("999992612345", today - dt.timedelta(days=400)), by=world.actor())
    with transaction.atomic():
        events.record("pass_iae.ending", pass_iae, by=world.actor(), days=330)
    assert _told(world, "pass_iae.ending") == {world.users["social_adviser"].email}


def test_a_supervisor_who_lost_the_role_is_not_written_to(world: World) -> None:
    team, today = build_team(world), today_of(world.organisation)
    terms = Terms(today - dt.timedelta(days=300), today + dt.timedelta(days=20))
    held = note_clearance(team.amina, kind=ClearanceKind.DRIVING_B, terms=terms, by=world.actor("supervisor"))
    team.amina.supervisor = User.objects.create_user("ancien@sens-pratique.example", first_name="Ancien")
    team.amina.save(update_fields=["supervisor"])
    with transaction.atomic():
        events.record("clearance.expiring", held, by=world.actor(), days=20)
    assert _told(world, "clearance.expiring") == {world.users["supervisor"].email}


def test_the_week_of_an_appointment_is_that_of_its_site(world: World) -> None:
    """Sunday evening on Guadeloupe is Monday in Dijon: the letter opens the week in which the person reads it."""
    Site.objects.filter(pk=world.site.pk).update(time_zone="America/Guadeloupe")
    here = ZoneInfo("America/Guadeloupe")
    today = timezone.now().astimezone(here).date()
    sunday = today + dt.timedelta(days=13 - today.weekday())
    at = dt.datetime.combine(sunday, dt.time(21), here)
    team = build_team(world)
    plan_appointment(team.amina, AppointmentDetails(at, AppointmentKind.REVIEW, "", None), by=world.actor())
    settle(world.organisation)
    note = interview_planned(Message.objects.get(kind="appointment.planned"))
    assert note.action_url.endswith(f"semaine={sunday - dt.timedelta(days=6)}")
