"""Plain words about offers and work, for providers and for the team."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.enums import WORK_ORDER_TRANSITIONS, Execution, Leg, Place
from bookings.models import RequestLine, WorkOrder
from bookings.models.access import access_for_holder
from concierge.tenancy import Actor
from concierge.words import date_words, euros, moment_words, quantity_words
from providers import perms
from providers.enums import BINDING_YES, Obstacle, OfferStatus, RoundMode, TravelMode
from providers.models import ConsideredProvider, Offer
from providers.rules.candidates import Candidate
from providers.rules.terms import MatchingTerms


def _line_words(line: RequestLine, work_order: WorkOrder) -> str:
    """5 × Chemise, or 2,35 kg · Linge au poids."""
    what = line.within(work_order.service)
    many = quantity_words(line.quantity, line.unit)
    return f"{many} · {what}" if line.unit else f"{many} × {what}"


def left_words(due_at: dt.datetime, now: dt.datetime) -> str:
    """How much time there is to answer: "3 hours 20 minutes", never a running clock."""
    minutes = max(0, int((due_at - now).total_seconds() // 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    words = []
    if days:
        words.append(_("1 day") if days == 1 else _("%(n)d days") % {"n": days})
    if hours:
        words.append(_("1 hour") if hours == 1 else _("%(n)d hours") % {"n": hours})
    if rest and not days:
        words.append(_("1 minute") if rest == 1 else _("%(n)d minutes") % {"n": rest})
    return " ".join(words) or _("less than a minute")


def need_of(offer: Offer) -> dict[str, Any]:
    """The area and the need: all that a provider reads before accepting (P05)."""
    work_order = offer.work_order
    site = work_order.site
    if work_order.execution == Execution.COLLECTED_PROVIDER:
        place = _("We bring it to you, and fetch it")
    elif work_order.request.place == Place.HOME:
        place = _("At the client’s home")
    else:
        place = _("Left at the desk: %(site)s") % {"site": site.name}
    return {
        "offer": offer,
        "service": work_order.service,
        "lines": [_line_words(line, work_order) for line in work_order.lines.all()],
        "area": "{postcode} {city}".format(**offer.area),
        "place": place,
        "starts": moment_words(work_order.promised_start, site),
        "ends": moment_words(work_order.promised_end, site),
        "price": euros(offer.price),
        "price_read": f"{offer.price:f}",
        "due": moment_words(offer.due_at, site),
        "left": left_words(offer.due_at, timezone.now()),
        "is_open": offer.status == OfferStatus.SENT and offer.due_at > timezone.now(),
        "is_alone": offer.round.mode == RoundMode.DIRECT,
        "asks_price": offer.round.asks_price and offer.status not in BINDING_YES,
    }


def price_read(typed: Mapping[str, Any], name: str = "price") -> Decimal | None:
    """The price that was on the page of an answer; nonsense is none of ours."""
    if name not in typed:
        return None
    try:
        price = Decimal(typed[name])
    except InvalidOperation:
        return Decimal(-1)
    return price if price.is_finite() else Decimal(-1)


def work_of(work_order: WorkOrder, actor: Actor) -> dict[str, Any]:
    """Accepted work for its holder: whom it is for and which step comes next."""
    request, mine = work_order.request, perms.can_carry_out(actor, work_order)
    return {
        "work_order": work_order,
        "service": work_order.service,
        "lines": [_line_words(line, work_order) for line in work_order.lines.all()],
        "starts": moment_words(work_order.promised_start, work_order.site),
        "ends": moment_words(work_order.promised_end, work_order.site),
        "place": request.place,
        "access": access_for_holder(work_order, actor),
        "client": request if mine and work_order.shows_client(timezone.now()) else None,
        "is_awaited": mine and work_order.leg_now == Leg.COLLECT,
        "is_fetched": mine and work_order.leg_now == Leg.RETURN,
        "can_start": mine
        and work_order.status in WORK_ORDER_TRANSITIONS["start"][0]
        and not work_order.awaits_collection,
        "can_complete": mine and work_order.status in WORK_ORDER_TRANSITIONS["complete"][0],
    }


def release_words(offer: Offer) -> str:
    """Until when its holder may give it back here; nothing once it is too late or has begun."""
    until = offer.release_before
    return moment_words(until, offer.work_order.site) if until is not None and until > timezone.now() else ""


def span_words(first: dt.date, last: dt.date) -> str:
    """Days from one to another, both included; a year is named once."""
    if first == last:
        return date_words(first, "l j F Y")
    begin = date_words(first, "j F" if first.year == last.year else "j F Y")
    return _("%(first)s to %(last)s") % {"first": begin, "last": date_words(last, "j F Y")}


SCORE_PARTS = {
    "distance": gettext_lazy("Nearness"),
    "share": gettext_lazy("Fair sharing"),
    "capacity": gettext_lazy("Free capacity"),
    "price": gettext_lazy("Price"),
    "quality": gettext_lazy("Quality of the work"),
    "social": gettext_lazy("Social value"),
    "continuity": gettext_lazy("Knows the client"),
}
# What nobody knows about a provider.
UNKNOWN = {
    "distance": gettext_lazy("distance"),
    "capacity": gettext_lazy("jobs per day"),
    "closures": gettext_lazy("days away"),
    "hours": gettext_lazy("opening hours"),
    "share": gettext_lazy("recent work"),
    "price": gettext_lazy("price"),
    "quality": gettext_lazy("quality, before its first checked job"),
    "social": gettext_lazy("social value"),
    "continuity": gettext_lazy("work for this client"),
}


def way_words(line: ConsideredProvider) -> str:
    """How its distance was found: measured by road, or estimated, by which way of coming and how long that takes."""
    if not line.facts or line.distance_km is None or not line.round.judged_by:
        return ""
    candidate = Candidate.from_facts(line.provider_id, line.facts)
    terms = MatchingTerms.from_data(line.round.judged_by)
    said = {
        "mode": str(TravelMode(candidate.travel_mode).label).lower(),
        "n": candidate.way_minutes(terms),
        "factor": number_format(terms.factor_of(candidate.travel_mode).normalize(), use_l10n=True),
    }
    if candidate.road_km is not None:
        return _("by road, %(mode)s: about %(n)s min") % said
    return _("estimated, as the crow flies × %(factor)s, %(mode)s: about %(n)s min") % said


def considered_words(line: ConsideredProvider) -> dict[str, Any]:
    """Why this provider was asked first, later or not at all."""
    return {
        "line": line,
        "provider": line.provider,
        "why_not": Obstacle(line.rule).label if line.rule else "",
        "distance": _("unknown")
        if line.distance_km is None
        else _("%(km)s km") % {"km": number_format(line.distance_km, decimal_pos=1)},
        "way": way_words(line),
        "score": number_format(line.score, decimal_pos=1) if line.score is not None else "",
        "parts": [
            _("%(label)s: %(points)s")
            % {"label": label, "points": number_format(Decimal(line.score_parts[name]), decimal_pos=1)}
            for name, label in SCORE_PARTS.items()
            if name in line.score_parts
        ],
        "unknown": [
            _("Unknown, so it counts neither for nor against: %(what)s") % {"what": UNKNOWN[name]}
            for name in line.unknown
        ],
    }


def answer_words(offer: Offer) -> tuple[str, str]:
    """Title and sentence for a provider whose offer is no longer open."""
    if offer.status in {OfferStatus.SENT, OfferStatus.EXPIRED}:
        return _("The time to answer is over"), _("Thank you all the same: we will ask you again soon.")
    if offer.status == OfferStatus.RELEASED and not offer.release_reason:
        return _("We took this job back"), _("Nothing more needs to be done. Thank you for being there.")
    if offer.status == OfferStatus.DECLINED and not offer.decline_reason:
        return _("What you proposed could not be agreed"), _("Thank you all the same: we will ask you again soon.")
    if offer.round.asks_price and offer.status == OfferStatus.COUNTERED:
        return (
            _("We have your price"),
            _("It is compared with those of others. Nothing is settled yet: we tell you once somebody has chosen."),
        )
    if offer.round.asks_price and offer.status == OfferStatus.NOT_SELECTED:
        return _("Somebody else was chosen this time"), _("Thank you for your interest: we will ask you again soon.")
    return {
        OfferStatus.COUNTERED: (
            _("We ask about what you proposed"),
            _("We tell you as soon as it is decided. Until then nothing is settled."),
        ),
        OfferStatus.ACCEPTED: (_("The job is yours"), _("Thank you! We have told the client.")),
        OfferStatus.DECLINED: (
            _("You said no to this job"),
            _("Thank you for telling us. We are asking someone else."),
        ),
        OfferStatus.NOT_SELECTED: (
            _("Another provider was quicker"),
            _("Thank you for your interest: we will ask you again soon."),
        ),
        OfferStatus.RELEASED: (_("You gave this job back"), _("We are asking someone else.")),
        OfferStatus.HONOURED: (_("This job is done"), _("It was checked, and all is well. Thank you!")),
        OfferStatus.BROKEN: (
            _("We gave this job to someone else"),
            _("It was not done as promised. Do you see it otherwise? Please call us."),
        ),
    }.get(
        OfferStatus(offer.status),
        (_("This job is no longer needed"), _("Nothing more needs to be done. Thank you for being there.")),
    )
