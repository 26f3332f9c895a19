"""Facts kept apart: add one, end one, open them for a purpose (R28, R42). Nothing here says what they are to an event,
a log or an error."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from concierge import events
from concierge.encryption import Unreadable
from concierge.errors import WrongState
from concierge.tenancy import Actor
from workers.actions.prolongations import read_report
from workers.enums.vault import FactCode, FollowUpBy, VaultAct, VaultPurpose
from workers.models.passes import PassIAE, PassReport
from workers.models.people import Trainee
from workers.models.vault import Fact, SensitiveFact, VaultReading


@transaction.atomic
def open_facts(trainee: Trainee, *, purpose: VaultPurpose, by: Actor) -> list[tuple[SensitiveFact, Fact]]:
    """What is kept apart about a person, and a row that says who read it and what for: both or none."""
    _log(trainee, VaultAct.READ, purpose, by=by)
    found = SensitiveFact.objects.visible_to(by).current().filter(trainee=trainee)
    return [(row, row.open()) for row in found]


@transaction.atomic
def open_reasons(pass_iae: PassIAE, *, purpose: VaultPurpose, by: Actor) -> dict[uuid.UUID, str | None]:
    """Why a PASS was suspended or prolonged, by entry, and a row that says who read it and what for: both or none.
    Empty: forgotten; None: its key is gone (P01)."""
    _log(pass_iae.trainee, VaultAct.REASONS, purpose, by=by)
    found: dict[uuid.UUID, str | None] = {}
    for entry in (*pass_iae.suspensions.all(), *pass_iae.prolongations.all()):
        try:
            found[entry.public_id] = entry.reason_words
        except Unreadable:
            found[entry.public_id] = None
    return found


@transaction.atomic
def open_report(report: PassReport, *, purpose: VaultPurpose, by: Actor) -> bytes:
    """The report (PDF) of a prolongation, and a row that says who read it and what for: both or none (P01). Raises
    ``encryption.Unreadable``."""
    _log(report.prolongation.pass_iae.trainee, VaultAct.REPORT, purpose, by=by)
    return read_report(report)


@transaction.atomic
def note_fact(trainee: Trainee, *, code: FactCode, follow_up: FollowUpBy, by: Actor) -> SensitiveFact:
    """Add a fact, or say anew who accompanies the person on it: the row before ends.

    What is noted already is noted anew, and answered alike: whether it was kept must not be read by trying. Raises
    ``encryption.Unreadable`` when what is kept cannot be compared.
    """
    Trainee.objects.select_for_update(of=("self",), no_key=True).get(pk=trainee.pk)
    for row in SensitiveFact.objects.current().filter(trainee=trainee):
        if row.open().code == code:
            row.ended_at = timezone.now()
            row.save(update_fields=["ended_at"])
    fact = SensitiveFact(organisation_id=trainee.organisation_id, trainee=trainee)
    fact.seal(Fact(code, follow_up))
    fact.save()
    _log(trainee, VaultAct.NOTED, None, by=by)
    events.record("sensitive_fact.noted", trainee, by=by)
    return fact


@transaction.atomic
def end_fact(fact: SensitiveFact, *, by: Actor) -> None:
    """It holds no more. Raises ``WrongState`` (409) when it has ended."""
    locked = SensitiveFact.objects.select_for_update(of=("self",), no_key=True).get(pk=fact.pk)
    if locked.ended_at is not None:
        raise WrongState
    locked.ended_at = timezone.now()
    locked.save(update_fields=["ended_at"])
    _log(fact.trainee, VaultAct.ENDED, None, by=by)
    events.record("sensitive_fact.ended", fact.trainee, by=by)


def _log(trainee: Trainee, act: VaultAct, purpose: VaultPurpose | None, *, by: Actor) -> None:
    VaultReading.objects.create(
        organisation_id=trainee.organisation_id,
        trainee=trainee,
        reader=by.user,
        reader_label=by.label[:120] or by.reference,
        act=act,
        purpose=purpose or "",
        at=timezone.now(),
    )
