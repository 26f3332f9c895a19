"""Days that somebody can mean: the same bounds as the database's."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_lazy as _

from concierge.errors import Invalid
from workers.rules.contracts import FIRST_DAY, LAST_DAY


def within_range(day: dt.date | None, field: str, *, first: dt.date = FIRST_DAY) -> None:
    """Raises ``Invalid`` (400) for a day that nobody can mean; no day is fine."""
    if day is not None and not first <= day <= LAST_DAY:
        raise Invalid(_("Check this day: its year cannot be meant."), field=field)
