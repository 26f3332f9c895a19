"""Hours that are told late: the person agrees, by whoever plans or on their phone (L13, L14)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.models import Event
from notifications.actions.writing import NotNeeded, write
from notifications.models import Message
from tests.conftest import settle
from tests.workers.conftest import NOW, PARIS, Team
from workers.actions.consents import NothingToAgree, PersonSaidNo, answer_consents, note_consent
from workers.actions.refusals import WarningsToAccept
from workers.actions.weeks import plan_hours, publish_week
from workers.models import HoursConsent, Shift, Trainee, WeekEdition, WorkWeek
from workers.models.plan import team_day
from workers.models.weeks import PersonWeek, read_week
from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours

pytestmark = pytest.mark.promise("domain R21")

MONDAY = NOW.date() + dt.timedelta(days=21)
TUESDAY = MONDAY + dt.timedelta(days=1)
SIX_HOURS = DayHours(dt.time(9), dt.time(16), dt.time(12, 30), dt.time(13, 30))
EIGHT_HOURS = DayHours(dt.time(9), dt.time(18), dt.time(12, 30), dt.time(13, 30))
# Monday morning of that week: a day before the hours in question.
LATE = dt.datetime.combine(MONDAY, dt.time(7), PARIS)


@pytest.fixture(autouse=True)
def _published_then_late(team: Team) -> Iterator[None]:
    """Thirty hours are published three weeks ahead, for a contract of thirty; then it is Monday."""
    with time_machine.travel(NOW, tick=False):
        days = {MONDAY + dt.timedelta(days=place): SIX_HOURS for place in range(5)}
        week = plan_hours(team.world.site, MONDAY, team.amina, days, by=team.supervisor)
        publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    with time_machine.travel(LATE, tick=False):
        yield


def longer(team: Team, hours: DayHours | None = EIGHT_HOURS) -> WorkWeek:
    return plan_hours(team.world.site, MONDAY, team.amina, {TUESDAY: hours}, by=team.supervisor)


def amina(team: Team) -> PersonWeek:
    return next(one for one in read_week(team.world.site, MONDAY, now=LATE).people if one.trainee == team.amina)


def told_late(team: Team) -> set[str]:
    return {reason.code for reason in amina(team).created} & {"L13", "L14"}


def noted(team: Team) -> list[dt.date]:
    return note_consent(team.amina, MONDAY, agreed_on=MONDAY, by=team.dispatcher)


@pytest.mark.promise("L13", "L14")
def test_l13_l14_hours_that_the_person_agrees_to_ask_for_no_notice(team: Team) -> None:
    week = longer(team)
    assert told_late(team) == {"L13", "L14"}
    assert noted(team) == [TUESDAY]
    assert told_late(team) == set()
    # Other hours are another question, a day off too.
    longer(team, DayHours(dt.time(9), dt.time(19), dt.time(12, 30), dt.time(14, 30)))
    assert told_late(team) == {"L13", "L14"}
    longer(team)
    publish_week(week, by=team.supervisor, accepted_warnings=["contract_hours"])
    consent = HoursConsent.objects.get()
    assert (consent.status, consent.said_by, consent.answered_on) == ("agreed", "team", MONDAY)
    assert (consent.noted_label, consent.shift) == (team.dispatcher.label, Shift.objects.current().get(day=TUESDAY))
    told = team_day(Trainee.objects.filter(pk=team.amina.pk), TUESDAY, PARIS).shifts[team.amina.pk]
    assert [one.day for one in told if one.is_agreed] == [TUESDAY]
    event = Event.objects.get(name="hours_consent.noted")
    assert (event.data["days"], event.data["agreed_on"]) == ([TUESDAY.isoformat()], MONDAY.isoformat())


@pytest.mark.promise("L14")
def test_l14_a_day_that_becomes_free_is_agreed_to_as_well(team: Team) -> None:
    longer(team, None)
    assert told_late(team) == {"L14"}
    noted(team)
    assert (told_late(team), HoursConsent.objects.get().hours) == (set(), None)


@pytest.mark.promise("L13", "L14")
def test_l13_l14_whoever_learns_late_is_asked_on_the_phone(team: Team, client: Client) -> None:
    week = longer(team)
    with pytest.raises(WarningsToAccept):
        publish_week(week, by=team.supervisor, accepted_warnings=["contract_hours"])
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    asked = HoursConsent.objects.get()
    assert (asked.status, asked.day, asked.hours) == ("asked", TUESDAY, EIGHT_HOURS)
    client.force_login(team.world.users["trainee"])
    page = client.get(reverse("workers:my_week")).content.decode()
    assert "Vos horaires ont changé" in page
    assert "Mardi 15 décembre\u00a0: <strong>" in page
    # On paper the week is for the wall: no question.
    assert 'class="action-card action-card-now no-print"' in page
    yes = reverse("workers:answer_hours", args=["oui"])
    assert client.post(yes, {"seen": [str(uuid.uuid4()), str(asked.public_id)]}).status_code == 302
    asked.refresh_from_db()
    assert (asked.status, asked.said_by, asked.answered_on) == ("agreed", "person", MONDAY)
    assert "Vos horaires ont changé" not in client.get(reverse("workers:my_week")).content.decode()
    assert "L13" not in {reason.code for reason in amina(team).reasons}


@pytest.mark.promise("L13")
def test_l13_a_no_is_kept_and_changes_nothing_else(team: Team, client: Client) -> None:
    publish_week(longer(team), by=team.supervisor, accepted_warnings=WARNINGS)
    asked = HoursConsent.objects.get()
    assert answer_consents(team.amina, [asked.public_id], agrees=False, by=team.themself(team.amina)) == 1
    assert Event.objects.filter(name="hours_consent.declined").count() == 1
    client.force_login(team.world.users["supervisor"])
    page = client.get(reverse("workers:week"), {"semaine": str(MONDAY)}).content.decode()
    assert "A dit non (14 décembre)" in page
    # Nobody says yes for them; a change of mind is said on the same phone.
    with pytest.raises(PersonSaidNo, match=r"Amina.*15"):
        noted(team)
    address = reverse("workers:note_consent", args=[team.amina.public_id])
    assert address not in page
    refused = client.post(address, {"semaine": str(MONDAY), "agreed_on": str(MONDAY)})
    assert (refused.status_code, "a répondu non sur son téléphone" in refused.content.decode()) == (409, True)
    asked.refresh_from_db()
    assert (asked.status, asked.said_by) == ("declined", "person")
    client.force_login(team.world.users["trainee"])
    mine = reverse("workers:my_week")
    assert "Vous avez dit non" in client.get(mine).content.decode()
    for verb, status in (("non", "declined"), ("oui", "agreed")):
        client.post(reverse("workers:answer_hours", args=[verb]), {"seen": [str(asked.public_id)]})
        asked.refresh_from_db()
        assert (asked.status, asked.said_by) == (status, "person")
    assert "Vous avez dit non" not in client.get(mine).content.decode()


@pytest.mark.promise("L13", "L14")
@pytest.mark.parametrize("then", ["", "yes", "other hours"])
def test_l13_their_supervisor_reads_of_a_no_while_it_stands(team: Team, then: str) -> None:
    week = longer(team)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    asked, own = HoursConsent.objects.get(), team.themself(team.amina)
    answer_consents(team.amina, [asked.public_id], agrees=False, by=own)
    if then == "yes":
        answer_consents(team.amina, [asked.public_id], agrees=True, by=own)
    elif then:
        longer(team, SIX_HOURS)
        publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    settle()
    (message,) = Message.objects.filter(kind="hours_consent.declined")
    assert message.address == team.world.users["supervisor"].email
    if then:
        with pytest.raises(NotNeeded):
            write(message)
    else:
        text = write(message).text
        assert "Amina" in text and "mardi 15 décembre" in text and f"semaine={MONDAY}" in text


@pytest.mark.promise("L13", "L14")
def test_of_several_days_the_team_notes_those_without_a_no_of_the_person(team: Team) -> None:
    publish_week(longer(team), by=team.supervisor, accepted_warnings=WARNINGS)
    asked = HoursConsent.objects.get()
    answer_consents(team.amina, [asked.public_id], agrees=False, by=team.themself(team.amina))
    wednesday = TUESDAY + dt.timedelta(days=1)
    plan_hours(team.world.site, MONDAY, team.amina, {wednesday: EIGHT_HOURS}, by=team.supervisor)
    assert noted(team) == [wednesday]
    asked.refresh_from_db()
    assert asked.status == "declined"


@pytest.mark.promise("L13", "L14")
@pytest.mark.parametrize("was_published", [True, False])
def test_l13_l14_a_yes_is_over_once_other_hours_were_published(team: Team, was_published: bool) -> None:
    """Eight hours are agreed to, five are published in their place: eight hours, told again later, ask anew."""
    week = longer(team)
    noted(team)
    other = DayHours(dt.time(9), dt.time(14))
    if was_published:
        publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    publish_week(longer(team, other), by=team.supervisor, accepted_warnings=WARNINGS)
    assert not HoursConsent.objects.agreed().exists()
    longer(team)
    assert told_late(team) == {"L13", "L14"}
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    asked = HoursConsent.objects.get()
    assert (asked.status, asked.hours) == ("asked", EIGHT_HOURS)
    told = team_day(Trainee.objects.filter(pk=team.amina.pk), TUESDAY, PARIS).shifts[team.amina.pk]
    assert [one.day for one in told if one.is_agreed] == []
    # A day off that was agreed to is one of these answers too.
    longer(team, None)
    noted(team)
    publish_week(longer(team, other), by=team.supervisor, accepted_warnings=WARNINGS)
    longer(team, None)
    assert told_late(team) == {"L14"}


def test_a_question_about_hours_that_changed_since_is_no_longer_asked(team: Team) -> None:
    publish_week(longer(team), by=team.supervisor, accepted_warnings=WARNINGS)
    old = HoursConsent.objects.get()
    publish_week(longer(team, SIX_HOURS), by=team.supervisor, accepted_warnings=WARNINGS)
    assert not HoursConsent.objects.filter(pk=old.pk).exists()
    with pytest.raises(WrongState):
        answer_consents(team.amina, [old.public_id], agrees=True, by=team.themself(team.amina))


def test_only_the_person_answers_for_themselves(team: Team) -> None:
    publish_week(longer(team), by=team.supervisor, accepted_warnings=WARNINGS)
    asked = HoursConsent.objects.get()
    with pytest.raises(NotAllowed):
        answer_consents(team.amina, [asked.public_id], agrees=True, by=team.themself(team.bilal))
    with pytest.raises(WrongState):
        answer_consents(team.bilal, [asked.public_id], agrees=True, by=team.themself(team.bilal))


@pytest.mark.parametrize("days", [1, -32])
def test_a_day_that_cannot_be_meant_is_refused(team: Team, days: int) -> None:
    longer(team)
    with pytest.raises(Invalid) as refused:
        note_consent(team.amina, MONDAY, agreed_on=MONDAY + dt.timedelta(days=days), by=team.dispatcher)
    assert (refused.value.field, HoursConsent.objects.count()) == ("agreed_on", 0)


def test_nothing_changed_is_nothing_to_agree_to(team: Team) -> None:
    for trainee, monday in ((team.amina, MONDAY), (team.bilal, MONDAY), (team.amina, MONDAY + dt.timedelta(days=7))):
        with pytest.raises(NothingToAgree):
            note_consent(trainee, monday, agreed_on=MONDAY, by=team.dispatcher)


def test_an_agreement_is_noted_from_the_page_of_the_week(team: Team, client: Client) -> None:
    longer(team)
    client.force_login(team.world.users["dispatcher"])
    page = reverse("workers:week")
    address = reverse("workers:note_consent", args=[team.amina.public_id])
    assert address in client.get(page, {"semaine": str(MONDAY)}).content.decode()
    given = {"semaine": str(MONDAY), "agreed_on": str(MONDAY)}
    for wrong in ({"agreed_on": ""}, {"agreed_on": "hier"}, {"agreed_on": "9999-12-31"}, {"semaine": "x"}):
        answer = client.post(address, {**given, **wrong})
        assert (answer.status_code, "Horaires" in answer.content.decode()) == (400, True)
    assert client.post(address, given).status_code == 302
    text = client.get(page, {"semaine": str(MONDAY)}).content.decode()
    assert ("D’accord (14 décembre)" in text, address in text) == (True, False)
    assert client.post(address, given).status_code == 409
    unknown = reverse("workers:note_consent", args=[uuid.uuid4()])
    assert client.post(unknown, given).status_code == 404


def test_bad_answers_on_the_phone_change_nothing(team: Team, client: Client) -> None:
    publish_week(longer(team), by=team.supervisor, accepted_warnings=WARNINGS)
    client.force_login(team.world.users["trainee"])
    assert client.post(reverse("workers:answer_hours", args=["peut-etre"])).status_code == 404
    assert client.post(reverse("workers:answer_hours", args=["oui"]), {"seen": ["x"]}).status_code == 404
    for seen in ([], [str(uuid.uuid4())]):
        assert client.post(reverse("workers:answer_hours", args=["oui"]), {"seen": seen}).status_code == 302
    assert HoursConsent.objects.get().status == "asked"


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"status": "agreed"}, "consent_answered_on_a_day_by_somebody"),
        ({"answered_on": MONDAY}, "consent_answered_on_a_day_by_somebody"),
        ({"ends": None}, "consent_hours_in_order"),
        ({"ends": dt.time(9)}, "consent_hours_in_order"),
        ({"break_ends": None}, "consent_hours_in_order"),
    ],
)
def test_postgres_refuses_what_code_might_forget(team: Team, changes: dict[str, object], constraint: str) -> None:
    publish_week(longer(team), by=team.supervisor, accepted_warnings=WARNINGS)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        HoursConsent.objects.update(**changes)
    assert WeekEdition.objects.count() == 2


def test_one_answer_for_the_same_hours(team: Team) -> None:
    longer(team, None)
    noted(team)
    one = HoursConsent.objects.get()
    with pytest.raises(IntegrityError, match="consent_once_for_the_same_hours"), transaction.atomic():
        HoursConsent.objects.create(organisation=team.world.organisation, trainee=team.amina, day=one.day)
