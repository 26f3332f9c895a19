"""What is left to do about hours that are over and against the Labour Code (domain.md 4.2), by number of the rule."""

from django.utils.translation import gettext_lazy as _

_REST = _("Give the missing rest in the next days.")
_LESS = _("Plan shorter days from now on.")
MENDING = {
    "L1": _LESS,
    "L2": _("Plan shorter weeks from now on."),
    "L3": _("Plan shorter weeks from now on."),
    "L4": _REST,
    "L5": _REST,
    "L6": _("Write the break if it was taken."),
    "L7": _LESS,
    "L8": _("Plan the next days by the rules for minors."),
    "L11": _("Extra hours of a part-time contract end here: plan fewer, or write a rider."),
    "L15": _("Propose a rider that raises the hours of the contract."),
    "L20": _("See with whoever does the pay what is due for a public holiday."),
    "L22": _("Plan no extra hours beside an immersion."),
}
MENDING_ELSE = _("See with whoever answers for the site.")
