"""Every kind in both languages and both shapes; who is told what, when, and what no letter may say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from billing.actions.documents import store_pdf
from billing.actions.invoices import invoice_payer
from billing.models import Invoice
from bookings.actions.accounts import AccountDetails, save_account
from bookings.actions.clients import start_verification, verification_code
from bookings.actions.cut_offs import close_runs
from bookings.actions.hand_outs import mark_not_fetched, substitute
from bookings.actions.holds import hold_slot, release_hold
from bookings.actions.links import renew_link
from bookings.actions.measuring import state_quantities
from bookings.actions.pauses import hold_request, resume_request
from bookings.actions.pre_orders import order_ahead
from bookings.actions.prescribers import invite_prescriber
from bookings.actions.questions import answer_question, ask_client, expire_request
from bookings.actions.quote_answers import (
    accept_quote,
    ask_for_renewal,
    decline_quote,
    expire_quote,
    remind_of_quote,
    request_changes,
)
from bookings.actions.quote_documents import store_quote_pdf
from bookings.actions.quotes import send_quote, withdraw_quote
from bookings.actions.recurrences import Wanted, start_recurrence
from bookings.actions.requests import cancel_request, decline_request
from bookings.actions.rescheduling import reschedule_request
from bookings.actions.waitlist import hand_out, join_waitlist
from bookings.actions.work_orders import (
    book_work_order,
    complete_work_order,
    fail_work_order,
    set_out,
    start_work_order,
    verify_work_order,
)
from bookings.enums import ClearanceKind, Execution, PerformerKind, Place
from bookings.models import (
    ClientQuestion,
    EmailVerification,
    PreOrder,
    Quote,
    Service,
    ServiceRequest,
    WorkOrder,
    calendar,
)
from concierge import deadlines, events
from concierge.days import today_of
from concierge.enums import Role
from concierge.files import PDF, CleanFile
from concierge.models import Deadline, Event, Inbox, Membership, User
from concierge.tenancy import system_actor
from notifications.actions import webhooks
from notifications.actions.letters import WRITERS, NotNeeded
from notifications.actions.queue import Reader, queue_message
from notifications.actions.writing import Letter, write
from notifications.enums import Disabled, Kind, MessageChannel, RecipientKind, Unsent
from notifications.models import Message
from notifications.tasks import send_due
from providers.actions.agreements import end_agreement, withdraw_agreement
from providers.actions.bank import cancel_iban, confirm_iban, propose_iban
from providers.actions.clocks import extend_offer, pause_offer, resume_offer
from providers.actions.counter_times import ready_days_left
from providers.actions.counters import counter_offer, refuse_counter
from providers.actions.documents import add_document
from providers.actions.invitations import (
    approve_provider,
    hand_in,
    invite_provider,
    refuse_file,
    report_invitation,
    say_what,
    say_when,
    say_who,
)
from providers.actions.links import link_code, link_url, open_link
from providers.actions.offers import accept_offer, report_misdirected, send_new_link
from providers.actions.price_use import use_price
from providers.actions.prices import (
    decline_price,
    expire_price,
    lose_price,
    remind_of_price,
    report_price_misdirected,
    retract_price,
    settle_prices,
    withdraw_price,
)
from providers.actions.promises import break_promise
from providers.actions.reminders import remind_offer
from providers.actions.replies import Incoming, take_reply
from providers.actions.reviews import approve_document, refuse_document, send_document
from providers.actions.rounds import start_round
from providers.actions.signing import decline_agreement
from providers.enums import BankChannel, BreakReason, DeclineReason, DocumentKind, PauseReason, Side
from providers.models import (
    AccessLink,
    CounterOffer,
    Offer,
    PriceLink,
    Provider,
    ProviderBankAccount,
    ProviderDocument,
    ProviderInvitation,
    ServiceAgreement,
)
from providers.rules.counters import Proposal
from tests.billing.conftest import finish, make_issuer
from tests.bookings.conftest import details, first_run, weekly_basket, wish_baskets, wish_shirts
from tests.bookings.quoting import asked, sent, yes
from tests.conftest import as_owner, settle
from tests.notifications.conftest import Letterbox
from tests.notifications.test_webhooks import endpoint
from tests.providers.conftest import acting_for, add_provider
from tests.providers.conftest import details as file_of
from tests.providers.pricing import asked_for_prices, priced
from tests.providers.signing import sent_agreement, sign, signed_by_both
from tests.scene import build_scene
from tests.workers.conftest import PARIS, build_team
from tests.world import World
from workers.actions.absences import note_absence
from workers.actions.appointments import AppointmentDetails, move_appointment, note_outcome, plan_appointment
from workers.actions.clearances import Terms, note_clearance
from workers.actions.consents import answer_consents
from workers.actions.dispatch import assign_work_order
from workers.actions.leaving import leave_team
from workers.actions.passes import PassDetails, enter_pass
from workers.actions.people import create_trainee
from workers.actions.persons import invite_trainee
from workers.actions.swaps import answer_swap, ask_swap
from workers.actions.weeks import plan_hours, publish_week
from workers.actions.work import answer_help, call_for_help
from workers.enums.passes import AppointmentKind, AppointmentStatus
from workers.models import Appointment, HoursConsent, Shift, Trainee, TraineeSkill
from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours

pytestmark = pytest.mark.django_db

UNDEFINED = "UNDEFINED-TEMPLATE-VARIABLE"
SECRET_NAME = "Roux"


def told(kind: Kind) -> list[Message]:
    """Messages of a kind, oldest first, after everything has settled."""
    settle()
    return list(Message.objects.select_related("organisation", "site").filter(kind=kind).order_by("pk"))


def booked(world: World, request: ServiceRequest, who: str = "Cordonnerie Monge") -> WorkOrder:
    """Its work is with somebody."""
    for order in request.work_orders.select_related("request", "service").order_by("pk"):
        last = book_work_order(
            order,
            performer_kind=PerformerKind.PROVIDER,
            performer_id=1,
            performer_label=who,
            by=world.actor(),
        )
    return last


def say(world: World, name: str, subject: Any, request: ServiceRequest | None = None) -> None:
    """Record an event as the action would."""
    with transaction.atomic():
        events.record(name, subject, by=world.actor(), request_id=request.public_id if request else None)


def _request_event(name: str) -> Callable[[World], None]:
    def happen(world: World) -> None:
        request = world.request(world.ironing, world.cobbler)
        say(world, name, request, request)

    return happen


def _for_a_parent(world: World) -> ServiceRequest:
    request = world.request(
        world.cobbler,
        beneficiary=world.client,
        beneficiary_name="Jeanne Roux",
        beneficiary_email="jeanne@example.fr",
    )
    say(world, "service_request.confirmed", request, request)
    return request


def _invite(world: World) -> None:
    invite_prescriber(
        world.organisation,
        "sonia@ccas.example",
        first_name="Sonia",
        last_name="Petit",
        structure="CCAS",
        by=world.actor("concierge"),
    )


def _welcome_to_the_team(world: World) -> None:
    joined = create_trainee(site=world.site, first_name="Nour", last_name="Haddad", by=world.actor())
    invite_trainee(joined, email="nour@example.org", by=world.actor("social_adviser"))


def _renewal(world: World) -> None:
    soon = timezone.localdate() + dt.timedelta(days=10)
    details = AccountDetails(name="Mairie", contract_to=soon)
    save_account(world.organisation, details, by=world.actor("site_manager"))


def _cancel(world: World) -> None:
    cancel_request(world.request(world.ironing), by=world.actor())


def _decline(world: World) -> None:
    decline_request(world.request(world.ironing, status="submitted"), reason="", by=world.actor())


def _partial(world: World) -> None:
    fail_work_order(booked(world, world.request(world.ironing)), reason="broken", by=world.actor())


def _code(world: World) -> None:
    start_verification(world.organisation, "nouvelle@example.org", session_token="s", by=world.actor())


def _invoice(world: World) -> None:
    make_issuer(world)
    finish(world, world.request(world.ironing, world.cobbler))
    made = invoice_payer(world.client, until=timezone.now() + dt.timedelta(seconds=1), by=world.actor())
    store_pdf(made, b"%PDF-1.7 not really", by=world.actor())


def _round(world: World) -> list[Offer]:
    for _n in range(3):
        add_provider(world)
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    return list(Offer.objects.with_need().order_by("pk"))


def _accept(world: World) -> None:
    offer = _round(world)[0]
    accept_offer(offer, by=acting_for(offer.provider))


def _proposed(world: World, proposal: Proposal | None = None) -> CounterOffer:
    """Another price; without one, another day."""
    offer = _round(world)[0]
    day = Proposal(ready_on=ready_days_left(offer.work_order, timezone.now())[0], comment="La semelle arrive jeudi")
    return counter_offer(offer, proposal or day, by=acting_for(offer.provider))


def _stopped(world: World) -> Offer:
    offer = _round(world)[0]
    by = acting_for(offer.provider)
    return pause_offer(offer, reason=PauseReason.AWAITING_CLIENT_INFO, note="Quelle hauteur ?", by=by).offer


def _given_more(world: World) -> Offer:
    """As much as the rules give, and it asks for more."""
    offer = _round(world)[0]
    for _n in range(2):
        extend_offer(offer, by=acting_for(offer.provider))
    return offer


def _link_renewed(world: World) -> None:
    offer = _round(world)[0]
    AccessLink.objects.update(expires_at=timezone.now())
    assert send_new_link(AccessLink.objects.get(offer=offer), by=acting_for(offer.provider))


def _broken(world: World) -> None:
    _accept(world)
    break_promise(Offer.objects.binding().get(), reason=BreakReason.NO_SHOW, by=world.actor())


def _counted(world: World) -> None:
    state_quantities(_round(world)[0].work_order.request, {0: Decimal(3)}, by=world.actor())


def _offer_event(name: str) -> Callable[[World], None]:
    def happen(world: World) -> None:
        offer = _round(world)[0]
        say(world, name, offer, offer.work_order.request)

    return happen


def _misdirected(world: World) -> None:
    _round(world)
    link = AccessLink.objects.select_related("offer__work_order__request").order_by("pk")[0]
    report_misdirected(link, by=acting_for(link.offer.provider))


def _to_call(world: World) -> None:
    add_provider(world, email="", phone="+33380112233")
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())


def _answered_by_sms(world: World) -> None:
    provider = add_provider(world, email="", phone="+33612345678")
    came = Incoming("ovh", "1", str(provider.phone.as_e164), "oui", b"oui")
    take_reply(world.organisation, came)


def _nobody(world: World) -> None:
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())


def _on_its_way(world: World) -> None:
    Service.objects.filter(pk=world.cobbler.pk).update(execution=Execution.COLLECTED_PROVIDER)
    world.cobbler.refresh_from_db()
    offer = _round(world)[0]
    accept_offer(offer, by=acting_for(offer.provider))
    set_out(offer.work_order, by=world.actor())


def _help(world: World) -> None:
    team = build_team(world)
    call_for_help(team.amina, by=team.themself(team.amina))


def _absence_said(world: World) -> None:
    team = build_team(world)
    day = today_of(world.organisation)
    note_absence(team.amina, starts_on=day, ends_on=day, by=team.themself(team.amina))


def _interview(world: World) -> Appointment:
    """Amina is to meet the social adviser in a week."""
    at = timezone.now() + dt.timedelta(days=7)
    details = AppointmentDetails(at, AppointmentKind.REVIEW, "Bureau 2", world.users["social_adviser"])
    return plan_appointment(build_team(world).amina, details, by=world.actor())


def _interview_moved(world: World) -> Appointment:
    one = _interview(world)
    later = one.starts_at + dt.timedelta(days=1)
    return move_appointment(one, starts_at=later, place="Bureau 3", was=one.starts_at, by=world.actor())


def _swap(world: World, *, agrees: bool | None = None) -> None:
    """Amina asks Bilal, who has the account of somebody else here."""
    team = build_team(world)
    Trainee.objects.filter(pk=team.bilal.pk).update(user=world.users["supervisor"])
    today = today_of(world.organisation)
    monday = today + dt.timedelta(days=28 - today.weekday())
    for place, trainee in enumerate((team.amina, team.bilal)):
        hours = {monday + dt.timedelta(days=place): DayHours(dt.time(9), dt.time(12))}
        week = plan_hours(world.site, monday, trainee, hours, by=world.actor())
    publish_week(week, by=world.actor(), accepted_warnings=WARNINGS)
    mine, theirs = Shift.objects.current().select_related("week__site", "trainee").order_by("day")
    swap = ask_swap(mine, theirs, by=team.themself(team.amina))
    if agrees is not None:
        answer_swap(swap, agrees=agrees, by=team.themself(team.bilal))


def _hours_published(world: World) -> None:
    team = build_team(world)
    today = today_of(world.organisation)
    monday = today + dt.timedelta(days=28 - today.weekday())
    hours = DayHours(dt.time(9), dt.time(12))
    week = plan_hours(world.site, monday, team.amina, {monday: hours}, by=world.actor())
    publish_week(week, by=world.actor(), accepted_warnings=WARNINGS)


def _hours_declined(world: World) -> None:
    """Amina says no to hours of tomorrow that were published today."""
    team, day = build_team(world), today_of(world.organisation) + dt.timedelta(days=1)
    consent = HoursConsent.objects.create(
        organisation=world.organisation, trainee=team.amina, day=day, starts=dt.time(9), ends=dt.time(12)
    )
    answer_consents(team.amina, [consent.public_id], agrees=False, by=team.themself(team.amina))


def _pass_ending(world: World) -> None:
    """Eleven months of a PASS are left."""
    team = build_team(world)
    team.amina.adviser = world.users["social_adviser"]
    team.amina.save(update_fields=["adviser"])
    today = today_of(world.organisation)
    pass_iae = enter_pass(team.amina, PassDetails("999992612345", today - dt.timedelta(days=400)), by=world.actor())
    left = pass_iae.ledger().days_left(today)
    with transaction.atomic():
        events.record("pass_iae.ending", pass_iae, by=world.actor(), days=left)


def _left_alone(world: World) -> None:
    """Whoever can show it to others was to accompany, and is away."""
    team = build_team(world)
    TraineeSkill.objects.filter(trainee=team.amina).update(level="transmitting")
    today = today_of(world.organisation)
    monday = today + dt.timedelta(days=7 - today.weekday())
    starts = dt.datetime.combine(monday, dt.time(10), PARIS)
    order = team.work(starts=starts)
    assign_work_order(order, team.bilal, starts_at=starts, by=world.actor("dispatcher"), accepted_warnings=WARNINGS)
    note_absence(team.amina, starts_on=monday, ends_on=monday, by=world.actor("supervisor"))


def _clearance(days: int) -> Callable[[World], None]:
    """A driving licence has so many days left."""

    def happen(world: World) -> None:
        team, today = build_team(world), today_of(world.organisation)
        terms = Terms(today - dt.timedelta(days=300), today + dt.timedelta(days=days))
        held = note_clearance(team.amina, kind=ClearanceKind.DRIVING_B, terms=terms, by=world.actor("supervisor"))
        with transaction.atomic():
            name = "clearance.expiring" if days >= 0 else "clearance.expired"
            events.record(name, held, by=world.actor(), days=days)

    return happen


def _drawn(quote: Quote) -> None:
    for document in quote.documents.order_by("pk"):
        store_quote_pdf(document, b"%PDF-1.7 not really", by=system_actor(quote.organisation))


def _accept_quote(world: World) -> Quote:
    quote = sent(world)
    return accept_quote(quote, yes(quote), by=world.actor())


def _renew(world: World) -> None:
    quote = sent(world)
    expire_quote(quote, by=world.actor())
    ask_for_renewal(quote, by=world.actor())


def _next_free(request: ServiceRequest) -> dt.datetime:
    now = timezone.now()
    free = calendar.slots_left(request.site, request.place, now=now, first_day=now.date() + dt.timedelta(days=7))
    return free[0].starts_at


def _moved(world: World) -> None:
    request = world.request(world.cobbler)
    reschedule_request(request, _next_free(request), by=world.actor())


def _moved_from_provider(world: World) -> None:
    offer = _round(world)[0]
    accept_offer(offer, by=acting_for(offer.provider))
    request = offer.work_order.request
    reschedule_request(request, _next_free(request), by=world.actor())


def _moved_while_asked(world: World) -> None:
    request = _round(world)[0].work_order.request
    reschedule_request(request, _next_free(request), by=world.actor())


def _moved_from_plan(world: World) -> None:
    request = build_scene(world).open
    reschedule_request(request, _next_free(request), by=world.actor())


def _question(world: World) -> ClientQuestion:
    request = world.request(world.ironing, status="qualifying")
    return ask_client(
        request, text="L'ourlet, à la main ?", due_at=timezone.now() + dt.timedelta(days=4), by=world.actor()
    )


def _question_reminded(world: World) -> None:
    question = _question(world)
    say(world, "question.reminded", question, question.request)


def _question_answered(world: World) -> None:
    answer_question(_question(world).request, answer="Oui, à la main.", by=world.actor())


def _hold(world: World) -> ServiceRequest:
    until = timezone.now() + dt.timedelta(days=2)
    return hold_request(world.request(world.ironing), reason="material", until=until, by=world.actor())


def _silence(world: World) -> None:
    world.request(world.ironing, promised_start=timezone.now() - dt.timedelta(days=9))
    say(world, "silence.reported", world.site)


def _work_reminded(world: World) -> None:
    offer = _round(world)[0]
    accept_offer(offer, by=acting_for(offer.provider))
    say(world, "work_order.reminded", offer.work_order, offer.work_order.request)


def _ordered_ahead(world: World) -> PreOrder:
    plan = weekly_basket(world, starts_on=timezone.localdate())
    run = first_run(plan)
    order_ahead(run, client=details(), wishes=[wish_baskets(plan)], by=world.actor())
    close_runs(run, by=world.actor())
    return PreOrder.objects.get()


def _missed(world: World) -> None:
    mark_not_fetched(_ordered_ahead(world), by=world.actor())
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=6), tick=True):
        settle()


def _kept(world: World) -> None:
    order = _ordered_ahead(world)
    until = timezone.now() + dt.timedelta(days=1)
    PreOrder.objects.filter(pk=order.pk).update(hand_out="kept", marked_at=timezone.now(), kept_until=until)
    say(world, "pre_order.kept", order, order.request)


def _replaced(world: World) -> None:
    order = _ordered_ahead(world)
    line = order.request.lines.get()
    substitute(
        order.run, description=line.description, replacement="Fruits", unit_price=Decimal("8.00"), by=world.actor()
    )


def _day_failed(world: World) -> None:
    start_recurrence(
        world.client,
        world.site,
        Wanted(
            name="Chemises",
            rule="FREQ=DAILY",
            starts_on=timezone.localdate() + dt.timedelta(days=1),
            at=dt.time(3),
            wishes=[wish_shirts(world)],
        ),
        by=world.actor(),
    )
    settle()


def _price_dropped(world: World) -> None:
    one = priced(world)
    settle_prices(one.request, [one.public_id], by=world.actor())
    settle_prices(one.request, [], by=world.actor())


def _price_lost(world: World) -> None:
    one = priced(world)
    send_quote(use_price(one, by=world.actor()), by=world.actor())
    lose_price(one, by=world.actor())


def _price_misdirected(world: World) -> None:
    asked_for_prices(world)
    link = PriceLink.objects.select_related("price_request__request").order_by("pk")[0]
    report_price_misdirected(link, by=world.actor())


def _sent(world: World) -> ServiceAgreement:
    return sent_agreement(add_provider(world, price=None), world, first_day=today_of(world.organisation))


def _invited(world: World) -> ProviderInvitation:
    """A business is asked to open its file."""
    return invite_provider(world.organisation, name="Au fil de Lise", email="lise@example.fr", by=world.actor())


def _handed_in(world: World) -> Provider:
    """It has filled in everything."""
    invitation, by = _invited(world), world.actor()
    provider = say_who(invitation, vars(file_of(email="lise@example.fr")), by=by)
    say_when(invitation, {day: [] for day in range(7)}, radius_km=12, by=by)
    say_what(invitation, [world.cobbler], daily_capacity=3, by=by)
    hand_in(invitation, charter="Nous travaillons bien.", name="Lise", by=by)
    return provider


def _ending(world: World) -> None:
    """An agreement has a month left."""
    today = today_of(world.organisation)
    last = today + dt.timedelta(days=30)
    provider = add_provider(world, price=None)
    agreement = signed_by_both(sent_agreement(provider, world, first_day=today, valid_to=last), world)
    say(world, "agreement.ending", agreement)


def _paper(days: int) -> Callable[[World], None]:
    """The insurance of a cobbler has so many days left."""

    def happen(world: World) -> None:
        provider, today = add_provider(world, papers=False), today_of(world.organisation)
        last = today + dt.timedelta(days=days)
        paper = add_document(
            provider,
            kind=DocumentKind.INSURANCE,
            issued_on=today - dt.timedelta(days=300),
            expires_on=last,
            by=world.actor(),
        )
        name = "provider.document_expiring" if days >= 0 else "provider.document_expired"
        say(world, name, paper)

    return happen


def _earlier(world: World) -> None:
    request = world.request(world.cobbler, promised_start=timezone.now() + dt.timedelta(days=30))
    join_waitlist(request, by=world.actor("concierge"))
    kept = hold_slot(world.site, Place.DESK, _next_free(request), token="t", by=world.actor())
    hand_out(release_hold(kept, by=world.actor()).pk)


def _paper_sent(world: World) -> ProviderDocument:
    """The provider sent a paper that nobody has looked at yet."""
    provider = add_provider(world, papers=False)
    file = CleanFile(b"%PDF-1.7", PDF, 1)
    return send_document(provider, kind=DocumentKind.REGISTRATION, file=file, by=acting_for(provider))


def _given(world: World, **provider: Any) -> ProviderBankAccount:
    """Another bank account waits."""
    return propose_iban(
        add_provider(world, **provider),
        iban="FR7630006000011234567890189",
        holder="Lise Barrault",
        channel=BankChannel.PAPER,
        by=world.actor("dispatcher"),
    )


def _paid_to(world: World) -> None:
    """Its three days are over."""
    account = confirm_iban(_given(world), channel=BankChannel.CALL, by=world.actor())
    past = timezone.now() - dt.timedelta(days=4)
    ProviderBankAccount.objects.update(confirmed_at=past, active_from=past + dt.timedelta(days=3))
    Deadline.objects.filter(subject_id=account.pk).update(due_at=past)
    deadlines.sweep(world.organisation.pk)


HAPPENINGS: dict[Kind, Callable[[World], Any]] = {
    Kind.OFFER_TO_CALL: _to_call,
    Kind.SMS_ANSWERED: _answered_by_sms,
    Kind.WEBHOOK_DISABLED: lambda world: webhooks.disable_endpoint(
        endpoint(world, "https://a.example/", provider=add_provider(world)), why=Disabled.GONE, by=world.actor()
    ),
    Kind.EMAIL_CODE: _code,
    Kind.REQUEST_CONFIRMED: _request_event("service_request.confirmed"),
    Kind.REQUEST_STARTED: _request_event("service_request.started"),
    Kind.REQUEST_FULFILLED: _request_event("service_request.fulfilled"),
    Kind.REQUEST_PARTIAL: _partial,
    Kind.REQUEST_CANCELLED: _cancel,
    Kind.REQUEST_DECLINED: _decline,
    Kind.REQUEST_MEASURED: lambda world: state_quantities(
        world.request(world.cobbler), {0: Decimal(3)}, by=world.actor("concierge")
    ),
    Kind.REQUEST_RESCHEDULED: _moved,
    Kind.WORK_RESCHEDULED: _moved_from_provider,
    Kind.PLAN_UNDONE: _moved_from_plan,
    Kind.LEFT_ALONE: _left_alone,
    Kind.EARLIER_TIME: _earlier,
    Kind.LINK_SENT: lambda world: renew_link(world.request(world.cobbler), by=world.actor("dispatcher")),
    Kind.BENEFICIARY_BOOKED: _for_a_parent,
    Kind.BENEFICIARY_CANCELLED: lambda world: cancel_request(_for_a_parent(world), by=world.actor("concierge")),
    Kind.PRESCRIBER_INVITED: _invite,
    Kind.TRAINEE_INVITED: _welcome_to_the_team,
    Kind.WORK_BOOKED: lambda world: booked(world, world.request(world.cobbler)),
    Kind.INVOICE: _invoice,
    Kind.OFFER_SENT: _round,
    Kind.OFFER_REMINDED: lambda world: remind_offer(_round(world)[0], by=world.actor()),
    Kind.OFFER_MOVED: _moved_while_asked,
    Kind.YES_MOVED: _moved_from_provider,
    Kind.OFFER_REPRICED: _counted,
    Kind.OFFER_ACCEPTED: _accept,
    Kind.OFFER_NOT_SELECTED: _accept,
    Kind.OFFER_WITHDRAWN: _offer_event("offer.withdrawn"),
    Kind.OFFER_EXPIRED: _offer_event("offer.expired"),
    Kind.OFFER_MISDIRECTED: _misdirected,
    Kind.BANK_PROPOSED: _given,
    Kind.BANK_CONFIRMED: lambda world: confirm_iban(_given(world), channel=BankChannel.CALL, by=world.actor()),
    Kind.BANK_ACTIVE: _paid_to,
    Kind.BANK_CANCELLED: lambda world: cancel_iban(_given(world), by=world.actor()),
    Kind.PAPER_ENDING: _paper(7),
    Kind.PAPER_OVER: _paper(-1),
    Kind.PAPER_SENT: _paper_sent,
    Kind.PAPER_APPROVED: lambda world: approve_document(
        _paper_sent(world), issued_on=today_of(world.organisation), by=world.actor()
    ),
    Kind.PAPER_REFUSED: lambda world: refuse_document(_paper_sent(world), reason="Illisible", by=world.actor()),
    Kind.PAPER_NEEDED: lambda world: say(world, "provider.document_needed", add_provider(world)),
    Kind.WORK_ON_ITS_WAY: _on_its_way,
    Kind.NEEDS_DISPATCH: _nobody,
    Kind.RENEWAL_DUE: _renewal,
    Kind.CODE_ATTACKED: lambda world: say(world, "company_code.attacked", world.organisation),
    Kind.QUESTION_ASKED: _question,
    Kind.QUESTION_REMINDED: _question_reminded,
    Kind.QUESTION_ANSWERED: _question_answered,
    Kind.REQUEST_HELD: _hold,
    Kind.REQUEST_RESUMED: lambda world: resume_request(_hold(world), by=world.actor()),
    Kind.REQUEST_EXPIRED: lambda world: expire_request(_question(world).request, by=world.actor()),
    Kind.REQUEST_REMINDED: _request_event("service_request.reminded"),
    Kind.WORK_REMINDED: _work_reminded,
    Kind.SILENCES: _silence,
    Kind.ORDER_SHEET: _ordered_ahead,
    Kind.PRE_ORDER_KEPT: _kept,
    Kind.PRE_ORDER_MISSED: _missed,
    Kind.SUBSTITUTED: _replaced,
    Kind.OCCURRENCE_FAILED: _day_failed,
    Kind.HELP_REQUESTED: _help,
    Kind.WEEK_PUBLISHED: _hours_published,
    Kind.HOURS_DECLINED: _hours_declined,
    Kind.ABSENCE_SAID: _absence_said,
    Kind.SWAP_ASKED: _swap,
    Kind.SWAP_AGREED: lambda world: _swap(world, agrees=True),
    Kind.SWAP_ENDED: lambda world: _swap(world, agrees=False),
    Kind.LEAVING: lambda world: leave_team(
        build_team(world).amina, last_on=today_of(world.organisation), by=world.actor("site_manager")
    ),
    Kind.INTERVIEW_PLANNED: _interview,
    Kind.INTERVIEW_MOVED: _interview_moved,
    Kind.INTERVIEW_CANCELLED: lambda world: note_outcome(
        _interview(world), status=AppointmentStatus.CANCELLED, by=world.actor()
    ),
    Kind.PASS_ENDING: _pass_ending,
    Kind.CLEARANCE_ENDING: _clearance(7),
    Kind.CLEARANCE_OVER: _clearance(-1),
    Kind.OFFER_COUNTERED: lambda world: _proposed(world, Proposal(price=Decimal("15.00"))),
    Kind.COUNTER_ASKED: _proposed,
    Kind.OFFER_REFUSED: lambda world: refuse_counter(
        _proposed(world, Proposal(price=Decimal("15.00"))), by=world.actor()
    ),
    Kind.OFFER_BROKEN: _broken,
    Kind.OFFER_PAUSED: _stopped,
    Kind.OFFER_LINK: _link_renewed,
    Kind.OFFER_RESUMED: lambda world: resume_offer(_stopped(world), answer="Trois centimètres", by=world.actor()),
    Kind.EXTENSION_ASKED: _given_more,
    Kind.OFFER_EXTENDED: lambda world: extend_offer(_given_more(world), by=world.actor()),
    Kind.QUOTE_REQUESTED: asked,
    Kind.QUOTE_RENDERED: lambda world: _drawn(sent(world)),
    Kind.QUOTE_REMINDED: lambda world: remind_of_quote(sent(world), by=world.actor()),
    Kind.QUOTE_ACCEPTED: _accept_quote,
    Kind.QUOTE_COUNTERSIGNED: lambda world: _drawn(_accept_quote(world)),
    Kind.QUOTE_DECLINED: lambda world: decline_quote(sent(world), reason="Trop cher", by=world.actor()),
    Kind.QUOTE_CHANGES: lambda world: request_changes(sent(world), text="Du hêtre", by=world.actor()),
    Kind.QUOTE_EXPIRED: lambda world: expire_quote(sent(world), by=world.actor()),
    Kind.QUOTE_WITHDRAWN: lambda world: withdraw_quote(sent(world), by=world.actor()),
    Kind.QUOTE_RENEWAL: _renew,
    Kind.PRICE_ASKED: asked_for_prices,
    Kind.PRICE_REMINDED: lambda world: remind_of_price(asked_for_prices(world)[0], by=world.actor()),
    Kind.PRICE_WITHDRAWN: lambda world: withdraw_price(asked_for_prices(world)[0], by=world.actor()),
    Kind.PRICE_CHOSEN: lambda world: settle_prices((one := priced(world)).request, [one.public_id], by=world.actor()),
    Kind.PRICE_NOT_SELECTED: lambda world: settle_prices(priced(world).request, [], by=world.actor()),
    Kind.PRICE_DROPPED: _price_dropped,
    Kind.PRICE_ANSWERED: priced,
    Kind.PRICE_DECLINED: lambda world: decline_price(
        asked_for_prices(world)[0], reason=DeclineReason.TOO_BUSY, comment="En janvier", by=world.actor()
    ),
    Kind.PRICE_EXPIRED: lambda world: expire_price(asked_for_prices(world)[0], by=world.actor()),
    Kind.PRICE_RETRACTED: lambda world: retract_price(priced(world), by=world.actor()),
    Kind.PRICE_LOST: _price_lost,
    Kind.PRICE_MISDIRECTED: _price_misdirected,
    Kind.INVITATION: _invited,
    Kind.INVITATION_MISDIRECTED: lambda world: report_invitation(
        _invited(world).links.select_related("invitation").get(), by=world.actor()
    ),
    Kind.FILE_REFUSED: lambda world: refuse_file(
        _handed_in(world).invitation, reason="Pas d’assurance", by=world.actor()
    ),
    Kind.FILE_HANDED_IN: _handed_in,
    Kind.PROVIDER_APPROVED: lambda world: approve_provider(_handed_in(world), by=world.actor()),
    Kind.AGREEMENT_SENT: _sent,
    Kind.AGREEMENT_SIGNATURE: lambda world: sign(one := _sent(world), Side.THEIRS, acting_for(one.provider)),
    Kind.AGREEMENT_SIGNED: lambda world: signed_by_both(_sent(world), world),
    Kind.AGREEMENT_DECLINED: lambda world: decline_agreement(_sent(world), comment="12 %", by=world.actor()),
    Kind.AGREEMENT_WITHDRAWN: lambda world: withdraw_agreement(_sent(world), by=world.actor()),
    Kind.AGREEMENT_ENDING: _ending,
    Kind.AGREEMENT_ENDED: lambda world: end_agreement(
        signed_by_both(one := _sent(world), world), on=one.valid_from, by=world.actor()
    ),
}


def test_the_catalogue_is_whole() -> None:
    assert set(WRITERS) == set(HAPPENINGS) == set(Kind.values)


@pytest.mark.parametrize("kind", list(Kind), ids=[kind.name for kind in Kind])
def test_every_kind_is_told_and_written(world: World, kind: Kind) -> None:
    HAPPENINGS[kind](world)
    message = told(kind)[0]
    for language in ("fr", "en"):
        message.language = language
        reads_well(write(message), world, by_sms=message.channel == MessageChannel.SMS)


def reads_well(letter: Letter, world: World, *, by_sms: bool) -> None:
    """Nothing is missing, nothing shows that should not."""
    for part in (letter.subject, letter.text, *(() if by_sms else (letter.html,))):
        assert part.strip()
        assert UNDEFINED not in part
        assert "None" not in part
        assert "%(" not in part
    assert "<mj-" not in letter.html
    assert "&#x27;" not in letter.text
    assert "&amp;" not in letter.text
    assert world.organisation.name in letter.text
    assert by_sms or world.organisation.phone_shown in letter.text
    assert SECRET_NAME not in letter.subject  # thin subjects (P07)
    assert "@" not in letter.subject


@pytest.mark.promise("P07")
def test_the_code_is_in_the_letter_only(world: World) -> None:
    _code(world)
    (message,) = told(Kind.EMAIL_CODE)
    verification = EmailVerification.objects.get()
    code = verification_code(verification)
    letter = write(message)
    assert code in letter.text
    assert code in letter.html
    assert code not in letter.subject
    assert code not in "".join(str(value) for value in Message.objects.values_list()[0])
    assert message.urgent is True


def test_an_expired_code_does_not_leave(world: World, box: Letterbox) -> None:
    _code(world)
    (message,) = told(Kind.EMAIL_CODE)
    EmailVerification.objects.update(expires_at=timezone.now())
    send_due(world.organisation.pk)
    message.refresh_from_db()
    assert (message.status, message.last_error) == ("suppressed", Unsent.EXPIRED)
    assert box.received == []


def test_the_story_of_a_request(world: World, box: Letterbox) -> None:
    """Confirmed, somebody has it, begun, ready: four calm messages, in this order, each once."""
    request = world.request(world.cobbler, language="en")
    say(world, "service_request.confirmed", request, request)
    order = booked(world, request)
    for step in (start_work_order, complete_work_order, verify_work_order):
        step(order, by=world.actor())
    settle()
    send_due(world.organisation.pk)
    assert [mail["Subject"] for mail in box.received] == [
        f"Your request {request.reference} is confirmed",
        f"Your request {request.reference}: somebody takes care of it",
        f"Your request {request.reference}: work has begun",
        f"Your request {request.reference} is ready",
    ]
    body = box.received[1].get_body(("plain",))
    assert body is not None
    assert "Cordonnerie Monge takes care of it" in body.get_content()
    assert f"http://testserver:8000/suivi/{request.tracking_token}/" in body.get_content()


@pytest.mark.parametrize("some", [True, False])
def test_the_letter_says_whether_anything_was_done(world: World, some: bool) -> None:
    request = world.request(world.ironing, world.cobbler, language="en")
    booked(world, request)
    ironing, heels = request.work_orders.select_related("request", "service").order_by("pk")
    if some:
        for step in (start_work_order, complete_work_order, verify_work_order):
            step(ironing, by=world.actor())
    else:
        fail_work_order(ironing, reason="broken", by=world.actor())
    fail_work_order(heels, reason="broken", by=world.actor())
    letter = write(told(Kind.REQUEST_PARTIAL)[0])
    assert ("part of it" in letter.subject) is some
    for part in (letter.text, letter.html):
        assert ("You only pay for what was done." in part, "Nothing will be charged." in part) == (some, not some)


@pytest.mark.promise("S16")
def test_a_renewed_link_is_the_one_that_leaves(world: World, box: Letterbox) -> None:
    request = world.request(world.cobbler)
    old = request.tracking_token
    renew_link(request, by=world.actor("dispatcher"))
    settle()
    request = renew_link(request, by=world.actor("dispatcher"))
    send_due(world.organisation.pk)
    body = box.received[0].get_body(("plain",))
    assert body is not None
    assert f"/suivi/{request.tracking_token}/" in body.get_content()
    assert old not in body.get_content()


def test_french_clients_read_french(world: World) -> None:
    _request_event("service_request.confirmed")(world)
    (message,) = told(Kind.REQUEST_CONFIRMED)
    assert message.language == "fr"
    assert "36,00\u202f€" in write(message).text
    message.language = "en"
    assert "€36.00" in write(message).text


def test_handlers_may_run_twice(world: World) -> None:
    _request_event("service_request.confirmed")(world)
    settle()
    Inbox.objects.all().delete()
    Event.objects.update(dispatch="pending", next_at=timezone.now())
    assert len(told(Kind.REQUEST_CONFIRMED)) == 1


def test_nobody_is_written_to_without_an_address(world: World) -> None:
    request = world.request(world.ironing)
    ServiceRequest.objects.filter(pk=request.pk).update(contact_email="")
    say(world, "service_request.confirmed", request, request)
    assert told(Kind.REQUEST_CONFIRMED) == []


def test_what_vanished_is_told_to_nobody(world: World) -> None:
    request = world.request(world.ironing)
    say(world, "service_request.confirmed", request, request)
    with as_owner():
        Message.objects.all().delete()
        request.lines.all().delete()
        request.work_orders.all().delete()
        request.delete()
    assert told(Kind.REQUEST_CONFIRMED) == []


def test_a_confirmation_does_not_follow_its_cancellation(world: World) -> None:
    request = world.request(world.ironing)
    say(world, "service_request.confirmed", request, request)
    cancel_request(request, by=world.actor())
    (message,) = told(Kind.REQUEST_CONFIRMED)
    with pytest.raises(NotNeeded) as stop:
        write(message)
    assert stop.value.why == Unsent.OUTDATED


def test_the_invoice_travels_with_its_pdf(world: World, box: Letterbox) -> None:
    _invoice(world)
    (message,) = told(Kind.INVOICE)
    assert (message.recipient_kind, message.address, message.site) == ("payer", world.client.email, world.site)
    assert message.request_id == ServiceRequest.objects.get().public_id
    send_due(world.organisation.pk)
    (mail,) = box.of(message)
    (attached,) = mail.iter_attachments()
    invoice = Invoice.objects.get()
    assert (attached.get_filename(), attached.get_content_type()) == (invoice.file_name, "application/pdf")
    assert attached.get_content() == b"%PDF-1.7 not really"
    assert invoice.sent_at is not None


def test_an_offer_says_the_area_only_and_carries_its_link(world: World) -> None:
    (offer, *_others) = _round(world)
    message = next(m for m in told(Kind.OFFER_SENT) if m.recipient_id == offer.provider_id)
    letter = write(message)
    assert link_url(offer) in letter.text
    assert link_code(offer) in letter.text
    assert "21000 Dijon" in letter.text
    for secret in ("Roux", "Camille", "camille@", "12345678"):
        assert secret not in letter.text + letter.html + letter.subject
    token = link_url(offer).rstrip("/").rsplit("/", 1)[1]
    link = open_link(AccessLink, token)
    assert link is not None
    assert link.subject == offer


def test_details_come_with_acceptance(world: World) -> None:
    request = world.request(
        world.cobbler,
        place="home",
        street="9 rue Verrerie",
        postcode="21000",
        city="Dijon",
        contact_phone="+33612345678",
        # Whatever day and hour it is, the provider is open long enough before.
        promised_start=timezone.now() + dt.timedelta(days=7),
    )
    provider = add_provider(world)
    start_round(request.work_orders.get(), by=world.actor())
    (before,) = told(Kind.OFFER_SENT)
    assert "Verrerie" not in write(before).text
    accept_offer(Offer.objects.with_need().get(), by=acting_for(provider))
    (after,) = told(Kind.OFFER_ACCEPTED)
    letter = write(after)
    for known in ("Camille Roux", "9 rue Verrerie, 21000 Dijon", "06 12 34 56 78"):
        assert known in letter.text
    with pytest.raises(NotNeeded):
        write(before)


def test_dispatchers_of_the_site_are_called(world: World) -> None:
    absent = User.objects.create_user("parti@example.org", is_active=False)
    Membership.objects.create(organisation=world.organisation, user=absent, role=Role.DISPATCHER)
    _nobody(world)
    assert [message.address for message in told(Kind.NEEDS_DISPATCH)] == [world.users["dispatcher"].email]


def test_without_a_dispatcher_the_concierge_is_called(world: World) -> None:
    Membership.objects.filter(role=Role.DISPATCHER).delete()
    _nobody(world)
    assert [message.address for message in told(Kind.NEEDS_DISPATCH)] == [world.users["concierge"].email]


def test_help_goes_to_the_own_supervisor_while_it_is_needed(world: World) -> None:
    team = build_team(world)
    call = call_for_help(team.amina, by=team.themself(team.amina))
    (message,) = told(Kind.HELP_REQUESTED)
    assert message.address == world.users["supervisor"].email
    assert "Amina" in write(message).text
    assert "Diallo" not in write(message).text
    answer_help(call, by=team.supervisor)
    with pytest.raises(NotNeeded):
        write(message)


@pytest.mark.promise("S53")
def test_text_and_html_treat_names_as_names(world: World) -> None:
    _request_event("service_request.confirmed")(world)
    (message,) = told(Kind.REQUEST_CONFIRMED)
    message.recipient_name = '<script>alert(1)</script> O\'Neil & "fils"'
    letter = write(message)
    assert message.recipient_name in letter.text
    assert "<script" not in letter.html
    assert "&lt;script&gt;" in letter.html


@pytest.mark.promise("R06")
def test_one_piece_of_news_is_told_once_to_each_reader(world: World, queued: Message) -> None:
    """Handlers run once by their inbox; should one say the same thing twice, the constraint keeps it to one mail."""
    event = queued.event
    assert event is not None
    again = Reader(RecipientKind.CLIENT, address=queued.address)
    assert queue_message(Kind(queued.kind), again, event=event) is None
    other = Reader(RecipientKind.CLIENT, address=f"other.{queued.address}")
    assert queue_message(Kind(queued.kind), other, event=event) is not None
    assert Message.objects.filter(event=event).count() == 2
