"""Say from which day on the law wants another sentence (A2): rows that an accountant writes, never code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.enums import TextCode
from billing.models import LegalEntity, LegalText
from billing.rules.codes import VATEX
from billing.rules.einvoice import WITHOUT_VAT
from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, WrongState
from concierge.tenancy import Actor

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a sentence says. ``vatex``: its code of the list VATEX, for reasons for which there is no VAT."""

    text_fr: str
    text_en: str = ""
    law_ref: str = ""
    vatex: str = ""


class FollowedAlready(Conflict):
    """Another wording begins later."""

    code = "text_followed"
    message = _("Another wording begins on this day or later: take that one back first.")


@transaction.atomic
def change_text(entity: LegalEntity, code: TextCode, wording: Wording, *, since: dt.date, by: Actor) -> LegalText:
    """From a day on, documents say this; the wording before ends the day before. What is issued keeps what it says.

    Raises ``Invalid`` (400) for a day that is over and for an impossible code, ``FollowedAlready`` (409) when a wording
    begins on that day or later.
    """
    if since < today_of(entity.organisation):
        raise Invalid(_("Choose today or a day to come: what is issued keeps what it says."), field="since")
    if not wording.text_fr:
        raise Invalid(_("Write what documents say."), field="text_fr")
    if wording.vatex and not VATEX.fullmatch(wording.vatex):
        raise Invalid(_("This code is not on the list VATEX of French reasons."), field="vatex")
    rows = _locked(entity, code)
    if any(row.valid_from >= since for row in rows):
        raise FollowedAlready(field="since")
    before = rows[-1] if rows and (rows[-1].valid_to is None or rows[-1].valid_to >= since) else None
    until = before.valid_to if before else None
    if before is not None:
        before.valid_to, before.ends_with_next = since - ONE_DAY, True
        before.save(update_fields=["valid_to", "ends_with_next"])
    made = LegalText(
        organisation_id=entity.organisation_id,
        code=code,
        text_fr=wording.text_fr,
        text_en=wording.text_en,
        law_ref=wording.law_ref,
        vatex=wording.vatex if code in WITHOUT_VAT else "",
        valid_from=since,
        valid_to=until,
    )
    with refuse_on("legal_text_one_per_day", FollowedAlready(field="since")):
        made.save()
    events.record("legal_text.changed", entity, by=by, code=code, since=since.isoformat())
    return made


@transaction.atomic
def take_text_back(entity: LegalEntity, code: TextCode, *, since: dt.date, by: Actor) -> None:
    """The wording that begins on a day to come was a mistake: the one before goes on. Only the last one, so that no day
    is left without words. Raises ``WrongState`` (409) once it counts, is followed or is gone."""
    rows = _locked(entity, code)
    last = rows[-1] if rows else None
    if last is None or last.valid_from != since:
        raise WrongState
    if since <= today_of(entity.organisation):
        raise WrongState(_("This wording counts already: write the next one instead."))
    events.record("legal_text.taken_back", entity, by=by, code=code, since=since.isoformat())
    last.withdrawn_on = today_of(entity.organisation)
    last.save(update_fields=["withdrawn_on"])
    before = rows[-2] if len(rows) > 1 else None
    if before is not None and before.ends_with_next:
        before.valid_to, before.ends_with_next = last.valid_to, False
        before.save(update_fields=["valid_to", "ends_with_next"])


def _locked(entity: LegalEntity, code: str) -> list[LegalText]:
    """The wordings of a sentence, for one writer at a time; without any, the constraint is the referee."""
    rows: QuerySet[LegalText] = LegalText.objects.standing().filter(organisation=entity.organisation_id, code=code)
    return list(rows.order_by("valid_from").select_for_update(of=("self",), no_key=True))
