"""What the desk does with quotes (lifecycles.md 2.2): draft, edit, send, withdraw, the next version, amendment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.quote_moves import (
    UNDER_WAY,
    QuoteEdited,
    QuoteNotReady,
    lock_quote,
    lock_request,
    move,
    say,
    step,
)
from bookings.actions.quote_origins import Origin, check_sources
from bookings.actions.revival import reopen
from bookings.actions.sellers import seller_of
from bookings.actions.vat import rates_on
from bookings.enums import QUOTE_TRANSITIONS, QuoteLineKind, QuoteStatus, RequestStatus
from bookings.models import Quote, QuoteDocument, QuoteLine, QuoteOption, Service, ServiceRequest
from bookings.models.quotes import next_quote_number
from bookings.rules import quotes as rules
from concierge import deadlines
from concierge.days import today_at
from concierge.db import refuse_on
from concierge.errors import Invalid, WrongState
from concierge.models import national_phone
from concierge.tenancy import Actor

EXPIRY, REMINDER = "quote.expiry", "quote.reminder"
VALID_DAYS, MOST_VALID_DAYS = 30, 365
REMIND_BEFORE = dt.timedelta(days=3)

FIGURE_MESSAGES = {
    "no_description": _("Say what each line is."),
    "bad_quantity": _("A quantity is above zero, at most 10,000, with at most two decimals."),
    "bad_price": _("A price is zero or more, at most €100,000, with at most two decimals."),
    "bad_vat": _("This VAT rate is not valid on that day."),
    "no_line": _("An option needs at least one line."),
    "too_much": _("This total is more than a quote can carry."),
}


@dataclass(frozen=True)
class LineDraft:
    """A line as somebody types it. ``service``: whose work order it belongs to, the first wish when empty; ``origin``:
    whose price it is, when it is not ours."""

    description: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    unit: str = ""
    vat_code: str = "standard"
    kind: str = QuoteLineKind.WORK
    service: Service | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class OptionDraft:
    """One way to do it."""

    lines: Sequence[LineDraft]
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class QuoteDraft:
    """Everything that can be edited."""

    options: Sequence[OptionDraft] = field(default_factory=list)
    intro: str = ""
    starts_at: dt.datetime | None = None
    duration: str = ""
    conditions: str = ""
    fee: Decimal = Decimal(0)
    valid_until: dt.date | None = None


@transaction.atomic
def draft_quote(request: ServiceRequest, *, by: Actor) -> Quote:
    """The draft of the next version: a new one, or a copy of the last that was sent. One there already is returned.

    ``submitted`` becomes ``qualifying`` on the way, and so does what was given up. Raises ``WrongState`` when the
    request takes no quote now, ``TooLateToRevive`` when it ended too long ago (409).
    """
    locked = lock_request(request)
    known = Quote.objects.filter(request=locked, status=QuoteStatus.DRAFT).first()
    if known is not None:
        return known
    if locked.status == RequestStatus.SUBMITTED:
        step(locked, "start_review")
    elif locked.status == RequestStatus.EXPIRED:
        reopen(locked, timezone.now())
    last = Quote.objects.filter(request=locked).order_by("-version").first()
    binding = Quote.objects.filter(request=locked, status=QuoteStatus.ACCEPTED).first()
    amends = locked.status in UNDER_WAY and binding is not None
    if not amends and locked.status not in {RequestStatus.QUALIFYING, RequestStatus.AWAITING_APPROVAL}:
        raise WrongState(current_status=locked.status)
    source = binding if amends else last
    quote = Quote(
        organisation_id=locked.organisation_id,
        request=locked,
        number=last.number if last else "",
        version=last.version + 1 if last else 1,
        replaces=source,
        is_amendment=amends,
        valid_until=today_at(locked.site) + dt.timedelta(days=VALID_DAYS),
    )
    if source is not None:
        for name in ("intro", "starts_at", "duration", "conditions", "fee"):
            setattr(quote, name, getattr(source, name))
        if quote.starts_at is not None and quote.starts_at <= timezone.now() and not amends:
            quote.starts_at = None
    quote.save()
    if source is not None:
        _write_options(quote, options_of(source))
    say(quote, "drafted", by)
    return quote


def options_of(quote: Quote) -> list[OptionDraft]:
    """What a version offers, as it can be edited again."""
    return [
        OptionDraft(
            title=option.title,
            note=option.note,
            lines=[
                LineDraft(
                    description=line.description,
                    quantity=line.quantity,
                    unit_price=line.unit_price_incl_vat,
                    unit=line.unit,
                    vat_code=line.vat_code,
                    kind=line.kind,
                    service=line.service,
                    origin=_origin(line),
                )
                for line in option.lines.all()
            ],
        )
        for option in quote.options.prefetch_related("lines__service").order_by("position")
    ]


def _origin(line: QuoteLine) -> Origin | None:
    if line.source is None or line.cost is None or line.margin_percent is None:
        return None
    return Origin(line.source, line.cost, line.margin_percent)


def _write_options(quote: Quote, options: Sequence[OptionDraft]) -> None:
    """Set the options of a draft anew, in as many statements whatever their number."""
    rates = rates_on(quote.organisation_id, today_at(quote.request.site))
    QuoteLine.objects.filter(option__quote=quote).delete()
    QuoteOption.objects.filter(quote=quote).delete()
    made = QuoteOption.objects.bulk_create(
        QuoteOption(
            organisation_id=quote.organisation_id,
            quote=quote,
            title=option.title.strip()[:120],
            note=option.note.strip()[:500],
            position=position,
        )
        for position, option in enumerate(options)
    )
    QuoteLine.objects.bulk_create(
        QuoteLine(
            organisation_id=quote.organisation_id,
            option=row,
            service=line.service,
            kind=line.kind,
            description=line.description.strip()[:250],
            quantity=line.quantity,
            unit=line.unit.strip()[:20],
            unit_price_incl_vat=line.unit_price,
            vat_code=line.vat_code,
            vat_rate=rates.get(line.vat_code, Decimal(0)),  # an unknown code is refused before it is sent
            position=position,
            source=line.origin.source if line.origin else None,
            cost=line.origin.cost if line.origin else None,
            margin_percent=line.origin.margin_percent if line.origin else None,
        )
        for row, option in zip(made, options, strict=True)
        for position, line in enumerate(option.lines)
    )


@transaction.atomic
def save_quote(quote: Quote, draft: QuoteDraft, *, edits: int | None = None, by: Actor) -> Quote:
    """Replace what a draft says. ``edits`` is the number that the editor saw.

    Raises ``Invalid`` (400) for a figure that no quote may carry, ``QuoteEdited`` (409) when somebody else saved,
    ``WrongState`` (409) once it was sent: a sent quote is never changed, the next version replaces it.
    """
    locked = _locked_draft(quote)
    if edits is not None and locked.edits != edits:
        raise QuoteEdited(edits=locked.edits)
    check_draft(locked, draft)
    locked.intro = draft.intro.strip()[:1000]
    locked.starts_at = draft.starts_at
    locked.duration = draft.duration.strip()[:80]
    locked.conditions = draft.conditions.strip()[:1000]
    locked.fee = draft.fee
    locked.valid_until = draft.valid_until or locked.valid_until
    locked.edits += 1
    locked.save()
    _write_options(locked, draft.options)
    return locked


def _locked_draft(quote: Quote) -> Quote:
    lock_request(quote.request)
    locked = lock_quote(quote)
    if locked.status != QuoteStatus.DRAFT:
        raise WrongState(_("A quote that was sent is never changed: write its next version."), status=locked.status)
    return locked


def check_draft(quote: Quote, draft: QuoteDraft) -> None:
    """Every figure and the day are such as a quote may carry. Raises ``Invalid`` naming the line."""
    rates = rates_on(quote.organisation_id, today_at(quote.request.site))
    if draft.starts_at is not None and draft.starts_at > timezone.now() + rules.FARTHEST:
        raise Invalid(_("Choose a moment in the coming two years."), field="starts_at")
    if len(draft.options) > rules.MOST_OPTIONS:
        raise Invalid(_("At most six options: more than that nobody compares."), field="options")
    if not draft.fee.is_finite() or not 0 <= draft.fee <= 1000:
        raise Invalid(_("The price of the quote itself is between 0 and €1,000."), field="fee")
    if sum(len(option.lines) for option in draft.options) > rules.MOST_LINES:
        raise Invalid(_("At most a hundred lines in one quote."), field="options")
    for number, option in enumerate(draft.options):
        for rank, line in enumerate(option.lines):
            try:
                _quoted(line, rates, franchise=False)
            except rules.QuoteRefused as error:
                raise Invalid(FIGURE_MESSAGES[error.code], field=f"options.{number}.lines.{rank}") from error


def _quoted(line: LineDraft, rates: dict[str, Decimal], *, franchise: bool) -> rules.QuotedLine:
    rate = rates.get(line.vat_code)
    if rate is None or line.kind not in QuoteLineKind.values:
        raise rules.QuoteRefused("bad_vat")
    return rules.QuotedLine(
        line.description.strip(),
        line.quantity,
        line.unit.strip(),
        line.unit_price,
        Decimal(0) if franchise else rate,
        line.kind,
    )


@transaction.atomic
def discard_draft(quote: Quote, *, by: Actor) -> None:
    """Throw a draft away: it has no number and nobody has seen it. Raises ``WrongState`` once it was sent."""
    locked = _locked_draft(quote)
    say(locked, "discarded", by)
    QuoteLine.objects.filter(option__quote=locked).delete()
    QuoteOption.objects.filter(quote=locked).delete()
    locked.delete()


@transaction.atomic
def send_quote(quote: Quote, *, edits: int | None = None, by: Actor) -> Quote:
    """``draft → sent``: number, content and seal are fixed; the version before is replaced, the client is told.

    An amendment leaves the accepted version binding until it is accepted itself. Raises ``QuoteNotReady`` (422),
    ``QuoteEdited`` and ``WrongState`` (409), and what the giver of a lent price says when it no longer holds.
    """
    request = lock_request(quote.request)
    locked = lock_quote(quote)
    if edits is not None and locked.edits != edits:
        raise QuoteEdited(edits=locked.edits)
    if locked.status != QuoteStatus.DRAFT:
        raise WrongState(current_status=locked.status)
    _check_ready(locked, request)
    check_sources(locked)
    if not locked.is_amendment:
        step(request, "send_quote")
    elif request.status not in UNDER_WAY:
        raise WrongState(current_status=request.status)
    # A binding version is replaced only when its amendment is accepted.
    earlier = QUOTE_TRANSITIONS["supersede"][0] - {QuoteStatus.ACCEPTED}
    for old in Quote.objects.filter(request=request, status__in=earlier).order_by("pk"):
        move(lock_quote(old), "supersede")
    now, zone = timezone.now(), ZoneInfo(request.site.time_zone)
    locked.number = locked.number or next_quote_number(request.organisation_id, now.astimezone(zone).year)
    locked.sent_at = now
    locked.expires_at = dt.datetime.combine(locked.valid_until + dt.timedelta(days=1), dt.time(), zone)
    _write_options(locked, options_of(locked))  # with the VAT rates of today
    locked.content = content_of(locked, now=now)
    locked.seal = rules.seal_of(locked.content)
    with refuse_on("quote_waiting_once_per_request", WrongState()):
        move(locked, "send", "number", "sent_at", "expires_at", "content", "seal")
    QuoteDocument.objects.create(organisation_id=locked.organisation_id, quote=locked, next_at=now)
    _set_deadlines(locked, now)
    say(locked, "sent", by, totals=locked.totals)
    return locked


def _set_deadlines(quote: Quote, now: dt.datetime) -> None:
    """Expiry, and a reminder when it is still days away. They find nothing to do once the quote is answered."""
    if quote.expires_at is None:
        return
    about = {"organisation_id": quote.organisation_id, "subject_id": quote.pk}
    deadlines.set_deadline(EXPIRY, due_at=quote.expires_at, **about)
    remind_at = quote.expires_at - REMIND_BEFORE
    if remind_at > now + dt.timedelta(days=1):
        deadlines.set_deadline(REMINDER, due_at=remind_at, **about)


def _check_ready(quote: Quote, request: ServiceRequest) -> None:
    options = options_of(quote)
    today = today_at(request.site)
    if not options or not all(option.lines for option in options):
        raise QuoteNotReady(_("Each option needs at least one line."), field="options")
    if len(options) > 1 and len({option.title.casefold() for option in options if option.title}) < len(options):
        raise QuoteNotReady(_("With several options, give each its own title: clients choose by it."), field="title")
    if not today <= quote.valid_until <= today + dt.timedelta(days=MOST_VALID_DAYS):
        raise QuoteNotReady(_("The last day of validity lies between today and a year from now."), field="valid_until")
    if quote.starts_at is not None and quote.starts_at <= timezone.now() and not quote.is_amendment:
        raise QuoteNotReady(_("The start of the work is in the past."), field="starts_at")


def content_of(quote: Quote, *, now: dt.datetime) -> rules.Snapshot:
    """Everything that the client is shown, in the page and in the PDF, and nothing else."""
    request, site = quote.request, quote.request.site
    seller = seller_of(site)
    rates = rates_on(quote.organisation_id, timezone.localdate(now, ZoneInfo(site.time_zone)))
    payer = request.payer_account
    rows = quote.options.order_by("position")
    try:
        options = [
            rules.shown_option(
                str(row.public_id),
                option.title,
                option.note,
                [_quoted(line, rates, franchise=bool(seller.get("franchise"))) for line in option.lines],
            )
            for row, option in zip(rows, options_of(quote), strict=True)
        ]
    except rules.QuoteRefused as error:
        raise QuoteNotReady(FIGURE_MESSAGES[error.code], field="options") from error
    return {
        "layout": 1,
        "number": quote.number,
        "version": quote.version,
        "title": quote.title,
        "replaces": quote.replaces.title if quote.replaces else "",
        "is_amendment": quote.is_amendment,
        "issued_on": timezone.localdate(now, ZoneInfo(site.time_zone)).isoformat(),
        "valid_until": quote.valid_until.isoformat(),
        "reference": request.reference,
        "seller": seller,
        "site": {"name": site.name, "street": site.street, "postal_code": site.postcode, "city": site.city},
        "client": {
            "name": request.contact_name,
            "payer": payer.name if payer else "",
            "street": request.street,
            "postal_code": request.postcode,
            "city": request.city,
            "email": request.contact_email,
            "phone": national_phone(str(request.contact_phone)) if request.contact_phone else "",
        },
        "at_home": request.place == "home",
        "wishes": [wish.description for wish in request.wishes.order_by("position")],
        "intro": quote.intro,
        "starts_at": quote.starts_at.astimezone(ZoneInfo(site.time_zone)).isoformat() if quote.starts_at else "",
        "duration": quote.duration,
        "conditions": quote.conditions,
        "fee": f"{quote.fee:.2f}",
        "options": options,
        "language": request.language,
    }


@transaction.atomic
def withdraw_quote(quote: Quote, *, reason: str = "", by: Actor) -> Quote:
    """``sent → withdrawn``: the client is told; the request is with the desk again, a binding version stays."""
    request = lock_request(quote.request)
    locked = lock_quote(quote)
    move(locked, "withdraw")
    if not locked.is_amendment:
        step(request, "quote_declined")
    say(locked, "withdrawn", by, reason=reason.strip()[:200])
    return locked
