"""Hours on pages: the person's month, the supervisor's list, the accounts' months, files, follow-up notes."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from concierge.enums import Role
from concierge.models import Event, Membership, Site
from tests.employing import employ
from tests.workers.conftest import NOW, Team, at
from workers.actions import time as clock
from workers.actions.dispatch import assign_work_order
from workers.actions.hours import Said, add_entry, contest_entries
from workers.actions.notes import write_note
from workers.actions.people import create_trainee
from workers.actions.timesheets import close_month
from workers.actions.work import finish_assignment, start_assignment
from workers.enums import TimeKind
from workers.models import Assignment, ProgressNote, TimeEntry, TimesheetMonth, Trainee
from workers.views import hours as hours_views
from workers.views.hour_cards import card_of

DAY, LIST, MINE, MONTHS = "/ma-journee/", "/heures/", "/mes-heures/", "/heures/mois/"
MONDAY = {"jour": "2026-11-23"}
LATE = ["not_available", "L14"]
NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _monday_evening() -> Iterator[None]:
    with time_machine.travel(at(18), tick=False):
        yield


@pytest.fixture
def phone(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["trainee"])
    return client


@pytest.fixture
def staff(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["supervisor"])
    return client


def page(client: Client, address: str, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    text = response.content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in text
    return text


def refusal(answer: Any, status: int) -> str:
    text = answer.content.decode()
    assert answer.status_code == status, text[:2000]
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in text
    return str(text)


def pressed(team: Team, trainee: Trainee, hour: int, minutes: int = 45) -> TimeEntry:
    """A stretch that the person clocked."""
    by = team.themself(trainee)
    clock.clock_in(trainee, kind=TimeKind.WORK, by=by, act_at=at(hour))
    entry = clock.clock_out(trainee, by=by, act_at=at(hour) + dt.timedelta(minutes=minutes))
    assert entry is not None
    return entry


def given(team: Team, hour: int) -> Assignment:
    with time_machine.travel(NOW, tick=False):
        return assign_work_order(
            team.work(minutes=60), team.amina, starts_at=at(hour), by=team.dispatcher, accepted_warnings=LATE
        )


@pytest.mark.promise("domain R20", "domain R46")
def test_the_day_has_a_break_and_other_time(team: Team, phone: Client) -> None:
    work = given(team, 17)
    start_assignment(work, by=team.themself(team.amina), act_at=at(17))
    assert reverse("workers:pause") in page(phone, DAY)
    assert phone.post(reverse("workers:pause")).status_code == 302
    text = page(phone, DAY)
    assert "En pause" in text
    assert reverse("workers:finish", args=[work.public_id]) in text
    with time_machine.travel(at(18, 10), tick=False):
        phone.post(reverse("workers:resume"), {"assignment": str(work.public_id)})
        finish_assignment(work, by=team.themself(team.amina), act_at=at(18, 10))
        for _twice in range(2):
            assert phone.post(reverse("workers:clock_in"), {"kind": "training"}).status_code == 302
    with time_machine.travel(at(18, 30), tick=False):
        assert "Formation" in page(phone, DAY)
        assert phone.post(reverse("workers:clock_out")).status_code == 302
    assert sorted(TimeEntry.objects.current().values_list("kind", flat=True)) == ["break", "training", "work"]
    refusal(phone.post(reverse("workers:clock_in"), {"kind": "sick_leave"}), 400)
    refusal(phone.post(reverse("workers:resume")), 409)
    # A moment and nothing else: no place, no picture.
    names = {field.name for field in TimeEntry._meta.get_fields()}
    assert not {name for name in names if any(word in name for word in ("photo", "latitude", "longitude", "position"))}


@pytest.mark.promise("domain R20")
def test_the_person_says_that_it_is_right_or_not(team: Team, phone: Client) -> None:
    first, second = pressed(team, team.amina, 9), pressed(team, team.amina, 14)
    text = page(phone, MINE)
    assert "09:00 – 09:45" in text
    assert "1 h 30" in text.replace("\xa0", " ")
    say = reverse("workers:say_hours")
    assert phone.post(say, {"verb": "wrong", "day": "2026-11-23", "note": "Plus long"}).status_code == 302
    first.refresh_from_db()
    assert (first.status, first.contest_note) == ("contested", "Plus long")
    assert phone.post(say, {"verb": "right"}).status_code == 302
    for entry in (first, second):
        entry.refresh_from_db()
        assert entry.status == "confirmed"
    refusal(phone.post(say, {"verb": "perhaps"}), 400)
    for month in ("2031-01", "1999-01", "x"):
        page(phone, MINE, mois=month)
    assert "Aucune heure ce mois-ci" in page(phone, MINE, mois="2026-08")
    with time_machine.travel(at(9, days=10), tick=False):
        TimesheetMonth.objects.update(status="closed", closed_at=at(9), version=1)
        assert say not in page(phone, MINE, mois="2026-11")
        refusal(phone.post(say, {"verb": "wrong", "day": "2026-11-23", "mois": "2026-11"}), 409)


@pytest.mark.promise("domain R20", "domain R25")
def test_the_list_shows_what_needs_a_look_first(team: Team, staff: Client) -> None:
    contested, plain = pressed(team, team.amina, 9), pressed(team, team.amina, 14)
    contest_entries([contested], by=team.themself(team.amina), note="J’ai fini à 10 h")
    with time_machine.travel(at(9, days=1), tick=False):
        text = page(staff, LIST, **MONDAY)
        whole = page(staff, LIST, semaine="2026-11-23")
    assert text.index("J’ai fini à 10 h") < text.index(str(plain.public_id))
    assert "Aucune heure n’est écrite" in text  # Bilal's Monday
    assert "Chloé" not in text + whole
    assert "Valider la seule sans remarque" in text


def test_somebody_who_forgot_to_stop_is_ended_in_one_tap(team: Team, staff: Client) -> None:
    work = given(team, 14)
    start_assignment(work, by=team.themself(team.amina), act_at=at(14, 5))
    with time_machine.travel(at(9, days=1), tick=False):
        text = page(staff, LIST, **MONDAY)
        assert "Terminé à 15:00" in text.replace("\xa0", " ")
        entry = TimeEntry.objects.get()
        data = {
            "kind": "work",
            "day": "2026-11-23",
            "starts": "14:05",
            "ends": "15:00",
            "next_day": "",
            "reason": "Oubli",
        }
        assert staff.post(reverse("workers:entry", args=[entry.public_id]), data).status_code == 302
    ended = TimeEntry.objects.current().get()
    assert (ended.ends_at, ended.version, ended.status) == (at(15), 2, "validated")


@pytest.mark.promise("domain R20")
def test_one_several_or_all_without_remark_and_undo(team: Team, staff: Client) -> None:
    entries = [pressed(team, person, hour) for person in (team.amina, team.bilal) for hour in (9, 11, 14)]
    contest_entries(entries[:1], by=team.themself(team.amina))
    validate = reverse("workers:validate_hours")
    where = {"jour": "2026-11-23"}
    assert "Cochez" in refusal(staff.post(validate, where), 400)
    answer = staff.post(validate, {**where, "entry": [str(one.public_id) for one in entries[1:3]]})
    assert (answer.status_code, answer["Location"]) == (302, "/heures/?jour=2026-11-23")
    assert TimeEntry.objects.filter(validated_at=None).count() == 4
    assert staff.post(reverse("workers:undo_hours"), where).status_code == 302
    assert TimeEntry.objects.filter(validated_at=None).count() == 6
    refusal(staff.post(reverse("workers:undo_hours"), where), 409)
    assert staff.post(validate, {**where, "all": "on"}).status_code == 302
    assert list(TimeEntry.objects.filter(validated_at=None)) == entries[:1]
    assert "Vous venez de valider 5 pointages" in page(staff, LIST, **MONDAY).replace("\xa0", " ")
    # Contested: not without an answer.
    one = {**where, "entry": str(entries[0].public_id)}
    refusal(staff.post(validate, one), 400)
    assert staff.post(validate, {**one, "answer": "Vu ensemble"}).status_code == 302
    refusal(staff.post(validate, {**where, "entry": str(entries[1].public_id)}), 409)
    refusal(staff.post(validate, {**where, "entry": "nonsense"}), 400)


@pytest.mark.promise("S01", "domain R20")
def test_another_team_s_hours_do_not_exist(team: Team, staff: Client, client: Client) -> None:
    entry = pressed(team, team.chloe, 9)
    assert staff.post(reverse("workers:validate_hours"), {"entry": str(entry.public_id)}).status_code == 404
    for name in ("entry", "person_month"):
        target = entry.public_id if name == "entry" else team.chloe.public_id
        assert staff.get(reverse(f"workers:{name}", args=[target])).status_code in {403, 404}
    fill = {"trainee": str(team.chloe.public_id), "day": "2026-11-23", "kind": "work"}
    assert staff.post(reverse("workers:fill_hours"), fill).status_code == 404
    client.force_login(team.world.users["site_manager"])
    text = page(client, LIST, **MONDAY)
    assert "Chloé" in text
    assert "Vous remplacez" in text
    assert client.post(reverse("workers:validate_hours"), {"entry": str(entry.public_id)}).status_code == 302
    entry.refresh_from_db()
    assert entry.is_stand_in
    assert "à la place de l’encadrant" in page(client, LIST, **MONDAY)


def test_a_day_without_hours_was_as_planned_or_an_absence(team: Team, staff: Client) -> None:
    given(team, 10)
    fill = reverse("workers:fill_hours")
    with time_machine.travel(at(9, days=1), tick=False):
        base = {"jour": "2026-11-23", "day": "2026-11-23"}
        for person, kind in ((team.amina, "work"), (team.bilal, "sick_leave"), (team.bilal, "work")):
            answer = staff.post(fill, {**base, "trainee": str(person.public_id), "kind": kind})
            assert answer.status_code == 302
        refusal(staff.post(fill, {**base, "trainee": str(team.amina.public_id), "kind": "x"}), 400)
    work, away = TimeEntry.objects.order_by("trainee_id")
    assert (work.starts_at, work.ends_at, work.source, work.assignment) == (
        at(10),
        at(11),
        "planned",
        Assignment.objects.get(),
    )
    assert (away.kind, away.minutes) == ("sick_leave", 450)


def test_hours_are_written_and_corrected_with_sentences_at_the_field(team: Team, staff: Client) -> None:
    add = reverse("workers:add_hours")
    page(staff, add, trainee=str(team.amina.public_id), day="2026-11-20")
    base = {
        "trainee": str(team.amina.public_id),
        "kind": "work",
        "day": "2026-11-23",
        "starts": "09:00",
        "ends": "12:00",
    }
    wrong = [
        ({"ends": "08:00"}, "doit être après le début"),
        ({"ends": ""}, "Indiquez de quelle heure"),
        ({"starts": "19:00", "ends": "20:00"}, "n’est pas encore passée"),
        ({"kind": "unknown", "absence": "-3"}, "Écrivez les heures"),
        ({"kind": "unknown", "absence": "25h"}, "24 heures"),
        ({"kind": "unknown"}, "Indiquez combien d’heures"),
        ({"kind": "x"}, "error-summary"),
        ({"trainee": str(team.chloe.public_id)}, "error-summary"),
    ]
    for change, sentence in wrong:
        assert sentence in refusal(staff.post(add, {**base, **change}), 422), change
    assert staff.post(add, base).status_code == 302
    assert "couvrent déjà" in refusal(staff.post(add, {**base, "starts": "11:00", "ends": "13:00"}), 409)
    for absence, minutes in (("7:30", 450), ("7h", 420), ("3,5", 210)):
        day = {"450": "16", "420": "17", "210": "18"}[str(minutes)]
        data = {**base, "kind": "unpaid_leave", "absence": absence, "day": f"2026-11-{day}", "starts": "", "ends": ""}
        assert staff.post(add, data).status_code == 302
        assert TimeEntry.objects.get(starts_on=f"2026-11-{day}").minutes == minutes
    entry = TimeEntry.objects.get(kind="work")
    address = reverse("workers:entry", args=[entry.public_id])
    text = page(staff, address)
    assert 'value="09:00"' in text
    assert 'value="2026-11-23"' in text
    change = {**base, "ends": "11:30"}
    assert "obligatoire" in refusal(staff.post(address, change), 422)
    assert "doit être après" in refusal(staff.post(address, {**change, "ends": "08:00", "reason": "x"}), 422)
    assert staff.post(address, {**change, "reason": "Partie plus tôt"}).status_code == 302
    refusal(staff.post(address, {**change, "reason": "Encore"}), 412)
    new = TimeEntry.objects.current().get(kind="work")
    assert "Partie plus tôt" in page(staff, reverse("workers:entry", args=[new.public_id]))
    assert "version antérieure" in page(staff, address)
    withdraw = reverse("workers:entry", args=[new.public_id])
    refusal(staff.post(withdraw, {"verb": "withdraw"}), 422)
    assert staff.post(withdraw, {"verb": "withdraw", "reason": "Double"}).status_code == 302
    assert not TimeEntry.objects.current().filter(kind="work").exists()


def test_the_list_is_paged_and_empty_when_there_is_nothing(team: Team, staff: Client, monkeypatch: Any) -> None:
    assert "Rien à valider" in page(staff, LIST, semaine="2026-09-07", jour="2026-09-06")
    monkeypatch.setattr("workers.views.hours.PAGE", 1)
    for hour in (9, 10, 11):
        pressed(team, team.bilal, hour)
    built: list[Any] = []

    def build(*args: Any, **more: Any) -> dict[str, Any]:
        built.append(args)
        return card_of(*args, **more)

    monkeypatch.setattr(hours_views, "card_of", build)
    page(staff, LIST, **MONDAY)
    assert len(built) == 1
    # Whoever has something to settle comes first, whatever their name.
    first, second = page(staff, LIST, **MONDAY), page(staff, LIST, page="2", **MONDAY)
    assert [text.count('name="entry"') for text in (first, second)] == [3, 0]
    assert "Valider les 3 sans remarque" in first.replace("\xa0", " ")
    answer = staff.post(reverse("workers:validate_hours"), {**MONDAY, "page": "2", "all": "on"})
    assert answer["Location"] == "/heures/?jour=2026-11-23&page=2"
    staff.post(reverse("workers:undo_hours"), MONDAY)
    page(staff, LIST, semaine="nonsense", page="99")
    later = page(staff, LIST, semaine="2026-11-30")
    assert "3 pointages de jours précédents" in later.replace("\xa0", " ")


@pytest.mark.promise("domain R35")
def test_the_accounts_see_what_blocks_and_close(team: Team, client: Client) -> None:
    pressed(team, team.amina, 9)
    client.force_login(team.world.users["accountant"])
    site = team.world.site.slug
    close, reopen = (reverse(f"workers:{verb}", args=[site]) for verb in ("close_month", "reopen_month"))
    month = {"mois": "2026-11"}
    refusal(client.post(close, month), 400)
    with time_machine.travel(at(9, days=10), tick=False):
        text = page(client, MONTHS, **month)
        assert "1 non validé" in text.replace("\xa0", " ")
        refusal(client.post(close, month), 422)
        TimeEntry.objects.update(validated_at=at(18))
        assert "Des jours où du travail était prévu" in refusal(client.post(close, month), 422)
        # The person has not said yes themself (R20).
        assert "accepts_unconfirmed" in page(client, MONTHS, **month)
        refusal(client.post(close, {**month, "accepts_missing": "on"}), 422)
        accepts = {"accepts_missing": "on", "accepts_unconfirmed": "on"}
        assert client.post(close, {**month, **accepts}).status_code == 302
        assert "Le mois est clôturé" in page(client, MONTHS, **month)
        assert client.post(reopen, {**month, "reason": "Oubli"}).status_code == 403
        client.force_login(team.world.users["site_manager"])
        refusal(client.post(reopen, {**month, "reason": ""}), 400)
        assert client.post(reopen, {**month, "reason": "Oubli"}).status_code == 302
        assert "Oubli" in page(client, MONTHS, **month)
    assert client.get(MONTHS, {"site": "ailleurs"}).status_code == 404


@pytest.mark.promise("domain R20")
def test_a_month_that_runs_compares_what_is_over(team: Team, client: Client) -> None:
    """30 h a week are 130 h of a whole month, 95 h 20 of its first 22 days; the work of today counts tomorrow."""
    pressed(team, team.amina, 9, 60)
    client.force_login(team.world.users["accountant"])
    text = page(client, MONTHS, mois="2026-11").replace("\xa0", " ")
    assert "jusqu’au 22 novembre" in text
    assert ">130 h<" in text
    assert ">−95 h 20<" in text
    one = page(client, reverse("workers:person_month", args=[team.amina.public_id]), mois="2026-11")
    assert "−95 h 20" in one.replace("\xa0", " ")
    with time_machine.travel(at(9, days=8), tick=False):
        # The first day of a month: nothing is over.
        assert ">–<" in page(client, MONTHS, mois="2026-12")
        over = page(client, MONTHS, mois="2026-11").replace("\xa0", " ")
        assert "jusqu’au" not in over
        assert ">−129 h<" in over


@pytest.mark.promise("L19", "domain R42", "S25")
def test_a_month_as_files_says_who_took_it_and_runs_nothing(team: Team, client: Client) -> None:
    Trainee.objects.filter(pk=team.amina.pk).update(last_name="=cmd|calc")
    add_entry(team.amina, Said("work", at(9), at(12)), by=team.supervisor)
    add_entry(team.amina, Said("training", at(13), at(15)), by=team.supervisor)
    add_entry(team.amina, Said("paid_leave", day=dt.date(2026, 11, 20), minutes=420), by=team.supervisor)
    month = {"mois": "2026-11"}
    client.force_login(team.world.users["accountant"])
    got = {
        kind: client.post(reverse("workers:person_file", args=[team.amina.public_id, kind]), month)
        for kind in ("csv", "xlsx", "pdf")
    }
    assert all(answer.status_code == 200 for answer in got.values())
    assert got["csv"]["Cache-Control"] == "private, no-store"
    rows = list(csv.reader(io.StringIO(got["csv"].content.decode("utf-8-sig")), delimiter=";"))
    assert rows[1][0] == "'=cmd|calc"
    totals = {row[3]: row[8:10] for row in rows if len(row) > 4 and row[4] == "Total"}
    assert totals["2026-11-23"] == ["5,00", "5,00"]
    assert totals["Semaine du 2026-11-16"] == ["0,00", "7,00"]
    assert totals["Mois 2026-11"] == ["5,00", "12,00"]
    assert rows[-1][0].startswith("Exporté par Accountant Test")
    cells = CalamineWorkbook.from_filelike(io.BytesIO(got["xlsx"].content)).get_sheet_by_index(0).to_python()
    assert cells[1][0] == "'=cmd|calc"
    assert [row[8:10] for row in cells if row[3] == "Mois 2026-11"] == [[5.0, 12.0]]
    text = " ".join(PdfReader(io.BytesIO(got["pdf"].content)).pages[0].extract_text().split())
    for words in (
        "Exporté par Accountant Test",
        "Relevé d’heures",
        "Total de la semaine",
        "09:00 – 12:00",
        "Mois encore ouvert",
    ):
        assert words in text, text
    assert [event.data["kind"] for event in Event.objects.filter(name="timesheet.exported").order_by("pk")] == [
        "csv",
        "xlsx",
        "pdf",
    ]
    everybody = client.post(reverse("workers:month_file", args=[team.world.site.slug, "xlsx"]), month)
    assert everybody.status_code == 200
    assert client.post(reverse("workers:month_file", args=[team.world.site.slug, "exe"]), month).status_code == 404
    address = reverse("workers:person_file", args=[team.amina.public_id, "pdf"])
    for user, status in (("supervisor", 200), ("trainee", 200), ("site_manager", 200), ("dispatcher", 403)):
        client.force_login(team.world.users[user])
        assert client.post(address, month).status_code == status
    assert client.post(reverse("workers:person_file", args=[team.bilal.public_id, "pdf"]), month).status_code == 403


@pytest.mark.promise("S07")
def test_notes_are_written_corrected_and_read_by_the_person(team: Team, staff: Client) -> None:
    address = reverse("workers:notes", args=[team.amina.public_id])
    assert "santé" in page(staff, address)
    assert staff.post(address, {"text": "Accueille très bien."}).status_code == 302
    refusal(staff.post(address, {"text": " "}), 422)
    note = ProgressNote.objects.get()
    correct = reverse("workers:correct_note", args=[note.public_id])
    refusal(staff.post(correct, {"text": ""}), 422)
    assert staff.post(correct, {"text": "Accueille bien."}).status_code == 302
    assert "Encore." in refusal(staff.post(correct, {"text": "Encore."}), 412)
    text = page(staff, address)
    assert "Accueille bien." in text
    assert "Accueille très bien." in text
    assert staff.get(reverse("workers:notes", args=[team.chloe.public_id])).status_code == 403
    staff.force_login(team.world.users["trainee"])
    mine = page(staff, "/mes-notes/")
    assert "Accueille bien." in mine
    assert "très bien" not in mine
    write_note(team.bilal, "Autre chose.", by=team.supervisor)
    assert "Autre chose" not in page(staff, "/mes-notes/")


@pytest.mark.promise("domain R21")
def test_what_real_hours_break_is_listed_with_its_article_and_what_is_left_to_do(team: Team, staff: Client) -> None:
    """Eleven hours on Monday until eleven at night, and work again at seven: a day too long, a rest too short."""
    said = [(at(8), at(13)), (at(14), at(20)), (at(7, days=1), at(12, days=1))]
    with time_machine.travel(at(18, days=1), tick=False):
        for start, end in said:
            add_entry(team.amina, Said(TimeKind.WORK, start, end), by=team.supervisor)
        assert "Code du travail" not in page(staff, LIST, jour="2026-11-22")
        week = page(staff, LIST, semaine="2026-11-23")
        day = page(staff, LIST, jour="2026-11-24")
    assert "11 h de travail le lun 23 nov" in week.replace("\xa0", " ").replace("\u202f", " ")
    assert ("L3121-18" in week, "L3121-18" in day) == (True, False)
    assert f'href="#p-{team.amina.public_id}"' in week


@pytest.mark.promise("domain R21")
def test_everybody_is_judged_by_the_clocks_of_their_site(team: Team, staff: Client) -> None:
    """Until eight in the evening in Guadeloupe is one in the morning in Dijon: eleven hours of one day there."""
    world = team.world
    island = Site.objects.create(
        organisation=world.organisation,
        slug="pointe-a-pitre",
        name="Pointe-à-Pitre",
        street="1 quai",
        postcode="97110",
        city="Pointe-à-Pitre",
        time_zone="America/Guadeloupe",
        latitude=16.24,
        longitude=-61.53,
    )
    Trainee.objects.filter(pk=team.amina.pk).update(site=island)
    amina, there = Trainee.objects.get(pk=team.amina.pk), ZoneInfo("America/Guadeloupe")
    with time_machine.travel(at(18, days=1), tick=False):
        for person, zone in ((amina, there), (team.bilal, ZoneInfo("Europe/Paris"))):
            for start, end in ((8, 13), (14, 20)):
                begun, over = (dt.datetime.combine(NOW.date(), dt.time(hour), zone) for hour in (start, end))
                add_entry(person, Said(TimeKind.WORK, begun, over), by=team.supervisor)
        text = page(staff, LIST, jour="2026-11-23").replace("\xa0", " ").replace("\u202f", " ")
    assert text.count("11 h de travail le lun 23 nov") == 2


def queries(client: Client, address: str, **query: str) -> int:
    page(client, address, **query)
    with CaptureQueriesContext(connection) as said:
        page(client, address, **query)
    return len(said)


@pytest.mark.promise("S07")
@pytest.mark.parametrize(
    ("user", "address"),
    [
        ("supervisor", LIST),
        ("accountant", MONTHS),
        ("trainee", MINE),
        ("supervisor", "notes"),
        ("trainee", "/mes-notes/"),
    ],
)
def test_pages_ask_as_much_for_1_and_3(team: Team, client: Client, user: str, address: str) -> None:
    client.force_login(team.world.users[user])
    if address == "notes":
        address = reverse("workers:notes", args=[team.amina.public_id])

    def more(number: int) -> None:
        pressed(team, team.amina, 8 + number)
        pressed(team, team.bilal, 8 + number)
        write_note(team.amina, f"Note {number}", by=team.supervisor)

    more(1)
    one = queries(client, address)
    for number in (2, 3):
        more(number)
        person = create_trainee(
            site=team.world.site,
            first_name=f"Nouvelle {number}",
            last_name="Personne",
            supervisor=team.world.users["supervisor"],
            by=team.world.actor(),
        )
        employ(person, starts_on=NOW.date(), ends_on=dt.date(2027, 8, 31))
    assert queries(client, address) == one


@pytest.mark.parametrize(("user", "tabs"), [("supervisor", 6), ("accountant", 2), ("trainee", 0)])
def test_a_person_s_month_is_a_tab_of_the_file(team: Team, client: Client, user: str, tabs: int) -> None:
    client.force_login(team.world.users[user])
    address = reverse("workers:person_month", args=[team.amina.public_id])
    text = page(client, address)
    assert text.count('class="tab"') == tabs
    assert (f'href="{address}" aria-current="page"' in text) == (tabs > 0)
    assert ("Mois d’heures" in text.split("<main", 1)[1]) == (user == "accountant")


def test_an_accountant_of_one_site_sees_that_site(team: Team, client: Client) -> None:
    other = Site.objects.create(
        organisation=team.world.organisation,
        name="Autre",
        slug="autre",
        street="1 rue",
        postcode="21000",
        city="Dijon",
        latitude=47,
        longitude=5,
    )
    user = team.world.users["accountant"]
    Membership.objects.filter(user=user).delete()
    Membership.objects.create(organisation=team.world.organisation, user=user, role=Role.ACCOUNTANT, site=other)
    client.force_login(user)
    assert client.get(MONTHS, {"site": team.world.site.slug}).status_code == 404
    assert client.get(reverse("workers:person_month", args=[team.amina.public_id])).status_code == 403
    with time_machine.travel(at(9, days=10), tick=False):
        close_month(other, NOVEMBER, by=team.world.actor(Role.SITE_MANAGER))
        assert "clôturé" in page(client, MONTHS, mois="2026-11")
