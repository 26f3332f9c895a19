"""The sentences of the law change by rows that an accountant writes (A2); what is issued keeps what it says."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone, translation

from billing.actions import legal_texts
from billing.actions.invoices import invoice_payer
from billing.actions.legal_texts import FollowedAlready, Wording, change_text, take_text_back
from billing.enums import TextCode
from billing.models import LegalEntity, LegalText
from billing.rules import mentions as m
from bookings.models import ServiceRequest
from concierge import tenancy
from concierge.days import today_of
from concierge.errors import DomainError, Invalid, WrongState
from concierge.models import Event
from tests.billing.conftest import make_account, make_issuer
from tests.world import World, build_world

pytestmark = pytest.mark.promise("domain R37")

CODE = TextCode.LATE_PENALTIES
NEW = Wording(text_fr="Pénalités de retard : taux de la BCE plus dix points.", law_ref="C. com. art. L441-10, II")
DAY = dt.timedelta(days=1)


@pytest.fixture
def today(world: World, issuer: LegalEntity) -> dt.date:
    return today_of(world.organisation)


def issuer_of(world: World) -> LegalEntity:
    return LegalEntity.objects.select_related("organisation").get(organisation=world.organisation)


def wordings(code: str = CODE) -> list[tuple[dt.date, dt.date | None]]:
    return list(
        LegalText.objects.standing().filter(code=code).order_by("valid_from").values_list("valid_from", "valid_to")
    )


def test_every_sentence_of_the_rules_has_its_name() -> None:
    known = {value for name, value in vars(m).items() if name.isupper() and isinstance(value, str)}
    assert known == set(TextCode.values)


def test_from_a_day_on_documents_say_something_else(world: World, finished: ServiceRequest, today: dt.date) -> None:
    finished.payer_account = make_account(world)
    finished.save(update_fields=["payer_account"])
    change_text(issuer_of(world), CODE, NEW, since=today, by=world.actor())
    ((_first, over), (since, end)) = wordings()
    assert (over, since, end) == (today - DAY, today, None)
    made = invoice_payer(finished.payer_account, until=timezone.now() + DAY, by=world.actor())
    assert NEW.text_fr in [one["text"]["fr"] for one in made.snapshot["mentions"]]
    event = Event.objects.get(name="legal_text.changed")
    assert event.data["code"] == CODE


@pytest.mark.parametrize(
    ("wording", "days", "field"),
    [
        (NEW, -1, "since"),
        (Wording(text_fr=""), 1, "text_fr"),
        (Wording(text_fr="Exonéré.", vatex="VATEX-XX-1"), 1, "vatex"),
    ],
)
def test_what_cannot_be_is_refused(world: World, today: dt.date, wording: Wording, days: int, field: str) -> None:
    before = wordings(TextCode.EXEMPT)
    with pytest.raises(Invalid) as refused:
        change_text(issuer_of(world), TextCode.EXEMPT, wording, since=today + days * DAY, by=world.actor())
    assert refused.value.field == field
    assert wordings(TextCode.EXEMPT) == before


def test_a_wording_to_come_is_taken_back_and_the_one_before_goes_on(world: World, today: dt.date) -> None:
    before, since = wordings(), today + 30 * DAY
    change_text(issuer_of(world), CODE, NEW, since=since, by=world.actor())
    for day in (since, since - DAY):
        with pytest.raises(FollowedAlready):
            change_text(issuer_of(world), CODE, NEW, since=day, by=world.actor())
    with pytest.raises(WrongState):
        take_text_back(issuer_of(world), CODE, since=since - DAY, by=world.actor())
    take_text_back(issuer_of(world), CODE, since=since, by=world.actor())
    assert wordings() == before
    with pytest.raises(WrongState):
        take_text_back(issuer_of(world), CODE, since=since, by=world.actor())
    # What counts stays.
    with pytest.raises(WrongState):
        take_text_back(issuer_of(world), CODE, since=before[0][0], by=world.actor())


def test_a_sentence_that_ends_by_itself_does_so_whatever_follows(world: World, today: dt.date) -> None:
    """The reference of the small business scheme is tolerated until the end of 2027 only."""
    before, code = wordings(TextCode.FRANCHISE), TextCode.FRANCHISE
    ((begins, ends),) = before
    assert ends == dt.date(2027, 12, 31)
    cibs = Wording(text_fr="TVA non applicable (CIBS).", vatex="VATEX-FR-FRANCHISE")
    for since, then in (
        (ends + DAY, [(begins, ends), (ends + DAY, None)]),
        (ends - DAY, [(begins, ends - 2 * DAY), (ends - DAY, ends)]),
    ):
        change_text(issuer_of(world), code, cibs, since=since, by=world.actor())
        assert wordings(code) == then
        take_text_back(issuer_of(world), code, since=since, by=world.actor())
        assert wordings(code) == before


# --- pages --------------------------------------------------------------------------


@pytest.fixture
def accountant(world: World, issuer: LegalEntity) -> Iterator[Browser]:
    with translation.override("en"):
        browser = Browser(headers={"accept-language": "en"})
        browser.force_login(world.users["accountant"])
        yield browser


def page(name: str, *arguments: Any) -> str:
    return reverse(f"billing:{name}", args=arguments)


def test_the_pages_say_change_and_take_back(world: World, accountant: Browser) -> None:
    today = today_of(world.organisation)
    text = accountant.get(page("texts")).text
    assert "Late-payment penalties" in text
    assert "Nothing is written for the time after 31 December 2027." in text
    url, since = page("text", CODE), today + 40 * DAY
    sent = {"since": since.isoformat(), "text_fr": NEW.text_fr, "text_en": "", "law_ref": NEW.law_ref}
    bad = accountant.post(url, {**sent, "since": "hier"})
    assert bad.status_code == 422
    assert NEW.text_fr in bad.text
    assert accountant.post(url, {**sent, "since": (today - DAY).isoformat()}).status_code == 422
    assert accountant.post(url, sent).status_code == 302
    assert NEW.text_fr in accountant.get(page("texts")).text
    assert "Take back" in accountant.get(url).text
    assert accountant.post(page("take-text-back", CODE), {"since": "x"}).status_code == 302
    assert len(wordings()) == 2
    assert accountant.post(page("take-text-back", CODE), {"since": since.isoformat()}).status_code == 302
    assert len(wordings()) == 1
    assert "Take back" not in accountant.get(url).text


def test_a_sentence_that_nobody_knows_is_not_found(accountant: Browser) -> None:
    assert accountant.get(page("text", "nonsense")).status_code == 404
    assert accountant.post(page("take-text-back", "nonsense"), {"since": "2030-01-01"}).status_code == 404


def test_without_an_issuer_nothing_is_in_force(world: World) -> None:
    browser = Browser(headers={"accept-language": "en"})
    browser.force_login(world.users["accountant"])
    assert "Nothing is in force" in browser.get(page("texts")).text
    assert "Documents do not say it yet" in browser.get(page("text", CODE)).text
    sent = {"since": (today_of(world.organisation) + DAY).isoformat(), "text_fr": NEW.text_fr}
    answer = browser.post(page("text", CODE), sent)
    assert answer.status_code == 422
    assert "Fill in the issuer of your invoices first" in answer.text
    assert browser.post(page("take-text-back", CODE), {"since": sent["since"]}).status_code == 302


def test_the_list_makes_the_same_queries_for_1_and_3_wordings(
    world: World, accountant: Browser, django_assert_max_num_queries: Any
) -> None:
    accountant.get(page("texts"))
    with django_assert_max_num_queries(30) as first:
        accountant.get(page("texts"))
    today = today_of(world.organisation)
    for days in (10, 20):
        change_text(issuer_of(world), CODE, NEW, since=today + days * DAY, by=world.actor())
    with django_assert_max_num_queries(30) as then:
        accountant.get(page("texts"))
    assert len(first) == len(then)


def test_another_organisation_has_its_own(world: World, accountant: Browser, other_world: World) -> None:
    with tenancy.working_for(other_world.organisation):
        make_issuer(other_world)
        change_text(issuer_of(other_world), CODE, NEW, since=today_of(other_world.organisation), by=other_world.actor())
    assert NEW.text_fr not in accountant.get(page("texts")).text
    assert len(wordings()) == 1


# --- two at once --------------------------------------------------------------------


def at_once(world: World) -> list[str]:
    """Two accountants write the next wording for the same day."""
    ready, since = threading.Barrier(2), today_of(world.organisation) + DAY

    def run(_who: int) -> str:
        try:
            with tenancy.working_for(world.organisation):
                ready.wait(10)
                change_text(issuer_of(world), CODE, NEW, since=since, by=world.actor())
        except DomainError as error:
            return error.code
        else:
            return "ok"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(run, range(2)))


@pytest.fixture
def world_of_threads(transactional_db: None) -> Iterator[World]:
    built = build_world()
    with tenancy.working_for(built.organisation):
        make_issuer(built)
        yield built


def test_one_of_two_next_wordings_counts(world_of_threads: World) -> None:
    assert at_once(world_of_threads) == ["ok", "text_followed"]


def test_without_the_lock_the_constraint_is_the_referee(
    world_of_threads: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_read = threading.Barrier(2)

    def read_then_wait(entity: LegalEntity, code: str) -> list[LegalText]:
        rows = list(
            LegalText.objects.standing().filter(organisation=entity.organisation_id, code=code).order_by("valid_from")
        )
        both_read.wait(10)
        return rows

    monkeypatch.setattr(legal_texts, "_locked", read_then_wait)
    assert at_once(world_of_threads) == ["ok", "text_followed"]
    assert len(wordings()) == 2
