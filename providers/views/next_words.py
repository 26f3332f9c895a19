"""What happens next with a search, read from what waits for it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from concierge.models import Deadline
from concierge.words import moment_words
from providers.actions.offer_moves import NEXT_WAVE
from providers.enums import RoundStatus
from providers.models import OfferRound


def round_words(current: OfferRound) -> str:
    """How a search stands, or ended."""
    if current.status == RoundStatus.EXHAUSTED and current.ended_at is not None and current.ended_at >= current.ends_at:
        return _("Time was over")
    return current.get_status_display()


def next_steps(rounds: Sequence[OfferRound]) -> dict[int, list[str]]:
    """For each search under way: when the next ones are asked, and when a person takes over at the latest."""
    under_way = [one for one in rounds if one.status == RoundStatus.OPEN]
    if not under_way:
        return {}
    waiting = Deadline.objects.filter(
        organisation_id=under_way[0].organisation_id,
        kind=NEXT_WAVE,
        subject_id__in=[one.pk for one in under_way],
        fired_at=None,
        cancelled_at=None,
    )
    gaps = dict(waiting.order_by("pk").values_list("subject_id", "due_at"))
    found = {}
    for one in under_way:
        site = one.work_order.site
        said = []
        if one.pk in gaps and gaps[one.pk] < one.ends_at:
            said.append(
                _("Without a yes the next ones are asked: %(when)s.") % {"when": moment_words(gaps[one.pk], site)}
            )
        said.append(_("A person decides at the latest: %(when)s.") % {"when": moment_words(one.ends_at, site)})
        found[one.pk] = said
    return found
