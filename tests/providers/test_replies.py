"""Providers answer by SMS: signed, once, and only what is clear (lifecycles.md 2.4, R31)."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from bookings.models import WorkOrder
from concierge import tenancy
from concierge.models import Event
from concierge.signatures import is_signed, key_of, sign
from notifications.enums import Kind
from notifications.gateways.sms import MemorySms
from notifications.models import Message
from notifications.rules import sms as rules
from providers.actions import offers, replies
from providers.actions.calls import note_nobody_there
from providers.actions.links import link_code
from providers.actions.offer_moves import say
from providers.actions.offers import accept_offer, resend_offer
from providers.actions.rounds import start_round
from providers.enums import DeclineReason, ReplyEffect
from providers.models import InboundSms, Offer, OfferContact
from providers.rules.contacts import note_with
from providers.rules.replies import read_reply
from tests.providers.conftest import acting_for, add_provider
from tests.providers.test_contacts import MOBILE, send
from tests.providers.test_races import race, statuses
from tests.world import World, build_world

pytestmark = pytest.mark.django_db
SECRET = "a-secret-of-the-gateway"
OTHER_MOBILE = "+33612345679"


@pytest.fixture(autouse=True)
def gateway(settings: Any) -> Iterator[None]:
    """One gateway signs for this organisation, with two keys: one is being changed."""
    settings.SMS_INBOUND_KEYS = [f"sens-pratique/ovh={SECRET}", "sens-pratique/ovh=the-next", "other/ovh=elsewhere"]
    MemorySms.sent.clear()
    yield
    MemorySms.sent.clear()


def post(
    text: str = "",
    *,
    sender: str = MOBILE,
    identity: str = "sms-1",
    secret: str = SECRET,
    age: int = 0,
    gateway: str = "ovh",
    body: bytes | None = None,
) -> Any:
    """What a gateway posts when an SMS came in."""
    body = json.dumps({"from": sender, "text": text}).encode() if body is None else body
    moment = int(time.time()) - age
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": str(moment),
        "webhook-signature": sign(key_of(secret), identity, moment, body),
    }
    with tenancy.working_for(None):
        return Browser().post(f"/sms/entrants/{gateway}/", body, content_type="application/json", headers=headers)


def asked(world: World, **provider: Any) -> Offer:
    """A provider with a mobile only is asked for one more job."""
    found = add_provider(world, **{"email": "", "phone": MOBILE, **provider})
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    send(world)
    return Offer.objects.with_need().filter(provider=found).latest("pk")


def came() -> list[tuple[str, int | None]]:
    """What came in, and what it led to."""
    return list(InboundSms.objects.order_by("pk").values_list("effect", "offer"))


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.promise("domain R31")
@pytest.mark.parametrize(
    ("text", "verdict", "code"),
    [
        ("OUI 4821", "yes", "4821"),
        ("oui4821", "yes", "4821"),
        ("Oui.", "yes", ""),
        ("« Oui 4821 »", "yes", "4821"),
        ("'Oui' 4821!", "yes", "4821"),
        ("OUI 4 821", "yes", "4821"),
        ("Oui 48 21", "yes", "4821"),
        ("ＯＵＩ ４８２１", "yes", "4821"),
        ("Oui 4821 👍", "yes", "4821"),
        ("0UI 4821", "yes", "4821"),
        ("D’accord 4821, merci", "yes", "4821"),
        ("Yes 4821 please", "yes", "4821"),
        ("Oui 4821\n> Un travail pour vous, non ?", "yes", "4821"),
        ("Oui\nLe lun. 23 nov. 2026, Conciergerie a écrit : 1234", "yes", ""),
        ("non 4821", "no", "4821"),
        ("NON4821", "no", "4821"),
        ("Nón, merci.", "no", ""),
        ("4821", "unclear", ""),
        ("oui non 4821", "unclear", ""),
        ("oui mais demain 4821", "unclear", ""),
        ("pas d’accord 4821", "unclear", ""),
        ("oui 4821 4822", "unclear", ""),
        ("oui 12", "unclear", ""),
        ("oui 4821 لا", "unclear", ""),
        ("je vous rappelle", "unclear", ""),
        ("", "unclear", ""),
        ("oui " * 5000, "yes", ""),
    ],
)
def test_what_an_answer_says(text: str, verdict: str, code: str) -> None:
    assert read_reply(text) == (verdict, code)


# --- what it does -----------------------------------------------------------------------------------------------------


@pytest.mark.promise("domain R31")
def test_yes_with_the_code_of_the_sms(world: World) -> None:
    offer = asked(world)
    code = link_code(offer)
    assert f"OUI {code}" in MemorySms.sent[0][1] and f"NON {code}" in MemorySms.sent[0][1]
    assert post(f"Oui {code}").status_code == 204
    send(world)
    offer.refresh_from_db()
    assert (offer.status, came()) == ("accepted", [("accepted", offer.pk)])
    told = Event.objects.get(name="offer.accepted")
    assert (told.actor, told.channel) == (f"provider:{offer.provider_id}", "sms")
    # The details by SMS are the answer: no second one.
    assert [number for number, _text in MemorySms.sent] == [MOBILE, MOBILE]
    assert "/offre/" in MemorySms.sent[1][1] and world.client.last_name not in MemorySms.sent[1][1]


@pytest.mark.promise("domain R31")
def test_no_is_told_back_and_others_are_asked(world: World) -> None:
    offer = asked(world)
    assert post(f"non {link_code(offer)}").status_code == 204
    send(world)
    offer.refresh_from_db()
    assert (offer.status, offer.decline_reason) == ("declined", "other")
    assert "noté" in MemorySms.sent[1][1].lower()


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("text", ["Oui", "Ok", "Non merci"])
def test_without_the_digits_nothing_is_bound(world: World, text: str, language: str) -> None:
    """A polite word may answer any message of ours: the digits are asked for, and a person reads it."""
    offer = asked(world, language=language)
    MemorySms.sent.clear()
    assert post(text).status_code == 204
    send(world)
    offer.refresh_from_db()
    assert (offer.status, came()) == ("sent", [("no_code", None)])
    assert [contact.note for contact in OfferContact.objects.calls()] == [text]
    [(number, said)] = MemorySms.sent
    assert (number, ("quatre chiffres" if language == "fr" else "four digits") in said) == (MOBILE, True)
    assert ("OUI 1234" if language == "fr" else "YES 1234") in said
    assert rules.is_plain(said) and rules.parts(said) <= 2


def test_thanks_after_a_yes_bind_nothing_else(world: World) -> None:
    first = asked(world)
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    send(world)
    other = Offer.objects.with_need().filter(provider=first.provider).latest("pk")
    post(f"OUI {link_code(first)}")
    assert post("Ok merci", identity="sms-2").status_code == 204
    assert came() == [("accepted", first.pk), ("no_code", None)]
    other.refresh_from_db()
    assert other.status == "sent"
    # Once nothing waits any more, nobody has to read it.
    post(f"non {link_code(other)}", identity="sms-3")
    post("Ok merci", identity="sms-4")
    assert came()[3:] == [("nothing_open", None)]
    assert not OfferContact.objects.calls().exists()


def test_after_another_price_no_answer_by_sms_is_asked_for(world: World) -> None:
    """A yes by SMS is to the first price: it would be refused."""
    offer = asked(world)
    code = link_code(offer)
    Offer.objects.filter(pk=offer.pk).update(price=Decimal("15.50"))
    say(offer, "repriced", world.actor(), old_price="12.00", new_price="15.50")
    resend_offer(offer, by=world.actor())
    MemorySms.sent.clear()
    Message.objects.filter(kind=Kind.OFFER_REPRICED).update(status="suppressed")
    send(world)
    texts = [text for _number, text in MemorySms.sent if "/offre/" in text]
    assert [(f"OUI {code}" in text, code in text) for text in texts][-1:] == [(False, True)]
    assert post(f"oui {code}").status_code == 204
    assert InboundSms.objects.get().refusal == "offer_repriced"
    # Nothing is bound; the price of now is told, with the page where a yes says to which it is.
    MemorySms.sent.clear()
    send(world)
    [(_number, said)] = MemorySms.sent
    assert ("15,50" in said, "/offre/" in said, rules.parts(said) <= 2) == (True, True, True)
    offer.refresh_from_db()
    assert offer.status == "sent"


def test_a_second_word_reaches_whoever_was_to_call_later(world: World) -> None:
    """What they write after nobody picked up: the call is due now, it is said, and both texts are there."""
    offer = asked(world)
    told = Event.objects.filter(name="offer.call_due")
    post("Plutôt jeudi ?")
    assert told.count() == 1
    note_nobody_there(offer, call_again_at=timezone.now() + dt.timedelta(minutes=30), by=world.actor())
    post("Je préfère le matin", identity="sms-2")
    [call] = OfferContact.objects.calls()
    assert (told.count(), call.due_at <= timezone.now(), call.note) == (2, True, "Je préfère le matin")
    post("Avant dix heures", identity="sms-3")
    post("Avant dix heures", identity="sms-4")
    [call] = OfferContact.objects.calls()
    assert (told.count(), call.note) == (2, "Je préfère le matin / Avant dix heures")


@pytest.mark.parametrize(
    ("note", "words", "kept"),
    [
        ("", "b", "b"),
        ("a", "b", "a / b"),
        ("a b", "b", "a b"),
        ("a" * 300, "c" * 30, "…" + "a" * 286 + " / " + "c" * 30),
    ],
)
def test_what_was_written_is_kept_and_added_to(note: str, words: str, kept: str) -> None:
    assert note_with(note, words, 320) == kept


@pytest.mark.parametrize(
    ("text", "note"),
    [("Pas demain \\ud83d", "Pas demain ?"), ("Pas\\u0000 demain", "Pas demain"), ("Ça \\ud83d\\ude00 va", "Ça 😀 va")],
)
def test_what_no_database_takes_is_left_out_of_a_text(world: World, text: str, note: str) -> None:
    asked(world)
    assert post(body=f'{{"from": "{MOBILE}", "text": "{text}"}}'.encode()).status_code == 204
    assert [contact.note for contact in OfferContact.objects.calls()] == [note]


@pytest.mark.parametrize("text", ["peut-être demain", "oui 0000", "oui et non"])
def test_what_is_unclear_goes_to_a_person(world: World, text: str) -> None:
    offer = asked(world)
    if text.endswith(link_code(offer)):
        pytest.skip("the code is that one by chance")
    assert post(text).status_code == 204
    offer.refresh_from_db()
    assert (offer.status, came()[0][0]) == ("sent", "unclear")
    assert [contact.note for contact in OfferContact.objects.calls()] == [text]


def test_the_code_of_another_provider_opens_nothing(world: World) -> None:
    mine = asked(world)
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    rival = add_provider(world, email="", phone=OTHER_MOBILE)
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    theirs = Offer.objects.get(provider=rival)
    assert link_code(theirs) not in {link_code(offer) for offer in Offer.objects.filter(provider=mine.provider)}
    assert post(f"oui {link_code(theirs)}").status_code == 204
    assert (came()[0][0], set(Offer.objects.values_list("status", flat=True))) == ("unclear", {"sent"})


@pytest.mark.parametrize(
    ("before", "refusal"), [("taken", "offer_taken"), ("twice", "offer_already_answered"), ("late", "offer_expired")]
)
def test_a_yes_that_comes_too_late_is_told_kindly(world: World, before: str, refusal: str, monday: Any) -> None:
    rival = add_provider(world)
    offer = asked(world)
    code = link_code(offer)
    if before == "taken":
        accept_offer(Offer.objects.with_need().get(provider=rival), by=acting_for(rival))
    elif before == "twice":
        post(f"oui {code}", identity="before")
    else:
        monday.move_to(offer.due_at + dt.timedelta(minutes=1))
    assert post(f"oui {code}").status_code == 204
    row = InboundSms.objects.get(external_id="sms-1")
    assert (row.effect, row.refusal) == ("refused", refusal)
    send(world)
    assert MemorySms.sent[-1][0] == MOBILE
    assert Offer.objects.filter(status="accepted").count() == (0 if before == "late" else 1)


def test_who_is_not_known_is_told_nothing(world: World) -> None:
    assert post("OUI 4821", sender="+33698765432").status_code == 204
    send(world)
    assert (came(), MemorySms.sent) == ([("unknown", None)], [])


def test_machines_that_answer_machines_come_to_rest(world: World) -> None:
    asked(world)
    MemorySms.sent.clear()
    for number in range(9):
        assert post("Je suis absent jusqu’au 30", identity=f"auto-{number}").status_code == 204
        send(world)
    assert len(MemorySms.sent) == replies.MOST_ANSWERS
    assert OfferContact.objects.calls().count() == 1


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.promise("S20", "domain R31")
@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "not-the-key"},
        {"secret": "elsewhere"},
        {"age": 301},
        {"age": -301},
        {"gateway": "another"},
        {"identity": ""},
        {"identity": "x" * 201},
    ],
    ids=["key", "key of another house", "old", "ahead", "gateway", "no identity", "long identity"],
)
def test_what_is_forged_leaves_no_trace(world: World, forged: dict[str, Any]) -> None:
    offer = asked(world)
    before = Event.objects.count()
    assert post(f"oui {link_code(offer)}", **forged).status_code == 401
    offer.refresh_from_db()
    assert (offer.status, InboundSms.objects.count(), Event.objects.count()) == ("sent", 0, before)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 100_000, 413),
        (b"", 400),
        (b"[]", 400),
        (b'{"from": 1, "text": "oui"}', 400),
        (b'{"from": "0612345678", "text": "oui"}', 400),
        (b'{"from": "+33612345678"}', 400),
        (b"\xff\xfe", 400),
    ],
)
def test_what_is_no_sms_changes_nothing(world: World, body: bytes, status: int) -> None:
    assert post(body=body).status_code == status
    assert InboundSms.objects.count() == 0


def test_signatures_of_the_next_key_count_too(world: World) -> None:
    offer = asked(world)
    assert post(f"oui {link_code(offer)}", secret="the-next").status_code == 204
    assert came() == [("accepted", offer.pk)]


@pytest.mark.promise("R03", "domain R31")
def test_delivered_again_it_has_no_second_effect(world: World) -> None:
    offer = asked(world)
    text = f"non {link_code(offer)}"
    assert [post(text).status_code for _time in range(3)] == [204, 204, 204]
    send(world)
    assert (InboundSms.objects.count(), Event.objects.filter(name="sms.answered").count()) == (1, 1)
    assert post(f"oui {link_code(offer)}").status_code == 409
    assert came() == [("declined", offer.pk)]


def test_signatures() -> None:
    """The example of the specification of Standard Webhooks."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    name, moment = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
    assert sign(key_of(secret), name, moment, body) == wanted

    def holds(now: int = moment, timestamp: str = str(moment), said: bytes = body, given: str = wanted) -> bool:
        keys = [key_of("another"), key_of(secret)]
        return is_signed(keys, message_id=name, timestamp=timestamp, signatures=given, body=said, now=now)

    assert holds() and holds(moment + 300) and holds(moment - 300) and holds(given=f"v1,abc {wanted}")
    assert not any((holds(moment + 301), holds(said=b"{}"), holds(3, timestamp="٣"), holds(given=""), holds(given="é")))


# --- two at once ------------------------------------------------------------------------------------------------------

Raced = tuple[World, WorkOrder, list[Offer]]


@pytest.fixture
def two_asked(transactional_db: None) -> Iterator[Raced]:
    """Two providers with a mobile were asked for one job, and every thread can see it."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        add_provider(world, phone=MOBILE)
        add_provider(world, phone=OTHER_MOBILE)
        work_order = world.request(world.cobbler).work_orders.get()
        start_round(work_order, by=world.actor())
        yield world, work_order, list(Offer.objects.with_need().order_by("pk"))


@pytest.mark.promise("R02", "domain R31")
@pytest.mark.django_db(transaction=True)
def test_yes_by_sms_by_link_and_by_api_at_once(two_asked: Raced) -> None:
    """One provider answers by SMS and by its link, another by the API: one yes."""
    world, _work_order, [mine, theirs] = two_asked
    text = f"oui {link_code(mine)}"
    race(
        world,
        lambda: post(text),
        lambda: accept_offer(mine, by=acting_for(mine.provider)),
        lambda: accept_offer(theirs, by=acting_for(theirs.provider, "api")),
    )
    assert statuses()["accepted"] == 1
    [won] = Offer.objects.filter(status="accepted")
    assert WorkOrder.objects.get().performer_id == won.provider_id
    [row] = InboundSms.objects.all()
    assert row.effect in {ReplyEffect.ACCEPTED, ReplyEffect.REFUSED}
    assert Event.objects.filter(name="offer.accepted").count() == 1


@pytest.mark.promise("R02", "domain R31")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "twin-without-locks"])
def test_one_provider_says_no_by_two_ways_at_once(
    two_asked: Raced, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """By SMS and by the link: one counts. Without the locks both are taken for an answer."""
    world, _work_order, [mine, _theirs] = two_asked
    if not is_guarded:
        gate = threading.Barrier(2)

        def late(offer: Offer) -> Offer:
            found = Offer.objects.with_need().get(pk=offer.pk)
            gate.wait(timeout=30)
            return found

        monkeypatch.setattr(offers, "lock_offer", late)
        monkeypatch.setattr(offers, "lock_work_order", lambda order: WorkOrder.objects.get(pk=order.pk))
    text = f"non {link_code(mine)}"
    race(
        world,
        lambda: post(text),
        lambda: offers.decline_offer(mine, reason=DeclineReason.TOO_FAR, by=acting_for(mine.provider)),
    )
    answers = Event.objects.filter(subject_id=mine.public_id, name="offer.declined").count()
    assert answers == (1 if is_guarded else 2)


@pytest.mark.promise("R02", "R03")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_guarded", [True, False], ids=["once", "twin-without-identity"])
def test_the_same_sms_twice_at_once(two_asked: Raced, is_guarded: bool) -> None:
    """Its identity is unique: it is done once. Under two identities it is done twice, and told twice."""
    world, _work_order, [mine, _theirs] = two_asked
    text = f"non {link_code(mine)}"
    codes: Counter[int] = Counter()

    def deliver(identity: str) -> Callable[[], None]:
        def run() -> None:
            codes[post(text, identity=identity).status_code] += 1

        return run

    race(world, deliver("one"), deliver("one" if is_guarded else "two"))
    assert codes == {204: 2}
    told = Event.objects.filter(name="sms.answered").count()
    assert (InboundSms.objects.count(), told) == ((1, 1) if is_guarded else (2, 2))
