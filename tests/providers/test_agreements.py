"""Agreements: drafts bind nobody, what binds never overlaps, and what was agreed decides who is asked and who pays."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from billing.models.billable import billable_lines
from bookings.actions.work_orders import complete_work_order, start_work_order, verify_work_order
from bookings.models import WorkOrder
from concierge import tenancy
from concierge.errors import Conflict, Invalid, WrongState
from concierge.models import Event
from providers.actions.agreements import (
    agree_service,
    change_agreement,
    draft_agreement,
    draft_seal,
    end_agreement,
    sign_on_paper,
    withdraw_agreement,
)
from providers.actions.offers import accept_offer
from providers.actions.repricing import follow_quantity
from providers.actions.rounds import offer_directly, start_round
from providers.models import Offer, OfferRound, Provider, ServiceAgreement
from providers.rules.agreements import Terms
from tests.providers.conftest import acting_for, add_provider
from tests.providers.test_pages import manager, page, staff
from tests.world import World

__all__ = ["manager", "staff"]
SENT_AT = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
OVERLAP = "Une convention pour ce service couvre déjà une partie de ces jours."


def terms(**changes: Any) -> Terms:
    given: dict[str, Any] = {"kind": "purchase", "purchase_price": Decimal(9), "valid_from": TODAY}
    if changes.get("kind", "purchase") != "purchase":
        given.pop("purchase_price")
    return Terms(**(given | changes))


INTRODUCED = {"kind": "introduction", "invoicing": "provider_to_client"}


def agreed(provider: Provider, world: World, **changes: Any) -> ServiceAgreement:
    drafted = draft_agreement(provider, world.cobbler, terms(**changes), by=world.actor())
    return sign_on_paper(drafted, by=world.actor())


@pytest.fixture
def alone(world: World) -> Provider:
    """A cobbler with whom nothing is agreed yet."""
    return add_provider(world, price=None)


# --- what binds ----------------------------------------


@pytest.mark.promise("domain R33")
def test_a_draft_binds_nobody(world: World, heels: WorkOrder, alone: Provider) -> None:
    draft = draft_agreement(alone, world.cobbler, terms(), by=world.actor())
    assert not ServiceAgreement.objects.valid_on(TODAY).exists()
    start_round(heels, by=world.actor())
    assert (Offer.objects.count(), OfferRound.objects.get().considered.count()) == (0, 0)
    with pytest.raises(Invalid):
        offer_directly(heels, alone, by=world.actor())
    sign_on_paper(draft, by=world.actor())
    start_round(heels, by=world.actor())
    offer = Offer.objects.get()
    assert (offer.provider, offer.agreement, offer.price) == (alone, draft, Decimal("9.00"))
    assert [one.name for one in Event.objects.filter(name__startswith="agreement.").order_by("pk")] == [
        "agreement.drafted",
        "agreement.signed",
    ]


@pytest.mark.promise("domain R33")
def test_drafts_may_overlap_and_what_binds_never(world: World, alone: Provider) -> None:
    first, second = (draft_agreement(alone, world.cobbler, terms(), by=world.actor()) for _n in range(2))
    sign_on_paper(first, by=world.actor())
    with override("fr"), pytest.raises(Conflict) as refused:
        sign_on_paper(second, by=world.actor())
    with override("fr"):
        assert (refused.value.field, str(refused.value.message)) == ("valid_from", OVERLAP)
    second.refresh_from_db()
    assert second.status == "draft"
    with pytest.raises(IntegrityError) as stopped, transaction.atomic():
        ServiceAgreement.objects.filter(pk=second.pk).update(status="paper")
    assert "service_agreements_do_not_overlap" in str(stopped.value)
    end_agreement(first, on=TODAY, by=world.actor())
    change_agreement(second, world.cobbler, terms(valid_from=TODAY + dt.timedelta(days=1)), by=world.actor())
    assert sign_on_paper(second, by=world.actor()).status == "paper"


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"purchase_price": None}, "service_agreement_price_fits_its_kind"),
        ({"commission_percent": 5}, "service_agreement_price_fits_its_kind"),
        ({"kind": "commission"}, "service_agreement_price_fits_its_kind"),
        ({"kind": "commission", "purchase_price": None}, "service_agreement_price_fits_its_kind"),
        ({"kind": "fixed_commission", "purchase_price": None}, "service_agreement_price_fits_its_kind"),
        ({"kind": "introduction", "invoicing": "provider_to_client"}, "service_agreement_price_fits_its_kind"),
        ({"kind": "barter", "purchase_price": None}, "service_agreement_price_fits_its_kind"),
        (
            {"kind": "introduction", "purchase_price": None},
            "service_agreement_introduction_is_invoiced_by_the_provider",
        ),
        ({"invoicing": "provider_to_client"}, "service_agreement_introduction_is_invoiced_by_the_provider"),
        ({"invoicing": "we_self_bill"}, "service_agreement_self_billing_has_a_mandate"),
        ({"vat_rate": 31}, "service_agreement_vat_is_plausible"),
        ({"vat_rate": -1}, "service_agreement_vat_is_plausible"),
        ({"notice_hours": 721}, "service_agreement_hours_are_plausible"),
        ({"status": "perhaps", "seal": "s", "sent_at": SENT_AT}, "service_agreement_status_is_known"),
        ({"status": "sent", "seal": "", "sent_at": SENT_AT}, "service_agreement_sent_is_sealed"),
    ],
)
def test_postgresql_refuses_senseless_terms(world: World, alone: Provider, changes: dict[str, Any], name: str) -> None:
    agreement = agreed(alone, world)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        ServiceAgreement.objects.filter(pk=agreement.pk).update(**changes)
    assert f'"{name}"' in str(refused.value)


@pytest.mark.promise("domain R33")
def test_an_agreement_ends_sooner_and_never_later(world: World, alone: Provider) -> None:
    by, last = world.actor(), TODAY + dt.timedelta(days=9)
    agreement = agreed(alone, world, valid_to=last)
    for day in (TODAY - dt.timedelta(days=1), last + dt.timedelta(days=1), dt.date.max):
        with pytest.raises(Invalid) as refused:
            end_agreement(agreement, on=day, by=by)
        assert refused.value.field == "valid_to"
    assert end_agreement(agreement, on=TODAY, by=by).valid_to == TODAY
    assert Event.objects.get(name="agreement.ended").data["on"] == "2026-11-23"
    past = agreed(alone, world, valid_from=TODAY - dt.timedelta(days=40), valid_to=TODAY - dt.timedelta(days=20))
    with pytest.raises(Invalid) as refused:
        end_agreement(past, on=TODAY - dt.timedelta(days=30), by=by)
    assert refused.value.field == "valid_to"
    open_end = agreed(alone, world, valid_from=TODAY + dt.timedelta(days=1))
    with pytest.raises(Invalid):
        end_agreement(open_end, on=dt.date.max, by=by)


def test_verbs_out_of_turn_are_refused(world: World, alone: Provider) -> None:
    by = world.actor()
    signed = agreed(alone, world)
    given_up = withdraw_agreement(draft_agreement(alone, world.cobbler, terms(), by=by), by=by)
    draft = draft_agreement(alone, world.cobbler, terms(), by=by)
    before = Event.objects.count()
    for call in (
        lambda: sign_on_paper(signed, by=by),
        lambda: withdraw_agreement(signed, by=by),
        lambda: change_agreement(signed, world.cobbler, terms(), by=by),
        lambda: sign_on_paper(given_up, by=by),
        lambda: withdraw_agreement(given_up, by=by),
        lambda: end_agreement(given_up, on=TODAY, by=by),
        lambda: end_agreement(draft, on=TODAY, by=by),
    ):
        with pytest.raises(WrongState):
            call()
    assert Event.objects.count() == before


def test_what_was_noted_without_a_price_is_all_that_the_client_pays(world: World, alone: Provider) -> None:
    made = agree_service(alone, world.cobbler, by=world.actor())
    assert (made.status, made.kind, made.commission_percent) == ("paper", "commission", Decimal(0))


# --- what it decides ----------------------------------------


def begins_in(order: WorkOrder, time: dt.timedelta) -> None:
    """It has to begin then, to be done as was promised."""
    order.promised_start = timezone.now() + time
    order.promised_end = order.promised_start + dt.timedelta(minutes=max(1, order.duration_minutes))
    order.save(update_fields=["promised_start", "promised_end"])


@pytest.mark.promise("domain R33", "domain R34")
def test_short_notice_keeps_out_and_a_person_may_still_ask(world: World, heels: WorkOrder, alone: Provider) -> None:
    """The desk reads why, in words; whoever chooses by hand is not held back."""
    ours, hour = world.actor(), dt.timedelta(hours=1)
    begins_in(heels, 23 * hour)
    agreed(alone, world, notice_hours=24)
    start_round(heels, by=ours)
    considered = OfferRound.objects.get().considered.get()
    assert (considered.is_kept, considered.rule) == (False, "too_short_notice")
    with override("fr"):
        assert considered.get_rule_display() == "Demande un délai plus long que le temps qui reste"
    assert WorkOrder.objects.get().status == "needs_dispatch"
    assert offer_directly(heels, alone, by=ours).provider == alone


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize(("minutes", "rule"), [(24 * 60 + 5, ""), (24 * 60 - 5, "too_short_notice")])
def test_notice_counts_in_hours_of_the_clock(
    world: World, heels: WorkOrder, alone: Provider, minutes: int, rule: str
) -> None:
    begins_in(heels, dt.timedelta(minutes=minutes))
    agreed(alone, world, notice_hours=24)
    start_round(heels, by=world.actor())
    assert OfferRound.objects.get().considered.get().rule == rule


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({}, "9.00"),
        ({"kind": "commission", "commission_percent": Decimal(10)}, "16.20"),
        ({"kind": "fixed_commission", "commission_fixed": Decimal(5)}, "13.00"),
        (INTRODUCED, "18.00"),
    ],
)
def test_an_offer_says_what_its_kind_pays(
    world: World, heels: WorkOrder, alone: Provider, changes: dict[str, Any], price: str
) -> None:
    agreed(alone, world, **changes)
    start_round(heels, by=world.actor())
    assert Offer.objects.get().price == Decimal(price)


@pytest.mark.promise("domain R33")
def test_an_offer_keeps_to_the_agreement_it_was_sent_on(world: World, heels: WorkOrder, alone: Provider) -> None:
    """Measured after the agreement has ended and another has begun: the one they were asked on counts."""
    first = agreed(alone, world)
    start_round(heels, by=world.actor())
    end_agreement(first, on=TODAY, by=world.actor())
    long_ago = {"valid_from": TODAY - dt.timedelta(days=9), "valid_to": TODAY - dt.timedelta(days=1)}
    ServiceAgreement.objects.filter(pk=first.pk).update(**long_ago)
    agreed(alone, world, purchase_price=Decimal(99))
    follow_quantity(heels, measured_at=timezone.now(), by=world.actor())
    assert Offer.objects.get().price == Decimal("9.00")


def done_by(provider: Provider, order: WorkOrder, world: World) -> None:
    """The provider says yes, does it, and it is checked."""
    start_round(order, by=world.actor())
    accept_offer(Offer.objects.get(work_order=order), by=acting_for(provider))
    start_work_order(order, by=world.actor())
    complete_work_order(order, by=world.actor())
    verify_work_order(order, by=world.actor())


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize(
    ("changes", "lines"),
    [({}, 1), ({"kind": "commission", "commission_percent": Decimal(10)}, 1), (INTRODUCED, 0)],
)
def test_what_a_provider_invoices_itself_is_not_ours_to_invoice(
    world: World, heels: WorkOrder, alone: Provider, changes: dict[str, Any], lines: int
) -> None:
    agreed(alone, world, **changes)
    done_by(alone, heels, world)
    until = timezone.now() + dt.timedelta(days=1)
    assert billable_lines(world.organisation.pk, until=until).count() == lines


# --- pages ----------------------------------------


def typed(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "service": str(world.cobbler.public_id),
        "kind": "purchase",
        "purchase_price": "9.50",
        "invoicing": "provider_to_us",
        "vat_rate": "20",
        "notice_hours": "24",
        "cancel_hours": "48",
        "valid_from": "2026-11-23",
        "valid_to": "",
    } | changes


def new_path(provider: Provider) -> str:
    return f"/prestataires/{provider.public_id}/conventions/nouvelle/"


def path_of(agreement: ServiceAgreement, verb: str = "") -> str:
    return f"/prestataires/conventions/{agreement.public_id}/" + (f"{verb}/" if verb else "")


@pytest.mark.promise("domain R33")
def test_a_draft_is_written_read_signed_and_ended(world: World, manager: Browser, alone: Provider) -> None:
    assert "Nouvelle convention" in page(manager.get(new_path(alone)))
    answer = manager.post(new_path(alone), typed(world))
    made = ServiceAgreement.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, path_of(made))
    assert (made.status, made.purchase_price, made.vat_rate) == ("draft", Decimal("9.50"), Decimal(20))
    assert (made.notice_hours, made.cancel_hours, made.valid_to) == (24, 48, None)
    assert 'value="9.50"' in page(manager.get(path_of(made)))
    assert manager.post(path_of(made), typed(world, purchase_price="10")).status_code == 302
    assert manager.post(path_of(made, "papier")).status_code == 302
    body = page(manager.get(path_of(made)))
    assert all(words in body for words in ("Signée sur papier", "En vigueur", "24 heures", "48 heures"))
    assert 'name="purchase_price"' not in body
    listed = page(manager.get(f"/prestataires/{alone.public_id}/"))
    assert path_of(made) in listed
    assert manager.post(path_of(made, "terminer"), {"valid_to": "2026-12-31"}).status_code == 302
    made.refresh_from_db()
    assert (made.purchase_price, made.valid_to) == (Decimal(10), dt.date(2026, 12, 31))


def test_almost_all_may_be_kept_as_commission(world: World, manager: Browser, alone: Provider) -> None:
    given = typed(world, kind="commission", purchase_price="", commission_percent="99.99")
    assert manager.post(new_path(alone), given).status_code == 302
    assert ServiceAgreement.objects.get().commission_percent == Decimal("99.99")
    # A draft binds nobody: whoever is looked for by this service is not found by it.
    service = f"/prestataires/?service={world.cobbler.public_id}"
    assert f"/prestataires/{alone.public_id}/" not in page(manager.get(service))
    manager.post(path_of(ServiceAgreement.objects.get(), "papier"))
    assert f"/prestataires/{alone.public_id}/" in page(manager.get(service))
    again = page(manager.post(path_of(ServiceAgreement.objects.get(), "papier")), 409)
    assert 'role="alert"' in again


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service": ""}, "Choisissez un service."),
        ({"service": "00000000-0000-4000-8000-000000000000"}, "Choisissez l’un de ces services."),
        ({"purchase_price": ""}, "Indiquez le montant de cette forme de convention."),
        ({"commission_percent": "5"}, "Laissez ce champ vide"),
        ({"purchase_price": "-1"}, "supérieure ou égale à 0"),
        ({"purchase_price": "NaN"}, "Saisissez un nombre."),
        ({"purchase_price": "1e9"}, "pas plus de"),
        ({"kind": "commission", "purchase_price": "", "commission_percent": "100"}, "inférieure ou égale à"),
        ({"kind": "troc"}, "Sélectionnez un choix valide"),
        ({"kind": "introduction", "purchase_price": ""}, "Simplement mis en relation"),
        ({"invoicing": "provider_to_client"}, "ne peut pas facturer le client"),
        ({"invoicing": "we_self_bill"}, "demande un mandat"),
        ({"vat_rate": ""}, "Ce champ est obligatoire."),
        ({"notice_hours": "721"}, "inférieure ou égale à 720"),
        ({"notice_hours": "-1"}, "supérieure ou égale à 0"),
        ({"valid_from": "9999-12-31"}, "entre 2000 et 2099"),
        ({"valid_from": "hier"}, "Saisissez une date valide."),
        ({"valid_to": "2026-11-22"}, "Le dernier jour ne peut pas être avant le premier."),
    ],
)
def test_nonsense_is_said_at_its_field_and_keeps_what_was_typed(
    world: World, manager: Browser, alone: Provider, changes: dict[str, Any], said: str
) -> None:
    body = page(manager.post(new_path(alone), typed(world, **changes)), 422)
    assert said in body
    assert 'value="48"' in body
    assert ServiceAgreement.objects.count() == 0


@pytest.mark.promise("domain R33")
def test_an_overlap_is_said_at_the_first_day(world: World, manager: Browser, alone: Provider) -> None:
    agreed(alone, world)
    second = draft_agreement(alone, world.cobbler, terms(), by=world.actor())
    body = page(manager.post(path_of(second, "papier")), 409)
    assert OVERLAP in body
    assert 'aria-invalid="true"' in body
    second.refresh_from_db()
    assert second.status == "draft"


@pytest.mark.promise("domain R33")
def test_what_is_over_is_said_and_changes_nothing(world: World, manager: Browser, alone: Provider) -> None:
    made = agreed(alone, world)
    for answer, status in (
        (manager.post(path_of(made), typed(world, purchase_price="1")), 409),
        (manager.post(path_of(made, "papier")), 409),
        (manager.post(path_of(made, "abandonner")), 409),
        (manager.post(path_of(made, "terminer"), {"valid_to": "2026-11-22"}), 422),
        (manager.post(path_of(made, "terminer"), {"valid_to": "9999-12-31"}), 422),
        (manager.post(path_of(made, "terminer"), {"valid_to": ""}), 422),
    ):
        page(answer, status)
    made.refresh_from_db()
    assert (made.status, made.purchase_price, made.valid_to) == ("paper", Decimal(9), None)


@pytest.mark.promise("domain R33")
def test_a_draft_that_was_changed_meanwhile_is_read_again(world: World, manager: Browser, alone: Provider) -> None:
    draft = draft_agreement(alone, world.cobbler, terms(), by=world.actor())
    draft.refresh_from_db()
    old = draft_seal(draft)
    assert page(manager.get(path_of(draft))).count(f'name="read" value="{old}"') == 4
    change_agreement(draft, world.cobbler, terms(purchase_price=Decimal(12)), by=world.actor())
    for verb in ("", "papier", "abandonner"):
        given = typed(world, purchase_price="8.40", notice_hours="5") if not verb else {}
        body = page(manager.post(path_of(draft, verb), given | {"read": old}), 409)
        assert "Ce brouillon a été modifié entre-temps" in body
    # What was typed is kept beside what somebody else has kept: saved again, it replaces that knowingly.
    body = page(manager.post(path_of(draft), typed(world, purchase_price="8.40") | {"read": old}), 409)
    assert 'value="8.40"' in body
    assert "12,00" in body
    draft.refresh_from_db()
    assert (draft.status, draft.purchase_price) == ("draft", Decimal(12))
    given = typed(world, purchase_price="8.40") | {"read": draft_seal(draft)}
    assert manager.post(path_of(draft), given).status_code == 302
    draft.refresh_from_db()
    assert manager.post(path_of(draft, "papier"), {"read": draft_seal(draft)}).status_code == 302


def test_the_page_shows_what_somebody_quicker_has_done(
    world: World, manager: Browser, alone: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = draft_agreement(alone, world.cobbler, terms(), by=world.actor())

    def too_late(agreement: ServiceAgreement, **given: Any) -> ServiceAgreement:
        sign_on_paper(agreement, by=world.actor())
        return withdraw_agreement(agreement, **given)

    monkeypatch.setattr("providers.views.agreements.actions.withdraw_agreement", too_late)
    body = page(manager.post(path_of(draft, "abandonner")), 409)
    assert "Signée sur papier" in body
    assert 'name="purchase_price"' not in body


@pytest.mark.promise("S01")
def test_who_may_read_and_who_may_write(world: World, other_world: World, staff: Browser, alone: Provider) -> None:
    draft = draft_agreement(alone, world.cobbler, terms(), by=world.actor())
    body = page(staff.get(path_of(draft)))
    assert ("9,00" in body, '<form class="stack"' in body) == (True, False)
    assert staff.post(path_of(draft), typed(world)).status_code == 403
    assert staff.post(path_of(draft, "papier")).status_code == 403
    assert staff.get(new_path(alone)).status_code == 403
    with tenancy.working_for(other_world.organisation):
        foreign = draft_agreement(
            add_provider(other_world, price=None), other_world.cobbler, terms(), by=other_world.actor()
        )
    assert staff.get(path_of(foreign)).status_code == 404


def test_the_list_has_pages_and_a_constant_number_of_queries(world: World, staff: Browser, alone: Provider) -> None:
    path, counts = f"/prestataires/{alone.public_id}/conventions/", []
    assert "Pas encore de convention" in page(staff.get(path))
    for wanted in (1, 3, 27):
        while ServiceAgreement.objects.count() < wanted:
            draft_agreement(alone, world.cobbler, terms(), by=world.actor())
        with CaptureQueriesContext(connection) as queries:
            body = page(staff.get(path))
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]
    assert (body.count("<tr>"), "?page=2" in body) == (26, True)
    file = page(staff.get(f"/prestataires/{alone.public_id}/"))
    assert file.count("/prestataires/conventions/") == 10
    assert path in file
