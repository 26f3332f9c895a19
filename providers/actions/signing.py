"""An agreement is sent, read and signed by both sides, each to the very text that was sent (R33)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from bookings.rules.quotes import seal_of
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.errors import DomainError, Invalid, WrongState
from concierge.tenancy import Actor
from providers.actions.agreement_texts import values_of
from providers.actions.agreements import bind, check_read, lock_agreement, move, say
from providers.actions.file_moves import lock_provider
from providers.actions.links import issue_link, revoke_link
from providers.enums import AgreementStatus, Side
from providers.models import AgreementLink, AgreementSignature, ServiceAgreement
from providers.rules import agreement_text


class AgreementReplaced(DomainError):
    """Another text was on the screen than the one that is waiting."""

    code, status = "agreement_replaced", 409
    message = _("This is not the text that you read. Please read it again, then sign.")


class AgreementSigned(WrongState):
    """This side has signed already, or both have."""

    code = "agreement_already_signed"
    message = _("This agreement is already signed on your side.")


class AgreementOver(WrongState):
    """Its last day has passed."""

    code = "agreement_over"
    message = _("The last day of this agreement has passed: it cannot be signed any more.")


class SignedForTheOther(DomainError):
    """One account for both sides would agree with itself."""

    code, status = "agreement_signed_for_the_other", 409
    message = _("You have signed for the other side: somebody else has to sign here.")


@transaction.atomic
def send_agreement(agreement: ServiceAgreement, *, read: str | None = None, by: Actor) -> ServiceAgreement:
    """Freeze the text and have the provider told. From now on nothing of it changes: it is signed or given up.

    Raises ``Invalid`` at the field at fault, ``WrongState`` unless it is a draft, ``Conflict`` when that says something
    else than what was read.
    """
    locked = lock_agreement(agreement)
    check_read(locked, read)
    move(locked, "send")
    _still_to_come(locked, Invalid(_("Its last day is over already."), field="valid_to"))
    with override(locked.provider.language):
        locked.content = _content_of(locked)
    locked.seal, locked.sent_at = seal_of(locked.content), timezone.now()
    locked.save(update_fields=["status", "content", "seal", "sent_at"])
    issue_link(locked)
    say(locked, "sent", by)
    return locked


@transaction.atomic
def resend_agreement(agreement: ServiceAgreement, *, by: Actor) -> ServiceAgreement:
    """Write to the provider again; the link is another only when the old one is over. Raises ``WrongState`` unless it
    waits for their signature."""
    locked = lock_agreement(agreement)
    if not locked.waits_for_provider:
        raise WrongState(current_status=locked.status)
    issue_link(locked)
    say(locked, "sent", by, again=True)
    return locked


@transaction.atomic
def send_new_agreement_link(link: AgreementLink, *, by: Actor) -> bool:
    """A new link to the address on file, for whoever holds one that has expired or was locked by wrong digits.

    ``False`` when there is nothing to do: it still works, it was replaced or reported, nothing is to be signed any
    more, its provider is stopped.
    """
    locked = lock_agreement(link.agreement)
    fresh = AgreementLink.objects.get(pk=link.pk)
    is_over = fresh.revoked_at is None and not fresh.lets_act_at(timezone.now())
    if not is_over or not locked.waits_for_provider or not locked.provider.is_active:
        return False
    issue_link(locked)
    say(locked, "link_asked", by)
    return True


@transaction.atomic
def report_agreement_misdirected(link: AgreementLink, *, by: Actor) -> None:
    """“This is not me”: the link dies, and what waited for a signature is declined, which the heads are told."""
    locked = lock_agreement(link.agreement)
    revoke_link(link, by=by)
    if locked.waits_for_provider:
        with override(settings.LANGUAGE_CODE):
            comment = _("Our message reached the wrong person: please check the address.")
            decline_agreement(locked, comment=str(comment), by=by)


@transaction.atomic
def sign_agreement(agreement: ServiceAgreement, *, side: Side, seal: str, name: str, by: Actor) -> ServiceAgreement:
    """One side signs what it read, by its name. With the second signature the agreement binds.

    Raises ``AgreementReplaced`` (another text), ``AgreementSigned`` (twice), ``SignedForTheOther`` (by one account),
    ``AgreementOver`` (its last day has passed), ``Invalid`` (nameless), and ``Conflict`` at ``valid_from`` when one
    that binds covers some of its days.
    """
    locked = lock_agreement(agreement)
    if locked.is_binding or locked.signatures.filter(side=side).exists():
        raise AgreementSigned
    if locked.status != AgreementStatus.SENT:
        raise WrongState(current_status=locked.status)
    if seal != locked.seal:
        raise AgreementReplaced
    if by.user is not None and locked.signatures.filter(user=by.user).exists():
        raise SignedForTheOther
    _still_to_come(locked, AgreementOver())
    if not name.strip():
        raise Invalid(_("Please type your name."), field="name")
    with refuse_on("agreement_signed_once_per_side", AgreementSigned()):
        AgreementSignature.objects.create(
            organisation_id=locked.organisation_id,
            agreement=locked,
            side=side,
            name=name.strip()[:120],
            at=timezone.now(),
            channel=by.channel,
            user=by.user,
        )
    say(locked, "signature_given", by, side=str(side))
    if locked.signatures.count() == len(Side):
        # Two of one provider at once wait for each other instead of meeting in the index.
        lock_provider(locked.provider)
        move(locked, "sign")
        bind(locked)
        say(locked, "signed", by)
    return locked


@transaction.atomic
def decline_agreement(agreement: ServiceAgreement, *, comment: str = "", by: Actor) -> ServiceAgreement:
    """The provider does not agree; a new draft starts from what it says. Raises ``WrongState`` unless it was sent."""
    locked = lock_agreement(agreement)
    if locked.signatures.filter(side=Side.THEIRS).exists():
        raise AgreementSigned
    move(locked, "decline")
    locked.decline_comment = comment.strip()[:500]
    locked.save(update_fields=["status", "decline_comment"])
    say(locked, "declined", by)
    return locked


def _content_of(agreement: ServiceAgreement) -> dict[str, Any]:
    strange = agreement_text.unknown(agreement.text)
    if strange:
        said = _("We do not know %(names)s: see the list of placeholders.") % {"names": ", ".join(strange)}
        raise Invalid(said, field="text")
    if not agreement.text.strip():
        raise Invalid(_("Write what both sides agree on."), field="text")
    values = values_of(agreement)
    return {"text": agreement_text.fill(agreement.text.strip(), values), "terms": values}


def _still_to_come(agreement: ServiceAgreement, refusal: Exception) -> None:
    last: dt.date | None = agreement.valid_to
    if last is not None and last < today_of(agreement.organisation):
        raise refusal
