"""The social adviser of a person is told what of their pathway is about to end."""

from __future__ import annotations

from concierge.enums import Role
from concierge.events import subscribe
from concierge.models import Event
from notifications.handlers.readers import member, team_at, tell
from workers.models import PassIAE


@subscribe("pass_iae.ending")
def tell_that_a_pass_ends(event: Event) -> None:
    """Their own adviser; without one, those of the site, else the heads of the network."""
    for found in PassIAE.objects.kept().filter(public_id=event.subject_id).select_related("trainee__site"):
        adviser = found.trainee.adviser
        site = found.trainee.site
        own = [member(adviser)] if adviser is not None and adviser.is_active else []
        tell(event, own or team_at(site, Role.SOCIAL_ADVISER, Role.NETWORK_HEAD), site=site)
