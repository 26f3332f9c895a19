"""Client accounts: whose people they pay for, when, and a code that cannot be guessed (R2, R12)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.actions import accounts
from bookings.actions.accounts import (
    MOST_BY_ALL,
    MOST_BY_NETWORK,
    MOST_BY_SESSION,
    AccountDetails,
    RightsElsewhen,
    UnknownCode,
    join_address_by_code,
    join_by_code,
    renew_code,
    save_account,
)
from bookings.actions.clients import rights_of
from bookings.actions.guards import PayerRefused
from bookings.actions.members import (
    add_member,
    import_members,
    read_members,
    remove_member,
)
from bookings.actions.openings import close_site, set_presence
from bookings.models import Client, ClientAccount, ClientMembership, CompanyCodeTry, Presence, ServiceRequest
from bookings.models.usage import presence_of, usage_of
from bookings.rules.presence import Agreed
from concierge.days import today_of
from concierge.errors import Conflict, DomainError, Invalid, TooManyAttempts
from concierge.models import Deadline, Event, User
from concierge.tenancy import Actor
from tests.bookings.test_booking_pages import Path, shown
from tests.bookings.test_races import race, real_world  # noqa: F401 - a fixture
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db]
TODAY = dt.date(2026, 11, 23)


def account(world: World, **more: Any) -> ClientAccount:
    return save_account(
        world.organisation, AccountDetails(name="Dijon Habitat", **more), by=world.actor("site_manager")
    )


def join(world: World, code: str, session: str = "s", network: str = "203.0.113.7") -> ClientMembership:
    return join_by_code(world.client, code, session=session, network=network, by=world.actor())


@pytest.mark.promise("domain R2")
@pytest.mark.parametrize(
    ("days", "has_rights"),
    [((None, None), True), ((0, 0), True), ((-9, -1), False), ((1, None), False), ((None, -1), False), ((-1, 1), True)],
)
def test_rights_run_between_their_days(world: World, days: tuple[int | None, int | None], has_rights: bool) -> None:
    today = today_of(world.organisation)
    first, last = (None if n is None else today + dt.timedelta(days=n) for n in days)
    found = account(world)
    add_member(found, "INES.Garnier@example.fr", by=world.actor(), valid_from=first, valid_to=last)
    assert rights_of("ines.garnier@example.fr", found) is has_rights


@pytest.mark.parametrize("changes", [{"is_active": False}, {"contract_to": dt.date(2020, 1, 1)}])
def test_an_account_that_is_over_pays_for_nobody(world: World, changes: dict[str, Any]) -> None:
    found = account(world, email_domain="@Dijon-Habitat.example")
    assert rights_of("a@dijon-habitat.example", found) is True
    save_account(
        world.organisation,
        AccountDetails(name="Dijon Habitat", email_domain="dijon-habitat.example", **changes),
        by=world.actor(),
        account=found,
    )
    assert rights_of("a@dijon-habitat.example", found) is False


@pytest.mark.usefixtures("monday")
def test_a_booking_honours_the_days(world: World, book: Callable[..., ServiceRequest]) -> None:
    found = account(world)
    row, is_new = add_member(found, "ines.garnier@example.fr", by=world.actor(), valid_to=TODAY - dt.timedelta(days=1))
    stranger = Actor(kind="anonymous", organisation=world.organisation)
    with pytest.raises(PayerRefused):
        book(by=stranger, payer=found)
    again, is_new_again = add_member(found, "ines.garnier@example.fr", by=world.actor(), valid_to=TODAY)
    assert (row, is_new, is_new_again) == (again, True, False)
    assert book(by=stranger, payer=found).payer_account == found
    remove_member(again, by=world.actor())
    assert rights_of("ines.garnier@example.fr", found) is False


@pytest.mark.parametrize(
    ("changes", "field", "kind"),
    [
        ({"name": " "}, "name", Invalid),
        ({"siren": "12"}, "siren", Invalid),
        ({"siren": "123456789"}, "siren", Invalid),
        ({"vat_number": "FR00732829320"}, "vat_number", Invalid),
        ({"vat_number": "FR447328293200"}, "vat_number", Invalid),
        ({"contract_from": TODAY, "contract_to": dt.date(2026, 1, 1)}, "contract_to", Invalid),
        ({"presence_hours": Decimal(0)}, "presence_hours", Invalid),
        ({"contract_to": dt.date.min}, "contract_to", Invalid),
        ({"contract_from": dt.date(26, 1, 1)}, "contract_from", Invalid),
        ({"email_domain": "taken.example"}, "email_domain", Conflict),
    ],
)
def test_a_wrong_account_names_its_field(
    world: World, changes: dict[str, Any], field: str, kind: type[DomainError]
) -> None:
    save_account(world.organisation, AccountDetails(name="Autre", email_domain="taken.example"), by=world.actor())
    with pytest.raises(kind) as refused:
        save_account(world.organisation, AccountDetails(**{"name": "Mairie", **changes}), by=world.actor())
    assert (refused.value.field, ClientAccount.objects.count()) == (field, 1)


def test_the_vat_number_of_an_account_is_written_without_its_spaces(world: World, client: Browser) -> None:
    client.force_login(world.users["site_manager"])
    typed = {"name": "Mairie", "kind": "town", "notice_days": 60, "presence_period": "month", "is_active": "on"}

    refused = client.post("/comptes/nouveau/", {**typed, "vat_number": "FR 00 732829320"})
    assert refused.status_code == 400
    assert list(refused.context["form"].errors) == ["vat_number"]
    assert client.post("/comptes/nouveau/", {**typed, "vat_number": "fr 44 732 829 320"}).status_code == 302
    assert ClientAccount.objects.get().vat_number == "FR44732829320"


@pytest.mark.promise("domain R12")
def test_the_team_is_told_before_a_contract_ends(world: World) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)) as clock:
        found = account(world, contract_to=dt.date(2027, 3, 1), notice_days=60)
        deadline = Deadline.objects.get(kind="client_account.renewal")
        assert timezone.localtime(deadline.due_at).date() == dt.date(2026, 12, 31)
        later = AccountDetails(name="Dijon Habitat", contract_to=dt.date(2027, 4, 1), notice_days=60)
        save_account(world.organisation, later, by=world.actor(), account=found)
        clock.move_to(dt.datetime(2027, 1, 1, 8, tzinfo=dt.UTC))
        settle(world.organisation)
        assert Event.objects.filter(name="client_account.renewal_due").count() == 0
        clock.move_to(dt.datetime(2027, 2, 1, 8, tzinfo=dt.UTC))
        settle(world.organisation)
        assert Event.objects.get(name="client_account.renewal_due").data == {"ends_on": "2027-04-01"}


def test_a_code_makes_somebody_one_of_the_people(world: World) -> None:
    found = account(world)
    code = renew_code(found, by=world.actor("site_manager"))
    found.refresh_from_db()
    assert code.replace("-", "") not in str(ClientAccount.objects.filter(pk=found.pk).values().get())
    made = join(world, f" {code.lower()} ")
    assert (made.client, made.account, join(world, code)) == (world.client, found, made)
    assert rights_of(world.client.email, found) is True
    assert Event.objects.filter(name="client_account.joined").count() == 1
    newer = renew_code(found, by=world.actor("site_manager"))
    with pytest.raises(UnknownCode):
        join(world, code)
    assert join(world, newer) == made


@pytest.mark.promise("S17")
def test_no_difference_between_codes_that_do_not_open(world: World) -> None:
    over = renew_code(account(world, contract_to=dt.date(2020, 1, 1)), by=world.actor())
    told = []
    for code in ("AAAAA-AAAAA", over, "", "<script>", "\x00"):
        with pytest.raises(UnknownCode) as refused:
            join(world, code, session=code)
        told.append((refused.value.code, str(refused.value.message), refused.value.field))
    assert len(set(told)) == 1
    assert ClientMembership.objects.count() == 0


@pytest.mark.promise("S11")
@pytest.mark.parametrize(
    ("limit", "where"),
    [
        (MOST_BY_SESSION, lambda n: ("same", f"n{n}")),
        (MOST_BY_NETWORK, lambda n: (f"s{n}", "same")),
        (MOST_BY_ALL, lambda n: (f"s{n}", f"n{n}")),
    ],
    ids=["session", "network", "organisation"],
)
def test_a_code_tried_a_hundred_times_is_stopped(
    world: World, limit: int, where: Callable[[int], tuple[str, str]]
) -> None:
    found = account(world)
    code = renew_code(found, by=world.actor())
    outcomes = []
    for number in range(120):
        session, network = where(number)
        try:
            join(world, f"WRONG-{number:05}", session, network)
        except UnknownCode:
            outcomes.append("wrong")
        except TooManyAttempts as error:
            outcomes.append("wait")
            assert error.retry_after == 900
    assert outcomes == ["wrong"] * limit + ["wait"] * (120 - limit)
    # Even the right one waits, so that the answer tells nothing; after a quarter of an hour it opens.
    with pytest.raises(TooManyAttempts):
        join(world, code, *where(121))
    assert CompanyCodeTry.objects.count() == limit
    alerts = Event.objects.filter(name="company_code.attacked").count()
    assert alerts == (0 if limit == MOST_BY_SESSION else 1)
    CompanyCodeTry.objects.update(created_at=timezone.now() - dt.timedelta(minutes=16))
    assert join(world, code, *where(121)).account == found


@pytest.mark.promise("S11")
@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_get_more_tries(real_world: World) -> None:  # noqa: F811 - the fixture
    world = real_world
    outcomes = race(world, 24, lambda number: join(world, f"WRONG-{number:05}"))
    assert set(outcomes) == {"unknown_company_code", "too_many_attempts"}
    assert CompanyCodeTry.objects.count() == outcomes["unknown_company_code"] <= MOST_BY_SESSION


@pytest.mark.django_db(transaction=True)
def test_without_one_after_the_other_many_get_more_tries(
    real_world: World,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The twin: without the lock all have counted before anybody is counted, and the limit stops nobody."""
    world, count, all_have_counted = real_world, MOST_BY_SESSION + 4, threading.Barrier(MOST_BY_SESSION + 4)
    whole = accounts._code_hash

    def slow(organisation_id: int, code: str) -> str:
        all_have_counted.wait(timeout=10)
        return whole(organisation_id, code)

    monkeypatch.setattr(accounts, "advisory_lock", lambda *_names: True)
    monkeypatch.setattr(accounts, "_code_hash", slow)
    outcomes = race(world, count, lambda number: join(world, f"WRONG-{number:05}"))
    assert (outcomes, CompanyCodeTry.objects.count()) == ({"unknown_company_code": count}, count)


def test_a_list_with_wrong_lines_explains_each_and_loads_the_rest(world: World) -> None:
    found = account(world)
    add_member(found, "deja@example.fr", by=world.actor())
    good = [f"Nom {n};personne{n}@example.fr" for n in range(9_960)]
    wrong = ["pas une adresse", "deja@example.fr", "PERSONNE1@example.fr", *(f"x{n}@" for n in range(34))]
    text = "\n".join([*good, "", *wrong])
    lines = read_members(found, text)
    assert (len(lines), sum(1 for line in lines if line.problem)) == (9_997, 37)
    assert [str(line.problem) for line in lines[-37:-33]] == [
        "pas d’adresse e-mail",
        "déjà membre",
        "deux fois dans cette liste",
        "pas d’adresse e-mail",
    ]
    assert ClientMembership.objects.count() == 1
    assert import_members(found, text, by=world.actor()) == 9_960
    assert import_members(found, text, by=world.actor()) == 0
    assert ClientMembership.objects.count() == 9_961
    with pytest.raises(Invalid):
        read_members(found, "a@example.fr\n" * 10_001)


def test_a_long_list_comes_as_a_file(world: World, client: Browser) -> None:
    found = account(world)
    client.force_login(world.users["site_manager"])
    path = f"/comptes/{found.public_id}/membres/importer/"
    lines = "".join(f"Nom;Prénom {n};personne{n}@example.fr;Service des eaux\n" for n in range(9_000))
    tried = shown(client.post(path, {"file": SimpleUploadedFile("liste.csv", lines.encode())}))
    assert "9000 lignes sont bonnes" in tried.replace("\u202f", "")
    assert "personne8999@example.fr" in tried
    for content, said in ((b"\xe9", "UTF-8"), (b"a\x00b", "CSV"), (b"a" * 1_500_001, "1,5 Mo"), (b" \n", "Collez")):
        assert said in shown(client.post(path, {"file": SimpleUploadedFile("x", content)}), 422)
    assert said in shown(client.post(path, {"text": " "}), 422)


@pytest.mark.promise("domain R12")
@pytest.mark.usefixtures("monday")
def test_usage_counts_requests_and_registered_people(world: World) -> None:
    found = account(world, headcount=8, email_domain="dijon-habitat.example")
    add_member(found, "nobody.yet@example.fr", by=world.actor())
    add_member(found, world.client.email, by=world.actor())
    Client.objects.create(
        organisation=world.organisation, first_name="A", last_name="B", email="a@dijon-habitat.example"
    )
    for months in (0, 0, 2):
        made = world.request(world.ironing, payer_account=found)
        ServiceRequest.objects.filter(pk=made.pk).update(submitted_at=timezone.now() - dt.timedelta(days=30 * months))
    usage = usage_of(found, today=TODAY)
    assert (usage.registered, usage.reach, len(usage.months)) == (2, 25, 12)
    assert usage.months[:3] == [(dt.date(2026, 11, 1), 2), (dt.date(2026, 10, 1), 0), (dt.date(2026, 9, 1), 1)]


def test_the_team_keeps_an_account_on_its_pages(world: World, client: Browser) -> None:
    client.force_login(world.users["site_manager"])
    typed = {"name": "=Dijon", "kind": "landlord", "presence_period": "week", "notice_days": "60", "is_active": "on"}
    assert "=Dijon" in shown(client.post("/comptes/nouveau/", {**typed, "siren": "12"}), 422)
    for day in ("0001-01-01", "0026-12-31"):
        refused = shown(client.post("/comptes/nouveau/", {**typed, "contract_to": day}), 422)
        assert ("quatre chiffres" in refused, f'value="{day}"' in refused) == (True, True)
    assert client.post("/comptes/nouveau/", typed).status_code == 302
    found = ClientAccount.objects.get()
    base = f"/comptes/{found.public_id}/"
    assert "=Dijon" in shown(client.get("/comptes/", {"q": "dijon"}))
    page = shown(client.post(f"{base}code/"))
    found.refresh_from_db()
    assert len(found.code_hash) == 64
    assert found.code_hash not in page
    assert client.post(f"{base}membres/", {"email": "a@example.fr", "valid_to": "2027-01-01"}).status_code == 302
    backwards = {"email": "b@example.fr", "valid_from": "2027-01-02", "valid_to": "2027-01-01"}
    assert "b@example.fr" in shown(client.post(f"{base}membres/", backwards), 400)
    tried = shown(client.post(f"{base}membres/importer/", {"text": "c@example.fr\nrien"}))
    assert ("rien" in tried, ClientMembership.objects.count()) == (True, 1)
    client.post(f"{base}membres/importer/", {"text": "c@example.fr\nrien", "load": "1"})
    assert ClientMembership.objects.count() == 2
    assert "c@example.fr" in shown(client.get(base, {"q": "c@"}))
    row = ClientMembership.objects.get(email="c@example.fr")
    assert client.post(f"{base}membres/{row.public_id}/retirer/").status_code == 302
    sheet = client.get(f"{base}usage.csv").content.decode("utf-8-sig")
    assert sheet.splitlines()[0].startswith("'=Dijon")


@pytest.mark.promise("domain R2")
@pytest.mark.parametrize(("kind", "word"), [("company", "Entreprise"), ("landlord", "Bailleur"), ("town", "Ville")])
def test_a_company_a_landlord_and_a_town_pay_alike(world: World, client: Browser, kind: str, word: str) -> None:
    client.force_login(world.users["site_manager"])
    typed = {"name": "Les Tilleuls", "kind": kind, "presence_period": "week", "notice_days": "60", "is_active": "on"}
    assert client.post("/comptes/nouveau/", typed).status_code == 302
    found = ClientAccount.objects.get()
    eyebrow = re.findall(r'class="page-eyebrow[^>]*>([^<]*)<', shown(client.get(f"/comptes/{found.public_id}/")))
    assert (found.kind, [text.strip() for text in eyebrow]) == (kind, [word])
    add_member(found, world.client.email, by=world.actor())
    assert rights_of(world.client.email, found) is True
    assert client.post("/comptes/nouveau/", {**typed, "kind": "club"}).status_code == 422


@pytest.mark.promise("S25")
@pytest.mark.parametrize("name", ["=1+1", "＝1+1", ";=1+1", " =1+1"])
def test_no_name_of_an_account_is_a_formula_in_its_table(world: World, client: Browser, name: str) -> None:
    client.force_login(world.users["site_manager"])
    found = ClientAccount.objects.create(organisation=world.organisation, name=name)
    sheet = client.get(f"/comptes/{found.public_id}/usage.csv").content.decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(sheet), delimiter=";")) == [f"'{name}", ""]


def test_the_lists_ask_as_much_for_three_as_for_one(world: World, client: Browser) -> None:
    client.force_login(world.users["site_manager"])
    found = account(world)
    counts: dict[str, list[int]] = {"/comptes/": [], f"/comptes/{found.public_id}/": []}
    for number in range(3):
        ClientAccount.objects.create(organisation=world.organisation, name=f"C{number}")
        one = Client.objects.create(organisation=world.organisation, first_name="A", last_name=f"B{number}")
        ClientMembership.objects.create(organisation=world.organisation, account=found, client=one)
        for address, seen in counts.items():
            if number in (0, 2):
                with CaptureQueriesContext(connection) as asked:
                    assert client.get(address).status_code == 200
                seen.append(len(asked))
    assert [seen[0] == seen[1] for seen in counts.values()] == [True, True]


def test_a_client_types_the_code_and_leaves(world: World, client: Browser) -> None:
    user = User.objects.create_user(world.client.email)
    Client.objects.filter(pk=world.client.pk).update(user=user)
    code = renew_code(account(world), by=world.actor())
    client.force_login(user)
    assert shown(client.get("/mes-entreprises/"))
    assert "WRONG" in shown(client.post("/mes-entreprises/", {"code": "WRONG"}), 422)
    assert client.post("/mes-entreprises/", {"code": code}).status_code == 302
    assert "Dijon Habitat" in shown(client.get("/mes-entreprises/"))
    row = ClientMembership.objects.get()
    for _number in range(MOST_BY_SESSION):
        answer = client.post("/mes-entreprises/", {"code": "WRONG"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    today = today_of(world.organisation)
    for changes in ({"contract_to": today - dt.timedelta(days=1)}, {"contract_from": today + dt.timedelta(days=1)}):
        # It no longer pays, or not yet.
        ClientAccount.objects.update(**changes)
        assert "Dijon Habitat" not in shown(client.get("/mes-entreprises/"))
        ClientAccount.objects.update(contract_to=None, contract_from=None)
    assert "Dijon Habitat" in shown(client.get("/mes-entreprises/"))
    assert client.post(f"/mes-entreprises/{row.public_id}/quitter/").status_code == 302
    assert ClientMembership.objects.count() == 0


# --- a code while booking ----------------------------------------


BOOKING = "/reserver/republique/"


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_somebody_new_types_the_code_while_booking_and_it_pays(world: World, client: Browser) -> None:
    found = account(world)
    code = renew_code(found, by=world.actor())
    path = Path(world, client)
    assert path.get("code-entreprise/").headers["Location"] == f"{BOOKING}coordonnees/"
    path.up_to_review()
    assert f"{BOOKING}code-entreprise/" in shown(path.get("verification/"))
    assert "ines.garnier@example.fr" in shown(path.get("code-entreprise/"))
    assert "WRONG" in shown(path.post("code-entreprise/", code="WRONG"), 422)
    assert path.post("code-entreprise/", code=code).headers["Location"] == f"{BOOKING}verification/"
    row = ClientMembership.objects.get()
    assert (row.account, row.client, row.email) == (found, None, "ines.garnier@example.fr")
    page = shown(path.get("verification/"))
    (choice,) = re.findall(rf'<input[^>]*value="{found.public_id}"[^>]*>', page)
    assert "checked" in choice
    assert path.review(payer=str(found.public_id)).status_code == 302
    assert ServiceRequest.objects.get().payer_account == found


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_a_signed_in_client_types_it_at_the_choice_of_a_time_and_sees_its_stand(world: World, client: Browser) -> None:
    found = account(world)
    code = renew_code(found, by=world.actor())
    set_presence(
        world.site,
        None,
        by=world.actor("site_manager"),
        name="Dans vos bureaux",
        street="1 rue Longue",
        postcode="21000",
        city="Dijon",
        weekday=1,
        opens=dt.time(12),
        closes=dt.time(14),
        account=found,
    )
    user = User.objects.create_user(world.client.email)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.force_login(user)
    path = Path(world, client)
    path.services(world.ironing)
    path.details(5, 0)
    before = shown(path.get("creneau/"))
    assert ("Dans vos bureaux" in before, "code-entreprise/?from=slot" in before) == (False, True)
    answer = path.post("code-entreprise/?from=slot", code=code)
    assert answer.headers["Location"] == f"{BOOKING}creneau/"
    assert ClientMembership.objects.get().client == world.client
    assert "Dans vos bureaux" in shown(path.get("creneau/"))


@pytest.mark.promise("S11")
@pytest.mark.usefixtures("monday")
def test_codes_typed_while_booking_are_counted_by_session(world: World, client: Browser) -> None:
    renew_code(account(world), by=world.actor())
    path = Path(world, client)
    path.up_to_review()
    answers = [path.post("code-entreprise/", code="WRONG") for _n in range(MOST_BY_SESSION + 1)]
    assert [one.status_code for one in answers] == [422] * MOST_BY_SESSION + [429]
    assert answers[-1].headers["Retry-After"] == "900"
    assert ClientMembership.objects.count() == 0


@pytest.mark.promise("domain R2")
def test_a_code_gives_no_rights_that_the_account_has_ended(world: World) -> None:
    found = account(world)
    code = renew_code(found, by=world.actor())
    yesterday = today_of(world.organisation) - dt.timedelta(days=1)
    add_member(found, world.client.email, by=world.actor(), valid_to=yesterday)
    with pytest.raises(RightsElsewhen):
        join(world, code)
    with pytest.raises(RightsElsewhen):
        join_address_by_code(
            world.organisation, world.client.email.upper(), code, session="s", network="n", by=world.actor()
        )
    assert (ClientMembership.objects.count(), CompanyCodeTry.objects.count()) == (1, 0)
    assert rights_of(world.client.email, found) is False


def test_the_desk_types_no_codes(world: World, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    assert client.get(f"{BOOKING}code-entreprise/").headers["Location"] == f"{BOOKING}coordonnees/"


# --- hours of presence ----------------------------------------


@pytest.mark.parametrize(
    ("agreed", "month", "hours"),
    [
        (Agreed(Decimal(12), per_week=False), dt.date(2026, 11, 1), "12.0"),
        (Agreed(Decimal(7), per_week=True), dt.date(2026, 11, 1), "30.0"),
        (Agreed(Decimal(7), per_week=True), dt.date(2026, 2, 1), "28.0"),
        (Agreed(Decimal(12), per_week=False, first=dt.date(2026, 11, 16)), dt.date(2026, 11, 1), "6.0"),
        (Agreed(Decimal(12), per_week=False, last=dt.date(2026, 11, 10)), dt.date(2026, 11, 1), "4.0"),
        (Agreed(Decimal(12), per_week=False, first=dt.date(2026, 12, 1)), dt.date(2026, 11, 1), "0.0"),
    ],
)
def test_what_a_contract_says_for_a_month(agreed: Agreed, month: dt.date, hours: str) -> None:
    assert agreed.in_month(month) == Decimal(hours)


def stand(world: World, found: ClientAccount, **more: Any) -> Presence:
    """On Tuesdays from noon to half past one at the account's place, from the middle of October on."""
    given: dict[str, Any] = {"street": "1 rue Longue", "postcode": "21000", "city": "Dijon", "weekday": 1}
    given |= {"opens": dt.time(12), "closes": dt.time(13, 30), "valid_from": dt.date(2026, 10, 15), "account": found}
    return set_presence(world.site, None, by=world.actor("site_manager"), name="Ici", **{**given, **more})


@pytest.mark.promise("domain R12")
@pytest.mark.usefixtures("monday")
def test_hours_agreed_stand_beside_hours_held(world: World, client: Browser) -> None:
    """Tuesdays of November 2026: the 3rd, 10th, 17th and 24th; today is Monday the 23rd."""
    found = account(world, presence_hours=Decimal(8), contract_from=dt.date(2026, 10, 1))
    stand(world, found)
    stand(world, found, is_paused=True)
    stand(world, found, weekday=None, held_on=dt.date(2026, 11, 20), valid_from=None, opens=dt.time(9))
    stand(world, account(world, siren="732829320"))
    close_site(world.site, starts_on=dt.date(2026, 11, 10), ends_on=dt.date(2026, 11, 10), by=world.actor())
    told = presence_of(found, today=TODAY)
    rows = [(one.month, one.agreed, one.unstated, one.to_come, one.difference) for one in told[:4]]
    assert {(one.held, one.planned - one.unstated) for one in told} == {(Decimal(0), Decimal(0))}
    assert rows == [
        (dt.date(2026, 12, 1), Decimal(8), Decimal(0), Decimal("7.5"), Decimal("-0.5")),
        (dt.date(2026, 11, 1), Decimal(8), Decimal("7.5"), Decimal("1.5"), Decimal(1)),
        (dt.date(2026, 10, 1), Decimal(8), Decimal(3), Decimal(0), Decimal(-5)),
        (dt.date(2026, 9, 1), Decimal(0), Decimal(0), Decimal(0), Decimal(0)),
    ]
    assert len(told) == 13
    client.force_login(world.users["site_manager"])
    base = f"/comptes/{found.public_id}/usage"
    page = shown(client.get(f"{base}/")).replace("\xa0", " ")
    assert [words for words in ("7,5 h", "+1,0 h", "-5,0 h") if words not in page] == []
    assert f"{base}/" in shown(client.get(f"/comptes/{found.public_id}/"))
    sheet = client.get(f"{base}.csv").content.decode("utf-8-sig").splitlines()
    assert sheet[4:6] == ["2026-12;0;8,0;0,0;0,0;0,0;7,5", "2026-11;0;8,0;7,5;0,0;7,5;1,5"]


@pytest.mark.usefixtures("monday")
def test_the_report_asks_as_much_for_three_stands_as_for_one(world: World, client: Browser) -> None:
    found = account(world)
    client.force_login(world.users["site_manager"])
    seen = []
    for number in range(3):
        stand(world, found)
        client.get(f"/comptes/{found.public_id}/usage/")
        if number in (0, 2):
            with CaptureQueriesContext(connection) as asked:
                assert "–" in shown(client.get(f"/comptes/{found.public_id}/usage/"))
            seen.append(len(asked))
    assert seen[0] == seen[1]
