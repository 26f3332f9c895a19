"""Verbs of the kernel: open and describe an organisation, add a site, give a role, issue and revoke API keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events, perms, tenancy
from concierge.api.keys import new_key
from concierge.db import refuse_on
from concierge.enums import Role, Scope
from concierge.errors import Conflict, Invalid, NotAllowed
from concierge.models import ApiClient, Domain, Membership, Organisation, Site, User, normalise_email
from concierge.tenancy import Actor, system_actor


@transaction.atomic
def open_organisation(
    *, name: str, slug: str, hosts: list[str], email: str = "", phone: str = "", kind: str = Organisation.Kind.EI
) -> Organisation:
    """Open a tenant that answers on these host names. Raises ``Conflict`` when the short name or a host is taken."""
    with refuse_on("concierge_organisation_slug_key", Conflict(_("This short name is already taken."), field="slug")):
        organisation = Organisation.objects.create(name=name, slug=slug, email=email, phone=phone, kind=kind)
    for host in hosts:
        with refuse_on("concierge_domain_host_key", Conflict(_("This host name is already used."), field="host")):
            Domain.objects.create(host=host.lower(), organisation=organisation)
    with tenancy.working_for(organisation):
        events.record("organisation.opened", organisation, by=system_actor(organisation))
    return organisation


@transaction.atomic
def drop_sandbox(sandbox: Organisation) -> None:
    """Delete a sandbox and everything in it. PostgreSQL refuses for an organisation that is real."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT concierge_drop_sandbox(%s)", [sandbox.pk])


@transaction.atomic
def edit_organisation(organisation: Organisation, changes: Mapping[str, Any], *, by: Actor) -> Organisation:
    """What clients read of the organisation, and whether it is declared for personal services. Raises ``NotAllowed``
    (403), ``Invalid`` (400) at the field."""
    if not perms.can_run_organisation(by):
        raise NotAllowed
    locked = Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)
    changed = sorted(field for field, value in changes.items() if getattr(locked, field) != value)
    for field in changed:
        setattr(locked, field, changes[field])
    try:
        locked.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field=None if field == NON_FIELD_ERRORS else field) from error
    if changed:
        locked.save(update_fields=changed)
        events.record("organisation.changed", locked, by=by, changed=changed, sap_declared=locked.sap_declared)
    return locked


@transaction.atomic
def add_site(
    organisation: Organisation,
    *,
    name: str,
    slug: str,
    street: str,
    postcode: str,
    city: str,
    latitude: Decimal,
    longitude: Decimal,
    by: Actor,
    **about: Any,
) -> Site:
    """Open a site; ``about``: telephone, e-mail, how to find it, time zone, public holidays.

    Raises ``NotAllowed`` (403), and ``Conflict`` when the organisation already has one with this short name.
    """
    if by.kind != "system" and not perms.can_run_organisation(by):
        raise NotAllowed
    with refuse_on(
        "site_slug_once_per_organisation", Conflict(_("Another site already has this short name."), field="slug")
    ):
        site = Site.objects.create(
            organisation=organisation,
            name=name,
            slug=slug,
            street=street,
            postcode=postcode,
            city=city,
            latitude=latitude,
            longitude=longitude,
            **about,
        )
    events.record("site.opened", site, by=by)
    return site


@transaction.atomic
def give_role(
    email: str,
    *,
    role: Role,
    organisation: Organisation,
    by: Actor,
    site: Site | None = None,
    first_name: str = "",
    last_name: str = "",
    password: str | None = None,
) -> Membership:
    """Give a role to the person with this e-mail, at one site or everywhere.

    An existing account is never altered (S14): name and password only serve a new one. Without a password the person
    signs in by an e-mailed code. One thing goes: the ways into an account whose address nobody has proved, for whoever
    made them may be a stranger who was here first. Raises ``Conflict`` when the role is already held there.
    """
    user = invited_user(email, first_name=first_name, last_name=last_name, password=password)
    with refuse_on("membership_role_once", Conflict(_("This person already has this role here."))):
        membership = Membership.objects.create(organisation=organisation, user=user, role=role, site=site)
    where = site.slug if site else ""
    events.record("role.given", organisation, by=by, role=str(role), user=str(user.public_id), site=where)
    return membership


def invited_user(email: str, *, first_name: str = "", last_name: str = "", password: str | None = None) -> User:
    """The account of somebody we invite: theirs as it is, but for ways in that nobody proved; else a new one (S14)."""
    user = User.objects.filter(email=normalise_email(email)).first()
    if user is None:
        return User.objects.create_user(email, password, first_name=first_name, last_name=last_name)
    if _opened_by_anybody(user):
        forget_the_unproved(user)
    return user


def _opened_by_anybody(user: User) -> bool:
    """Whether the account was opened on the public page and its address never proved."""
    proofs = EmailAddress.objects.filter(user=user).order_by("pk").values_list("verified", flat=True)
    return bool(proofs) and not any(proofs)


@transaction.atomic
def forget_the_unproved(user: User) -> None:
    """End every way into an account whose address nobody had proved: password, second factors, open sessions (S14).

    Whoever opened the account may be a stranger to the mailbox; its owner signs in by an e-mailed code.
    """
    user.set_unusable_password()
    user.save(update_fields=["password"])
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user)


def end_sessions(user: User) -> None:
    """Every open session of this person ends at its next request, on whatever machine (S15)."""
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    user.refresh_from_db(fields=["session_version"])


@transaction.atomic
def issue_api_key(
    organisation: Organisation,
    *,
    name: str,
    scopes: list[str],
    by: Actor,
    provider_id: int | None = None,
    expires_at: dt.datetime | None = None,
) -> tuple[ApiClient, str]:
    """A new API key: the row, and the whole key which is shown once and never again (S36).

    Raises ``Invalid`` on an unknown scope or none.
    """
    if not scopes or not set(scopes) <= set(Scope.values):
        raise Invalid(_("Choose at least one of the listed rights."), field="scopes")
    key, prefix, digest = new_key(organisation)
    client = ApiClient.objects.create(
        organisation=organisation,
        name=name,
        prefix=prefix,
        secret_hash=digest,
        scopes=sorted(scopes),
        provider_id=provider_id,
        expires_at=expires_at,
    )
    events.record("api_key.issued", client, by=by, prefix=prefix)
    return client, key


@transaction.atomic
def revoke_api_key(client: ApiClient, *, by: Actor) -> ApiClient:
    """End a key at once. Again: nothing happens."""
    locked = ApiClient.objects.select_for_update(no_key=True).get(pk=client.pk)
    if locked.revoked_at is None:
        locked.revoked_at = timezone.now()
        locked.save(update_fields=["revoked_at"])
        events.record("api_key.revoked", locked, by=by, prefix=locked.prefix)
    return locked


@transaction.atomic
def open_with_head(*, name: str, slug: str, hosts: list[str], head_email: str) -> Organisation:
    """A new organisation with its first network head, who then invites the others."""
    organisation = open_organisation(name=name, slug=slug, hosts=hosts)
    with tenancy.working_for(organisation):
        give_role(head_email, role=Role.NETWORK_HEAD, organisation=organisation, by=system_actor(organisation))
    return organisation
