"""A price that another app lends becomes a line of the draft, with our margin."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.actions.quote_origins import Origin, check_margin, recovers_vat
from bookings.actions.quotes import LineDraft, OptionDraft, QuoteDraft, draft_quote, options_of, save_quote
from bookings.actions.vat import rates_on
from bookings.models import Quote, Service, ServiceRequest
from bookings.rules.quotes import MOST_OPTIONS, price_for_client
from concierge.days import today_of
from concierge.errors import Invalid
from concierge.tenancy import Actor


@dataclass(frozen=True)
class LentPrice:
    """What another business asks for the whole work, without and with its VAT, and until when (no day: it binds)."""

    source: uuid.UUID
    service: Service
    excl: Decimal
    incl: Decimal
    vat_rate: Decimal
    valid_until: dt.date | None


@dataclass(frozen=True)
class Costed:
    """Cost, margin and what the client is asked, as the desk compares them."""

    cost: Decimal
    margin_percent: Decimal
    unit_price: Decimal
    vat_code: str


@dataclass(frozen=True)
class OurVat:
    """The rates that may be charged today, by code, and whether the VAT of purchases comes back to us."""

    rates: dict[str, Decimal]
    recovers: bool

    @classmethod
    def of(cls, request: ServiceRequest) -> OurVat:
        """Of whoever signs the quotes of a request."""
        rates = rates_on(request.organisation_id, today_of(request.organisation))
        return cls(rates, recovers_vat(request))


def costed(vat: OurVat, price: LentPrice, margin: Decimal) -> Costed:
    """What a price becomes for the client: our margin, then the VAT of our own line, which is that of the service
    whatever the VAT of the cost. Raises ``Invalid`` (400)."""
    check_margin(margin)
    code = price.service.vat_code if price.service.vat_code in vat.rates else "standard"
    cost = price.excl if vat.recovers else price.incl
    rate = vat.rates.get(code, Decimal(0)) if vat.recovers else Decimal(0)
    return Costed(cost, margin, price_for_client(cost, margin, vat_rate=rate), code)


@transaction.atomic
def use_lent_price(
    request: ServiceRequest, price: LentPrice, *, margin: Decimal, option: int | None = 0, by: Actor
) -> Quote:
    """Write a price into the draft of the next version, begun when there is none: into the option of that rank, or
    (``None``) as another option. A price that is there already is replaced. The quote is valid no longer than it.

    Raises ``Invalid`` (400), ``WrongState`` (409) when the request takes no quote now.
    """
    draft = draft_quote(request, by=by)
    found = costed(OurVat.of(draft.request), price, margin)
    line = LineDraft(
        description=price.service.name,
        unit_price=found.unit_price,
        vat_code=found.vat_code,
        service=price.service,
        origin=Origin(price.source, found.cost, found.margin_percent),
    )
    options = options_of(draft)
    if option is None and options:
        if len(options) >= MOST_OPTIONS:
            raise Invalid(_("At most six options: more than that nobody compares."), field="option")
        options.append(OptionDraft([line]))
    elif not options:
        options = [OptionDraft([line])]
    else:
        rank = min(option or 0, len(options) - 1)
        options[rank] = replace(options[rank], lines=_with(line, options[rank]))
    content = QuoteDraft(
        options=options,
        intro=draft.intro,
        starts_at=draft.starts_at,
        duration=draft.duration,
        conditions=draft.conditions,
        fee=Decimal(draft.fee),
        valid_until=min(draft.valid_until, price.valid_until or draft.valid_until),
    )
    return save_quote(draft, content, edits=draft.edits, by=by)


def _with(line: LineDraft, option: OptionDraft) -> list[LineDraft]:
    """The lines of an option with this price: in the place of the same one, else at the end."""
    source = line.origin.source if line.origin else None
    lines = list(option.lines)
    for rank, there in enumerate(lines):
        if there.origin is not None and there.origin.source == source:
            lines[rank] = replace(
                there, quantity=Decimal(1), unit_price=line.unit_price, vat_code=line.vat_code, origin=line.origin
            )
            return lines
    return [*lines, line]
