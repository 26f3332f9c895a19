"""People of the team are told of their working hours."""

from __future__ import annotations

from concierge.events import subscribe
from concierge.models import Event, User
from notifications.handlers.readers import member, tell
from workers.models import WeekEdition


@subscribe("week.published")
def tell_the_hours(event: Event) -> None:
    """Everybody whose hours the version brought or changed, if they have an account."""
    for edition in WeekEdition.objects.filter(public_id=event.subject_id).select_related("week__site"):
        people = User.objects.filter(
            trainees__public_id__in=event.data.get("trainees", []), trainees__is_active=True, is_active=True
        ).exclude(email="")
        tell(event, [member(user) for user in people.order_by("pk")], site=edition.week.site)
