"""Messages leave once, whatever the mail server or the sender does (R06, R19, R22, S53)."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from concierge import tenancy
from concierge.models import Event
from notifications import tasks
from notifications.actions import sending, writing
from notifications.actions.queue import resend, suppress_queued
from notifications.enums import MessageChannel, MessageStatus
from notifications.gateways.mail import Postman
from notifications.models import Message
from notifications.tasks import send_due, send_due_messages
from tests.notifications.conftest import Letterbox, MailServer, due_now, queue_confirmation
from tests.world import World, build_world

pytestmark = pytest.mark.django_db


def test_message_leaves_once_with_both_parts(world: World, queued: Message, box: Letterbox) -> None:
    assert send_due(world.organisation.pk) == 1
    assert send_due(world.organisation.pk) == 0
    (mail,) = box.received
    assert mail["Message-ID"] == queued.message_id == f"<{queued.public_id}@testserver>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    assert mail["To"] == world.client.email
    assert mail["Reply-To"] == world.organisation.email
    assert mail["From"] == "Sens Pratique <conciergerie@localhost.localdomain>"
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    queued.refresh_from_db()
    assert queued.status == MessageStatus.SENT
    assert queued.subject == mail["Subject"]
    assert queued.sent_at is not None
    assert (queued.attempts, queued.last_error) == (1, "")


@pytest.mark.promise("R22")
def test_server_down_then_up(world: World, queued: Message, mail_server: MailServer) -> None:
    second = queue_confirmation(world)
    mail_server.stop()
    assert send_due(world.organisation.pk) == 1  # the second is not even tried: nobody is there
    queued.refresh_from_db()
    assert queued.status == MessageStatus.QUEUED
    assert queued.last_error.startswith("ConnectionRefusedError")
    assert queued.next_at > timezone.now()
    mail_server.start()
    due_now(queued)
    assert send_due(world.organisation.pk) == 2
    assert len(mail_server.box.of(queued)) == len(mail_server.box.of(second)) == 1


@pytest.mark.promise("R22")
def test_greylisted_message_leaves_later(world: World, queued: Message, box: Letterbox) -> None:
    box.answers[queued.address] = ["451 4.7.1 Greylisted, try again"]
    send_due(world.organisation.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.last_error) == (MessageStatus.QUEUED, "451 4.7.1 Greylisted, try again")
    due_now(queued)
    send_due(world.organisation.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.attempts, len(box.of(queued))) == (MessageStatus.SENT, 2, 1)


@pytest.mark.promise("R22")
def test_unknown_mailbox_is_shown_and_the_others_leave(world: World, queued: Message, box: Letterbox) -> None:
    other = queue_confirmation(world, address="autre@example.org")
    box.answers[queued.address] = ["550 5.1.1 No such user"]
    assert send_due(world.organisation.pk) == 2
    queued.refresh_from_db()
    assert (queued.status, queued.last_error) == (MessageStatus.FAILED, "550 5.1.1 No such user")
    assert len(box.of(other)) == 1
    assert list(Message.objects.troubled()) == [queued]
    told = Event.objects.get(name="message.failed")
    assert (told.request_id, told.data) == (queued.request_id, {"kind": queued.kind, "status": "failed"})


def test_refused_content_is_permanent(world: World, queued: Message, box: Letterbox) -> None:
    box.data_answers = ["554 5.7.1 Looks like spam"]
    send_due(world.organisation.pk)
    queued.refresh_from_db()
    assert queued.status == MessageStatus.FAILED


@pytest.mark.promise("R22")
def test_hanging_server_costs_one_time_limit(world: World, queued: Message, box: Letterbox, settings: Any) -> None:
    settings.EMAIL_TIMEOUT = 0.5
    waiting = queue_confirmation(world, address="autre@example.org")
    box.pause = 3.0
    before = time.monotonic()
    assert send_due(world.organisation.pk) == 1
    assert time.monotonic() - before < 2.5
    queued.refresh_from_db()
    assert (queued.status, "timed out" in queued.last_error) == (MessageStatus.QUEUED, True)
    box.pause = 0
    due_now(queued)
    assert send_due(world.organisation.pk) == 2
    assert [len(box.of(queued)), len(box.of(waiting))] == [1, 1]


@pytest.mark.promise("R06")
def test_killed_after_sending_sends_the_same_message_id(
    world: World, queued: Message, box: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(sending, "note_sent", die)
        with pytest.raises(SystemExit):
            send_due(world.organisation.pk)
    assert send_due(world.organisation.pk) == 0  # its lease still runs
    due_now(queued)
    send_due(world.organisation.pk)
    first, second = box.received
    assert first["Message-ID"] == second["Message-ID"] == queued.message_id
    queued.refresh_from_db()
    assert (queued.status, queued.attempts) == (MessageStatus.SENT, 2)


@pytest.mark.promise("R18")
@pytest.mark.parametrize("fault", [KeyError("broken"), Message.DoesNotExist("an invoice without its PDF")])
def test_text_that_cannot_be_written_is_parked_and_blocks_nobody(
    world: World, queued: Message, box: Letterbox, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    other = queue_confirmation(world, address="autre@example.org")
    real = writing.write

    def write(message: Message) -> Any:
        if message.pk == queued.pk:
            raise fault
        return real(message)

    monkeypatch.setattr(tasks, "write", write)
    send_due(world.organisation.pk)
    assert len(box.of(other)) == 1
    for _attempt in range(sending.MAX_WRITING_FAULTS - 1):
        due_now(queued)
        send_due(world.organisation.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.last_error) == (MessageStatus.DEAD, f"not written: {type(fault).__name__}")
    due_now(queued)
    assert send_due(world.organisation.pk) == 0


def test_attempts_are_used_up_in_the_end(
    world: World, queued: Message, box: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    Message.objects.filter(pk=queued.pk).update(attempts=sending.MAX_ATTEMPTS - 1)
    box.answers[queued.address] = ["451 later"]
    send_due(world.organisation.pk)
    queued.refresh_from_db()
    assert queued.status == MessageStatus.DEAD


def test_a_late_failure_does_not_undo_the_success_of_another_sender(world: World, queued: Message) -> None:
    slow = sending.claim_next(world.organisation.pk, MessageChannel.EMAIL)
    due_now(queued)
    quick = sending.claim_next(world.organisation.pk, MessageChannel.EMAIL)
    assert slow is not None
    assert quick is not None
    sending.note_sent(quick, subject="Done")
    sending.note_delay(slow, "TimeoutError")
    sending.note_refusal(slow, "550 no")
    queued.refresh_from_db()
    assert (queued.status, queued.last_error) == (MessageStatus.SENT, "")


@pytest.mark.promise("S53")
@pytest.mark.parametrize(
    "name", ["Eve\r\nBcc: all@example.org", "Eve\nSubject: hello", "Eve\u2028X: y", '<b>Eve</b> & "fils"']
)
def test_names_cannot_inject_headers_or_html(world: World, box: Letterbox, name: str) -> None:
    world.organisation.name = name
    world.organisation.save(update_fields=["name"])
    message = queue_confirmation(world, name=name)
    send_due(world.organisation.pk)
    (mail,) = box.of(message)
    assert mail["Bcc"] is None
    assert mail["X"] is None
    assert mail.get_all("Subject") == [f"Your request {_reference(message)} is confirmed"]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<b>Eve" not in html.get_content()


def _reference(message: Message) -> str:
    from bookings.models import ServiceRequest

    return ServiceRequest.objects.get(public_id=message.subject_id).reference


@pytest.mark.promise("S53")
def test_an_address_with_a_line_end_never_leaves(world: World, box: Letterbox) -> None:
    message = queue_confirmation(world, address="eve@example.org\nBcc: all@example.org")
    send_due(world.organisation.pk)
    message.refresh_from_db()
    assert message.status == MessageStatus.FAILED
    assert box.received == []


@pytest.mark.promise("S39")
def test_logs_hold_no_address(
    world: World, queued: Message, box: Letterbox, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    box.answers[queued.address] = [f"550 <{queued.address}> unknown"]
    send_due(world.organisation.pk)
    printed = capsys.readouterr()
    assert queued.address not in caplog.text + printed.out + printed.err


def test_sweep_wakes_only_who_has_something_to_say(
    world: World, other_world: World, queued: Message, sent_tasks: list[tuple[str, tuple[Any, ...]]]
) -> None:
    sent_tasks.clear()
    with tenancy.working_for(None):
        send_due_messages()
    assert sent_tasks == [("notifications.send_messages", (world.organisation.pk,))]


def test_history_is_held_back(world: World, queued: Message, box: Letterbox) -> None:
    assert suppress_queued(world.organisation, by=world.actor()) == 1
    assert send_due(world.organisation.pk) == 0
    queued.refresh_from_db()
    assert (queued.status, queued.last_error) == (MessageStatus.SUPPRESSED, "history")


def test_urgent_messages_overtake(world: World, queued: Message, box: Letterbox) -> None:
    urgent = queue_confirmation(world, address="autre@example.org")
    Message.objects.filter(pk=urgent.pk).update(urgent=True)
    send_due(world.organisation.pk)
    assert [mail["To"] for mail in box.received] == [urgent.address, queued.address]


def test_a_resent_copy_has_its_own_identity(world: World, queued: Message, box: Letterbox) -> None:
    send_due(world.organisation.pk)
    copy = resend(Message.objects.get(pk=queued.pk), by=world.actor("concierge"))
    assert copy.pk != queued.pk
    assert copy.resent_from_id == queued.pk
    send_due(world.organisation.pk)
    assert len({mail["Message-ID"] for mail in box.received}) == 2
    queued.refresh_from_db()
    assert queued.status == MessageStatus.SENT


def test_a_failed_message_sent_again_keeps_its_identity(world: World, queued: Message, box: Letterbox) -> None:
    box.answers[queued.address] = ["550 no"]
    send_due(world.organisation.pk)
    again = resend(Message.objects.get(pk=queued.pk), by=world.actor("dispatcher"))
    assert again.pk == queued.pk
    send_due(world.organisation.pk)
    assert len(box.of(queued)) == 1


@pytest.mark.promise("R06", "R18")
def test_no_attempt_outlasts_its_lease(
    world: World, queued: Message, box: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task ends before another sender may take its message; a slow round stops early and asks for the next."""
    lease = sending.LEASE.total_seconds()
    assert tasks.ROUND < tasks.PATIENCE < (tasks.send_messages.time_limit or 0) <= lease
    monkeypatch.setattr(tasks, "ROUND", 0.0)
    assert send_due(world.organisation.pk) == 0
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks, "poke", lambda task, *args: asked.append(args))
    tasks.send_messages(world.organisation.pk)
    assert asked == [(world.organisation.pk,)]


@pytest.mark.promise("R06")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_claimed", [True, False], ids=["claimed", "twin-without-claim"])
def test_two_senders_at_once(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, is_claimed: bool) -> None:
    """Each message leaves once; without the claim, the same harness shows doubles."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        found = [queue_confirmation(world, address=f"client{n}@example.org") for n in range(8)]
    if not is_claimed:
        monkeypatch.setattr(sending, "claim_next", _peek)
    mail_server.box.pause = 0.05
    barrier = threading.Barrier(2)
    in_transaction: list[bool] = []
    real = Postman.deliver

    def deliver(self: Postman, message: Message, letter: Any) -> None:
        in_transaction.append(connection.in_atomic_block)
        real(self, message, letter)

    monkeypatch.setattr(Postman, "deliver", deliver)

    def sender() -> None:
        try:
            with tenancy.working_for(world.organisation):
                barrier.wait(10)
                send_due(world.organisation.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sender) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    copies = [len(mail_server.box.of(message)) for message in found]
    if is_claimed:
        assert copies == [1] * len(found)
        assert in_transaction == [False] * len(found)  # the network is never waited for inside a transaction
    else:
        assert max(copies) > 1


def _peek(organisation_id: int, channel: MessageChannel) -> Message | None:
    return (
        Message.objects.select_related("organisation", "site")
        .filter(organisation_id=organisation_id, channel=channel)
        .due(timezone.now())
        .first()
    )
