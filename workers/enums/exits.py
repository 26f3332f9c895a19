"""How somebody's pathway ended, as the State counts it (domain.md 2.7). Why is neither asked nor kept."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ExitCategory(models.TextChoices):
    """What the State makes of it. Durable, transition and positive together are the dynamic exits."""

    DURABLE = "durable", _("Lasting work")
    TRANSITION = "transition", _("Work for a time")
    POSITIVE = "positive", _("Another step towards work")
    OTHER = "other", pgettext_lazy("exit", "Other")
    WITHDRAWN = "withdrawn", _("Not counted")


DYNAMIC = frozenset({ExitCategory.DURABLE, ExitCategory.TRANSITION, ExitCategory.POSITIVE})


class Situation(models.TextChoices):
    """What somebody does once they have left, or some months later. The last one covers what the State does not count
    (illness, prison, death…): which of it is not kept."""

    OPEN_ENDED = "open_ended", _("Open-ended contract (CDI)")
    FIXED_LONG = "fixed_long", _("Fixed-term or temporary work of more than six months")
    PUBLIC = "public", _("Public service: trainee or tenured")
    BUSINESS = "business", _("Own business")
    FIXED_SHORT = "fixed_short", _("Fixed-term or temporary work of six months or less")
    AIDED = "aided", _("Aided contract with an ordinary employer")
    TRAINING = "training", _("Training towards a qualification")
    OTHER_SIAE = "other_siae", _("Hired by another integration structure")
    UNEMPLOYED = "unemployed", _("Looking for work")
    INACTIVE = "inactive", _("Not looking for work")
    UNKNOWN = "unknown", _("Not known")
    WITHDRAWN = "withdrawn", _("An exit that the State does not count")


S, C = Situation, ExitCategory
CATEGORY_OF: dict[str, ExitCategory] = {
    S.OPEN_ENDED: C.DURABLE,
    S.FIXED_LONG: C.DURABLE,
    S.PUBLIC: C.DURABLE,
    S.BUSINESS: C.DURABLE,
    S.FIXED_SHORT: C.TRANSITION,
    S.AIDED: C.TRANSITION,
    S.TRAINING: C.POSITIVE,
    S.OTHER_SIAE: C.POSITIVE,
    S.UNEMPLOYED: C.OTHER,
    S.INACTIVE: C.OTHER,
    S.UNKNOWN: C.OTHER,
    S.WITHDRAWN: C.WITHDRAWN,
}
# Colour of a badge.
EXIT_CATEGORY = {C.DURABLE: "done", C.TRANSITION: "done", C.POSITIVE: "done", C.OTHER: "open", C.WITHDRAWN: "cancelled"}


def grouped() -> list[tuple[str, list[tuple[str, str]]]]:
    """The situations by category, for a list to choose from."""
    return [
        (str(category.label), [(one.value, str(one.label)) for one in Situation if CATEGORY_OF[one] == category])
        for category in ExitCategory
    ]
