"""Regular requests: begun, ended. Their days: ``recurrence_days``; paused: ``recurrence_pauses``; edited from a day on:
``recurrence_edits``."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.actions import guards, pre_orders
from bookings.actions.kept_orders import keep, services_of
from bookings.actions.open_sites import refuse_closed
from bookings.actions.pricing import price_order, tariffs_of
from bookings.actions.recurrence_days import extend, leave_out_what_may, still_to_come
from bookings.enums import HolidayRule, RecurrenceStatus
from bookings.models import Client, ClientAccount, Occurrence, Recurrence
from bookings.rules import prices, recurrence
from concierge import events
from concierge.errors import Invalid, TooManyAttempts, WrongState
from concierge.models import Site
from concierge.tenancy import Actor

# Of one client, when nobody of the team asks for them (S33).
MOST_RUNNING = 10

RULE_MESSAGES: dict[str, str | Promise] = {
    "too_often": _("A regular request comes at most once a day."),
    "too_many": _("This is too often or too many times: at most 400 times, every 52 weeks or months."),
    "never": _("By this rule no day ever comes."),
    "both_ends": _("Say how many times, or until when, not both."),
}


class BadRecurrence(Invalid):
    """The rule cannot be kept. ``reason`` is a code for machines."""

    code = "bad_recurrence"


@dataclass(frozen=True)
class Wanted:
    """What is asked for again and again, and when. ``spot``: street, postcode, city, latitude and longitude that were
    looked up of the client's address."""

    name: str
    rule: str
    starts_on: dt.date
    at: dt.time
    wishes: Sequence[prices.Wish]
    holiday_rule: str = HolidayRule.SKIP
    payer: ClientAccount | None = None
    note: str = ""
    ends_on: dt.date | None = None
    spot: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def start_recurrence(
    client: Client, site: Site, wanted: Wanted, *, by: Actor, public_id: uuid.UUID | None = None
) -> Recurrence:
    """Begin a regular request and make its first days. Prices are those of the day of each order. The same
    ``public_id`` sent twice gives the same one.

    Raises ``BadRecurrence``, ``BadOrder``, ``Invalid`` (400), ``SiteClosed`` (409), ``MixedOrder``,
    ``PayerRefused`` (422), ``TooManyAttempts`` (429).
    """
    client = Client.objects.select_for_update(of=("self",), no_key=True).get(pk=client.kept_id)
    mine = Recurrence.objects.of_client(client.pk)
    sent = mine.filter(public_id=public_id).select_related("site", "client").first() if public_id else None
    if sent is not None:
        return sent
    running = mine.going_on()
    if not by.is_staff and by.kind not in {"api", "system"} and running.count() >= MOST_RUNNING:
        raise TooManyAttempts(_("You already have many regular requests with us. Please call us for more."))
    made = new_recurrence(client, site, wanted, by=by, public_id=public_id)
    events.record("recurrence.started", made, by=by)
    extend(made)
    return made


def new_recurrence(
    client: Client,
    site: Site,
    wanted: Wanted,
    *,
    by: Actor,
    continues: Recurrence | None = None,
    public_id: uuid.UUID | None = None,
) -> Recurrence:
    """Check everything, then the row."""
    name = wanted.name.strip()
    if not name:
        raise Invalid(_("Give it a name, so that you know it again."), field="name")
    today = timezone.localdate(timezone=ZoneInfo(site.time_zone))
    check_first_day(wanted.starts_on, today)
    if wanted.ends_on is not None and wanted.ends_on < wanted.starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    try:
        rule = recurrence.parse(wanted.rule, starts_on=wanted.starts_on)
    except recurrence.BadRule as error:
        message = RULE_MESSAGES.get(error.code, _("We do not understand this rule."))
        raise BadRecurrence(message, field="rule", reason=error.code, part=error.part) from error
    if wanted.ends_on and not rule.days(wanted.starts_on, wanted.starts_on, wanted.ends_on, most=1):
        raise BadRecurrence(RULE_MESSAGES["never"], field="ends_on", reason="never", part="ends_on")
    services = services_of(site, wanted.wishes)
    price_order(tariffs_of(site, today, services=services), wanted.wishes)
    plan = pre_orders.plan_for(site, services)
    if wanted.payer is not None:
        guards.check_payer(wanted.payer, client.email, by)
    with refuse_closed():
        return Recurrence.objects.create(
            organisation_id=site.organisation_id,
            public_id=public_id or uuid.uuid4(),
            name=name[:80],
            site=site,
            client=client,
            payer_account=wanted.payer,
            plan=plan,
            wishes=keep(wanted.wishes),
            note=wanted.note.strip()[:500],
            spot=dict(wanted.spot),
            rule=rule.text,
            starts_on=wanted.starts_on,
            at=plan.handout_opens if plan else wanted.at,
            holiday_rule=wanted.holiday_rule,
            ends_on=wanted.ends_on,
            continues=continues,
        )


def check_first_day(day: dt.date, today: dt.date) -> None:
    """It comes soon enough for everything to be computed from it. Raises ``Invalid`` (400)."""
    if not today <= day <= today + dt.timedelta(days=400):
        raise Invalid(_("The first day is today or later, within a year."), field="starts_on")


def lock_recurrence(found: Recurrence) -> Recurrence:
    """To change it. Raises ``WrongState`` (409) once it has ended."""
    locked = _lock(found)
    if locked.status == RecurrenceStatus.ENDED:
        raise WrongState(current_status=locked.status)
    return locked


def _lock(found: Recurrence) -> Recurrence:
    return (
        Recurrence.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site__organisation", "client")
        .get(pk=found.pk)
    )


@transaction.atomic
def end_recurrence(found: Recurrence, *, last: dt.date | None = None, by: Actor) -> list[Occurrence]:
    """No more after a day (today without one): what was booked later is cancelled, but for the days that come back:
    too late, they take place. Ending twice is ending once."""
    locked = _lock(found)
    if locked.status == RecurrenceStatus.ENDED:
        return []
    standing = end_on(locked, last or timezone.localdate(timezone=ZoneInfo(locked.site.time_zone)), by=by)
    events.record("recurrence.ended", locked, by=by)
    return standing


def end_on(locked: Recurrence, last: dt.date, *, by: Actor) -> list[Occurrence]:
    """No more after a day, of a series that the caller has locked. What takes place all the same."""
    locked.ends_on, locked.status = last, RecurrenceStatus.ENDED
    locked.save(update_fields=["ends_on", "status"])
    later = [one for one in still_to_come(locked, last, dt.date.max) if one.due_on > last]
    return leave_out_what_may(later, "ended", by=by)
