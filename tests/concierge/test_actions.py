"""Verbs of the kernel."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from concierge import tenancy
from concierge.actions import give_role, issue_api_key, revoke_api_key
from concierge.enums import Role, Scope
from concierge.errors import Conflict, Invalid
from concierge.models import ApiClient, Membership, Organisation, User, normalise_email
from tests.world import World


def test_create_organisation_opens_a_tenant_with_its_head(db: None) -> None:
    call_command(
        "create_organisation", name="Été", slug="ete", host=["ete.example"], admin_email="Chef@Exemple.fr", verbosity=0
    )
    organisation = Organisation.objects.get(slug="ete")
    with tenancy.working_for(organisation):
        membership = Membership.objects.get()
    assert (membership.user.email, membership.role) == ("chef@exemple.fr", "network_head")


def test_create_organisation_says_that_the_host_is_taken(world: World) -> None:
    with pytest.raises(CommandError, match=r"host name|nom d.hôte"):
        call_command("create_organisation", name="X", slug="x", host=[world.host], admin_email="a@example.org")
    assert not Organisation.objects.filter(slug="x").exists()


@pytest.mark.promise("S14")
def test_giving_a_role_never_alters_an_existing_account(world: World) -> None:
    before = world.users["trainee"]
    give_role(
        before.email.upper(),
        role=Role.CONCIERGE,
        organisation=world.organisation,
        by=world.actor(),
        first_name="Other",
        password="another-password-1",
    )
    after = User.objects.get(pk=before.pk)
    assert (after.first_name, after.password) == (before.first_name, before.password)
    with pytest.raises(Conflict):
        give_role(before.email, role=Role.CONCIERGE, organisation=world.organisation, by=world.actor())


@pytest.mark.promise("S14")
@pytest.mark.parametrize("proved", [False, True])
def test_a_stranger_who_was_here_first_gets_no_role(world: World, client: Browser, proved: bool) -> None:
    client.post("/compte/signup/", {"email": "new@example.org", "password1": "stranger-was-here-1"})
    EmailAddress.objects.filter(email="new@example.org").update(verified=proved)
    give_role("new@example.org", role=Role.DISPATCHER, organisation=world.organisation, by=world.actor())
    assert User.objects.get(email="new@example.org").check_password("stranger-was-here-1") is proved


@pytest.mark.promise("S36")
def test_a_key_is_stored_as_a_hash_and_can_be_revoked(world: World) -> None:
    client, key = issue_api_key(
        world.organisation, name="Caisse", scopes=[Scope.CATALOGUE_READ], by=world.actor("site_manager")
    )
    assert key.split(".")[-1] not in str(vars(ApiClient.objects.get(pk=client.pk)))
    assert revoke_api_key(client, by=world.actor("site_manager")).revoked_at is not None


def test_a_key_without_a_known_scope_is_refused(world: World) -> None:
    for scopes in ([], ["everything"]):
        with pytest.raises(Invalid):
            issue_api_key(world.organisation, name="x", scopes=scopes, by=world.actor())
    assert ApiClient.objects.count() == 0


@pytest.mark.promise("S14")
@pytest.mark.parametrize(
    "typed", ["É@EXEMPLE.fr", "ａ@ｅxample.fr", "a@ᏣᎳᎩ.example", "a@straße.example", "İ@x.example"]
)
def test_every_spelling_of_an_address_is_one_account(db: None, typed: str) -> None:
    user = User.objects.create_user(typed)
    assert normalise_email(user.email) == normalise_email(typed.swapcase()) == user.email
