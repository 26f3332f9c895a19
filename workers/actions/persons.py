"""Who a person is, where they work and with whom: corrected by whoever accompanies them (R13)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models import Prescriber
from concierge import events
from concierge.actions import invited_user
from concierge.days import today_of
from concierge.db import refuse_on
from concierge.enums import Role
from concierge.errors import Conflict, Invalid
from concierge.models import Membership, Site, User
from concierge.tenancy import Actor
from workers.actions.contracts import locked
from workers.models import Trainee
from workers.models.people import TEAM_ROLES
from workers.perms import can_change_adviser

# Work is possible from 14 on during holidays (L4153-1, L4153-3); older than 100 is a slip of the pen.
YOUNGEST, OLDEST = 14, 100


@dataclass(frozen=True)
class PersonDetails:
    """Who somebody is; ``birth_date`` None: not known."""

    first_name: str
    last_name: str = ""
    birth_date: dt.date | None = None
    language: str = "fr"
    prefers_audio: bool = False


@dataclass(frozen=True)
class TeamAround:
    """Where somebody works, and with whom."""

    site: Site
    supervisor: User | None = None
    mentor: User | None = None
    adviser: User | None = None
    referrer: Prescriber | None = None


@transaction.atomic
def change_details(trainee: Trainee, details: PersonDetails, *, by: Actor) -> Trainee:
    """Correct who somebody is. Raises ``Invalid`` (400) without a first name, or for a birth date that cannot be. The
    record says which fields changed, not what they were."""
    trainee = locked(trainee)
    check_details(details, today_of(trainee.organisation))
    values = {
        "first_name": details.first_name.strip(),
        "last_name": details.last_name.strip(),
        "birth_date": details.birth_date,
        "language": details.language,
        "prefers_audio": details.prefers_audio,
    }
    changed = sorted(name for name, value in values.items() if getattr(trainee, name) != value)
    if changed:
        for name in changed:
            setattr(trainee, name, values[name])
        trainee.save(update_fields=changed)
        events.record("trainee.changed", trainee, by=by, changed=changed)
    return trainee


def check_details(details: PersonDetails, today: dt.date) -> None:
    """Raises ``Invalid`` (400) without a first name, or for a birth date that cannot be."""
    if not details.first_name.strip():
        raise Invalid(_("Give the first name."), field="first_name")
    born = details.birth_date
    if born is not None and not YOUNGEST <= today.year - born.year <= OLDEST:
        raise Invalid(_("This birth date cannot be: check the year."), field="birth_date")


@transaction.atomic
def set_team(trainee: Trainee, team: TeamAround, *, by: Actor) -> Trainee:
    """Say where somebody works, and who accompanies them. Raises ``Invalid`` (400) for somebody who has not that role
    at that site, and for another social adviser where that is not for the actor to say (P01)."""
    trainee = locked(trainee)
    check_team(team)
    _check_adviser(trainee, team.adviser, by=by)
    changed = []
    for name in ("site", "supervisor", "mentor", "adviser", "referrer"):
        if getattr(trainee, f"{name}_id") != getattr(getattr(team, name), "pk", None):
            setattr(trainee, name, getattr(team, name))
            changed.append(name)
    if changed:
        trainee.save(update_fields=changed)
        events.record("trainee.team_changed", trainee, by=by, changed=changed)
    if "site" in changed and trainee.user_id is not None:
        let_in(trainee)
    return trainee


def _check_adviser(trainee: Trainee, wanted: User | None, *, by: Actor) -> None:
    """Whoever is the adviser opens what is kept apart: while somebody is, and holds the role, only they themself or who
    answers for the site name another, and nobody names themself."""
    before = trainee.adviser
    if (
        before is None
        or before == wanted
        or not staff_of(trainee.site, Role.SOCIAL_ADVISER).filter(pk=before.pk).exists()
    ):
        return
    names_self = wanted is not None and by.user is not None and wanted.pk == by.user.pk
    if names_self or not can_change_adviser(by, trainee):
        sentence = _(
            "%(name)s accompanies this person: they hand over themselves, or the manager of the site names another."
        )
        raise Invalid(sentence % {"name": before}, field="adviser")


def check_team(team: TeamAround) -> None:
    """Raises ``Invalid`` (400) for somebody who has not that role at that site."""
    wanted = (
        (
            "supervisor",
            team.supervisor,
            (Role.SUPERVISOR,),
            _("This person is not a technical supervisor at this site."),
        ),
        ("adviser", team.adviser, (Role.SOCIAL_ADVISER,), _("This person is not a social adviser at this site.")),
        ("mentor", team.mentor, TEAM_ROLES, _("This person does not work at this site.")),
    )
    for field, user, roles, sentence in wanted:
        if user is not None and not staff_of(team.site, *roles).filter(pk=user.pk).exists():
            raise Invalid(sentence, field=field)


def staff_of(site: Site, *roles: str) -> models.QuerySet[User]:
    """Accounts that hold one of the roles at a site, or everywhere."""
    held = Membership.objects.filter(organisation_id=site.organisation_id, role__in=roles)
    held = held.filter(Q(site=None) | Q(site=site))
    return User.objects.filter(pk__in=held.order_by().values("user_id"), is_active=True).order_by(
        "first_name", "last_name", "pk"
    )


@transaction.atomic
def invite_trainee(trainee: Trainee, *, email: str, by: Actor) -> Trainee:
    """Give somebody an account of their own: they sign in by a code sent to this address, and read how in a mail.

    Raises ``Invalid`` (400) for an address that is none, ``Conflict`` (409) when the person has an account already or
    is no longer on the team, or the account is somebody else's.
    """
    trainee = locked(trainee)
    try:
        validate_email(email.strip())
    except ValidationError as error:
        raise Invalid(_("Please write a whole e-mail address, such as name@example.fr."), field="email") from error
    if trainee.user_id is not None:
        raise Conflict(_("This person already has an account."), field="email")
    if not trainee.is_active:
        raise Conflict(_("This person is no longer on the team."), field="email")
    trainee.user = invited_user(email, first_name=trainee.first_name, last_name=trainee.last_name)
    taken = Conflict(_("This account already belongs to another person of the team."), field="email")
    with refuse_on("trainee_user_once_per_organisation", taken):
        trainee.save(update_fields=["user"])
    let_in(trainee)
    events.record("trainee.invited", trainee, by=by)
    return trainee


def let_in(trainee: Trainee) -> None:
    """The account of somebody opens their own day, while they are on the team."""
    if trainee.is_active:
        Membership.objects.get_or_create(
            organisation_id=trainee.organisation_id, user=trainee.user, role=Role.TRAINEE, site=trainee.site
        )
