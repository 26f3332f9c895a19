"""How providers are reached: one way after the other, with a receipt for each (R31)."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as configured
from django.core import mail
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings.models import WorkOrder
from concierge import deadlines, tenancy
from concierge.enums import Role
from concierge.models import Membership, Site
from notifications import tasks
from notifications.actions import writing
from notifications.actions.queue import queued_messages
from notifications.enums import BY_SMS, Kind, MessageChannel
from notifications.gateways.failures import Refused, ServerDown
from notifications.gateways.mail import Postman
from notifications.gateways.sms import MemorySms
from notifications.models import Message
from notifications.rules import sms as rules
from providers.actions import contacts
from providers.actions.offer_moves import say
from providers.actions.offers import accept_offer, resend_offer
from providers.actions.policies import set_offer_policy
from providers.actions.refusals import NothingToWriteTo
from providers.actions.rounds import start_round
from providers.enums import ContactTrouble, Ladder
from providers.models import Offer, OfferContact, OfferPolicy
from providers.perms import can_dispatch
from providers.rules.contacts import give_up_at, leaves_at, steps_left
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.world import World, build_world

pytestmark = pytest.mark.django_db
MOBILE, LANDLINE = "+33612345678", "+33380112233"


@pytest.fixture(autouse=True)
def no_sms_yet() -> Iterator[None]:
    """Nothing was sent before."""
    MemorySms.sent.clear()
    yield
    MemorySms.sent.clear()


def asked(world: World, heels: WorkOrder, **provider: Any) -> Offer:
    """The only provider there is was asked, and what had to leave has left."""
    add_provider(world, **provider)
    start_round(heels, by=world.actor())
    send(world)
    return Offer.objects.with_need().get()


def send(world: World) -> None:
    """What worker and beat do."""
    settle(world.organisation)
    while tasks.send_due(world.organisation.pk):
        settle(world.organisation)


def receipts(offer: Offer) -> list[tuple[int, str, str, str]]:
    """Every attempt, in order."""
    return list(offer.contacts.order_by("step").values_list("step", "channel", "status", "trouble"))


@pytest.mark.promise("domain R31")
def test_who_has_an_address_gets_one_mail(world: World, heels: WorkOrder) -> None:
    offer = asked(world, heels, phone=MOBILE)
    assert receipts(offer) == [(1, "email", "sent", "")]
    assert ([one.to for one in mail.outbox if one.to == [offer.provider.email]], MemorySms.sent) == (
        [[offer.provider.email]],
        [],
    )


@pytest.mark.promise("domain R31")
def test_who_has_a_mobile_only_gets_an_sms(world: World, heels: WorkOrder) -> None:
    offer = asked(world, heels, email="", phone=MOBILE)
    assert receipts(offer) == [(1, "email", "skipped", "no_address"), (2, "sms", "sent", "")]
    [(number, text)] = MemorySms.sent
    assert number == MOBILE
    assert "/offre/" in text and "code " in text and "21000 Dijon" in text
    assert rules.is_plain(text) and rules.parts(text) <= 2
    client = heels.request
    assert not any(word in text for word in (client.contact_name, world.client.last_name, client.contact_email))
    message = Message.objects.get(channel=MessageChannel.SMS)
    assert (message.kind, message.address, message.subject) == (
        Kind.OFFER_SENT,
        MOBILE,
        f"Un travail pour vous ({heels.reference}) : merci de répondre".replace(" :", "\u00a0:"),
    )


def test_what_follows_an_sms_is_told_by_sms(world: World, heels: WorkOrder) -> None:
    offer = asked(world, heels, email="", phone=MOBILE)
    accept_offer(offer, by=acting_for(offer.provider))
    send(world)
    assert [number for number, _text in MemorySms.sent] == [MOBILE, MOBILE]
    assert heels.reference in MemorySms.sent[1][1]
    assert not any(world.client.last_name in text for _number, text in MemorySms.sent)


@pytest.mark.parametrize(
    ("given", "skipped"),
    [
        ({"email": "", "phone": LANDLINE}, ["no_address", "no_mobile"]),
        ({"email": "", "phone": MOBILE, "gateway": ""}, ["no_address", "not_set_up"]),
    ],
    ids=["landline", "no gateway"],
)
@pytest.mark.promise("domain R31")
def test_whom_nothing_written_reaches_is_called(
    world: World, heels: WorkOrder, settings: Any, given: dict[str, str], skipped: list[str]
) -> None:
    dispatcher = world.users[Role.DISPATCHER]
    settings.SMS_GATEWAY = given.pop("gateway", "memory")
    offer = asked(world, heels, **given)
    assert receipts(offer) == [
        (1, "email", "skipped", skipped[0]),
        (2, "sms", "skipped", skipped[1]),
        (3, "call", "due", ""),
    ]
    assert list(OfferContact.objects.calls().values_list("offer", flat=True)) == [offer.pk]
    told = [one for one in mail.outbox if one.to == [dispatcher.email]]
    assert len(told) == 1 and heels.reference in told[0].subject
    with pytest.raises(NothingToWriteTo):
        resend_offer(offer, by=world.actor())


@pytest.mark.promise("domain R31", "S13")
@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.SITE_MANAGER, Role.NETWORK_HEAD])
def test_questions_go_to_whoever_may_settle_them(world: World, heels: WorkOrder, role: Role) -> None:
    """Whatever the team is made of: nobody is asked who would be refused."""
    above = (Role.DISPATCHER, Role.SITE_MANAGER, Role.NETWORK_HEAD)
    Membership.objects.filter(role__in=above[: above.index(role)]).delete()
    offer = asked(world, heels)
    for name in ("countered", "paused", "extension_asked", "call_due"):
        say(offer, name, world.actor(), needs="staff")
    settle(world.organisation)
    kinds = (Kind.OFFER_COUNTERED, Kind.OFFER_PAUSED, Kind.EXTENSION_ASKED, Kind.OFFER_TO_CALL)
    told = Message.objects.filter(kind__in=kinds).order_by("kind").values_list("kind", "address")
    assert list(told) == sorted((str(kind), world.users[role].email) for kind in kinds)
    assert can_dispatch(world.actor(role), offer.work_order) and not can_dispatch(
        world.actor(Role.CONCIERGE), offer.work_order
    )


@pytest.mark.promise("domain R31")
def test_a_refused_mail_is_followed_by_an_sms_at_once(
    world: World, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Postman, "deliver", _refuse)
    offer = asked(world, heels, phone=MOBILE)
    assert receipts(offer) == [(1, "email", "failed", "refused"), (2, "sms", "sent", "")]
    assert [number for number, _text in MemorySms.sent] == [MOBILE]
    resend_offer(offer, by=world.actor())
    send(world)
    assert [number for number, _text in MemorySms.sent] == [MOBILE, MOBILE]


def _refuse(self: Postman, message: Message, letter: Any) -> None:
    raise Refused("550 no such user")


@pytest.mark.promise("domain R31")
def test_a_mail_that_cannot_leave_is_followed_by_an_sms(
    world: World, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch, monday: Any
) -> None:
    def down(self: Postman, message: Message, letter: Any) -> None:
        raise ServerDown("nobody there")

    with monkeypatch.context() as broken:
        broken.setattr(Postman, "deliver", down)
        offer = asked(world, heels, phone=MOBILE)
        assert receipts(offer) == [(1, "email", "due", "")]
        monday.move_to(MONDAY + dt.timedelta(minutes=19))
        send(world)
        assert (receipts(offer), MemorySms.sent) == ([(1, "email", "due", "")], [])
        monday.move_to(MONDAY + dt.timedelta(minutes=21))
        send(world)
    assert receipts(offer) == [(1, "email", "failed", "late"), (2, "sms", "sent", "")]
    assert len(MemorySms.sent) == 1
    # The mail leaves all the same once the server is back: the receipt says so, and nothing is taken back.
    monday.move_to(MONDAY + dt.timedelta(minutes=50))
    send(world)
    assert receipts(offer) == [(1, "email", "sent", ""), (2, "sms", "sent", "")]
    assert len(MemorySms.sent) == 1


def test_nobody_is_contacted_further_after_an_answer(
    world: World, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = asked(world, heels, phone=MOBILE)
    OfferContact.objects.filter(offer=offer).update(status="due", ended_at=None)
    accept_offer(offer, by=acting_for(offer.provider))
    contact = OfferContact.objects.get(offer=offer)
    assert contacts.fall_back(contact, ContactTrouble.REFUSED, by=world.actor()) is None
    assert receipts(offer) == [(1, "email", "failed", "refused")]
    # Twice is once.
    assert contacts.fall_back(contact, ContactTrouble.LATE, by=world.actor()) is None
    assert receipts(offer) == [(1, "email", "failed", "refused")]


def test_the_policy_says_in_which_order(world: World, heels: WorkOrder) -> None:
    set_offer_policy(world.organisation, ladder=Ladder.SMS_EMAIL_CALL, by=world.actor())
    offer = asked(world, heels, phone=MOBILE)
    assert receipts(offer) == [(1, "sms", "sent", "")]
    with pytest.raises(IntegrityError, match="offer_policy_ladder_is_known"), transaction.atomic():
        OfferPolicy.objects.update(ladder="pigeon")


def test_one_contact_at_a_time(world: World, heels: WorkOrder) -> None:
    offer = asked(world, heels, email="", phone=LANDLINE)
    again = {"organisation": world.organisation, "offer": offer, "channel": "call", "due_at": MONDAY}
    with pytest.raises(IntegrityError, match="offer_contact_one_at_a_time"), transaction.atomic():
        OfferContact.objects.create(step=4, **again)
    with pytest.raises(IntegrityError, match="offer_contact_step_once"), transaction.atomic():
        OfferContact.objects.create(step=3, status="missed", ended_at=MONDAY, **again)
    with pytest.raises(IntegrityError, match="offer_contact_failed_says_why"), transaction.atomic():
        OfferContact.objects.create(step=4, status="failed", ended_at=MONDAY, **again)
    with pytest.raises(IntegrityError, match="offer_contact_ended_has_a_time"), transaction.atomic():
        OfferContact.objects.create(step=4, status="missed", **again)


def test_ways_and_patience() -> None:
    assert steps_left("email_sms_call", []) == ["email", "sms", "call"]
    assert steps_left("email_sms_call", ["email"]) == ["sms", "call"]
    assert steps_left("sms_call", ["sms", "call", "call"]) == ["call"]
    assert steps_left("call", []) == ["call"]
    hour = dt.timedelta(hours=1)
    assert give_up_at(MONDAY, MONDAY + 4 * hour) == MONDAY + dt.timedelta(minutes=20)
    assert give_up_at(MONDAY, MONDAY + hour) == MONDAY + dt.timedelta(minutes=15)
    assert give_up_at(MONDAY, MONDAY - hour) == MONDAY + dt.timedelta(minutes=1)


PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("now", "due", "leaves"),
    [
        ("2026-11-23 08:00", None, "2026-11-23 08:00"),
        ("2026-11-23 19:59", None, "2026-11-23 19:59"),
        ("2026-11-23 20:00", None, "2026-11-24 08:00"),
        ("2026-11-24 07:59", None, "2026-11-24 08:00"),
        ("2026-11-23 21:00", "2026-11-24 11:00", "2026-11-24 08:00"),
        # The answer is due at night: it is read then, or never.
        ("2026-11-23 21:00", "2026-11-23 23:00", "2026-11-23 21:00"),
        ("2026-11-23 21:00", "2026-11-24 08:00", "2026-11-23 21:00"),
        # The clocks change at night.
        ("2026-10-24 23:00", None, "2026-10-25 08:00"),
    ],
)
def test_nobody_is_woken_by_an_sms(now: str, due: str | None, leaves: str) -> None:
    def at(text: str) -> dt.datetime:
        return dt.datetime.fromisoformat(text).replace(tzinfo=PARIS)

    assert leaves_at(at(now), at(due) if due else None, dt.time(8), dt.time(20), PARIS) == at(leaves)


@pytest.mark.promise("domain R31")
def test_at_night_an_sms_waits_for_the_morning(world: World, heels: WorkOrder, monday: Any) -> None:
    """And nobody is asked to call meanwhile. What answers an SMS leaves at once; the hours are the organisation's."""
    evening, morning = MONDAY.replace(hour=21), MONDAY.replace(hour=8) + dt.timedelta(days=1)
    monday.move_to(evening)
    offer = asked(world, heels, email="", phone=MOBILE)
    send(world)
    assert (MemorySms.sent, Message.objects.get(kind=Kind.OFFER_SENT).next_at) == ([], morning)
    assert not list(queued_messages(timezone.now()))
    monday.move_to(morning - dt.timedelta(minutes=1))
    deadlines.sweep(world.organisation.pk)
    send(world)
    assert (MemorySms.sent, [status for _n, _way, status, _why in receipts(offer)][-1]) == ([], "due")
    monday.move_to(morning + dt.timedelta(minutes=1))
    send(world)
    assert [number for number, _text in MemorySms.sent] == [MOBILE]
    deadlines.sweep(world.organisation.pk)
    assert receipts(offer)[-1][1:3] == ("sms", "sent")
    monday.move_to(evening + dt.timedelta(days=1))
    # The time to answer the first is over by then: that is told with the next question.
    for hour, told in ((22, 3), (20, 4)):
        set_offer_policy(world.organisation, sms_until=dt.time(hour), by=world.actor())
        if hour == 22:
            start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
        else:
            accept_offer(Offer.objects.with_need().latest("pk"), by=acting_for(offer.provider))
        send(world)
        assert len(MemorySms.sent) == told


def test_every_sms_fits_whatever_things_are_called(world: World, heels: WorkOrder) -> None:
    """Two parts of the SMS alphabet, in both languages, with the longest names."""
    world.organisation.name = "Régie de quartier « Les Œillets » – conciergerie solidaire du Grand-Est de Dijon"
    world.organisation.save()
    heels.service.name = "Ressemelage complet, patins et fers encastrés – bottes, bottines & escarpins ‘sur mesure’"
    heels.service.save()
    add_provider(world, email="", phone=MOBILE)
    add_provider(world, email="", phone="+33612345679", language="en")
    start_round(heels, by=world.actor())
    settle(world.organisation)
    sent = Message.objects.filter(channel=MessageChannel.SMS)
    assert sent.count() == 2
    for message in sent:
        text = writing.write(message).text
        assert rules.is_plain(text), text
        assert rules.parts(text) == 2, text
        assert "/offre/" in text and text.strip()[-4:].isdigit()


def test_every_kind_said_by_sms_has_its_words() -> None:
    found = {path.stem for path in (configured.BASE_DIR / "templates/sms").glob("*.txt")}
    assert found == {kind.replace(".", "_") for kind in BY_SMS}


def test_calls_to_make_are_listed(
    world: World, heels: WorkOrder, django_assert_num_queries: Any, in_tenant: Any
) -> None:
    browser = Browser()
    browser.force_login(world.users[Role.DISPATCHER])
    empty = browser.get(reverse("providers:calls"))
    assert (empty.status_code, "Personne à appeler" in empty.content.decode()) == (200, True)
    with in_tenant():
        add_provider(world, email="", phone=LANDLINE, name="Chez Léon")
        start_round(heels, by=world.actor())
    counts = []
    for more in (0, 2):
        with in_tenant():
            for number in range(more):
                add_provider(world, email="", phone=LANDLINE, name=f"Chez Léon {number}")
                start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
        with CaptureQueriesContext(connection) as counted:
            page = browser.get(reverse("providers:calls"))
        counts.append(len(counted))
    text = page.content.decode()
    assert text.count("tel:+33380112233") > 1 and "Chez Léon" in text
    assert counts[0] == counts[1]
    with in_tenant():
        elsewhere = Site.objects.create(
            organisation=world.organisation,
            name="Ailleurs",
            slug="ailleurs",
            postcode="21000",
            latitude=47,
            longitude=5,
        )
        Membership.objects.filter(user=world.users[Role.DISPATCHER]).update(site=elsewhere)
    assert "Chez Léon" not in browser.get(reverse("providers:calls")).content.decode()


def test_receipts_are_shown_with_the_offers(world: World, heels: WorkOrder, in_tenant: Any) -> None:
    with in_tenant():
        asked(world, heels, email="", phone=LANDLINE)
    browser = Browser()
    browser.force_login(world.users[Role.DISPATCHER])
    page = browser.get(reverse("providers:offers-of-request", args=[heels.request.public_id])).content.decode()
    for receipt in (
        "E-mail : Pas possible – aucune adresse",
        "SMS : Pas possible – le numéro enregistré ne reçoit pas de SMS",
        "Appel : À faire",
    ):
        assert receipt in " ".join(page.split())


# --- two at once ------------------------------------------------------------------------------------------------------


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_guarded", [True, False], ids=["locked", "twin-without-locks"])
def test_a_late_mail_and_its_refusal_at_once(monkeypatch: pytest.MonkeyPatch, is_guarded: bool) -> None:
    """The deadline and the bounce give the same way up: the next one is taken once. Without the locks both try to."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        offer = asked(world, world.request(world.cobbler).work_orders.get(), phone=MOBILE)
        OfferContact.objects.update(status="due", ended_at=None)
        contact = OfferContact.objects.select_related("offer__work_order", "organisation").get()
        if not is_guarded:
            gate = threading.Barrier(2)
            monkeypatch.setattr(contacts, "lock_work_order", lambda work_order: work_order)
            monkeypatch.setattr(contacts, "lock_offer", lambda offer: offer)

            def seen(contact: OfferContact) -> OfferContact:
                found = OfferContact.objects.get(pk=contact.pk)
                gate.wait(timeout=30)
                return found

            monkeypatch.setattr(contacts, "lock_contact", seen)
        outcomes: list[str] = []

        def give_up(why: ContactTrouble) -> None:
            try:
                with tenancy.working_for(world.organisation):
                    contacts.fall_back(contact, why, by=world.actor())
                outcomes.append("ok")
            except IntegrityError:
                outcomes.append("twice")
            finally:
                connections.close_all()

        threads = [
            threading.Thread(target=give_up, args=(why,)) for why in (ContactTrouble.REFUSED, ContactTrouble.LATE)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        ways = [way for _step, way, _status, _trouble in receipts(offer)]
    assert (sorted(outcomes), ways) == (["ok", "ok"] if is_guarded else ["ok", "twice"], ["email", "sms"])
