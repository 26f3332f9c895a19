"""One of everything in a small world, made by the actions: what the permission matrix and the fuzzing point at."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils import timezone

from billing.actions.invoices import invoice_request
from billing.actions.issuers import set_up_issuer
from billing.models import Invoice
from bookings.actions.clients import ClientDetails
from bookings.actions.cut_offs import close_runs
from bookings.actions.feeds import renew_feed
from bookings.actions.hand_outs import substitute
from bookings.actions.holds import hold_slot, release_hold
from bookings.actions.imports import keep_import
from bookings.actions.openings import close_site, set_presence
from bookings.actions.own_space import add_helped
from bookings.actions.pre_orders import order_ahead
from bookings.actions.prescribers import add_person, invite_prescriber
from bookings.actions.quotes import draft_quote, save_quote
from bookings.actions.recurrences import Wanted, start_recurrence
from bookings.actions.tariffs import set_price
from bookings.actions.vat import set_vat_rate
from bookings.actions.waitlist import hand_out, join_waitlist
from bookings.actions.work_orders import complete_work_order, start_work_order, verify_work_order
from bookings.enums import ClearanceKind, Place
from bookings.models import (
    Accompaniment,
    CatalogueImport,
    Client,
    ClientAccount,
    ClientMembership,
    DatedPrice,
    HelpedPerson,
    Occurrence,
    OrderSheet,
    PreOrder,
    PreOrderPlan,
    Presence,
    Quote,
    Recurrence,
    ServedArea,
    ServiceRequest,
    Substitution,
    VatRate,
    WaitlistNotice,
    WorkOrder,
    calendar,
)
from concierge import tenancy
from concierge.actions import issue_api_key
from concierge.enums import Role, Scope
from concierge.files import PDF, CleanFile
from concierge.models import ApiClient, Membership, Site, User
from concierge.tenancy import Actor
from notifications.actions import webhooks
from notifications.models import Message, WebhookDelivery
from providers import tasks
from providers.actions import agreements, availability, businesses, documents, planning, reviews
from providers.actions.agreement_texts import standard_text
from providers.actions.bank import propose_iban
from providers.actions.counter_times import ready_days_left
from providers.actions.counters import counter_offer
from providers.actions.feeds import renew_provider_feed
from providers.actions.invitations import invite_provider
from providers.actions.keys import create_provider_key
from providers.actions.links import link_url
from providers.actions.offers import accept_offer
from providers.actions.prices import PriceAnswer, Question, answer_price, ask_for_prices
from providers.actions.rounds import offer_directly
from providers.actions.signing import send_agreement
from providers.enums import BankChannel, DocumentKind
from providers.models import (
    AssignmentRun,
    CounterOffer,
    Offer,
    PriceRequest,
    Provider,
    ProviderBankAccount,
    ProviderClosure,
    ProviderDocument,
    ProviderInvitation,
    ServiceAgreement,
)
from providers.rules.agreements import Terms
from providers.rules.counters import Proposal
from tests.bookings.conftest import weekly_basket, wish_baskets, wish_shirts
from tests.conftest import settle
from tests.employing import employ, employer_of
from tests.world import World
from workers.actions.absences import note_absence
from workers.actions.agreements import AgreementDetails, add_agreement
from workers.actions.appointments import AppointmentDetails, plan_appointment
from workers.actions.clearances import Terms as ClearanceTerms
from workers.actions.clearances import note_clearance
from workers.actions.derogations import add_derogation
from workers.actions.dispatch import assign_work_order
from workers.actions.employers import AnnexDetails, add_annex
from workers.actions.hours import Said, add_entry
from workers.actions.minimum_pay import set_minimum_pay
from workers.actions.notes import write_note
from workers.actions.passes import PassDetails, SuspensionDetails, enter_pass, suspend_pass
from workers.actions.people import create_trainee, set_skill
from workers.actions.prolongations import ProlongationDetails, ask_prolongation
from workers.actions.restrictions import add_restriction
from workers.actions.skills import set_goal
from workers.actions.swaps import answer_swap, ask_swap
from workers.actions.vault import note_fact
from workers.actions.weeks import plan_hours, publish_week
from workers.actions.work import call_for_help
from workers.enums import SkillLevel
from workers.enums.contracts import DerogationKind, HoursBasis, RestrictionCode
from workers.enums.passes import AppointmentKind, ProlongationReason, SuspensionReason
from workers.enums.vault import FactCode, FollowUpBy
from workers.models import Assignment, HelpCall, ProgressNote, Shift, TimeEntry, Trainee
from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours


@dataclass
class Scene:
    """References to what was made. ``done`` is finished and invoiced, ``open`` waits for answers."""

    world: World
    open: ServiceRequest
    done: ServiceRequest
    ironing: WorkOrder
    cobbling: WorkOrder
    assignment: Assignment
    entry: TimeEntry
    note: ProgressNote
    trainee: Trainee
    help_call: HelpCall
    provider: Provider
    rival: Provider
    provider_key: ApiClient
    own_key: ApiClient
    offer: Offer
    offer_token: str
    invoice: Invoice
    message: Message
    own_client: User
    other_client: User
    far_concierge: User
    stand: Presence
    closed_on: str
    accompaniment: Accompaniment
    prescriber: User
    twin: Client
    account: ClientAccount
    membership: ClientMembership
    quote: Quote
    draft: Quote
    unpriced: ServiceRequest
    plan: PreOrderPlan
    ahead: PreOrder
    handed_out: PreOrder
    substitution: Substitution
    series: Recurrence
    day: Occurrence
    price_request: PriceRequest
    given_price: PriceRequest
    counter: CounterOffer
    price_token: str
    notice: WaitlistNotice
    rate: VatRate
    feed_token: str
    work_feed_token: str
    helped: HelpedPerson
    file: CatalogueImport
    price: DatedPrice
    area: ServedArea

    @property
    def invitation(self) -> ProviderInvitation:
        """Who was invited and has not begun."""
        return ProviderInvitation.objects.get()

    @property
    def bank_account(self) -> ProviderBankAccount:
        """An account that waits for a second yes."""
        return ProviderBankAccount.objects.get()

    @property
    def sent_paper(self) -> ProviderDocument:
        """What nobody of the team has looked at yet."""
        return ProviderDocument.objects.to_check().get()

    @property
    def announced_paper(self) -> ProviderDocument:
        """Whose file is still to come."""
        return ProviderDocument.objects.get(status="to_check", file__isnull=True)

    @property
    def draft_agreement(self) -> ServiceAgreement:
        """What nobody has signed yet."""
        return ServiceAgreement.objects.get(status="draft")

    @property
    def agreement_token(self) -> str:
        """The secret of the link by which it is signed."""
        return link_url(self.sent_agreement).rstrip("/").rpartition("/")[2]

    @property
    def sent_agreement(self) -> ServiceAgreement:
        """What both sides can sign."""
        return ServiceAgreement.objects.get(status="sent")

    @property
    def away(self) -> ProviderClosure:
        """Days on which the provider is away."""
        return self.provider.closures.get()

    @property
    def run(self) -> AssignmentRun:
        """The plan of a day."""
        return AssignmentRun.objects.filter(status="proposed").earliest("pk")

    @property
    def call(self) -> WebhookDelivery:
        """What a system of the provider was told, by a test."""
        return WebhookDelivery.objects.order_by("pk")[0]

    @property
    def booked_day(self) -> ServiceRequest:
        """The request of the first day of the regular request."""
        return ServiceRequest.objects.get(occurrence=self.day)

    @property
    def stand_day(self) -> dt.date:
        """The last day on which the stand was there."""
        today = timezone.localdate()
        return today - dt.timedelta(days=(today.weekday() - (self.stand.weekday or 0)) % 7)

    @property
    def sheet(self) -> OrderSheet:
        """Of the run that is closed."""
        return OrderSheet.objects.get(runs=self.handed_out.run)


def countered(world: World, provider: Provider) -> CounterOffer:
    """A job that a provider would do on another day; its client decides."""
    order = world.request(world.cobbler).work_orders.get()
    offer = offer_directly(order, provider, by=world.actor())
    day = ready_days_left(order, timezone.now())[0]
    by = Actor(kind="link", organisation=world.organisation, provider_id=provider.pk)
    return counter_offer(offer, Proposal(ready_on=day), by=by)


def build_scene(world: World) -> Scene:
    """Play the main job twice: once to the end, once up to the offers."""
    organisation, by = world.organisation, world.actor()
    with tenancy.working_for(organisation):
        set_up_issuer(
            by=by, name=organisation.name, street="1 rue Musette", postcode="21000", city="Dijon", siren="732829320"
        )
        provider, rival = (_provider(world, name, siret) for name, siret in _BUSINESSES)
        _agreements(provider, world)
        _papers(provider, world)
        its = Actor(kind="link", organisation=organisation, provider_id=provider.pk)
        propose_iban(provider, iban="FR1420041010050500013M02606", holder="A. Talon", channel=BankChannel.SPACE, by=its)
        invite_provider(organisation, name="Au fil de Lise", email="lise.barrault@example.fr", by=by)
        provider_key, _secret = create_provider_key(provider, name="Caisse", by=by)
        _a_system_that_is_told(provider, provider_key)
        own_key, _secret = issue_api_key(organisation, name="Intranet", scopes=[Scope.CATALOGUE_READ], by=by)
        businesses.add_member(provider, world.users["provider"], by=by)
        trainee = _trainee(world)
        own, other = _clients(world)
        done = world.request(world.cobbler)
        _ready(done, by)
        settle(organisation)
        first = Offer.objects.filter(work_order__request=done, provider=provider).get()
        accept_offer(first, by=Actor(kind="link", organisation=organisation, provider_id=provider.pk))
        _finish(done.work_orders.get(), by)
        invoice = invoice_request(done, by=by)
        waiting = world.request(world.ironing, world.cobbler)
        _ready(waiting, by)
        settle(organisation)
        ironing = waiting.work_orders.get(service=world.ironing)
        assignment = assign_work_order(
            ironing, trainee, starts_at=_tomorrow_at_ten(), by=by, accepted_warnings=WARNINGS
        )
        entry, note = _hours_and_note(world, trainee)
        help_call = call_for_help(trainee, by=by, assignment=assignment)
        settle(organisation)
        offer = Offer.objects.filter(work_order__request=waiting, provider=provider).get()
        plan, ahead, handed_out, substitution = _ahead(world)
        series = a_series(world)
        day = series.occurrences.select_related("request").filter(status="booked").order_by("pk").first()
        assert day is not None
        message = Message.objects.order_by("pk").first()
        assert message is not None
        quote, draft, unpriced = _quotes(world)
        price_request, given_price = _prices(world, unpriced, provider)
        _week_with_a_swap(trainee, world)
        return Scene(
            world=world,
            open=waiting,
            done=done,
            ironing=ironing,
            cobbling=waiting.work_orders.get(service=world.cobbler),
            assignment=assignment,
            entry=entry,
            note=note,
            trainee=trainee,
            help_call=help_call,
            provider=provider,
            rival=rival,
            provider_key=provider_key,
            own_key=own_key,
            offer=offer,
            offer_token=link_url(offer).rstrip("/").rpartition("/")[2],
            invoice=invoice,
            message=message,
            own_client=own,
            other_client=other,
            far_concierge=_far_concierge(world),
            stand=_stand(world, by),
            closed_on=close_site(
                world.site, starts_on=dt.date(2099, 12, 24), ends_on=dt.date(2099, 12, 31), by=by
            ).starts_on.isoformat(),
            accompaniment=(accompaniment := _accompaniment(world)),
            prescriber=accompaniment.prescriber.user,
            twin=_twin(world),
            account=(membership := _membership(world)).account,
            membership=membership,
            quote=quote,
            draft=draft,
            unpriced=unpriced,
            plan=plan,
            ahead=ahead,
            handed_out=handed_out,
            substitution=substitution,
            series=series,
            day=day,
            price_request=price_request,
            given_price=given_price,
            counter=countered(world, provider),
            price_token=link_url(price_request).rstrip("/").rpartition("/")[2],
            notice=a_notice(world),
            rate=set_vat_rate(
                world.organisation,
                code="reduced",
                rate=Decimal("5.5"),
                valid_from=timezone.localdate() + dt.timedelta(days=60),
                by=by,
            ),
            feed_token=_feed(world, own),
            work_feed_token=_work_feed(world, provider),
            helped=add_helped(world.client, ClientDetails("Jeanne", "Roux"), by=by),
            file=keep_import(
                organisation,
                [(2, {"service": "cles", "nom": "Clés"}, [])],
                file_name="catalogue.csv",
                by=world.actor("site_manager"),
            ),
            price=set_price(
                world.ironing,
                Decimal("3.20"),
                item=world.shirt,
                valid_from=timezone.localdate() + dt.timedelta(days=60),
                today=timezone.localdate(),
                by=by,
            ),
            area=ServedArea.objects.create(
                organisation=organisation, site=world.site, postcode=world.site.postcode, name=world.site.city
            ),
        )


def _quotes(world: World) -> tuple[Quote, Quote, ServiceRequest]:
    """A quote with two options that waits for the client, a draft, and a request that nobody has looked at."""
    from tests.bookings.quoting import asked, sent, two_options

    quote, by = sent(world, asked(world, email=world.client.email)), world.actor()
    draft = save_quote(draft_quote(asked(world, email=world.client.email), by=by), two_options(), by=by)
    return quote, draft, asked(world, email=world.client.email)


def _prices(world: World, unpriced: ServiceRequest, provider: Provider) -> tuple[PriceRequest, PriceRequest]:
    """A question to the provider that waits, and another one with its price."""
    from tests.bookings.quoting import asked, service_of

    by, today = world.actor(), timezone.localdate()
    found = []
    for request in (unpriced, asked(world, email=world.client.email)):
        question = Question("Deux étagères à poser", timezone.now() + dt.timedelta(days=2))
        found += ask_for_prices(request, service_of(world), [provider], question, by=by)
    answer = PriceAnswer(
        price=Decimal("150.00"),
        includes_vat=False,
        vat_rate=Decimal("20.00"),
        earliest_on=today + dt.timedelta(days=7),
        valid_until=today + dt.timedelta(days=20),
    )
    answer_price(found[1], answer, by=Actor(kind="link", organisation=world.organisation, provider_id=provider.pk))
    rows = PriceRequest.objects.with_need()
    return rows.get(pk=found[0].pk), rows.get(pk=found[1].pk)


_BUSINESSES = (("Cordonnerie du Bourg", "73282932000074"), ("L'Atelier des semelles", "55210055400013"))


def a_notice(world: World) -> WaitlistNotice:
    """Somebody with an appointment next month is told of an earlier time."""
    now = timezone.now()
    request = world.request(world.cobbler, promised_start=now + dt.timedelta(days=30))
    join_waitlist(request, by=world.actor())
    found = calendar.slots_left(world.site, Place.DESK, now=now, first_day=(now + dt.timedelta(days=8)).date())
    kept = hold_slot(world.site, Place.DESK, found[0].starts_at, token="freed", by=world.actor())
    hand_out(release_hold(kept, by=world.actor()).pk)
    settle(world.organisation)
    return WaitlistNotice.objects.select_related("entry__request").get()


def _stand(world: World, by: Actor) -> Presence:
    """Every Tuesday noon in the town hall."""
    return set_presence(
        world.site,
        None,
        by=by,
        name="Hall de la mairie",
        street="1 place de la Libération",
        postcode="21000",
        city="Dijon",
        weekday=1,
        opens=dt.time(12),
        closes=dt.time(14),
    )


def _provider(world: World, name: str, siret: str) -> Provider:
    by, today = world.actor(), timezone.localdate()
    provider = businesses.create_provider(
        world.organisation,
        businesses.ProviderDetails(
            name=name,
            siret=siret,
            street="31 rue du Bourg",
            postcode="21000",
            city="Dijon",
            latitude=Decimal("47.3207"),
            longitude=Decimal("5.0409"),
            email=f"{siret}@artisans.example",
            radius_km=12,
        ),
        by=by,
    )
    # A day far ahead, on which there is nothing to give out.
    tasks.plan_day(planning.ask_for_plan(world.site, today + dt.timedelta(days=50), by=by))
    availability.close_days(
        provider,
        first_on=today + dt.timedelta(days=200),
        last_on=today + dt.timedelta(days=206),
        reason="Congés",
        by=by,
    )
    for kind in ("insurance", "registration", "vigilance"):
        documents.add_document(
            provider,
            kind=DocumentKind(kind),
            issued_on=today,
            expires_on=today + dt.timedelta(days=90),
            by=by,
        )
    agreements.agree_service(
        provider, world.cobbler, purchase_price=Decimal("12.00"), valid_from=today - dt.timedelta(days=30), by=by
    )
    return provider


def _papers(provider: Provider, world: World) -> None:
    """One that waits to be looked at, one whose file is still to come."""
    by, file = world.actor(), CleanFile(b"%PDF-1.7 of a certificate", PDF, 1)
    reviews.send_document(provider, kind=DocumentKind.VIGILANCE, file=file, by=by)
    reviews.send_document(provider, kind=DocumentKind.REGISTRATION, by=by)


def _agreements(provider: Provider, world: World) -> None:
    """What may follow the agreement that counts today: one to be written, one to be signed."""
    terms = Terms(
        kind="commission",
        commission_percent=Decimal(15),
        vat_rate=Decimal(20),
        notice_hours=24,
        valid_from=timezone.localdate() + dt.timedelta(days=300),
    )
    agreements.draft_agreement(provider, world.cobbler, terms, by=world.actor())
    ready = agreements.draft_agreement(provider, world.cobbler, terms, text=standard_text(provider), by=world.actor())
    send_agreement(ready, by=world.actor())


def _a_system_that_is_told(provider: Provider, key: ApiClient) -> None:
    by = Actor(kind="api", organisation=provider.organisation, api_client=key, provider_id=provider.pk)
    endpoint = webhooks.create_endpoint(
        url="https://planning.example/conciergerie", types=["offer.sent"], secret="whsec_" + "c2VjcmV0" * 4, by=by
    )
    webhooks.note_answer(webhooks.try_endpoint(endpoint, by=by), 204)


def _under_contract(trainee: Trainee, world: World) -> None:
    """An annex, an open-ended contract on it, a decision, a restriction."""
    since = timezone.localdate() - dt.timedelta(days=30)
    until = since + dt.timedelta(days=364)
    employer = employer_of(world.organisation)
    details = AnnexDetails("EI021260013A0M0", since, until, Decimal(1505), HoursBasis.WORKED, agreed_etp=Decimal("4.5"))
    annex = add_annex(employer, details, by=world.actor())
    agreed = AgreementDetails("IDCC 3016", dt.date(2026, 1, 1), None, {"part_time_share": 10, "night_allowed": 1})
    add_agreement(employer, agreed, by=world.actor())
    set_minimum_pay(world.organisation, starts_on=dt.date(2026, 1, 1), hourly=Decimal("12.00"), by=world.actor())
    employ(trainee, starts_on=since, annex=annex)
    days = (since, until)
    add_derogation(trainee, employer, DerogationKind.CUMUL, reference="DDETS 2026-118", days=days, by=world.actor())
    add_restriction(trainee, RestrictionCode.AUDIO, starts_on=since, by=world.actor())


def _trainee(world: World) -> Trainee:
    user = world.users["trainee"]
    trainee = create_trainee(
        site=world.site,
        first_name="Amina",
        last_name="Haddad",
        user=user,
        supervisor=world.users["supervisor"],
        by=world.actor(),
    )
    by, today = world.actor(Role.SUPERVISOR), timezone.localdate()
    _under_contract(trainee, world)
    _pathway(trainee, world)
    set_skill(trainee, rome_code="H2410", level=SkillLevel.AUTONOMOUS, by=by)
    set_goal(trainee, rome_code="D1207", wanted_level=SkillLevel.ASSISTED, wanted_by=None, today=today, by=by)
    note_clearance(trainee, kind=ClearanceKind.DRIVING_B, terms=ClearanceTerms(today), by=by)
    far = today + dt.timedelta(days=200)
    note_absence(trainee, starts_on=far, ends_on=far + dt.timedelta(days=2), by=world.actor())
    return trainee


def _week_with_a_swap(trainee: Trainee, world: World) -> None:
    """Published hours of two people who both want to swap; far ahead, where nothing else is planned."""
    today = timezone.localdate()
    monday = today + dt.timedelta(days=105 - today.weekday())
    system, by = world.actor(), world.actor(Role.SUPERVISOR)
    other = create_trainee(site=world.site, first_name="Sofiane", last_name="Roy", by=system)
    employ(other, starts_on=today, ends_on=today + dt.timedelta(days=360))
    for place, person in enumerate((trainee, other)):
        hours = {monday + dt.timedelta(days=place): DayHours(dt.time(9), dt.time(12))}
        week = plan_hours(world.site, monday, person, hours, by=by)
    publish_week(week, by=by, accepted_warnings=WARNINGS)
    mine, theirs = Shift.objects.current().select_related("week__site", "trainee").order_by("day")
    swap = ask_swap(mine, theirs, by=replace(system, kind="user", trainee_id=trainee.pk))
    answer_swap(swap, agrees=True, by=replace(system, kind="user", trainee_id=other.pk))


def _hours_and_note(world: World, trainee: Trainee) -> tuple[TimeEntry, ProgressNote]:
    """A morning of yesterday that a supervisor wrote down, and what they wrote about it."""
    by, yesterday = world.actor("supervisor"), timezone.now() - dt.timedelta(days=1)
    entry = add_entry(trainee, Said("training", yesterday - dt.timedelta(hours=3), yesterday), by=by)
    return entry, write_note(trainee, "Apprend vite.", by=by)


def _pathway(trainee: Trainee, world: World) -> None:
    """A PASS with a suspension and a prolongation that waits, an appointment, and a fact kept apart."""
    Trainee.objects.filter(pk=trainee.pk).update(adviser=world.users["social_adviser"], birth_date=dt.date(1968, 5, 2))
    trainee.refresh_from_db()
    by, today = world.actor(Role.SOCIAL_ADVISER), timezone.localdate()
    day = dt.timedelta(days=1)
    pass_iae = enter_pass(trainee, PassDetails("999992612345", today - 420 * day), by=by)
    stands_still = SuspensionDetails(today - 9 * day, today - 5 * day, SuspensionReason.CONTRACT_SUSPENDED, "ei")
    suspend_pass(pass_iae, stands_still, by=by)
    pass_iae.refresh_from_db()
    last, report = pass_iae.ends_on + 90 * day, CleanFile(b"%PDF-1.7", PDF, 1)
    longer = ProlongationDetails(ProlongationReason.SENIOR, last, "ei", prescriber_name="Lise", report=report)
    ask_prolongation(pass_iae, longer, by=by)
    at = timezone.now() - day
    plan_appointment(trainee, AppointmentDetails(at, AppointmentKind.FOLLOW_UP), by=by)
    note_fact(trainee, code=FactCode.HOUSING, follow_up=FollowUpBy.INTERNAL, by=by)


def _clients(world: World) -> tuple[User, User]:
    own = User.objects.create_user(f"own-{uuid.uuid4().hex[:6]}@example.org")
    other = User.objects.create_user(f"other-{uuid.uuid4().hex[:6]}@example.org")
    Client.objects.filter(pk=world.client.pk).update(user=own)
    Client.objects.create(organisation=world.organisation, user=other, first_name="A", last_name="B", email=other.email)
    return own, other


def _feed(world: World, own: User) -> str:
    """The secret of the address under which the client's calendar reads."""
    return renew_feed(None, by=Actor("user", world.organisation, user=own, client_id=world.client.pk))[1]


def _work_feed(world: World, provider: Provider) -> str:
    """The secret of the address under which the provider’s calendar reads."""
    return renew_provider_feed(provider, by=world.actor("provider", provider_id=provider.pk))[1]


def _membership(world: World) -> ClientMembership:
    """A company that pays for the client."""
    account = ClientAccount.objects.create(organisation=world.organisation, name="Dijon Habitat")
    return ClientMembership.objects.create(organisation=world.organisation, account=account, client=world.client)


def _twin(world: World) -> Client:
    """The client once more, under another number."""
    names = {"first_name": world.client.first_name, "last_name": world.client.last_name}
    return Client.objects.create(organisation=world.organisation, phone="+33698765432", **names)


def _accompaniment(world: World) -> Accompaniment:
    """A social worker of a partner structure and somebody they book for."""
    prescriber = invite_prescriber(
        world.organisation,
        f"sonia-{uuid.uuid4().hex[:6]}@ccas.example",
        first_name="Sonia",
        last_name="Petit",
        structure="CCAS de Dijon",
        by=world.actor(),
    )
    details = ClientDetails(first_name="Jeanne", last_name="Martin", city="Dijon")
    return add_person(prescriber, details, agreed=True, by=world.actor())


def _far_concierge(world: World) -> User:
    """A concierge of another site of the same organisation."""
    site = Site.objects.create(
        organisation=world.organisation,
        name="Loin",
        slug="loin",
        street="1 rue Loin",
        postcode="21200",
        city="Beaune",
        latitude=Decimal("47.02"),
        longitude=Decimal("4.84"),
    )
    user = User.objects.create_user(f"far-{uuid.uuid4().hex[:6]}@example.org")
    Membership.objects.create(organisation=world.organisation, user=user, role=Role.CONCIERGE, site=site)
    from tests.world import add_second_factor

    add_second_factor(user)
    return user


def _ahead(world: World) -> tuple[PreOrderPlan, PreOrder, PreOrder, Substitution]:
    """A weekly basket: one order that may still be changed, one whose hand-out comes, with something replaced."""
    by = world.actor()
    plan = weekly_basket(world, starts_on=timezone.localdate() + dt.timedelta(days=7))
    runs = list(plan.runs.select_related("plan__producer", "plan__site", "site__organisation").order_by("due_on"))
    client = ClientDetails(first_name="Camille", last_name="Roux", email=world.client.email)
    first, second = (
        order_ahead(run, client=client, wishes=[wish_baskets(plan)], by=by, sent_key=uuid.uuid4()) for run in runs[:2]
    )
    close_runs(runs[1], by=by)
    (substitution,) = substitute(
        runs[1],
        description=second.lines.get().description,
        replacement="Panier de fruits",
        unit_price=Decimal("8.00"),
        by=by,
    )
    settle(world.organisation)
    orders = PreOrder.objects.select_related("request", "run__sheet")
    return plan, orders.get(request=first), orders.get(request=second), substitution


def a_series(world: World, *, first_in: int = 7) -> Recurrence:
    """Shirts every day from a day on."""
    wanted = Wanted(
        name="Chemises",
        rule="FREQ=DAILY",
        starts_on=timezone.localdate() + dt.timedelta(days=first_in),
        at=dt.time(10),
        wishes=[wish_shirts(world)],
    )
    series = start_recurrence(world.client, world.site, wanted, by=world.actor())
    settle(world.organisation)
    return series


def _ready(request: ServiceRequest, by: Actor) -> None:
    """Say what confirming a request says."""
    from django.db import transaction

    from concierge import events

    with transaction.atomic():
        events.record("service_request.confirmed", request, by=by, request_id=request.public_id)
        for order in request.work_orders.select_related("service").order_by("pk"):
            events.record(
                "work_order.ready",
                order,
                by=by,
                request_id=request.public_id,
                work_order=order.reference,
                service=order.service.code,
                execution=order.execution,
            )


def _finish(order: WorkOrder, by: Actor) -> None:
    start_work_order(order, by=by)
    complete_work_order(order, by=by)
    verify_work_order(order, by=by)


def _tomorrow_at_ten() -> dt.datetime:
    day = timezone.now() + dt.timedelta(days=1)
    while day.weekday() > 4:
        day += dt.timedelta(days=1)
    return day.replace(hour=10, minute=0, second=0, microsecond=0)
