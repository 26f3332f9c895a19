"""Papers of providers: which are needed, how long they count, who is told of their end, and what an end stops."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import WorkOrder
from concierge import deadlines
from concierge.errors import Invalid
from concierge.models import Deadline, Event
from notifications.enums import MessageStatus
from notifications.models import Message
from notifications.tasks import send_due
from providers.actions.businesses import add_member, set_active
from providers.actions.documents import add_document, change_document, remove_document
from providers.actions.expiry import EXPIRY
from providers.actions.matching import consider_providers, policy_for
from providers.actions.offers import accept_offer
from providers.actions.rounds import offer_directly, start_round
from providers.enums import DocumentKind, OfferStatus
from providers.models import Offer, Provider, ProviderDocument, ServiceAgreement
from providers.rules import papers
from providers.rules.papers import Bought, VigilanceTerm, last_possible_day, needs_vigilance, vigilance_term
from tests.conftest import settle
from tests.providers.conftest import MONDAY, PARIS, acting_for, add_provider
from tests.providers.test_pages import browser_of, page
from tests.world import World

TODAY = MONDAY.date()
EUR = Decimal


# --- which are needed --------------------------------------------------------


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize(
    ("bought", "job", "needs"),
    [
        (Bought(EUR("4999.99")), "0", False),
        (Bought(EUR("5000.00")), "0", True),
        (Bought(EUR("4987.99")), "12.00", False),
        (Bought(EUR("4988.00")), "12.00", True),
        (Bought(), "4999.99", False),
        (Bought(), "5000.00", True),
        # One agreement over two years, little in this one.
        (Bought(EUR("100"), {1: EUR("4999.99")}), "0", False),
        (Bought(EUR("100"), {1: EUR("5000.00")}), "0", True),
        # The job counts for its own agreement only; another that has reached it is enough.
        (Bought(EUR("100"), {1: EUR("3000"), 2: EUR("4900")}), "1999.99", False),
        (Bought(EUR("100"), {1: EUR("3000"), 2: EUR("4900")}), "2000.00", True),
        (Bought(EUR("100"), {1: EUR("3000"), 2: EUR("5000")}), "1.00", True),
    ],
)
def test_vigilance_is_needed_from_the_amount_of_the_law_on(bought: Bought, job: str, needs: bool) -> None:
    assert needs_vigilance(bought, job=EUR(job), agreement=1, today=TODAY) is needs
    required = papers.required_kinds(bought, job=EUR(job), agreement=1, today=TODAY)
    assert required == (("insurance", "registration", "vigilance") if needs else ("insurance", "registration"))


@pytest.mark.parametrize(
    ("amount", "rate", "without"),
    [("6000", "20", "5000.00"), ("5275", "5.5", "5000.00"), ("5000", "0", "5000.00"), ("5000", None, "5000.00")],
)
def test_prices_count_without_vat_where_the_rate_is_known(amount: str, rate: str | None, without: str) -> None:
    assert papers.excl_vat(EUR(amount), None if rate is None else EUR(rate)) == EUR(without)


def test_another_law_holds_from_its_day_on() -> None:
    terms = (VigilanceTerm(dt.date(2015, 4, 1), EUR(5000), 6), VigilanceTerm(dt.date(2027, 1, 1), EUR(4000), 3))
    days = [dt.date(1999, 1, 1), dt.date(2026, 12, 31), dt.date(2027, 1, 1)]
    assert [vigilance_term(day, terms).amount for day in days] == [5000, 5000, 4000]
    assert [needs_vigilance(Bought(EUR(4500)), today=day, terms=terms) for day in days] == [
        False,
        False,
        True,
    ]


@given(st.decimals(0, 20000, places=2), st.decimals(0, 20000, places=2), st.booleans())
def test_more_bought_never_needs_less(bought: Decimal, more: Decimal, is_year: bool) -> None:
    def needs(total: Decimal) -> bool:
        return needs_vigilance(Bought(total) if is_year else Bought(EUR(0), {7: total}), today=TODAY)

    assert needs(bought) <= needs(bought + more)


@pytest.mark.parametrize(
    ("issued", "last"),
    [("2026-02-01", "2026-07-31"), ("2026-08-31", "2027-02-27"), ("2027-08-31", "2028-02-28")],
)
def test_a_certificate_counts_while_it_is_less_than_six_months_old(issued: str, last: str) -> None:
    assert last_possible_day("vigilance", dt.date.fromisoformat(issued)) == dt.date.fromisoformat(last)
    assert last_possible_day("insurance", dt.date.fromisoformat(issued)) is None


def verdict(work_order: WorkOrder, provider: Provider) -> str | None:
    found = consider_providers(work_order, policy_for(work_order), among=[provider.pk])
    (one,) = found.verdicts
    return one.rule


@pytest.mark.promise("domain R32")
def test_what_was_accepted_this_year_counts_with_this_job(world: World, heels: WorkOrder) -> None:
    provider = add_provider(world)
    start_round(heels, by=world.actor())
    offer = Offer.objects.get()
    accept_offer(offer, by=acting_for(provider))
    job = world.request(world.cobbler).work_orders.get()
    for price, rule in (("4987.99", None), ("4988.00", "document_missing")):
        Offer.objects.update(price=EUR(price))
        assert verdict(job, provider) == rule
    # At 20 %: 5,988 € are 4,990 €, and this job of 12 € is 10 €.
    ServiceAgreement.objects.update(vat_rate=EUR(20))
    for price, rule in (("5987.98", None), ("5988.00", "document_missing")):
        Offer.objects.update(price=EUR(price))
        assert verdict(job, provider) == rule
    add_document(
        provider,
        kind=DocumentKind.VIGILANCE,
        issued_on=dt.date(2026, 10, 1),
        expires_on=dt.date(2027, 3, 31),
        by=world.actor(),
    )
    assert verdict(job, provider) is None


def test_what_was_given_back_or_belongs_to_another_year_and_agreement_does_not_count(
    world: World, heels: WorkOrder
) -> None:
    provider = add_provider(world)
    start_round(heels, by=world.actor())
    accept_offer(Offer.objects.get(), by=acting_for(provider))
    Offer.objects.update(price=EUR(9000))
    job = world.request(world.cobbler).work_orders.get()
    assert verdict(job, provider) == "document_missing"
    # Last year, under the agreement that is in force: that counts. Without it: it does not.
    new_year = dt.datetime(2026, 1, 1, tzinfo=PARIS)
    Offer.objects.update(answered_at=new_year - dt.timedelta(seconds=1))
    assert verdict(job, provider) == "document_missing"
    Offer.objects.update(agreement=None)
    assert verdict(job, provider) is None
    Offer.objects.update(answered_at=new_year)
    assert verdict(job, provider) == "document_missing"
    Offer.objects.update(status=OfferStatus.RELEASED)
    assert verdict(job, provider) in {None, "already_answered"}


# --- how long they count --------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "issued", "expires", "field", "words"),
    [
        ("vigilance", "2026-10-01", "2027-04-01", "expires_on", "six mois au plus"),
        ("vigilance", "2026-10-01", None, "expires_on", "dit jusqu’à quand"),
        ("insurance", "2026-10-01", None, "expires_on", "Indiquez le dernier jour"),
        ("registration", "2026-10-01", "2076-12-31", None, ""),
        ("registration", "2026-10-01", "2077-01-01", "expires_on", "trop lointain"),
        ("insurance", "2026-10-01", "9999-12-31", "expires_on", "trop lointain"),
        ("vigilance", "2026-10-01", "2027-03-31", None, ""),
    ],
)
def test_an_end_that_cannot_be_is_refused_at_its_field(
    world: World, kind: str, issued: str, expires: str | None, field: str | None, words: str
) -> None:
    provider = add_provider(world, papers=False)
    given_: dict[str, Any] = {
        "kind": DocumentKind(kind),
        "issued_on": dt.date.fromisoformat(issued),
        "expires_on": dt.date.fromisoformat(expires) if expires else None,
    }
    if field is None:
        assert add_document(provider, **given_, by=world.actor()).pk
        return
    with pytest.raises(Invalid) as refused:
        add_document(provider, **given_, by=world.actor())
    assert refused.value.field == field
    with override("fr"):
        assert words in str(refused.value.message)
    assert (ProviderDocument.objects.count(), Deadline.objects.filter(kind=EXPIRY).count()) == (0, 0)


@pytest.mark.promise("I11")
def test_postgres_refuses_a_certificate_without_end_or_of_a_year(world: World) -> None:
    provider = add_provider(world)
    paper = provider.documents.order_by("pk")[0]
    ProviderDocument.objects.exclude(pk=paper.pk).update(kind=DocumentKind.REGISTRATION)
    assert paper.issued_on is not None
    ends: list[dict[str, Any]] = [
        {"kind": "vigilance", "expires_on": None},
        {"kind": "vigilance", "expires_on": paper.issued_on + dt.timedelta(days=185)},
    ]
    for change in ends:
        with pytest.raises(IntegrityError), transaction.atomic():
            ProviderDocument.objects.filter(pk=paper.pk).update(**change)


# --- who is told --------------------------------------------------------


def insure(provider: Provider, last: dt.date, world: World, issued: dt.date = dt.date(2026, 2, 1)) -> ProviderDocument:
    return add_document(provider, kind=DocumentKind.INSURANCE, issued_on=issued, expires_on=last, by=world.actor())


def told() -> list[tuple[str, Any, str]]:
    rows = Event.objects.filter(name__in=["provider.document_expiring", "provider.document_expired"]).order_by("pk")
    return [(row.name.removeprefix("provider.document_"), row.data["days"], row.data["kind"]) for row in rows]


def live(world: World, monday: Any, first: dt.date, last: dt.date, *, hour: int = 9) -> None:
    """Every day at nine the sweeper comes by, twice."""
    day = first
    while day <= last:
        monday.move_to(dt.datetime.combine(day, dt.time(hour), tzinfo=PARIS))
        settle(world.organisation)
        deadlines.sweep(world.organisation.pk)
        day += dt.timedelta(days=1)


@pytest.mark.promise("domain R32")
def test_a_provider_is_told_at_thirty_fifteen_seven_days_on_the_day_and_after_it(world: World, monday: Any) -> None:
    provider = add_provider(world, papers=False)
    last = dt.date(2027, 1, 10)
    insure(provider, last, world)
    live(world, monday, TODAY, last + dt.timedelta(days=40))
    assert told() == [
        ("expiring", 30, "insurance"),
        ("expiring", 15, "insurance"),
        ("expiring", 7, "insurance"),
        ("expiring", 0, "insurance"),
        ("expired", -1, "insurance"),
    ]
    letters = Message.objects.filter(kind__startswith="provider.document_")
    assert letters.count() == 5
    assert set(letters.values_list("address", flat=True)) == {provider.email}
    assert not Deadline.objects.filter(kind=EXPIRY, fired_at=None, cancelled_at=None).exists()


def test_the_hour_is_that_of_the_organisation(world: World, monday: Any) -> None:
    insure(add_provider(world, papers=False), TODAY + dt.timedelta(days=31), world)
    monday.move_to(dt.datetime(2026, 11, 24, 7, 59, tzinfo=PARIS))
    settle(world.organisation)
    assert told() == []
    monday.move_to(dt.datetime(2026, 11, 24, 8, 0, tzinfo=PARIS))
    settle(world.organisation)
    assert told() == [("expiring", 30, "insurance")]


@pytest.mark.promise("domain R32")
def test_after_a_renewal_nobody_is_told_of_the_old_paper(world: World, monday: Any) -> None:
    provider = add_provider(world, papers=False)
    old = insure(provider, dt.date(2027, 1, 10), world)
    live(world, monday, dt.date(2026, 12, 11), dt.date(2026, 12, 12))
    assert told() == [("expiring", 30, "insurance")]
    send_due(world.organisation.pk)
    new = insure(provider, dt.date(2028, 1, 10), world, issued=dt.date(2026, 12, 12))
    live(world, monday, dt.date(2026, 12, 13), dt.date(2027, 1, 20))
    assert told() == [("expiring", 30, "insurance")]
    # Noted by mistake: the old one counts again, and what follows of it is told.
    monday.move_to(dt.datetime(2027, 1, 10, 7, tzinfo=PARIS))
    remove_document(new, by=world.actor())
    live(world, monday, dt.date(2027, 1, 10), dt.date(2027, 1, 12))
    assert told()[1:] == [("expiring", 0, "insurance"), ("expired", -1, "insurance")]
    assert ProviderDocument.objects.get() == old


def test_a_letter_that_waits_when_the_new_paper_comes_does_not_leave(world: World, monday: Any) -> None:
    provider = add_provider(world, papers=False)
    insure(provider, dt.date(2026, 12, 23), world)
    live(world, monday, dt.date(2026, 11, 24), dt.date(2026, 11, 24))
    insure(provider, dt.date(2026, 12, 9), world, issued=dt.date(2026, 11, 24))
    live(world, monday, dt.date(2026, 11, 24), dt.date(2026, 11, 24))
    live(world, monday, dt.date(2026, 12, 2), dt.date(2026, 12, 2))
    insure(provider, dt.date(2027, 12, 9), world, issued=dt.date(2026, 12, 2))
    send_due(world.organisation.pk)
    waiting = Message.objects.filter(kind="provider.document_expiring")
    assert list(waiting.values_list("status", flat=True)) == [MessageStatus.SUPPRESSED] * waiting.count()
    assert waiting.count() == 1


def test_a_corrected_day_moves_what_is_told(world: World, monday: Any) -> None:
    provider = add_provider(world, papers=False)
    paper = insure(provider, dt.date(2026, 12, 24), world)
    change_document(paper, {"expires_on": dt.date(2027, 1, 10)}, by=world.actor())
    live(world, monday, TODAY, dt.date(2026, 12, 11))
    assert told() == [("expiring", 30, "insurance")]
    change_document(paper, {"reference": "RC-1"}, by=world.actor())
    live(world, monday, dt.date(2026, 12, 11), dt.date(2026, 12, 11), hour=10)
    assert told() == [("expiring", 30, "insurance")]


def test_a_sweeper_that_slept_tells_once_how_many_days_are_left(world: World, monday: Any) -> None:
    insure(add_provider(world, papers=False), dt.date(2027, 1, 10), world)
    live(world, monday, dt.date(2026, 12, 31), dt.date(2027, 1, 1))
    assert told() == [("expiring", 10, "insurance")]


def test_whom_we_do_not_work_with_is_not_told(world: World, monday: Any) -> None:
    provider = add_provider(world, papers=False)
    insure(provider, dt.date(2027, 1, 10), world)
    set_active(provider, is_active=False, by=world.actor())
    live(world, monday, dt.date(2026, 12, 11), dt.date(2026, 12, 27))
    set_active(provider, is_active=True, by=world.actor())
    live(world, monday, dt.date(2026, 12, 28), dt.date(2027, 1, 12))
    assert [days for _name, days, _kind in told()] == [7, 0, -1]


# --- what an end stops --------------------------------------------------------


@pytest.mark.promise("domain R32")
def test_an_end_blocks_new_offers_says_so_and_a_new_paper_opens_them_again(
    world: World, heels: WorkOrder, monday: Any
) -> None:
    provider, last = add_provider(world, papers=False), dt.date(2026, 11, 24)
    add_document(provider, kind=DocumentKind.REGISTRATION, issued_on=dt.date(2026, 1, 1), by=world.actor())
    insure(provider, last, world)
    add_member(provider, world.users["provider"], by=world.actor())
    start_round(heels, by=world.actor())
    offer = Offer.objects.get()
    space, file = "/prestataires/mon-espace/", f"/prestataires/{provider.public_id}/"
    team, own = browser_of(world.users["dispatcher"]), browser_of(world.users["provider"])
    assert "Un de vos documents expire bientôt" in page(own.get(space))
    assert "À renouveler bientôt" in page(team.get(file))
    night = dt.datetime(2026, 11, 24, 23, 59, tzinfo=PARIS)
    monday.move_to(night)
    job = world.request(world.cobbler, promised_start=night).work_orders.get()
    assert verdict(job, provider) is None
    monday.move_to(dt.datetime(2026, 11, 25, 8, 0, tzinfo=PARIS))
    Offer.objects.update(due_at=dt.datetime(2026, 11, 25, 18, tzinfo=PARIS))
    assert verdict(job, provider) == "document_expired"
    body = page(own.get(space))
    assert "Nous ne pouvons pas vous proposer de nouveaux travaux pour l’instant" in body
    assert "fin de validité le 24 novembre 2026" in body
    assert world.organisation.email in body
    assert "Rien de nouveau ne peut être proposé" in page(team.get(file))
    assert "Un document a expiré" in page(team.get("/prestataires/"))
    accept_offer(offer, by=acting_for(provider))
    insure(provider, dt.date(2027, 11, 24), world, issued=dt.date(2026, 11, 25))
    assert verdict(job, provider) is None
    assert "pour l’instant" not in page(own.get(space))


def test_the_team_reads_that_a_certificate_is_needed(world: World, heels: WorkOrder) -> None:
    provider = add_provider(world)
    start_round(heels, by=world.actor())
    accept_offer(Offer.objects.get(), by=acting_for(provider))
    staff: Browser = browser_of(world.users["dispatcher"])
    file, needed = f"/prestataires/{provider.public_id}/", "la loi la demande dès 5\u202f000\u202f€ HT"
    assert needed not in page(staff.get(file))
    Offer.objects.update(price=EUR(5000))
    assert needed in page(staff.get(file))
    assert "Il manque un document" in page(staff.get("/prestataires/"))


def test_the_list_shows_whose_papers_are_missing_over_or_ending(world: World) -> None:
    """Of those that count the latest of each kind; the certificate only where what was bought asks for it."""
    by, days, long_ago = world.actor(), dt.timedelta, TODAY - dt.timedelta(days=300)
    fine, bare, over, ending, renewed, big = (
        add_provider(world, name=name, papers=name in {"Bien", "Grand"})
        for name in ("Bien", "Nu", "Fini", "Bientôt", "Renouvelé", "Grand")
    )

    def insured(provider: Provider, until: dt.date, issued: dt.date = long_ago) -> None:
        add_document(provider, kind=DocumentKind.INSURANCE, issued_on=issued, expires_on=until, by=by)

    for provider in (over, ending, renewed):
        add_document(provider, kind=DocumentKind.REGISTRATION, issued_on=long_ago, by=by)
    insured(over, TODAY - days(1))
    insured(ending, TODAY + days(30))
    insured(renewed, TODAY + days(200), TODAY - days(5))
    insured(renewed, TODAY - days(1))
    bought = world.request(world.cobbler).work_orders.get()
    offer = offer_directly(bought, big, by=by)
    accept_offer(offer, by=acting_for(big))
    staff = browser_of(world.users["dispatcher"])

    def listed(state: str) -> set[str]:
        body = page(staff.get("/prestataires/", {"papers": state}))
        names = {one.name for one in (fine, bare, over, ending, renewed, big)}
        return {name for name in names if f">{name}</a>" in body}

    found = {state: listed(state) for state in ("missing", "over", "ending")}
    assert found == {"missing": {"Nu"}, "over": {"Fini"}, "ending": {"Bientôt"}}
    Offer.objects.filter(pk=offer.pk).update(price=EUR("7200"))
    assert listed("missing") == {"Nu", "Grand"}
    assert len(listed("nonsense")) == 6
