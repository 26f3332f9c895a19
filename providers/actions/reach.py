"""Keeps what an index needs to find the nearest eligible providers, and asks it (domain.md R34, ADR 18).

``refresh_reach`` writes the rows of some providers anew, ``reconcile_reach`` those that are wrong: both compute them by
the same statement. ``handlers.reach`` calls the first after whatever changes them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from concierge.days import today_of
from concierge.models import Organisation
from providers.models import Provider, ProviderReach
from providers.rules.terms import MatchingTerms

# With so many agreements for a service everybody is looked at; with more, the nearest.
LOOK_AT_ALL = 300
NEAREST, UNPLACED, OTHERS = 200, 50, 50

COLUMNS = (
    "agreement_id, organisation_id, provider_id, service_id, latitude, longitude, radius_km, is_active, "
    "agreed_from, agreed_to, notice_hours, papers_until, insured_until, full_on, closed, sites, postcodes, never_on"
)
# What the rows have to be, for some providers or (NULL) for all of the organisation.
COMPUTED = """
SELECT agreement.id, agreement.organisation_id, agreement.provider_id, agreement.service_id,
       provider.latitude, provider.longitude, provider.radius_km, provider.is_active,
       agreement.valid_from, COALESCE(agreement.valid_to, DATE '9999-12-31'), agreement.notice_hours,
       CASE WHEN papers.needed = 2 THEN COALESCE(papers.all_until, DATE '9999-12-31') ELSE DATE '0001-01-01' END,
       CASE WHEN papers.needed = 2 THEN COALESCE(papers.needed_until, DATE '9999-12-31') ELSE DATE '0001-01-01' END,
       COALESCE(booked.days, '{}'), COALESCE(away.days, '{}'), served.sites, served.postcodes, most.never_on
  FROM providers_serviceagreement agreement
  JOIN providers_provider provider ON provider.id = agreement.provider_id
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE kind <> 'vigilance') AS needed, min(expires_on) AS all_until,
              min(expires_on) FILTER (WHERE kind <> 'vigilance') AS needed_until
         FROM (SELECT DISTINCT ON (kind) kind, expires_on FROM providers_providerdocument
                WHERE provider_id = provider.id AND status = 'approved'
                ORDER BY kind, issued_on DESC, id DESC) latest) papers
 CROSS JOIN LATERAL (
       SELECT array_agg(of_all ORDER BY number) AS of_all, array_agg(of_service ORDER BY number) AS of_service,
              array_agg(number - 1 ORDER BY number) FILTER (WHERE least(of_all, of_service) = 0)::smallint[] AS never_on
         FROM (SELECT number,
                      COALESCE(max(per_day) FILTER (WHERE service_id IS NULL), provider.daily_capacity) AS of_all,
                      COALESCE(max(per_day) FILTER (WHERE service_id IS NOT NULL AND weekday IS NOT NULL),
                               max(per_day) FILTER (WHERE weekday IS NULL)) AS of_service
                 FROM generate_series(1, 7) AS number
                 LEFT JOIN providers_providercapacity ON provider_id = provider.id
                      AND COALESCE(service_id, agreement.service_id) = agreement.service_id
                      AND COALESCE(weekday, number - 1) = number - 1
                GROUP BY number) days) most
 CROSS JOIN LATERAL (
       SELECT array_agg(day ORDER BY day) AS days
         FROM (SELECT (job.promised_start AT TIME ZONE site.time_zone)::date AS day, count(*) AS jobs,
                      count(*) FILTER (WHERE job.service_id = agreement.service_id) AS of_service
                 FROM bookings_workorder job JOIN concierge_site site ON site.id = job.site_id
                WHERE job.organisation_id = provider.organisation_id AND job.performer_kind = 'provider'
                  AND job.performer_id = provider.id AND job.status NOT IN ('cancelled', 'failed')
                GROUP BY 1) taken
        WHERE day >= %(today)s
          AND (jobs >= most.of_all[extract(isodow FROM day)::int]
               OR taken.of_service >= most.of_service[extract(isodow FROM day)::int])) booked
 CROSS JOIN LATERAL (
       SELECT (SELECT array_agg(site_id ORDER BY site_id)
                 FROM providers_providersite WHERE provider_id = provider.id) AS sites,
              (SELECT array_agg(DISTINCT postcode ORDER BY postcode)
                 FROM providers_providerarea WHERE provider_id = provider.id) AS postcodes) served
 CROSS JOIN LATERAL (
       SELECT range_agg(daterange(first_on, last_on, '[]')) AS days
         FROM providers_providerclosure WHERE provider_id = provider.id AND last_on >= %(today)s) away
 WHERE agreement.status IN ('paper', 'signed')
   AND (%(providers)s::bigint[] IS NULL OR agreement.provider_id = ANY (%(providers)s))
"""
WRITE = f"""
INSERT INTO providers_providerreach ({COLUMNS}) {COMPUTED}
ON CONFLICT (agreement_id) DO UPDATE SET
       latitude = excluded.latitude, longitude = excluded.longitude, radius_km = excluded.radius_km,
       is_active = excluded.is_active, agreed_from = excluded.agreed_from, agreed_to = excluded.agreed_to,
       notice_hours = excluded.notice_hours, papers_until = excluded.papers_until,
       insured_until = excluded.insured_until, full_on = excluded.full_on, closed = excluded.closed,
       sites = excluded.sites, postcodes = excluded.postcodes, never_on = excluded.never_on
"""
# Days that are over say nothing any more: rows that differ in them only are right.
DIFFERING = f"""
WITH computed ({COLUMNS}) AS ({COMPUTED}),
     kept AS (
       SELECT agreement_id, organisation_id, provider_id, service_id, latitude, longitude, radius_km, is_active,
              agreed_from, agreed_to, notice_hours, papers_until, insured_until,
              ARRAY(SELECT day FROM unnest(full_on) AS day WHERE day >= %(today)s ORDER BY day),
              closed * datemultirange(daterange(%(today)s, NULL)), sites, postcodes, never_on
         FROM providers_providerreach WHERE %(providers)s::bigint[] IS NULL OR provider_id = ANY (%(providers)s)),
     today ({COLUMNS}) AS (
       SELECT agreement_id, organisation_id, provider_id, service_id, latitude, longitude, radius_km, is_active,
              agreed_from, agreed_to, notice_hours, papers_until, insured_until, full_on,
              closed * datemultirange(daterange(%(today)s, NULL)), sites, postcodes, never_on FROM computed)
SELECT COALESCE(array_agg(DISTINCT provider_id), '{{}}')
  FROM ((TABLE today EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE today)) differing
"""  # noqa: S608 - no values
BATCH = 2_000


@transaction.atomic
def refresh_reach(organisation: Organisation, providers: Iterable[int]) -> None:
    """Write anew what is kept of some providers. Safe twice, and for two at once: the later one reads what the earlier
    one was called for."""
    keys = sorted(set(providers))
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('reach/' || key, 0)) "
            "FROM (SELECT unnest(%s::bigint[]) AS key ORDER BY 1) AS keys",
            (keys,),
        )
        cursor.execute(WRITE, {"today": today_of(organisation), "providers": keys})


def reconcile_reach(organisation: Organisation) -> int:
    """Find what is kept wrongly, and write it anew; returns of how many providers. Nobody should ever be found."""
    found = 0
    everybody = list(Provider.objects.filter(organisation=organisation).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(everybody), BATCH):
        some = everybody[start : start + BATCH]
        with connection.cursor() as cursor:
            cursor.execute(DIFFERING, {"today": today_of(organisation), "providers": some})
            (wrong,) = cursor.fetchone()
        refresh_reach(organisation, wrong)
        found += len(wrong)
    return found


@dataclass(frozen=True)
class Sought:
    """What a search asks of the index: where, when, by which rules."""

    organisation_id: int
    service_id: int
    latitude: Decimal
    longitude: Decimal
    # Whose work it is, and the postcode of where it is; empty when nobody knows it.
    site_id: int
    postcode: str
    today: dt.date
    # What was promised, the day of the work (not before today), and the days on which it can begin.
    promised_day: dt.date
    work_day: dt.date
    window: tuple[dt.date, dt.date]
    hours_left: Decimal
    terms: MatchingTerms
    # Which draw this is, among those whose place nobody knows.
    lot: str


def has_many(organisation_id: int, service_id: int) -> bool:
    """Whether there are more agreements for a service than one looks at one by one."""
    found = ProviderReach.objects.filter(organisation_id=organisation_id, service_id=service_id).order_by()
    return len(found.values_list("pk", flat=True)[: LOOK_AT_ALL + 1]) > LOOK_AT_ALL


def nearest_eligible(sought: Sought, many: int | None = None) -> list[int]:
    """The nearest providers that the rules let through, by key. What has no place among the columns (a no to this very
    job, opening hours, the sum of the year) is judged afterwards."""
    near = f" AND {WITHIN}" if sought.terms.is_on("out_of_area") else ""
    return _asked(f"{_eligible(sought)} AND latitude IS NOT NULL{near} {NEAREST_FIRST}", sought, many or NEAREST)


def unplaced(sought: Sought) -> tuple[list[int], int]:
    """Some of those that the rules let through and of whom nobody knows where they are, drawn by lot, and how many
    more there are. The lot is the same for one search, and another for the next one, of the same work too."""
    near = f" AND {NAMED}" if sought.terms.is_on("out_of_area") else ""
    lost = f"{_eligible(sought)} AND latitude IS NULL{near}"
    drawn = _asked(f"{lost} {BY_LOT}", sought, UNPLACED)
    if len(drawn) < UNPLACED:
        return drawn, 0
    return drawn, _count(lost, sought) - len(drawn)


def nearest_others(sought: Sought, eligible: Iterable[int]) -> list[int]:
    """The nearest whom the rules keep out, so that somebody can read why."""
    known = set(eligible)
    around = _asked(f"{ACTIVE} AND latitude IS NOT NULL {NEAREST_FIRST}", sought, len(known) + OTHERS)
    return [key for key in dict.fromkeys(around) if key not in known][:OTHERS]


# An index of this kind takes numbers of its own size only.
ACTIVE = "organisation_id = %(organisation)s::bigint AND service_id = %(service)s::bigint AND is_active"
NEAREST_FIRST = "ORDER BY spot <-> point(%(longitude)s * 0.68, %(latitude)s) LIMIT %(many)s"
BY_LOT = "ORDER BY md5(%(lot)s::text || '/' || provider_id), provider_id LIMIT %(many)s"
# Communes that are named count instead of a distance.
NAMED = "(postcodes IS NULL OR %(postcode)s = '' OR %(postcode)s = ANY (postcodes))"
# Else the exact distance, on a sphere; a little more than the rules allow, as they round.
WITHIN = """
CASE WHEN postcodes IS NOT NULL AND %(postcode)s <> '' THEN %(postcode)s = ANY (postcodes) ELSE
12742.0176 * asin(sqrt(least(1,
    power(sin(radians(latitude::float8 - %(latitude)s) / 2), 2)
    + cos(radians(%(latitude)s)) * cos(radians(latitude::float8))
    * power(sin(radians(longitude::float8 - %(longitude)s) / 2), 2)))) * %(factor)s <= radius_km + 0.3 END
"""
# Rules that an organisation may switch off, as far as the columns know.
CONDITIONS = {
    "document_ends": "insured_until >= %(work_day)s",
    "no_capacity": "NOT (full_on @> ARRAY[%(promised_day)s::date]) "
    "AND (never_on IS NULL OR NOT %(weekday)s = ANY (never_on))",
    "closed": "NOT (closed @> daterange(%(first)s, %(last)s, '[]'))",
    "too_short_notice": "(notice_hours = 0 OR notice_hours <= %(hours_left)s)",
}


def _eligible(sought: Sought) -> str:
    always = f"{ACTIVE} AND agreed_from <= %(today)s AND agreed_to >= %(today)s AND papers_until >= %(today)s"
    always += " AND (sites IS NULL OR %(site)s = ANY (sites))"
    return " AND ".join([always, *(sql for rule, sql in CONDITIONS.items() if sought.terms.is_on(rule))])


def statement(where: str) -> str:
    """What is asked."""
    return f"SELECT provider_id FROM providers_providerreach WHERE {where}"  # noqa: S608 - no values


def values_of(sought: Sought, many: int) -> dict[str, Any]:
    """With which values."""
    return {
        "organisation": sought.organisation_id,
        "service": sought.service_id,
        "latitude": float(sought.latitude),
        "longitude": float(sought.longitude),
        "today": sought.today,
        "site": sought.site_id,
        "postcode": sought.postcode,
        "promised_day": sought.promised_day,
        "weekday": sought.promised_day.weekday(),
        "work_day": sought.work_day,
        "first": sought.window[0],
        "last": sought.window[1],
        "hours_left": sought.hours_left,
        # A road that was measured may be shorter than any estimate, never than the straight line.
        "factor": 1.0 if settings.ROUTER_URL else float(sought.terms.least_factor),
        "lot": sought.lot,
        "many": many,
    }


def _asked(where: str, sought: Sought, many: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement(where), values_of(sought, many))
        return [key for (key,) in cursor.fetchall()]


def _count(where: str, sought: Sought) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({statement(where)}) AS found", values_of(sought, 0))  # noqa: S608 - no values
        (many,) = cursor.fetchone()
        return int(many)
