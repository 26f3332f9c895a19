"""Quotes: written, sent, sealed, answered, replaced, amended (lifecycles.md 2.2)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from bookings.actions import quote_answers as answers
from bookings.actions.pauses import hold_request, resume_request
from bookings.actions.questions import TooLateToRevive, ask_client
from bookings.actions.quote_documents import store_quote_pdf
from bookings.actions.quote_moves import (
    QuoteAnswered,
    QuoteEdited,
    QuoteExpired,
    QuoteNotReady,
    QuoteReplaced,
    QuoteWithdrawn,
)
from bookings.actions.quote_requests import MixedPrices, Wanted, ask_for_quote, is_on_quote, start_review
from bookings.actions.quote_work import set_appointment
from bookings.actions.quotes import (
    LineDraft,
    OptionDraft,
    QuoteDraft,
    discard_draft,
    draft_quote,
    save_quote,
    send_quote,
    withdraw_quote,
)
from bookings.actions.repricing import NotRepriced, reprice
from bookings.actions.requests import cancel_request, decline_request
from bookings.actions.work_orders import book_work_order, complete_work_order, start_work_order, verify_work_order
from bookings.enums import PerformerKind
from bookings.models import Quote, QuoteLine, QuoteOption, RequestLine, ServiceRequest, WorkOrder
from bookings.rules.quotes import seal_of
from concierge.errors import DomainError, Invalid, WrongState
from concierge.models import Event
from tests.bookings.conftest import at, details
from tests.bookings.quoting import HOME, asked, sent, service_of, service_on_quote, two_options, yes
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def names(request: ServiceRequest) -> list[str]:
    return list(Event.objects.filter(request_id=request.public_id).order_by("pk").values_list("name", flat=True))


def status(row: Any) -> str:
    row.refresh_from_db(fields=["status"])
    return str(row.status)


# --- asking ----------------------------------------


@pytest.mark.promise("domain R5")
def test_a_request_for_a_quote_has_words_but_no_price_slot_or_work(world: World) -> None:
    request = asked(world)
    assert (request.status, request.total_incl_vat, request.hold_id, request.promised_start) == (
        "submitted",
        Decimal(0),
        None,
        None,
    )
    assert list(request.wishes.values_list("description", flat=True)) == ["Deux étagères à poser dans le salon"]
    assert (request.street, request.work_orders.count(), request.lines.count()) == ("3 rue Verte", 0, 0)
    assert names(request) == ["service_request.submitted", "quote.requested"]
    assert start_review(request, by=world.actor()).status == "qualifying"
    assert decline_request(request, reason="hors de nos métiers", by=world.actor()).status == "declined"


def test_the_same_form_twice_is_one_request(world: World) -> None:
    key, wanted = uuid.uuid4(), [Wanted(service_of(world), "Une porte qui ferme mal")]
    given: dict[str, Any] = {"client": details(**HOME), "wanted": wanted, "by": world.actor(), "key": key}
    assert ask_for_quote(world.site, **given) == ask_for_quote(world.site, **given)
    assert ServiceRequest.objects.count() == 1


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"description": "  "}, "description"),
        ({"wanted_from": dt.date(2026, 12, 2), "wanted_until": dt.date(2026, 12, 1)}, "wanted_until"),
        ({"wanted_until": dt.date(2026, 11, 1)}, "wanted_until"),
        ({"wanted_from": dt.date(2999, 1, 1)}, "wanted_from"),
    ],
)
def test_nonsense_wishes_change_nothing(world: World, change: dict[str, Any], field: str) -> None:
    wish = Wanted(**{"service": service_of(world), "description": "Une étagère", **change})
    with pytest.raises(Invalid) as refusal:
        ask_for_quote(world.site, client=details(**HOME), wanted=[wish], by=world.actor())
    assert (refusal.value.field, ServiceRequest.objects.count()) == (field, 0)


def test_priced_services_and_services_on_quote_are_two_requests(world: World) -> None:
    on_quote = service_of(world)
    assert (is_on_quote([on_quote]), is_on_quote([world.cobbler]), is_on_quote([])) == (True, False, False)
    with pytest.raises(MixedPrices):
        is_on_quote([on_quote, world.cobbler])
    with pytest.raises(Invalid):
        ask_for_quote(world.site, client=details(), wanted=[Wanted(world.cobbler, "Talons")], by=world.actor())
    with pytest.raises(DomainError, match="zone"):
        asked(world, postcode="75001")


# --- drafting and sending ----------------------------------------


def test_a_draft_is_edited_and_its_figures_are_computed_here(world: World) -> None:
    request = asked(world)
    by = world.actor("concierge")
    quote = draft_quote(request, by=by)
    assert (draft_quote(request, by=by), status(request)) == (quote, "qualifying")
    quote = send_quote(save_quote(quote, two_options(), edits=quote.edits, by=by), by=by)
    assert (quote.number, quote.version, quote.title) == ("D2026-000001", 1, "D2026-000001")
    assert quote.totals == ["115.00", "205.00"]
    first = quote.content["options"][0]
    assert (first["excl"], first["vat"], first["travel"]) == (
        "95.83",
        [{"rate": "20", "basis": "95.83", "amount": "19.17"}],
        "15.00",
    )
    assert quote.seal == seal_of(quote.content)
    assert (quote.content["client"]["name"], quote.content["client"]["street"]) == ("Inès Garnier", "3 rue Verte")
    assert status(request) == "awaiting_approval"
    assert quote.expires_at == dt.datetime(2026, 12, 23, 23, tzinfo=dt.UTC)


LINE: dict[str, Any] = {"description": "Pose", "quantity": Decimal(1), "unit_price": Decimal("10.00")}


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal(-1)},
        {"quantity": Decimal(0)},
        {"quantity": Decimal("NaN")},
        {"quantity": Decimal("1E+308")},
        {"quantity": Decimal("0.001")},
        {"unit_price": Decimal("-0.01")},
        {"unit_price": Decimal("Infinity")},
        {"unit_price": Decimal("1.999")},
        {"unit_price": Decimal(100001)},
        {"quantity": Decimal(10000), "unit_price": Decimal(100000)},
        {"description": " \t"},
        {"vat_code": "nothing"},
        {"kind": "gift"},
    ],
)
def test_a_figure_that_makes_no_sense_is_refused_and_changes_nothing(world: World, change: dict[str, Any]) -> None:
    by = world.actor("concierge")
    quote = save_quote(draft_quote(asked(world), by=by), two_options(), by=by)
    with pytest.raises(Invalid) as refusal:
        save_quote(quote, QuoteDraft([OptionDraft([LineDraft(**{**LINE, **change})])]), by=by)
    assert refusal.value.field == "options.0.lines.0"
    assert QuoteLine.objects.filter(option__quote=quote).count() == 5


@pytest.mark.parametrize(
    "draft",
    [
        QuoteDraft([]),
        QuoteDraft([OptionDraft([])]),
        QuoteDraft([OptionDraft([LineDraft(**LINE)], "A"), OptionDraft([LineDraft(**LINE)], "a")]),
        QuoteDraft([OptionDraft([LineDraft(**LINE)])], valid_until=dt.date(2026, 11, 22)),
        QuoteDraft([OptionDraft([LineDraft(**LINE)])], valid_until=dt.date(2028, 1, 1)),
        QuoteDraft([OptionDraft([LineDraft(**LINE)])], starts_at=at(20, 9)),
    ],
)
def test_what_is_not_ready_is_not_sent(world: World, draft: QuoteDraft) -> None:
    by = world.actor("concierge")
    quote = save_quote(draft_quote(asked(world), by=by), draft, by=by)
    with pytest.raises(QuoteNotReady):
        send_quote(quote, by=by)
    assert (status(quote), quote.number) == ("draft", "")


@pytest.mark.promise("R44")
@pytest.mark.parametrize("day", [dt.datetime(2028, 11, 23, 9, tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)])
def test_a_start_that_nobody_can_plan_is_refused(world: World, day: dt.datetime) -> None:
    quote = draft_quote(asked(world), by=world.actor())
    with pytest.raises(Invalid) as refusal:
        save_quote(quote, two_options(starts_at=day), by=world.actor())
    quote.refresh_from_db()
    assert (refusal.value.field, quote.starts_at) == ("starts_at", None)


def test_two_people_who_edit_one_draft_lose_nothing(world: World) -> None:
    by = world.actor("concierge")
    quote = draft_quote(asked(world), by=by)
    seen = quote.edits
    save_quote(quote, two_options(intro="De la première"), edits=seen, by=by)
    with pytest.raises(QuoteEdited) as refusal:
        save_quote(quote, two_options(intro="De la seconde"), edits=seen, by=by)
    with pytest.raises(QuoteEdited):
        send_quote(quote, edits=seen, by=by)
    quote.refresh_from_db()
    assert (quote.intro, refusal.value.details, refusal.value.status) == (
        "De la première",
        {"edits": quote.edits},
        409,
    )


def test_numbers_have_no_gap(world: World) -> None:
    by = world.actor("concierge")
    first = sent(world)
    drafted = draft_quote(asked(world, email="b@example.fr"), by=by)
    discard_draft(save_quote(drafted, two_options(), by=by), by=by)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        sent(world, asked(world, email="c@example.fr"))
        raise ZeroDivisionError
    second = sent(world, asked(world, email="d@example.fr"))
    assert (first.number, second.number) == ("D2026-000001", "D2026-000002")


@pytest.mark.promise("domain R5")
def test_the_database_refuses_every_change_of_what_was_sent(world: World) -> None:
    quote = sent(world)
    option = quote.options.order_by("position")[0]
    line = option.lines.order_by("position")[0]
    document = quote.documents.get()
    store_quote_pdf(document, b"%PDF", by=world.actor())
    attempts: list[Callable[[], object]] = [
        lambda: Quote.objects.filter(pk=quote.pk).update(intro="autre"),
        lambda: Quote.objects.filter(pk=quote.pk).update(content={}),
        lambda: Quote.objects.filter(pk=quote.pk).update(valid_until=dt.date(2030, 1, 1)),
        lambda: Quote.objects.filter(pk=quote.pk).update(status="draft"),
        lambda: QuoteOption.objects.filter(pk=option.pk).update(title="autre"),
        lambda: QuoteLine.objects.filter(pk=line.pk).update(unit_price_incl_vat=1),
        lambda: QuoteLine.objects.filter(pk=line.pk).delete(),
        lambda: QuoteLine.objects.create(
            organisation=world.organisation,
            option=option,
            description="x",
            quantity=1,
            unit_price_incl_vat=1,
            vat_code="standard",
            vat_rate=20,
            position=99,
        ),
        lambda: quote.documents.filter(pk=document.pk).update(content=b"other"),
    ]
    for attempt in attempts:
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            attempt()
    with pytest.raises(WrongState):
        save_quote(quote, two_options(), by=world.actor())
    answers.accept_quote(quote, yes(quote), by=world.actor())
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Quote.objects.filter(pk=quote.pk).update(answer_name="Quelqu'un d'autre")


# --- answers ----------------------------------------


@pytest.mark.promise("domain R5", "S07")
def test_accepting_confirms_the_request_with_lines_and_work(world: World) -> None:
    quote = sent(world, draft=two_options(starts_at=at(26, 9)))
    accepted = answers.accept_quote(quote, yes(quote, 1), by=world.actor())
    request = ServiceRequest.objects.get(pk=quote.request_id)
    assert (request.status, request.total_incl_vat, request.promised_start) == (
        "confirmed",
        Decimal("205.00"),
        at(26, 9),
    )
    assert (accepted.answer_name, accepted.answer_ip, accepted.chosen.title if accepted.chosen else "") == (
        "Inès Garnier",
        "203.0.113.7",
        "Pose et bois",
    )
    lines = list(request.lines.order_by("position").values_list("description", "quantity", "total_incl_vat"))
    assert lines[0][2] == Decimal("100.00")
    assert [(line[0], line[2]) for line in lines[1:]] == [
        ("Étagères en chêne", Decimal("90.00")),
        ("Déplacement", Decimal("15.00")),
    ]
    order = request.work_orders.get()
    assert (order.status, order.service, order.promised_end) == ("ready", service_of(world), at(26, 11))
    assert set(request.lines.order_by("pk").values_list("work_order_id", flat=True)) == {order.pk}
    assert names(request)[-4:] == [
        "quote.sent",
        "quote.accepted",
        "service_request.confirmed",
        "work_order.ready",
    ]


def test_accepting_twice_is_one_answer_and_another_answer_is_refused(world: World) -> None:
    quote = sent(world)
    first = answers.accept_quote(quote, yes(quote), by=world.actor())
    again = answers.accept_quote(quote, yes(quote, name="I. Garnier"), by=world.actor())
    assert (again.answered_at, again.answer_name) == (first.answered_at, "Inès Garnier")
    with pytest.raises(QuoteAnswered):
        answers.accept_quote(quote, yes(quote, 1), by=world.actor())
    with pytest.raises(QuoteAnswered):
        answers.decline_quote(quote, by=world.actor())
    assert names(quote.request).count("quote.accepted") == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": " "}, Invalid),
        ({"option": None}, Invalid),
        ({"option": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11"}, Invalid),
        ({"seal": "0" * 64}, QuoteReplaced),
        ({"seal": ""}, QuoteReplaced),
    ],
)
def test_a_careless_acceptance_is_refused(world: World, change: dict[str, Any], error: type[DomainError]) -> None:
    quote = sent(world)
    with pytest.raises(error):
        answers.accept_quote(quote, yes(quote, **change), by=world.actor())
    assert (status(quote), quote.request.lines.count()) == ("sent", 0)


def test_a_newer_version_refuses_the_answer_to_the_old_one(world: World) -> None:
    old = sent(world)
    new = sent(world, old.request, two_options(intro="Mieux"))
    assert (new.number, new.version, new.title, new.content["replaces"]) == (
        old.number,
        2,
        "D2026-000001-2",
        "D2026-000001",
    )
    for act in (
        lambda: answers.accept_quote(old, yes(old), by=world.actor()),
        lambda: answers.decline_quote(old, by=world.actor()),
    ):
        with pytest.raises(QuoteReplaced):
            act()
    assert (status(old), status(new), status(old.request)) == ("superseded", "sent", "awaiting_approval")


def test_changes_are_asked_for_then_made(world: World) -> None:
    quote = sent(world)
    by = world.actor()
    with pytest.raises(Invalid):
        answers.request_changes(quote, text=" ", by=by)
    answers.request_changes(quote, text="Plutôt du hêtre", by=by)
    answers.request_changes(quote, text="Plutôt du hêtre", by=by)
    assert (status(quote), status(quote.request)) == ("changes_requested", "qualifying")
    assert names(quote.request).count("quote.changes_requested") == 1
    draft = draft_quote(quote.request, by=by)
    assert [option.title for option in draft.options.order_by("position")] == ["Pose seule", "Pose et bois"]
    send_quote(draft, by=by)
    assert (status(quote), status(quote.request)) == ("superseded", "awaiting_approval")


def test_declining_gives_it_back_to_the_desk(world: World) -> None:
    quote = sent(world)
    answers.decline_quote(quote, reason="Trop cher", by=world.actor())
    assert (status(quote), quote.request.quotes.get().answer_text, status(quote.request)) == (
        "declined",
        "Trop cher",
        "qualifying",
    )


def test_a_withdrawn_quote_cannot_be_accepted(world: World) -> None:
    quote = sent(world)
    withdraw_quote(quote, reason="erreur", by=world.actor())
    with pytest.raises(QuoteWithdrawn):
        answers.accept_quote(quote, yes(quote), by=world.actor())
    assert (status(quote), status(quote.request)) == ("withdrawn", "qualifying")


def test_a_cancelled_request_takes_its_quote_back(world: World) -> None:
    quote = sent(world)
    cancel_request(quote.request, by=world.actor())
    with pytest.raises(QuoteWithdrawn):
        answers.accept_quote(quote, yes(quote), by=world.actor())
    assert (status(quote), status(quote.request)) == ("withdrawn", "cancelled")


@pytest.mark.promise("R33")
def test_time_reminds_then_ends_and_the_client_may_ask_again(world: World, monday: Any) -> None:
    quote = sent(world)
    settle(world.organisation)
    assert status(quote) == "sent"
    monday.move_to(dt.datetime(2026, 12, 21, 12, tzinfo=dt.UTC))
    settle(world.organisation)
    settle(world.organisation)
    assert names(quote.request).count("quote.reminded") == 1
    monday.move_to(dt.datetime(2026, 12, 23, 22, 59, tzinfo=dt.UTC))
    settle(world.organisation)
    assert status(quote) == "sent"
    monday.move_to(dt.datetime(2026, 12, 23, 23, 1, tzinfo=dt.UTC))
    with pytest.raises(QuoteExpired):
        answers.accept_quote(quote, yes(quote), by=world.actor())
    settle(world.organisation)
    assert (status(quote), status(quote.request)) == ("expired", "expired")
    with pytest.raises(QuoteExpired):
        answers.accept_quote(quote, yes(quote), by=world.actor())
    draft = answers.ask_for_renewal(quote, by=world.actor())
    assert (answers.ask_for_renewal(quote, by=world.actor()), draft.version, status(quote.request)) == (
        draft,
        2,
        "qualifying",
    )
    assert send_quote(draft, by=world.actor()).valid_until == dt.date(2027, 1, 23)


@pytest.mark.promise("R33")
def test_a_quote_for_what_was_given_up_keeps_the_link_alive(world: World, monday: Any) -> None:
    by = world.actor()
    request = start_review(asked(world), by=by)
    ask_client(request, text="Quelle longueur ?", due_at=at(25, 8), by=by)
    monday.move_to(at(28, 9))
    settle(world.organisation)
    request.refresh_from_db()
    assert (request.status, request.tracking_until is None) == ("expired", False)
    quote = send_quote(save_quote(draft_quote(request, by=by), two_options(), by=by), by=by)
    request.refresh_from_db()
    assert (request.status, request.tracking_until) == ("awaiting_approval", None)
    monday.move_to(dt.datetime(2027, 1, 27, 9, tzinfo=dt.UTC))
    request.status = "expired"
    request.tracking_until = timezone.now()
    request.save()
    with pytest.raises(TooLateToRevive):
        draft_quote(request, by=by)
    assert (status(request), Quote.objects.get()) == ("expired", quote)


@pytest.mark.promise("R33")
def test_a_quote_that_expires_while_its_request_is_held_gives_it_back_to_the_desk(world: World, monday: Any) -> None:
    by = world.actor()
    quote = sent(world)
    hold_request(quote.request, reason="material", until=dt.datetime(2027, 1, 20, 9, tzinfo=dt.UTC), by=by)
    monday.move_to(dt.datetime(2027, 1, 10, 9, tzinfo=dt.UTC))
    settle(world.organisation)
    assert (status(quote), status(quote.request)) == ("expired", "on_hold")
    resume_request(quote.request, by=by)
    assert status(quote.request) == "qualifying"
    again = answers.ask_for_renewal(quote, by=by)
    assert (again.version, status(send_quote(again, by=by).request)) == (2, "awaiting_approval")


def test_a_quote_that_still_waits_goes_on_waiting_after_a_pause(world: World) -> None:
    quote = sent(world)
    hold_request(quote.request, reason="material", until=at(30, 9), by=world.actor())
    assert resume_request(quote.request, by=world.actor()).status == "awaiting_approval"


def test_an_answered_quote_neither_reminds_nor_expires(world: World, monday: Any) -> None:
    quote = sent(world)
    answers.accept_quote(quote, yes(quote), by=world.actor())
    monday.shift(dt.timedelta(days=60))
    settle(world.organisation)
    assert (status(quote), status(quote.request)) == ("accepted", "confirmed")
    assert not {"quote.reminded", "quote.expired"} & set(names(quote.request))


# --- work, amendments ----------------------------------------


@pytest.mark.promise("domain R5")
def test_a_day_that_has_passed_before_the_answer_is_agreed_anew(world: World, monday: Any) -> None:
    quote = sent(world, draft=two_options(starts_at=at(26, 9)))
    monday.move_to(at(26, 10))
    answers.accept_quote(quote, yes(quote), by=world.actor())
    request = quote.request
    request.refresh_from_db()
    assert (request.status, request.promised_start, request.work_orders.count(), request.lines.count()) == (
        "confirmed",
        None,
        0,
        2,
    )
    planned = set_appointment(request, at(27, 14), by=world.actor())
    assert (planned.promised_start, planned.work_orders.get().promised_end) == (at(27, 14), at(27, 16))


def test_the_day_may_be_agreed_later(world: World) -> None:
    quote = sent(world)
    answers.accept_quote(quote, yes(quote), by=world.actor())
    request = quote.request
    assert (request.work_orders.count(), request.lines.count()) == (0, 2)
    for moment in (timezone.now() - dt.timedelta(hours=1), timezone.now() + dt.timedelta(days=3000)):
        with pytest.raises(Invalid):
            set_appointment(request, moment, by=world.actor())
    planned = set_appointment(request, at(27, 14), by=world.actor())
    assert (planned.promised_start, planned.work_orders.get().promised_end) == (at(27, 14), at(27, 16))
    with pytest.raises(WrongState):
        set_appointment(request, at(28, 14), by=world.actor())


def test_an_appointment_without_a_quote_is_refused(world: World) -> None:
    with pytest.raises(WrongState):
        set_appointment(asked(world), at(27, 14), by=world.actor())


@pytest.mark.promise("domain R5")
def test_an_amendment_binds_only_once_it_is_accepted(world: World) -> None:
    by = world.actor()
    garden = service_on_quote(world, code="jardin", name="Jardins")
    old = sent(world, draft=two_options(starts_at=at(26, 9)))
    answers.accept_quote(old, yes(old), by=by)
    request = old.request
    kept = request.work_orders.get()
    amendment = draft_quote(request, by=by)
    assert (amendment.is_amendment, amendment.version) == (True, 2)
    more = LineDraft("Taille de la haie", Decimal(1), Decimal("60.00"), service=garden)
    draft = two_options()
    save_quote(amendment, QuoteDraft([OptionDraft([*draft.options[0].lines, more])]), by=by)
    amendment = send_quote(amendment, by=by)
    assert (status(old), status(amendment), status(request)) == ("accepted", "sent", "confirmed")
    answers.accept_quote(amendment, yes(amendment), by=by)
    request.refresh_from_db()
    assert (status(old), status(amendment), status(request), request.total_incl_vat) == (
        "superseded",
        "accepted",
        "confirmed",
        Decimal("175.00"),
    )
    orders = {order.service.code: order for order in request.work_orders.select_related("service")}
    assert (set(orders), orders["petits-travaux"]) == ({"petits-travaux", "jardin"}, kept)
    assert {line.work_order.service.code for line in request.lines.select_related("work_order__service")} == set(orders)  # type: ignore[union-attr]


def test_an_amendment_without_a_service_cancels_its_work(world: World) -> None:
    by = world.actor()
    garden = service_on_quote(world, code="jardin", name="Jardins")
    hedge = LineDraft("Haie", Decimal(1), Decimal("60.00"), service=garden)
    shelf = LineDraft("Étagère", Decimal(1), Decimal("40.00"))
    old = sent(world, draft=QuoteDraft([OptionDraft([hedge, shelf])], starts_at=at(26, 9)))
    answers.accept_quote(old, yes(old), by=by)
    amendment = draft_quote(old.request, by=by)
    save_quote(amendment, QuoteDraft([OptionDraft([shelf])]), by=by)
    amendment = send_quote(amendment, by=by)
    answers.accept_quote(amendment, yes(amendment), by=by)
    found = dict(WorkOrder.objects.order_by("pk").values_list("service__code", "status"))
    assert found == {"jardin": "cancelled", "petits-travaux": "ready"}
    assert RequestLine.objects.get().total_incl_vat == Decimal("40.00")


def done(order: WorkOrder, by: Any) -> None:
    """From accepted to checked."""
    order = book_work_order(
        order, performer_kind=PerformerKind.PROVIDER, performer_id=1, performer_label="Menuiserie", by=by
    )
    verify_work_order(complete_work_order(start_work_order(order, by=by), by=by), by=by)


@pytest.mark.promise("domain R5")
def test_an_amendment_of_finished_work_is_no_offer_any_more(world: World) -> None:
    by = world.actor()
    old = sent(world, draft=two_options(starts_at=at(26, 9)))
    answers.accept_quote(old, yes(old), by=by)
    request = old.request
    amendment = send_quote(draft_quote(request, by=by), by=by)
    done(request.work_orders.get(), by)
    assert (status(request), status(amendment), status(old)) == ("fulfilled", "withdrawn", "accepted")
    assert names(request).count("quote.withdrawn") == 1
    with pytest.raises(QuoteWithdrawn):
        answers.accept_quote(amendment, yes(amendment, 1), by=by)


@pytest.mark.parametrize("state", ["fulfilled", "partially_fulfilled", "closed", "cancelled"])
def test_what_is_over_is_not_amended(world: World, state: str) -> None:
    by = world.actor()
    old = sent(world, draft=two_options(starts_at=at(26, 9)))
    answers.accept_quote(old, yes(old), by=by)
    amendment = send_quote(draft_quote(old.request, by=by), by=by)
    ServiceRequest.objects.update(status=state)
    with pytest.raises(WrongState):
        answers.accept_quote(amendment, yes(amendment, 1), by=by)
    old.request.refresh_from_db()
    assert (status(amendment), old.request.total_incl_vat, WorkOrder.objects.count()) == ("sent", Decimal("115.00"), 1)


def test_an_amendment_is_accepted_while_the_request_is_held(world: World) -> None:
    by = world.actor()
    old = sent(world, draft=two_options(starts_at=at(26, 9)))
    answers.accept_quote(old, yes(old), by=by)
    amendment = send_quote(draft_quote(old.request, by=by), by=by)
    hold_request(old.request, reason="material", until=at(30, 9), by=by)
    answers.accept_quote(amendment, yes(amendment, 1), by=by)
    old.request.refresh_from_db()
    assert (status(old.request), old.request.total_incl_vat) == ("on_hold", Decimal("205.00"))


@pytest.mark.promise("domain R5")
def test_an_amendment_that_drops_what_was_left_to_do_ends_the_request(world: World) -> None:
    by = world.actor()
    garden = service_on_quote(world, code="jardin", name="Jardins")
    hedge = LineDraft("Haie", Decimal(1), Decimal("60.00"), service=garden)
    shelf = LineDraft("Étagère", Decimal(1), Decimal("40.00"))
    old = sent(world, draft=QuoteDraft([OptionDraft([hedge, shelf])], starts_at=at(26, 9)))
    answers.accept_quote(old, yes(old), by=by)
    done(WorkOrder.objects.get(service__code="petits-travaux"), by)
    assert status(old.request) == "in_progress"
    amendment = draft_quote(old.request, by=by)
    save_quote(amendment, QuoteDraft([OptionDraft([shelf])]), by=by)
    amendment = send_quote(amendment, by=by)
    answers.accept_quote(amendment, yes(amendment), by=by)
    assert (status(old.request), status(amendment)) == ("fulfilled", "accepted")
    assert names(old.request)[-1] == "service_request.fulfilled"


def test_a_declined_amendment_leaves_what_was_agreed(world: World) -> None:
    by = world.actor()
    old = sent(world, draft=two_options(starts_at=at(26, 9)))
    answers.accept_quote(old, yes(old), by=by)
    amendment = draft_quote(old.request, by=by)
    amendment = send_quote(amendment, by=by)
    answers.decline_quote(amendment, by=by)
    assert (status(old), status(old.request), old.request.lines.count()) == ("accepted", "confirmed", 2)


def test_what_was_agreed_is_not_repriced(world: World) -> None:
    quote = sent(world, draft=two_options(starts_at=at(26, 9)))
    answers.accept_quote(quote, yes(quote), by=world.actor())
    quote.request.refresh_from_db()
    with pytest.raises(NotRepriced):
        reprice(quote.request)


def test_finished_work_is_billed_as_it_was_accepted(world: World) -> None:
    from billing.actions.invoices import invoice_request
    from billing.actions.issuers import set_up_issuer

    by = world.actor()
    set_up_issuer(by=by, name="Sens Pratique", street="1 rue X", postcode="21000", city="Dijon", siren="732829320")
    quote = sent(world, draft=two_options(starts_at=at(26, 9)))
    assert (quote.content["seller"]["siren"], quote.content["seller"]["name"]) == ("732829320", "Sens Pratique")
    answers.accept_quote(quote, yes(quote, 1), by=by)
    done(quote.request.work_orders.get(), by)
    invoice = invoice_request(quote.request, by=by)
    assert (invoice.total_incl_vat, invoice.total_excl_vat) == (Decimal("205.00"), Decimal("170.83"))
    assert invoice.total_excl_vat == Decimal(quote.content["options"][1]["excl"])
    with pytest.raises(WrongState):
        draft_quote(quote.request, by=by)
