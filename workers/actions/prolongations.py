"""A PASS goes on: ask, grant, deny, take back (R23)."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import encryption, events
from concierge.days import today_of, zone_of
from concierge.db import refuse_on
from concierge.errors import Invalid, WrongState
from concierge.files import PDF, CleanFile
from concierge.tenancy import Actor
from workers.actions.pass_refusals import PassRefused, ProlongationPending
from workers.actions.passes import Preview, lock_pass, recount
from workers.actions.ranges import within_range
from workers.enums.passes import (
    ClosedAs,
    CloseReason,
    DenyReason,
    PassSource,
    ProlongationReason,
    ProlongationStatus,
    ProposedAction,
)
from workers.models.passes import PassIAE, PassProlongation, PassReport
from workers.rules import pass_iae as rules
from workers.rules.intervals import civil_day

# A report is a PDF of a few pages.
MOST_BYTES = 3 * 1024 * 1024


@dataclass(frozen=True)
class ProlongationDetails:
    """What is asked for; ``report``: a PDF that was written anew (ADR 19)."""

    reason: ProlongationReason
    ends_on: dt.date
    employer_kind: str
    prescriber_name: str = ""
    prescriber_body: str = ""
    training_ends_on: dt.date | None = None
    report: CleanFile | None = None
    # The day on which the State granted it, when that has happened: nothing is judged again.
    decided_on: dt.date | None = None


def preview_prolongation(pass_iae: PassIAE, details: ProlongationDetails, *, has_report: bool) -> Preview:
    """The PASS with this prolongation, and what forbids it. Nothing is written. Raises ``Invalid`` (400)."""
    within_range(details.ends_on, "ends_on")
    today = today_of(pass_iae.organisation)
    if details.decided_on is not None:
        within_range(details.decided_on, "decided_on")
        if details.decided_on > today:
            raise Invalid(_("The State decided today or before."), field="decided_on")
    rows = PassProlongation.objects.asked().filter(pass_iae=pass_iae)
    asked = rules.AskedProlongation(
        reason=details.reason,
        ends_on=details.ends_on,
        kind=details.employer_kind,
        has_opinion=bool(details.prescriber_name.strip()),
        has_report=has_report,
        training_ends_on=details.training_ends_on,
        born_on=getattr(pass_iae.trainee, "birth_date", None),
        used=tuple(row.stretch for row in rows),
        is_imported=details.decided_on is not None,
    )
    terms = rules.terms_on(today)
    faults = rules.prolongation_faults(pass_iae.ends_on, asked, today=today, terms=terms)
    ends_on = max(details.ends_on, pass_iae.ends_on)
    ledger = pass_iae.ledger()
    longer = rules.Ledger(
        ledger.starts_on,
        ledger.days,
        ledger.suspensions,
        (*ledger.prolongations, rules.Stretch(pass_iae.ends_on, ends_on)),
    )
    return Preview(today, longer.ends_on, ends_on, longer.days_left(today), faults)


@transaction.atomic
def ask_prolongation(pass_iae: PassIAE, details: ProlongationDetails, *, by: Actor) -> PassProlongation:
    """Ask for more time. A reason that needs no opinion is granted at once, and so is what the State has decided.

    Raises ``PassRefused`` (422) with every rule that forbids it, ``ProlongationPending`` (409), ``Invalid`` (400) for
    a file that is no PDF or a day out of range, ``WrongState`` (409) for a cancelled PASS.
    """
    pass_iae = lock_pass(pass_iae)
    if pass_iae.cancelled_at is not None:
        raise WrongState
    if details.report is not None:
        _check_report(details.report)
    preview = preview_prolongation(pass_iae, details, has_report=details.report is not None)
    if preview.faults:
        raise PassRefused(preview.faults)
    prolongation = _entry(pass_iae, details, by=by)
    with refuse_on("prolongation_asked_for_one_at_a_time", ProlongationPending()):
        prolongation.save()
    if details.report is not None:
        _keep_report(prolongation, details.report.content)
    events.record("pass_prolongation.asked", prolongation, by=by, pass_iae=str(pass_iae.public_id))
    needs_opinion = rules.terms_on(prolongation.requested_on).prolongations[details.reason].needs_opinion
    if details.decided_on is not None or not needs_opinion:
        _grant(pass_iae, prolongation, by=by, on=details.decided_on)
    return prolongation


def _entry(pass_iae: PassIAE, details: ProlongationDetails, *, by: Actor) -> PassProlongation:
    prolongation = PassProlongation(
        organisation_id=pass_iae.organisation_id,
        pass_iae=pass_iae,
        starts_on=pass_iae.ends_on,
        ends_on=details.ends_on,
        employer_kind=details.employer_kind,
        source=PassSource.IMPORTED if details.decided_on else PassSource.TYPED,
        entered_by=by.user,
        entered_label=by.label[:120],
        requested_on=details.decided_on or today_of(pass_iae.organisation),
        training_ends_on=details.training_ends_on,
        prescriber_name=details.prescriber_name.strip(),
        prescriber_body=details.prescriber_body.strip(),
    )
    prolongation.reason = details.reason
    return prolongation


def _check_report(report: CleanFile) -> None:
    if len(report.content) > MOST_BYTES:
        raise Invalid(_("The report is too large: 3 MB at most."), field="report")
    if report.media_type != PDF:
        raise Invalid(_("The report must be a PDF."), field="report")


def _keep_report(prolongation: PassProlongation, report: bytes) -> None:
    PassReport.objects.create(
        organisation_id=prolongation.organisation_id,
        prolongation=prolongation,
        sealed=encryption.encrypt(base64.b64encode(report).decode("ascii")),
        size=len(report),
    )


def read_report(report: PassReport) -> bytes:
    """The PDF. Raises ``encryption.Unreadable``."""
    return base64.b64decode(encryption.decrypt(report.sealed))


@transaction.atomic
def grant_prolongation(prolongation: PassProlongation, *, by: Actor) -> PassProlongation:
    """The prescriber said yes: the end moves. Raises ``WrongState`` (409) unless it waits for an answer."""
    pass_iae, prolongation = _lock_both(prolongation)
    _require_pending(prolongation)
    _grant(pass_iae, prolongation, by=by)
    return prolongation


def _grant(pass_iae: PassIAE, prolongation: PassProlongation, *, by: Actor, on: dt.date | None = None) -> None:
    """``on``: the day of a decision that the State took before somebody wrote it down."""
    # It starts at the end of the PASS, which a suspension may have moved since it was asked for.
    length = prolongation.ends_on - prolongation.starts_on
    prolongation.starts_on, prolongation.ends_on = pass_iae.ends_on, pass_iae.ends_on + length
    prolongation.status = ProlongationStatus.GRANTED
    prolongation.decided_at = _decided_at(pass_iae, on)
    prolongation.decided_label = by.label[:120]
    prolongation.save(update_fields=["starts_on", "ends_on", "status", "decided_at", "decided_label"])
    recount(pass_iae)
    events.record("pass_prolongation.granted", prolongation, by=by, **_news(pass_iae))


def _decided_at(pass_iae: PassIAE, on: dt.date | None) -> dt.datetime:
    return civil_day(on, zone_of(pass_iae.organisation)).start if on else timezone.now()


@transaction.atomic
def deny_prolongation(
    prolongation: PassProlongation, *, reason: DenyReason, proposed: ProposedAction, by: Actor
) -> PassProlongation:
    """The prescriber said no, why, and what is proposed instead. Raises ``WrongState`` (409)."""
    _pass_iae, prolongation = _lock_both(prolongation)
    _require_pending(prolongation)
    prolongation.status = ProlongationStatus.DENIED
    prolongation.deny_reason = reason
    prolongation.deny_action = proposed
    prolongation.decided_at = timezone.now()
    prolongation.decided_label = by.label[:120]
    prolongation.save(update_fields=["status", "deny_reason", "deny_action", "decided_at", "decided_label"])
    events.record("pass_prolongation.denied", prolongation, by=by, pass_iae=str(prolongation.pass_iae.public_id))
    return prolongation


@transaction.atomic
def cancel_prolongation(prolongation: PassProlongation, *, reason: CloseReason, by: Actor) -> PassProlongation:
    """It counts no more; an end that it had moved goes back.

    Raises ``WrongState`` (409), ``PassRefused`` (422) when a suspension would then start outside of the PASS.
    """
    pass_iae, prolongation = _lock_both(prolongation)
    if prolongation.closed_at is not None:
        raise WrongState
    prolongation.closed_at = timezone.now()
    prolongation.closed_as = ClosedAs.CANCELLED
    prolongation.close_reason = reason
    prolongation.closed_label = by.label[:120]
    prolongation.save(update_fields=["closed_at", "closed_as", "close_reason", "closed_label"])
    recount(pass_iae)
    events.record("pass_prolongation.cancelled", prolongation, by=by, **_news(pass_iae))
    return prolongation


def _lock_both(prolongation: PassProlongation) -> tuple[PassIAE, PassProlongation]:
    pass_iae = lock_pass(prolongation.pass_iae)
    locked: PassProlongation = PassProlongation.objects.select_for_update(of=("self",), no_key=True).get(
        pk=prolongation.pk
    )
    return pass_iae, locked


def _require_pending(prolongation: PassProlongation) -> None:
    if prolongation.status != ProlongationStatus.PENDING or prolongation.closed_at is not None:
        raise WrongState


def _news(pass_iae: PassIAE) -> dict[str, Any]:
    """What an event says: which PASS, and its end. Never a reason."""
    return {"pass_iae": str(pass_iae.public_id), "ends_on": pass_iae.ends_on.isoformat()}
