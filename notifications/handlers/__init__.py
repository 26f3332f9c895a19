"""What is told to whom when something happened. Only rows are written; a worker is asked to hurry after commit.

The dotted name of a handler is its name in the inbox: those here stay here, further ones get a module of their idea,
which this one imports.
"""

from __future__ import annotations

from billing.models import Invoice
from bookings.enums import HoldReason, PerformerKind
from bookings.models import (
    ClientAccount,
    ClientQuestion,
    EmailVerification,
    Occurrence,
    OrderSheet,
    PreOrder,
    Prescriber,
    Quote,
    ServiceRequest,
    Substitution,
    WaitlistNotice,
    WorkOrder,
)
from concierge.enums import Role
from concierge.events import subscribe
from concierge.models import Event, Site, User
from notifications.actions.queue import Reader
from notifications.enums import Kind, RecipientKind
from notifications.handlers import agreements as _agreements  # noqa: F401 - importing registers them
from notifications.handlers import bank as _bank  # noqa: F401 - importing registers them
from notifications.handlers import contacts as _contacts  # noqa: F401 - importing registers them
from notifications.handlers import counters as _counters  # noqa: F401 - importing registers them
from notifications.handlers import papers as _papers  # noqa: F401 - importing registers them
from notifications.handlers import pathways as _pathways  # noqa: F401 - importing registers them
from notifications.handlers import webhooks as _webhooks  # noqa: F401 - importing registers them
from notifications.handlers import weeks as _weeks  # noqa: F401 - importing registers them
from notifications.handlers.readers import (
    asked_business,
    beneficiary_of,
    business,
    contact_of,
    desk_of,
    heads,
    member,
    member_of_partner,
    team_at,
    tell,
)
from providers.models import Offer, PriceRequest
from workers.enums import RESCHEDULED
from workers.models import Assignment, HelpCall


@subscribe("prescriber.invited")
def invite_the_prescriber(event: Event) -> None:
    """How to sign in."""
    for prescriber in Prescriber.objects.filter(public_id=event.subject_id).select_related("user"):
        tell(event, [member_of_partner(prescriber)])


@subscribe("trainee.invited")
def invite_the_trainee(event: Event) -> None:
    """How to sign in."""
    for user in User.objects.filter(trainees__public_id=event.subject_id):
        tell(event, [member(user)])


@subscribe("email.code_requested")
def send_the_code(event: Event) -> None:
    """To the address that was typed, in the language of the page."""
    for verification in EmailVerification.objects.filter(public_id=event.subject_id):
        language = str(event.data.get("language", "fr"))
        tell(event, [Reader(RecipientKind.CLIENT, address=verification.email, language=language)])


@subscribe(
    "service_request.confirmed",
    "service_request.started",
    "service_request.fulfilled",
    "service_request.partially_fulfilled",
    "service_request.cancelled",
    "service_request.declined",
    "service_request.link_sent",
    "service_request.rescheduled",
    "service_request.resumed",
    "service_request.expired",
    "service_request.reminded",
)
def tell_the_client(event: Event) -> None:
    """How the request goes, to its contact. What a quote confirmed is told with the accepted quote."""
    if event.data.get("by_quote"):
        return
    found = ServiceRequest.objects.filter(public_id=event.subject_id)
    for request in found.select_related("site", "prescriber__user"):
        contact = contact_of(request)
        # A link that was taken from somebody: whoever cannot be sent the new one is given it at the desk.
        readers = desk_of(request) if event.data.get("taken_back") and not contact.address else [contact]
        tell(event, readers, site=request.site, request_id=request.public_id)


@subscribe("service_request.measured")
def tell_that_it_is_dearer(event: Event) -> None:
    """Only when it costs more than was announced; the desk calls those who have no address."""
    if not event.data.get("is_above"):
        return
    found = ServiceRequest.objects.filter(public_id=event.subject_id)
    for request in found.select_related("site", "prescriber__user"):
        contact = contact_of(request)
        readers = [contact] if contact.address else desk_of(request)
        tell(event, readers, site=request.site, request_id=request.public_id)


@subscribe("waitlist.noticed")
def tell_of_an_earlier_time(event: Event) -> None:
    """To whoever waits; the desk calls those who have no address."""
    found = WaitlistNotice.objects.filter(public_id=event.subject_id)
    for notice in found.select_related("entry__request__site", "entry__request__prescriber__user"):
        request = notice.entry.request
        contact = contact_of(request)
        readers = [contact] if contact.address else desk_of(request)
        tell(event, readers, site=request.site, request_id=request.public_id)


@subscribe("quote.requested")
def tell_that_a_quote_is_asked_for(event: Event) -> None:
    """A receipt for the client, and somebody of the desk who looks at it."""
    for request in ServiceRequest.objects.filter(public_id=event.subject_id).select_related("site"):
        readers = [contact_of(request), *desk_of(request)]
        tell(event, readers, site=request.site, request_id=request.public_id)


@subscribe("quote.rendered", "quote.reminded", "quote.countersigned", "quote.withdrawn")
def tell_the_client_of_a_quote(event: Event) -> None:
    """What concerns whoever answers."""
    for quote in _quotes(event):
        tell(event, [contact_of(quote.request)], site=quote.request.site, request_id=quote.request.public_id)


@subscribe("quote.accepted", "quote.declined", "quote.changes_requested", "quote.renewal_asked")
def tell_the_desk_of_an_answer(event: Event) -> None:
    """The ball is with the desk of the site."""
    for quote in _quotes(event):
        tell(event, desk_of(quote.request), site=quote.request.site, request_id=quote.request.public_id)


@subscribe("quote.expired")
def tell_that_a_quote_has_ended(event: Event) -> None:
    """The client may ask to renew it; the desk knows why it is quiet."""
    for quote in _quotes(event):
        readers = [contact_of(quote.request), *desk_of(quote.request)]
        tell(event, readers, site=quote.request.site, request_id=quote.request.public_id)


def _quotes(event: Event) -> list[Quote]:
    return list(Quote.objects.filter(public_id=event.subject_id).select_related("request__site").order_by("pk"))


@subscribe("service_request.held")
def tell_why_it_stands_still(event: Event) -> None:
    """To its contact; when it stands still for an answer of theirs, the question says so."""
    if event.data.get("reason") != HoldReason.CLIENT:
        for request in ServiceRequest.objects.filter(public_id=event.subject_id).select_related("site"):
            tell(event, [contact_of(request)], site=request.site, request_id=request.public_id)


@subscribe("question.asked", "question.reminded")
def ask_the_client(event: Event) -> None:
    """What we need to know, to the contact of the request."""
    for question in ClientQuestion.objects.filter(public_id=event.subject_id).select_related("request__site"):
        request = question.request
        tell(event, [contact_of(request)], site=request.site, request_id=request.public_id)


@subscribe("question.answered")
def tell_of_the_answer(event: Event) -> None:
    """To whoever follows requests at the site."""
    for question in ClientQuestion.objects.filter(public_id=event.subject_id).select_related("request__site"):
        site = question.request.site
        team = team_at(site, Role.CONCIERGE, Role.DISPATCHER, Role.SITE_MANAGER)
        tell(event, team, site=site, request_id=question.request.public_id)


@subscribe("silence.reported")
def tell_who_is_silent(event: Event) -> None:
    """Once a day, to the managers and dispatchers of the site: each once, whatever roles they hold."""
    for site in Site.objects.filter(public_id=event.subject_id):
        people = [*team_at(site, Role.SITE_MANAGER), *team_at(site, Role.DISPATCHER)]
        tell(event, {reader.address: reader for reader in people}.values(), site=site)


# What the person a request is for is told, when they agreed: only when somebody comes, and when nobody does after all.
FOR_BENEFICIARY = {
    "service_request.confirmed": Kind.BENEFICIARY_BOOKED,
    "service_request.rescheduled": Kind.BENEFICIARY_BOOKED,
    "service_request.cancelled": Kind.BENEFICIARY_CANCELLED,
    "service_request.declined": Kind.BENEFICIARY_CANCELLED,
}


@subscribe(*FOR_BENEFICIARY)
def tell_whom_it_is_for(event: Event) -> None:
    """In simple words, to the person who is helped; the client is told apart."""
    for request in ServiceRequest.objects.filter(public_id=event.subject_id).select_related("site"):
        tell(
            event,
            [beneficiary_of(request)],
            site=request.site,
            request_id=request.public_id,
            kind=FOR_BENEFICIARY[event.name],
        )


@subscribe("work_order.booked")
def tell_who_has_it(event: Event) -> None:
    """Who does the work, to the contact of the request. A producer is known when it is ordered: the confirmation says
    it."""
    told = WorkOrder.objects.filter(public_id=event.subject_id).exclude(performer_kind=PerformerKind.PRODUCER)
    for order in told.select_related("request__prescriber__user", "site"):
        tell(event, [contact_of(order.request)], site=order.site, request_id=order.request.public_id)


@subscribe("invoice.rendered")
def send_the_invoice(event: Event) -> None:
    """The PDF is there: to whoever pays."""
    for invoice in Invoice.objects.filter(public_id=event.subject_id).select_related("client", "account"):
        payer = invoice.payer
        reader = Reader(
            RecipientKind.PAYER,
            address=payer.email,
            language=invoice.language,
            name="" if isinstance(payer, ClientAccount) else str(payer),
            key=payer.pk,
        )
        sites = {line.site_id: line.site for line in invoice.lines.select_related("site").order_by("pk")}
        requests = set(
            invoice.lines.exclude(request_line=None)
            .order_by()
            .values_list("request_line__request__public_id", flat=True)
            .distinct()
        )
        tell(
            event,
            [reader],
            site=next(iter(sites.values())) if len(sites) == 1 else None,
            request_id=requests.pop() if len(requests) == 1 else None,
        )


@subscribe(
    "offer.reminded", "offer.rescheduled", "offer.accepted", "offer.not_selected", "offer.withdrawn", "offer.expired"
)
def tell_the_provider(event: Event) -> None:
    """What came of what was asked of a business."""
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        _tell_business(event, offer)


@subscribe("offer.repriced")
def tell_the_provider_of_another_pay(event: Event) -> None:
    """More or less was weighed or counted. What an amended quote changes is told with the price that was chosen."""
    if "new_price" in event.data:
        tell_the_provider(event)


@subscribe(
    "price_request.sent",
    "price_request.reminded",
    "price_request.withdrawn",
    "price_request.chosen",
    "price_request.not_selected",
    "price_request.dropped",
)
def tell_who_is_asked_for_a_price(event: Event) -> None:
    """The question and what came of it, to the business alone."""
    for asked in PriceRequest.objects.with_need().filter(public_id=event.subject_id):
        tell(event, [business(asked.provider)], site=asked.request.site, request_id=asked.request.public_id)


@subscribe(
    "price_request.answered",
    "price_request.declined",
    "price_request.expired",
    "price_request.retracted",
    "price_request.lost",
    "price_request.misdirected",
)
def tell_the_desk_of_a_price(event: Event) -> None:
    """Whoever writes the quote at the site goes on with it."""
    for asked in PriceRequest.objects.with_need().filter(public_id=event.subject_id):
        tell(event, desk_of(asked.request), site=asked.request.site, request_id=asked.request.public_id)


@subscribe("work_order.on_its_way", "work_order.reminded", "work_order.rescheduled")
def tell_who_waits_for_it(event: Event) -> None:
    """The business that does the work: things are on their way, somebody waits for news, or the client comes later.
    What moved before its yes, as a day that it proposed itself, is what it said yes to."""
    accepted = Offer.objects.with_need().binding()
    if event.name == Kind.WORK_RESCHEDULED:
        accepted = accepted.filter(answered_at__lt=event.act_at)
    for offer in accepted.filter(work_order__public_id=event.subject_id):
        _tell_business(event, offer)


def _tell_business(event: Event, offer: Offer) -> None:
    tell(event, [asked_business(offer)], site=offer.work_order.site, request_id=offer.work_order.request.public_id)


@subscribe("work_order.needs_dispatch")
def call_a_dispatcher(event: Event) -> None:
    """A person has to decide: whoever dispatches at the site."""
    for order in WorkOrder.objects.filter(public_id=event.subject_id).select_related("request", "site"):
        team = team_at(order.site, Role.DISPATCHER, Role.CONCIERGE, Role.SITE_MANAGER)
        tell(event, team, site=order.site, request_id=order.request.public_id)


@subscribe("assignment.cancelled")
def call_who_plans(event: Event) -> None:
    """A moved appointment undid what was planned: whoever dispatches at the site plans it anew."""
    if event.data.get("reason") != RESCHEDULED:
        return
    for assignment in Assignment.objects.filter(public_id=event.subject_id).select_related("work_order__request"):
        order = assignment.work_order
        team = team_at(order.site, Role.DISPATCHER, Role.CONCIERGE, Role.SITE_MANAGER)
        tell(event, team, site=order.site, request_id=order.request.public_id)


@subscribe("assignment.left_alone")
def call_who_finds_a_companion(event: Event) -> None:
    """Whoever was to be beside somebody is away: whoever dispatches at the site finds somebody else."""
    for assignment in Assignment.objects.filter(public_id=event.subject_id).select_related("work_order__request"):
        order = assignment.work_order
        team = team_at(order.site, Role.DISPATCHER, Role.CONCIERGE, Role.SITE_MANAGER)
        tell(event, team, site=order.site, request_id=order.request.public_id)


@subscribe("offer.misdirected", "offer.moved_after_yes")
def tell_of_a_wrong_address(event: Event) -> None:
    """Whoever dispatches corrects the address of the business, or asks it whether the new time suits."""
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        order = offer.work_order
        team = team_at(order.site, Role.DISPATCHER, Role.CONCIERGE, Role.SITE_MANAGER)
        tell(event, team, site=order.site, request_id=order.request.public_id)


@subscribe("client_account.renewal_due", "company_code.attacked")
def tell_the_managers(event: Event) -> None:
    """What concerns the whole organisation: whoever runs it."""
    tell(event, heads(event.organisation_id))


@subscribe("order_sheet.ready")
def send_the_order_sheet(event: Event) -> None:
    """To the producer; to whoever dispatches at the sites as well, who call when there is no e-mail."""
    for sheet in OrderSheet.objects.filter(public_id=event.subject_id).select_related("producer"):
        producer = sheet.producer
        sites = [run.site for run in sheet.runs.select_related("site").order_by("pk")]
        readers = [member for site in sites for member in team_at(site, Role.DISPATCHER, Role.CONCIERGE)]
        if producer.email:
            kind = RecipientKind.PROVIDER
            readers.append(Reader(kind, address=producer.email, language=producer.language, name=producer.name))
        tell(event, {reader.address: reader for reader in readers}.values(), site=sites[0] if sites else None)


@subscribe("pre_order.kept", "pre_order.missed")
def tell_who_did_not_come(event: Event) -> None:
    """What became of an order that was not fetched."""
    for order in PreOrder.objects.filter(public_id=event.subject_id).select_related("request__site"):
        tell(event, [contact_of(order.request)], site=order.request.site, request_id=order.request.public_id)


@subscribe("pre_order.substituted")
def tell_of_a_replacement(event: Event) -> None:
    """The client may refuse it until the hand-out."""
    found = Substitution.objects.filter(public_id=event.subject_id).select_related("pre_order__request__site")
    for one in found:
        request = one.pre_order.request
        tell(event, [contact_of(request)], site=request.site, request_id=request.public_id)


@subscribe("occurrence.failed")
def tell_of_a_day_that_failed(event: Event) -> None:
    """To the client, with what to do; the team reads it in the mail of the day and among who is silent."""
    found = Occurrence.objects.filter(public_id=event.subject_id).select_related(
        "recurrence__site", "recurrence__client__merged_into"
    )
    for one in found:
        client = one.recurrence.client.kept_as
        reader = Reader(
            RecipientKind.CLIENT, address=client.email, language=client.language, name=str(client), key=client.pk
        )
        tell(event, [reader], site=one.recurrence.site)


@subscribe("help.requested")
def call_the_supervisor(event: Event) -> None:
    """The person's own supervisor, else the supervisors of the site."""
    for call in HelpCall.objects.filter(public_id=event.subject_id).select_related(
        "trainee__site", "trainee__supervisor"
    ):
        trainee = call.trainee
        own = trainee.supervisor
        if own is not None and own.is_active:
            team = [member(own)]
        else:
            team = team_at(trainee.site, Role.SUPERVISOR, Role.DISPATCHER, Role.SITE_MANAGER)
        tell(event, team, site=trainee.site)
