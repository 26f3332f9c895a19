"""A level goes up with evidence, the supervisor's word and the person's own view; never down, never by itself (R25)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.enums import Leg
from concierge.errors import Conflict, DomainError, Invalid, NotAllowed, WrongState
from concierge.models import Event
from concierge.tenancy import Actor
from tests.workers.conftest import NOW, Team, at
from workers.actions.dispatch import assign_work_order
from workers.actions.learning import Word, answer_situation, begin_situation
from workers.actions.passport import passport_of, passport_pdf
from workers.actions.skills import Basis, NotReadyYet, end_goal, raise_skill, set_goal, undo_step
from workers.actions.work import finish_assignment, send_back, start_assignment, validate_assignment
from workers.enums import Evidence, GoalStatus, OwnView, SendBackReason, SkillLevel
from workers.models import Assignment, LearningSituation, SkillStep, Trainee, TraineeSkill

pytestmark = pytest.mark.django_db
IRONING, GARDEN = "H2410", "A1203"
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def monday() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def done(team: Team, trainee: Trainee, *, hour: int = 9) -> Assignment:
    """Ironing that the person has finished."""
    given = assign_work_order(
        team.work(starts=at(hour)),
        trainee,
        starts_at=at(hour),
        by=team.dispatcher,
        accepted_warnings=["no_companion", "skill_low", "skill_missing", "contract_hours"],
    )
    start_assignment(given, by=team.themself(trainee), act_at=at(hour))
    return finish_assignment(given, by=team.themself(trainee), act_at=at(hour, 45))


def checked(team: Team, trainee: Trainee, *, hour: int = 9, **word: str) -> LearningSituation:
    """Ironing that the supervisor has checked too."""
    return validate_assignment(done(team, trainee, hour=hour), by=team.supervisor, word=Word(**word)).situation


def seen(note: str = "Repasse dix chemises sans aide", own_view: str = OwnView.READY, **more: Any) -> Basis:
    return Basis(own_view=own_view, evidence=Evidence.SEEN, note=note, **more)


def level_of(trainee: Trainee, code: str = IRONING) -> str:
    return TraineeSkill.objects.get(trainee=trainee, rome_code=code).level


@pytest.mark.promise("domain R25")
def test_work_that_is_checked_becomes_evidence_and_raises_nothing_by_itself(team: Team) -> None:
    situation = checked(team, team.bilal, level_seen=SkillLevel.ASSISTED, comment=" Bien plié. ")
    assert (situation.rome_code, situation.minutes, situation.mode) == (IRONING, 45, "paired")
    assert (situation.level_seen, situation.comment) == ("assisted", "Bien plié.")
    assert level_of(team.bilal) == "observed"
    assert TraineeSkill.objects.get(trainee=team.bilal, rome_code=IRONING).practised_at == at(9, 45)
    assert list(team.bilal.situations.evidence()) == [situation]


def test_work_checked_late_takes_back_nothing_that_was_practised_since(team: Team) -> None:
    early, later = done(team, team.bilal, hour=9), done(team, team.bilal, hour=11)
    for one in (later, early):
        validate_assignment(one, by=team.supervisor, word=Word())
    assert TraineeSkill.objects.get(trainee=team.bilal, rome_code=IRONING).practised_at == at(11, 45)


def test_work_not_checked_yet_is_no_evidence(team: Team) -> None:
    finished = done(team, team.bilal)
    assert list(team.bilal.situations.evidence()) == []
    with pytest.raises(Invalid) as refused:
        raise_skill(
            team.bilal,
            rome_code=IRONING,
            level=SkillLevel.ASSISTED,
            basis=Basis(OwnView.READY, situation=finished.situation),
            by=team.supervisor,
        )
    assert refused.value.field == "situation"


def test_what_is_carried_to_a_provider_teaches_no_trade(team: Team) -> None:
    finished = done(team, team.amina)
    finished.leg = Leg.COLLECT
    assert begin_situation(finished) is None


@pytest.mark.promise("domain R25")
def test_one_step_rests_on_work_the_word_of_the_supervisor_and_the_own_view(team: Team) -> None:
    situation = checked(team, team.bilal)
    answer_situation(situation.assignment, answers={"felt_went": "happy"}, by=team.themself(team.bilal))
    situation.refresh_from_db()
    basis = Basis(situation.own_view, situation=situation)
    step = raise_skill(team.bilal, rome_code=IRONING, level=SkillLevel.ASSISTED, basis=basis, by=team.supervisor)
    assert (step.level_from, step.level_to, step.situation, step.by_label) == (
        "observed",
        "assisted",
        situation,
        team.supervisor.label,
    )
    assert level_of(team.bilal) == "assisted"
    event = Event.objects.filter(name="skill.changed").latest("pk")
    assert event.data == {"skill": IRONING, "level": "assisted", "was": "observed"}
    with pytest.raises(Conflict):  # a second tap
        raise_skill(team.bilal, rome_code=IRONING, level=SkillLevel.SUPERVISED, basis=basis, by=team.supervisor)


@pytest.mark.promise("domain R25")
@pytest.mark.parametrize(
    ("level", "basis", "code", "field"),
    [
        ("observed", seen(), "level_lowered", "level"),
        ("transmitting", seen(own_view=OwnView.NOT_YET), "not_ready_yet", "own_view"),
        ("transmitting", seen(note="  "), "invalid", "note"),
        ("transmitting", Basis(OwnView.READY), "invalid", "situation"),
    ],
)
def test_a_step_that_lacks_something_is_refused(team: Team, level: str, basis: Basis, code: str, field: str) -> None:
    """Amina irons alone."""
    with pytest.raises(DomainError) as refused:
        raise_skill(team.amina, rome_code=IRONING, level=SkillLevel(level), basis=basis, by=team.supervisor)
    assert (refused.value.code, refused.value.field, refused.value.status) == (code, field, 400)
    assert level_of(team.amina) == "autonomous"


@pytest.mark.promise("domain R25")
def test_a_level_is_skipped_only_with_words_or_work_in_which_it_was_seen(team: Team) -> None:
    plain = checked(team, team.bilal)
    with pytest.raises(DomainError) as refused:
        raise_skill(
            team.bilal,
            rome_code=IRONING,
            level=SkillLevel.SUPERVISED,
            basis=Basis(OwnView.READY, situation=plain),
            by=team.supervisor,
        )
    assert (refused.value.code, refused.value.field) == ("level_skipped", "note")
    shown = checked(team, team.bilal, hour=11, level_seen="supervised")
    basis = Basis(OwnView.READY, situation=shown)
    raise_skill(team.bilal, rome_code=IRONING, level=SkillLevel.SUPERVISED, basis=basis, by=team.supervisor)
    assert level_of(team.bilal) == "supervised"
    raise_skill(
        team.bilal, rome_code=GARDEN, level=SkillLevel.AUTONOMOUS, basis=seen("CAP jardinier"), by=team.supervisor
    )
    assert level_of(team.bilal, GARDEN) == "autonomous"


@pytest.mark.parametrize("code", ["Z9999", "H999", "", "H2410 "])
def test_a_code_that_is_no_trade_is_refused(team: Team, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        raise_skill(team.bilal, rome_code=code, level=SkillLevel.OBSERVED, basis=seen(), by=team.supervisor)
    assert refused.value.field == "rome_code"


@pytest.mark.promise("domain R25")
def test_a_supervisor_of_another_team_raises_nothing(team: Team, other_supervisor: Actor) -> None:
    for actor in (other_supervisor, team.dispatcher, team.themself(team.bilal)):
        with pytest.raises(NotAllowed):
            raise_skill(team.bilal, rome_code=IRONING, level=SkillLevel.ASSISTED, basis=seen(), by=actor)
        with pytest.raises(NotAllowed):
            set_goal(
                team.bilal,
                rome_code=IRONING,
                wanted_level=SkillLevel.ASSISTED,
                wanted_by=None,
                today=TODAY,
                by=actor,
            )
    assert level_of(team.bilal) == "observed"


def test_a_slip_is_taken_back_within_a_day_by_whoever_made_it(team: Team, other_supervisor: Actor) -> None:
    first = raise_skill(team.bilal, rome_code=GARDEN, level=SkillLevel.OBSERVED, basis=seen(), by=team.supervisor)
    second = raise_skill(team.bilal, rome_code=GARDEN, level=SkillLevel.ASSISTED, basis=seen(), by=team.supervisor)
    with pytest.raises(WrongState):
        undo_step(first, by=team.supervisor)
    with pytest.raises(NotAllowed):
        undo_step(second, by=other_supervisor)
    undo_step(second, by=team.supervisor)
    assert level_of(team.bilal, GARDEN) == "observed"
    with time_machine.travel(NOW + dt.timedelta(days=2), tick=False), pytest.raises(WrongState):
        undo_step(first, by=team.supervisor)
    undo_step(first, by=team.supervisor)
    assert not TraineeSkill.objects.filter(trainee=team.bilal, rome_code=GARDEN).exists()
    assert SkillStep.objects.filter(trainee=team.bilal, rome_code=GARDEN).count() == 2


@pytest.mark.promise("domain R25")
@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"level_from": "autonomous", "level_to": "assisted"}, "skill_step_never_down"),
        ({"level_to": "master"}, "skill_step_never_down"),
        ({"note": ""}, "skill_step_has_evidence"),
        ({"evidence": "situation"}, "skill_step_has_evidence"),
        ({"own_view": "not_yet"}, "skill_step_with_the_person"),
        ({"rome_code": "Z9999"}, "skill_step_code_is_rome"),
    ],
)
def test_postgres_refuses_what_code_might_forget(team: Team, changes: dict[str, str], constraint: str) -> None:
    row = {
        "organisation": team.world.organisation,
        "trainee": team.bilal,
        "rome_code": IRONING,
        "level_from": "observed",
        "level_to": "assisted",
        "evidence": "seen",
        "note": "x",
        "own_view": "ready",
        "by_label": "x",
    }
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        SkillStep.objects.create(**{**row, **changes})


# --- what the person says -------------------------------------------------


def test_faces_make_the_own_view_and_any_may_be_left_out(team: Team) -> None:
    finished = done(team, team.bilal)
    me = team.themself(team.bilal)
    assert finished.situation.own_view == ""
    for answers, view in (
        ({"felt_went": "happy"}, "ready"),
        ({"felt_went": "neutral", "felt_ease": "sad"}, "ready"),
        ({"felt_went": "happy", "felt_help": "sad"}, "not_yet"),
        ({"felt_went": "sad"}, "not_yet"),
        ({}, ""),
    ):
        assert answer_situation(finished, answers=answers, by=me).own_view == view
    with pytest.raises(Invalid):
        answer_situation(finished, answers={"felt_went": "angry"}, by=me)


def test_work_sent_back_is_asked_about_again(team: Team) -> None:
    finished = done(team, team.amina)
    answer_situation(finished, answers={"felt_went": "happy"}, by=team.themself(team.amina))
    again = send_back(finished, reason=SendBackReason.QUALITY, by=team.supervisor)
    finish_assignment(again, by=team.themself(team.amina), act_at=at(10))
    situation = LearningSituation.objects.get()
    assert (situation.times_sent_back, situation.felt_went, situation.went_badly) == (1, "", True)


# --- goals -----------------------------------------------------------------


def test_a_goal_is_achieved_once_its_level_is(team: Team) -> None:
    def wanted(**changes: Any) -> Any:
        given: dict[str, Any] = {"rome_code": IRONING, "wanted_level": SkillLevel.ASSISTED, "wanted_by": TODAY}
        return set_goal(team.bilal, today=TODAY, by=team.supervisor, **{**given, **changes})

    for changes, field in (
        ({"wanted_by": TODAY - dt.timedelta(days=1)}, "wanted_by"),
        ({"wanted_level": SkillLevel.OBSERVED}, "wanted_level"),
        ({"rome_code": "Z9999"}, "rome_code"),
    ):
        with pytest.raises(Invalid) as refused:
            wanted(**changes)
        assert refused.value.field == field
    goal = wanted()
    with pytest.raises(Conflict):
        wanted(wanted_level=SkillLevel.AUTONOMOUS)
    raise_skill(team.bilal, rome_code=IRONING, level=SkillLevel.ASSISTED, basis=seen(), by=team.supervisor)
    goal.refresh_from_db()
    assert (goal.status, goal.ended_at) == ("achieved", NOW)
    with pytest.raises(WrongState):
        end_goal(goal, status=GoalStatus.DROPPED, by=team.supervisor)


# --- passport ----------------------------------------------------------------


@pytest.mark.promise("domain R25")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_passport_says_what_is_known_and_nothing_private(team: Team, language: str) -> None:
    checked(team, team.amina)
    passport = passport_of(team.amina, today=TODAY)
    assert [(trade.code, trade.level, trade.rung, trade.times) for trade in passport.trades] == [
        (IRONING, "autonomous", 4, 1)
    ]
    assert passport.rome_version == dt.date(2024, 10, 8)
    pdf = passport_pdf(team.amina, language=language, now=NOW.astimezone(dt.UTC) + dt.timedelta(microseconds=7))
    assert pdf.startswith(b"%PDF")
    assert pdf == passport_pdf(team.amina, language=language, now=NOW.astimezone(dt.UTC) + dt.timedelta(microseconds=7))


# --- pages -------------------------------------------------------------------


def sign_in(client: Any, team: Team, role: str) -> None:
    client.force_login(team.world.users[role])


def test_the_supervisor_raises_a_level_with_one_tap(client: Any, team: Team) -> None:
    situation = checked(team, team.bilal)
    answer_situation(situation.assignment, answers={"felt_went": "happy"}, by=team.themself(team.bilal))
    sign_in(client, team, "supervisor")
    page = client.get(reverse("workers:skills", args=[team.bilal.public_id]))
    assert page.status_code == 200
    one = page.context["situations"][0]
    assert (one["next"], one["own_view"], len(one["faces"])) == ("assisted", "ready", 1)
    sent = client.post(
        reverse("workers:skill_step", args=[team.bilal.public_id]),
        {"rome_code": IRONING, "level": "assisted", "situation": situation.public_id, "own_view": "ready"},
    )
    assert sent.status_code == 302
    assert level_of(team.bilal) == "assisted"


def test_a_refused_step_keeps_what_was_typed(client: Any, team: Team) -> None:
    sign_in(client, team, "supervisor")
    sent = client.post(
        reverse("workers:skill_step", args=[team.amina.public_id]),
        {"rome_code": IRONING, "level": "observed", "evidence": "seen", "note": "Vu hier", "own_view": "ready"},
    )
    assert sent.status_code == 400
    html = sent.content.decode()
    assert "Vu hier" in html
    assert "A level is never lowered" in html or "Un niveau ne baisse jamais" in html


def test_a_trade_is_found_by_word_and_begun(client: Any, team: Team) -> None:
    sign_in(client, team, "supervisor")
    address = reverse("workers:skills", args=[team.bilal.public_id])
    assert [one["code"] for one in client.get(address, {"metier": "cordonnier"}).context["found"]] == ["D1206"]
    assert client.get(address, {"metier": "zzzz"}).context["found"] == []
    client.post(
        reverse("workers:skill_step", args=[team.bilal.public_id]),
        {"rome_code": "D1206", "level": "observed", "evidence": "seen", "note": "Deux jours", "own_view": "ready"},
    )
    assert level_of(team.bilal, "D1206") == "observed"


def test_goals_and_clearances_are_written_from_the_page(client: Any, team: Team) -> None:
    sign_in(client, team, "supervisor")
    here = [team.bilal.public_id]
    goal = {"rome_code": IRONING, "wanted_level": "assisted", "wanted_by": "2026-12-24"}
    assert client.post(reverse("workers:goal_add", args=here), goal).status_code == 302
    one = team.bilal.goals.get()
    assert client.post(reverse("workers:goal_end", args=[*here, one.public_id]), {"achieved": "1"}).status_code == 302
    licence = {"kind": "driving_b", "valid_from": "2026-11-23", "valid_until": "2026-11-01"}
    assert client.post(reverse("workers:clearance_add", args=here), licence).status_code == 400
    assert client.post(reverse("workers:clearance_add", args=here), {**licence, "valid_until": ""}).status_code == 302
    kept = team.bilal.clearances.get()
    assert client.post(reverse("workers:clearance_remove", args=[*here, kept.public_id])).status_code == 302
    one.refresh_from_db()
    kept.refresh_from_db()
    assert (one.status, kept.withdrawn_at) == ("achieved", NOW)


def test_the_person_answers_with_faces_or_not_at_all(client: Any, team: Team) -> None:
    finished = done(team, team.amina)
    sign_in(client, team, "trainee")
    page = client.get(reverse("workers:day"))
    assert page.context["asked"]["public_id"] == finished.public_id
    client.post(reverse("workers:reflect", args=[finished.public_id]), {"felt_went": "happy", "felt_help": ""})
    finished.situation.refresh_from_db()
    assert (finished.situation.felt_went, finished.situation.felt_ease) == ("happy", "")
    assert client.get(reverse("workers:day")).context["asked"] is None
    strange = client.post(reverse("workers:reflect", args=[finished.public_id]), {"felt_went": "angry"})
    assert strange.status_code == 302
    finished.situation.refresh_from_db()
    assert finished.situation.felt_went == "happy"


def test_the_passport_is_a_page_and_a_paper_of_their_own(client: Any, team: Team) -> None:
    sign_in(client, team, "trainee")
    page = client.get(reverse("workers:my_passport"))
    assert [trade["rung"] for trade in page.context["trades"]] == [4]
    paper = client.get(reverse("workers:my_passport_pdf"))
    assert (paper["Content-Type"], paper["Content-Disposition"]) == (
        "application/pdf",
        'attachment; filename="passeport-amina.pdf"',
    )


def test_one_and_three_rows_cost_the_same(client: Any, team: Team) -> None:
    sign_in(client, team, "supervisor")
    address = reverse("workers:skills", args=[team.amina.public_id])

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    def more(hour: int, code: str) -> None:
        checked(team, team.amina, hour=hour)
        raise_skill(team.amina, rome_code=code, level=SkillLevel.OBSERVED, basis=seen(), by=team.supervisor)
        set_goal(
            team.amina,
            rome_code=code,
            wanted_level=SkillLevel.ASSISTED,
            wanted_by=None,
            today=TODAY,
            by=team.supervisor,
        )

    queries()
    more(9, GARDEN)
    with_one = queries()
    more(10, "D1206")
    more(11, "D1207")
    assert queries() == with_one


@pytest.mark.promise("domain R25")
def test_what_the_person_answered_binds(team: Team) -> None:
    """“Not yet” of a piece of work is not turned into “I can do it” by whoever checks it."""
    situation = checked(team, team.bilal)
    answer_situation(situation.assignment, answers={"felt_went": "sad"}, by=team.themself(team.bilal))
    # As it was read before the person answered.
    basis = Basis(OwnView.READY, situation=situation)
    with pytest.raises(NotReadyYet):
        raise_skill(team.bilal, rome_code=IRONING, level=SkillLevel.ASSISTED, basis=basis, by=team.supervisor)
    assert level_of(team.bilal) == "observed"


@pytest.mark.promise("domain R25")
@pytest.mark.parametrize("change", [{"level_to": "transmitting"}, {"note": "Autre chose"}, {"own_view": "not_yet"}])
def test_a_step_is_written_once(team: Team, change: dict[str, str]) -> None:
    step = raise_skill(team.bilal, rome_code=IRONING, level=SkillLevel.ASSISTED, basis=seen(), by=team.supervisor)
    with pytest.raises(IntegrityError, match="a step is written once"), transaction.atomic():
        SkillStep.objects.filter(pk=step.pk).update(**change)
    undo_step(step, by=team.supervisor)
    with pytest.raises(IntegrityError, match="a step is written once"), transaction.atomic():
        SkillStep.objects.filter(pk=step.pk).update(undone_at=None)
