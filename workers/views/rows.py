"""The rows of the board: who is here when, with which cards.

The cards are written as text: a day of sixty people has six hundred, and through the component ``<c-work-card>`` each
takes a quarter of a millisecond (``docs/performance.md``).
"""

from __future__ import annotations

import datetime as dt
import uuid
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from workers.enums import MOVABLE, AssignmentStatus
from workers.models import Trainee
from workers.models.cards import Accompanied, Card, DayCards
from workers.models.presence import Presence
from workers.rules.intervals import Interval, civil_day
from workers.views.common import clock, initials, pictogram_of, title_of
from workers.views.replacing import replace_url

if TYPE_CHECKING:
    from workers.views.board import Focus

FIRST_HOUR, LAST_HOUR = 8, 19
# The grid has 64 columns at most: sixteen hours.
MOST_HOURS = 16
QUARTER = dt.timedelta(minutes=15)
# Stands for a person in an address that each row completes.
NOBODY = uuid.UUID(int=0)
# Up to an hour, a card has room for a drawing and a time.
BRIEF = 4

CARD_STATE = {
    AssignmentStatus.PROPOSED: "waiting",
    AssignmentStatus.ACCEPTED: "open",
    AssignmentStatus.WORKING: "active",
    AssignmentStatus.DONE: "done",
    AssignmentStatus.VALIDATED: "done",
}


def hours_shown(presence: Presence, cards: DayCards) -> tuple[int, int]:
    """First and last hour of the grid: the usual day, stretched to the work there is."""
    today, zone = civil_day(presence.day, presence.zone), presence.zone
    found = [card for of_person in cards.work.values() for card in of_person]
    opening = min((card.planned_start for card in found if card.planned_start >= today.start), default=None)
    closing = max((card.planned_end for card in found if card.planned_end < today.end), default=None)
    first, last = FIRST_HOUR, LAST_HOUR
    if opening is not None:
        first = min(first, opening.astimezone(zone).hour)
    if closing is not None:
        end = closing.astimezone(zone)
        last = max(last, end.hour + (1 if end.minute else 0))
    return first, min(last, first + MOST_HOURS, 24)


def rows(focus: Focus, presence: Presence, cards: DayCards, shown: Interval, takes_drops: bool) -> list[dict[str, Any]]:
    """One row a person: usual hours, cards, and where a card is dropped."""
    hour = shown.start.astimezone(focus.zone).hour
    query = urlencode({"day": focus.day.isoformat(), "hour": hour, "site": focus.site.slug})
    drop = f"{reverse('workers:drop', args=[NOBODY])}?{query}".split(str(NOBODY))
    return [
        _row(focus, presence, cards, trainee, shown, str(trainee.public_id).join(drop) if takes_drops else "")
        for trainee in presence.trainees
    ]


def _row(
    focus: Focus, presence: Presence, of_day: DayCards, trainee: Trainee, shown: Interval, drop_url: str
) -> dict[str, Any]:
    away = presence.is_away(trainee)
    here = [card for card in of_day.of(trainee) if card.touches(shown)]
    beside = [one for one in of_day.accompanied(trainee) if one.window.overlaps(shown)]
    cards = [
        *(_card(focus, card, shown, of_day.companions.get(card.key, "")) for card in here),
        *(_beside(focus, one, shown) for one in beside),
    ]
    return {
        "public_id": trainee.public_id,
        "name": trainee.short_name,
        "initials": initials(trainee),
        "tone": trainee.pk % 6,
        "detail": _("Away") if away else _("Prefers to listen") if trainee.prefers_audio else "",
        "replace_url": replace_url(trainee, focus.day) if drop_url and _may_go(here) else "",
        "drop_url": "" if away else drop_url,
        "off": _off(shown, [] if away else presence.open_windows(trainee)),
        "cards": mark_safe("".join(html for _hours, _title, html in cards)),  # noqa: S308 - card_html
        "paper": mark_safe(  # noqa: S308 - titles are escaped
            "".join(f'<br><span class="print-hours">{hours}</span> {_escaped(title)}' for hours, title, _html in cards)
        ),
    }


def _off(shown: Interval, opened: list[Interval]) -> list[dict[str, int]]:
    """Columns of the grid outside the usual hours."""
    gaps, cursor = [], shown.start
    for window in [*sorted(opened), Interval(shown.end, shown.end + QUARTER)]:
        if window.start > cursor:
            gaps.append(columns(Interval(cursor, min(window.start, shown.end)), shown))
        cursor = max(cursor, window.end)
        if cursor >= shown.end:
            break
    return gaps


def columns(interval: Interval, shown: Interval) -> dict[str, int]:
    """Where an interval lies on the grid: first column (from 1) and number of columns."""
    first = max(0, (interval.start - shown.start) // QUARTER)
    last = -(-(min(interval.end, shown.end) - shown.start) // QUARTER)
    return {"start": first + 1, "span": max(1, last - first)}


def _may_go(cards: list[Card]) -> bool:
    return any(card.status in MOVABLE for card in cards)


def _beside(focus: Focus, one: Accompanied, shown: Interval) -> tuple[str, str, SafeString]:
    """Whom they accompany: their time is taken, and there is nothing to drag."""
    place = columns(one.window, shown)
    start = clock(one.starts, focus.zone)
    hours = f"{start} – {clock(one.ends, focus.zone)}"
    words = {"name": one.name, "service": one.service.label}
    title = _("With %(name)s: %(service)s") % words
    html = card_html(
        **place,
        title=title,
        detail=hours,
        brief=start if place["span"] <= BRIEF else "",
        pictogram=pictogram_of(one, one.leg),
        state="done" if one.is_over else "open",
        url="",
        drag="",
        version=one.version,
    )
    return hours, title, html


def _card(focus: Focus, card: Card, shown: Interval, companion: str) -> tuple[str, str, SafeString]:
    """Its hours and title, and the card itself; ``companion`` is who accompanies."""
    is_late = card.status in MOVABLE and card.planned_start < focus.now
    is_here = card.site_id == focus.site.pk
    place = columns(Interval(card.planned_start, card.planned_end), shown)
    start, end = clock(card.planned_start, focus.zone), clock(card.planned_end, focus.zone)
    hours, title = f"{start} – {end}", title_of(card, card.leg)
    detail = f"{hours} · {_status(card.status, get_language() or '')}"
    if companion:
        detail = f"{detail} · " + _("with %(name)s") % {"name": companion}
    html = card_html(
        **place,
        title=title,
        detail=detail,
        brief=start if place["span"] <= BRIEF else "",
        pictogram=pictogram_of(card, card.leg),
        state="failed" if is_late else CARD_STATE[AssignmentStatus(card.status)],
        url=f"{focus.card_url}{card.public_id}#who" if is_here else "",
        drag=str(card.public_id) if is_here and card.status in MOVABLE else "",
        version=card.version,
    )
    return hours, title, html


@cache
def _status(status: str, _language: str) -> str:
    """The status in words, once per language."""
    return str(AssignmentStatus(status).label)


def card_html(
    *,
    start: int,
    span: int,
    title: str,
    detail: str,
    brief: str,
    pictogram: str,
    state: str,
    url: str,
    drag: str,
    version: int,
) -> SafeString:
    """What ``<c-work-card>`` writes for a card in a row; a test compares the two."""
    title, detail, url = _escaped(title), _escaped(detail), escape(url)
    tag = "a" if url else "div"
    href = f' href="{url}"' if url else ""
    dragged = f' data-drag-id="{escape(drag)}"' if drag else ""
    if brief:
        inside = (
            f'<img src="{_drawing(pictogram)}" alt="" width="26" height="26"><strong aria-hidden="true">{brief}'
            f'</strong><span class="sr-only">{title}, {detail}</span>'
        )
    else:
        inside = f'<strong>{title}</strong><span class="work-card-detail">{detail}</span>'
    return mark_safe(  # noqa: S308 - what is not ours is escaped above
        f'<{tag}{href} class="work-card work-card-{state}{" work-card-brief" if brief else ""} '
        f'col-start-{start} col-span-{span}" title="{title} – {detail}"{dragged} data-version="{version}" '
        f'data-start="{start}">{inside}</{tag}>'
    )


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    """Titles and hours of a day are the same on many cards."""
    return str(escape(text))


@cache
def _drawing(name: str) -> str:
    return escape(static(f"concierge/pictograms/{name}.svg"))
