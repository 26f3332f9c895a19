"""Write down who is on the team, what they can do and when they are here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.enums import Role
from concierge.errors import Conflict, Invalid
from concierge.models import Membership, Site, User
from concierge.tenancy import Actor
from workers.actions.persons import PersonDetails, check_details
from workers.actions.skills import Basis, raise_skill
from workers.enums import Evidence, OwnView, SkillLevel
from workers.models import AvailabilityRule, Trainee, TraineeSkill

# weekday (0 = Monday), from, to
UsualHours = tuple[int, dt.time, dt.time]


@transaction.atomic
def create_trainee(
    *,
    site: Site,
    first_name: str,
    last_name: str,
    by: Actor,
    user: User | None = None,
    supervisor: User | None = None,
    birth_date: dt.date | None = None,
    language: str = "fr",
    prefers_audio: bool = False,
) -> Trainee:
    """Add a person to the team of a site; an account gets the trainee's role there, so that it opens their day page.

    Their contract is a verb of its own (``contracts.hire``). Raises ``Invalid`` (400) without a first name, for a birth
    date that cannot be, a supervisor who is not one here; ``Conflict`` (409) for an account that is somebody else's.
    """
    check_details(PersonDetails(first_name, last_name, birth_date), today_of(site.organisation))
    if supervisor is not None and not _supervises(supervisor, site):
        raise Invalid(_("This person is not a technical supervisor at this site."), field="supervisor")
    with refuse_on(
        "trainee_user_once_per_organisation",
        Conflict(_("This account already belongs to another person of the team."), field="user"),
    ):
        trainee = Trainee.objects.create(
            organisation_id=site.organisation_id,
            site=site,
            user=user,
            first_name=first_name,
            last_name=last_name,
            supervisor=supervisor,
            birth_date=birth_date,
            language=language,
            prefers_audio=prefers_audio,
        )
    if user is not None:
        Membership.objects.get_or_create(organisation_id=site.organisation_id, user=user, role=Role.TRAINEE, site=site)
    events.record("trainee.added", trainee, by=by)
    return trainee


def _supervises(user: User, site: Site) -> bool:
    held = Membership.objects.filter(organisation_id=site.organisation_id, user=user, role=Role.SUPERVISOR)
    return any(site_id in {None, site.pk} for site_id in held.order_by("pk").values_list("site_id", flat=True))


@transaction.atomic
def set_availability(trainee: Trainee, *, hours: Iterable[UsualHours], by: Actor) -> None:
    """Replace the usual hours of the week. Raises ``Invalid`` (400) for hours that overlap or end before they start."""
    rows = [
        AvailabilityRule(
            organisation_id=trainee.organisation_id, trainee=trainee, weekday=weekday, starts=starts, ends=ends
        )
        for weekday, starts, ends in hours
    ]
    if any(row.ends <= row.starts for row in rows):
        raise Invalid(_("The end must be after the start."), field="hours")
    trainee.availability.all().delete()
    with refuse_on(
        "availability_does_not_overlap", Invalid(_("These hours overlap other hours of the same day."), field="hours")
    ):
        AvailabilityRule.objects.bulk_create(rows)
    events.record("availability.changed", trainee, by=by)


@transaction.atomic
def set_skill(trainee: Trainee, *, rome_code: str, level: SkillLevel, by: Actor) -> TraineeSkill:
    """Write down what somebody could do already when they came. Raises what ``raise_skill`` raises."""
    basis = Basis(own_view=OwnView.READY, evidence=Evidence.EARLIER, note=str(Evidence.EARLIER.label))
    raise_skill(trainee, rome_code=rome_code, level=level, basis=basis, by=by)
    return TraineeSkill.objects.get(trainee=trainee, rome_code=rome_code)
