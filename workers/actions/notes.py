"""Follow-up notes: written, corrected in versions, never taken away (2 years after the last contact they go)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events, retention
from concierge.errors import Invalid, NotAllowed, StaleVersion
from concierge.tenancy import Actor
from workers.models import ProgressNote, TimeEntry, Trainee
from workers.perms import can_write_notes


@transaction.atomic
def write_note(trainee: Trainee, text: str, *, by: Actor) -> ProgressNote:
    """Write how somebody gets on. Raises ``NotAllowed`` (403), ``Invalid`` (400) for nothing or too much."""
    if not can_write_notes(by, trainee):
        raise NotAllowed
    today = timezone.now().astimezone(ZoneInfo(trainee.site.time_zone)).date()
    note = ProgressNote.objects.create(
        organisation_id=trainee.organisation_id,
        trainee=trainee,
        author=by.user,
        text=_checked(text),
        written_on=today,
        recorded_at=timezone.now(),
    )
    events.record("progress_note.written", note, by=by, trainee=str(trainee.public_id))
    return note


@transaction.atomic
def correct_note(note: ProgressNote, text: str, *, by: Actor) -> ProgressNote:
    """A new version; the old one stays readable. Only by whoever wrote it, as long as they may write about the person.

    Raises ``NotAllowed`` (403), ``Invalid`` (400), ``StaleVersion`` (412).
    """
    if by.user is None or note.author_id != by.user.pk or not can_write_notes(by, note.trainee):
        raise NotAllowed
    new_text = _checked(text)
    old = ProgressNote.objects.select_for_update(of=("self",), no_key=True).get(pk=note.pk)
    if not old.is_current:
        raise StaleVersion
    old.is_current = False
    old.save(update_fields=["is_current"])
    new = ProgressNote.objects.create(
        organisation_id=old.organisation_id,
        trainee_id=old.trainee_id,
        author=by.user,
        text=new_text,
        written_on=old.written_on,
        recorded_at=timezone.now(),
        version=old.version + 1,
        replaces=old,
    )
    events.record("progress_note.corrected", new, by=by, trainee=str(note.trainee.public_id))
    return new


def _checked(text: str) -> str:
    found = text.strip()
    if not found:
        raise Invalid(_("Write something."), field="text")
    if len(found) > 2000:
        raise Invalid(_("At most 2,000 characters."), field="text")
    return found


@retention.forget("progress_notes")
def old_notes(before: dt.datetime) -> QuerySet[ProgressNote]:
    """Notes about people of whom nothing was written and no hour worked since then (domain.md 4.1, S72)."""
    notes = ProgressNote.objects.filter(trainee_id=OuterRef("trainee_id"), recorded_at__gte=before)
    hours = TimeEntry.objects.filter(trainee_id=OuterRef("trainee_id"), ends_on__gte=before.date())
    return ProgressNote.objects.filter(~Exists(notes), ~Exists(hours), replaced_by__isnull=True)
