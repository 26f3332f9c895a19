"""A person with a social adviser and a PASS."""

from __future__ import annotations

import datetime as dt
from typing import Any

from concierge.enums import Role
from concierge.files import PDF, CleanFile
from concierge.tenancy import Actor
from tests.workers.conftest import Team
from workers.actions.passes import PassDetails, SuspensionDetails, enter_pass
from workers.actions.prolongations import ProlongationDetails
from workers.enums.passes import ProlongationReason, SuspensionReason
from workers.models import PassIAE, Trainee

NUMBER = "999992612345"
START = dt.date(2026, 1, 5)
END = dt.date(2028, 1, 4)
REPORT = CleanFile(b"%PDF-1.7 un bilan", PDF, 1)


def adviser_of(team: Team) -> Actor:
    """The social adviser of the world, who accompanies Amina."""
    Trainee.objects.filter(pk=team.amina.pk).update(adviser=team.world.users["social_adviser"])
    team.amina.refresh_from_db()
    return team.world.actor(Role.SOCIAL_ADVISER)


def pass_of(team: Team, trainee: Trainee | None = None, **details: Any) -> PassIAE:
    """Amina's PASS, from 5 January 2026 on."""
    wanted = PassDetails(**{"number": NUMBER, "starts_on": START, **details})
    return enter_pass(trainee or team.amina, wanted, by=adviser_of(team))


def suspension(start: str, end: str | None, **more: Any) -> SuspensionDetails:
    """A suspension by the EI that hired last."""
    details: dict[str, Any] = {
        "starts_on": dt.date.fromisoformat(start),
        "ends_on": dt.date.fromisoformat(end) if end else None,
        "reason": SuspensionReason.CONTRACT_SUSPENDED,
        "employer_kind": "ei",
        **more,
    }
    return SuspensionDetails(**details)


def prolongation(end: str, **more: Any) -> ProlongationDetails:
    """A prolongation for a recognised situation, with everything it needs."""
    details: dict[str, Any] = {
        "reason": ProlongationReason.RQTH,
        "ends_on": dt.date.fromisoformat(end),
        "employer_kind": "ei",
        "prescriber_name": "Lise Morel",
        "prescriber_body": "Cap emploi",
        "report": REPORT,
        **more,
    }
    return ProlongationDetails(**details)
