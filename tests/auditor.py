"""The auditor: one SQL query for each thing that must always be true (trust.md 4). Empty answers mean all is well."""

from __future__ import annotations

from typing import Any

CHECKS: dict[str, str] = {
    "I1 nobody is booked over somebody else": """
        SELECT a.id FROM bookings_hold a JOIN bookings_hold b
        ON a.site_id = b.site_id AND a.place = b.place AND a.lane = b.lane AND a.id < b.id
        AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
        WHERE a.status IN ('held', 'confirmed') AND b.status IN ('held', 'confirmed')
    """,
    "I1 a place is booked as long as its request is to come": """
        SELECT h.id FROM bookings_hold h LEFT JOIN bookings_servicerequest r ON r.hold_id = h.id
        WHERE (h.status = 'confirmed') <> (r.id IS NOT NULL AND r.status NOT IN ('cancelled', 'declined'))
    """,
    "I2 no trainee in two places": """
        SELECT a.id FROM workers_assignment a JOIN workers_assignment b
        ON a.trainee_id = b.trainee_id AND a.id < b.id
        AND tstzrange(a.planned_start, a.planned_end) && tstzrange(b.planned_start, b.planned_end)
        WHERE a.status IN ('proposed', 'accepted', 'working') AND b.status IN ('proposed', 'accepted', 'working')
    """,
    "I3 accepted work has one provider": """
        SELECT work_order_id FROM providers_offer WHERE status IN ('accepted', 'honoured')
        GROUP BY work_order_id HAVING count(*) > 1
    """,
    "I3 work held by a provider was accepted": """
        SELECT w.id FROM bookings_workorder w WHERE w.performer_kind = 'provider'
        AND w.status NOT IN ('cancelled', 'failed') AND NOT EXISTS (
            SELECT 1 FROM providers_offer o WHERE o.work_order_id = w.id AND o.provider_id = w.performer_id
            AND o.status IN ('accepted', 'honoured'))
    """,
    "I15 whoever proposed something else hears of it": """
        SELECT o.id FROM providers_offer o WHERE o.status = 'countered' AND NOT EXISTS (
            SELECT 1 FROM providers_counteroffer c JOIN concierge_deadline d
            ON d.kind = 'counter.due' AND d.subject_id = c.id AND d.fired_at IS NULL AND d.cancelled_at IS NULL
            WHERE c.offer_id = o.id AND c.status = 'waiting')
    """,
    "I15 what stands still goes on by itself": """
        SELECT p.id FROM providers_offerpause p JOIN providers_offer o ON o.id = p.offer_id
        WHERE p.ended_at IS NULL AND (o.status <> 'sent' OR NOT EXISTS (
            SELECT 1 FROM concierge_deadline d WHERE d.kind = 'offer.pause_end' AND d.subject_id = p.id
            AND d.fired_at IS NULL AND d.cancelled_at IS NULL))
    """,
    "I15 nobody decides on what is over": """
        SELECT c.id FROM providers_counteroffer c JOIN providers_offer o ON o.id = c.offer_id
        WHERE c.status = 'waiting' AND o.status <> 'countered'
    """,
    "I4 every status has its event": """
        SELECT w.id, w.status FROM bookings_workorder w WHERE w.status IN
            ('booked', 'in_progress', 'completed', 'verified') AND NOT EXISTS (
            SELECT 1 FROM concierge_event e WHERE e.subject_id = w.public_id
            AND e.name = 'work_order.' || CASE w.status WHEN 'in_progress' THEN 'started' ELSE w.status END)
    """,
    "I4 no work begins twice": """
        SELECT subject_id, name FROM concierge_event WHERE name IN ('work_order.ready', 'service_request.confirmed',
            'service_request.fulfilled') GROUP BY subject_id, name HAVING count(*) > 1
    """,
    "I5 invoice numbers have no gap": """
        SELECT series_id FROM billing_invoice GROUP BY series_id
        HAVING max(sequence) <> count(*) OR min(sequence) <> 1 OR count(DISTINCT sequence) <> count(*)
    """,
    "I7 lines add up to the request": """
        SELECT r.id FROM bookings_servicerequest r JOIN bookings_requestline l ON l.request_id = r.id
        GROUP BY r.id HAVING sum(l.total_incl_vat) <> r.total_incl_vat
    """,
    "I8 a confirmed request was told to its client": """
        SELECT r.id FROM bookings_servicerequest r WHERE r.contact_email <> '' AND NOT EXISTS (
            SELECT 1 FROM notifications_message m WHERE m.request_id = r.public_id)
    """,
    "I9 no event waits for long": """
        SELECT id, name, dispatch FROM concierge_event
        WHERE dispatch = 'dead' OR (dispatch = 'pending' AND next_at < now() - interval '15 minutes')
    """,
    "I10 nothing is said twice": """
        SELECT event_id, kind, address FROM notifications_message WHERE event_id IS NOT NULL
        GROUP BY event_id, kind, address HAVING count(*) > 1
    """,
    "I13 every search under way has an end that waits": """
        SELECT r.id FROM providers_offerround r WHERE r.status = 'open' AND NOT EXISTS (
            SELECT 1 FROM concierge_deadline d WHERE d.organisation_id = r.organisation_id
            AND d.kind = 'offer_round.stop' AND d.subject_id = r.id AND d.fired_at IS NULL AND d.cancelled_at IS NULL)
    """,
    "I14 every question has a time at which it ends": """
        SELECT o.id FROM providers_offer o WHERE o.status = 'sent' AND NOT EXISTS (
            SELECT 1 FROM concierge_deadline d WHERE d.organisation_id = o.organisation_id
            AND d.kind = 'offer.expiry' AND d.subject_id = o.id AND d.fired_at IS NULL AND d.cancelled_at IS NULL)
    """,
    "I14 nobody may answer after the search has ended": """
        SELECT o.id FROM providers_offer o JOIN providers_offerround r ON r.id = o.round_id
        WHERE o.status = 'sent' AND o.due_at > r.ends_at
    """,
    "I16 nobody waits in vain": """
        SELECT o.id FROM providers_offer o JOIN providers_offerround r ON r.id = o.round_id
        JOIN bookings_workorder w ON w.id = o.work_order_id
        WHERE o.status = 'sent' AND (r.status <> 'open' OR w.status = 'booked' AND w.performer_kind = 'provider')
    """,
    "nothing is billed twice": """
        SELECT l.request_line_id FROM billing_invoiceline l JOIN billing_invoice i ON i.id = l.invoice_id
        WHERE i.kind = 'invoice' AND l.request_line_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1
    """,
}


def audit(execute: Any) -> dict[str, list[Any]]:
    """Run every check with ``execute(sql) -> rows``, as a role that sees every organisation; returns what is wrong."""
    found = {name: list(execute(sql)) for name, sql in CHECKS.items()}
    return {name: rows for name, rows in found.items() if rows}
