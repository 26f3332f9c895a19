"""Closed lists and transition tables of the demand side (lifecycles.md 2.1, 2.3)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PriceMode(models.TextChoices):
    """How a service is priced (R1)."""

    FIXED = "fixed", _("Fixed price")
    PER_ITEM = "per_item", _("Price per item")
    PER_UNIT = "per_unit", _("Price per unit or weight")
    PER_HALF_HOUR = "per_half_hour", _("Price per started half hour")
    ON_QUOTE = "on_quote", _("On quote")


class Demand(models.TextChoices):
    """What work of a service asks of whoever of the team does it (L23)."""

    LADDER = "ladder", _("Ladder, height")
    HEAVY = "heavy", _("Heavy loads")
    CHEMICALS = "chemicals", _("Chemical products")


class Execution(models.TextChoices):
    """Who does the work."""

    OWN_TEAM = "own_team", _("By our team")
    PROVIDER = "provider", _("By a local provider")
    COLLECTED_PROVIDER = "collected_provider", _("Collected by our team, done by a local provider")


class Place(models.TextChoices):
    """Where client and concierge meet: things are left at the desk, or somebody comes."""

    DESK = "desk", _("At the desk")
    HOME = "home", _("At your place")


# As the team reads it, whose place it is not.
PLACE_FOR_TEAM = {Place.DESK: Place.DESK.label, Place.HOME: _("Home visit")}


class HoldStatus(models.TextChoices):
    """A place kept for somebody who is still filling in the form."""

    HELD = "held", _("Held")
    CONFIRMED = "confirmed", _("Confirmed")
    RELEASED = "released", _("Released")
    EXPIRED = "expired", _("Expired")


class RequestStatus(models.TextChoices):
    """States of a service request; the words clients read are in the tracking page's templates."""

    SUBMITTED = "submitted", _("Sent")
    QUALIFYING = "qualifying", _("Being looked at")
    AWAITING_CLIENT = "awaiting_client", _("Waiting for the client's answer")
    AWAITING_APPROVAL = "awaiting_approval", _("Quote to be accepted")
    CONFIRMED = "confirmed", _("Confirmed")
    IN_PROGRESS = "in_progress", _("In progress")
    ON_HOLD = "on_hold", _("On hold")
    FULFILLED = "fulfilled", _("Ready")
    PARTIALLY_FULFILLED = "partially_fulfilled", _("Partly done")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")


class WorkOrderStatus(models.TextChoices):
    """States of a work order."""

    READY = "ready", _("To be given to someone")
    OFFERING = "offering", _("Looking for a provider")
    NEEDS_DISPATCH = "needs_dispatch", _("Needs a dispatcher")
    BOOKED = "booked", _("Accepted")
    SCHEDULED = "scheduled", _("Planned")
    IN_PROGRESS = "in_progress", _("In progress")
    ON_HOLD = "on_hold", _("On hold")
    COMPLETED = "completed", _("Done, to be checked")
    REWORK = "rework", _("To be done again")
    VERIFIED = "verified", _("Checked")
    FAILED = "failed", _("Not done")
    CANCELLED = "cancelled", _("Cancelled")


class Category(models.TextChoices):
    """Fixed meaning behind every status: reports, filters and badges use it (lifecycles.md 2.0.1)."""

    OPEN = "open", _("Open")
    WAITING = "waiting", _("Waiting")
    ACTIVE = "active", _("Active")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


R, W = RequestStatus, WorkOrderStatus

REQUEST_CATEGORY: dict[str, Category] = {
    R.SUBMITTED: Category.OPEN,
    R.QUALIFYING: Category.OPEN,
    R.AWAITING_CLIENT: Category.WAITING,
    R.AWAITING_APPROVAL: Category.WAITING,
    R.CONFIRMED: Category.WAITING,
    R.IN_PROGRESS: Category.ACTIVE,
    R.ON_HOLD: Category.WAITING,
    R.FULFILLED: Category.DONE,
    R.PARTIALLY_FULFILLED: Category.DONE,
    R.CLOSED: Category.DONE,
    R.CANCELLED: Category.CANCELLED,
    R.DECLINED: Category.CANCELLED,
    R.EXPIRED: Category.CANCELLED,
}

WORK_ORDER_CATEGORY: dict[str, Category] = {
    W.READY: Category.OPEN,
    W.OFFERING: Category.WAITING,
    W.NEEDS_DISPATCH: Category.OPEN,
    W.BOOKED: Category.WAITING,
    W.SCHEDULED: Category.WAITING,
    W.IN_PROGRESS: Category.ACTIVE,
    W.ON_HOLD: Category.WAITING,
    W.COMPLETED: Category.ACTIVE,
    W.REWORK: Category.ACTIVE,
    W.VERIFIED: Category.DONE,
    W.FAILED: Category.FAILED,
    W.CANCELLED: Category.CANCELLED,
}

# Nobody holds it yet.
UNASSIGNED = (W.READY, W.OFFERING, W.NEEDS_DISPATCH)
# Its provider waits for what our team collected.
TO_COLLECT = (W.BOOKED, W.SCHEDULED, W.REWORK)

# verb → (states it may start from, state it leads to). Anything else is WrongState (409).
REQUEST_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "start_review": (frozenset({R.SUBMITTED}), R.QUALIFYING),
    "ask_client": (frozenset({R.QUALIFYING}), R.AWAITING_CLIENT),
    "client_replied": (frozenset({R.AWAITING_CLIENT}), R.QUALIFYING),
    # Again while one is out: the next version.
    "send_quote": (frozenset({R.QUALIFYING, R.AWAITING_APPROVAL}), R.AWAITING_APPROVAL),
    "quote_accepted": (frozenset({R.AWAITING_APPROVAL}), R.CONFIRMED),
    "quote_declined": (frozenset({R.AWAITING_APPROVAL}), R.QUALIFYING),
    "expire": (frozenset({R.AWAITING_CLIENT, R.AWAITING_APPROVAL}), R.EXPIRED),
    "revive": (frozenset({R.EXPIRED}), R.QUALIFYING),
    "confirm": (frozenset({R.SUBMITTED, R.QUALIFYING}), R.CONFIRMED),
    "decline": (frozenset({R.SUBMITTED, R.QUALIFYING}), R.DECLINED),
    # Back to where it was held from.
    "hold": (
        frozenset({R.SUBMITTED, R.QUALIFYING, R.AWAITING_CLIENT, R.AWAITING_APPROVAL, R.CONFIRMED, R.IN_PROGRESS}),
        R.ON_HOLD,
    ),
    "start": (frozenset({R.CONFIRMED}), R.IN_PROGRESS),
    "fulfil": (frozenset({R.IN_PROGRESS}), R.FULFILLED),
    "stop": (frozenset({R.CONFIRMED, R.IN_PROGRESS}), R.PARTIALLY_FULFILLED),
    "close": (frozenset({R.FULFILLED, R.PARTIALLY_FULFILLED}), R.CLOSED),
    # Undone at the desk at once; to partly done, when that is what it was.
    "take_back": (frozenset({R.CLOSED}), R.FULFILLED),
    "cancel": (
        frozenset({R.SUBMITTED, R.QUALIFYING, R.AWAITING_CLIENT, R.AWAITING_APPROVAL, R.CONFIRMED, R.ON_HOLD}),
        R.CANCELLED,
    ),
}

WORK_ORDER_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "offer": (frozenset({W.READY, W.NEEDS_DISPATCH, W.OFFERING}), W.OFFERING),
    "exhaust": (frozenset({W.OFFERING, W.READY, W.NEEDS_DISPATCH}), W.NEEDS_DISPATCH),
    "book": (frozenset({W.READY, W.OFFERING, W.NEEDS_DISPATCH}), W.BOOKED),
    "schedule": (frozenset({W.BOOKED, W.SCHEDULED}), W.SCHEDULED),
    "start": (frozenset({W.BOOKED, W.SCHEDULED, W.REWORK, W.ON_HOLD}), W.IN_PROGRESS),
    "pause": (frozenset({W.IN_PROGRESS}), W.ON_HOLD),
    "complete": (frozenset({W.IN_PROGRESS}), W.COMPLETED),
    "reject_quality": (frozenset({W.COMPLETED}), W.REWORK),
    "verify": (frozenset({W.COMPLETED}), W.VERIFIED),
    "release": (frozenset({W.BOOKED, W.SCHEDULED}), W.READY),
    # Also what nobody was found for: else the rest of its request could never end (lifecycles.md 2.1).
    "fail": (
        frozenset({W.READY, W.NEEDS_DISPATCH, W.BOOKED, W.SCHEDULED, W.IN_PROGRESS, W.ON_HOLD, W.REWORK}),
        W.FAILED,
    ),
    # A provider stops for good, perhaps in the middle: lifecycles.md only knows releases before the start.
    "take_back": (frozenset({W.BOOKED, W.SCHEDULED, W.IN_PROGRESS, W.ON_HOLD, W.REWORK}), W.NEEDS_DISPATCH),
    "cancel": (
        frozenset({W.READY, W.OFFERING, W.NEEDS_DISPATCH, W.BOOKED, W.SCHEDULED, W.ON_HOLD, W.FAILED}),
        W.CANCELLED,
    ),
}

# An appointment may be moved as long as nothing has begun (lifecycles.md 2.6): the request and each of its works.
MOVABLE_REQUESTS = frozenset(
    {R.SUBMITTED, R.QUALIFYING, R.AWAITING_CLIENT, R.AWAITING_APPROVAL, R.CONFIRMED, R.ON_HOLD}
)
MOVABLE_WORK = frozenset({W.READY, W.OFFERING, W.NEEDS_DISPATCH, W.BOOKED, W.SCHEDULED})


class WaitlistEnd(models.TextChoices):
    """Why nobody waits for an earlier time any more."""

    MOVED = "moved", _("The appointment was moved")
    CANCELLED = "cancelled", _("The request will not be done")
    STARTED = "started", _("The work has begun")
    PASSED = "passed", _("The time of the appointment has come")
    SPENT = "spent", _("Three notices were sent")
    LEFT = "left", _("No longer wished")


class PerformerKind(models.TextChoices):
    """Who holds a booked work order."""

    NOBODY = "", _("Nobody yet")
    OWN_TEAM = "own_team", _("Our team")
    PROVIDER = "provider", _("A local provider")
    PRODUCER = "producer", _("A producer")


class Leg(models.TextChoices):
    """What our own team does on a work order: the work itself, or carrying what a provider works on."""

    WORK = "", _("The work itself")
    COLLECT = "collect", _("Bring it to the provider")
    RETURN = "return", _("Fetch it from the provider")


class NotHeldReason(models.TextChoices):
    """Why a stand was not held on a day."""

    ASKED_OFF = "asked_off", _("the account asked us not to come")
    NOBODY = "nobody", _("nobody of us could come")
    NO_ACCESS = "no_access", _("the place could not be entered")
    OTHER = "other", _("another reason")


class HoldReason(models.TextChoices):
    """Why a request stands still; the client reads it."""

    CLIENT = "client", _("We wait for your answer")
    MATERIAL = "material", _("We wait for the material")
    ACCESS = "access", _("We wait for access to the place")
    OURS = "ours", _("Something holds us up on our side")


class Ball(models.TextChoices):
    """Whose turn it is; codes of ``rules.waiting.Holder``."""

    CLIENT = "client", _("The client")
    TEAM = "team", _("Our team")
    PROVIDER = "provider", _("Providers")
    MATERIAL = "material", _("The material")


class LineKind(models.TextChoices):
    """A line is a thing or service asked for, an option that goes with it, or a supplement to its price."""

    ITEM = "item", _("Service")
    OPTION = "option", _("Option")
    SUPPLEMENT = "supplement", _("Supplement")


class SupplementRule(models.TextChoices):
    """What brings a supplement."""

    CHOSEN = "chosen", _("When the client chooses it")
    SATURDAY = "saturday", _("On a Saturday")
    SUNDAY = "sunday", _("On a Sunday")
    HOLIDAY = "holiday", _("On a public holiday")
    EVENING = "evening", _("In the evening")
    BEYOND = "beyond", _("Far away")


class AreaKind(models.TextChoices):
    """How an area is described."""

    COMMUNE = "commune", _("A commune or a postcode")
    RADIUS = "radius", _("A distance from the site")
    POLYGON = "polygon", _("A shape on the map")


class AccountKind(models.TextChoices):
    """Bodies that pay for their people."""

    COMPANY = "company", _("Company")
    LANDLORD = "landlord", _("Landlord")
    TOWN = "town", _("Town")


class PresencePeriod(models.TextChoices):
    """What agreed hours of presence are counted by."""

    WEEK = "week", _("week")
    MONTH = "month", _("month")


class QuoteStatus(models.TextChoices):
    """States of one version of a quote (lifecycles.md 2.2)."""

    DRAFT = "draft", _("Draft")
    SENT = "sent", _("Waiting for the client")
    ACCEPTED = "accepted", pgettext_lazy("quote", "Accepted")
    DECLINED = "declined", _("Declined by the client")
    CHANGES_REQUESTED = "changes_requested", _("The client wants a change")
    EXPIRED = "expired", _("No longer valid")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SUPERSEDED = "superseded", _("Replaced")


Q = QuoteStatus

QUOTE_CATEGORY: dict[str, Category] = {
    Q.DRAFT: Category.OPEN,
    Q.SENT: Category.WAITING,
    Q.ACCEPTED: Category.DONE,
    Q.DECLINED: Category.CANCELLED,
    Q.CHANGES_REQUESTED: Category.OPEN,
    Q.EXPIRED: Category.FAILED,
    Q.WITHDRAWN: Category.CANCELLED,
    Q.SUPERSEDED: Category.CANCELLED,
}

# verb → (states it may start from, state it leads to), as above.
QUOTE_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "send": (frozenset({Q.DRAFT}), Q.SENT),
    "accept": (frozenset({Q.SENT}), Q.ACCEPTED),
    "decline": (frozenset({Q.SENT}), Q.DECLINED),
    "request_changes": (frozenset({Q.SENT}), Q.CHANGES_REQUESTED),
    "expire": (frozenset({Q.SENT}), Q.EXPIRED),
    "withdraw": (frozenset({Q.SENT}), Q.WITHDRAWN),
    # By the next version: when it is sent, or, for a binding one, only when that is accepted (amendment).
    "supersede": (frozenset({Q.SENT, Q.CHANGES_REQUESTED, Q.DECLINED, Q.EXPIRED, Q.ACCEPTED}), Q.SUPERSEDED),
}


class QuoteLineKind(models.TextChoices):
    """What a line of a quote is for: travel costs are named apart (arrêté of 24 January 2017)."""

    WORK = "work", _("Work")
    SUPPLY = "supply", _("Supplies")
    TRAVEL = "travel", _("Travel")


# Pictograms that the product ships (concierge/static/concierge/pictograms/).
PICTOGRAMS = {
    "welcome-desk": _("Counter"),
    "ironing": _("Iron"),
    "dry-cleaning": _("Coat on a hanger"),
    "shoe": _("Shoe"),
    "mending": _("Needle and thread"),
    "car-wash": _("Car"),
    "bike": _("Bicycle"),
    "courier": _("Courier"),
    "basket": _("Basket"),
    "repair": _("Tools"),
    "garden": _("Garden"),
    "cleaning": _("Broom"),
    "paperwork": _("Sheet of paper"),
}


class HolidayRule(models.TextChoices):
    """What happens to a repeated day on which the site is closed."""

    SKIP = "skip", _("Left out")
    BEFORE = "before", _("Moved to the open day before")
    AFTER = "after", _("Moved to the open day after")


# How many days at a time a closed day is moved.
HOLIDAY_SHIFT: dict[str, int] = {HolidayRule.SKIP: 0, HolidayRule.BEFORE: -1, HolidayRule.AFTER: 1}


class NoShowPolicy(models.TextChoices):
    """What happens to an order ahead that nobody fetched (R7)."""

    CHARGED = "charged", _("Given away and charged")
    REFUNDED = "refunded", _("Given away, not charged")
    KEPT = "kept", _("Kept until the next open day, then given away and charged")


class RunStatus(models.TextChoices):
    """States of a hand-out of orders ahead."""

    OPEN = "open", _("Orders open")
    CLOSED = "closed", _("Orders passed on")
    DONE = "done", _("Handed out")
    SKIPPED = "skipped", _("Left out")
    CANCELLED = "cancelled", _("Cancelled")


class RunReason(models.TextChoices):
    """Why a hand-out was moved or left out. Why one was cancelled, somebody types."""

    CLOSED_DAY = "closed_day", _("The site is closed that day.")
    MOVED = "moved", _("Moved: the site is closed on the usual day.")
    NOT_HANDED_OUT = "not_handed_out", _("The plan has changed: nothing is handed out that day.")
    TOO_LATE = "too_late", _("The plan has changed: it was too late to take orders.")


class HandOut(models.TextChoices):
    """What became of one order at its hand-out."""

    EXPECTED = "expected", _("Expected")
    HANDED_OVER = "handed_over", _("Handed over")
    KEPT = "kept", _("Kept for later")
    NO_SHOW = "no_show", _("Not fetched")


RUN_CATEGORY: dict[str, Category] = {
    RunStatus.OPEN: Category.OPEN,
    RunStatus.CLOSED: Category.ACTIVE,
    RunStatus.DONE: Category.DONE,
    RunStatus.SKIPPED: Category.CANCELLED,
    RunStatus.CANCELLED: Category.CANCELLED,
}

HAND_OUT_CATEGORY: dict[str, Category] = {
    HandOut.EXPECTED: Category.WAITING,
    HandOut.HANDED_OVER: Category.DONE,
    HandOut.KEPT: Category.ACTIVE,
    HandOut.NO_SHOW: Category.FAILED,
}


class RecurrenceStatus(models.TextChoices):
    """States of a regular request."""

    ACTIVE = "active", _("Running")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class OccurrenceStatus(models.TextChoices):
    """States of one day of a regular request."""

    PLANNED = "planned", _("Planned")
    BOOKED = "booked", _("Booked")
    FAILED = "failed", _("Could not be booked")
    SKIPPED = "skipped", _("Left out")


class DayChange(models.TextChoices):
    """What an edit does to one day of a regular request."""

    KEPT = "kept", _("Stays as it is")
    STANDS = "stands", _("Stays: too late to change")
    CHANGED = "changed", _("Other order")
    MOVED = "moved", _("Moved")
    ADDED = "added", _("New day")
    CANCELLED = "cancelled", _("Day cancelled")
    LEFT_OUT = "left_out", _("Left out")


RECURRENCE_CATEGORY: dict[str, Category] = {
    RecurrenceStatus.ACTIVE: Category.ACTIVE,
    RecurrenceStatus.PAUSED: Category.WAITING,
    RecurrenceStatus.ENDED: Category.DONE,
}

DAY_CHANGE_CATEGORY: dict[str, Category] = {
    DayChange.KEPT: Category.DONE,
    DayChange.STANDS: Category.DONE,
    DayChange.CHANGED: Category.WAITING,
    DayChange.MOVED: Category.WAITING,
    DayChange.ADDED: Category.OPEN,
    DayChange.CANCELLED: Category.CANCELLED,
    DayChange.LEFT_OUT: Category.CANCELLED,
}

OCCURRENCE_CATEGORY: dict[str, Category] = {
    OccurrenceStatus.PLANNED: Category.WAITING,
    OccurrenceStatus.BOOKED: Category.DONE,
    OccurrenceStatus.FAILED: Category.FAILED,
    OccurrenceStatus.SKIPPED: Category.CANCELLED,
}


class ClearanceKind(models.TextChoices):
    """Licences and certificates that a service may ask of who does it; the team's files say who has them."""

    DRIVING_B = "driving_b", _("Driving licence B")
    CARGO_BIKE = "cargo_bike", _("Cargo bike")
    ELECTRICAL_H0B0 = "electrical_h0b0", _("Electrical H0B0")
    REDUCED_MOBILITY = "reduced_mobility", _("Accompanying people with reduced mobility")
    FOOD_HYGIENE = "food_hygiene", _("Food hygiene")
    FIRST_AID = "first_aid", _("First aid at work")
    FORKLIFT = "forklift", _("Forklift (CACES)")
