"""What has had its day goes, a little at a time; the record of what happened stays (P04, S49)."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from bookings.enums import HoldStatus, Place
from bookings.models import EmailVerification, Hold
from concierge import events, retention, tenancy
from concierge.models import Deadline, Event, IdempotencyRecord, Inbox
from concierge.tasks import purge, purge_organisation
from tests.conftest import settle
from tests.world import World

# Every table that the runtime role may delete from, and why. Anything else is the record of what happened.
DELETABLE = {
    "bookings_companycodetry": "purge",
    "bookings_clientmembership": "leaving an account",
    "concierge_inbox": "purge",
    "concierge_deadline": "purge",
    "concierge_idempotencyrecord": "purge",
    "django_session": "purge, signing out",
    "bookings_hold": "purge",
    "bookings_emailverification": "purge",
    "concierge_membership": "a role ends",
    "account_emailaddress": "an address is replaced",
    "account_emailconfirmation": "an address is replaced",
    "mfa_authenticator": "a second factor is removed",
    "bookings_openinghours": "set anew",
    "bookings_servedarea": "set anew, taken away",
    "bookings_datedprice": "a planned price is taken back",
    "bookings_catalogueimport": "purge",
    "bookings_closure": "set anew",
    "bookings_waitlistentry": "purge",
    "bookings_waitlistnotice": "purge of its entry",
    "bookings_presence": "a stand where nobody ever booked",
    "bookings_quote": "a draft is thrown away",
    "bookings_quoteoption": "set anew",
    "bookings_quoteline": "set anew",
    "bookings_requestline": "set anew by an amendment",
    "providers_providerhours": "set anew",
    "workers_availabilityrule": "set anew",
    "workers_absence": "set anew",
    "workers_traineeskill": "set anew",
}


def hold(world: World, number: int, status: HoldStatus, *, ended_days_ago: float) -> Hold:
    start = timezone.now() + dt.timedelta(days=2, hours=number)
    return Hold.objects.create(
        organisation=world.organisation,
        site=world.site,
        place=Place.DESK,
        lane=0,
        starts_at=start,
        ends_at=start + dt.timedelta(minutes=30),
        token_hash=f"{number:064}",
        status=status,
        expires_at=timezone.now() - dt.timedelta(days=ended_days_ago),
    )


def verification(world: World, *, ended_days_ago: float, **given: Any) -> EmailVerification:
    return EmailVerification.objects.create(
        organisation=world.organisation,
        email="camille@example.fr",
        code_hash="0" * 64,
        session_hash="0" * 64,
        expires_at=timezone.now() - dt.timedelta(days=ended_days_ago),
        **given,
    )


def deadline(world: World, number: int, **given: Any) -> Deadline:
    return Deadline.objects.create(
        organisation=world.organisation,
        kind="test.kind",
        subject_id=number,
        due_at=timezone.now() - dt.timedelta(days=400),
        **given,
    )


def answer(world: World, key: str, *, days_ago: float) -> IdempotencyRecord:
    return IdempotencyRecord.objects.create(
        organisation=world.organisation,
        principal="api:x",
        key=key,
        endpoint="POST /x",
        request_hash="0" * 64,
        status=201,
        content_type="application/json",
        body=b"{}",
        created_at=timezone.now() - dt.timedelta(days=days_ago),
    )


def handled(world: World, dispatch: str, *, days_ago: float) -> Inbox:
    with transaction.atomic():
        event = events.record("test.happened", world.site, by=world.actor())
    Event.objects.filter(pk=event.pk).update(dispatch=dispatch)
    return Inbox.objects.create(
        organisation=world.organisation,
        event=event,
        consumer="test",
        handled_at=timezone.now() - dt.timedelta(days=days_ago),
    )


@pytest.fixture
def kept(world: World) -> list[Any]:
    """Rows on this side of every border."""
    return [
        hold(world, 1, HoldStatus.EXPIRED, ended_days_ago=29.9),
        hold(world, 2, HoldStatus.CONFIRMED, ended_days_ago=400),
        hold(world, 3, HoldStatus.HELD, ended_days_ago=400),
        verification(world, ended_days_ago=6.9),
        deadline(world, 1),
        deadline(world, 2, attempts=8),
        deadline(world, 3, fired_at=timezone.now() - dt.timedelta(days=89)),
        answer(world, "young", days_ago=1.9),
        handled(world, "done", days_ago=89),
        handled(world, "pending", days_ago=400),
        handled(world, "dead", days_ago=400),
    ]


@pytest.fixture
def ended(world: World) -> list[Any]:
    """Rows on the other side."""
    return [
        hold(world, 11, HoldStatus.EXPIRED, ended_days_ago=30.1),
        hold(world, 12, HoldStatus.RELEASED, ended_days_ago=400),
        verification(world, ended_days_ago=7.1),
        verification(world, ended_days_ago=400, verified_at=timezone.now()),
        deadline(world, 11, fired_at=timezone.now() - dt.timedelta(days=91)),
        deadline(world, 12, cancelled_at=timezone.now() - dt.timedelta(days=91)),
        answer(world, "old", days_ago=2.1),
        handled(world, "done", days_ago=91),
    ]


def there(rows: list[Any]) -> list[Any]:
    return [row for row in rows if type(row)._default_manager.filter(pk=row.pk).exists()]


def run(world: World) -> None:
    """What beat, then a worker do."""
    purge()
    purge_organisation(world.organisation.pk)


@pytest.mark.promise("P04")
def test_what_ended_goes_and_everything_else_stays(world: World, kept: list[Any], ended: list[Any]) -> None:
    events_before = Event.objects.count()
    for _night in range(2):  # the second changes nothing
        run(world)
        assert there(ended) == []
        assert there(kept) == kept
    assert Event.objects.count() == events_before
    assert retention.purge() == dict.fromkeys(settings.KEEP_DAYS, 0)


@pytest.mark.promise("P04")
def test_every_category_has_its_time_and_every_time_its_category() -> None:
    assert retention.names() == set(settings.KEEP_DAYS)


@pytest.mark.promise("P04")
def test_another_organisation_is_left_alone(world: World, other_world: World, ended: list[Any]) -> None:
    with tenancy.working_for(other_world.organisation):
        assert set(retention.purge().values()) == {0}
    assert there(ended) == ended


def test_a_backlog_is_worked_off_in_bounded_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "MOST_BATCHES", 2)
    for number in range(10):
        answer(world, str(number), days_ago=10)
    assert [retention.purge()["idempotency"] for _night in range(3)] == [6, 4, 0]


@pytest.mark.django_db(transaction=True)
def test_a_row_in_use_waits_for_the_next_night(monkeypatch: pytest.MonkeyPatch) -> None:
    """The purge never waits for somebody's lock, and nobody waits for the purge."""
    import threading

    from django.db import connections

    from tests.world import build_world

    world = build_world()
    with tenancy.working_for(world.organisation):
        busy, free = answer(world, "busy", days_ago=10), answer(world, "free", days_ago=10)
        gone: list[int] = []

        def purge_elsewhere() -> None:
            with tenancy.working_for(world.organisation):
                gone.append(retention.purge()["idempotency"])
            connections.close_all()

        with transaction.atomic():
            IdempotencyRecord.objects.select_for_update().get(pk=busy.pk)
            thread = threading.Thread(target=purge_elsewhere)
            thread.start()
            thread.join(timeout=20)
        assert gone == [1]
        assert there([busy, free]) == [busy]
        assert retention.purge()["idempotency"] == 1


@pytest.mark.django_db
def test_expired_sessions_go() -> None:
    now = timezone.now()
    for key, expiry in (("old", now - dt.timedelta(seconds=1)), ("young", now + dt.timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="x", expire_date=expiry)
    purge()
    assert [session.session_key for session in Session.objects.order_by("pk")] == ["young"]


def test_beat_wakes_one_task_per_organisation(world: World, other_world: World, sent_tasks: list[Any]) -> None:
    purge()
    assert sorted(sent_tasks) == [
        ("concierge.purge_organisation", (organisation.pk,))
        for organisation in sorted((world.organisation, other_world.organisation), key=lambda one: one.pk)
    ]
    assert settings.CELERY_BEAT_SCHEDULE["purge"]["task"] == "concierge.purge"


def test_the_command_counts_before_it_deletes(world: World, kept: list[Any], ended: list[Any]) -> None:
    def said(**options: Any) -> dict[str, int]:
        output = io.StringIO()
        with tenancy.working_for(None):
            call_command("purge", stdout=output, **options)
        words = [line.split() for line in output.getvalue().splitlines()]
        return {name: int(rows) for _whose, name, rows in words}

    expected = {
        "company_codes": 0,
        "deadlines": 2,
        "holds": 2,
        "idempotency": 1,
        "imports": 0,
        "waitlist": 0,
        "inbox": 1,
        "sessions": 0,
    }
    expected["verifications"] = 2
    assert said(dry_run=True) == expected
    assert there(ended) == ended
    assert said() == expected
    assert there(ended) == []
    assert set(said(dry_run=True).values()) == {0}


@pytest.mark.promise("P04", "S49")
@pytest.mark.django_db
def test_the_runtime_role_deletes_nowhere_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND has_table_privilege('concierge_app', format('%I.%I', schemaname, tablename), 'DELETE')"
        )
        assert {row[0] for row in cursor.fetchall()} == set(DELETABLE)


@pytest.mark.promise("S49")
def test_the_record_cannot_be_deleted(world: World) -> None:
    with transaction.atomic():
        event = events.record("test.happened", world.site, by=world.actor())
    settle(world.organisation)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        event.delete()
    assert Event.objects.filter(pk=event.pk).exists()
