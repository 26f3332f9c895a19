"""Whose turn it is, in words: for the client ("you", never a name of ours) and for the team (which role)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.enums import HoldReason
from bookings.models import ServiceRequest
from bookings.models.waiting import Waiting
from bookings.rules.waiting import Holder, Next, Step, Wait, path_of
from concierge.enums import Role
from concierge.models import Site
from concierge.words import moment_words, short_moment_words

# What the team reads, and what the client reads.
NEXT: dict[Next, tuple[Promise | str, Promise | str]] = {
    Next.LOOK_AT_IT: (gettext_lazy("Look at the request"), gettext_lazy("We look at your request")),
    Next.DECIDE: (gettext_lazy("Decide: confirm, quote or decline"), gettext_lazy("We study your request")),
    Next.ANSWER: (gettext_lazy("Answer our question"), gettext_lazy("Answer our question")),
    Next.ANSWER_QUOTE: (gettext_lazy("Accept or decline the quote"), gettext_lazy("Accept or decline our quote")),
    Next.BRING: (gettext_lazy("Bring the things to the desk"), gettext_lazy("Bring your things to the desk")),
    Next.FIND_SOMEBODY: (gettext_lazy("Find somebody to do it"), gettext_lazy("We look for a craftsperson near you")),
    Next.PLAN: (gettext_lazy("Give it to someone"), gettext_lazy("We plan the work")),
    Next.ACCEPT: (gettext_lazy("Accept our offer"), gettext_lazy("A craftsperson accepts the work")),
    Next.START: (gettext_lazy("Start the work"), gettext_lazy("The work begins")),
    Next.CARRY_THERE: (gettext_lazy("Bring it to the provider"), gettext_lazy("We bring it to the craftsperson")),
    Next.CARRY_BACK: (gettext_lazy("Fetch it from the provider"), gettext_lazy("We fetch it from the craftsperson")),
    Next.FINISH: (gettext_lazy("Finish the work"), gettext_lazy("The work is finished")),
    Next.RESUME: (gettext_lazy("Go on with the work"), gettext_lazy("The work goes on")),
    Next.DO_AGAIN: (gettext_lazy("Do it again"), gettext_lazy("We improve a detail")),
    Next.CHECK: (gettext_lazy("Check the work"), gettext_lazy("We check the work")),
    Next.CALL_CLIENT: (gettext_lazy("Call the client"), gettext_lazy("We call you")),
    Next.RECEIVE_MATERIAL: (gettext_lazy("The material arrives"), gettext_lazy("The material arrives")),
    Next.GIVE_ACCESS: (gettext_lazy("Give us access"), gettext_lazy("Give us access to the place")),
    Next.COLLECT: (gettext_lazy("Collect it"), gettext_lazy("Collect it at the desk")),
    Next.CLOSE: (gettext_lazy("Close the request"), gettext_lazy("We close your request")),
    Next.NOTHING: ("", ""),
}

STEP: dict[Step, Promise] = {
    Step.RECEIVED: gettext_lazy("Received"),
    Step.AGREED: gettext_lazy("Confirmed"),
    Step.IN_HAND: gettext_lazy("In hand"),
    Step.READY: gettext_lazy("Ready"),
    Step.HANDED_OVER: gettext_lazy("Handed over"),
}


def holder_words(wait: Wait, *, for_client: bool = False) -> str:
    """Who has the ball. Of our own team the client reads no name and no role."""
    if wait.holder == Holder.CLIENT:
        return _("You") if for_client else _("The client")
    if wait.holder == Holder.TEAM:
        return _("Our team") if for_client or not wait.role else str(Role(wait.role).label)
    if wait.holder == Holder.PROVIDER:
        return wait.provider or (_("Craftspeople near you") if for_client else _("Providers who were asked"))
    return _("The material") if wait.holder == Holder.MATERIAL else ""


def next_words(wait: Wait, *, for_client: bool = False) -> str:
    """The next step, for whoever has to take it."""
    return str(NEXT[wait.next][1 if for_client else 0])


def reason_words(wait: Wait) -> str:
    """Why it stands still; work may stand still by itself, then without a reason."""
    if not wait.is_paused:
        return ""
    return str(HoldReason(wait.reason).label) if wait.reason else _("On pause for a moment")


def shown(wait: Wait, site: Site, *, now: dt.datetime, for_client: bool = False) -> dict[str, Any]:
    """What a page needs of one wait."""
    words = moment_words if for_client else short_moment_words
    return {
        "wait": wait,
        "holder": holder_words(wait, for_client=for_client),
        "next": next_words(wait, for_client=for_client),
        "due": words(wait.due, site) if wait.due else "",
        "since": words(wait.since, site),
        "reason": reason_words(wait),
        "is_open": wait.is_open,
        "is_paused": wait.is_paused,
        "is_late": wait.is_late(now),
    }


def path(found: ServiceRequest, waiting: Waiting, *, is_void: bool = False) -> tuple[list[dict[str, str]], int]:
    """The steps of a request and where it stands, from 1; past the last one when all is over, 0 off the path or when
    nothing came of it (``is_void``)."""
    steps = path_of(found.place)
    labels = [{"label": str(STEP[step]), "url": ""} for step in steps]
    if found.place == "home":
        labels[-1]["label"] = _("Done")
    step = waiting.request.step
    if step is None or is_void:
        return labels, 0
    return labels, len(steps) + 1 if step == Step.HANDED_OVER else steps.index(step) + 1
