"""Write a PASS IAE and its suspensions down: the end follows in the same transaction (R23)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Invalid, WrongState
from concierge.tenancy import Actor
from workers.actions.pass_alerts import plan_alerts
from workers.actions.pass_refusals import (
    InWaitingPeriod,
    PassesOverlap,
    PassNumberTaken,
    PassRefused,
    SuspensionsOverlap,
)
from workers.actions.ranges import within_range
from workers.enums.passes import ClosedAs, CloseReason, PassSource, SuspensionReason
from workers.models.contracts import Contract
from workers.models.passes import PassIAE, PassSuspension
from workers.models.people import Trainee
from workers.rules import pass_iae as rules


@dataclass(frozen=True)
class PassDetails:
    """A PASS as somebody reads it on its paper; ``imported_ends_on``: what the State's platform says."""

    number: str
    starts_on: dt.date
    is_prescribed: bool = False
    source: PassSource = PassSource.TYPED
    imported_ends_on: dt.date | None = None


@dataclass(frozen=True)
class SuspensionDetails:
    """A suspension; without ``ends_on`` it lasts as long as one may."""

    starts_on: dt.date
    ends_on: dt.date | None
    reason: SuspensionReason
    employer_kind: str
    is_last_employer: bool = True
    source: PassSource = PassSource.TYPED


@dataclass(frozen=True)
class Preview:
    """What a PASS would be with an entry that nobody has saved yet."""

    today: dt.date
    ends_on: dt.date
    entry_ends_on: dt.date
    days_left: int
    faults: list[rules.Fault]


def lock_pass(pass_iae: PassIAE) -> PassIAE:
    """The PASS as it is now; whoever else writes in its ledger waits."""
    found: PassIAE = PassIAE.objects.select_for_update(of=("self",), no_key=True).get(pk=pass_iae.pk)
    return found


def recount(pass_iae: PassIAE) -> None:
    """Make the end what the ledger says, and plan who is told when. The caller holds the lock.

    Raises ``PassRefused`` when a suspension would no longer start inside the PASS, ``PassesOverlap``.
    """
    ledger = pass_iae.ledger()
    if not ledger.is_sound():
        raise PassRefused([rules.Fault("ledger_not_sound", "")])
    pass_iae.ends_on = ledger.ends_on
    with refuse_on("passes_of_a_person_do_not_overlap", PassesOverlap()):
        pass_iae.save(update_fields=["ends_on"])
    plan_alerts(pass_iae, ledger)


@transaction.atomic
def enter_pass(trainee: Trainee, details: PassDetails, *, by: Actor) -> PassIAE:
    """Write down a PASS. A last day that differs from that of the State's platform is kept beside it and shown: it
    keeps nobody from work.

    Raises ``Invalid`` (400) for a number of another shape or a day out of range, ``InWaitingPeriod`` (400) within two
    years of the last one, ``PassNumberTaken`` and ``PassesOverlap`` (409).
    """
    number = rules.clean_number(details.number)
    if not rules.is_number(number):
        raise Invalid(_("A PASS number has twelve letters or digits."), field="number")
    within_range(details.starts_on, "starts_on")
    Trainee.objects.select_for_update(of=("self",), no_key=True).get(pk=trainee.pk)
    _refuse_in_waiting_period(trainee, details)
    terms = rules.terms_on(details.starts_on)
    ledger = rules.Ledger(details.starts_on, terms.days)
    with (
        refuse_on("pass_number_once_per_organisation", PassNumberTaken(field="number")),
        refuse_on("passes_of_a_person_do_not_overlap", PassesOverlap(field="starts_on")),
    ):
        pass_iae = PassIAE.objects.create(
            organisation_id=trainee.organisation_id,
            trainee=trainee,
            number=number,
            starts_on=details.starts_on,
            base_days=terms.days,
            ends_on=ledger.ends_on,
            source=details.source,
            imported_ends_on=details.imported_ends_on,
            is_prescribed=details.is_prescribed,
            entered_label=by.label[:120],
        )
    plan_alerts(pass_iae, ledger)
    events.record("pass_iae.entered", pass_iae, by=by, trainee=str(trainee.public_id))
    return pass_iae


def _refuse_in_waiting_period(trainee: Trainee, details: PassDetails) -> None:
    if details.source == PassSource.IMPORTED:
        return
    earlier = PassIAE.objects.kept().filter(trainee=trainee, ends_on__lt=details.starts_on)
    last_end = earlier.order_by("-ends_on").values_list("ends_on", flat=True).first()
    terms = rules.terms_on(details.starts_on)
    may = rules.may_begin(details.starts_on, last_end=last_end, is_prescribed=details.is_prescribed, terms=terms)
    if last_end is not None and not may:
        raise InWaitingPeriod(rules.waits_until(last_end, terms))


@transaction.atomic
def cancel_pass(pass_iae: PassIAE, *, reason: CloseReason, by: Actor) -> PassIAE:
    """It was written down by mistake: it stays to be read, counts no more, and its number is free again.

    Raises ``WrongState`` (409) when that has happened.
    """
    pass_iae = lock_pass(pass_iae)
    if pass_iae.cancelled_at is not None:
        raise WrongState
    pass_iae.cancelled_at = timezone.now()
    pass_iae.cancel_reason = reason
    pass_iae.cancelled_label = by.label[:120]
    pass_iae.save(update_fields=["cancelled_at", "cancel_reason", "cancelled_label"])
    plan_alerts(pass_iae, pass_iae.ledger())
    events.record("pass_iae.cancelled", pass_iae, by=by)
    return pass_iae


# --- suspensions -----------------------------------------------------------


def preview_suspension(
    pass_iae: PassIAE, details: SuspensionDetails, *, replacing: PassSuspension | None = None
) -> Preview:
    """The PASS with this suspension, and what forbids it. Nothing is written. Raises ``Invalid`` (400) for its days."""
    today = today_of(pass_iae.organisation)
    stretch = _stretch(details)
    without = _ledger_without(pass_iae, replacing)
    asked = rules.AskedSuspension(
        stretch=stretch,
        reason=details.reason,
        kind=details.employer_kind,
        is_last_employer=details.is_last_employer,
        started_on=replacing.starts_on if replacing else None,
        is_imported=details.source == PassSource.IMPORTED,
    )
    faults = rules.suspension_faults(without, asked, today=today, terms=rules.terms_on(stretch.starts_on))
    ledger = rules.Ledger(without.starts_on, without.days, (*without.suspensions, stretch), without.prolongations)
    if not faults and not ledger.is_sound():
        faults = [rules.Fault("ledger_not_sound", "starts_on")]
    return Preview(today, ledger.ends_on, stretch.ends_on, ledger.days_left(today), faults)


def _ledger_without(pass_iae: PassIAE, replacing: PassSuspension | None) -> rules.Ledger:
    rows = PassSuspension.objects.counting().filter(pass_iae=pass_iae)
    kept = rows.exclude(pk=replacing.pk) if replacing else rows
    whole = pass_iae.ledger()
    return rules.Ledger(whole.starts_on, whole.days, tuple(one.stretch for one in kept), whole.prolongations)


def _stretch(details: SuspensionDetails) -> rules.Stretch:
    within_range(details.starts_on, "starts_on")
    ends_on = details.ends_on or rules.longest_end(details.starts_on, rules.terms_on(details.starts_on))
    within_range(ends_on, "ends_on")
    if ends_on < details.starts_on:
        raise Invalid(_("The last day cannot be before the first day."), field="ends_on")
    return rules.Stretch(details.starts_on, ends_on)


@transaction.atomic
def suspend_pass(pass_iae: PassIAE, details: SuspensionDetails, *, by: Actor) -> PassSuspension:
    """Add a suspension and move the end by it.

    Raises ``PassRefused`` (422) with every rule that forbids it, ``SuspensionsOverlap`` (409) when somebody else has
    just written one down, ``Invalid`` (400) for days that cannot be meant, ``WrongState`` (409) for a cancelled PASS.
    """
    pass_iae = lock_pass(pass_iae)
    suspension = _insert(pass_iae, details, by=by)
    recount(pass_iae)
    events.record("pass_suspension.entered", suspension, by=by, **_news(pass_iae))
    return suspension


def _insert(
    pass_iae: PassIAE, details: SuspensionDetails, *, by: Actor, replacing: PassSuspension | None = None
) -> PassSuspension:
    if pass_iae.cancelled_at is not None:
        raise WrongState
    preview = preview_suspension(pass_iae, details, replacing=replacing)
    if preview.faults:
        raise PassRefused(preview.faults)
    suspension = PassSuspension(
        organisation_id=pass_iae.organisation_id,
        pass_iae=pass_iae,
        starts_on=details.starts_on,
        ends_on=preview.entry_ends_on,
        employer_kind=details.employer_kind,
        source=details.source,
        supersedes=replacing,
        entered_by=by.user,
        entered_label=by.label[:120],
    )
    suspension.reason = details.reason
    with refuse_on("suspensions_of_a_pass_do_not_overlap", SuspensionsOverlap(field="starts_on")):
        suspension.save()
    _lost(pass_iae, None)
    return suspension


@transaction.atomic
def correct_suspension(suspension: PassSuspension, details: SuspensionDetails, *, by: Actor) -> PassSuspension:
    """Replace a suspension by another entry; the first stays to be read. Raises as ``suspend_pass``, and ``WrongState``
    (409) when it counts no more."""
    pass_iae, suspension = _lock_both(suspension)
    _close(suspension, as_=ClosedAs.REPLACED, reason=CloseReason.CORRECTED, by=by)
    entry = _insert(pass_iae, details, by=by, replacing=suspension)
    recount(pass_iae)
    events.record("pass_suspension.corrected", entry, by=by, **_news(pass_iae))
    return entry


@transaction.atomic
def cancel_suspension(suspension: PassSuspension, *, reason: CloseReason, by: Actor) -> PassSuspension:
    """It counts no more: the end goes back. Raises ``WrongState`` (409), ``PassRefused`` (422) when another suspension
    would then start outside of the PASS."""
    pass_iae, suspension = _lock_both(suspension)
    _close(suspension, as_=ClosedAs.CANCELLED, reason=reason, by=by)
    recount(pass_iae)
    events.record("pass_suspension.cancelled", suspension, by=by, **_news(pass_iae))
    return suspension


@transaction.atomic
def resume_pass(trainee: Trainee, *, hired_on: dt.date, by: Actor) -> list[PassSuspension]:
    """Somebody is hired again: a suspension under way that day ends the day before. Returns those that were ended: none
    when the hire was withdrawn meanwhile, which waits for the same row of the person. Safe twice."""
    _lock_person(trainee)
    ended: list[PassSuspension] = []
    if not _is_hired(trainee, hired_on):
        return ended
    for pass_iae in PassIAE.objects.kept().filter(trainee=trainee, ends_on__gte=hired_on).order_by("pk"):
        locked = lock_pass(pass_iae)
        for one in PassSuspension.objects.counting().filter(
            pass_iae=locked, starts_on__lte=hired_on, ends_on__gte=hired_on
        ):
            left = rules.ended_by_hire(one.stretch, hired_on)
            _close(
                one,
                as_=ClosedAs.REPLACED if left else ClosedAs.CANCELLED,
                reason=CloseReason.HIRED_AGAIN,
                by=by,
            )
            if left:
                _again(one, left, after=one, by=by)
            ended.append(one)
            events.record("pass_suspension.ended", one, by=by, **_news(locked))
        recount(locked)
    return ended


def _again(one: PassSuspension, stretch: rules.Stretch, *, after: PassSuspension, by: Actor) -> PassSuspension:
    """The same suspension on other days, as the entry that follows ``after``."""
    return PassSuspension.objects.create(
        organisation_id=one.organisation_id,
        pass_iae_id=one.pass_iae_id,
        starts_on=stretch.starts_on,
        ends_on=stretch.ends_on,
        sealed=one.sealed,
        employer_kind=one.employer_kind,
        source=one.source,
        supersedes=after,
        entered_by=by.user,
        entered_label=by.label[:120],
    )


@transaction.atomic
def give_back_suspensions(trainee: Trainee, *, hired_on: dt.date, by: Actor) -> bool:
    """A hire on that day was withdrawn: a suspension that it had ended goes on as before, as a new entry, until another
    hire ends it. Returns whether nothing is lost; ``False``: somebody has to write it down again. Safe twice."""
    is_whole = True
    for pass_iae in PassIAE.objects.kept().filter(trainee=trainee).order_by("pk"):
        locked = lock_pass(pass_iae)
        ended = PassSuspension.objects.filter(pass_iae=locked, close_reason=CloseReason.HIRED_AGAIN)
        ended = ended.filter(starts_on__lte=hired_on, ends_on__gte=hired_on).select_related("superseded_by")
        for one in ended.order_by("pk"):
            left = getattr(one, "superseded_by", None)
            stood = rules.ended_by_hire(one.stretch, hired_on)
            if (left is None and stood is not None) or (left is not None and (stood is None or left.stretch != stood)):
                continue  # another hire ended it, or it was given back
            if left is not None and left.closed_at is not None:
                is_back = left.close_reason in {CloseReason.HIRED_AGAIN, CloseReason.HIRE_WITHDRAWN}
            else:
                is_back = _given_back(locked, one, left, trainee, by=by)
            if not is_back:
                _lost(locked, today_of(locked.organisation))
            is_whole = is_whole and is_back
    return is_whole


def _lost(pass_iae: PassIAE, day: dt.date | None) -> None:
    """Since when a suspension waits to be written down again; None: it does not."""
    if pass_iae.suspension_lost_on != day:
        pass_iae.suspension_lost_on = day
        pass_iae.save(update_fields=["suspension_lost_on"])


def _given_back(
    pass_iae: PassIAE, one: PassSuspension, left: PassSuspension | None, trainee: Trainee, *, by: Actor
) -> bool:
    hires = Contract.objects.standing().ours().filter(trainee=trainee, renews=None)
    # What an earlier hire had left is given back whole when that hire stands no more either.
    while one.supersedes_id is not None:
        before = PassSuspension.objects.get(pk=one.supersedes_id)
        ended_it = hires.filter(starts_on=one.ends_on + rules.ONE_DAY)
        if before.close_reason != CloseReason.HIRED_AGAIN or ended_it.exists():
            break
        one = before
    stretch: rules.Stretch | None = one.stretch
    after = left.ends_on if left else one.starts_on - rules.ONE_DAY
    if hired := hires.filter(starts_on__gt=after, starts_on__lte=one.ends_on).order_by("starts_on").first():
        stretch = rules.ended_by_hire(one.stretch, hired.starts_on)
    if stretch is None or (left is not None and stretch == left.stretch):
        return True
    try:
        with transaction.atomic():
            if left is not None:
                _close(left, as_=ClosedAs.REPLACED, reason=CloseReason.HIRE_WITHDRAWN, by=by)
            with refuse_on("suspensions_of_a_pass_do_not_overlap", SuspensionsOverlap()):
                entry = _again(one, stretch, after=left or one, by=by)
            recount(pass_iae)
            events.record("pass_suspension.given_back", entry, by=by, **_news(pass_iae))
    except (PassRefused, PassesOverlap, SuspensionsOverlap):
        return False
    return True


def _lock_person(trainee: Trainee) -> None:
    Trainee.objects.select_for_update(of=("self",), no_key=True).get(pk=trainee.pk)


def _is_hired(trainee: Trainee, day: dt.date) -> bool:
    """Whether a contract with the house that begins on that day stands."""
    return Contract.objects.standing().ours().filter(trainee=trainee, starts_on=day).exists()


def _lock_both(suspension: PassSuspension) -> tuple[PassIAE, PassSuspension]:
    pass_iae = lock_pass(suspension.pass_iae)
    locked: PassSuspension = PassSuspension.objects.select_for_update(of=("self",), no_key=True).get(pk=suspension.pk)
    return pass_iae, locked


def _close(suspension: PassSuspension, *, as_: ClosedAs, reason: CloseReason, by: Actor) -> None:
    if suspension.closed_at is not None:
        raise WrongState
    suspension.closed_at = timezone.now()
    suspension.closed_as = as_
    suspension.close_reason = reason
    suspension.closed_label = by.label[:120]
    suspension.save(update_fields=["closed_at", "closed_as", "close_reason", "closed_label"])


def _news(pass_iae: PassIAE) -> dict[str, Any]:
    """What an event says: which PASS, and its end. Never a reason."""
    return {"pass_iae": str(pass_iae.public_id), "ends_on": pass_iae.ends_on.isoformat()}
