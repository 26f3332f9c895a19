"""The page behind an offer's link: people act, robots do not (S16, DR10, P05)."""

from __future__ import annotations

import datetime as dt
import io
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser
from django.test import override_settings
from django.utils import timezone

from bookings.actions.work_orders import cancel_work_order, verify_work_order
from bookings.models import ServiceRequest, WorkOrder
from concierge import tenancy
from concierge.models import Domain, Event
from notifications.enums import Kind
from notifications.models import Message
from providers.actions.links import WrongLinkCode, check_link_code, link_code, link_url
from providers.actions.offers import accept_offer, resend_offer
from providers.actions.rounds import start_round
from providers.models import AccessLink, Offer
from providers.models.links import MAX_CODE_TRIES, hash_of
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.world import World, build_world


class Phone:
    """A browser that received the message."""

    def __init__(self, offer: Offer) -> None:
        self.browser = Browser(enforce_csrf_checks=True, headers={"Accept-Language": "fr"})
        self.url = link_url(offer).partition("localhost:8000")[2]
        if not self.url:
            self.url = "/" + link_url(offer).split("/", 3)[3]
        self.code = link_code(offer)

    def get(self) -> Any:
        return self.browser.get(self.url)

    def post(self, verb: str, **data: str) -> Any:
        # What browsers send from a page with no-referrer.
        return self.browser.post(f"{self.url}{verb}/", data, headers={"Origin": "null"})

    def unlock(self) -> Phone:
        assert self.post("code", code=self.code).status_code == 302
        return self


@pytest.fixture
def phone(offers: list[Offer]) -> Phone:
    return Phone(offers[0])


def text_of(answer: Any) -> str:
    body = answer.content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in body
    return str(body)


def snapshot() -> tuple[Any, ...]:
    return (
        Event.objects.count(),
        list(Offer.objects.order_by("pk").values()),
        list(AccessLink.objects.order_by("pk").values()),
        list(WorkOrder.objects.order_by("pk").values()),
    )


@pytest.mark.promise("S16")
def test_looking_changes_nothing(phone: Phone) -> None:
    before = snapshot()
    for answer in (phone.get(), phone.browser.head(phone.url), phone.get()):
        assert answer.status_code == 200
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
    for verb in ("accepter", "refuser", "pas-moi", "commencer", "terminer", "code"):
        assert phone.browser.get(f"{phone.url}{verb}/").status_code == 405
    assert snapshot() == before


@pytest.mark.promise("S16")
def test_a_robot_that_presses_every_button_changes_nothing(phone: Phone) -> None:
    before = snapshot()
    page = text_of(phone.get())
    assert f"{phone.url}code/" in page
    assert "accepter" not in page
    for verb in ("accepter", "refuser", "pas-moi", "commencer", "terminer"):
        answer = phone.post(verb, reason="price")
        assert answer.status_code == 403
        assert "Merci de taper d’abord les quatre chiffres de notre message." in text_of(answer)
    assert phone.post("code").status_code == 422
    assert phone.code not in page
    assert snapshot() == before


@pytest.mark.promise("P05")
def test_before_acceptance_the_client_is_nowhere(phone: Phone, offers: list[Offer]) -> None:
    ServiceRequest.objects.update(note="Sonner chez Roux", contact_phone="+33612345678")
    phone.unlock()
    page = text_of(phone.get())
    for secret in ("Roux", "Camille", "6 12 34 56 78", "18,00"):
        assert secret not in page
    for shown in ("Pose de talons", "12,00\u202f€", "21000 Dijon", "lundi 23 novembre", "3 heures 59 minutes"):
        assert shown in page


@pytest.mark.promise("S16", "R02")
def test_a_person_accepts_starts_and_finishes(world: World, phone: Phone, offers: list[Offer]) -> None:
    phone.unlock()
    assert phone.post("accepter").status_code == 302
    page = text_of(phone.get())
    assert "Camille Roux" in page
    assert "Le travail est à vous" in page
    accepted = Event.objects.get(name="offer.accepted")
    assert (accepted.actor, accepted.channel) == (f"provider:{offers[0].provider_id}", "link")
    assert phone.post("terminer").status_code == 409
    assert phone.post("commencer").status_code == 302
    assert phone.post("commencer").status_code == 409
    assert phone.post("terminer").status_code == 302
    work_order = WorkOrder.objects.get()
    assert work_order.status == "completed"
    verify_work_order(work_order, by=world.actor())
    assert "Camille Roux" in text_of(phone.get())
    WorkOrder.objects.update(verified_at=MONDAY - dt.timedelta(hours=25))
    assert "Camille Roux" not in text_of(phone.get())


@pytest.mark.promise("S16")
def test_another_browser_needs_the_digits_to_read_who_the_client_is(phone: Phone, offers: list[Offer]) -> None:
    phone.unlock().post("accepter")
    stranger = Phone(offers[0])
    assert "Camille Roux" not in text_of(stranger.get())
    stranger.browser.cookies["offer_link"] = "forged:1:signature"
    assert "Camille Roux" not in text_of(stranger.get())


@pytest.mark.promise("S16")
def test_the_cookie_of_one_link_does_not_open_another(offers: list[Offer]) -> None:
    first, second = Phone(offers[0]).unlock(), Phone(offers[1])
    cookie = first.browser.cookies["offer_link"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (first.url, True, "Lax")
    second.browser.cookies["offer_link"] = cookie.value
    assert second.post("accepter").status_code == 403


@pytest.mark.promise("S16")
def test_five_wrong_codes_end_it(phone: Phone) -> None:
    wrong = f"{(int(phone.code) + 1) % 10000:04d}"
    for _n in range(5):
        answer = phone.post("code", code=wrong)
        assert answer.status_code == 422
        assert "Ce ne sont pas les quatre chiffres de notre message." in text_of(answer)
    for code in (wrong, phone.code):
        answer = phone.post("code", code=code)
        assert answer.status_code == 429
    assert "Trop d’essais." in text_of(answer)
    assert phone.get().status_code == 200


@pytest.mark.promise("S16")
def test_declining_needs_a_reason_and_shows_the_answer_after(phone: Phone, offers: list[Offer]) -> None:
    phone.unlock()
    answer = phone.post("refuser")
    assert answer.status_code == 422
    assert "Merci de choisir une raison." in text_of(answer)
    assert phone.post("refuser", reason="too_busy", comment="En congé").status_code == 302
    page = text_of(phone.get())
    assert "Vous avez refusé ce travail" in page
    assert f"{phone.url}accepter/" not in page
    again = phone.post("accepter")
    assert again.status_code == 409
    assert "Vous avez déjà répondu à cette proposition." in text_of(again)


@pytest.mark.promise("R02", "S16")
def test_the_loser_reads_a_kind_page(phone: Phone, offers: list[Offer]) -> None:
    phone.unlock()
    accept_offer(offers[1], by=acting_for(offers[1].provider))
    answer = phone.post("accepter")
    assert answer.status_code == 409
    page = text_of(answer)
    assert "Un autre prestataire vient de prendre ce travail." in page
    assert "Un autre prestataire a été plus rapide" in page


@pytest.mark.promise("S16")
def test_not_me_ends_the_link_and_tells_staff(world: World, phone: Phone, offers: list[Offer]) -> None:
    phone.unlock()
    assert "Merci de nous avoir prévenus" in text_of(phone.post("pas-moi"))
    assert phone.get().status_code == 410
    assert phone.post("accepter").status_code == 410
    assert Offer.objects.get(pk=offers[0].pk).status == "undeliverable"
    told = Event.objects.filter(name__in=["offer.misdirected", "offer.undeliverable"]).order_by("pk")
    assert [event.name for event in told] == ["offer.misdirected", "offer.undeliverable"]
    assert link_url(offers[0]) == link_code(offers[0]) == ""


def lock_out(offer: Offer) -> None:
    """Somebody guesses the four digits until the link no longer acts."""
    wrong = f"{(int(link_code(offer)) + 1) % 10_000:04d}"
    for _n in range(MAX_CODE_TRIES):
        with pytest.raises(WrongLinkCode):
            check_link_code(offer.links.get(revoked_at=None), wrong)


@pytest.mark.promise("S16")
def test_a_link_that_lives_is_sent_again_as_it_is(world: World, offers: list[Offer]) -> None:
    """Whoever has opened it goes on: a second message does not shut the door of the first."""
    phone, before = Phone(offers[0]).unlock(), AccessLink.objects.filter(offer=offers[0]).values().get()
    resend_offer(offers[0], by=world.actor())
    assert AccessLink.objects.filter(offer=offers[0]).values().get() == before
    assert Event.objects.filter(name="offer.sent", subject_id=offers[0].public_id).count() == 2
    assert phone.post("accepter").status_code == 302


@pytest.mark.promise("S16")
@pytest.mark.parametrize("why", ["locked", "expired", "revoked"])
def test_a_link_that_is_over_is_made_anew(world: World, offers: list[Offer], why: str) -> None:
    old = offers[0].links.get()
    if why == "locked":
        lock_out(offers[0])
    elif why == "expired":
        AccessLink.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    else:
        AccessLink.objects.filter(pk=old.pk).update(revoked_at=timezone.now())
    made = resend_offer(offers[0], by=world.actor())
    assert made.pk != old.pk
    assert list(offers[0].links.filter(revoked_at=None)) == [made]
    assert Phone(offers[0]).unlock().post("accepter").status_code == 302


def test_over_withdrawn_expired_and_replaced(world: World, offers: list[Offer], monday: Any) -> None:
    first, second = Phone(offers[0]).unlock(), Phone(offers[1]).unlock()
    lock_out(offers[1])
    resend_offer(offers[1], by=world.actor())
    over = second.get()
    assert over.status_code == 410
    assert "Ce lien n’est plus valable." in text_of(over)
    monday.move_to(MONDAY + dt.timedelta(hours=5))
    page = text_of(first.get())
    assert "Le délai de réponse est passé" in page
    assert "accepter" not in page
    answer = first.post("accepter")
    assert answer.status_code == 409
    settle(world.organisation)
    assert first.get().status_code == 200
    monday.move_to(MONDAY + dt.timedelta(days=8))
    gone = first.get()
    assert gone.status_code == 410
    assert "Ce lien a expiré." in text_of(gone)


def test_a_cancelled_job_is_said_kindly(world: World, phone: Phone, offers: list[Offer]) -> None:
    phone.unlock()
    cancel_work_order(offers[0].work_order, reason="by_client", by=world.actor())
    answer = phone.post("accepter")
    assert answer.status_code == 409
    assert "Ce travail n’est plus nécessaire." in text_of(answer)
    settle(world.organisation)
    assert "Ce travail n’est plus nécessaire" in text_of(phone.get())


@pytest.mark.promise("S16")
def test_unknown_and_foreign_links(other_world: World, world: World, phone: Phone) -> None:
    assert phone.browser.get("/offre/nimportequoi/").status_code == 404
    assert phone.browser.get(f"/offre/{'a' * 2000}/").status_code == 404
    assert phone.browser.post("/offre/nimportequoi/accepter/").status_code == 404
    assert phone.browser.get(phone.url, headers={"Host": other_world.host}).status_code == 404


@pytest.mark.promise("S16")
def test_address_comes_from_settings_and_domain_never_from_the_request(world: World, offers: list[Offer]) -> None:
    with override_settings(BASE_URL="https://conciergerie.example"):
        assert link_url(offers[0]).startswith("https://testserver/offre/")
    Domain.objects.create(host="conciergerie.example", organisation=world.organisation)
    with override_settings(BASE_URL="https://conciergerie.example"):
        assert link_url(offers[0]).startswith("https://conciergerie.example/offre/")
    with override_settings(BASE_URL="http://localhost:8000"):
        assert link_url(offers[0]).startswith("http://testserver:8000/offre/")


@pytest.mark.promise("S16")
def test_the_token_is_stored_as_a_hash_and_logged_nowhere(
    phone: Phone, offers: list[Offer], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = phone.url.strip("/").rpartition("/")[2]
    assert AccessLink.objects.get(offer=offers[0]).token_hash == hash_of(token)
    stored = str(list(AccessLink.objects.values())) + str(list(Event.objects.values()))
    assert token not in stored
    written = io.StringIO()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.formatter and handler.name == "console":
            monkeypatch.setattr(handler, "stream", written)
    phone.unlock()
    phone.post("terminer")
    phone.browser.get("/offre/" + token + "x/")
    assert "request_finished" in written.getvalue()
    assert token not in written.getvalue()


@pytest.fixture
def real_phone(transactional_db: None) -> Iterator[tuple[World, Phone]]:
    """An offer that every thread can see."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        add_provider(world)
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
        yield world, Phone(Offer.objects.with_need().get())


@pytest.mark.promise("S16", "R02")
@pytest.mark.django_db(transaction=True)
def test_guessing_in_parallel_gets_five_tries_and_two_taps_are_one_yes(real_phone: tuple[World, Phone]) -> None:
    _world, phone = real_phone
    wrong = f"{(int(phone.code) + 1) % 10000:04d}"
    answers: list[int] = []

    def run(act: Any, count: int) -> None:
        gate = threading.Barrier(count)

        def one() -> None:
            gate.wait(timeout=30)
            answers.append(act().status_code)
            connections.close_all()

        threads = [threading.Thread(target=one) for _n in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)

    run(lambda: Browser().post(f"{phone.url}code/", {"code": wrong}), 8)
    assert sorted(answers) == [422] * 5 + [429] * 3
    AccessLink.objects.update(code_tries=0)
    phone.unlock()
    cookie = phone.browser.cookies["offer_link"].value
    answers.clear()

    def tap() -> Any:
        browser = Browser()
        browser.cookies["offer_link"] = cookie
        return browser.post(f"{phone.url}accepter/")

    run(tap, 2)
    assert sorted(answers) == [302, 409]
    assert Event.objects.filter(name="offer.accepted").count() == 1


# --- a new link ------------------------------------------------------------------------------------------------------


@pytest.mark.promise("S16")
def test_an_expired_link_sends_a_new_one_to_the_address_on_file(offers: list[Offer], world: World) -> None:
    phone, offer = Phone(offers[0]), offers[0]
    letters = Message.objects.filter(kind=Kind.OFFER_LINK)

    def asks(where: Browser, address: str) -> str:
        """What is said: the page around it has secrets of its own."""
        answer = where.post(address, headers={"Origin": "null", "Accept-Language": "fr"})
        assert answer.status_code == 200
        return text_of(answer).partition("<main")[2].partition("</main>")[0]

    same = asks(phone.browser, f"{phone.url}nouveau/")
    assert "un nouveau part tout de suite" in same
    assert AccessLink.objects.filter(offer=offer).count() == 1
    AccessLink.objects.filter(offer=offer).update(expires_at=timezone.now())
    assert "Recevoir un nouveau lien" in text_of(phone.get())
    for _n in range(2):
        assert asks(phone.browser, f"{phone.url}nouveau/") == same
    assert asks(Browser(), "/offre/nowhere/nouveau/") == same
    settle(world.organisation)
    assert list(letters.values_list("address", flat=True)) == [offer.provider.email]
    fresh = Phone(offer)
    assert fresh.url != phone.url
    assert phone.get().status_code == 410
    assert fresh.unlock().post("accepter").status_code == 302


@pytest.mark.promise("S16")
def test_a_locked_link_is_renewed_and_a_reported_one_is_not(offers: list[Offer], world: World) -> None:
    phone, offer = Phone(offers[0]), offers[0]
    for _n in range(MAX_CODE_TRIES):
        phone.post("code", code="0000" if phone.code != "0000" else "1111")
    assert "nouveau/" in text_of(phone.get())
    phone.post("nouveau")
    assert AccessLink.objects.filter(offer=offer, revoked_at=None).get().code_tries == 0
    other = Phone(offers[1]).unlock()
    other.post("pas-moi")
    other.post("nouveau")
    assert AccessLink.objects.filter(offer=offers[1], revoked_at=None).count() == 0
    assert Event.objects.filter(name="offer.link_asked").count() == 1
