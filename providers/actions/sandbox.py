"""A simulated concierge for the system of one provider: an organisation of its own, which nobody runs (ADR 21).

What its test keys do passes through the same endpoints, actions and rules as everything real. Row-level security is the
wall: a test key works for the sandbox, where no row of anything real is.
"""

from __future__ import annotations

import datetime as dt
import secrets
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from bookings.actions import catalogue
from bookings.actions.booking import book_request
from bookings.actions.clients import ClientDetails
from bookings.actions.vat import set_vat_rate
from bookings.enums import Execution, Place, PriceMode
from bookings.models import Service, calendar
from bookings.rules import prices
from concierge import events
from concierge.actions import add_site, drop_sandbox
from concierge.days import today_of
from concierge.models import ApiClient, Organisation, Site
from concierge.tenancy import Actor, system_actor, working_for
from providers.actions.agreements import agree_service
from providers.actions.availability import set_hours
from providers.actions.businesses import ProviderDetails, create_provider
from providers.actions.counters import approve_counter, lapse_counter, refuse_counter
from providers.actions.documents import add_document
from providers.actions.file_moves import lock_provider
from providers.actions.keys import create_provider_key, revoke_provider_key
from providers.actions.offers import expire_offer
from providers.actions.refusals import CounterOver, OfferAnswered, SandboxFull, SandboxKeysFull
from providers.actions.rounds import offer_directly, withdraw_offers
from providers.enums import WAITING, DocumentKind, OfferStatus, SandboxMove
from providers.models import CounterOffer, Offer, OfferPause, Provider, ProviderDocument
from providers.rules import papers
from providers.rules.hours import OFFICE_HOURS, Opening

# What a test key begins with; those of real keys begin with a hexadecimal digit.
PREFIX = "test"
# Keys that work at the same time, and offers that a sandbox sends within a day.
MOST_KEYS, MOST_OFFERS = 5, 100
# After so long without a call a sandbox goes, with everything in it.
UNUSED = dt.timedelta(days=90)
PAID = Decimal("12.00")
# Code, name, English name, where, minutes.
SERVICES = (
    ("talons", "Pose de talons", "New heels", Place.DESK, 30),
    ("ourlet", "Ourlet", "Hem", Place.DESK, 30),
    ("vitres", "Lavage de vitres", "Window cleaning", Place.HOME, 60),
)
CODES = tuple(code for code, *_rest in SERVICES)
COPIED = (
    "name",
    "siret",
    "street",
    "postcode",
    "city",
    "latitude",
    "longitude",
    "radius_km",
    "daily_capacity",
    "language",
    "is_local",
    "is_ess",
    "is_insertion",
    "is_sheltered",
)
# Reserved for what never exists (RFC 2606): should a message ever leave, it would arrive nowhere.
NOWHERE = "bac-a-sable.invalid"


def sandbox_of(provider: Provider) -> Organisation | None:
    """The sandbox of a real provider, when one was opened."""
    return Organisation.objects.filter(sandbox_provider_id=provider.pk).first()


def sandbox_keys(provider: Provider) -> list[ApiClient]:
    """Its test keys, newest first: those that work, and the latest of those that no longer do."""
    sandbox = sandbox_of(provider)
    if sandbox is None:
        return []
    with working_for(sandbox):
        return list(
            ApiClient.objects.filter(organisation=sandbox).order_by(F("revoked_at").desc(nulls_first=True), "-pk")[:20]
        )


@transaction.atomic
def create_test_key(provider: Provider, *, name: str, scopes: list[str], by: Actor) -> tuple[ApiClient, str]:
    """A key that talks to a simulated concierge, which the first one opens: its row, and the whole key, shown once.

    Raises ``Invalid`` as ``create_provider_key`` does, ``SandboxKeysFull`` (409).
    """
    lock_provider(provider)
    sandbox = sandbox_of(provider) or _open(provider)
    with working_for(sandbox):
        if ApiClient.objects.filter(revoked_at__isnull=True).count() >= MOST_KEYS:
            raise SandboxKeysFull
        theirs = Provider.objects.get()
        made = create_provider_key(theirs, name=name, scopes=scopes, kind=PREFIX, by=_machine(sandbox))
    events.record("provider.key_created", provider, by=by, prefix=made[0].prefix)
    return made


@transaction.atomic
def revoke_test_key(provider: Provider, client: ApiClient, *, by: Actor) -> None:
    """It works no longer. A second time changes nothing."""
    lock_provider(provider)
    sandbox = Organisation.objects.get(sandbox_provider_id=provider.pk, pk=client.organisation_id)
    with working_for(sandbox):
        was_over = ApiClient.objects.get(pk=client.pk).revoked_at is not None
        revoke_provider_key(Provider.objects.get(), client, by=_machine(sandbox))
    if not was_over:
        events.record("provider.key_revoked", provider, by=by, prefix=client.prefix)


def _machine(sandbox: Organisation) -> Actor:
    return system_actor(sandbox, "sandbox")


def _open(provider: Provider) -> Organisation:
    """A small concierge beside the provider, which has an agreement with it and all its papers."""
    real = provider.organisation
    hours = [Opening(one.weekday, one.opens, one.closes) for one in provider.opening_hours.all()]
    sandbox = Organisation.objects.create(
        name=f"{real.name[:100]} (test)",
        slug=f"{real.slug[:20]}-test-{secrets.token_hex(6)}",
        kind=real.kind,
        sandbox_of=real,
        sandbox_provider_id=provider.pk,
    )
    by = _machine(sandbox)
    with working_for(sandbox):
        services = _open_desk(sandbox, provider, by)
        facts = {name: getattr(provider, name) for name in COPIED}
        details = ProviderDetails(**facts, email=f"atelier@{NOWHERE}")
        theirs = create_provider(sandbox, details, by=by)
        set_hours(theirs, hours or OFFICE_HOURS, by=by)
        for service in services:
            agree_service(theirs, service, purchase_price=PAID, by=by)
    return sandbox


def _open_desk(sandbox: Organisation, provider: Provider, by: Actor) -> list[Service]:
    site = add_site(
        sandbox,
        name="Conciergerie d’essai",
        slug="essai",
        street="1 place de l’Essai",
        postcode=provider.postcode,
        city=provider.city,
        latitude=provider.latitude or Decimal("46.603354"),
        longitude=provider.longitude or Decimal("1.888334"),
        by=by,
    )
    catalogue.set_opening(site, [(day, dt.time(8), dt.time(20)) for day in range(6)], by=by)
    for place in Place:
        catalogue.set_slots(site, place=place, minutes=60, capacity=MOST_OFFERS, by=by)
    catalogue.serve_postcodes(site, [provider.postcode], by=by)
    since = dt.date(2014, 1, 1)
    set_vat_rate(sandbox, code="standard", rate=Decimal("20.00"), valid_from=since, law_ref="CGI art. 278", by=by)
    shelf = catalogue.add_category(sandbox, code="essai", name="Essai", name_en="Test", pictogram="shoe", by=by)
    services = []
    for position, (code, name, name_en, place, minutes) in enumerate(SERVICES):
        service = catalogue.add_service(
            shelf,
            by=by,
            code=code,
            name=name,
            name_en=name_en,
            pictogram="shoe",
            execution=Execution.PROVIDER,
            place=place,
            duration_minutes=minutes,
            price_mode=PriceMode.FIXED,
            unit_price=Decimal("18.00"),
            position=position,
        )
        catalogue.offer_service_at(site, service, lead_time_hours=24, by=by)
        services.append(service)
    return services


# --- what the simulated concierge does ------------------------------------------------------------


@transaction.atomic
def send_offer(provider: Provider, code: str = CODES[0]) -> Offer:
    """A client books at the simulated desk, and the provider is asked. Raises ``SandboxFull`` (409)."""
    locked, by = lock_provider(provider), _machine(provider.organisation)
    since = timezone.now() - dt.timedelta(days=1)
    if Offer.objects.filter(provider=locked, sent_at__gte=since).count() >= MOST_OFFERS:
        raise SandboxFull
    _keep_papers(locked, by)
    site, service = Site.objects.get(), Service.objects.get(code=code)
    free = calendar.slots_left(site, service.place, now=timezone.now(), days=14, services=[service], minutes=60)
    request = book_request(
        site,
        client=ClientDetails(
            first_name="Camille",
            last_name="Essai",
            email=f"camille@{NOWHERE}",
            street="2 place de l’Essai",
            postcode=site.postcode,
            city=site.city,
        ),
        wishes=[prices.Wish(str(service.public_id), {prices.WHOLE: 1})],
        services=[service],
        starts_at=free[0].starts_at,
        by=by,
    )
    return offer_directly(request.work_orders.get(), locked, by=by)


def _keep_papers(provider: Provider, by: Actor) -> None:
    """Nobody has to send papers to a sandbox in order to be asked."""
    today = today_of(provider.organisation)
    good = ProviderDocument.objects.newest().filter(provider=provider, expires_on__gt=today + dt.timedelta(days=7))
    known = set(good.order_by("pk").values_list("kind", flat=True))
    for kind in (*papers.ALWAYS, papers.VIGILANCE):
        if kind not in known:
            until = today + dt.timedelta(days=150)
            add_document(provider, kind=DocumentKind(kind), issued_on=today, expires_on=until, by=by)


@transaction.atomic
def play(offer: Offer, move: SandboxMove) -> None:
    """The simulated concierge acts on an offer, by the rules that hold for a real one.

    Raises ``CounterOver`` (409) without a proposal that waits, ``OfferAnswered`` (409) when nothing waits for an answer
    or its clock stands still.
    """
    by = _machine(offer.organisation)
    if move in {SandboxMove.APPROVE, SandboxMove.REFUSE}:
        counter = _proposed(offer)
        if counter is None:
            raise CounterOver(current_status=offer.status)
        (approve_counter if move == SandboxMove.APPROVE else refuse_counter)(counter, by=by)
        return
    if offer.status not in WAITING or OfferPause.objects.going_on().filter(offer=offer).exists():
        raise OfferAnswered(current_status=offer.status)
    if move == SandboxMove.WITHDRAW:
        withdraw_offers(offer.work_order, by=by)
    elif offer.status == OfferStatus.SENT:
        Offer.objects.filter(pk=offer.pk, status=OfferStatus.SENT).update(due_at=timezone.now())
        expire_offer(offer, by=by)
    elif (counter := _proposed(offer)) is not None:
        lapse_counter(counter, by=by)


def _proposed(offer: Offer) -> CounterOffer | None:
    rows = CounterOffer.objects.waiting().select_related("offer__work_order__request", "offer__provider")
    return rows.filter(offer=offer).first()


# --- their end ----------------------------------------------------------------------------------


def old_sandboxes(now: dt.datetime) -> list[Organisation]:
    """Those that were opened long enough ago to be unused."""
    return list(Organisation.objects.filter(sandbox_of__isnull=False, created_at__lt=now - UNUSED).order_by("pk"))


def drop_if_unused(sandbox: Organisation, now: dt.datetime) -> bool:
    """Delete a sandbox that no key has called for ninety days; whether it was."""
    with transaction.atomic(), working_for(sandbox):
        # Whoever makes a row of it just now is waited for, and waits for us.
        if not Organisation.objects.select_for_update(of=("self",)).filter(pk=sandbox.pk).exists():
            return False
        keys = ApiClient.objects.filter(Q(last_used_at__gte=now - UNUSED) | Q(created_at__gte=now - UNUSED))
        if keys.exists():
            return False
        drop_sandbox(sandbox)
        return True
