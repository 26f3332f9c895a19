"""Who may do what with the team's work. Reading is ``visible_to``; this is about acting (S01, S07)."""

from __future__ import annotations

from concierge.enums import Role
from concierge.tenancy import Actor
from workers.models import Assignment, HelpCall, TimeEntry, Trainee
from workers.models.employers import CONTRACT_ROLES, EMPLOYER_ROLES
from workers.models.passes import PATHWAY_ROLES
from workers.models.people import TEAM_ROLES
from workers.models.time import HOURS_ROLES

DISPATCH_ROLES = (Role.CONCIERGE, Role.DISPATCHER, Role.SUPERVISOR, Role.SITE_MANAGER)
TEAM_PAGE_ROLES = (Role.DISPATCHER, Role.SUPERVISOR, Role.SOCIAL_ADVISER, Role.SITE_MANAGER)
# Who finds people in the list: of a file, the accountant opens contracts alone.
PEOPLE_ROLES = (*TEAM_PAGE_ROLES, Role.ACCOUNTANT)
# Who prepares and publishes the working times of a site.
PLAN_ROLES = (Role.DISPATCHER, Role.SUPERVISOR, Role.SITE_MANAGER)
# Who corrects a file and writes restrictions; who signs contracts, reads birth dates and pay.
EDIT_ROLES = (Role.SUPERVISOR, Role.SOCIAL_ADVISER, Role.SITE_MANAGER)
SIGN_ROLES = (Role.SOCIAL_ADVISER, Role.SITE_MANAGER)


def can_see_board(actor: Actor) -> bool:
    """Everybody of the staff but the accountant."""
    return actor.has_role(*TEAM_ROLES)


def can_dispatch(actor: Actor, *, site_id: int) -> bool:
    """Give, move and take back work at a site."""
    return actor.kind == "system" or actor.has_role(*DISPATCH_ROLES, site_id=site_id)


def dispatches(actor: Actor) -> bool:
    """Give, move and take back work at one site at least."""
    return actor.has_role(*DISPATCH_ROLES)


def can_see_team(actor: Actor, *, site_id: int | None = None) -> bool:
    """Open the pages about the people themselves (skills, usual hours)."""
    return actor.has_role(*TEAM_PAGE_ROLES, site_id=site_id)


def can_plan_weeks(actor: Actor, *, site_id: int | None = None) -> bool:
    """Prepare and publish the working times of a week."""
    return actor.kind == "system" or actor.has_role(*PLAN_ROLES, site_id=site_id)


def can_see_people(actor: Actor) -> bool:
    """Open the list of people."""
    return actor.has_role(*PEOPLE_ROLES)


def can_edit_person(actor: Actor, *, site_id: int | None = None) -> bool:
    """Correct a file, say who accompanies the person, write restrictions (L23)."""
    return actor.has_role(*EDIT_ROLES, site_id=site_id)


def can_see_contracts(actor: Actor, *, site_id: int | None = None) -> bool:
    """Read contracts, annexes and derogations of people of a site; dispatchers read capabilities only (P01)."""
    return actor.has_role(*CONTRACT_ROLES, site_id=site_id)


def can_write_contracts(actor: Actor, *, site_id: int | None = None) -> bool:
    """Add people, sign, change and end contracts; read birth dates (R22)."""
    return actor.has_role(*SIGN_ROLES, site_id=site_id)


def can_let_go(actor: Actor, *, site_id: int | None = None) -> bool:
    """Say that somebody leaves the team, stays after all or comes back: who adds people to it."""
    return actor.has_role(*SIGN_ROLES, site_id=site_id)


def can_see_pay(actor: Actor, *, site_id: int) -> bool:
    """Read what a contract pays: who signs it, who declares it."""
    return actor.has_role(*SIGN_ROLES, Role.ACCOUNTANT, site_id=site_id)


def can_see_employers(actor: Actor) -> bool:
    """Read who signs contracts, and their annexes."""
    return actor.has_role(*EMPLOYER_ROLES)


def can_manage_employers(actor: Actor) -> bool:
    """Write down employers and annexes: who answers for a site or the network, who declares the hours."""
    return actor.has_role(Role.SITE_MANAGER, Role.NETWORK_HEAD, Role.ACCOUNTANT)


def leads(actor: Actor, trainee: Trainee) -> bool:
    """Whether the actor is this trainee's own technical supervisor, and still holds that role at the site."""
    return (
        actor.user is not None
        and trainee.supervisor_id == actor.user.pk
        and actor.has_role(Role.SUPERVISOR, site_id=trainee.site_id)
    )


def can_set_skill(actor: Actor, trainee: Trainee) -> bool:
    """Say how far somebody has come, and what they want to reach: their own supervisor, nobody else (R25)."""
    return actor.kind == "system" or leads(actor, trainee)


def can_note_clearance(actor: Actor, trainee: Trainee) -> bool:
    """Write licences and certificates into the file: their supervisor, or who answers for the site."""
    return actor.kind == "system" or leads(actor, trainee) or actor.has_role(Role.SITE_MANAGER, site_id=trainee.site_id)


def can_validate(actor: Actor, assignment: Assignment) -> bool:
    """Check finished work: the supervisor of that person, nobody else."""
    return leads(actor, assignment.trainee)


def can_answer(actor: Actor, call: HelpCall) -> bool:
    """Say that somebody is on the way."""
    return actor.has_role(*DISPATCH_ROLES, site_id=call.trainee.site_id)


def can_write_hours(actor: Actor, trainee: Trainee) -> bool:
    """Write down, correct, validate somebody's hours: their own supervisor, or a site manager who stands in (R20)."""
    return leads(actor, trainee) or actor.has_role(Role.SITE_MANAGER, site_id=trainee.site_id)


def can_see_hours(actor: Actor) -> bool:
    """Open the list of a team's hours."""
    return actor.has_role(Role.SUPERVISOR, Role.SITE_MANAGER)


def can_see_months(actor: Actor, *, site_id: int | None = None) -> bool:
    """Open the months of a site, and close them."""
    return actor.has_role(*HOURS_ROLES, site_id=site_id)


def can_reopen(actor: Actor, *, site_id: int) -> bool:
    """Open a closed month again: whoever answers for the site, with a reason."""
    return actor.has_role(Role.SITE_MANAGER, Role.NETWORK_HEAD, site_id=site_id)


def can_export_hours(actor: Actor, trainee: Trainee) -> bool:
    """Take a person's month away as a file (R42): the accounts, heads of the site, the supervisor, the person."""
    is_own = actor.trainee_id is not None and actor.trainee_id == trainee.pk
    return is_own or leads(actor, trainee) or can_see_months(actor, site_id=trainee.site_id)


def says_own_hours(actor: Actor, entry: TimeEntry) -> bool:
    """Say "it is right" or "it is not right": nobody but the person."""
    return actor.trainee_id is not None and actor.trainee_id == entry.trainee_id


def can_write_notes(actor: Actor, trainee: Trainee) -> bool:
    """Read and write about somebody's progress: their own supervisor, their own social adviser (P01)."""
    return leads(actor, trainee) or advises(actor, trainee)


def can_see_pathways(actor: Actor, *, site_id: int | None = None) -> bool:
    """Read PASS, deadlines and interviews: social advisers, and heads of the network (not the reasons)."""
    return actor.has_role(*PATHWAY_ROLES, site_id=site_id)


def can_keep_pathways(actor: Actor, *, site_id: int) -> bool:
    """Write in them: social advisers of the site. Reasons are for the person's own alone (``advises``)."""
    return actor.has_role(Role.SOCIAL_ADVISER, site_id=site_id)


def advises(actor: Actor, trainee: Trainee) -> bool:
    """Whether the actor is this person's own social adviser, and still holds that role at the site: nobody else opens
    the facts kept apart, the reasons of a PASS and its reports (domain.md 4.1, P01)."""
    return (
        actor.user is not None
        and trainee.adviser_id == actor.user.pk
        and actor.has_role(Role.SOCIAL_ADVISER, site_id=trainee.site_id)
    )


def can_change_adviser(actor: Actor, trainee: Trainee) -> bool:
    """Say who the social adviser of somebody is who has one: that adviser, who hands over, or who answers for the site.
    Nobody takes a file over, and what is kept apart in it, by their own doing (P01)."""
    return (
        actor.kind == "system" or advises(actor, trainee) or actor.has_role(Role.SITE_MANAGER, site_id=trainee.site_id)
    )


def can_see_decisions(actor: Actor, trainee: Trainee) -> bool:
    """Read which decision lets a contract be what the rule forbids, and its reference: one of them says that a
    situation is recognised. The person's own adviser, and who answers for contracts at the site (P01)."""
    return advises(actor, trainee) or actor.has_role(Role.SITE_MANAGER, site_id=trainee.site_id)


def can_see_vault_readings(actor: Actor, trainee: Trainee) -> bool:
    """Who opened them: the adviser and the head of the network."""
    return advises(actor, trainee) or actor.has_role(Role.NETWORK_HEAD, site_id=trainee.site_id)
