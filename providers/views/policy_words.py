"""The rules by which providers are asked, as sentences."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format, time_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from providers.enums import ContactChannel, Ladder, RoundMode
from providers.models import OfferPolicy
from providers.rules import asking


def hours_words(hours: Decimal) -> str:
    """4 hours, 1,5 hour."""
    number = number_format(hours.normalize() if hours % 1 else int(hours))
    return ngettext("%(n)s hour", "%(n)s hours", 2 if hours >= 2 else 1) % {"n": number}


def policy_words(policy: OfferPolicy) -> list[str]:
    """Who is asked, how long each has, when a person takes over."""
    return [_whom(policy), _how_long(policy), _by_what(policy), *_next_ones(policy), _then_a_person(policy)]


def _whom(policy: OfferPolicy) -> str:
    if policy.mode == RoundMode.DIRECT:
        return _("Only the best placed provider is asked.")
    if policy.mode == RoundMode.SEQUENCE:
        return _("The best placed provider is asked alone, then the next one.")
    if policy.mode == RoundMode.BROADCAST:
        said = _("All providers who can do it are asked at the same time, %(n)d at most: the first yes counts.")
        return said % {"n": asking.MOST_AT_ONCE}
    if policy.mode == RoundMode.QUOTES:
        return ngettext(
            "The best placed provider is asked for its price; a person of the team then says yes or no to it, within"
            " one working day.",
            "The %(n)d best placed providers are asked for their prices; no yes counts by itself: a person of the team"
            " then chooses among them, within one working day.",
            policy.wave_size,
        ) % {"n": policy.wave_size}
    return ngettext(
        "The best placed provider is asked: a yes counts.",
        "The %(n)d best placed providers are asked at the same time: the first yes counts.",
        policy.wave_size,
    ) % {"n": policy.wave_size}


def _how_long(policy: OfferPolicy) -> str:
    words = {"hours": hours_words(policy.answer_hours)}
    if not policy.reminders:
        return _("Each has %(hours)s to answer, counted while they are open, and is not reminded.") % words
    words["when"] = get_text_list([f"{percent} %" for percent in policy.reminders], _("and"))
    return (
        _("Each has %(hours)s to answer, counted while they are open, and is reminded when %(when)s of it is over.")
        % words
    )


def _by_what(policy: OfferPolicy) -> str:
    ladder = Ladder(policy.ladder)
    if ContactChannel.SMS not in ladder.split("_"):
        return _("They are reached like this: %(ladder)s.") % {"ladder": ladder.label}
    hours = {"begins": time_format(policy.sms_from), "ends": time_format(policy.sms_until)}
    said = _("They are reached like this: %(ladder)s. SMS leave between %(begins)s and %(ends)s.")
    return said % {"ladder": ladder.label, **hours}


def _next_ones(policy: OfferPolicy) -> list[str]:
    if policy.max_waves == 1:
        return []
    times = ngettext("%(n)d time in all", "%(n)d times in all", policy.max_waves) % {"n": policy.max_waves}
    if policy.mode == RoundMode.QUOTES:
        said = _("When nobody gave a price, or nobody was chosen, the next ones are asked: %(times)s.")
        return [said % {"times": times}]
    if policy.gap_hours is None:
        return [_("Without a yes the next ones are asked once all have answered: %(times)s.") % {"times": times}]
    return [
        _(
            "Without a yes the next ones are asked after %(hours)s (Monday to Friday, nine to six), while the first may"
            " still answer: %(times)s."
        )
        % {"hours": hours_words(policy.gap_hours), "times": times}
    ]


def _then_a_person(policy: OfferPolicy) -> str:
    days = policy.longest_days
    until = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if policy.stop_before_hours == 0:
        said = _("Then a person decides: after %(until)s at most in office hours, and before the work has to begin.")
        return said % {"until": until}
    hours = hours_words(Decimal(policy.stop_before_hours))
    return _(
        "Then a person decides: after %(until)s at most in office hours, and %(hours)s before the work has to begin."
    ) % {"until": until, "hours": hours}
