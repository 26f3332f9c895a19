"""The pathway page and the deadlines page of social advisers (R23, domain.md 6.8)."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Iterator
from typing import Any

import pikepdf
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from concierge.enums import Role
from concierge.errors import WrongState
from concierge.models import Event
from notifications.models import Message
from tests.conftest import settle
from tests.employing import employer_of
from tests.providers.uploading import a_pdf, alive, an_image
from tests.workers.conftest import LEFT_ON, NOW, PARIS, Team
from tests.workers.pathways import END, NUMBER, REPORT, adviser_of, pass_of, prolongation, suspension
from workers.actions.appointments import AppointmentDetails, move_appointment, plan_appointment, write_diagnosis
from workers.actions.notes import write_note
from workers.actions.passes import suspend_pass
from workers.actions.prolongations import ask_prolongation
from workers.enums.passes import AppointmentKind, DiagnosisMaker, PassSource
from workers.models import (
    Appointment,
    Diagnosis,
    PassIAE,
    PassProlongation,
    PassSuspension,
    ProgressNote,
    Trainee,
    VaultReading,
)
from workers.models.appointments import times_before

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R23")]
DEADLINES = "/parcours/echeances/"


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(team: Team, client: Client) -> Client:
    """The social adviser's browser."""
    adviser_of(team)
    client.force_login(team.world.users["social_adviser"])
    return client


def url(name: str, team: Team, *more: Any) -> str:
    return reverse(f"workers:{name}", args=[team.amina.public_id, *more])


def read(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in text
    return text


def employer(team: Team) -> str:
    return str(employer_of(team.world.organisation).pk)


def test_a_pass_is_written_down_and_read_in_words(team: Team, desk: Client) -> None:
    assert "730" not in read(desk, url("pass", team)).split("<h2", 1)[0]
    answer = desk.post(url("pass", team), {"number": "99999 26 12345", "starts_on": "2026-01-05"})
    assert answer.status_code == 302
    text = read(desk, url("pass", team))
    for words in ("99999 26 12345", "4 janvier 2028", "408", "1 an"):
        assert words in text
    refused = desk.post(url("pass", team), {"number": "12", "starts_on": "2026-01-05"})
    assert (refused.status_code, "douze" in refused.content.decode()) == (422, True)
    assert PassIAE.objects.get().number == NUMBER


def test_the_new_end_is_seen_before_it_is_saved(team: Team, desk: Client) -> None:
    pass_iae = pass_of(team)
    address = url("suspend", team, pass_iae.public_id)
    data = {
        "starts_on": "2026-11-01",
        "ends_on": "2026-11-30",
        "reason": "contract_suspended",
        "employer": employer(team),
    }
    live = desk.post(address, data, headers={"HX-Request": "true"})
    assert ("2 février 2028" in live.content.decode(), "<html" in live.content.decode()) == (True, False)
    look = desk.post(address, {**data, "look": "1"})
    assert ("2 février 2028" in look.content.decode(), PassSuspension.objects.count()) == (True, 0)
    assert desk.post(address, data).status_code == 302
    pass_iae.refresh_from_db()
    assert pass_iae.ends_on == END + dt.timedelta(days=29)
    again = desk.post(address, data)
    assert (again.status_code, PassSuspension.objects.count()) == (422, 1)
    assert "déjà" in again.content.decode()
    live = desk.post(address, data, headers={"HX-Request": "true"})
    assert "déjà" in live.content.decode()


@pytest.mark.promise("domain R23")
def test_what_the_state_has_decided_is_written_down_and_not_judged_again(team: Team, desk: Client) -> None:
    """A PASS of 2023, suspended for an illness more than a year ago, prolonged by the State in time."""
    old = {"number": "99999 23 12345", "starts_on": "2023-03-01", "is_imported": "on"}
    missing = desk.post(url("pass", team), old)
    assert (missing.status_code, "plateforme" in missing.content.decode()) == (422, True)
    for wrong in ("2022-12-31", "demain"):
        assert desk.post(url("pass", team), {**old, "imported_ends_on": wrong}).status_code == 422
    assert desk.post(url("pass", team), {**old, "imported_ends_on": "2026-12-31"}).status_code == 302
    pass_iae = PassIAE.objects.get()
    assert (pass_iae.source, pass_iae.ends_on, pass_iae.differs) == ("imported", dt.date(2025, 2, 27), True)
    stopped = {
        "starts_on": "2024-03-01",
        "ends_on": "2024-06-01",
        "reason": "illness",
        "employer": employer(team),
    }
    address = url("suspend", team, pass_iae.public_id)
    assert desk.post(address, stopped).status_code == 422
    assert desk.post(address, {**stopped, "is_decided": "on"}).status_code == 302
    longer = {"reason": "rqth", "ends_on": "2026-12-31", "employer": employer(team)}
    address = url("prolong", team, pass_iae.public_id)
    assert desk.post(address, longer).status_code == 422
    for wrong in ("2027-01-01", "1890-01-01", "hier"):
        assert desk.post(address, {**longer, "decided_on": wrong}).status_code == 422
    given = {**longer, "decided_on": "2025-05-12"}
    assert desk.post(address, {**given, "ends_on": "2025-01-01"}).status_code == 422
    assert "31 décembre 2026" in desk.post(address, {**given, "look": "1"}).content.decode()
    assert desk.post(address, given).status_code == 302
    row = PassProlongation.objects.get()
    assert (row.source, row.status, row.requested_on) == ("imported", "granted", dt.date(2025, 5, 12))
    assert row.decided_at is not None and row.decided_at.astimezone(PARIS).date() == dt.date(2025, 5, 12)
    pass_iae.refresh_from_db()
    assert (pass_iae.ends_on, pass_iae.differs) == (dt.date(2026, 12, 31), False)
    assert "De la plateforme de l’État" in read(desk, url("pass", team))


def test_a_suspension_is_corrected_and_cancelled(team: Team, desk: Client) -> None:
    pass_iae = pass_of(team)
    row = suspend_pass(pass_iae, suspension("2026-11-01", "2026-11-30"), by=adviser_of(team))
    address = url("suspension", team, row.public_id)
    assert "2026-11-30" in read(desk, address)
    data = {
        "starts_on": "2026-11-01",
        "ends_on": "2026-11-10",
        "reason": "contract_ended",
        "employer": employer(team),
    }
    assert desk.post(address, data).status_code == 302
    entry = PassSuspension.objects.counting().get()
    assert (entry.reason, entry.supersedes) == ("contract_ended", row)
    assert desk.get(address).status_code == 404
    cancelled = desk.post(url("suspension-cancel", team, entry.public_id), {"reason": "mistake"})
    assert cancelled.status_code == 302
    assert desk.post(url("suspension-cancel", team, entry.public_id), {"reason": "mistake"}).status_code == 422
    pass_iae.refresh_from_db()
    assert (pass_iae.ends_on, PassSuspension.objects.counting().count()) == (END, 0)
    read(desk, url("pass", team))


def test_a_prolongation_is_asked_with_its_report_and_decided(team: Team, desk: Client) -> None:
    pass_iae = pass_of(team)
    address = url("prolong", team, pass_iae.public_id)
    data = {
        "reason": "rqth",
        "ends_on": "2029-01-04",
        "employer": employer(team),
        "prescriber_name": "Lise Morel",
        "prescriber_body": "Cap emploi",
    }
    with time_machine.travel(dt.datetime(2027, 11, 23, 8, tzinfo=PARIS), tick=False):
        desk.force_login(team.world.users["social_adviser"])
        missing = desk.post(address, data)
        assert (missing.status_code, "bilan" in missing.content.decode()) == (422, True)
        photo = SimpleUploadedFile("bilan.pdf", an_image("JPEG"), "application/pdf")
        answer = desk.post(address, {**data, "report": photo})
        assert (answer.status_code, "doit être un PDF" in answer.content.decode()) == (422, True)
        file = SimpleUploadedFile("bilan.pdf", a_pdf(2, alive), "application/pdf")
        assert desk.post(address, {**data, "report": file}).status_code == 302
        row = PassProlongation.objects.get()
        report = desk.post(url("report", team, row.public_id), {"purpose": "follow_up"})
        assert report["Content-Disposition"].split(";")[0] == "attachment"
        with pikepdf.open(io.BytesIO(report.content)) as kept:
            assert (len(kept.pages), set(kept.Root.keys())) == (2, {"/Type", "/Pages"})
        assert desk.post(url("prolongation", team, row.public_id, "refuser"), {"reason": "x"}).status_code == 422
        assert desk.post(url("prolongation", team, row.public_id, "autre")).status_code == 404
        assert desk.post(url("prolongation", team, row.public_id, "accorder")).status_code == 302
        assert "4 janvier 2029" in read(desk, url("pass", team))
        assert desk.post(url("prolongation", team, row.public_id, "annuler"), {"reason": "mistake"}).status_code == 302
    pass_iae.refresh_from_db()
    assert pass_iae.ends_on == END


def test_a_difference_with_the_platform_is_said(team: Team, desk: Client) -> None:
    pass_of(team, source=PassSource.IMPORTED, imported_ends_on=END + dt.timedelta(days=3))
    assert "7 janvier 2028" in read(desk, url("pass", team))


@pytest.mark.promise("P01", "domain R42")
def test_reasons_are_opened_by_their_own_adviser_for_a_purpose(team: Team, desk: Client) -> None:
    by, pass_iae = adviser_of(team), pass_of(team, starts_on=dt.date(2025, 3, 1))
    suspend_pass(pass_iae, suspension("2026-11-01", "2026-11-30"), by=by)
    pass_iae.refresh_from_db()
    asked = ask_prolongation(pass_iae, prolongation("2027-06-30"), by=by)
    closed = read(desk, url("pass", team))
    assert ("15 jours" in closed, "Motif gardé à part" in closed) == (False, True)
    report, reasons = url("report", team, asked.public_id), url("reasons", team)
    for address in (report, reasons):
        assert desk.post(address, {"purpose": ""}).status_code == 422
    assert not VaultReading.objects.exists()
    opened = desk.post(reasons, {"purpose": "control"})
    text = opened.content.decode()
    assert (opened.status_code, "15 jours" in text, "RQTH" in text) == (200, True, True)
    assert "no-store" in opened["Cache-Control"]
    assert desk.post(report, {"purpose": "rights"}).content == REPORT.content
    found = VaultReading.objects.order_by("pk").values_list("act", "purpose", "trainee", "reader")
    whose = (team.amina.pk, team.world.users["social_adviser"].pk)
    assert list(found) == [("reasons", "control", *whose), ("report", "rights", *whose)]


@pytest.mark.promise("P01", "domain R42")
def test_reasons_reports_and_notes_are_for_their_own_adviser_only(team: Team, desk: Client) -> None:
    by, pass_iae = adviser_of(team), pass_of(team, starts_on=dt.date(2025, 3, 1))
    row = suspend_pass(pass_iae, suspension("2026-11-01", "2026-11-30"), by=by)
    pass_iae.refresh_from_db()
    asked = ask_prolongation(pass_iae, prolongation("2027-06-30"), by=by)
    note = write_note(team.amina, "Tient bien l’accueil.", by=by)
    Trainee.objects.filter(pk=team.amina.pk).update(adviser=None)
    text = read(desk, url("pass", team))
    assert ("15 jours" in text, "RQTH" in text, "30 novembre 2026" in text or "nov. 2026" in text) == (
        False,
        False,
        True,
    )
    for name, more in (("reasons", ()), ("report", (asked.public_id,))):
        assert desk.post(url(name, team, *more), {"purpose": "control"}).status_code == 403
    for name, key in (("suspension", row.public_id), ("suspend", pass_iae.public_id), ("prolong", pass_iae.public_id)):
        assert desk.get(url(name, team, key)).status_code == 403
    assert desk.get(url("notes", team)).status_code == 403
    assert not ProgressNote.objects.visible_to(by).filter(pk=note.pk).exists()
    desk.force_login(team.world.users["network_head"])
    assert "15 jours" not in read(desk, url("pass", team))
    assert not VaultReading.objects.exists()
    desk.force_login(team.world.users["dispatcher"])
    assert desk.get(url("pass", team)).status_code == 403


@pytest.mark.promise("P01")
def test_a_correction_keeps_the_reason_without_showing_it(team: Team, desk: Client) -> None:
    row = suspend_pass(pass_of(team), suspension("2026-11-01", "2026-11-30"), by=adviser_of(team))
    address = url("suspension", team, row.public_id)
    assert (
        "selected"
        not in read(desk, address).split('name="reason"', 1)[1].split("</select>", 1)[0].split("</option>", 1)[1]
    )
    data = {"starts_on": "2026-11-01", "ends_on": "2026-11-10", "reason": "", "employer": employer(team)}
    assert desk.post(address, data).status_code == 302
    assert PassSuspension.objects.counting().get().reason == row.reason


def test_an_appointment_is_planned_and_its_outcome_noted(team: Team, desk: Client) -> None:
    data = {"day": "2026-11-20", "time": "09:30", "kind": "follow_up", "place": "Bureau 2"}
    assert desk.post(url("appointments", team), data).status_code == 302
    again = desk.post(url("appointments", team), data)
    assert (again.status_code, "déjà" in again.content.decode()) == (422, True)
    row = Appointment.objects.get()
    assert row.starts_at == dt.datetime(2026, 11, 20, 9, 30, tzinfo=PARIS)
    assert desk.post(url("appointment", team, row.public_id), {"status": "late"}).status_code == 422
    assert desk.post(url("appointment", team, row.public_id), {"status": "present"}).status_code == 302
    to_come = {**data, "day": "2026-12-20"}
    assert desk.post(url("appointments", team), to_come).status_code == 302
    later = Appointment.objects.get(status="pending")
    assert desk.post(url("appointment", team, later.public_id), {"status": "absent"}).status_code == 422
    assert desk.post(url("appointment", team, later.public_id), {"status": "cancelled"}).status_code == 302
    read(desk, url("pass", team))


def planned(team: Team, desk: Client, day: str = "2026-12-01") -> Appointment:
    """An interview at half past nine."""
    data = {"day": day, "time": "09:30", "kind": "follow_up", "place": "Bureau 2"}
    assert desk.post(url("appointments", team), data).status_code == 302
    return Appointment.objects.get(starts_at__date=day)


def written() -> list[tuple[str, str]]:
    """What people of the team are told, and at which address."""
    settle()
    return list(Message.objects.order_by("pk").values_list("kind", "address"))


def test_an_appointment_moves_and_the_time_before_stays_in_the_history(team: Team, desk: Client) -> None:
    one = planned(team, desk)
    address = url("appointment-move", team, one.public_id)
    assert address in desk.get(url("pass", team)).content.decode()
    was = one.starts_at.isoformat()
    assert was in desk.get(address).content.decode()
    there = {"day": "2026-12-03", "time": "14:00", "place": "Bureau 3", "was": was}
    assert desk.post(address, there).status_code == 302
    one.refresh_from_db()
    assert (one.starts_at, one.place) == (dt.datetime(2026, 12, 3, 14, 0, tzinfo=PARIS), "Bureau 3")
    assert times_before([one]) == {one.public_id: [dt.datetime(2026, 12, 1, 9, 30, tzinfo=PARIS)]}
    assert "au lieu de mar 1er déc" in read(desk, url("pass", team))
    # An old page changes nothing; nor does the same time again.
    stale = desk.post(address, {**there, "time": "15:00"})
    assert (stale.status_code, "Rechargez" in stale.content.decode()) == (422, True)
    assert desk.post(address, {**there, "was": one.starts_at.isoformat()}).status_code == 302
    assert Event.objects.filter(name="appointment.moved").count() == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"day": "2026-11-20"},
        {"day": "2026-12-01", "time": "11:00"},
        {"day": "1999-01-01"},
        {"day": ""},
        {"was": "x"},
        {"was": ""},
        {"was": "2026-12-01T09:30"},
        {"time": "25:00"},
        {"place": "x" * 121},
    ],
)
def test_a_time_that_cannot_be_meant_or_is_taken_is_refused_at_its_field(
    team: Team, desk: Client, sent: dict[str, str]
) -> None:
    one = planned(team, desk)
    other = AppointmentDetails(dt.datetime(2026, 12, 1, 11, tzinfo=PARIS), AppointmentKind.REVIEW)
    plan_appointment(team.amina, other, by=adviser_of(team))
    data = {"day": "2026-12-03", "time": "14:00", "place": "", "was": one.starts_at.isoformat(), **sent}
    assert desk.post(url("appointment-move", team, one.public_id), data).status_code == 422
    one.refresh_from_db()
    assert one.starts_at == dt.datetime(2026, 12, 1, 9, 30, tzinfo=PARIS)


def test_what_took_place_or_was_cancelled_does_not_move(team: Team, desk: Client) -> None:
    one = planned(team, desk)
    address = url("appointment-move", team, one.public_id)
    assert desk.post(url("appointment", team, one.public_id), {"status": "cancelled"}).status_code == 302
    assert desk.get(address).status_code == 404
    # An old page says why, with what was typed.
    there = {"day": "2026-12-03", "time": "14:00", "place": "Bureau 3", "was": one.starts_at.isoformat()}
    old = desk.post(address, there)
    assert (old.status_code, 'value="Bureau 3"' in old.content.decode()) == (422, True)
    assert str(WrongState.message) in old.content.decode()
    assert desk.post(url("appointment-move", team, uuid.uuid4()), there).status_code == 404
    with pytest.raises(WrongState):
        move_appointment(
            one, starts_at=one.starts_at + dt.timedelta(days=1), place="", was=one.starts_at, by=adviser_of(team)
        )


def test_the_person_is_told_of_what_is_planned_moved_and_cancelled_and_reads_it_in_their_week(
    team: Team, desk: Client, client: Client
) -> None:
    user = team.world.users["trainee"]
    one = planned(team, desk)
    past = {"day": "2026-11-20", "time": "09:30", "kind": "follow_up", "place": ""}
    assert desk.post(url("appointments", team), past).status_code == 302
    assert written() == [("appointment.planned", user.email)]
    there = {"day": "2026-12-03", "time": "14:00", "place": "Bureau 3", "was": one.starts_at.isoformat()}
    moved = desk.post(url("appointment-move", team, one.public_id), there, follow=True).content.decode()
    assert "Amina reçoit un message" in moved
    themself = Client()
    themself.force_login(user)
    week = themself.get(reverse("workers:my_week"), {"semaine": "2026-12-01"}).content.decode()
    assert ("Jeudi 3 décembre" in week, "Bureau 3" in week) == (True, True)
    assert desk.post(url("appointment", team, one.public_id), {"status": "cancelled"}).status_code == 302
    assert [kind for kind, _to in written()] == ["appointment.planned", "appointment.moved", "appointment.cancelled"]
    week = themself.get(reverse("workers:my_week"), {"semaine": "2026-12-01"}).content.decode()
    assert "Bureau 3" not in week


def test_whoever_has_no_address_is_to_be_told_by_the_adviser(team: Team, desk: Client) -> None:
    data = {"day": "2026-12-01", "time": "09:30", "kind": "follow_up", "place": ""}
    address = reverse("workers:appointments", args=[team.bilal.public_id])
    answer = desk.post(address, data, follow=True).content.decode()
    assert "Bilal n’a pas d’adresse" in answer
    assert written() == []


def test_a_diagnosis_counts_until_its_day(team: Team, desk: Client) -> None:
    assert desk.post(url("diagnosis", team), {"made_on": "2026-08-31", "made_by": "employer"}).status_code == 302
    assert Diagnosis.objects.get().ends_on == dt.date(2026, 12, 1)
    for wrong in ({"made_on": "2026-11-24"}, {"made_on": "2026-08-31"}, {"made_on": ""}):
        assert desk.post(url("diagnosis", team), {"made_by": "employer", **wrong}).status_code == 422


# --- the deadlines page ----------------------------------------------------


def everything(team: Team) -> None:
    """One line of each kind within a year."""
    by = adviser_of(team)
    pass_iae = pass_of(team, starts_on=dt.date(2025, 3, 1))
    ask_prolongation(pass_iae, prolongation("2027-06-30"), by=by)
    write_diagnosis(team.bilal, made_on=dt.date(2026, 10, 1), made_by=DiagnosisMaker.EMPLOYER, by=by)
    at = NOW + dt.timedelta(days=2)
    plan_appointment(team.amina, AppointmentDetails(starts_at=at, kind=AppointmentKind.REVIEW), by=by)


def test_everything_that_slips_is_on_one_page_the_most_urgent_first(team: Team, desk: Client) -> None:
    everything(team)
    text = read(desk, DEADLINES, of="all", months="12")
    places = [text.index(words) for words in ("Bilan du parcours", "Le diagnostic", "Le PASS se termine", "Le contrat")]
    assert places == sorted(places)
    assert "28 fév. 2027" in text


def test_a_deadline_opens_the_tab_where_it_is_settled(team: Team, desk: Client) -> None:
    everything(team)
    rows = read(desk, DEADLINES, of="mine", months="12").split("<tr")
    (contract,) = [row for row in rows if "Le contrat se termine" in row]
    assert f'href="{url("contracts", team)}"' in contract
    (interview,) = [row for row in rows if "Bilan du parcours" in row]
    assert f'href="{url("pass", team)}"' in interview


def test_what_is_opened_from_the_pass_stays_in_the_file(team: Team, desk: Client) -> None:
    pass_iae = pass_of(team)
    pages = [url("pass", team), url("suspend", team, pass_iae.public_id), url("vault", team)]
    for address in [*pages, url("prolong", team, pass_iae.public_id)]:
        text = " ".join(read(desk, address).split())
        assert f'<a class="tab" href="{url("pass", team)}" aria-current="page">PASS et parcours</a>' in text
        assert f'<a href="{reverse("workers:trainees")}">' in text
        assert text.count("<h1") == 1


def test_filters_by_person_kind_and_time(team: Team, desk: Client) -> None:
    everything(team)
    mine = read(desk, DEADLINES, of="mine", months="12")
    assert ("Amina" in mine, "Bilal" in mine) == (True, False)
    assert "Bilal" in read(desk, DEADLINES, of="all", months="12")
    only = read(desk, DEADLINES, of="all", months="12", kind="contract")
    assert ("Le contrat se termine" in only, "Bilan du parcours" in only) == (True, False)
    soon = read(desk, DEADLINES, of="all", months="1")
    assert ("Bilan du parcours" in soon, "Le PASS se termine" in soon) == (True, False)
    for odd in ({"months": "7"}, {"kind": "x"}, {"of": "y"}, {"page": "abc"}, {"page": "99"}):
        read(desk, DEADLINES, **odd)


def test_the_page_is_empty_in_words(team: Team, desk: Client) -> None:
    Trainee.objects.update(is_active=False, last_on=LEFT_ON)
    assert "<table" not in read(desk, DEADLINES, of="all", months="12")


def test_the_window_of_a_prolongation_opens_and_closes(team: Team, desk: Client) -> None:
    pass_of(team)
    opens = read(desk, DEADLINES, of="all", months="3", kind="window")
    assert "4 jan. 2027" in opens
    with time_machine.travel(dt.datetime(2028, 5, 1, 8, tzinfo=PARIS), tick=False):
        desk.force_login(team.world.users["social_adviser"])
        assert "4 juil. 2028" in read(desk, DEADLINES, of="all", months="3", kind="window")


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.SUPERVISOR, Role.CONCIERGE, Role.ACCOUNTANT])
def test_the_deadlines_are_for_advisers(team: Team, client: Client, role: str) -> None:
    client.force_login(team.world.users[role])
    assert client.get(DEADLINES).status_code == 403


def queries(client: Client, address: str, **query: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        read(client, address, **query)
    return len(captured)


def test_deadlines_of_1_and_3_people_take_as_many_queries(team: Team, desk: Client) -> None:
    pass_of(team, starts_on=dt.date(2025, 3, 1))
    one = queries(desk, DEADLINES, of="all", months="12")
    for number, trainee in enumerate((team.bilal, team.chloe)):
        pass_of(team, trainee, number=f"99999261234{number}", starts_on=dt.date(2025, 4, 1))
    assert queries(desk, DEADLINES, of="all", months="12") == one


def test_a_ledger_of_1_and_3_entries_takes_as_many_queries(team: Team, desk: Client) -> None:
    by, pass_iae = adviser_of(team), pass_of(team)
    suspend_pass(pass_iae, suspension("2026-02-01", "2026-02-10"), by=by)
    one = queries(desk, url("pass", team))
    for month in (3, 4):
        suspend_pass(pass_iae, suspension(f"2026-0{month}-01", f"2026-0{month}-10"), by=by)
    assert queries(desk, url("pass", team)) == one
