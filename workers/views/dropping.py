"""Before the drop: where a piece of work that was picked up may be put down (R14)."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.models import WorkOrder
from concierge.errors import DomainError
from concierge.models import Site
from workers.actions.dropping import QUARTER, stretches
from workers.actions.growth import growth_of
from workers.forms import GridForm, cleaned
from workers.models import Assignment, Trainee
from workers.models.plan import team_day
from workers.perms import can_dispatch
from workers.views.common import acting, chosen_site, clock, order_or_404, require, team_sites, title_of


@require_safe
def check_drops(request: HttpRequest, item: uuid.UUID) -> HttpResponse:
    """Every row of the board with the quarters where the work may begin, may after a yes, or may not, and why.

    The same rules judge again when it is dropped.
    """
    actor = acting(request)
    site = chosen_site(team_sites(actor), request.GET.get("site", ""))
    require(can_dispatch(actor, site_id=site.pk))
    card = Assignment.objects.visible_to(actor).for_cards().filter(public_id=item, work_order__site=site).first()
    order = card.work_order if card else order_or_404(actor, item)
    try:
        grid = cleaned(GridForm(request.GET))
    except DomainError as error:
        return JsonResponse({"message": str(error.message)}, status=error.status)
    answer = _answer(site, order, card, grid)
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _answer(site: Site, order: WorkOrder, card: Assignment | None, grid: dict[str, Any]) -> dict[str, Any]:
    zone = ZoneInfo(site.time_zone)
    team = team_day(Trainee.objects.filter(organisation=site.organisation_id, site=site).active(), grid["day"], zone)
    team.know_weeks(team.trainees)
    morning = dt.datetime.combine(grid["day"], dt.time(grid["hour"]), zone).astimezone(dt.UTC)
    now, mode = timezone.now(), card.supervision_mode if card else ""
    growth = growth_of(order, team, now=now, without=card)
    return {
        "title": title_of(order, card.leg if card else order.leg_now or ""),
        "span": max(1, -(-order.duration_minutes // 15)),
        "times": [clock(morning + column * QUARTER, zone) for column in range(grid["columns"])],
        "people": {
            str(trainee.public_id): {
                "name": trainee.short_name,
                "stretches": [
                    asdict(one)
                    for one in stretches(
                        order,
                        trainee,
                        team,
                        morning=morning,
                        columns=grid["columns"],
                        now=now,
                        # Somebody else is accompanied as suits them.
                        mode=mode if card and card.trainee_id == trainee.pk else "",
                        without=card,
                        growth=growth,
                    )
                ],
            }
            for trainee in team.trainees
        },
        "words": _words(),
    }


def _words() -> dict[str, str]:
    """What the page says, to eyes and ears, while something is in hand; {braces} are filled there."""
    return {
        "taken": _("{title} in hand. Arrows choose the person and the time, Enter puts it down, Escape leaves it."),
        "free": _("{name}, {time}: possible"),
        "warn": _("{name}, {time}, to be confirmed: {why}"),
        "block": _("{name}, {time}, not possible: {why}"),
        "refused": _("Nothing has been changed. {name}, {time}: {why}"),
        "left": _("{title} stays where it was."),
    }
