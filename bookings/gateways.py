"""Documents of the demand side, drawn from what was sealed."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from bookings.models import QuoteDocument
from bookings.models.quotes import acceptance_of
from concierge.documents import DocumentRenderFailed, render_pdf


def render_quote_pdf(document: QuoteDocument) -> bytes:
    """The PDF of a quote as it was sent, or as it was accepted. Raises ``DocumentRenderFailed``."""
    quote = document.quote
    if quote.sent_at is None:
        raise DocumentRenderFailed(reason="a draft is not drawn")
    zone = ZoneInfo(quote.request.site.time_zone)
    acceptance = acceptance_of(quote) if document.is_acceptance else None
    if acceptance is not None and quote.answered_at is not None:
        local = quote.answered_at.astimezone(zone)
        acceptance = {**acceptance, "day": local.date().isoformat(), "time": f"{local:%H:%M}"}
    data = {**quote.content, "acceptance": acceptance, "seal": quote.seal}
    moment = (quote.answered_at if acceptance else None) or quote.sent_at
    stamp = moment.astimezone(dt.UTC).replace(microsecond=0)
    return render_pdf("quote.typ", data, language=quote.request.language, timestamp=stamp)
