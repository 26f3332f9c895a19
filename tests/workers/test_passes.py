"""The ledger of a PASS in the database: the end follows, nothing is changed silently, alerts follow the end (R23)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from concierge import deadlines, encryption, retention
from concierge.errors import DomainError
from concierge.files import JPEG, PDF, CleanFile
from concierge.models import Deadline, Event
from tests.conftest import as_owner, settle
from tests.employing import employ, employer_of
from tests.workers.conftest import LEFT_ON, NOW, PARIS, Team
from tests.workers.pathways import END, NUMBER, REPORT, START, adviser_of, pass_of, prolongation, suspension
from workers.actions.contracts import ContractTerms, hire, withdraw_contract
from workers.actions.pass_alerts import ALERT
from workers.actions.passes import (
    cancel_pass,
    cancel_suspension,
    correct_suspension,
    preview_suspension,
    resume_pass,
    suspend_pass,
)
from workers.actions.prolongations import (
    MOST_BYTES,
    ask_prolongation,
    cancel_prolongation,
    deny_prolongation,
    grant_prolongation,
    preview_prolongation,
    read_report,
)
from workers.enums.contracts import ContractKind
from workers.enums.passes import (
    CloseReason,
    DenyReason,
    PassSource,
    ProlongationReason,
    ProposedAction,
    SuspensionReason,
)
from workers.models import PassIAE, PassProlongation, PassReport, PassSuspension, Trainee
from workers.models.pathway import Asked, lines

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R23")]
ASKING = dt.datetime(2027, 11, 23, 8, 0, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def end_of(pass_iae: PassIAE) -> dt.date:
    """The stored end, once PostgreSQL has compared it with the ledger."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    pass_iae.refresh_from_db()
    assert pass_iae.ends_on == pass_iae.ledger().ends_on
    return pass_iae.ends_on


def days(number: int) -> dt.timedelta:
    return dt.timedelta(days=number)


def reasons_of(error: pytest.ExceptionInfo[DomainError]) -> list[str]:
    reasons: Any = error.value.details.get("reasons", [error.value.code])
    return [str(reason) for reason in reasons]


# --- a PASS ----------------------------------------------------------------


def test_a_pass_lasts_730_days(team: Team) -> None:
    pass_iae = pass_of(team, number="99999 26 12345")
    assert (pass_iae.number, str(pass_iae), end_of(pass_iae)) == (NUMBER, "99999 26 12345", END)
    event = Event.objects.get(name="pass_iae.entered")
    assert NUMBER not in str(event.data)


@pytest.mark.parametrize("number", ["", "99999", "9999926123456", "99999-26-1234é"])
def test_a_wrong_number_is_refused(team: Team, number: str) -> None:
    with pytest.raises(DomainError) as error:
        pass_of(team, number=number)
    assert (error.value.status, error.value.field) == (400, "number")


def test_a_number_is_used_once_in_the_organisation(team: Team) -> None:
    pass_of(team)
    with pytest.raises(DomainError) as error:
        pass_of(team, team.bilal)
    assert (error.value.code, error.value.field) == ("pass_number_taken", "number")


def test_a_cancelled_pass_frees_its_number_and_stays(team: Team) -> None:
    wrong = pass_of(team)
    cancel_pass(wrong, reason=CloseReason.MISTAKE, by=adviser_of(team))
    right = pass_of(team, team.bilal)
    assert set(PassIAE.objects.values_list("pk", flat=True)) == {wrong.pk, right.pk}
    assert not Deadline.objects.filter(kind=ALERT, subject_id=wrong.pk, cancelled_at=None).exists()
    with pytest.raises(DomainError) as error:
        cancel_pass(wrong, reason=CloseReason.MISTAKE, by=adviser_of(team))
    assert error.value.code == "wrong_state"


def test_a_second_pass_on_the_same_days_is_refused(team: Team) -> None:
    pass_of(team)
    with pytest.raises(DomainError) as error:
        pass_of(team, number="999992612346", starts_on=START + days(100))
    assert error.value.code == "passes_overlap"


def test_carence_lasts_two_years_unless_prescribed(team: Team) -> None:
    pass_of(team)
    with pytest.raises(DomainError) as error:
        pass_of(team, number="999992612346", starts_on=dt.date(2030, 1, 4))
    assert (error.value.code, error.value.field) == ("in_waiting_period", "starts_on")
    pass_of(team, number="999992612346", starts_on=dt.date(2028, 2, 1), is_prescribed=True)


def test_an_imported_difference_warns_and_blocks_nothing(team: Team) -> None:
    pass_iae = pass_of(team, source=PassSource.IMPORTED, imported_ends_on=END + days(30))
    assert (pass_iae.differs, end_of(pass_iae)) == (True, END)
    suspend_pass(pass_iae, suspension("2026-11-01", "2026-12-01"), by=adviser_of(team))
    pass_iae.refresh_from_db()
    assert (pass_iae.differs, pass_iae.ends_on) == (False, END + days(30))


# --- suspensions -----------------------------------------------------------


def test_the_end_follows_its_suspensions(team: Team) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    first = suspend_pass(pass_iae, suspension("2026-03-01", "2026-03-31"), by=by)
    assert end_of(pass_iae) == END + days(30)
    second = suspend_pass(pass_iae, suspension("2026-11-01", "2026-11-30"), by=by)
    assert end_of(pass_iae) == END + days(30 + 29)
    shorter = correct_suspension(second, suspension("2026-11-01", "2026-11-10"), by=by)
    assert end_of(pass_iae) == END + days(30 + 9)
    cancel_suspension(first, reason=CloseReason.MISTAKE, by=by)
    assert end_of(pass_iae) == END + days(9)
    second.refresh_from_db()
    assert (second.closed_as, shorter.supersedes, PassSuspension.objects.count()) == ("replaced", second, 3)
    with pytest.raises(DomainError) as error:
        cancel_suspension(first, reason=CloseReason.MISTAKE, by=by)
    assert error.value.code == "wrong_state"


def test_a_look_at_the_new_end_saves_nothing(team: Team) -> None:
    pass_iae = pass_of(team)
    seen = preview_suspension(pass_iae, suspension("2026-11-01", "2026-11-30"))
    assert (seen.ends_on, seen.faults, PassSuspension.objects.count()) == (END + days(29), [], 0)
    assert end_of(pass_iae) == END


def test_a_suspension_without_an_end_lasts_36_months(team: Team) -> None:
    pass_iae = pass_of(team)
    row = suspend_pass(pass_iae, suspension("2026-11-01", None), by=adviser_of(team))
    assert row.ends_on == dt.date(2029, 10, 31)
    assert end_of(pass_iae) == END + (row.ends_on - row.starts_on)


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        (suspension("2026-01-04", "2026-02-01"), ["suspension_outside_pass"]),
        (suspension("2025-11-22", "2026-02-01"), ["suspension_outside_pass", "suspension_too_old"]),
        (suspension("2026-11-24", "2026-12-01"), ["suspension_in_future"]),
        (suspension("2026-11-01", "2029-11-30"), ["suspension_too_long"]),
        (suspension("2026-06-15", "2026-07-15"), ["suspensions_overlap"]),
        (suspension("2026-11-01", "2026-10-31"), ["invalid"]),
        (suspension("1926-11-01", "2026-10-31"), ["invalid"]),
        (suspension("2026-11-01", "2926-10-31"), ["invalid"]),
        (suspension("2026-11-01", "2026-11-30", is_last_employer=False), ["suspension_not_last_employer"]),
        (suspension("2026-11-01", "2026-11-30", reason=SuspensionReason.PRISON), ["suspension_old_reason"]),
        (
            suspension("2026-11-01", "2026-11-30", reason=SuspensionReason.CONTRAT_PASSERELLE, employer_kind="ai"),
            ["suspension_wrong_kind"],
        ),
    ],
)
def test_a_wrong_suspension_is_refused_with_every_reason(team: Team, asked: Any, codes: list[str]) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    suspend_pass(pass_iae, suspension("2026-06-01", "2026-06-30"), by=by)
    with pytest.raises(DomainError) as error:
        suspend_pass(pass_iae, asked, by=by)
    assert (reasons_of(error), end_of(pass_iae)) == (codes, END + days(29))
    assert error.value.status in (400, 422)
    assert error.value.field


def test_a_suspension_that_another_needs_is_not_taken_away(team: Team) -> None:
    by = adviser_of(team)
    pass_iae = pass_of(team, starts_on=dt.date(2024, 12, 1))
    assert end_of(pass_iae) == dt.date(2026, 11, 30)
    first = suspend_pass(pass_iae, suspension("2026-01-01", "2026-05-31"), by=by)
    with time_machine.travel(dt.datetime(2027, 3, 1, 8, tzinfo=PARIS), tick=False):
        suspend_pass(pass_iae, suspension("2027-02-01", "2027-02-28"), by=by)
        with pytest.raises(DomainError) as error:
            cancel_suspension(first, reason=CloseReason.MISTAKE, by=by)
    assert reasons_of(error) == ["ledger_not_sound"]


def test_hiring_again_ends_the_suspension_the_day_before(team: Team) -> None:
    pass_iae = pass_of(team)
    suspend_pass(pass_iae, suspension("2026-11-01", None), by=adviser_of(team))
    resume_pass(team.amina, hired_on=dt.date(2026, 11, 16), by=team.world.actor())
    assert PassSuspension.objects.filter(closed_at__isnull=False).count() == 0  # nobody was hired that day
    team.amina.contracts.update(starts_on=dt.date(2026, 11, 16))
    for _twice in range(2):
        resume_pass(team.amina, hired_on=dt.date(2026, 11, 16), by=team.world.actor())
    assert end_of(pass_iae) == END + days(14)
    row = PassSuspension.objects.counting().get()
    assert (row.ends_on, row.reason) == (dt.date(2026, 11, 15), SuspensionReason.CONTRACT_SUSPENDED)
    team.amina.contracts.update(starts_on=dt.date(2026, 11, 1))
    resume_pass(team.amina, hired_on=dt.date(2026, 11, 1), by=team.world.actor())
    assert (end_of(pass_iae), PassSuspension.objects.counting().count()) == (END, 0)


def test_a_signed_contract_resumes_the_pass(team: Team) -> None:
    pass_iae = pass_of(team, team.chloe)
    suspend_pass(pass_iae, suspension("2026-11-01", None), by=adviser_of(team))
    with time_machine.travel(dt.datetime(2027, 9, 1, 8, tzinfo=PARIS), tick=False):
        employ(team.chloe, starts_on=dt.date(2027, 9, 10))
        settle(team.world.organisation)
    assert PassSuspension.objects.counting().get().ends_on == dt.date(2027, 9, 9)


# --- prolongations ---------------------------------------------------------


def test_a_prolongation_is_asked_then_granted(team: Team) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    with time_machine.travel(ASKING, tick=False):
        asked = ask_prolongation(pass_iae, prolongation("2029-01-04"), by=by)
        assert (asked.status, end_of(pass_iae)) == ("pending", END)
        with pytest.raises(DomainError) as error:
            ask_prolongation(pass_iae, prolongation("2028-12-04"), by=by)
        assert error.value.status in (409, 422)
        granted = grant_prolongation(asked, by=by)
        assert (granted.status, end_of(pass_iae)) == ("granted", dt.date(2029, 1, 4))
        with pytest.raises(DomainError) as error:
            grant_prolongation(asked, by=by)
        assert error.value.code == "wrong_state"
        cancel_prolongation(asked, reason=CloseReason.DECIDED_OTHERWISE, by=by)
    assert end_of(pass_iae) == END


def test_a_denied_prolongation_says_why_and_what_instead(team: Team) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    with time_machine.travel(ASKING, tick=False):
        asked = ask_prolongation(pass_iae, prolongation("2029-01-04"), by=by)
        denied = deny_prolongation(asked, reason=DenyReason.SIAE, proposed=ProposedAction.SOCIAL_PARTNER, by=by)
        again = ask_prolongation(pass_iae, prolongation("2028-07-04"), by=by)
    assert (denied.status, denied.deny_reason, denied.deny_action) == ("denied", "siae", "social_partner")
    assert (end_of(pass_iae), again.status) == (END, "pending")


def test_a_training_prolongs_at_once_without_an_opinion(team: Team) -> None:
    pass_iae, bare = pass_of(team), {"prescriber_name": "", "report": None}
    with time_machine.travel(ASKING, tick=False):
        asked = prolongation(
            "2028-06-30", reason=ProlongationReason.TRAINING, training_ends_on=dt.date(2028, 6, 30), **bare
        )
        assert ask_prolongation(pass_iae, asked, by=adviser_of(team)).status == "granted"
    assert end_of(pass_iae) == dt.date(2028, 6, 30)


def test_a_prolongation_starts_where_a_late_suspension_put_the_end(team: Team) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    with time_machine.travel(ASKING, tick=False):
        asked = ask_prolongation(pass_iae, prolongation("2028-07-04"), by=by)
        suspend_pass(pass_iae, suspension("2027-10-01", "2027-10-11"), by=by)
        granted = grant_prolongation(asked, by=by)
    assert granted.starts_on == END + days(10)
    assert end_of(pass_iae) == dt.date(2028, 7, 14)


@pytest.mark.parametrize(
    ("at", "more", "codes"),
    [
        ("2027-01-03", {}, ["prolongation_too_early"]),
        ("2028-07-05", {}, ["prolongation_too_late"]),
        ("2027-11-23", {"end": "2029-01-05"}, ["prolongation_too_long"]),
        ("2027-11-23", {"end": "2028-01-04"}, ["prolongation_adds_nothing"]),
        ("2027-11-23", {"reason": ProlongationReason.DIFFICULTIES}, ["prolongation_wrong_kind"]),
        ("2027-11-23", {"prescriber_name": "  "}, ["prolongation_needs_opinion"]),
        ("2027-11-23", {"report": None}, ["prolongation_needs_report"]),
        ("2027-11-23", {"report": CleanFile(b"\xff\xd8\xff", JPEG, 1)}, ["invalid"]),
        ("2027-11-23", {"report": CleanFile(b"%PDF-" + b"0" * MOST_BYTES, PDF, 1)}, ["invalid"]),
        ("2027-11-23", {"end": "2999-01-01"}, ["invalid"]),
    ],
)
def test_a_wrong_prolongation_is_refused(team: Team, at: str, more: dict[str, Any], codes: list[str]) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    asked = prolongation(more.pop("end", "2029-01-04"), **more)
    moment = dt.datetime.fromisoformat(f"{at}T08:00:00+01:00")
    with time_machine.travel(moment, tick=False), pytest.raises(DomainError) as error:
        ask_prolongation(pass_iae, asked, by=by)
    assert (reasons_of(error), end_of(pass_iae), PassProlongation.objects.count()) == (codes, END, 0)


def test_three_years_for_one_reason_and_no_more(team: Team) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    for year in (2028, 2029, 2030):
        with time_machine.travel(dt.datetime(year - 1, 12, 1, 8, tzinfo=PARIS), tick=False):
            pass_iae.refresh_from_db()
            asked = ask_prolongation(pass_iae, prolongation(f"{year + 1}-01-04"), by=by)
            grant_prolongation(asked, by=by)
    assert end_of(pass_iae) == dt.date(2031, 1, 4)
    with time_machine.travel(dt.datetime(2030, 12, 1, 8, tzinfo=PARIS), tick=False):
        seen = preview_prolongation(pass_iae, prolongation("2031-06-04"), has_report=True)
    assert [fault.code for fault in seen.faults] == ["prolongation_used_up"]


def test_the_report_is_ciphertext_and_read_again(team: Team) -> None:
    pass_iae = pass_of(team)
    with time_machine.travel(ASKING, tick=False):
        ask_prolongation(pass_iae, prolongation("2029-01-04"), by=adviser_of(team))
    report = PassReport.objects.get()
    assert (report.sealed.startswith(encryption.MARK), read_report(report)) == (True, REPORT.content)


# --- what PostgreSQL refuses -----------------------------------------------


def test_reasons_are_ciphertext_in_the_database(team: Team) -> None:
    pass_iae = pass_of(team)
    suspend_pass(pass_iae, suspension("2026-11-01", "2026-11-30"), by=adviser_of(team))
    with time_machine.travel(ASKING, tick=False):
        ask_prolongation(pass_iae, prolongation("2029-01-04"), by=adviser_of(team))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_jsonb(s)::text FROM workers_passsuspension s "
            "UNION ALL SELECT to_jsonb(p)::text FROM workers_passprolongation p"
        )
        stored = " ".join(row[0] for row in cursor.fetchall())
    assert ("contract_suspended" in stored, "rqth" in stored, encryption.MARK in stored) == (False, False, True)
    assert not any("rqth" in str(event.data) for event in Event.objects.all())


@pytest.mark.parametrize("change", ["ends_on = ends_on + 1", "employer_kind = 'aci'", "starts_on = starts_on - 1"])
def test_an_entry_is_never_changed(team: Team, change: str) -> None:
    row = suspend_pass(pass_of(team), suspension("2026-11-01", "2026-11-30"), by=adviser_of(team))
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE workers_passsuspension SET {change} WHERE id = %s", (row.pk,))
    with pytest.raises(IntegrityError, match="stays"), as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM workers_passsuspension WHERE id = %s", (row.pk,))


def test_an_end_that_the_ledger_does_not_say_is_refused(team: Team) -> None:
    pass_iae = pass_of(team)
    with pytest.raises(IntegrityError, match="last day of a PASS"), transaction.atomic():
        PassIAE.objects.filter(pk=pass_iae.pk).update(ends_on=END + days(1))
        end_of(pass_iae)
    with pytest.raises(IntegrityError, match="pass_end_not_before_its_first_length"), transaction.atomic():
        PassIAE.objects.filter(pk=pass_iae.pk).update(ends_on=END - days(1))


# --- alerts ----------------------------------------------------------------


def waiting(pass_iae: PassIAE) -> list[dt.date]:
    rows = Deadline.objects.filter(kind=ALERT, subject_id=pass_iae.pk, fired_at=None, cancelled_at=None)
    return [row.due_at.astimezone(PARIS).date() for row in rows]


def test_alerts_follow_the_end(team: Team) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    assert waiting(pass_iae) == [dt.date(2027, 1, 4)]
    row = suspend_pass(pass_iae, suspension("2026-11-01", "2026-11-30"), by=by)
    assert waiting(pass_iae) == [dt.date(2027, 2, 2)]
    cancel_suspension(row, reason=CloseReason.MISTAKE, by=by)
    assert waiting(pass_iae) == [dt.date(2027, 1, 4)]


def test_alerts_come_at_12_9_6_3_and_1_months(team: Team) -> None:
    pass_iae = pass_of(team)
    told = []
    for _step in range(6):
        due = waiting(pass_iae)
        if not due:
            break
        told += due
        with time_machine.travel(dt.datetime.combine(due[0], dt.time(8, 5), PARIS), tick=False):
            deadlines.sweep(team.world.organisation.pk)
    assert told == [dt.date(2027, month, 4) for month in (1, 4, 7, 10, 12)]
    events = Event.objects.filter(name="pass_iae.ending").order_by("pk")
    assert [event.data["days"] for event in events] == [366, 276, 185, 93, 32]


def test_a_suspended_pass_says_nothing_before_it_goes_on(team: Team) -> None:
    pass_iae = pass_of(team)
    with time_machine.travel(dt.datetime(2027, 3, 1, 7, tzinfo=PARIS), tick=False):
        suspend_pass(pass_iae, suspension("2027-03-01", "2028-04-28"), by=adviser_of(team))
        assert waiting(pass_iae) == [dt.date(2028, 4, 29)]


def test_nobody_is_told_of_somebody_who_has_left(team: Team) -> None:
    pass_of(team)
    Trainee.objects.filter(pk=team.amina.pk).update(is_active=False, last_on=LEFT_ON)
    with time_machine.travel(dt.datetime(2027, 1, 4, 8, 5, tzinfo=PARIS), tick=False):
        deadlines.sweep(team.world.organisation.pk)
    assert not Event.objects.filter(name="pass_iae.ending").exists()


# --- retention -------------------------------------------------------------


@pytest.mark.promise("domain R43")
def test_reasons_and_reports_go_two_years_after_the_pass(team: Team) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    suspend_pass(pass_iae, suspension("2026-11-01", "2026-11-30"), by=by)
    with time_machine.travel(ASKING, tick=False):
        grant_prolongation(ask_prolongation(pass_iae, prolongation("2029-01-04"), by=by), by=by)
    end = end_of(pass_iae)
    with time_machine.travel(dt.datetime.combine(end + days(730), dt.time(3), PARIS), tick=False):
        assert retention.purge()["suspension_reasons"] == 0
    with time_machine.travel(dt.datetime.combine(end + days(733), dt.time(3), PARIS), tick=False):
        gone = retention.purge()
        assert (gone["suspension_reasons"], gone["prolongation_reasons"], gone["pass_reports"]) == (1, 1, 1)
        assert retention.purge()["suspension_reasons"] == 0
    assert [row.reason_words for row in PassSuspension.objects.all()] == [""]
    assert (end_of(pass_iae), encryption.renew()[1]) == (end, 0)


def test_the_hire_of_an_employer_outside_ends_no_suspension(team: Team) -> None:
    pass_iae = pass_of(team, team.chloe)
    suspend_pass(pass_iae, suspension("2026-11-01", None), by=adviser_of(team))
    outside = employer_of(team.world.organisation, "outside")
    terms = ContractTerms(ContractKind.ORDINARY, dt.date(2027, 9, 10), None, 20 * 60)
    with time_machine.travel(dt.datetime(2027, 9, 1, 8, tzinfo=PARIS), tick=False):
        hire(team.chloe, outside, terms, by=team.supervisor)
        settle(team.world.organisation)
    assert PassSuspension.objects.counting().get().ends_on > dt.date(2027, 9, 10)


def test_all_reasons_together_make_a_pathway_of_five_or_seven_years(team: Team) -> None:
    """2.3: three years of prolongation, five from 50 on; one reason after the other adds nothing to them."""
    by, pass_iae = adviser_of(team), pass_of(team)
    aci = {"employer_kind": "aci"}
    Trainee.objects.filter(pk=team.amina.pk).update(birth_date=dt.date(1970, 5, 1))
    for year, reason in ((2028, "rqth"), (2029, "difficulties"), (2030, "rqth"), (2031, "senior"), (2032, "senior")):
        with time_machine.travel(dt.datetime(year - 1, 12, 1, 8, tzinfo=PARIS), tick=False):
            pass_iae = PassIAE.objects.get(pk=pass_iae.pk)
            wanted = prolongation(f"{year + 1}-01-04", reason=ProlongationReason(reason), **aci)
            grant_prolongation(ask_prolongation(pass_iae, wanted, by=by), by=by)
            pass_iae = PassIAE.objects.get(pk=pass_iae.pk)
            if year == 2030:
                other = prolongation("2031-06-04", reason=ProlongationReason.DIFFICULTIES, **aci)
                seen = preview_prolongation(pass_iae, other, has_report=True)
                assert "prolongation_used_up" in [fault.code for fault in seen.faults]
    assert end_of(pass_iae) == dt.date(2033, 1, 4)
    with time_machine.travel(dt.datetime(2032, 12, 1, 8, tzinfo=PARIS), tick=False):
        for reason in ("rqth", "difficulties", "senior"):
            wanted = prolongation("2033-06-04", reason=ProlongationReason(reason), **aci)
            seen = preview_prolongation(pass_iae, wanted, has_report=True)
            assert [fault.code for fault in seen.faults] == ["prolongation_used_up"]


def test_a_reason_of_age_needs_a_birth_date(team: Team) -> None:
    pass_iae = pass_of(team)
    Trainee.objects.filter(pk=team.amina.pk).update(birth_date=None)
    with time_machine.travel(ASKING, tick=False):
        fresh = PassIAE.objects.get(pk=pass_iae.pk)
        seen = preview_prolongation(
            fresh, prolongation("2028-07-04", reason=ProlongationReason.SENIOR), has_report=True
        )
    assert [fault.code for fault in seen.faults] == ["birth_date_unknown"]


def test_a_hire_that_is_withdrawn_gives_the_suspension_back(team: Team) -> None:
    pass_iae, by = pass_of(team, team.chloe), team.supervisor
    team.chloe.contracts.update(withdrawn_on=NOW.date())
    whole = suspend_pass(pass_iae, suspension("2026-11-01", None), by=adviser_of(team))
    end = end_of(pass_iae)
    with time_machine.travel(dt.datetime(2027, 9, 1, 8, tzinfo=PARIS), tick=False):
        for hired_on in (dt.date(2027, 9, 10), dt.date(2026, 11, 1)):
            signed = employ(team.chloe, starts_on=hired_on)
            settle(team.world.organisation)
            assert end_of(pass_iae) < end
            assert withdraw_contract(signed, by=by)
            row = PassSuspension.objects.counting().get()
            assert (row.starts_on, row.ends_on, row.reason) == (whole.starts_on, whole.ends_on, whole.reason)
            assert end_of(pass_iae) == end
        assert PassSuspension.objects.filter(close_reason=CloseReason.HIRE_WITHDRAWN).count() == 1
        # The hire that was meant ends it.
        wrong = employ(team.chloe, starts_on=dt.date(2027, 3, 1), ends_on=dt.date(2027, 8, 31))
        settle(team.world.organisation)
        employ(team.chloe, starts_on=dt.date(2027, 9, 10))
        settle(team.world.organisation)
        assert withdraw_contract(wrong, by=by)
    assert PassSuspension.objects.counting().get().ends_on == dt.date(2027, 9, 9)
    end_of(pass_iae)


def test_a_suspension_that_cannot_be_given_back_is_said(team: Team) -> None:
    pass_iae = pass_of(team, team.chloe)
    team.chloe.contracts.update(withdrawn_on=NOW.date())
    suspend_pass(pass_iae, suspension("2026-11-01", None), by=adviser_of(team))
    signed = employ(team.chloe, starts_on=dt.date(2026, 11, 10))
    settle(team.world.organisation)
    suspend_pass(pass_iae, suspension("2026-11-20", "2026-11-30"), by=adviser_of(team))
    end = end_of(pass_iae)
    assert not withdraw_contract(signed, by=team.supervisor)
    assert end_of(pass_iae) == end
    asked = Asked(adviser_of(team), NOW.date(), months=3, kinds=("suspension",))
    assert [(line.person, line.day) for line in lines(asked)[0]] == [(team.chloe, NOW.date())]
    suspend_pass(pass_iae, suspension("2026-11-12", "2026-11-14"), by=adviser_of(team))
    assert lines(asked) == ([], False)
