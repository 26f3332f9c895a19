"""What has had its day goes, a little at a time; the record of what happened stays (P04, S49)."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, models, transaction
from django.utils import timezone
from phonenumber_field.modelfields import PhoneNumberField

from bookings.actions import quote_answers as answers
from bookings.enums import HoldStatus, Place
from bookings.models import (
    Accompaniment,
    CalendarFeed,
    Client,
    ClientAccount,
    ClientMembership,
    EmailVerification,
    HelpedPerson,
    Hold,
    Prescriber,
    Quote,
    ServiceRequest,
)
from concierge import events, retention, tenancy
from concierge.days import today_of
from concierge.models import Deadline, Event, IdempotencyRecord, Inbox, Site, User
from concierge.tasks import purge, purge_organisation
from providers.actions.rounds import start_round
from providers.models import InboundSms, Offer, OfferContact
from tests.bookings.quoting import sent, yes
from tests.conftest import settle
from tests.providers.conftest import add_provider
from tests.world import World

# Every table that the runtime role may delete from, and why. Anything else is the record of what happened.
DELETABLE = {
    "providers_provider": "purge, of files that nobody handed in; a trigger keeps all others",
    "providers_providerway": "purge: roads that were measured long ago",
    "providers_offerpolicy": "a service follows the general rules again",
    "bookings_companycodetry": "purge",
    "bookings_accessnote": "purge, nothing is typed any more",
    "bookings_clientmembership": "leaving an account, purge",
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
    "bookings_vatrate": "a planned rate is taken back",
    "bookings_catalogueimport": "purge",
    "bookings_calendarfeed": "purge",
    "providers_providerfeed": "purge",
    "bookings_helpedperson": "purge",
    "bookings_closure": "set anew",
    "bookings_waitlistentry": "purge",
    "bookings_waitlistnotice": "purge of its entry",
    "bookings_presence": "a stand where nobody ever booked",
    "bookings_quote": "a draft is thrown away",
    "bookings_quoteoption": "set anew",
    "bookings_quoteline": "set anew",
    "bookings_requestline": "set anew by an amendment",
    "providers_providerhours": "set anew",
    "providers_providerinvitation": "purge: nobody ever came",
    "providers_invitationlink": "purge of its invitation",
    "providers_providerclosure": "the days are open again",
    "providers_providerarea": "set anew",
    "providers_providercapacity": "set anew",
    "providers_providersite": "set anew",
    "providers_storedfile": "a paper is refused, replaced or taken out of the file, purge",
    "providers_providerbankaccount": "purge: 90 days after it was stopped, five years after it was replaced",
    "providers_providerdocument": "taken out of the file, which its events keep",
    "notifications_webhookdelivery": "purge",
    "providers_inboundsms": "purge",
    "providers_assignmentrun": "purge: a year after its day",
    "providers_proposedassignment": "purge of its plan",
    "workers_appointment": "purge: two years after, of people who have left",
    "workers_availabilityrule": "set anew; purge: two years after they left",
    "workers_passreport": "purge: two years after the PASS",
    "workers_sensitivefact": "purge: two years after the pathway",
    "workers_clearance": "purge: two years after they left",
    "workers_teamexit": "they stay after all; purge: two years after they left",
    "workers_exitfollowup": "with its exit",
    "workers_contractderogation": "purge: two years after they left",
    "workers_diagnosis": "purge: two years after they left",
    "workers_learninggoal": "purge: two years after they left",
    "workers_learningsituation": "purge: two years after they left",
    "workers_skillstep": "purge: two years after they left",
    "workers_vaultreading": "purge: three years after",
    "workers_absence": "taken back; purge: five years after its last day",
    "workers_traineeskill": "set anew; purge: two years after they left",
    "workers_workrestriction": "written down by mistake; purge: two years after they left",
    "workers_timeentry": "purge: five years after its day",
    "workers_plannedhours": "set anew; purge: five years after its day",
    "workers_swaprequest": "purge of its shift",
    "workers_hoursconsent": "purge: five years after its day; a question about hours that were changed",
    "workers_shift": "purge: five years after its day",
    "workers_progressnote": "purge: two years after the last contact",
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


def test_the_book_of_operations_names_every_category() -> None:
    book = (settings.BASE_DIR / "docs" / "operations.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"`KEEP_DAYS` `(\w+)`", book)) == sorted(settings.KEEP_DAYS)


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
        "memberships": 0,
        "accompaniments": 0,
        "feeds": 0,
        "provider_feeds": 0,
        "helped_people": 0,
        "answer_ips": 0,
        "access_notes": 0,
        "webhook_deliveries": 0,
        "inbound_sms": 0,
        "contact_notes": 0,
        "refused_papers": 0,
        "invitations": 0,
        "unfinished_files": 0,
        "provider_ways": 0,
        "old_papers": 0,
        "bank_accounts": 0,
        "stopped_bank_accounts": 0,
        "day_plans": 0,
        "hours": 0,
        "absences": 0,
        "shifts": 0,
        "planned_hours": 0,
        "hours_consents": 0,
        "progress_notes": 0,
        "pass_reports": 0,
        "suspension_reasons": 0,
        "prolongation_reasons": 0,
        "appointments": 0,
        "sensitive_facts": 0,
        "restrictions": 0,
        "usual_hours": 0,
        "clearances": 0,
        "diagnoses": 0,
        "derogations": 0,
        "derogation_references": 0,
        "learning_situations": 0,
        "skill_steps": 0,
        "skills": 0,
        "learning_goals": 0,
        "exits": 0,
        "former_files": 0,
        "former_names": 0,
        "vault_readings": 0,
        "inbox": 1,
        "sessions": 0,
    }
    expected["verifications"] = 2
    assert said(dry_run=True) == expected
    assert there(ended) == ended
    assert said() == expected
    assert there(ended) == []
    assert set(said(dry_run=True).values()) == {0}


# Where people are reachable and what they or we wrote freely: which category ends it (I12). "record": what happened,
# kept as the audit trail; "in use": a person or body we deal with. docs/operations.md says both.
PERSONAL = {
    "concierge.Organisation.email": "in use",
    "concierge.Site.email": "in use",
    "concierge.User.email": "in use",
    "bookings.Client.email": "in use",
    "bookings.Client.phone": "in use",
    "bookings.ClientAccount.email": "in use",
    "bookings.Producer.email": "in use",
    "bookings.Producer.address": "in use",
    "bookings.Producer.phone": "in use",
    "bookings.Prescriber.phone": "in use",
    "bookings.Recurrence.note": "in use",
    "providers.Provider.email": "in use",
    "providers.ProviderInvitation.email": "invitations",
    "providers.ProviderInvitation.phone": "invitations",
    "providers.ProviderInvitation.charter": "in use",
    "providers.Provider.phone": "in use",
    "providers.ProviderBankAccount.sealed": "bank_accounts",
    "providers.ProviderBankAccount.email_then": "bank_accounts",
    "billing.LegalEntity.email": "in use",
    "billing.LegalText.text_fr": "in use",
    "billing.LegalText.text_en": "in use",
    "bookings.ClientMembership.email": "memberships",
    "bookings.EmailVerification.email": "verifications",
    "bookings.Accompaniment.email": "accompaniments",
    "bookings.Accompaniment.phone": "accompaniments",
    "bookings.Quote.answer_ip": "answer_ips",
    "bookings.AccessNote.sealed": "access_notes",
    "bookings.HelpedPerson.phone": "helped_people",
    "bookings.ServiceRequest.beneficiary_phone": "record",
    "bookings.ServiceRequest.beneficiary_email": "record",
    "bookings.ServiceRequest.contact_email": "record",
    "bookings.ServiceRequest.contact_phone": "record",
    "bookings.ServiceRequest.note": "record",
    "bookings.ClientQuestion.text": "record",
    "bookings.ClientQuestion.answer": "record",
    "bookings.FollowUp.note": "record",
    "bookings.QuoteWish.description": "record",
    "bookings.Quote.intro": "record",
    "bookings.Quote.conditions": "record",
    "bookings.Quote.answer_text": "record",
    "bookings.QuoteOption.note": "record",
    "billing.InvoiceLine.description": "record",
    "billing.InvoiceLine.detail": "record",
    "providers.PriceRequest.need": "record",
    "providers.ServiceAgreement.text": "record",
    "providers.ServiceAgreement.decline_comment": "record",
    "providers.PriceRequest.comment": "record",
    "notifications.Message.address": "record",
    "workers.ProgressNote.text": "progress_notes",
    "workers.PassSuspension.sealed": "suspension_reasons",
    "workers.PassProlongation.sealed": "prolongation_reasons",
    "workers.PassReport.sealed": "pass_reports",
    "workers.SensitiveFact.sealed": "sensitive_facts",
    "notifications.WebhookEndpoint.url": "in use",
    "notifications.WebhookEndpoint.sealed": "in use",
}


def reaches_or_tells(field: Any) -> bool:
    """An e-mail address, a telephone number, either, a network address, or text of a length that is written freely."""
    if field.name == "address" or isinstance(
        field, (models.EmailField, PhoneNumberField, models.GenericIPAddressField)
    ):
        return True
    is_text = isinstance(field, models.CharField) and (field.max_length or 0) >= 500
    is_long = isinstance(field, models.TextField) or is_text
    return is_long and not field.choices


@pytest.mark.promise("P04", "I12")
def test_every_personal_column_names_what_ends_it() -> None:
    ours = ("concierge", "bookings", "billing", "providers", "workers", "notifications")
    found = {
        f"{model._meta.label}.{field.name}"
        for app in ours
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.local_fields
        if reaches_or_tells(field)
    }
    assert found == set(PERSONAL)
    assert set(PERSONAL.values()) - {"record", "in use"} <= retention.names()


def member(world: World, account: ClientAccount, **given: Any) -> ClientMembership:
    return ClientMembership.objects.create(organisation=world.organisation, account=account, **given)


@pytest.mark.promise("P04", "I12")
def test_addresses_of_members_who_never_came_go_with_their_rights(world: World) -> None:
    today = today_of(world.organisation)
    border, over = today - dt.timedelta(days=30), today - dt.timedelta(days=31)
    goes_on, ended_contract = (
        ClientAccount.objects.create(organisation=world.organisation, name=name, contract_to=until)
        for name, until in (("Mairie", today), ("Usine", over))
    )
    left, left_lately = (
        ClientAccount.objects.create(
            organisation=world.organisation, name=name, is_active=False, inactive_since=since, contract_to=None
        )
        for name, since in (("Atelier", over), ("Garage", border))
    )
    kept = [
        member(world, left_lately, email="e@example.fr"),
        member(world, goes_on, email="a@example.fr"),
        member(world, goes_on, email="b@example.fr", valid_to=border),
        # Whoever came: that their rights are over stays said.
        member(world, goes_on, email=world.client.email, valid_to=over),
        member(world, goes_on, client=world.client, valid_to=over),
    ]
    gone = [
        member(world, goes_on, email="c@example.fr", valid_to=over),
        member(world, ended_contract, email="d@x.fr"),
        member(world, left, email="f@x.fr"),
    ]
    assert retention.purge()["memberships"] == 3
    assert (there(kept), there(gone)) == (kept, [])


@pytest.mark.promise("P04", "R38")
@pytest.mark.parametrize(
    ("zone", "moment", "gone"),
    [
        # Half past midnight in Paris is yesterday at Greenwich; half past eleven at night in Fort-de-France tomorrow.
        ("Europe/Paris", dt.datetime(2026, 12, 1, 23, 30, tzinfo=dt.UTC), 1),
        ("America/Martinique", dt.datetime(2026, 12, 2, 3, 30, tzinfo=dt.UTC), 0),
    ],
)
def test_the_thirty_days_of_an_address_are_those_of_the_organisation(
    world: World, zone: str, moment: dt.datetime, gone: int
) -> None:
    Site.objects.update(time_zone=zone)
    account = ClientAccount.objects.create(organisation=world.organisation, name="Mairie")
    with time_machine.travel(moment, tick=False):
        member(world, account, email="a@example.fr", valid_to=dt.date(2026, 11, 1))
        assert retention.purge()["memberships"] == gone


@pytest.mark.promise("P04", "I12")
def test_what_a_prescriber_typed_goes_once_they_left_and_nothing_is_open(world: World) -> None:
    user = User.objects.create_user("sonia@ccas.example")
    prescriber = Prescriber.objects.create(organisation=world.organisation, user=user, structure="CCAS")

    def accompanied(number: int, ended_days_ago: float | None) -> Accompaniment:
        person = Client.objects.create(organisation=world.organisation, first_name="Jeanne", last_name=f"M{number}")
        ended = timezone.now() - dt.timedelta(days=ended_days_ago) if ended_days_ago else None
        return Accompaniment.objects.create(
            organisation=world.organisation,
            prescriber=prescriber,
            client=person,
            email=f"j{number}@example.fr",
            phone="+33698765432",
            street="2 rue Dite",
            consent="accompanied-1",
            consent_at=timezone.now(),
            ended_at=ended,
        )

    rows = [accompanied(number, days) for number, days in enumerate((None, 89, 91, 91))]
    asked = world.request(world.ironing)
    ServiceRequest.objects.filter(pk=asked.pk).update(client=rows[3].client, prescriber=prescriber)
    typed = lambda: list(Accompaniment.objects.order_by("pk").values_list("email", "phone", "street"))  # noqa: E731
    before = typed()
    assert retention.counts()["accompaniments"] == 1
    assert [retention.purge()["accompaniments"] for _night in range(2)] == [1, 0]
    assert typed() == [*before[:2], ("", "", ""), before[3]]
    ServiceRequest.objects.filter(pk=asked.pk).update(status="closed")
    assert retention.purge()["accompaniments"] == 1
    assert [row.consent for row in Accompaniment.objects.order_by("pk")] == ["accompanied-1"] * 4


@pytest.mark.promise("P04", "I12")
def test_calendar_addresses_that_were_stopped_go(world: World) -> None:
    now = timezone.now()
    feeds = [
        CalendarFeed.objects.create(
            organisation=world.organisation,
            user=User.objects.create_user(f"u{number}@example.fr"),
            token_hash=f"{number:064}",
            given_at=now - dt.timedelta(days=400),
            ended_at=now - dt.timedelta(days=days) if days else None,
        )
        for number, days in enumerate((0, 29, 31))
    ]
    assert retention.purge()["feeds"] == 1
    assert there(feeds) == feeds[:2]


@pytest.mark.promise("P04", "I12")
def test_people_taken_off_a_list_go(world: World) -> None:
    now = timezone.now()
    rows = [
        HelpedPerson.objects.create(
            organisation=world.organisation,
            owner=world.client,
            first_name="Jeanne",
            last_name=f"M{days}",
            ended_at=now - dt.timedelta(days=days) if days else None,
        )
        for days in (0, 29, 31)
    ]
    assert retention.purge()["helped_people"] == 1
    assert there(rows) == rows[:2]


@pytest.mark.promise("P04", "I12", "S07")
def test_from_where_a_quote_was_accepted_is_forgotten_and_nothing_else_of_it(world: World) -> None:
    quote = sent(world)
    answers.accept_quote(quote, yes(quote), by=world.actor())
    row = Quote.objects.filter(pk=quote.pk)
    before = row.values().get()
    assert before["answer_ip"] == "203.0.113.7"
    for days, forgotten in ((364, [0, 0]), (366, [1, 0])):
        with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
            assert [retention.purge()["answer_ips"] for _night in range(2)] == forgotten
    assert row.values().get() == {**before, "answer_ip": None}
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        row.update(answer_ip="203.0.113.8")


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


@pytest.mark.promise("P04", "I12")
def test_what_providers_wrote_by_sms_is_forgotten(world: World) -> None:
    """Of a call that was made and of an offer that is over; not while somebody has to call."""
    add_provider(world, email="", phone="+33380112233")
    add_provider(world, email="", phone="+33380112244")
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    made, waits = OfferContact.objects.filter(channel="call").order_by("pk")
    OfferContact.objects.filter(pk__in=[made.pk, waits.pk]).update(note="Jeanne Martin, 4 rue Monge")
    OfferContact.objects.filter(pk=made.pk).update(status="reached", ended_at=timezone.now())
    known = OfferContact.objects.filter(pk__in=[made.pk, waits.pk]).order_by("pk").values_list("note", flat=True)
    for days, over, left in ((6, False, 2), (8, False, 1), (8, True, 0)):
        if over:
            now = timezone.now()
            Offer.objects.filter(pk=waits.offer_id).update(status="withdrawn")
            assert waits.due_at < now
        with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
            retention.purge()
        assert [bool(note) for note in known.all()].count(True) == left
    assert OfferContact.objects.filter(pk__in=[made.pk, waits.pk]).count() == 2


@pytest.mark.promise("P04", "I12")
def test_what_came_of_sms_is_forgotten(world: World) -> None:
    now = timezone.now()
    rows = [
        InboundSms.objects.create(
            organisation=world.organisation,
            gateway="ovh",
            external_id=str(days),
            body_hash="0" * 64,
            sender_hash="0" * 64,
            effect="unknown",
            received_at=now - dt.timedelta(days=days),
        )
        for days in (0, 29, 31)
    ]
    assert retention.purge()["inbound_sms"] == 1
    assert there(rows) == rows[:2]
