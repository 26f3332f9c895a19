"""Closed lists and the transition table of the workers app (lifecycles.md 2.5, 2.11)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SkillLevel(models.TextChoices):
    """How far a trainee has come with a skill; nobody is ever lowered automatically. No row: not started."""

    OBSERVED = "observed", _("Has seen it done")
    ASSISTED = "assisted", _("Does it with help")
    SUPERVISED = "supervised", _("Does it, checked by somebody")
    AUTONOMOUS = "autonomous", _("Does it alone")
    TRANSMITTING = "transmitting", _("Can show it to others")


class SupervisionMode(models.TextChoices):
    """How a piece of work is accompanied."""

    OBSERVATION = "observation", _("Watching")
    PAIRED = "paired", _("In a pair")
    SUPERVISED = "supervised", _("Supervised")
    AUTONOMOUS = "autonomous", _("Alone")


class OwnView(models.TextChoices):
    """What the person themself says of a level."""

    READY = "ready", _("“I can do it”")
    NOT_YET = "not_yet", _("“Not yet”")


class Evidence(models.TextChoices):
    """What a level rests on."""

    SITUATION = "situation", _("Work done and checked")
    SEEN = "seen", _("What I have seen")
    EARLIER = "earlier", _("What they did before: another job, a certificate")


class GoalStatus(models.TextChoices):
    """States of a learning goal."""

    OPEN = "open", _("Under way")
    ACHIEVED = "achieved", _("Achieved")
    DROPPED = "dropped", _("Given up")


class Face(models.TextChoices):
    """Three faces for one answer; each question has words of its own for them (``FACE_WORDS``)."""

    HAPPY = "happy", _("Smiling face")
    NEUTRAL = "neutral", _("Neutral face")
    SAD = "sad", _("Sad face")


# The three questions after work (columns of LearningSituation), in few words; read aloud.
QUESTIONS = {
    "felt_went": _("How did it go?"),
    "felt_ease": _("Was it difficult?"),
    "felt_help": _("Do you need help next time?"),
}
FACE_WORDS = {
    "felt_went": {Face.HAPPY: _("Well"), Face.NEUTRAL: _("So-so"), Face.SAD: _("Not well")},
    "felt_ease": {Face.HAPPY: _("Easy"), Face.NEUTRAL: _("A little hard"), Face.SAD: _("Very hard")},
    "felt_help": {Face.HAPPY: _("No help needed"), Face.NEUTRAL: _("A little help"), Face.SAD: _("Yes, help me")},
}
# The levels in the first person, for their own passport.
OWN_WORDS = {
    SkillLevel.OBSERVED.value: _("I have seen how it is done"),
    SkillLevel.ASSISTED.value: _("I do it with help"),
    SkillLevel.SUPERVISED.value: _("I do it, somebody checks"),
    SkillLevel.AUTONOMOUS.value: _("I do it alone"),
    SkillLevel.TRANSMITTING.value: _("I can show it to others"),
}


class AssignmentStatus(models.TextChoices):
    """States of an assignment: one person on one work order."""

    PROPOSED = "proposed", _("Given")
    ACCEPTED = "accepted", _("Seen by the person")
    WORKING = "working", _("At work")
    DONE = "done", _("Done, to be checked")
    VALIDATED = "validated", _("Checked")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", _("Taken back")


class Category(models.TextChoices):
    """Fixed meaning behind a status; the words are those of every badge of the product."""

    WAITING = "waiting", _("Waiting")
    ACTIVE = "active", _("Active")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


S = AssignmentStatus

ASSIGNMENT_CATEGORY: dict[str, Category] = {
    S.PROPOSED: Category.WAITING,
    S.ACCEPTED: Category.WAITING,
    S.WORKING: Category.ACTIVE,
    S.DONE: Category.ACTIVE,
    S.VALIDATED: Category.DONE,
    S.DECLINED: Category.CANCELLED,
    S.CANCELLED: Category.CANCELLED,
}

# The person's time is taken: two of these may not overlap (constraint trainee_not_in_two_places).
OCCUPYING = (S.PROPOSED, S.ACCEPTED, S.WORKING)
# The work order is in somebody's hands: one of these at most per work order.
HOLDING = (*OCCUPYING, S.DONE, S.VALIDATED)
# Why an assignment was taken back when its client comes at another time, or who had it leaves; kept in its event.
RESCHEDULED, LEFT = "rescheduled", "left"
# What can still be moved to another time or person.
MOVABLE = (S.PROPOSED, S.ACCEPTED)

# verb → (states it may start from, state it leads to). Anything else is WrongState (409).
ASSIGNMENT_TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "acknowledge": (frozenset({S.PROPOSED}), S.ACCEPTED),
    "move": (frozenset(MOVABLE), S.PROPOSED),
    "start": (frozenset({S.ACCEPTED}), S.WORKING),
    "finish": (frozenset({S.WORKING}), S.DONE),
    "validate": (frozenset({S.DONE}), S.VALIDATED),
    "send_back": (frozenset({S.DONE}), S.WORKING),
    "decline": (frozenset({S.PROPOSED}), S.DECLINED),
    "cancel": (frozenset(MOVABLE), S.CANCELLED),
    # The client or the organisation stopped the work order itself, possibly while it was on hold.
    "stop": (frozenset(OCCUPYING), S.CANCELLED),
}


class DeclineReason(models.TextChoices):
    """Why a trainee says no; it costs them nothing (lifecycles.md 2.5)."""

    NOT_AVAILABLE = "not_available", _("I cannot be there")
    NOT_READY = "not_ready", _("I do not know how to do it yet")
    OTHER = "other", _("I will explain to my supervisor")


class SendBackReason(models.TextChoices):
    """Why a supervisor asks for the work to be done again."""

    INCOMPLETE = "incomplete", _("Something is missing")
    QUALITY = "quality", _("Not yet good enough")
    WRONG_ITEM = "wrong_item", _("Wrong item or order")


# The trades of concierge work (domain.md 2.8): proposed before anything is searched for (concierge/rome.py has all).
USUAL_TRADES = (
    "H2410",
    "D1205",
    "D1206",
    "D1207",
    "B1803",
    "G1701",
    "M1601",
    "M1602",
    "K1304",
    "K2204",
    "K2202",
    "A1203",
    "I1203",
    "N4104",
    "N4105",
    "N1103",
    "N1105",
    "D1106",
    "D1507",
    "K2501",
    "K1205",
    "K1801",
    "K2111",
)


class TimeKind(models.TextChoices):
    """What a stretch of a trainee's time was (R20); what each kind counts for is ``rules.time.COUNTING``.

    Absences are as coarse as the pay office can do with: no cause, no illness (domain.md 4.1). Nobody who gives out
    work reads them.
    """

    WORK = "work", _("Work")
    BREAK = "break", _("Break")
    TRAINING = "training", _("Training")
    INTERVIEW = "interview", _("Interview")
    IMMERSION = "immersion", _("Immersion elsewhere (PMSMP)")
    PAID_LEAVE = "paid_leave", _("Paid leave")
    PUBLIC_HOLIDAY = "public_holiday", _("Public holiday, paid")
    FAMILY_LEAVE = "family_leave", _("Family event, paid")
    SICK_LEAVE = "sick_leave", _("Sick leave")
    UNPAID_LEAVE = "unpaid_leave", _("Unpaid leave")
    JUSTIFIED = "justified", _("Absent, with a reason")
    UNJUSTIFIED = "unjustified", _("Absent, without a reason")
    UNKNOWN = "unknown", _("Absent, not yet known why")


K = TimeKind
# Noted for a day, in minutes; everything else has a start and an end.
ABSENCE_KINDS = (
    K.PAID_LEAVE,
    K.PUBLIC_HOLIDAY,
    K.FAMILY_LEAVE,
    K.SICK_LEAVE,
    K.UNPAID_LEAVE,
    K.JUSTIFIED,
    K.UNJUSTIFIED,
    K.UNKNOWN,
)
# What somebody may clock by themself beside the work they are given.
CLOCK_KINDS = (K.WORK, K.TRAINING, K.INTERVIEW, K.IMMERSION)


class TimeSource(models.TextChoices):
    """Where a time was said."""

    PHONE = "phone", _("the person’s telephone")
    SUPERVISOR = "supervisor", _("written down by the team")
    PLANNED = "planned", _("as planned")


class TimeStatus(models.TextChoices):
    """What has been said of a time. Never stored: ``TimeEntry.status`` says it."""

    RUNNING = "running", _("Running")
    DRAFT = "draft", _("To be looked at")
    CONFIRMED = "confirmed", _("Confirmed by the person")
    CONTESTED = "contested", _("“This is not right”")
    VALIDATED = "validated", _("Validated")


TIME_CATEGORY: dict[str, Category] = {
    TimeStatus.RUNNING: Category.ACTIVE,
    TimeStatus.DRAFT: Category.WAITING,
    TimeStatus.CONFIRMED: Category.WAITING,
    TimeStatus.CONTESTED: Category.ACTIVE,
    TimeStatus.VALIDATED: Category.DONE,
}


class MonthStatus(models.TextChoices):
    """Whether hours of a month may still be written."""

    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


WEEKDAYS = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)

# One sentence per reason of workers/rules/candidates.py and labour.py, with the names of its figures.
REASON_SENTENCES = {
    "free": _("Free at that time"),
    "busy": _("Already at work from %(from)s to %(to)s"),
    "available": _("Usually here from %(from)s to %(to)s"),
    "not_available": _("Not usually here at that time"),
    "absent": _("Away that day"),
    "no_contract": _("No contract on that day"),
    "left": _("No longer on the team"),
    "skill": _("%(skill)s: %(level)s"),
    "skill_low": _("%(skill)s: %(level)s; better %(mode)s"),
    "skill_missing": _("%(skill)s: not started; better %(mode)s"),
    "skill_lapsed": _("%(skill)s: not done since %(since)s; to be looked at again"),
    "no_skill_needed": _("No particular skill needed"),
    "cleared": _("%(clearance)s: valid"),
    "clearance_missing": _("%(clearance)s: not in their file"),
    "clearance_expired": _("%(clearance)s: over since %(since)s"),
    "hours_left": _("%(left)s left this week out of %(contract)s"),
    "hours_reached": _("With this, all of the %(contract)s of the week are planned"),
    "hours_published": _("Within their hours of the week: %(planned)s out of %(contract)s"),
    "contract_hours": _("%(planned)s this week for a contract of %(contract)s"),
    "no_supervisor": _("No supervisor to accompany them"),
    "companion": _("Accompanied by %(who)s"),
    "no_companion": _("Nobody is free to accompany them that day"),
    "no_companion_yet": _("Nobody is free to accompany them at that time; %(who)s is from %(from)s on"),
    "next_step": _("Next step: %(skill)s, “%(step)s”. So far “%(level)s”, %(times)s"),
    "next_step_goal": _("Next step towards their goal: %(skill)s, “%(step)s”. So far “%(level)s”, %(times)s"),
    "keeps_alive": _("%(skill)s: not done since %(since)s, it keeps what they learnt"),
    "after_failure": _("The last work went badly: something they know first"),
    "new_steps_day": _("Already %(count)s new steps that day"),
    "new_steps_week": _("Already %(count)s new steps that week"),
    "other_site": _("Belongs to another site"),
    "needs": _("To know: %(word)s"),
    "before_promise": _("Before the time agreed with the client (%(promise)s)"),
    "after_promise": _("After the time promised to the client (%(promise)s)"),
    "already_past": _("This time is already past"),
    "L1": _("%(time)s of work on %(day)s: %(time_limit)s at most"),
    "L2": _("%(time)s of work in the week of %(day)s: %(time_limit)s at most"),
    "L3": _("%(time)s a week on average over the 12 weeks up to that of %(day)s: %(time_limit)s at most"),
    "L4": _("Only %(time)s of rest before %(day)s: %(time_limit)s are due"),
    "L5": _("Only %(time)s of rest in a row in the week of %(day)s: %(time_limit)s are due"),
    "L5_days": _("Work on %(count)s days in the week of %(day)s: on %(count_limit)s at most"),
    "L5_sunday": _("The weekly rest is given on Sunday in principle"),
    "L6": _("%(time)s of work on %(day)s without a break of %(rest)s"),
    "L7": _("%(time)s from the first work of %(day)s to the last: %(time_limit)s at most"),
    "L8_day": _("Under 18: %(time)s of work on %(day)s, %(time_limit)s at most"),
    "L8_week": _("Under 18: %(time)s of work in the week of %(day)s, %(time_limit)s at most"),
    "L8_rest": _("Under 18: only %(time)s of rest before %(day)s, %(time_limit)s are due"),
    "L8_days_off": _("Under 18: two days off in a row are due in the week of %(day)s"),
    "L8_break": _("Under 18: %(time)s of work on %(day)s without a break of %(rest)s, %(time_limit)s at most"),
    "L8_night": _("Under 18: no work at night"),
    "L8_holiday": _("Under 18: no work on a public holiday"),
    "L9": _("%(time)s of night work on %(day)s"),
    "L10": _("Contract of %(time)s a week without a derogation: %(time_limit)s at least"),
    "L11": _("%(time)s in the week of %(day)s: this contract allows %(time_limit)s at most, extra hours included"),
    "L11_full_time": _("%(time)s in the week of %(day)s: a part-time contract stays under 35 h"),
    "L12": _(
        "%(time)s of extra hours in the week of %(day)s: "
        "%(first)s paid %(first_rate)s %% more, %(then)s %(then_rate)s %% more"
    ),
    "L12_first": _("%(time)s of extra hours in the week of %(day)s, paid %(first_rate)s %% more"),
    "L13": _("Extra hours told less than %(count_limit)s days before: a refusal is no fault"),
    "L14": _("Hours changed less than %(count_limit)s working days before"),
    "L15": _(
        "%(time)s a week above the contract on average over 12 weeks: from %(time_limit)s on, the contract is raised"
    ),
    "L16": _("%(count)s riders to the contract this year: %(count_limit)s at most"),
    "L16_agreement": _("No branch agreement allows a rider that raises the hours"),
    "L17": _("Work of %(day)s interrupted too often or too long (%(longest)s)"),
    "L18": _(
        "%(time)s of overtime in the week of %(day)s: "
        "%(first)s paid %(first_rate)s %% more, %(then)s %(then_rate)s %% more"
    ),
    "L18_first": _("%(time)s of overtime in the week of %(day)s, paid %(first_rate)s %% more"),
    "L18_quota": _("%(time)s of overtime this year: %(time_limit)s at most"),
    "L20": _("%(day)s is a public holiday"),
    "L20_may": _("1 May is off for everybody"),
    "L22": _("%(time)s in the week of %(day)s: with an immersion there are no extra hours beyond %(time_limit)s"),
    "L23": _("What this work asks is ruled out for this person (%(word)s)"),
}

# What would put a broken rule right (ways out of workers/rules/labour).
WAY_SENTENCES = {
    "end_by": _("End at %(at)s at the latest"),
    "start_from": _("Start at %(at)s or later"),
    "break_before": _("Leave a break of %(rest)s before %(at)s"),
    "between": _("Stay between %(start)s and %(end)s"),
    "rest_between": _("Leave free from %(start)s to %(end)s"),
    "left_week": _("At most %(left)s more this week"),
    "at_most_week": _("At most %(most)s this week"),
    "other_week": _("Choose another week"),
    "other_day": _("Choose %(day)s or later"),
    "other_time": _("Choose another time"),
    "other_person": _("Choose somebody else"),
    "day_off": _("Leave one day of the week free"),
    "days_off": _("Leave two days in a row free"),
    "record_agreement": _("Confirm once the person agrees"),
    "raise_contract": _("Raise the contract to %(to)s a week"),
    "amend_contract": _("Change the contract itself"),
    "derogation": _("Note the derogation and its end"),
    "bring_together": _("Bring the work of the day together: one interruption of %(most)s at most"),
}
