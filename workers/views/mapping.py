"""The visits of a day on a map of our own, beside the same in a list. Tiles only where a setting names their server."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.enums import Leg, Place
from concierge.models import Site
from workers.models import Assignment, Trainee
from workers.perms import can_dispatch
from workers.rules.intervals import civil_day
from workers.rules.mapping import Drawing, Spot, drawing_of
from workers.views.common import acting, chosen_day, chosen_site, hours_text, team_sites, title_of

WIDTH, HEIGHT = 1000, 640
# What a stop takes on the drawing.
STOP_WIDTH, STOP_HEIGHT = 54, 39
# Stops on one drawing; a list of more is for the board.
MOST_STOPS = 200


@dataclass(frozen=True)
class Stop:
    """One visit: whose, the how-manieth of their day, and where; no spot when nobody knows it or may not see it."""

    card: Assignment
    number: int
    spot: Spot | None
    place: str


@require_safe
def day_map(request: HttpRequest) -> HttpResponse:
    """Where everybody goes that day: numbered stops per person, and the site they set out from."""
    actor = acting(request)
    sites = team_sites(actor)
    if not sites:
        return render(request, "workers/no_site.html")
    site = chosen_site(sites, request.GET.get("site", ""))
    zone = ZoneInfo(site.time_zone)
    day = chosen_day(request.GET.get("day", ""), today=timezone.now().astimezone(zone).date())
    window = civil_day(day, zone)
    found = Assignment.objects.visible_to(actor).filter(work_order__site=site).holding().between(window).for_cards()
    found = found.order_by("trainee__first_name", "trainee_id", "planned_start", "pk")
    many = found.count()
    stops = _stops(list(found[:MOST_STOPS]), site, sees_homes=can_dispatch(actor, site_id=site.pk))
    home = _spot(site.latitude, site.longitude)
    drawing = drawing_of([home, *(stop.spot for stop in stops if stop.spot)], width=WIDTH, height=HEIGHT)
    assert drawing is not None  # noqa: S101 - the site is on it
    query = {"site": site.slug, "day": day.isoformat()}
    context = {
        "site": site,
        "sites": sites,
        "day": day,
        "width": WIDTH,
        "height": HEIGHT,
        "home": {axis: f"{value:g}" for axis, value in zip("xy", drawing.place(home), strict=True)},
        "people": _people(stops, drawing, home, zone, query),
        "tiles": _tiles(drawing),
        "attribution": settings.MAP_ATTRIBUTION if settings.MAP_TILES_URL else "",
        "more": max(0, many - MOST_STOPS),
        "previous_url": f"?{urlencode({**query, 'day': day - dt.timedelta(days=1)})}",
        "next_url": f"?{urlencode({**query, 'day': day + dt.timedelta(days=1)})}",
        "board_url": f"{reverse('workers:board')}?{urlencode(query)}",
    }
    return render(request, "workers/map.html", context)


def _stops(cards: list[Assignment], site: Site, *, sees_homes: bool) -> list[Stop]:
    found: list[Stop] = []
    for card in cards:
        number = found[-1].number + 1 if found and found[-1].card.trainee_id == card.trainee_id else 1
        request = card.work_order.request
        if card.leg != Leg.WORK:
            # Between the site and a provider, whose address is words only.
            found.append(Stop(card, number, None, card.work_order.performer_label))
        elif request.place != Place.HOME:
            found.append(Stop(card, number, _spot(site.latitude, site.longitude), site.name))
        elif not sees_homes:
            found.append(Stop(card, number, None, request.city))
        else:
            words = ", ".join(part for part in (request.street, f"{request.postcode} {request.city}".strip()) if part)
            known = request.latitude is not None and request.longitude is not None
            found.append(Stop(card, number, _spot(request.latitude, request.longitude) if known else None, words))
    return found


def _spot(latitude: Any, longitude: Any) -> Spot:
    return Spot(float(latitude), float(longitude))


def _people(
    stops: list[Stop], drawing: Drawing, home: Spot, zone: ZoneInfo, query: dict[str, str]
) -> list[dict[str, Any]]:
    """Per person: their stops in order and the line through them, from the site on."""
    people: dict[int, dict[str, Any]] = {}
    board = f"{reverse('workers:board')}?{urlencode(query)}"
    for stop in stops:
        trainee: Trainee = stop.card.trainee
        person = people.setdefault(
            trainee.pk,
            {
                "name": trainee.short_name,
                "letter": _letter(len(people)),
                "tone": trainee.pk % 6,
                "stops": [],
                "way": [drawing.place(home)],
            },
        )
        point = drawing.place(stop.spot) if stop.spot else None
        person["stops"].append(
            {
                "number": stop.number,
                "label": f"{person['letter']}{stop.number}",
                "title": title_of(stop.card.work_order, stop.card.leg),
                "hours": hours_text(stop.card.planned_start, stop.card.planned_end, zone),
                "place": stop.place,
                "is_shown": point is not None,
                "url": f"{board}&card={stop.card.public_id}#who",
            }
        )
        if point is not None:
            person["way"].append(point)
    for person in people.values():
        person["line"] = " ".join(f"{x:g},{y:g}" for x, y in person.pop("way"))
    _spread(stops, drawing, home, people)
    return list(people.values())


def _letter(nth: int) -> str:
    """A to Z, then AA: what tells people apart besides the colour."""
    first, last = divmod(nth, 26)
    return f"{chr(64 + first) if first else ''}{chr(65 + last)}"


def _spread(stops: list[Stop], drawing: Drawing, home: Spot, people: dict[int, dict[str, Any]]) -> None:
    """Stops at one place stand side by side, in rows of eight: no number hides another."""
    taken = {_cell(drawing.place(home)): 1}
    for stop in stops:
        if stop.spot is None:
            continue
        x, y = drawing.place(stop.spot)
        place = _cell((x, y))
        nth = taken[place] = taken.get(place, 0) + 1
        shown = people[stop.card.trainee_id]["stops"][stop.number - 1]
        shown["x"] = f"{min(max(x + ((nth - 1) % 8) * STOP_WIDTH, 28), WIDTH - 28):g}"
        shown["y"] = f"{min(max(y + ((nth - 1) // 8) * STOP_HEIGHT, 20), HEIGHT - 20):g}"


def _cell(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0] / STOP_WIDTH), round(point[1] / STOP_HEIGHT)


def _tiles(drawing: Drawing) -> list[dict[str, Any]]:
    if not settings.MAP_TILES_URL:
        return []
    return [
        {
            "url": settings.MAP_TILES_URL.replace("{z}", str(tile.zoom))
            .replace("{x}", str(tile.x))
            .replace("{y}", str(tile.y)),
            "left": f"{tile.left:g}",
            "top": f"{tile.top:g}",
            "size": f"{tile.size:g}",
        }
        for tile in drawing.tiles()
    ]
