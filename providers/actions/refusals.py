"""Why an answer is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from concierge.errors import Conflict, DomainError, Invalid, WrongState
from concierge.words import euros
from providers.enums import OfferStatus


class OfferTaken(DomainError):
    """Another provider was quicker."""

    code, status = "offer_taken", 409
    message = _("Another provider has just taken this job. Thank you for answering: we will ask you again soon.")


class OfferExpired(DomainError):
    """The time to answer is over."""

    code, status = "offer_expired", 409
    message = _("The time to answer this offer is over. Thank you all the same: we will ask you again soon.")


class OfferWithdrawn(DomainError):
    """The job is no longer offered."""

    code, status = "offer_withdrawn", 409
    message = _("This job is no longer needed. We are sorry, and thank you for answering.")


class OfferAnswered(DomainError):
    """This offer already has an answer."""

    code, status = "offer_already_answered", 409
    message = _("You have already answered this offer.")


class SandboxFull(DomainError):
    """A sandbox has sent a hundred offers within a day."""

    code, status = "sandbox_full", 409
    message = _("A sandbox sends a hundred offers a day at most. Please go on tomorrow.")


class SandboxKeysFull(DomainError):
    """Five test keys work at the same time."""

    code, status = "sandbox_keys_full", 409
    message = _("Five test keys are enough: please revoke one that is no longer used.")


class OfferRepriced(DomainError):
    """The work was weighed or counted meanwhile, and so is paid differently."""

    code, status = "offer_repriced", 409

    def __init__(self, price: Decimal) -> None:
        said = gettext("What you are paid has changed since this was offered: %(price)s now. Please read it again.")
        super().__init__(said % {"price": euros(price)}, price=str(price))


class OfferNotHeld(WrongState):
    """Not accepted, given back before, or taken back by the team."""

    code = "offer_not_held"
    message = _("This job is not in your hands: there is nothing to give back.")


class TooLateToRelease(WrongState):
    """The cut-off that was agreed has passed, or the work should have begun."""

    code = "too_late_to_release"
    message = _("It is too late to give this job back here. Please call us: we look for a way out together.")


class WorkHasBegun(WrongState):
    """It was started, or the client's things are with the provider."""

    code = "work_has_begun"
    message = _("This job has begun, so it cannot be given back here. Please call us: we look for a way out together.")


class PromiseOver(WrongState):
    """Given back, taken back, or done: nothing is promised any more."""

    code = "promise_over"
    message = _("This job is no longer in their hands, or is done: there is no promise to break.")


class CounterWaiting(WrongState):
    """One proposal at a time."""

    code = "counter_waiting"
    message = _("What you proposed is being looked at. We tell you as soon as it is decided.")


class CounterOver(WrongState):
    """Decided before, too late, or the offer was changed since."""

    code = "counter_over"
    message = _("This proposal can no longer be decided on: it was answered, its time is over, or the job has changed.")


class PapersMissing(WrongState):
    """Their papers do not do for this job, or no longer (R32)."""

    code = "papers_missing"

    def __init__(self, reason: str, **extra: Any) -> None:
        said = gettext("They cannot be given this job: %(reason)s. Ask them for the paper, or choose somebody else.")
        super().__init__(said % {"reason": reason}, **extra)


class PricesToChoose(WrongState):
    """A new search would throw away what was answered."""

    code = "prices_to_choose"
    message = _("Providers gave their prices for this: choose one, or withdraw the offers first.")


class DateFixed(WrongState):
    """Other work of the same request depends on the day, or something has begun."""

    code = "date_fixed"
    message = _("Other work depends on this day: it cannot be changed here. Please call us.")


class PriceToldToClient(WrongState):
    """An introduction: the client was told the price and pays the provider."""

    code = "price_told_to_client"
    message = _("The client was told this price and pays it to you: it cannot be changed here. Please call us.")


class OfferPaused(WrongState):
    """Its clock stands still already."""

    code = "offer_paused"
    message = _("No time passes for this offer already: we see to what you asked.")


class OfferNotPaused(WrongState):
    """Its clock runs."""

    code = "offer_not_paused"
    message = _("The time for this offer is running: there is nothing to resume.")


class OfferOnHold(WrongState):
    """Its clock goes on with the request, and not before."""

    code = "offer_on_hold"
    message = _("The whole request stands still: the time to answer goes on with it.")


class PausedTooOften(WrongState):
    """Twice is enough for a question."""

    code = "paused_too_often"
    message = _("You have asked twice already. Please call us, or answer as far as you know it.")


class NoMoreTime(WrongState):
    """The search ends soon, because the work has to begin."""

    code = "no_more_time"
    message = _("There is no more time to give: the work has to begin soon. Please answer, or call us.")


class ExtensionAsked(WrongState):
    """The team was asked."""

    code = "extension_asked"
    message = _("You have asked us for more time: we tell you at once.")


class PartnershipPaused(DomainError):
    """The organisation has stopped working with this provider, for a while or for good."""

    code, status = "partnership_paused", 403
    message = _(
        "Our partnership is paused: for now we ask nothing of you. If you have work of ours in hand, please call us."
    )


class NothingToWriteTo(WrongState):
    """Neither e-mail nor SMS reaches this provider."""

    code = "nothing_to_write_to"
    message = _("Nothing written reaches this provider: please call.")


# What is said to whoever answers an offer in this state.
REFUSALS: dict[str, type[DomainError]] = {
    OfferStatus.EXPIRED: OfferExpired,
    OfferStatus.WITHDRAWN: OfferWithdrawn,
    OfferStatus.UNDELIVERABLE: OfferWithdrawn,
    OfferStatus.NOT_SELECTED: OfferTaken,
}


class PriceRequestExpired(DomainError):
    """The time to answer is over."""

    code, status = "price_request_expired", 409
    message = _("The time to answer is over. Thank you all the same: we will ask you again soon.")


class PriceRequestWithdrawn(DomainError):
    """Nobody needs the price any more."""

    code, status = "price_request_withdrawn", 409
    message = _("We no longer need a price for this. Thank you for looking at it.")


class PriceRequestAnswered(WrongState):
    """Answered before, by whichever channel."""

    code = "price_request_answered"
    message = _("This question has already been answered.")


class PriceAgreed(WrongState):
    """The client has agreed to it: it binds both."""

    code = "price_agreed"
    message = _("The client has agreed to a quote that counts on this price: it binds. Please call us.")


class PriceWithClient(WrongState):
    """The client may accept it at any moment."""

    code = "price_with_client"
    message = _("The client has a quote that counts on this price: withdraw that quote first.")


class PriceGone(DomainError):
    """A price that a quote counts on was taken back, or its last day has passed."""

    code, status = "price_gone", 409
    message = _("A provider's price no longer holds.")


class AlreadyAsked(Conflict):
    """One of them has this question already."""

    code = "provider_already_asked"
    message = _("This provider was already asked.")


class DocumentReviewed(WrongState):
    """The team has looked at it: it was approved or refused."""

    code = "document_reviewed"
    message = _("This document has already been looked at. Send a new one instead.")


class DocumentHasFile(Conflict):
    """A paper is one file."""

    code = "document_has_file"
    message = _("This document already has its file. Send a new document instead.")


class TooManyDocuments(Conflict):
    """The team has to look at some first."""

    code = "too_many_documents"
    message = _("Many documents of yours wait to be looked at: we do that first.")


class InvitationOver(WrongState):
    """Handed in, or taken back."""

    code = "invitation_over"
    message = _("This invitation is over: what you typed is with our team.")


class SiretKnown(Invalid):
    """There is such a file already; nothing of it is said to whoever types a number."""

    code = "siret_known"
    message = _("We would like to look at this number with you: please call us.")


class BankAccountOver(WrongState):
    """It counts already, was replaced, or stopped."""

    code = "bank_account_over"
    message = _("This account no longer waits: call us when something is wrong with it.")


class NumberIsNew(DomainError):
    """The telephone was changed shortly before the account: a call to it proves nothing."""

    code, status = "number_is_new", 409
    message = _(
        "The telephone in this file was changed less than 30 days before: a call to it proves nothing. "
        "Stop this account, have it given by telephone or in their space, and ask for the paper of their bank."
    )


class SameChannel(DomainError):
    """A second yes by the way of the first proves nothing."""

    code, status = "same_channel", 409
    message = _("Confirm it by another way than the one by which it came.")


class WrongBankCode(DomainError):
    """Not the six digits of our SMS."""

    code, status = "wrong_bank_code", 422
    message = _("These are not the six digits of our SMS. Please look again.")


class BankCodeOver(DomainError):
    """A day old, typed wrong five times, or never sent."""

    code, status = "bank_code_over", 409
    message = _("This code no longer counts: we call you to confirm the account.")
