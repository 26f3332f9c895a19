"""Who is one of an account's people from when until when, on which day it is, and what is said of a contract's end."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from bookings.actions.accounts import AccountDetails, RightsElsewhen, renew_code, save_account
from bookings.actions.clients import rights_of
from bookings.actions.members import MemberGone, add_member, end_member, import_members, leave_account, remove_member
from bookings.actions.merging import merge_clients
from bookings.models import Client, ClientMembership, ServiceRequest
from bookings.models.usage import usage_of
from concierge.models import Deadline, Event, Site
from notifications.actions.letters import NotNeeded
from notifications.actions.writing import write
from notifications.models import Message
from tests.bookings.test_accounts import TODAY, account, join
from tests.bookings.test_booking_pages import shown
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db]


def rows(*fields: str) -> list[tuple[Any, ...]]:
    """What the table says of members, in order."""
    return list(ClientMembership.objects.order_by("pk").values_list(*fields))


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_whoever_leaves_gets_no_more_rights_by_the_code_than_the_account_had_given(world: World) -> None:
    found = account(world)
    code = renew_code(found, by=world.actor())
    for valid_from, valid_to, kept in (
        (None, dt.date(2026, 12, 31), (None, dt.date(2026, 11, 22))),
        (TODAY, None, (dt.date(2026, 11, 22), dt.date(2026, 11, 22))),
        (dt.date(2026, 12, 1), dt.date(2026, 12, 31), (dt.date(2026, 11, 22), dt.date(2026, 11, 22))),
        (None, dt.date(2026, 11, 20), (None, dt.date(2026, 11, 20))),
    ):
        row, _is_new = add_member(found, world.client.email, by=world.actor(), valid_from=valid_from, valid_to=valid_to)
        leave_account(row, by=world.actor())
        assert rows("valid_from", "valid_to") == [kept]
        with pytest.raises(RightsElsewhen):
            join(world, code)
        assert rights_of(world.client.email, found) is False
    # Whoever had no dates comes and goes.
    add_member(found, world.client.email, by=world.actor())
    leave_account(ClientMembership.objects.get(), by=world.actor())
    assert rows("pk") == []
    assert join(world, code).valid_to is None


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_whom_the_team_removes_has_no_use_for_the_code(world: World, client: Browser) -> None:
    found = account(world)
    code = renew_code(found, by=world.actor())
    row = join(world, code)
    client.force_login(world.users["site_manager"])
    base = f"/comptes/{found.public_id}/"
    assert "Mettre fin" in shown(client.get(base))
    assert client.post(f"{base}membres/{row.public_id}/retirer/").status_code == 302
    page = shown(client.get(base))
    assert ("Droits terminés" in page, "Mettre fin" in page) == (True, False)
    with pytest.raises(RightsElsewhen):
        join(world, code)
    assert (rights_of(world.client.email, found), rows("valid_to")) == (False, [(dt.date(2026, 11, 22),)])
    # The team gives them again.
    add_member(found, world.client.email, by=world.actor())
    assert join(world, code) == row


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_a_list_gives_rights_again_to_whom_they_had_ended_and_says_so_before(world: World, client: Browser) -> None:
    """They were once reported as members, and had no rights."""
    found = account(world)
    join(world, renew_code(found, by=world.actor()))
    other = Client.objects.create(
        organisation=world.organisation, first_name="Inès", last_name="Garnier", email="ines@travail.example"
    )
    merge_clients(world.client, other, by=world.actor())
    for email, days in {
        "ancien@x.example": {"valid_from": dt.date(2026, 1, 1), "valid_to": dt.date(2026, 11, 22)},
        "dernier.jour@x.example": {"valid_to": TODAY},
        "bientot@x.example": {"valid_from": dt.date(2026, 12, 1)},
    }.items():
        add_member(found, email, by=world.actor(), **days)
    for row in ClientMembership.objects.exclude(client=None):
        remove_member(row, by=world.actor())
    text = "ancien@x.example\ndernier.jour@x.example\nbientot@x.example\nines@travail.example\nneuf@x.example"
    client.force_login(world.users["site_manager"])
    path = f"/comptes/{found.public_id}/membres/importer/"
    page = shown(client.post(path, {"text": text}))
    assert "Les droits de 2 personnes de cette liste avaient pris fin" in page
    assert ("3 lignes sont bonnes" in page, page.count("déjà membre")) == (True, 2)
    assert client.post(path, {"text": text, "load": "1"}).status_code == 302
    event = Event.objects.get(name="client_account.members_imported")
    assert (event.data["count"], event.data["again"]) == (3, 2)
    assert sorted(rows("email", "valid_from", "valid_to")) == [
        ("", None, None),
        ("ancien@x.example", None, None),
        ("bientot@x.example", dt.date(2026, 12, 1), None),
        ("dernier.jour@x.example", None, TODAY),
        ("neuf@x.example", None, None),
    ]
    assert rights_of(other.email, found) is True
    assert import_members(found, text, by=world.actor()) == 0


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_to_end_rights_twice_gives_none_back(world: World) -> None:
    found, early, late = account(world), dt.date(2026, 11, 20), dt.date(2026, 12, 31)
    row, _is_new = add_member(found, "ancien@x.example", by=world.actor())
    for last_day, kept in ((late, late), (early, early), (late, early), (early, early)):
        assert end_member(row, last_day, by=world.actor()).valid_to == kept
        assert rows("valid_to") == [(kept,)]
    said = Event.objects.filter(name="client_account.member_ended").order_by("pk")
    assert [event.data["on"] for event in said] == ["2026-12-31", "2026-11-20"]


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_whoever_left_at_that_moment_is_not_found(world: World) -> None:
    """It was once an error of ours."""
    found = account(world)
    row, _is_new = add_member(found, "ancien@x.example", by=world.actor())
    seen = ClientMembership.objects.get(pk=row.pk)
    leave_account(row, by=world.actor())
    with pytest.raises(MemberGone) as gone:
        end_member(seen, TODAY, by=world.actor())
    assert (gone.value.status, rows("pk"), Event.objects.filter(name="client_account.member_ended").count()) == (
        404,
        [],
        0,
    )


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_days_given_to_an_address_are_those_of_whoever_typed_the_code(world: World) -> None:
    """One person has one line, whether the account named them or they came by themselves, under whichever record."""
    found = account(world)
    row = join(world, renew_code(found, by=world.actor()))
    last = dt.date(2026, 11, 30)
    assert add_member(found, world.client.email, by=world.actor(), valid_to=last) == (row, False)
    assert rows("email", "valid_to") == [("", last)]
    other = Client.objects.create(
        organisation=world.organisation, first_name="Inès", last_name="Garnier", email="ines@travail.example"
    )
    second, _is_new = add_member(found, other.email, by=world.actor())
    merge_clients(world.client, other, by=world.actor())
    add_member(found, other.email, by=world.actor(), valid_to=last)
    assert rows("pk", "valid_to") == [(row.pk, last), (second.pk, last)]
    end_member(second, dt.date(2026, 11, 25), by=world.actor())
    assert rows("valid_to") == [(dt.date(2026, 11, 25),)] * 2
    remove_member(row, by=world.actor())
    assert rows("valid_to") == [(dt.date(2026, 11, 22),)] * 2


@pytest.mark.promise("R38")
@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        # Half past midnight in Paris is yesterday at Greenwich; half past eleven at night in Fort-de-France tomorrow.
        ("Europe/Paris", dt.datetime(2026, 11, 30, 23, 30, tzinfo=dt.UTC), dt.date(2026, 12, 1)),
        ("America/Martinique", dt.datetime(2026, 12, 1, 3, 30, tzinfo=dt.UTC), dt.date(2026, 11, 30)),
    ],
)
def test_the_day_is_that_of_the_organisation(
    world: World, client: Browser, zone: str, moment: dt.datetime, day: dt.date
) -> None:
    Site.objects.update(time_zone=zone)
    tomorrow, yesterday = day + dt.timedelta(days=1), day - dt.timedelta(days=1)
    with time_machine.travel(moment, tick=False):
        found = account(world, contract_from=day, contract_to=day)
        code = renew_code(found, by=world.actor())
        row, _is_new = add_member(found, world.client.email, by=world.actor(), valid_from=day, valid_to=day)
        assert (rights_of(world.client.email, found), join(world, code)) == (True, row)
        for valid_from, valid_to in ((tomorrow, None), (None, yesterday)):
            add_member(found, world.client.email, by=world.actor(), valid_from=valid_from, valid_to=valid_to)
            assert rights_of(world.client.email, found) is False
            with pytest.raises(RightsElsewhen):
                join(world, code)
        made = world.request(world.ironing, payer_account=found)
        ServiceRequest.objects.filter(pk=made.pk).update(submitted_at=moment)
        months = [(day.replace(day=1), 1)]
        assert [one for one in usage_of(found, today=day).months if one[1]] == months
        client.force_login(world.users["site_manager"])
        first = client.get(f"/comptes/{found.public_id}/usage.csv").content.decode("utf-8-sig").splitlines()[5]
        assert first.startswith(f"{day:%Y-%m};1;")
        remove_member(add_member(found, world.client.email, by=world.actor())[0], by=world.actor())
        assert rows("valid_to") == [(yesterday,)]


@pytest.mark.promise("domain R12")
def test_the_team_is_told_once_of_the_end_of_a_contract(world: World) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)) as clock:
        contract: dict[str, Any] = {"contract_to": dt.date(2026, 12, 31), "notice_days": 30}
        found = account(world, **contract)
        assert Deadline.objects.get(kind="client_account.renewal").due_at == dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC)

        def save(**changes: Any) -> int:
            details = AccountDetails(**{"name": "Dijon Habitat", **contract, **changes})
            save_account(world.organisation, details, by=world.actor(), account=found)
            settle(world.organisation)
            return Event.objects.filter(name="client_account.renewal_due").count()

        assert save(name="Habitat de Dijon") == 0
        clock.move_to(dt.datetime(2026, 12, 2, 8, tzinfo=dt.UTC))
        assert save(name="Dijon Habitat") == 1
        (message,) = Message.objects.filter(kind="client_account.renewal_due")
        assert "31 décembre 2026" in write(message).text
        # What else changes about it is told to nobody again; another end is, but not one that is over.
        assert save(city="Dijon") == 1
        assert save(contract_to=dt.date(2027, 6, 30)) == 1
        with pytest.raises(NotNeeded):
            write(message)
        assert save(contract_to=dt.date(2026, 12, 1)) == 1
        assert save(contract_to=dt.date(2026, 12, 20)) == 2
        clock.move_to(dt.datetime(2026, 12, 21, 8, tzinfo=dt.UTC))
        with pytest.raises(NotNeeded):
            write(message)


def test_since_when_an_account_is_not_active(world: World) -> None:
    def save(*, is_active: bool) -> dt.date | None:
        details = AccountDetails(name="Dijon Habitat", is_active=is_active)
        return save_account(world.organisation, details, by=world.actor(), account=found).inactive_since

    with time_machine.travel(dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)) as clock:
        found = account(world)
        assert save(is_active=False) == dt.date(2026, 11, 23)
        clock.shift(dt.timedelta(days=3))
        assert [save(is_active=False), save(is_active=True), save(is_active=False)] == [
            dt.date(2026, 11, 23),
            None,
            dt.date(2026, 11, 26),
        ]
