"""Closed lists and transition tables of the supply side (lifecycles.md 2.4)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DocumentKind(models.TextChoices):
    """Papers of an onboarding file (domain.md R32)."""

    INSURANCE = "insurance", _("Liability insurance")
    REGISTRATION = "registration", _("Business registration")
    VIGILANCE = "vigilance", _("Vigilance certificate")


class OfferStatus(models.TextChoices):
    """States of an offer. Seen, reminded, delivered are moments, not states."""

    SENT = "sent", _("Waiting for an answer")
    ACCEPTED = "accepted", pgettext_lazy("offer", "Accepted")
    DECLINED = "declined", pgettext_lazy("offer", "Declined")
    EXPIRED = "expired", _("No answer in time")
    WITHDRAWN = "withdrawn", pgettext_lazy("offer", "Withdrawn")
    NOT_SELECTED = "not_selected", _("Given to another provider")
    UNDELIVERABLE = "undeliverable", _("Not delivered")
    RELEASED = "released", pgettext_lazy("offer", "Given back")
    COUNTERED = "countered", _("Another price or day was proposed")
    HONOURED = "honoured", pgettext_lazy("offer", "Done as promised")
    BROKEN = "broken", pgettext_lazy("offer", "Promise not kept")


O = OfferStatus  # noqa: E741 - one letter keeps the tables below readable

# Somebody still has to say something: its provider, or whoever decides on what that one proposed.
WAITING = frozenset({O.SENT, O.COUNTERED})
# The provider said yes and the work is theirs, or was until it was done: at most one for each work order.
BINDING_YES = frozenset({O.ACCEPTED, O.HONOURED})

# verb → (states it may start from, state it leads to). Anything else is refused with 409.
OFFER_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "accept": (frozenset({O.SENT}), O.ACCEPTED),
    "decline": (frozenset({O.SENT}), O.DECLINED),
    "expire": (WAITING, O.EXPIRED),
    "withdraw": (WAITING, O.WITHDRAWN),
    "pass_over": (WAITING, O.NOT_SELECTED),
    "return_to_sender": (WAITING, O.UNDELIVERABLE),
    "release": (frozenset({O.ACCEPTED}), O.RELEASED),
    "counter": (frozenset({O.SENT}), O.COUNTERED),
    "approve": (frozenset({O.COUNTERED}), O.ACCEPTED),
    "refuse": (frozenset({O.COUNTERED}), O.DECLINED),
    "ask_again": (frozenset({O.COUNTERED}), O.SENT),
    "honour": (frozenset({O.ACCEPTED}), O.HONOURED),
    "break": (frozenset({O.ACCEPTED}), O.BROKEN),
}

# Fixed meaning behind every status, for badges and filters (lifecycles.md 2.0.1).
OFFER_CATEGORY: dict[str, str] = {
    O.SENT: "waiting",
    O.ACCEPTED: "done",
    O.DECLINED: "cancelled",
    O.EXPIRED: "failed",
    O.WITHDRAWN: "cancelled",
    O.NOT_SELECTED: "cancelled",
    O.UNDELIVERABLE: "failed",
    O.RELEASED: "cancelled",
    O.COUNTERED: "waiting",
    O.HONOURED: "done",
    O.BROKEN: "failed",
}


class RoundMode(models.TextChoices):
    """How providers are asked."""

    WAVE = "wave", _("Several at a time")
    SEQUENCE = "sequence", _("One after another")
    BROADCAST = "broadcast", _("Everybody at once")
    DIRECT = "direct", _("This one only")
    QUOTES = "quotes", _("Prices to choose from")


class RoundStatus(models.TextChoices):
    """One search for a provider, from the first message to a yes, or to nobody left."""

    OPEN = "open", pgettext_lazy("search", "Under way")
    WON = "won", _("A provider accepted")
    EXHAUSTED = "exhausted", _("Nobody left to ask")
    WITHDRAWN = "withdrawn", pgettext_lazy("search", "Stopped")


class DeclineReason(models.TextChoices):
    """Why a provider says no. Codes stay; the words may change."""

    TOO_BUSY = "too_busy", _("No time")
    TOO_FAR = "too_far", _("Too far")
    PRICE = "price", _("The price does not suit me")
    NOT_MY_TRADE = "not_my_trade", _("Not my kind of work")
    CLOSED = "closed", _("On holiday or closed")
    OTHER = "other", _("Another reason")


class ReleaseReason(models.TextChoices):
    """Why a provider gives accepted work back. Codes stay; the words may change."""

    ILL = "ill", _("Illness or accident")
    TOO_BUSY = "too_busy", _("No time after all")
    BREAKDOWN = "breakdown", _("A tool or a vehicle broke down")
    DATE = "date", _("The date no longer suits me")
    NOT_AS_DESCRIBED = "not_as_described", _("Not the work that was described")
    OTHER = "other", _("Another reason")


class BreakReason(models.TextChoices):
    """How a promise was not kept, as somebody of ours found it. Codes stay; the words may change."""

    NO_SHOW = "no_show", _("Did not come")
    TOO_LATE = "too_late", _("Came or finished far too late")
    GAVE_UP = "gave_up", _("Gave up in the middle")
    UNREACHABLE = "unreachable", _("Cannot be reached any more")
    OTHER = "other", _("Another reason")


class Obstacle(models.TextChoices):
    """The rule that keeps a provider from being asked; the first that applies is stored."""

    INACTIVE = "inactive", _("No longer works with us")
    NO_AGREEMENT = "no_agreement", _("No agreement in force today")
    DOCUMENT_MISSING = "document_missing", _("A required document is missing")
    DOCUMENT_EXPIRED = "document_expired", _("A document has expired")
    OUT_OF_AREA = "out_of_area", _("The place of the work is outside their area")
    CLOSED = "closed", _("Closed that day")
    NO_CAPACITY = "no_capacity", _("Fully booked that day")
    TOO_SOON = "too_soon", _("The work has to begin before they can answer")
    ALREADY_ANSWERED = "already_answered", _("Has already said no to this job")
    TOO_SHORT_NOTICE = "too_short_notice", _("Asks for more notice than there is left")
    DOCUMENT_ENDS = "document_ends", _("A document ends before the day of the work")
    SITE_NOT_SERVED = "site_not_served", _("Does not serve this site")
    SERVICE_FULL = "service_full", _("Fully booked that day for this service")


class PriceRequestStatus(models.TextChoices):
    """States of a question about a price. Whether a price still holds is computed from its last day, never stored."""

    SENT = "sent", _("Waiting for an answer")
    PRICED = "priced", _("Price received")
    DECLINED = "declined", pgettext_lazy("price request", "Declined")
    EXPIRED = "expired", _("No answer in time")
    WITHDRAWN = "withdrawn", pgettext_lazy("price request", "Withdrawn")
    RETRACTED = "retracted", _("Price taken back")
    CHOSEN = "chosen", _("Chosen by the client")
    NOT_SELECTED = "not_selected", _("Not kept")
    UNDELIVERABLE = "undeliverable", _("Not delivered")


P = PriceRequestStatus

PRICE_REQUEST_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "answer": (frozenset({P.SENT}), P.PRICED),
    "decline": (frozenset({P.SENT}), P.DECLINED),
    "expire": (frozenset({P.SENT}), P.EXPIRED),
    "withdraw": (frozenset({P.SENT, P.PRICED}), P.WITHDRAWN),
    "retract": (frozenset({P.PRICED}), P.RETRACTED),
    "choose": (frozenset({P.PRICED}), P.CHOSEN),
    "pass_over": (frozenset({P.PRICED}), P.NOT_SELECTED),
    "drop": (frozenset({P.CHOSEN}), P.NOT_SELECTED),
    "return_to_sender": (frozenset({P.SENT}), P.UNDELIVERABLE),
}

PRICE_REQUEST_CATEGORY: dict[str, str] = {
    P.SENT: "waiting",
    P.PRICED: "active",
    P.DECLINED: "cancelled",
    P.EXPIRED: "failed",
    P.WITHDRAWN: "cancelled",
    P.RETRACTED: "cancelled",
    P.CHOSEN: "done",
    P.NOT_SELECTED: "cancelled",
    P.UNDELIVERABLE: "failed",
}


class LinkPurpose(models.TextChoices):
    """What a personal link opens, and nothing else (trust.md S16)."""

    OFFER = "offer", _("Offer")


# --- agreements (R33) -------------------------------------------------------------------------------------------------


class AgreementKind(models.TextChoices):
    """How what a provider is paid comes from what the client pays."""

    PURCHASE = "purchase", _("A price per item")
    COMMISSION = "commission", _("The client’s price less a commission in %")
    FIXED_COMMISSION = "fixed_commission", _("The client’s price less a fixed commission")
    INTRODUCTION = "introduction", _("Introduction only: the client pays the provider")


class Invoicing(models.TextChoices):
    """Who invoices whom."""

    PROVIDER_TO_US = "provider_to_us", _("The provider invoices us")
    WE_SELF_BILL = "we_self_bill", _("We write the provider’s invoices (self-billing)")
    PROVIDER_TO_CLIENT = "provider_to_client", _("The provider invoices the client")


class AgreementStatus(models.TextChoices):
    """States of an agreement. Whether it counts on a day follows from its days, never stored."""

    DRAFT = "draft", pgettext_lazy("agreement", "Draft")
    SENT = "sent", _("Waiting for signatures")
    SIGNED = "signed", _("Signed by both")
    DECLINED = "declined", pgettext_lazy("agreement", "Declined")
    PAPER = "paper", _("Signed on paper")
    WITHDRAWN = "withdrawn", pgettext_lazy("agreement", "Given up")


A = AgreementStatus

AGREEMENT_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "send": (frozenset({A.DRAFT}), A.SENT),
    "sign": (frozenset({A.SENT}), A.SIGNED),
    "decline": (frozenset({A.SENT}), A.DECLINED),
    "sign_on_paper": (frozenset({A.DRAFT}), A.PAPER),
    "withdraw": (frozenset({A.DRAFT, A.SENT}), A.WITHDRAWN),
}
# Both sides are bound: only these are looked at when work is given.
BINDING_AGREEMENTS = frozenset({A.PAPER, A.SIGNED})

AGREEMENT_CATEGORY: dict[str, str] = {
    A.DRAFT: "open",
    A.SENT: "waiting",
    A.SIGNED: "done",
    A.DECLINED: "failed",
    A.PAPER: "done",
    A.WITHDRAWN: "cancelled",
}


class Side(models.TextChoices):
    """Who signs an agreement."""

    OURS = "ours", _("The concierge service")
    THEIRS = "theirs", _("The provider")


# --- papers (R32, S26) ------------------------------------------------------------------------------------------------


class DocumentStatus(models.TextChoices):
    """Whether a paper counts. Only what the team approved does."""

    TO_CHECK = "to_check", _("To be checked")
    APPROVED = "approved", pgettext_lazy("document", "Approved")
    REFUSED = "refused", pgettext_lazy("document", "Refused")


DOCUMENT_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "approve": (frozenset({DocumentStatus.TO_CHECK}), DocumentStatus.APPROVED),
    "refuse": (frozenset({DocumentStatus.TO_CHECK}), DocumentStatus.REFUSED),
}

DOCUMENT_CATEGORY: dict[str, str] = {
    DocumentStatus.TO_CHECK: "waiting",
    DocumentStatus.APPROVED: "done",
    DocumentStatus.REFUSED: "failed",
}


# --- contacts: how an offer reaches its provider ----------------------------------------------------------------------


class Ladder(models.TextChoices):
    """In which order a provider is reached: each step only when the one before did not arrive. A person comes last."""

    EMAIL_SMS_CALL = "email_sms_call", _("E-mail, else SMS, else a call")
    SMS_EMAIL_CALL = "sms_email_call", _("SMS, else e-mail, else a call")
    EMAIL_CALL = "email_call", _("E-mail, else a call")
    SMS_CALL = "sms_call", _("SMS, else a call")
    CALL = "call", _("A call, always")


class ContactChannel(models.TextChoices):
    """By what a provider is reached."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    CALL = "call", _("Call")


class ContactStatus(models.TextChoices):
    """What became of one attempt to reach a provider."""

    DUE = "due", pgettext_lazy("contact", "Under way")
    SENT = "sent", pgettext_lazy("contact", "Has left")
    FAILED = "failed", _("Did not arrive")
    SKIPPED = "skipped", _("Not possible")
    REACHED = "reached", _("We spoke to them")
    MISSED = "missed", _("Nobody answered")


CONTACT_CATEGORY: dict[str, str] = {
    ContactStatus.DUE: "waiting",
    ContactStatus.SENT: "done",
    ContactStatus.FAILED: "failed",
    ContactStatus.SKIPPED: "cancelled",
    ContactStatus.REACHED: "done",
    ContactStatus.MISSED: "failed",
}


class ContactTrouble(models.TextChoices):
    """Why an attempt did not reach its provider."""

    NO_ADDRESS = "no_address", _("none on file")
    NO_MOBILE = "no_mobile", _("the number on file takes no SMS")
    NOT_SET_UP = "not_set_up", _("sending SMS is not set up here")
    REFUSED = "refused", _("refused by the other side")
    LATE = "late", _("could not be sent in time")
    UNNEEDED = "unneeded", _("no longer needed")
    PAUSED = "paused", _("nothing leaves by this way at present")


class ReplyEffect(models.TextChoices):
    """What an SMS that came in led to."""

    ACCEPTED = "accepted", pgettext_lazy("reply", "Accepted")
    DECLINED = "declined", pgettext_lazy("reply", "Declined")
    REFUSED = "refused", _("Came too late")
    UNCLEAR = "unclear", _("To be read by a person")
    NO_CODE = "no_code", _("Yes or no without the four digits")
    NOTHING_OPEN = "nothing_open", _("Nothing was waiting for an answer")
    UNKNOWN = "unknown", _("Not a provider’s number")


# --- counter-offers and clocks (lifecycles.md 2.4) --------------------------------------------------------------------


class CounterStatus(models.TextChoices):
    """What became of another price or another day that a provider proposed."""

    WAITING = "waiting", _("Waiting for a decision")
    APPROVED = "approved", pgettext_lazy("counter-offer", "Agreed")
    REFUSED = "refused", pgettext_lazy("counter-offer", "Refused")
    LAPSED = "lapsed", _("Not decided in time, or no longer needed")


COUNTER_CATEGORY: dict[str, str] = {
    CounterStatus.WAITING: "waiting",
    CounterStatus.APPROVED: "done",
    CounterStatus.REFUSED: "cancelled",
    CounterStatus.LAPSED: "failed",
}


class PauseReason(models.TextChoices):
    """Why the clock of an offer stands still."""

    AWAITING_CLIENT_INFO = "awaiting_client_info", _("Waits for something that the client has to say")
    AWAITING_ITEM = "awaiting_item", _("Waits to see the things")
    REQUEST_ON_HOLD = "request_on_hold", _("The request is on hold")


class Decider(models.TextChoices):
    """Who is asked to decide."""

    CLIENT = "client", _("The client")
    STAFF = "staff", _("The team")


class TravelMode(models.TextChoices):
    """How somebody comes to the work."""

    FOOT = "foot", _("On foot")
    BIKE = "bike", _("By bicycle")
    CARGO_BIKE = "cargo_bike", _("By cargo bike")
    CAR = "car", _("By car or van")


# --- a day given out at once (R34) -----------------------------------------------------------------------------------


class RunStatus(models.TextChoices):
    """States of a plan for a day."""

    COMPUTING = "computing", _("Being worked out")
    PROPOSED = "proposed", pgettext_lazy("plan", "Proposed")
    FAILED = "failed", pgettext_lazy("plan", "Could not be worked out")


class ProposalStatus(models.TextChoices):
    """States of one line of a plan."""

    PROPOSED = "proposed", pgettext_lazy("line of a plan", "Proposed")
    APPLIED = "applied", pgettext_lazy("line of a plan", "Asked")
    DROPPED = "dropped", pgettext_lazy("line of a plan", "Changed meanwhile")


# --- invitations (R32, S14) -------------------------------------------------------------------------------------------


class InvitationStatus(models.TextChoices):
    """States of an invitation. Whether its link still opens follows from its days, never stored."""

    SENT = "sent", _("Under way")
    USED = "used", _("Handed in")
    REVOKED = "revoked", pgettext_lazy("invitation", "Taken back")
    REFUSED = "refused", pgettext_lazy("invitation", "File refused")


INVITATION_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "send": (
        frozenset({InvitationStatus.SENT, InvitationStatus.REVOKED, InvitationStatus.REFUSED}),
        InvitationStatus.SENT,
    ),
    "use": (frozenset({InvitationStatus.SENT}), InvitationStatus.USED),
    "revoke": (frozenset({InvitationStatus.SENT}), InvitationStatus.REVOKED),
    # A file that was begun, handed in or not, as long as the team has not said yes.
    "refuse": (
        frozenset({InvitationStatus.SENT, InvitationStatus.USED, InvitationStatus.REVOKED}),
        InvitationStatus.REFUSED,
    ),
}

INVITATION_CATEGORY: dict[str, str] = {
    InvitationStatus.SENT: "waiting",
    InvitationStatus.USED: "done",
    InvitationStatus.REVOKED: "cancelled",
    InvitationStatus.REFUSED: "cancelled",
}


# --- bank accounts (R32) ----------------------------------------------------------------------------------------------


class BankStatus(models.TextChoices):
    """States of an account that was given for a provider: paid to only after a second yes and three days."""

    PROPOSED = "proposed", pgettext_lazy("bank account", "To be confirmed")
    CONFIRMED = "confirmed", pgettext_lazy("bank account", "Confirmed, counts soon")
    ACTIVE = "active", pgettext_lazy("bank account", "We pay to this one")
    REPLACED = "replaced", pgettext_lazy("bank account", "Replaced")
    CANCELLED = "cancelled", pgettext_lazy("bank account", "Stopped")


BANK_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "confirm": (frozenset({BankStatus.PROPOSED}), BankStatus.CONFIRMED),
    "activate": (frozenset({BankStatus.CONFIRMED}), BankStatus.ACTIVE),
    "cancel": (frozenset({BankStatus.PROPOSED, BankStatus.CONFIRMED}), BankStatus.CANCELLED),
    "replace": (frozenset({BankStatus.ACTIVE}), BankStatus.REPLACED),
}

BANK_CATEGORY: dict[str, str] = {
    BankStatus.PROPOSED: "waiting",
    BankStatus.CONFIRMED: "waiting",
    BankStatus.ACTIVE: "done",
    BankStatus.REPLACED: "cancelled",
    BankStatus.CANCELLED: "cancelled",
}


class BankChannel(models.TextChoices):
    """By what an account was given, and by what it was confirmed: never the same."""

    SPACE = "space", pgettext_lazy("bank account", "in their space")
    PAPER = "paper", pgettext_lazy("bank account", "on paper or by e-mail")
    CALL = "call", pgettext_lazy("bank account", "by telephone")
    SMS = "sms", pgettext_lazy("bank account", "by a code sent to their telephone")


# What proves that an account which came by one way is theirs.
SECOND_WAYS: dict[str, frozenset[str]] = {
    BankChannel.SPACE: frozenset({BankChannel.CALL, BankChannel.SMS}),
    BankChannel.PAPER: frozenset({BankChannel.CALL, BankChannel.SMS}),
    BankChannel.CALL: frozenset({BankChannel.PAPER, BankChannel.SMS}),
}


# --- sandboxes (ADR 21) -----------------------------------------------------------------------------------------------


class SandboxMove(models.TextChoices):
    """What a simulated concierge does when it is told to. Only systems read these."""

    APPROVE = "approve", "Agree to what you proposed"
    REFUSE = "refuse", "Refuse what you proposed"
    EXPIRE = "expire", "Let the time pass"
    WITHDRAW = "withdraw", "Need nobody any more"
