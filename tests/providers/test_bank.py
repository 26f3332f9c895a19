"""Where a provider is paid: two ways, three days, one tap to stop it (domain.md R32, trust.md S39)."""

from __future__ import annotations

import datetime as dt
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from concierge import deadlines, events, retention, tenancy
from concierge.db import violated_constraint
from concierge.errors import Conflict, Invalid, NotAllowed
from concierge.models import Deadline, Event
from concierge.tenancy import Actor
from notifications.actions.writing import write
from notifications.models import Message
from providers.actions import bank
from providers.actions.bank import cancel_iban, confirm_iban, confirm_iban_by_code, iban_of, propose_iban, takes_code
from providers.actions.businesses import add_member, change_provider
from providers.actions.refusals import BankAccountOver, BankCodeOver, NumberIsNew, SameChannel, WrongBankCode
from providers.enums import BankChannel
from providers.models import Provider, ProviderBankAccount
from providers.rules.bank import masked, reaches, read_iban
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.providers.test_api import Api
from tests.providers.test_pages import browser_of, page
from tests.providers.test_races import race
from tests.world import World, build_world

pytestmark = pytest.mark.promise("domain R32")
IBAN, OTHER = "FR1420041010050500013M02606", "FR7630006000011234567890189"
SPACE = "/prestataires/mon-espace/compte-bancaire/"
MOBILE = "+33612345678"


def proposed(provider: Provider, iban: str = IBAN, channel: BankChannel = BankChannel.SPACE) -> ProviderBankAccount:
    return propose_iban(provider, iban=iban, holder="Lise Barrault", channel=channel, by=acting_for(provider))


def confirmed(world: World, provider: Provider, iban: str = IBAN) -> ProviderBankAccount:
    return confirm_iban(proposed(provider, iban), channel=BankChannel.CALL, by=world.actor())


def sweep(world: World) -> None:
    deadlines.sweep(world.organisation.pk)


def standing(provider: Provider) -> list[tuple[str, str]]:
    return list(provider.bank_accounts.order_by("pk").values_list("last4", "status"))


def just_proved(user: Any) -> Browser:
    """A browser in which somebody has just said again who they are."""
    browser = browser_of(user)
    session = browser.session
    record = {"method": "password", "at": time.time(), "reauthenticated": True}
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return browser


# --- rules ----------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        (IBAN, IBAN),
        ("fr14 2004 1010 0505 0001 3m02 606", IBAN),
        ("FR76-3000-6000-0112-3456-7890-189", OTHER),
        ("FR1420041010050500013M02607", ""),
        ("FR142004101005050001", ""),
        ("ＦＲ1420041010050500013M02606", ""),
        ("", ""),
        ("é", ""),
        ("x" * 500, ""),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, number: str) -> None:
    assert read_iban(typed) == number


def test_only_its_ends_are_shown_and_only_europe_is_reached() -> None:
    assert masked(OTHER[:4], OTHER[-4:]) == "FR76 … 0189"
    assert [reaches(one) for one in (IBAN, "DE89370400440532013000", "KZ86125KZT5004100100")] == [True, True, False]


# --- verbs ----------------------------------------


def test_an_account_counts_after_a_second_yes_and_three_days(world: World, monday: Any) -> None:
    provider = add_provider(world)
    first = confirmed(world, provider)
    monday.move_to(MONDAY + dt.timedelta(days=3, minutes=-5))
    sweep(world)
    assert standing(provider) == [("2606", "confirmed")]
    monday.move_to(MONDAY + dt.timedelta(days=3, minutes=5))
    sweep(world)
    assert standing(provider) == [("2606", "active")]
    confirmed(world, provider, OTHER)
    monday.move_to(MONDAY + dt.timedelta(days=5))
    sweep(world)
    assert standing(provider) == [("2606", "active"), ("0189", "confirmed")]
    assert [iban_of(one) for one in provider.bank_accounts.paid_to()] == [IBAN]
    monday.move_to(MONDAY + dt.timedelta(days=7))
    sweep(world)
    assert standing(provider) == [("2606", "replaced"), ("0189", "active")]
    assert [iban_of(one) for one in provider.bank_accounts.paid_to()] == [OTHER]
    assert iban_of(first) == IBAN
    with pytest.raises(BankAccountOver):
        cancel_iban(provider.bank_accounts.paid_to().get(), by=acting_for(provider))


def test_what_is_stopped_never_counts(world: World, monday: Any) -> None:
    provider = add_provider(world)
    account = confirmed(world, provider)
    for _twice in range(2):
        cancel_iban(account, by=acting_for(provider))
    monday.move_to(MONDAY + dt.timedelta(days=4))
    sweep(world)
    assert standing(provider) == [("2606", "cancelled")]
    assert Event.objects.filter(name="bank_account.cancelled").count() == 1
    with pytest.raises(BankAccountOver):
        confirm_iban(account, channel=BankChannel.CALL, by=world.actor())


def test_a_number_that_nobody_confirms_is_dropped(world: World, monday: Any) -> None:
    provider = add_provider(world)
    proposed(provider)
    monday.move_to(MONDAY + dt.timedelta(days=29))
    sweep(world)
    assert standing(provider) == [("2606", "proposed")]
    monday.move_to(MONDAY + dt.timedelta(days=31))
    sweep(world)
    assert standing(provider) == [("2606", "cancelled")]
    assert Event.objects.get(name="bank_account.cancelled").actor == "system"


def test_who_may_say_the_second_yes(world: World) -> None:
    provider, by = add_provider(world), world.actor("site_manager")
    account = propose_iban(provider, iban=IBAN, holder="Lise", channel=BankChannel.CALL, by=by)
    with pytest.raises(SameChannel):
        confirm_iban(account, channel=BankChannel.CALL, by=world.actor("network_head"))
    with pytest.raises(NotAllowed):
        confirm_iban(account, channel=BankChannel.PAPER, by=by)
    with pytest.raises(NotAllowed):
        confirm_iban(account, channel=BankChannel.PAPER, by=acting_for(provider))
    with pytest.raises(Conflict):
        proposed(provider, OTHER)
    with pytest.raises(BankCodeOver):  # no telephone: no code was sent
        confirm_iban_by_code(account, account.code, by=acting_for(provider))
    assert standing(provider) == [("2606", "proposed")]
    confirm_iban(account, channel=BankChannel.PAPER, by=world.actor("network_head"))
    assert standing(provider) == [("2606", "confirmed")]


@pytest.mark.promise("S16")
def test_five_wrong_codes_or_a_day_end_the_code(world: World, monday: Any) -> None:
    provider = add_provider(world, phone=MOBILE)
    account = proposed(provider)
    wrong = f"{(int(account.code) + 1) % 1_000_000:06d}"
    for refusal in [WrongBankCode] * 4 + [BankCodeOver] * 2:
        with pytest.raises(refusal):
            confirm_iban_by_code(account, wrong, by=acting_for(provider))
    with pytest.raises(BankCodeOver):
        confirm_iban_by_code(account, account.code, by=acting_for(provider))
    assert standing(provider) == [("2606", "proposed")]
    cancel_iban(account, by=acting_for(provider))
    other = proposed(provider, OTHER)
    monday.move_to(MONDAY + dt.timedelta(days=1, minutes=1))
    assert takes_code(other) is False
    monday.move_to(MONDAY + dt.timedelta(hours=23))
    confirm_iban_by_code(other, f" {other.code[:3]} {other.code[3:]} ", by=acting_for(provider))
    other.refresh_from_db()
    assert (other.status, other.confirmed_channel, other.code == account.code) == ("confirmed", "sms", False)


@pytest.mark.parametrize("iban", ["FR1420041010050500013M02607", "", "x" * 50, "KZ86125KZT5004100100"])
def test_a_wrong_number_is_refused_at_its_field(world: World, iban: str) -> None:
    provider = add_provider(world)
    with pytest.raises(Invalid) as refused:
        proposed(provider, iban)
    assert (refused.value.field, provider.bank_accounts.count()) == ("iban", 0)


@pytest.mark.promise("I11", "S39")
def test_postgres_refuses_what_could_be_a_fraud(world: World) -> None:
    account = confirmed(world, add_provider(world))
    late = MONDAY + dt.timedelta(days=2)
    changes: dict[str, dict[str, Any]] = {
        "bank_account_sealed_is_encrypted": {"sealed": IBAN},
        "bank_account_status_has_its_steps": {"status": "active"},
        "bank_account_confirmed_on_another_channel": {"confirmed_channel": "space"},
        "bank_account_confirmed_by_another": {"confirmed_by": account.proposed_by},
        "bank_account_cools_off": {"active_from": late},
        "bank_account_counts_after_cooling_off": {"status": "active", "activated_at": late},
        "bank_account_over_has_a_time": {"status": "cancelled"},
        "bank_account_tries_limited": {"code_tries": 6},
        "bank_account_channel_is_known": {"proposed_channel": "sms"},
    }
    refused = {}
    for name, change in changes.items():
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            ProviderBankAccount.objects.filter(pk=account.pk).update(**change)
        refused[name] = name in str(error.value)
    assert refused == dict.fromkeys(changes, True)


@pytest.mark.promise("P04")
def test_numbers_are_forgotten_and_encrypted_anew(world: World, settings: Any, monday: Any) -> None:
    provider = add_provider(world)
    cancel_iban(proposed(provider, OTHER), by=acting_for(provider))
    account = confirmed(world, provider)
    settings.ENCRYPTION_KEYS = ["k" * 40, *settings.ENCRYPTION_KEYS]
    with tenancy.working_for(None):
        call_command("encrypt_again", stdout=io.StringIO())
    settings.ENCRYPTION_KEYS = ["k" * 40]
    account.refresh_from_db()
    assert iban_of(account) == IBAN
    monday.move_to(MONDAY + dt.timedelta(days=91))
    sweep(world)
    gone = retention.purge()
    assert (gone["stopped_bank_accounts"], gone["bank_accounts"]) == (1, 0)
    confirmed(world, provider, OTHER)
    monday.move_to(MONDAY + dt.timedelta(days=95))
    sweep(world)
    monday.move_to(MONDAY + dt.timedelta(days=95 + 1828))
    assert retention.purge()["bank_accounts"] == 1
    assert standing(provider) == [("0189", "active")]


# --- who is told ----------------------------------------


def told(kind: str) -> Counter[str]:
    settle()
    return Counter(Message.objects.filter(kind=kind, recipient_kind="provider").values_list("address", flat=True))


@pytest.mark.promise("S39", "S16")
def test_who_was_paid_is_told_and_stops_it_with_one_tap(world: World, caplog: Any, monday: Any) -> None:
    provider = add_provider(world, phone=MOBILE, email="atelier@example.fr")
    confirmed(world, provider, OTHER)
    monday.move_to(MONDAY + dt.timedelta(days=4))
    sweep(world)
    # Somebody changes the address on file first: the one before is told all the same.
    Provider.objects.filter(pk=provider.pk).update(email="voleur@example.fr")
    provider.refresh_from_db()
    settle()
    Message.objects.all().update(kind="bank_account.active", event=None)
    account = proposed(provider)
    assert told("bank_account.proposed") == {"atelier@example.fr": 1, "voleur@example.fr": 1, MOBILE: 1}
    letters = {one.address: write(one) for one in Message.objects.filter(kind="bank_account.proposed").order_by("pk")}
    assert account.code in letters[MOBILE].text
    assert account.code not in letters["atelier@example.fr"].text
    notice = f"/compte-bancaire/{account.token}/"
    assert notice in letters["atelier@example.fr"].text
    browser = Browser(headers={"Accept-Language": "fr"})
    answer = browser.get(notice)
    body = page(answer)
    assert (answer["Referrer-Policy"], "FR14 … 2606" in body) == ("no-referrer", True)
    assert standing(provider)[1] == ("2606", "proposed")
    wrong = browser.post(f"{notice}confirmer/", {"code": f"{(int(account.code) + 1) % 1_000_000:06d}"})
    assert (wrong.status_code, list(wrong.context["code_form"].errors)) == (422, ["code"])
    page(browser.post(f"{notice}confirmer/", {"code": account.code}))
    assert standing(provider)[1] == ("2606", "confirmed")
    for _twice in range(2):
        assert "rien n’est versé" in page(browser.post(f"{notice}arreter/"))
    assert standing(provider)[1] == ("2606", "cancelled")
    assert told("bank_account.cancelled") == {"atelier@example.fr": 1, "voleur@example.fr": 1}
    assert [browser.get("/compte-bancaire/nonsense/").status_code, browser.get(f"{notice}arreter/").status_code] == [
        404,
        405,
    ]
    monday.move_to(MONDAY + dt.timedelta(days=9))
    sweep(world)
    assert standing(provider) == [("0189", "active"), ("2606", "cancelled")]
    texts = [caplog.text, *(part for one in letters.values() for part in (one.subject, one.text, one.html))]
    texts += [str(list(rows.values_list())) for rows in (Event.objects.order_by("pk"), Message.objects.order_by("pk"))]
    texts += [str(vars(one)) for one in ProviderBankAccount.objects.order_by("pk")]
    canaries = (IBAN, IBAN[4:-4], OTHER, OTHER[4:-4])
    assert [canary for canary in canaries for text in texts if canary in "".join(text.split())] == []


def test_whoever_changes_the_file_first_neither_confirms_nor_hides_it(world: World, monday: Any) -> None:
    provider = add_provider(world, phone=MOBILE, email="vraie@example.fr")
    events.record("provider.approved", provider, by=world.actor())
    settle()
    Message.objects.filter(recipient_id=provider.pk).update(status="sent", sent_at=MONDAY)
    thief = world.actor("site_manager")
    change_provider(provider, {"phone": "+33698765432", "email": "voleur@example.fr"}, by=thief)
    provider.refresh_from_db()
    paper = propose_iban(provider, iban=IBAN, holder="Lise", channel=BankChannel.PAPER, by=thief)
    settle()
    assert told("bank_account.proposed") == {"vraie@example.fr": 1, "voleur@example.fr": 1}
    assert not takes_code(paper)
    with pytest.raises(BankCodeOver):
        confirm_iban_by_code(paper, paper.code, by=acting_for(provider))
    with pytest.raises(NumberIsNew):
        confirm_iban(paper, channel=BankChannel.CALL, by=world.actor("network_head"))
    assert standing(provider) == [("2606", "proposed")]
    cancel_iban(paper, by=world.actor())
    monday.move_to(MONDAY + dt.timedelta(days=31))
    later = propose_iban(provider, iban=IBAN, holder="Lise", channel=BankChannel.PAPER, by=thief)
    assert takes_code(later)


def test_who_has_no_password_must_have_come_lately(world: World) -> None:
    user = world.users["provider"]
    add_member(add_provider(world, phone=MOBILE), user, by=world.actor())
    user.set_unusable_password()
    user.save()
    stale = browser_of(user)
    assert stale.get(f"{SPACE}nouveau/")["Location"] == SPACE
    assert "reconnectez-vous" in page(stale.get(SPACE))
    page(just_proved(user).get(f"{SPACE}nouveau/"))


def test_who_has_a_telephone_alone_is_told_by_sms(world: World) -> None:
    provider = add_provider(world, phone=MOBILE, email="")
    confirm_iban_by_code((account := proposed(provider)), account.code, by=acting_for(provider))
    settle()
    rows = Message.objects.filter(recipient_kind="provider").order_by("pk").values_list("kind", "address")
    assert list(rows) == [("bank_account.proposed", MOBILE), ("bank_account.confirmed", MOBILE)]


# --- pages and API ----------------------------------------


def test_a_provider_gives_its_account_in_its_space(world: World) -> None:
    provider = add_provider(world, phone=MOBILE)
    add_member(provider, world.users["provider"], by=world.actor())
    world.users["provider"].set_password("une phrase assez longue")
    world.users["provider"].save()
    stale = browser_of(world.users["provider"])
    typed = {"holder": "Lise", "iban": "fr14 2004 1010 0505 0001 3m02 606"}
    for answer in (stale.get(f"{SPACE}nouveau/"), stale.post(f"{SPACE}nouveau/", typed)):
        assert answer["Location"] == f"/compte/reauthenticate/?next={SPACE.replace('/', '%2F')}nouveau%2F"
    assert (provider.bank_accounts.count(), "3m02" in str(dict(stale.session))) == (0, False)
    browser = just_proved(world.users["provider"])
    page(browser.get(f"{SPACE}nouveau/"))
    answer = browser.post(f"{SPACE}nouveau/", typed | {"iban": "FR14 2004 1010 0505 0001 3M02 607"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["iban"])
    assert "3M02 607" in page(answer, 422)
    assert browser.post(f"{SPACE}nouveau/", typed)["Location"] == SPACE
    answer = browser.post(f"{SPACE}nouveau/", typed | {"iban": OTHER})
    assert (answer.status_code, provider.bank_accounts.count()) == (409, 1)
    body = page(browser.get(SPACE))
    assert ("FR14 … 2606" in body, "3M02" in body, "six chiffres" in body) == (True, False, True)
    account = provider.bank_accounts.get()
    change = reverse("providers:space-change-bank", args=[account.public_id, "confirmer"])
    assert browser.post(change, {"code": "12"}).status_code == 422
    assert browser.post(change, {"code": account.code})["Location"] == SPACE
    assert standing(provider) == [("2606", "confirmed")]
    stop = reverse("providers:space-change-bank", args=[account.public_id, "arreter"])
    assert browser.post(stop)["Location"] == SPACE
    assert standing(provider) == [("2606", "cancelled")]
    foreign = proposed(add_provider(world))
    theirs = reverse("providers:space-change-bank", args=[foreign.public_id, "arreter"])
    assert (browser.post(theirs).status_code, foreign.status) == (404, "proposed")


def test_the_team_gives_one_and_somebody_else_confirms_it(world: World) -> None:
    provider = add_provider(world, phone=MOBILE)
    here = reverse("providers:bank", args=[provider.public_id])
    manager, head = browser_of(world.users["site_manager"]), browser_of(world.users["network_head"])
    typed = {"holder": "Lise", "iban": IBAN, "channel": "paper"}
    answer = manager.post(f"{here}nouveau/", {"holder": "", "iban": IBAN[:-1], "channel": "fax"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["holder", "iban", "channel"])
    assert manager.post(f"{here}nouveau/", typed)["Location"] == here
    account = provider.bank_accounts.get()
    call = reverse("providers:change-bank", args=[provider.public_id, account.public_id, "appel"])
    assert ("appel/" in page(manager.get(here)), "appel/" in page(head.get(here))) == (False, True)
    assert manager.post(call)["Location"] == here
    assert standing(provider) == [("2606", "proposed")]
    assert head.post(call)["Location"] == here
    assert standing(provider) == [("2606", "confirmed")]
    for shown in (page(head.get(here)), page(head.get(reverse("providers:provider", args=[provider.public_id])))):
        assert ("FR14 … 2606" in shown, "3M02" in shown) == (True, False)
    foreign = call.replace(str(provider.public_id), str(add_provider(world).public_id))
    assert manager.post(foreign).status_code == 404
    stop = reverse("providers:change-bank", args=[provider.public_id, account.public_id, "arreter"])
    assert (manager.post(stop)["Location"], standing(provider)) == (here, [("2606", "cancelled")])


def test_one_account_or_three_cost_the_same(world: World) -> None:
    provider = add_provider(world)
    here, counted = reverse("providers:bank", args=[provider.public_id]), []
    head, api = browser_of(world.users["network_head"]), Api(world.api_key("agreements:read"))
    api.get("/api/v1/provider-bank-accounts")  # the first use of a key is noted
    for number in range(3):
        cancel_iban(proposed(provider), by=acting_for(provider))
        if number != 1:
            for ask in (lambda: page(head.get(here)), lambda: api.get("/api/v1/provider-bank-accounts")):
                with CaptureQueriesContext(
                    connection,
                ) as queries:
                    ask()
                counted.append(len(queries))
    assert counted[:2] == counted[2:]


def test_the_api_reads_its_ends_and_its_state(world: World) -> None:
    provider, rival = add_provider(world), add_provider(world)
    account = proposed(provider)
    proposed(rival, OTHER)
    own = Api(world.api_key("agreements:read", provider_id=provider.pk))
    answer = own.get("/api/v1/provider-bank-accounts")
    (row,) = answer.json()["results"]
    assert (row["id"], row["iban"], row["status"]) == (str(account.public_id), "FR14 … 2606", "proposed")
    assert (row["active_from"], IBAN[4:-4] in answer.content.decode()) == (None, False)
    ours = Api(world.api_key("agreements:read"))
    assert len(ours.get("/api/v1/provider-bank-accounts").json()["results"]) == 2
    assert ours.get("/api/v1/provider-bank-accounts?status=active").json()["results"] == []
    assert own.get("/api/v1/provider-bank-accounts?status=nonsense").status_code == 400


# --- races ----------------------------------------


@pytest.fixture
def real_world(transactional_db: None) -> Iterator[World]:
    """A world whose rows every thread can see."""
    made = build_world()
    with tenancy.working_for(made.organisation):
        yield made


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
def test_of_two_given_at_once_one_waits(real_world: World) -> None:
    provider = add_provider(real_world)
    outcome = race(real_world, lambda: proposed(provider), lambda: proposed(provider, OTHER))
    assert (outcome, provider.bank_accounts.count()) == ({"ok": 1, "conflict": 1}, 1)


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_stopped_and_counting_at_once_is_one_of_both(
    real_world: World, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Without the locks both go on from the same state: PostgreSQL refuses the second, whose person reads a 500."""
    account = confirmed(real_world, add_provider(real_world))
    long_ago = MONDAY - dt.timedelta(days=9)
    ProviderBankAccount.objects.update(confirmed_at=long_ago, active_from=long_ago + dt.timedelta(days=3))
    due, met = Deadline.objects.get(kind=bank.ACTIVE), threading.Barrier(2)
    if not guarded:

        def both_read(one: ProviderBankAccount) -> ProviderBankAccount:
            found = ProviderBankAccount.objects.select_related("provider").get(pk=one.pk)
            met.wait(timeout=20)
            return found

        monkeypatch.setattr(bank, "lock_provider", lambda provider: provider)
        monkeypatch.setattr(bank, "_row", both_read)
    by = Actor(kind="link", organisation=real_world.organisation, provider_id=account.provider_id)
    refused: list[str] = []

    def taken(act: Callable[[], object]) -> None:
        try:
            with transaction.atomic():
                act()
        except IntegrityError as error:
            refused.append(str(violated_constraint(error)))

    outcome = race(
        real_world,
        lambda: taken(lambda: cancel_iban(account, by=by)),
        lambda: taken(lambda: bank._cooled_off(due)),
    )
    account.refresh_from_db()
    names = Event.objects.filter(name__in=["bank_account.active", "bank_account.cancelled"])
    assert list(names.values_list("name", flat=True)) == [f"bank_account.{account.status}"]
    if guarded:
        assert (outcome in ({"ok": 2}, {"ok": 1, "bank_account_over": 1}), refused) == (True, [])
    else:
        late = {"active": "bank_account_status_has_its_steps", "cancelled": "bank_account_over_has_a_time"}
        assert refused == [late[account.status]]
