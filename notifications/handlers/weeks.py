"""People of the team are told of their working hours, and the team of what they say of them."""

from __future__ import annotations

from concierge.enums import Role
from concierge.events import subscribe
from concierge.models import Event, User
from notifications.actions.queue import Reader
from notifications.enums import Kind
from notifications.handlers.readers import account_of, member, team_at, tell
from workers.models import SwapRequest, Trainee, WeekEdition


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


@subscribe("hours_consent.declined")
def tell_of_a_no(event: Event) -> None:
    """The person does not agree to hours that they learnt late: somebody suggests others (L13, L14)."""
    for trainee in Trainee.objects.filter(public_id=event.subject_id).select_related("site", "supervisor"):
        tell(event, supervisors_of(trainee), site=trainee.site)


@subscribe("swap.asked")
def ask_the_colleague(event: Event) -> None:
    """They answer on their own week."""
    for swap in _swaps(event):
        tell(event, account_of(swap.other), site=swap.mine.week.site)


@subscribe("swap.agreed")
def ask_the_supervisor(event: Event) -> None:
    """Both agree: somebody has to decide."""
    for swap in _swaps(event):
        tell(event, supervisors_of(swap.asker), site=swap.mine.week.site)


@subscribe("swap.declined", "swap.refused", "swap.expired")
def tell_that_it_does_not_take_place(event: Event) -> None:
    """Whoever asked; whoever had agreed too."""
    for swap in _swaps(event):
        people = [swap.asker] if swap.answered_at is None or event.name == "swap.declined" else [swap.asker, swap.other]
        readers = [reader for person in people for reader in account_of(person)]
        tell(event, readers, site=swap.mine.week.site, kind=Kind.SWAP_ENDED)


def _swaps(event: Event) -> list[SwapRequest]:
    found = SwapRequest.objects.filter(public_id=event.subject_id)
    rows = found.select_related("asker__user", "asker__supervisor", "asker__site", "other__user", "mine__week__site")
    return list(rows)
