"""Taking a place: one row on a lane, and PostgreSQL's exclusion constraint as the referee (R01, ADR 7)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.functions import Least
from django.db.models.lookups import GreaterThan

from bookings.enums import HoldStatus, Place
from bookings.models import Hold, Presence
from bookings.models.availability import LONGEST_HOLD, HoldQuerySet
from bookings.rules.slots import Visit
from concierge.db import refuse_on
from concierge.errors import Conflict
from concierge.models import Site

# A few lanes are filled from the first up, so that a long visit still finds one free. Where there are more, people do
# not queue for the same one: each transaction begins to look at another.
FEW_LANES = 8
# Each further try means that somebody else's place was committed in between: a crowd is served, nothing turns for ever.
MOST_TRIES = 200

# By the drawers' rule, one of the first n + 1 lanes is free when n are taken; none is looked for when all are.
TAKE = """
INSERT INTO "bookings_hold"
    ("organisation_id", "public_id", "site_id", "place", "presence_id", "lane", "starts_at", "ends_at", "free_at",
     "status", "token_hash", "expires_at")
WITH taken AS (
    SELECT DISTINCT lane FROM bookings_hold
    WHERE site_id = %(site)s AND place = %(place)s AND presence_id IS NOT DISTINCT FROM %(presence)s
        AND status IN ('held', 'confirmed')
        AND starts_at > %(start)s - interval '1 day' AND starts_at < coalesce(%(free)s, %(end)s)
        AND (ends_at > %(start)s OR free_at > %(start)s)
), tried AS (
    SELECT (pg_current_xact_id()::text::bigint %% %(lanes)s)::int AS lane, 0 AS turn WHERE %(lanes)s > %(few)s
    UNION ALL
    SELECT number, number + 1
    FROM generate_series(0, least(%(lanes)s - 1, (SELECT count(*) FROM taken)::int)) AS number
)
SELECT %(organisation)s, %(public_id)s, %(site)s, %(place)s, %(presence)s, lane, %(start)s, %(end)s, %(free)s,
    %(status)s, %(token_hash)s, %(expires_at)s
FROM tried
WHERE (SELECT count(*) FROM taken) < %(lanes)s AND NOT EXISTS (SELECT FROM taken WHERE taken.lane = tried.lane)
ORDER BY turn LIMIT 1
ON CONFLICT ON CONSTRAINT "hold_one_per_lane" DO NOTHING
RETURNING "id", "lane"
""".strip().replace("\n", " ")


@dataclass(frozen=True)
class Wanted:
    """A stretch of time somebody wants at a site."""

    site: Site
    place: Place | str
    starts_at: dt.datetime
    visit: Visit
    presence: Presence | None = None

    @property
    def ends_at(self) -> dt.datetime:
        """When it is over."""
        return self.starts_at + self.visit.length

    @property
    def free_at(self) -> dt.datetime | None:
        """When the lane is free again, if that is later: after the way to the next visit."""
        return self.starts_at + self.visit.taken if self.visit.taken > self.visit.length else None

    def is_kept_by(self, hold: Hold) -> bool:
        """Whether a hold is exactly this."""
        kept = (hold.site_id, hold.place, hold.presence_id, hold.starts_at, hold.ends_at)
        return kept == (self.site.pk, self.place, self.presence_id, self.starts_at, self.ends_at)

    @property
    def presence_id(self) -> int | None:
        """Key of the stand, when it is one."""
        return self.presence.pk if self.presence else None

    def taking(self) -> HoldQuerySet:
        """What takes a place there and then."""
        return Hold.objects.taking(
            self.site, self.place, self.starts_at, self.free_at or self.ends_at, presence_id=self.presence_id
        )


def take(wanted: Wanted, *, status: HoldStatus, token_hash: str, expires_at: dt.datetime) -> Hold | None:
    """Take a free lane for good, or ``None`` when none is left.

    Whoever meets somebody else on a lane waits until that one has committed, then looks again. Two who insert never
    wait for each other: ``ON CONFLICT`` asks before it inserts.
    """
    for _try in range(MOST_TRIES):
        hold = insert(wanted, status=status, token_hash=token_hash, expires_at=expires_at)
        if hold is not None or is_full(wanted):
            return hold
    return None


def is_full(wanted: Wanted) -> bool:
    """Whether as many are received at some moment of this stretch as may be."""
    return wanted.taking().values("lane").distinct().count() >= wanted.visit.capacity


def free_lane(wanted: Wanted, *, besides: Hold) -> int | None:
    """The lane of a hold if it is free all the while, else the first that is; ``None`` when none is."""
    taken = set(wanted.taking().exclude(pk=besides.pk).values_list("lane", flat=True))
    if len(taken) >= wanted.visit.capacity:
        return None
    if besides.lane not in taken:
        return besides.lane
    return min(set(range(wanted.visit.capacity)) - taken, default=None)


def insert(wanted: Wanted, *, status: HoldStatus, token_hash: str, expires_at: dt.datetime) -> Hold | None:
    """One try, in one statement: ``None`` when every lane is taken, or somebody was faster on the one that was free."""
    hold = Hold(
        organisation_id=wanted.site.organisation_id,
        site=wanted.site,
        place=str(wanted.place),
        presence=wanted.presence,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        free_at=wanted.free_at,
        status=str(status),
        token_hash=token_hash,
        expires_at=expires_at,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "organisation": hold.organisation_id,
                "public_id": hold.public_id,
                "site": hold.site_id,
                "place": hold.place,
                "presence": hold.presence_id,
                "start": hold.starts_at,
                "end": hold.ends_at,
                "free": hold.free_at,
                "status": hold.status,
                "token_hash": token_hash,
                "expires_at": expires_at,
                "lanes": wanted.visit.capacity,
                "few": FEW_LANES,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None
    hold.pk, hold.lane = row
    hold._state.adding, hold._state.db = False, connection.alias
    return hold


def keep_the_way(site: Site, minutes: int, *, now: dt.datetime) -> None:
    """Keep the way after the visits ahead that are taken already: at most until the next one on their lane begins."""
    ahead = Hold.objects.live().filter(site=site, place=Place.HOME, ends_at__gt=now)
    keys = list(ahead.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    following = (
        Hold.objects.live()
        .filter(site=site, place=Place.HOME, lane=OuterRef("lane"), starts_at__gt=OuterRef("starts_at"))
        .order_by("starts_at")
        .values("starts_at")[:1]
    )
    way = Least(
        F("ends_at") + dt.timedelta(minutes=minutes),
        F("starts_at") + LONGEST_HOLD,
        Subquery(following),
    )
    # One that begins at once, or no way at all, leaves nothing to keep.
    with refuse_on("hold_one_per_lane", Conflict()):
        Hold.objects.filter(pk__in=keys).update(free_at=Case(When(GreaterThan(way, F("ends_at")), then=way)))
