"""Closed lists of the messages: what is said, to whom, and whether it left."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """One kind per event told, one pair of templates each: ``templates/emails/<kind with _>.txt`` and ``.mjml``."""

    EMAIL_CODE = "email.code_requested", _("Code to confirm an address")
    REQUEST_CONFIRMED = "service_request.confirmed", _("Request confirmed")
    REQUEST_STARTED = "service_request.started", _("Work has begun")
    REQUEST_FULFILLED = "service_request.fulfilled", _("Everything is ready")
    REQUEST_PARTIAL = "service_request.partially_fulfilled", _("Part of it could not be done")
    REQUEST_CANCELLED = "service_request.cancelled", _("Request cancelled")
    REQUEST_MEASURED = "service_request.measured", _("Weighed or counted: dearer than announced")
    REQUEST_RESCHEDULED = "service_request.rescheduled", _("Appointment moved")
    EARLIER_TIME = "waitlist.noticed", _("An earlier time is free")
    LINK_SENT = "service_request.link_sent", _("Tracking link")
    REQUEST_DECLINED = "service_request.declined", _("Request declined")
    BENEFICIARY_BOOKED = "beneficiary.booked", _("Something was booked for this person")
    BENEFICIARY_CANCELLED = "beneficiary.cancelled", _("What was booked for this person does not take place")
    PRESCRIBER_INVITED = "prescriber.invited", _("Invitation of a prescriber")
    TRAINEE_INVITED = "trainee.invited", _("Invitation of a person of the team")
    WORK_BOOKED = "work_order.booked", _("Somebody takes care of it")
    INVOICE = "invoice.rendered", _("Invoice")
    OFFER_SENT = "offer.sent", _("Offer to a provider")
    OFFER_REMINDED = "offer.reminded", _("Reminder of an offer")
    OFFER_MOVED = "offer.rescheduled", _("The time of offered work has changed")
    YES_MOVED = "offer.moved_after_yes", _("Accepted work was moved: does the yes still hold?")
    OFFER_REPRICED = "offer.repriced", _("What a provider is paid has changed")
    OFFER_ACCEPTED = "offer.accepted", _("Details for the provider who accepted")
    OFFER_NOT_SELECTED = "offer.not_selected", _("Offer taken by someone else")
    OFFER_WITHDRAWN = "offer.withdrawn", _("Offer withdrawn")
    OFFER_EXPIRED = "offer.expired", _("Offer expired")
    PRICE_ASKED = "price_request.sent", _("A price is asked of a provider")
    PRICE_REMINDED = "price_request.reminded", _("Reminder of a question about a price")
    PRICE_WITHDRAWN = "price_request.withdrawn", _("A price is no longer needed")
    PRICE_CHOSEN = "price_request.chosen", _("The client chose a provider's price")
    PRICE_NOT_SELECTED = "price_request.not_selected", _("A provider's price was not kept")
    PRICE_DROPPED = "price_request.dropped", _("A chosen price is no longer counted on")
    PRICE_ANSWERED = "price_request.answered", _("A provider gave a price")
    PRICE_DECLINED = "price_request.declined", _("A provider gives no price")
    PRICE_EXPIRED = "price_request.expired", _("A provider was silent about a price")
    PRICE_RETRACTED = "price_request.retracted", _("A provider took a price back")
    PRICE_LOST = "price_request.lost", _("A price that a client was offered is gone")
    PRICE_MISDIRECTED = "price_request.misdirected", _("A question about a price reached the wrong person")
    WORK_ON_ITS_WAY = "work_order.on_its_way", _("The things are on their way to the provider")
    WORK_RESCHEDULED = "work_order.rescheduled", _("Appointment of a provider's work moved")
    PLAN_UNDONE = "assignment.cancelled", _("A plan was undone by a moved appointment")
    LEFT_ALONE = "assignment.left_alone", _("Somebody is without the companion of their work")
    NEEDS_DISPATCH = "work_order.needs_dispatch", _("A work order needs a dispatcher")
    OFFER_MISDIRECTED = "offer.misdirected", _("An offer reached the wrong person")
    RENEWAL_DUE = "client_account.renewal_due", _("A contract with a client account ends soon")
    CODE_ATTACKED = "company_code.attacked", _("Somebody tries codes of companies")
    QUOTE_REQUESTED = "quote.requested", _("A quote is asked for")
    QUOTE_RENDERED = "quote.rendered", _("Quote")
    QUOTE_REMINDED = "quote.reminded", _("A quote ends soon")
    QUOTE_ACCEPTED = "quote.accepted", _("A client accepted a quote")
    QUOTE_COUNTERSIGNED = "quote.countersigned", _("Accepted quote")
    QUOTE_DECLINED = "quote.declined", _("A client declined a quote")
    QUOTE_CHANGES = "quote.changes_requested", _("A client wants a change")
    QUOTE_EXPIRED = "quote.expired", _("A quote has ended")
    QUOTE_WITHDRAWN = "quote.withdrawn", _("Quote withdrawn")
    QUOTE_RENEWAL = "quote.renewal_asked", _("A client wants a quote renewed")
    QUESTION_ASKED = "question.asked", _("Question to the client")
    QUESTION_REMINDED = "question.reminded", _("Reminder of a question")
    QUESTION_ANSWERED = "question.answered", _("A client has answered")
    REQUEST_HELD = "service_request.held", _("Request on hold")
    REQUEST_RESUMED = "service_request.resumed", _("Request goes on")
    REQUEST_EXPIRED = "service_request.expired", _("Request given up")
    REQUEST_REMINDED = "service_request.reminded", _("Reminder to the client")
    WORK_REMINDED = "work_order.reminded", _("Reminder to a provider")
    SILENCES = "silence.reported", _("Who is silent today")
    ORDER_SHEET = "order_sheet.ready", _("Order sheet")
    PRE_ORDER_KEPT = "pre_order.kept", _("Not fetched, kept for later")
    PRE_ORDER_MISSED = "pre_order.missed", _("Not fetched, given away")
    SUBSTITUTED = "pre_order.substituted", _("Something is replaced")
    OCCURRENCE_FAILED = "occurrence.failed", _("A day of a regular request failed")
    AGREEMENT_SENT = "agreement.sent", _("Agreement to sign")
    AGREEMENT_SIGNATURE = "agreement.signature_given", _("A provider has signed an agreement")
    AGREEMENT_SIGNED = "agreement.signed", _("Agreement signed by both")
    AGREEMENT_DECLINED = "agreement.declined", _("A provider does not sign an agreement")
    AGREEMENT_WITHDRAWN = "agreement.withdrawn", _("Agreement given up")
    AGREEMENT_ENDED = "agreement.ended", _("Agreement ends")
    AGREEMENT_ENDING = "agreement.ending", _("Agreement ends soon")
    PAPER_ENDING = "provider.document_expiring", _("A document of a provider ends soon")
    PAPER_OVER = "provider.document_expired", _("A document of a provider has ended")
    INVITATION = "provider_invitation.sent", _("Invitation of a provider")
    INVITATION_MISDIRECTED = "provider_invitation.misdirected", _("An invitation reached the wrong person")
    FILE_REFUSED = "provider_invitation.refused", _("The file of a provider is refused")
    FILE_HANDED_IN = "provider.handed_in", _("A provider has filled in its file")
    PROVIDER_APPROVED = "provider.approved", _("A provider works with us")
    PAPER_SENT = "provider.document_sent", _("A provider sent a document")
    PAPER_APPROVED = "provider.document_approved", _("A document of a provider is approved")
    PAPER_REFUSED = "provider.document_refused", _("A document of a provider is refused")
    PAPER_NEEDED = "provider.document_needed", _("A document keeps a provider from work")
    PASS_ENDING = "pass_iae.ending", _("A PASS IAE ends")
    LEAVING = "trainee.leaving", _("Somebody leaves the team")
    INTERVIEW_PLANNED = "appointment.planned", _("An appointment with the social adviser")
    INTERVIEW_MOVED = "appointment.moved", _("An appointment with the social adviser has moved")
    INTERVIEW_CANCELLED = "appointment.cancelled", _("An appointment with the social adviser does not take place")
    ABSENCE_SAID = "absence.noted", _("Somebody of the team says that they are away")
    SWAP_ASKED = "swap.asked", _("A colleague asks to swap a day")
    SWAP_AGREED = "swap.agreed", _("A swap of two people is to be decided")
    SWAP_ENDED = "swap.ended", _("A swap does not take place")
    WEEK_PUBLISHED = "week.published", _("Working hours of a week")
    HOURS_DECLINED = "hours_consent.declined", _("Somebody says no to hours that were told late")
    CLEARANCE_ENDING = "clearance.expiring", _("A clearance of somebody of the team ends soon")
    CLEARANCE_OVER = "clearance.expired", _("A clearance of somebody of the team has ended")
    HELP_REQUESTED = "help.requested", _("Somebody asks for help")
    OFFER_TO_CALL = "offer.call_due", _("A provider has to be called")
    OFFER_COUNTERED = "offer.countered", _("A provider proposes another price or day")
    COUNTER_ASKED = "counter_offer.asked", _("Another day is proposed to the client")
    OFFER_REFUSED = "offer.refused", _("What a provider proposed was not agreed")
    OFFER_BROKEN = "offer.broken", _("A job was taken from a provider")
    SMS_ANSWERED = "sms.answered", _("Answer to an SMS")
    OFFER_LINK = "offer.link_asked", _("A new link for a provider")
    OFFER_PAUSED = "offer.paused", _("A provider needs to know something first")
    OFFER_RESUMED = "offer.resumed", _("The time to answer goes on")
    EXTENSION_ASKED = "offer.extension_asked", _("A provider asks for more time")
    OFFER_EXTENDED = "offer.extended", _("A provider was given more time")
    BANK_PROPOSED = "bank_account.proposed", _("Another bank account of a provider")
    BANK_CONFIRMED = "bank_account.confirmed", _("Another bank account of a provider counts soon")
    BANK_ACTIVE = "bank_account.active", _("A provider is paid to another account")
    BANK_CANCELLED = "bank_account.cancelled", _("A bank account was stopped")
    WEBHOOK_DISABLED = "webhook_endpoint.disabled", _("A system is told nothing more")


class MessageChannel(models.TextChoices):
    """By what a message travels."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


# What is said by SMS to whoever has no e-mail address: ``templates/sms/<kind with _>.txt``.
BY_SMS = frozenset(
    {
        Kind.INVITATION,
        Kind.FILE_REFUSED,
        Kind.BANK_PROPOSED,
        Kind.BANK_CONFIRMED,
        Kind.BANK_ACTIVE,
        Kind.BANK_CANCELLED,
        Kind.OFFER_SENT,
        Kind.OFFER_REMINDED,
        Kind.OFFER_MOVED,
        Kind.OFFER_REFUSED,
        Kind.OFFER_BROKEN,
        Kind.OFFER_REPRICED,
        Kind.OFFER_ACCEPTED,
        Kind.OFFER_NOT_SELECTED,
        Kind.OFFER_WITHDRAWN,
        Kind.OFFER_EXPIRED,
        Kind.OFFER_LINK,
        Kind.OFFER_RESUMED,
        Kind.OFFER_EXTENDED,
        Kind.WORK_ON_ITS_WAY,
        Kind.WORK_RESCHEDULED,
        Kind.WORK_REMINDED,
        Kind.PRICE_ASKED,
        Kind.PRICE_REMINDED,
        Kind.PRICE_CHOSEN,
        Kind.PRICE_WITHDRAWN,
        Kind.PRICE_NOT_SELECTED,
        Kind.PRICE_DROPPED,
        Kind.SMS_ANSWERED,
    }
)


# Warnings: they go to whoever was told of money until now, also once another address is on file.
WARNINGS = frozenset({Kind.BANK_PROPOSED, Kind.BANK_CONFIRMED, Kind.BANK_ACTIVE, Kind.BANK_CANCELLED})


class RecipientKind(models.TextChoices):
    """Who reads it; ``recipient_id`` is the key of that row, when there is one."""

    CLIENT = "client", _("Client")
    BENEFICIARY = "helped", _("Person it is for")
    PRESCRIBER = "prescriber", _("Prescriber")
    PAYER = "payer", _("Payer")
    PROVIDER = "provider", _("Provider")
    STAFF = "staff", _("Team")


class MessageStatus(models.TextChoices):
    """Life of a message. ``queued`` covers a message being sent now: its lease is ``next_at``."""

    QUEUED = "queued", _("To be sent")
    SENT = "sent", _("Has left")
    FAILED = "failed", _("Refused by the mailbox")
    DEAD = "dead", _("Given up")
    SUPPRESSED = "suppressed", _("Held back")


class Unsent(models.TextChoices):
    """Why a message was held back; kept in ``last_error``."""

    HISTORY = "history", _("It speaks of the past")
    EXPIRED = "expired", _("It would have come too late")
    OUTDATED = "outdated", _("The situation has changed in the meantime")
    GONE = "gone", _("What it spoke of no longer exists")
    SANDBOX = "sandbox", _("It is of a simulated concierge")


# Fixed meaning of a status, for badges (lifecycles.md 2.0.1).
MESSAGE_CATEGORY: dict[str, str] = {
    MessageStatus.QUEUED: "waiting",
    MessageStatus.SENT: "done",
    MessageStatus.FAILED: "failed",
    MessageStatus.DEAD: "failed",
    MessageStatus.SUPPRESSED: "cancelled",
}


class DeliveryStatus(models.TextChoices):
    """Life of a call to a system."""

    QUEUED = "queued", _("To be sent")
    SENT = "sent", _("Taken")
    DEAD = "dead", _("Given up")


class Disabled(models.TextChoices):
    """Why an endpoint is told nothing more."""

    BY_HAND = "by_hand", _("Disabled by its owner")
    GONE = "gone", _("It answered 410: gone")
    FAILING = "failing", _("75 hours without an answer")
