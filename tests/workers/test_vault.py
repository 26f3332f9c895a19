"""Facts kept apart: ciphertext, one reader, a purpose each time, and no trace anywhere else (R28, R42, P01)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from concierge import encryption, retention
from concierge.enums import Role
from concierge.errors import DomainError
from concierge.models import Event, Membership, User
from concierge.tenancy import Actor
from tests.workers.conftest import NOW, PARIS, Team
from tests.workers.pathways import adviser_of, pass_of, suspension
from tests.world import add_second_factor
from workers.actions.passes import suspend_pass
from workers.actions.vault import end_fact, note_fact, open_facts
from workers.enums.passes import PassSource, SuspensionReason
from workers.enums.vault import FactCode, FollowUpBy, VaultPurpose
from workers.models import Contract, SensitiveFact, Trainee, VaultReading

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R28", "domain R42", "P01")]
# What no other role may read: words of facts, of reasons, and their codes.
SECRETS = ("Frein", "Obstacle", "RQTH", "justice", "incarc", "Incarc", "prison", "santé", "addict")


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def facts_of(team: Team) -> Actor:
    """Two facts about Amina, and her adviser."""
    by = adviser_of(team)
    note_fact(team.amina, code=FactCode.JUSTICE, follow_up=FollowUpBy.EXTERNAL, by=by)
    note_fact(team.amina, code=FactCode.RQTH, follow_up=FollowUpBy.NOBODY, by=by)
    return by


def vault_url(team: Team) -> str:
    return reverse("workers:vault", args=[team.amina.public_id])


def signed_in(team: Team, client: Client, role: str) -> Client:
    client.force_login(team.world.users[role])
    return client


def test_the_column_is_ciphertext(team: Team) -> None:
    facts_of(team)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(f)::text FROM workers_sensitivefact f")
        stored = [row[0] for row in cursor.fetchall()]
    assert len(stored) == 2
    assert all(encryption.MARK in row and "justice" not in row and "rqth" not in row for row in stored)
    with pytest.raises(IntegrityError, match="sensitive_fact_is_encrypted"), transaction.atomic():
        SensitiveFact.objects.update(sealed="justice")


def test_a_fact_leaves_no_trace_in_events(team: Team) -> None:
    facts_of(team)
    told = " ".join(f"{event.name} {event.data}" for event in Event.objects.all())
    assert "sensitive_fact.noted" in told
    assert not any(code in told for code in ("justice", "rqth"))
    assert all(str(fact) == str(fact.public_id) for fact in SensitiveFact.objects.all())


def test_saying_anew_who_accompanies_ends_the_fact_before(team: Team) -> None:
    by = facts_of(team)
    note_fact(team.amina, code=FactCode.JUSTICE, follow_up=FollowUpBy.BOTH, by=by)
    found = open_facts(team.amina, purpose=VaultPurpose.FOLLOW_UP, by=by)
    assert {(fact.code, fact.follow_up) for _row, fact in found} == {
        (FactCode.RQTH, FollowUpBy.NOBODY),
        (FactCode.JUSTICE, FollowUpBy.BOTH),
    }
    end_fact(found[0][0], by=by)
    with pytest.raises(DomainError):
        end_fact(found[0][0], by=by)


def test_each_opening_is_written_down_with_its_purpose(team: Team, client: Client) -> None:
    facts_of(team)
    signed_in(team, client, Role.SOCIAL_ADVISER)
    closed = client.get(vault_url(team)).content.decode()
    assert "Frein" not in closed
    refused = client.post(vault_url(team), {"purpose": ""})
    assert (refused.status_code, VaultReading.objects.filter(act="read").count()) == (422, 0)
    opened = client.post(vault_url(team), {"purpose": "rights"})
    text = opened.content.decode()
    assert (opened.status_code, "RQTH" in text, "no-store" in opened["Cache-Control"]) == (200, True, True)
    reading = VaultReading.objects.get(act="read")
    assert (reading.purpose, reading.reader, reading.at) == ("rights", team.world.users["social_adviser"], NOW)
    assert reading.reader_label in client.get(vault_url(team)).content.decode()


def test_a_reading_is_never_changed(team: Team) -> None:
    by = facts_of(team)
    open_facts(team.amina, purpose=VaultPurpose.FOLLOW_UP, by=by)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        VaultReading.objects.update(purpose="control")
    with pytest.raises(IntegrityError, match="vault_is_read_for_a_purpose"), transaction.atomic():
        VaultReading.objects.create(
            organisation=team.world.organisation, trainee=team.amina, reader_label="x", act="read", at=NOW
        )


def test_the_form_takes_codes_only(team: Team, client: Client) -> None:
    adviser_of(team)
    signed_in(team, client, Role.SOCIAL_ADVISER)
    url = reverse("workers:vault-note", args=[team.amina.public_id])
    answer = client.post(url, {"code": "a long story", "follow_up": "internal"})
    assert (answer.status_code, SensitiveFact.objects.count()) == (422, 0)
    assert client.post(url, {"code": "housing", "follow_up": "internal"}).status_code == 302
    fact = SensitiveFact.objects.get()
    assert client.post(reverse("workers:vault-end", args=[team.amina.public_id, fact.public_id])).status_code == 302
    fact.refresh_from_db()
    assert fact.ended_at == NOW


def test_trying_a_fact_tells_nothing_and_is_written_down(team: Team, client: Client) -> None:
    facts_of(team)
    signed_in(team, client, Role.SOCIAL_ADVISER)
    url = reverse("workers:vault-note", args=[team.amina.public_id])
    before = VaultReading.objects.count()
    answers = [
        client.post(url, {"code": code, "follow_up": "external"}, follow=True) for code in ("justice", "housing")
    ]
    assert [answer.redirect_chain for answer in answers] == [[(vault_url(team), 302)]] * 2
    assert all("mis à part" in answer.content.decode() or "à part" in answer.content.decode() for answer in answers)
    assert (VaultReading.objects.count(), SensitiveFact.objects.current().count()) == (before + 2, 3)


def test_a_fact_cannot_be_added_where_the_key_is_gone(team: Team, client: Client) -> None:
    facts_of(team)
    SensitiveFact.objects.update(sealed=encryption.MARK + "x")
    signed_in(team, client, Role.SOCIAL_ADVISER)
    url = reverse("workers:vault-note", args=[team.amina.public_id])
    answer = client.post(url, {"code": "housing", "follow_up": "external"})
    assert (answer.status_code, "clé" in answer.content.decode()) == (422, True)


def another_adviser(team: Team) -> User:
    user = User.objects.create_user("autre-cip@sens-pratique.example", first_name="Autre", last_name="Conseillère")
    add_second_factor(user)
    Membership.objects.create(organisation=team.world.organisation, user=user, role=Role.SOCIAL_ADVISER)
    return user


def test_another_adviser_opens_nothing(team: Team, client: Client) -> None:
    facts_of(team)
    client.force_login(another_adviser(team))
    assert client.get(vault_url(team)).status_code == 403
    assert client.post(vault_url(team), {"purpose": "follow_up"}).status_code == 403
    fact = SensitiveFact.objects.first()
    assert fact is not None
    assert client.post(reverse("workers:vault-end", args=[team.amina.public_id, fact.public_id])).status_code == 403
    assert VaultReading.objects.filter(act="read").count() == 0


def test_the_head_of_the_network_reads_who_read(team: Team, client: Client) -> None:
    by = facts_of(team)
    open_facts(team.amina, purpose=VaultPurpose.CONTROL, by=by)
    signed_in(team, client, Role.NETWORK_HEAD)
    text = client.get(vault_url(team)).content.decode()
    assert by.label in text
    assert "RQTH" not in text
    assert client.post(vault_url(team), {"purpose": "control"}).status_code == 403


def _pages_of_the_team() -> list[str]:
    """Every page of the workers app that a person of the team can open about Amina or about everybody."""
    from workers.urls import urlpatterns

    return [str(pattern.name) for pattern in urlpatterns]


def test_no_page_of_another_role_says_a_fact(team: Team, client: Client) -> None:
    by = facts_of(team)
    pass_iae = pass_of(team)
    details = suspension("2026-11-01", "2026-11-30", reason=SuspensionReason.PRISON, source=PassSource.IMPORTED)
    suspend_pass(pass_iae, details, by=by)
    seen = 0
    for role in team.world.users:
        if role in (Role.SOCIAL_ADVISER, "provider"):
            continue
        signed_in(team, client, role)
        for name in _pages_of_the_team():
            for arguments in ([], [team.amina.public_id], [team.amina.public_id, pass_iae.public_id]):
                try:
                    url = reverse(f"workers:{name}", args=arguments)
                except NoReverseMatch:
                    continue
                answer = client.get(url)
                text = answer.content.decode(errors="replace").lower()
                # The lead of the page itself names what is kept there, a help text what is not; neither what is known.
                for said in ("santé, justice, freins", "rien sur la santé, la justice", "rien sur la santé"):
                    text = text.replace(said, "")
                assert not any(word.lower() in text for word in SECRETS), f"{role} reads a fact at {url}"
                seen += answer.status_code == 200
    assert seen > 10


@pytest.mark.promise("domain R43")
def test_facts_go_two_years_after_the_pathway(team: Team) -> None:
    by = facts_of(team)
    open_facts(team.amina, purpose=VaultPurpose.FOLLOW_UP, by=by)
    last = Contract.objects.filter(trainee=team.amina).latest("last_on").last_on
    assert last is not None
    later = dt.datetime.combine(last + dt.timedelta(days=735), dt.time(3), PARIS)
    with time_machine.travel(later, tick=False):
        assert retention.purge()["sensitive_facts"] == 0
        Trainee.objects.filter(pk=team.amina.pk).update(is_active=False, last_on=last)
        gone = retention.purge()
    assert (gone["sensitive_facts"], SensitiveFact.objects.count()) == (2, 0)
    with time_machine.travel(NOW + dt.timedelta(days=1100), tick=False):
        assert retention.purge()["vault_readings"] == 3
