"""What is agreed with a provider: which service, at which price, on which terms, between which days (R33)."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from bookings.rules.quotes import seal_of
from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, WrongState
from concierge.tenancy import Actor
from providers.actions.file_moves import check_row, lock_provider
from providers.enums import AGREEMENT_TRANSITIONS, AgreementKind, AgreementStatus
from providers.models import Provider, ServiceAgreement
from providers.rules import agreement_text
from providers.rules import agreements as rules
from providers.rules.agreements import Terms

PROBLEMS: dict[str, Any] = {
    "amount_missing": _("Give the amount of this kind of agreement."),
    "amount_of_another_kind": _("Leave this empty: it belongs to another kind of agreement."),
    "introduction_invoicing": _("Introduced only, the provider invoices the client."),
    "client_pays_us": _("The client pays us: the provider cannot invoice the client."),
    "mandate_to_come": _("A mandate cannot be signed in the future."),
    "mandate_missing": _("Self-billing needs a mandate: say when the provider signed it."),
    "too_many_hours": _("At most 720 hours: thirty days."),
    "day_out_of_reach": _("Please choose a day between 2000 and 2099."),
    "ends_before_it_begins": _("The last day cannot be before the first day."),
}


@transaction.atomic
def draft_agreement(
    provider: Provider, service: Service, terms: Terms, *, text: str = "", by: Actor
) -> ServiceAgreement:
    """Write an agreement that binds nobody yet: its terms, and its text with placeholders for them.

    Raises ``Invalid`` naming the field at fault.
    """
    agreement = ServiceAgreement(
        organisation_id=provider.organisation_id,
        provider=provider,
        service=service,
        status=AgreementStatus.DRAFT,
        text=text,
        **vars(terms),
    )
    _check(agreement, terms)
    agreement.save()
    say(agreement, "drafted", by)
    return agreement


def draft_seal(draft: ServiceAgreement) -> str:
    """What a draft says, as SHA-256: a page posts it back, so that nobody keeps or sends what they did not read."""
    said = {field.name: str(getattr(draft, field.name)) for field in fields(Terms)}
    return seal_of({"service": draft.service.code, "terms": said, "text": draft.text})


def check_read(locked: ServiceAgreement, read: str | None) -> None:
    """Raises ``Conflict`` when a draft says something else than what was on the screen; ``None``: no screen."""
    if read is not None and locked.status == AgreementStatus.DRAFT and read != draft_seal(locked):
        raise Conflict(_("Somebody has changed this draft meanwhile. Please read it again, then decide."))


@transaction.atomic
def change_agreement(
    agreement: ServiceAgreement, service: Service, terms: Terms, *, text: str = "", read: str | None = None, by: Actor
) -> ServiceAgreement:
    """Write a draft anew. Raises ``Invalid``, ``WrongState`` once it was sent or binds, ``Conflict`` as above."""
    locked = lock_agreement(agreement)
    if locked.status != AgreementStatus.DRAFT:
        raise WrongState(current_status=locked.status)
    check_read(locked, read)
    locked.service, locked.text = service, text
    for name, value in vars(terms).items():
        setattr(locked, name, value)
    _check(locked, terms)
    locked.save()
    say(locked, "changed", by)
    return locked


@transaction.atomic
def sign_on_paper(agreement: ServiceAgreement, *, read: str | None = None, by: Actor) -> ServiceAgreement:
    """Both sides have signed it on paper: from its first day on it binds.

    Raises ``Conflict`` at ``valid_from`` when one that binds already covers some of its days, and ``Conflict`` when
    the draft says something else than what was read.
    """
    locked = lock_agreement(agreement)
    check_read(locked, read)
    lock_provider(locked.provider)
    move(locked, "sign_on_paper")
    bind(locked)
    say(locked, "signed", by, channel="paper")
    return locked


@transaction.atomic
def withdraw_agreement(agreement: ServiceAgreement, *, read: str | None = None, by: Actor) -> ServiceAgreement:
    """Give up what does not bind yet. Raises ``WrongState``, or ``Conflict`` when the draft was not what was read."""
    locked = lock_agreement(agreement)
    check_read(locked, read)
    move(locked, "withdraw")
    locked.save(update_fields=["status"])
    say(locked, "withdrawn", by, was_sent=bool(locked.seal))
    return locked


@transaction.atomic
def end_agreement(agreement: ServiceAgreement, *, on: dt.date, by: Actor) -> ServiceAgreement:
    """Let an agreement that binds end on a day (included), sooner than was agreed. Work already asked keeps its price.

    Raises ``Invalid`` on a day that has passed, before its first day and after its last, ``WrongState`` when it does
    not bind.
    """
    locked = lock_agreement(agreement)
    if not locked.is_binding:
        raise WrongState(current_status=locked.status)
    if on < today_of(locked.organisation):
        raise Invalid(_("That day has passed: what was asked since then was agreed."), field="valid_to")
    if on < locked.valid_from:
        raise Invalid(_("The last day cannot be before the first day."), field="valid_to")
    if on > (locked.valid_to or rules.LATEST):
        raise Invalid(_("It ends before that day already: agree anew for the time after."), field="valid_to")
    locked.valid_to = on
    locked.save(update_fields=["valid_to"])
    say(locked, "ended", by, on=on.isoformat())
    return locked


@transaction.atomic
def agree_service(
    provider: Provider,
    service: Service,
    *,
    purchase_price: Decimal | None = None,
    commission_percent: Decimal | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
    by: Actor,
) -> ServiceAgreement:
    """Note what was signed on paper from a day on (today): paid per item, or the client's price less a commission
    (none). Raises ``Invalid`` on a wrong price or period, ``Conflict`` when one already covers some of the days.
    """
    is_bought = purchase_price is not None
    terms = Terms(
        kind=AgreementKind.PURCHASE if is_bought else AgreementKind.COMMISSION,
        purchase_price=purchase_price,
        commission_percent=commission_percent if is_bought or commission_percent is not None else Decimal(0),
        valid_from=valid_from or today_of(provider.organisation),
        valid_to=valid_to,
    )
    return sign_on_paper(draft_agreement(provider, service, terms, by=by), by=by)


def lock_agreement(agreement: ServiceAgreement) -> ServiceAgreement:
    """Re-read an agreement under its row lock."""
    found = ServiceAgreement.objects.select_for_update(of=("self",), no_key=True)
    return found.select_related("provider", "service", "organisation").get(pk=agreement.pk)


def move(locked: ServiceAgreement, verb: str) -> None:
    """The next state of a locked agreement, not saved yet. Raises ``WrongState``."""
    allowed, then = AGREEMENT_TRANSITIONS[verb]
    if locked.status not in allowed:
        raise WrongState(current_status=locked.status)
    locked.status = then


def bind(locked: ServiceAgreement) -> None:
    """Save the state that binds. Raises ``Conflict`` at ``valid_from``."""
    taken = Conflict(_("An agreement for this service already covers some of these days."), field="valid_from")
    with refuse_on("service_agreements_do_not_overlap", taken):
        locked.save(update_fields=["status"])


def _check(agreement: ServiceAgreement, terms: Terms) -> None:
    if len(agreement.text) > agreement_text.MOST:
        raise Invalid(_("This text is too long."), field="text")
    wrong = rules.problem(terms, today=today_of(agreement.organisation))
    if wrong is not None:
        field, code = wrong
        raise Invalid(PROBLEMS[code], field=field)
    check_row(agreement)


def say(agreement: ServiceAgreement, name: str, by: Actor, **data: Any) -> None:
    """Record what happened to an agreement."""
    events.record(
        f"agreement.{name}",
        agreement,
        by=by,
        provider=str(agreement.provider.public_id),
        service=agreement.service.code,
        **data,
    )
