"""PASS, appointments and facts kept apart of the people of the demonstration, through the actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.utils import timezone

from concierge import tenancy
from concierge.enums import Role
from concierge.models import User
from concierge.tenancy import Actor
from demo.papers import a_paper
from demo.setup import House
from workers.actions.appointments import AppointmentDetails, plan_appointment, write_diagnosis
from workers.actions.passes import PassDetails, SuspensionDetails, enter_pass, suspend_pass
from workers.actions.prolongations import ProlongationDetails, ask_prolongation
from workers.actions.vault import note_fact
from workers.enums.passes import AppointmentKind, DiagnosisMaker, ProlongationReason, SuspensionReason
from workers.enums.vault import FactCode, FollowUpBy
from workers.models import Trainee

DAY = dt.timedelta(days=1)
BILAN = ("BILAN DU PARCOURS", "Deux ans de conciergerie", "Document de d\\351monstration, sans valeur.")
# Days since the PASS of each person began: one ends within weeks, one is new.
AGES = (700, 430, 250, 90, 20)


def accompany(house: House, people: Sequence[Trainee], advisers: Sequence[User]) -> None:
    """Each person gets a social adviser; the first ones a PASS, with what happens to one."""
    with tenancy.working_for(house.organisation):
        _accompany(house, people, advisers[0])


def _accompany(house: House, people: Sequence[Trainee], adviser: User) -> None:
    by: Actor = replace(
        house.by, kind="user", user=adviser, label=str(adviser), roles={Role.SOCIAL_ADVISER: frozenset()}
    )
    today = timezone.localdate()
    for number, (person, age) in enumerate(zip(people, AGES, strict=False)):
        person.adviser = adviser
        if number == 0:
            # Old enough for the reason of the prolongation below.
            person.birth_date = dt.date(1968, 5, 2)
        person.save(update_fields=["adviser", "birth_date"])
        pass_iae = enter_pass(person, PassDetails(f"9999926{10001 + number}", today - age * DAY), by=by)
        at = timezone.now().replace(hour=13, minute=0, second=0, microsecond=0) + (2 + 3 * number) * DAY
        at += (8 - at.isoweekday() if at.isoweekday() > 5 else 0) * DAY  # nobody meets at a week-end
        plan_appointment(person, AppointmentDetails(at, AppointmentKind.FOLLOW_UP, "Bureau 2"), by=by)
        if number == 0:
            longer = ProlongationDetails(
                ProlongationReason.SENIOR,
                pass_iae.ends_on + 365 * DAY,
                "ei",
                prescriber_name="Lise Morel",
                prescriber_body="France Travail",
                report=a_paper(BILAN),
            )
            ask_prolongation(pass_iae, longer, by=by)
        if number == 1:
            details = SuspensionDetails(today - 10 * DAY, today + 50 * DAY, SuspensionReason.CONTRACT_SUSPENDED, "ei")
            suspend_pass(pass_iae, details, by=by)
            note_fact(person, code=FactCode.MOBILITY, follow_up=FollowUpBy.INTERNAL, by=by)
            note_fact(person, code=FactCode.HOUSING, follow_up=FollowUpBy.BOTH, by=by)
    for person in people[len(AGES) : len(AGES) + 1]:
        person.adviser = adviser
        person.save(update_fields=["adviser"])
        write_diagnosis(person, made_on=today - 80 * DAY, made_by=DiagnosisMaker.EMPLOYER, by=by)
