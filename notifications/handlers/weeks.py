"""People of the team are told of their working hours, and the team of what they say of them."""

from __future__ import annotations

from concierge.enums import Role
from concierge.events import subscribe
from concierge.models import Event, User
from notifications.actions.queue import Reader
from notifications.handlers.readers import member, team_at, tell
from workers.models import Trainee, WeekEdition


@subscribe("week.published")
def tell_the_hours(event: Event) -> None:
    """Everybody whose hours the version brought or changed, if they have an account."""
    for edition in WeekEdition.objects.filter(public_id=event.subject_id).select_related("week__site"):
        people = User.objects.filter(
            trainees__public_id__in=event.data.get("trainees", []), trainees__is_active=True, is_active=True
        ).exclude(email="")
        tell(event, [member(user) for user in people.order_by("pk")], site=edition.week.site)


@subscribe("absence.noted")
def tell_the_supervisor(event: Event) -> None:
    """What a person said themself: somebody has to take their work."""
    if event.data.get("said_by") != "self":
        return
    for trainee in Trainee.objects.filter(public_id=event.subject_id).select_related("site", "supervisor"):
        tell(event, supervisors_of(trainee), site=trainee.site)


def supervisors_of(trainee: Trainee) -> list[Reader]:
    """The person's own supervisor, else whoever supervises or gives out work at their site."""
    own = trainee.supervisor
    if own is not None and own.is_active:
        return [member(own)]
    return team_at(trainee.site, Role.SUPERVISOR, Role.DISPATCHER, Role.SITE_MANAGER)
