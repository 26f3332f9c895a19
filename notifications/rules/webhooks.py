"""What other systems can be told, and when a call that failed is made again (lifecycles.md 2.12, trust.md R20)."""

from __future__ import annotations

import datetime as dt

# Every type, with the fixed meaning of the state that it leads to (lifecycles.md 2.0.1).
TYPES: dict[str, str] = {
    "service_request.submitted": "open",
    "service_request.confirmed": "active",
    "service_request.declined": "cancelled",
    "service_request.cancelled": "cancelled",
    "service_request.fulfilled": "done",
    "service_request.closed": "done",
    "quote.sent": "waiting",
    "quote.accepted": "done",
    "quote.declined": "cancelled",
    "quote.expired": "failed",
    "offer.sent": "waiting",
    "offer.accepted": "done",
    "offer.declined": "cancelled",
    "offer.countered": "waiting",
    "offer.expired": "failed",
    "offer.released": "cancelled",
    "work_order.booked": "active",
    "work_order.started": "active",
    "work_order.completed": "done",
    "work_order.failed": "failed",
    "work_order.verified": "done",
    "invoice.issued": "open",
    "invoice.paid": "done",
    "invoice.rejected": "failed",
    "invoice.refused": "failed",
}
CHOICES = [(name, name) for name in sorted(TYPES)]
# What a provider is told: of its own offers and of the work that it holds.
FOR_PROVIDERS = frozenset(name for name in TYPES if name.startswith(("offer.", "work_order.")))
# Where the API tells more.
RESOURCES = {
    "service_request": "service-requests",
    "quote": "quotes",
    "offer": "offers",
    "work_order": "work-orders",
    "invoice": "invoices",
}

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
# At once, then again after these waits: over 75 hours in all.
WAITS = (
    *(5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR),
    *(14 * HOUR, 20 * HOUR, 24 * HOUR),
)
LONGEST_ASKED = 24 * HOUR
# Whoever took nothing for so long, and failed so often in a row, is called no more.
IN_VAIN_AFTER, IN_VAIN_FAILURES = 75 * HOUR, 5


def wait_after(attempts: int, retry_after: str = "") -> dt.timedelta | None:
    """How long to wait after so many attempts; ``None`` when it was the last. ``Retry-After`` in seconds makes it
    longer, a day at most."""
    if attempts > len(WAITS):
        return None
    wait = WAITS[max(attempts, 1) - 1]
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 8:
        wait = max(wait, min(int(retry_after) * SECOND, LONGEST_ASKED))
    return wait


def is_in_vain(failures: int, since: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether an endpoint that failed so often in a row since a moment is given up. One call that is never taken, among
    others that are, gives up only itself."""
    return since is not None and failures >= IN_VAIN_FAILURES and now - since >= IN_VAIN_AFTER
