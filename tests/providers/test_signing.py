"""An agreement is frozen when it is sent, signed by both, and never changed afterwards."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.utils import timezone
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from bookings.rules.quotes import seal_of
from concierge import tenancy
from concierge.errors import Conflict, DomainError, Invalid, WrongState
from concierge.models import Event
from notifications.actions.writing import write
from notifications.models import Message
from providers.actions.agreement_texts import standard_text, values_of
from providers.actions.agreements import (
    agree_service,
    change_agreement,
    draft_agreement,
    end_agreement,
    sign_on_paper,
    withdraw_agreement,
)
from providers.actions.businesses import add_member
from providers.actions.links import link_code, link_url
from providers.actions.signing import (
    AgreementOver,
    AgreementReplaced,
    AgreementSigned,
    SignedForTheOther,
    decline_agreement,
    send_agreement,
)
from providers.enums import Side
from providers.models import AgreementSignature, Provider, ServiceAgreement
from providers.rules.agreement_text import PLACEHOLDERS, fill, unknown
from tests.conftest import as_owner, settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.signing import sent_agreement, sign, signed_by_both
from tests.providers.test_agreements import TODAY, path_of, terms, typed
from tests.providers.test_pages import browser_of, manager, page, staff
from tests.providers.test_races import race
from tests.world import World, build_world

__all__ = ["manager", "staff"]
RULE = "service_agreements_do_not_overlap"


@pytest.fixture
def alone(world: World) -> Provider:
    """A cobbler with whom nothing is agreed yet, and whose person signs in."""
    provider = add_provider(world, price=None)
    add_member(provider, world.users["provider"], by=world.actor())
    return provider


@pytest.fixture
def waiting(world: World, alone: Provider) -> ServiceAgreement:
    return sent_agreement(alone, world, first_day=TODAY)


# --- the text ----------------------------------------


@pytest.mark.promise("S24")
@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("{prestataire} et {conciergerie}", []),
        ("{prestataire.members}", ["{prestataire.members}"]),
        ("{Prestataire} {} {Prestataire}", ["{Prestataire}", "{}"]),
        ("une { seule", ["{"]),
        ("une seule }", ["}"]),
        ("{{service}}", ["{"]),
        ("{% load %} %(name)s", ["{% load %}"]),
    ],
)
def test_what_means_nothing_is_named(text: str, strange: list[str]) -> None:
    assert unknown(text) == strange


@pytest.mark.promise("S24")
@given(st.dictionaries(st.sampled_from(PLACEHOLDERS), st.text(max_size=20)))
def test_what_stands_in_a_value_is_never_a_placeholder(values: dict[str, str]) -> None:
    whole = {name: values.get(name, "{service}") for name in PLACEHOLDERS}
    text = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert fill(text, whole) == " ".join(whole[name] for name in PLACEHOLDERS)


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_standard_text_says_every_term(world: World, language: str) -> None:
    provider = add_provider(world, price=None, language=language)
    agreement = sent_agreement(provider, world, first_day=TODAY, notice_hours=24, cancel_hours=48)
    said = agreement.content["text"]
    assert unknown(standard_text(provider)) == []
    assert "{" not in said
    with override(language):
        assert [name for name, value in values_of(agreement).items() if value not in said] == []
    assert ("Prix du client moins" in said) is (language == "fr")


@pytest.mark.promise("domain R33", "S24")
@pytest.mark.parametrize("text", ["", "  ", "{inconnu}", "{", "{prestataire.siret}"])
def test_a_text_without_meaning_is_not_sent(world: World, alone: Provider, text: str) -> None:
    draft = draft_agreement(alone, world.cobbler, terms(), text=text, by=world.actor())
    with pytest.raises(Invalid) as refused:
        send_agreement(draft, by=world.actor())
    assert refused.value.field == "text"
    draft.refresh_from_db()
    assert (draft.status, draft.seal) == ("draft", "")


def test_what_is_over_is_not_sent(world: World, alone: Provider) -> None:
    yesterday = TODAY - dt.timedelta(days=1)
    with pytest.raises(Invalid) as refused:
        sent_agreement(alone, world, first_day=yesterday, valid_to=yesterday)
    assert refused.value.field == "valid_to"


# --- signing ----------------------------------------


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize("first", list(Side))
def test_two_signatures_bind_whoever_comes_first(world: World, waiting: ServiceAgreement, first: Side) -> None:
    assert waiting.seal == seal_of(waiting.content)
    people = {Side.OURS: world.actor(), Side.THEIRS: acting_for(waiting.provider)}
    second = Side.THEIRS if first == Side.OURS else Side.OURS
    assert sign(waiting, first, people[first]).status == "sent"
    assert not ServiceAgreement.objects.valid_on(TODAY).exists()
    assert sign(waiting, second, people[second]).status == "signed"
    assert ServiceAgreement.objects.valid_on(TODAY).get() == waiting
    assert [one.name for one in Event.objects.filter(subject_id=waiting.public_id).order_by("pk")] == [
        "agreement.drafted",
        "agreement.sent",
        "agreement.signature_given",
        "agreement.signature_given",
        "agreement.signed",
    ]


@pytest.mark.promise("domain R33")
def test_bad_signatures_change_nothing(world: World, waiting: ServiceAgreement) -> None:
    by = acting_for(waiting.provider)
    for refusal, changes in (
        (AgreementReplaced, {"seal": "0" * 64}),
        (AgreementReplaced, {"seal": ""}),
        (Invalid, {"name": "  "}),
    ):
        with pytest.raises(refusal):
            sign(waiting, Side.THEIRS, by, **changes)
    assert AgreementSignature.objects.count() == 0
    sign(waiting, Side.THEIRS, by)
    with pytest.raises(AgreementSigned):
        sign(waiting, Side.THEIRS, by)
    with pytest.raises(AgreementSigned):
        decline_agreement(waiting, by=by)
    sign(waiting, Side.OURS, world.actor())
    for side in Side:
        with pytest.raises(AgreementSigned):
            sign(waiting, side, by)
    assert AgreementSignature.objects.count() == 2


@pytest.mark.promise("domain R33")
def test_nobody_agrees_with_themselves(world: World, waiting: ServiceAgreement) -> None:
    by = world.actor("dispatcher")
    sign(waiting, Side.THEIRS, by)
    with pytest.raises(SignedForTheOther):
        sign(waiting, Side.OURS, by)
    assert sign(waiting, Side.OURS, world.actor("supervisor")).status == "signed"


@pytest.mark.promise("domain R33")
def test_nothing_is_signed_out_of_turn(world: World, alone: Provider, monday: Any) -> None:
    by, ours = acting_for(alone), world.actor()
    draft = draft_agreement(alone, world.cobbler, terms(), text="{service}", by=ours)
    given_up = withdraw_agreement(sent_agreement(alone, world, first_day=TODAY), by=ours)
    declined = decline_agreement(sent_agreement(alone, world, first_day=TODAY), comment="12 %", by=by)
    for one in (draft, given_up, declined):
        with pytest.raises(WrongState):
            sign(one, Side.THEIRS, by)
    for verb in (
        lambda: decline_agreement(draft, by=by),
        lambda: send_agreement(given_up, by=ours),
        lambda: change_agreement(declined, world.cobbler, terms(), by=ours),
        lambda: sign_on_paper(declined, by=ours),
    ):
        with pytest.raises(WrongState):
            verb()
    short = sent_agreement(alone, world, first_day=TODAY, valid_to=TODAY)
    monday.shift(dt.timedelta(days=1))
    with pytest.raises(AgreementOver):
        sign(short, Side.THEIRS, by)


@pytest.mark.promise("domain R33")
def test_the_second_signature_is_refused_over_days_that_are_taken(
    world: World, waiting: ServiceAgreement, alone: Provider
) -> None:
    agree_service(alone, world.cobbler, valid_from=TODAY, by=world.actor())
    sign(waiting, Side.THEIRS, acting_for(alone))
    with pytest.raises(Conflict) as refused:
        sign(waiting, Side.OURS, world.actor())
    assert refused.value.field == "valid_from"
    assert AgreementSignature.objects.get().side == "theirs"


# --- the seal ----------------------------------------


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize(
    "changes",
    [
        {"content": {"text": "Autre chose"}},
        {"seal": "0" * 64},
        {"commission_percent": 1},
        {"notice_hours": 1},
        {"valid_from": TODAY + dt.timedelta(days=1)},
        {"status": "draft"},
        {"text": ""},
        {"valid_to": dt.date(2090, 1, 1)},
    ],
)
@pytest.mark.parametrize("is_signed", [False, True])
def test_what_was_sent_is_never_changed(
    world: World, alone: Provider, changes: dict[str, Any], is_signed: bool
) -> None:
    agreement = sent_agreement(alone, world, first_day=TODAY, valid_to=dt.date(2030, 1, 1))
    if is_signed:
        signed_by_both(agreement, world)
    with pytest.raises(IntegrityError, match="agreement that was sent"), transaction.atomic():
        ServiceAgreement.objects.filter(pk=agreement.pk).update(**changes)


@pytest.mark.promise("domain R33")
def test_it_ends_sooner_and_its_signatures_stay(world: World, waiting: ServiceAgreement) -> None:
    signed_by_both(waiting, world)
    assert end_agreement(waiting, on=TODAY, by=world.actor()).valid_to == TODAY
    signatures = AgreementSignature.objects.filter(agreement=waiting)
    with pytest.raises(IntegrityError, match="a signature stays"), transaction.atomic():
        signatures.update(name="Quelqu’un d’autre")
    with as_owner(), pytest.raises(IntegrityError, match="a signature stays"), transaction.atomic():
        signatures.delete()
    never = pytest.raises(IntegrityError, match="that was sent stays")
    with as_owner(), never, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM providers_serviceagreement WHERE id = %s", [waiting.pk])
    signatures.update(user=None)  # an account may go
    with pytest.raises(IntegrityError, match="what was sent is signed"), transaction.atomic():
        AgreementSignature.objects.create(
            organisation=world.organisation,
            agreement=draft_agreement(waiting.provider, world.cobbler, terms(), by=world.actor()),
            side="ours",
            name="Moi",
            at=timezone.now(),
            channel="web",
        )


# --- at once ----------------------------------------


@pytest.fixture
def real_world(transactional_db: None) -> Iterator[World]:
    """A world whose rows every thread can see."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        yield world


def _two_to_sign(world: World) -> list[Callable[[], object]]:
    """Two agreements of the same days that only our signature is missing on."""
    provider = add_provider(world, price=None)
    both = [sent_agreement(provider, world, first_day=TODAY) for _n in range(2)]
    for one in both:
        sign(one, Side.THEIRS, acting_for(provider))
    return [lambda one=one: sign(one, Side.OURS, world.actor()) for one in both]  # type: ignore[misc]


@pytest.mark.promise("R02", "domain R33")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_two_agreements_of_the_same_days_signed_at_once(real_world: World, guarded: bool) -> None:
    """Without the exclusion of the database both would bind."""
    acts = _two_to_sign(real_world)
    if not guarded:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [RULE])
            rule = cursor.fetchone()[0]
            cursor.execute("ALTER TABLE providers_serviceagreement DROP CONSTRAINT " + RULE)
    try:
        outcome = race(real_world, *acts)
        bound = ServiceAgreement.objects.valid_on(TODAY).count()
    finally:
        if not guarded:
            with as_owner(), connection.cursor() as cursor:
                cursor.execute("ALTER TABLE providers_serviceagreement DISABLE TRIGGER USER")
                cursor.execute("UPDATE providers_serviceagreement SET status = 'withdrawn'")
                cursor.execute("ALTER TABLE providers_serviceagreement ENABLE TRIGGER USER")
                cursor.execute(f"ALTER TABLE providers_serviceagreement ADD CONSTRAINT {RULE} {rule}")
    assert (dict(outcome), bound) == (({"ok": 1, "conflict": 1}, 1) if guarded else ({"ok": 2}, 2))


@pytest.mark.promise("R02", "domain R33")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_both_sides_sign_at_once(real_world: World, attempt: int) -> None:
    provider = add_provider(real_world, price=None)
    agreement = sent_agreement(provider, real_world, first_day=TODAY)
    outcome = race(
        real_world,
        lambda: sign(agreement, Side.OURS, real_world.actor()),
        lambda: sign(agreement, Side.THEIRS, acting_for(provider)),
        lambda: sign(agreement, Side.THEIRS, acting_for(provider)),
    )
    assert outcome == {"ok": 2, "agreement_already_signed": 1}
    assert Event.objects.filter(name="agreement.signed").count() == 1
    assert ServiceAgreement.objects.get().status == "signed"


# --- pages and letters ----------------------------------------


def own_path(agreement: ServiceAgreement, verb: str = "") -> str:
    return f"/prestataires/mon-espace/conventions/{agreement.public_id}/" + (f"{verb}/" if verb else "")


@pytest.mark.promise("domain R33")
def test_from_the_draft_to_both_signatures_on_pages(
    world: World, manager: Browser, alone: Provider, in_tenant: Callable[[], Any]
) -> None:
    mine = browser_of(world.users["provider"])
    text = "Entre {conciergerie} et {prestataire} <b>: {remuneration}."
    manager.post(f"/prestataires/{alone.public_id}/conventions/nouvelle/", typed(world, text=text))
    made = ServiceAgreement.objects.get()
    assert mine.get(own_path(made)).status_code == 404
    assert "Pas encore de convention" in page(mine.get("/prestataires/mon-espace/conventions/"))
    assert manager.post(path_of(made, "envoyer")).status_code == 302
    made.refresh_from_db()
    said = f"Entre {world.organisation.name} et {alone.name} &lt;b&gt;: 9,50\u202f€ par pièce."
    body = page(manager.get(path_of(made)))
    assert (said in body, made.seal in body, 'name="purchase_price"' in body) == (True, True, False)
    assert "Une convention attend votre signature" in page(mine.get("/prestataires/mon-espace/"))
    assert own_path(made) in page(mine.get("/prestataires/mon-espace/conventions/"))
    assert said in page(mine.get(own_path(made)))
    assert "Indiquez votre nom." in page(mine.post(own_path(made, "signer"), {"name": "", "seal": made.seal}), 422)
    again = page(mine.post(own_path(made, "signer"), {"name": "Sophie", "seal": "x"}), 409)
    assert ("Relisez-le, puis signez." in again, 'value="Sophie"' in again, made.seal in again) == (True, True, True)
    assert mine.post(own_path(made, "signer"), {"name": "Sophie", "seal": made.seal}).status_code == 302
    page(mine.post(own_path(made, "signer"), {"name": "Sophie", "seal": made.seal}), 409)
    page(mine.post(own_path(made, "refuser"), {"comment": "Non"}), 409)
    assert manager.post(path_of(made, "signer"), {"name": "Awa", "seal": made.seal}).status_code == 302
    body = page(mine.get(own_path(made)))
    assert all(words in body for words in ("En vigueur", "Sophie", "Awa"))
    settle(world.organisation)
    with in_tenant():
        kinds = (
            Message.objects.filter(kind__startswith="agreement.").order_by("pk").values_list("kind", "recipient_kind")
        )
        assert sorted(set(kinds)) == [
            ("agreement.sent", "provider"),
            ("agreement.signature_given", "staff"),
            ("agreement.signed", "provider"),
        ]


def words_of(answer: Any) -> str:
    """The text of a PDF."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.promise("domain R33")
def test_an_agreement_on_paper_says_what_was_sealed(world: World, manager: Browser, waiting: ServiceAgreement) -> None:
    mine = browser_of(world.users["provider"])
    path, own = path_of(waiting) + "convention.pdf", own_path(waiting) + "convention.pdf"
    assert waiting.provider.siret in words_of(mine.get(own))
    assert "Awa" not in words_of(manager.get(path))
    sign(waiting, Side.THEIRS, acting_for(waiting.provider))
    sign(waiting, Side.OURS, world.actor(), name="Awa Diop")
    said = words_of(manager.get(path))
    assert [name in said for name in ("Sophie Aubert", "Awa Diop", waiting.seal[:20])] == [True, True, True]
    assert "Brouillon" not in said
    # The file does not follow what is known of them afterwards.
    before = manager.get(path).content
    Provider.objects.filter(pk=waiting.provider_id).update(siret="73282932000074")
    assert manager.get(path).content == before


def test_a_draft_is_printed_to_be_signed_by_hand(world: World, manager: Browser, alone: Provider) -> None:
    draft = draft_agreement(alone, world.cobbler, terms(), text="#panic() {remuneration}\n\n*suite*", by=world.actor())
    said = words_of(manager.get(path_of(draft) + "convention.pdf"))
    assert all(words in said for words in ("Brouillon", "#panic()", "*suite*", "par pièce", "Signature"))
    assert browser_of(world.users["provider"]).get(own_path(draft) + "convention.pdf").status_code == 404


@pytest.mark.promise("domain R33")
def test_a_provider_says_what_should_be_different(world: World, manager: Browser, waiting: ServiceAgreement) -> None:
    mine = browser_of(world.users["provider"])
    assert mine.post(own_path(waiting, "refuser"), {"comment": "12 % <i>au plus"}).status_code == 302
    assert "12 % &lt;i&gt;au plus" in page(manager.get(path_of(waiting)))
    page(manager.post(path_of(waiting, "signer"), {"name": "Awa", "seal": waiting.seal}), 409)
    assert AgreementSignature.objects.count() == 0


@pytest.mark.promise("S01")
def test_another_provider_reads_and_signs_nothing(world: World, waiting: ServiceAgreement) -> None:
    other = add_provider(world, price=None)
    foreign = sent_agreement(other, world, first_day=TODAY)
    mine = browser_of(world.users["provider"])
    assert mine.get(own_path(foreign)).status_code == 404
    assert mine.post(own_path(foreign, "signer"), {"name": "Moi", "seal": foreign.seal}).status_code == 404
    assert mine.get(path_of(waiting)).status_code == 403
    assert mine.post(path_of(waiting, "signer"), {"name": "Moi", "seal": waiting.seal}).status_code == 403
    assert own_path(foreign) not in page(mine.get("/prestataires/mon-espace/conventions/"))


def test_whoever_cannot_be_written_to_signs_on_paper(world: World, manager: Browser) -> None:
    provider = add_provider(world, price=None)
    Provider.objects.filter(pk=provider.pk).update(email="", phone="+33380111213")
    draft = draft_agreement(provider, world.cobbler, terms(), text="{service}", by=world.actor())
    body = page(manager.get(path_of(draft)))
    assert ("faites-la signer sur papier" in body, path_of(draft, "envoyer") in body) == (True, False)


@pytest.fixture
def by_link(world: World) -> ServiceAgreement:
    """Sent to a cobbler without an account."""
    return sent_agreement(add_provider(world, price=None), world, first_day=TODAY)


def opened(agreement: ServiceAgreement) -> tuple[Browser, str]:
    """A browser in which the four digits were typed, and the address of the page."""
    browser, path = Browser(headers={"Accept-Language": "fr"}), urlsplit(link_url(agreement)).path
    assert browser.post(f"{path}code/", {"code": link_code(agreement)}).status_code == 302
    return browser, path


@pytest.mark.promise("S16", "domain R33")
def test_whoever_has_no_account_signs_by_the_link(world: World, by_link: ServiceAgreement) -> None:
    settle(world.organisation)
    letter = write(Message.objects.get(kind="agreement.sent"))
    assert (link_url(by_link) in letter.text, link_code(by_link) in letter.text) == (True, True)
    path = urlsplit(link_url(by_link)).path
    # Who opens it, also by posting every form, signs nothing before the digits are typed.
    scanner = Browser()
    assert 'name="name"' not in page(scanner.get(path))
    assert scanner.post(f"{path}code/", {"code": "0000"}).status_code == 422
    for verb in ("signer", "refuser", "pas-moi"):
        assert scanner.post(f"{path}{verb}/", {"name": "Robot", "seal": by_link.seal}).status_code == 403
    assert AgreementSignature.objects.count() == 0
    phone, path = opened(by_link)
    assert "Indiquez votre nom." in page(phone.post(f"{path}signer/", {"name": "", "seal": by_link.seal}), 422)
    assert "Relisez-le" in page(phone.post(f"{path}signer/", {"name": "Sophie", "seal": "x"}), 409)
    assert phone.post(f"{path}signer/", {"name": "Sophie", "seal": by_link.seal}).status_code == 302
    body = page(phone.get(path))
    assert ("vous avez signé" in body, 'name="seal"' in body) == (True, False)
    signature = AgreementSignature.objects.get()
    assert (signature.name, signature.side, signature.channel, signature.user) == ("Sophie", "theirs", "link", None)
    page(phone.post(f"{path}signer/", {"name": "Sophie", "seal": by_link.seal}), 409)
    sign(by_link, Side.OURS, world.actor())
    assert "Signée par les deux" in page(phone.get(path))


@pytest.mark.promise("S16")
def test_by_the_link_one_says_no_or_that_it_is_somebody_else(world: World, manager: Browser) -> None:
    first, second = (sent_agreement(add_provider(world, price=None), world, first_day=TODAY) for _number in range(2))
    phone, path = opened(first)
    assert phone.post(f"{path}refuser/", {"comment": "12 %"}).status_code == 302
    assert "rien à signer" in page(phone.get(path)).replace("plus rien", "rien")
    phone, path = opened(second)
    assert phone.post(f"{path}pas-moi/").status_code == 200
    assert phone.get(path).status_code == 410
    for agreement, comment in ((first, "12 %"), (second, "Notre message est arrivé chez la mauvaise personne")):
        agreement.refresh_from_db()
        assert (agreement.status, comment in agreement.decline_comment) == ("declined", True)


@pytest.mark.promise("S16")
def test_sent_again_the_same_link_opens_until_it_is_over(
    world: World, manager: Browser, by_link: ServiceAgreement, monday: Any
) -> None:
    old = link_url(by_link)
    assert manager.post(path_of(by_link, "renvoyer")).status_code == 302
    assert link_url(by_link) == old
    monday.shift(dt.timedelta(days=38))
    assert Browser().get(urlsplit(old).path).status_code == 410
    manager = browser_of(world.users["site_manager"])
    assert manager.post(path_of(by_link, "renvoyer")).status_code == 302
    assert link_url(by_link) != old
    sign(by_link, Side.THEIRS, acting_for(by_link.provider))
    page(manager.post(path_of(by_link, "renvoyer")), 409)


@pytest.mark.promise("S16")
def test_who_comes_too_late_to_sign_is_sent_a_new_link(world: World, by_link: ServiceAgreement, monday: Any) -> None:
    """While it waits for their signature; to the address on file, once."""
    phone, path = Browser(headers={"Accept-Language": "fr"}), urlsplit(link_url(by_link)).path
    letters = Message.objects.filter(kind="agreement.sent", address=by_link.provider.email)
    assert phone.post(f"{path}nouveau/").status_code == 200  # still works: nothing is sent
    monday.shift(dt.timedelta(days=38))
    body = page(phone.get(path), 410)
    assert ("votre signature" in body, f"{path}nouveau/" in body, "plus rien" in body) == (True, True, False)
    for _time in range(2):
        assert "part tout de suite" in page(phone.post(f"{path}nouveau/"))
    settle(world.organisation)
    assert (letters.count(), Event.objects.filter(name="agreement.link_asked").count()) == (2, 1)
    fresh = urlsplit(link_url(by_link)).path
    assert fresh != path and fresh in write(letters.latest("pk")).text
    assert phone.get(fresh).status_code == 200
    sign(by_link, Side.THEIRS, acting_for(by_link.provider))
    monday.shift(dt.timedelta(days=38))
    body = page(phone.get(fresh), 410)
    assert ("plus rien" in body, "nouveau/" in body) == (True, False)
    page(phone.post(f"{fresh}nouveau/"))
    assert Event.objects.filter(name="agreement.link_asked").count() == 1


@pytest.mark.promise("S16")
def test_five_wrong_codes_of_an_agreement_are_mended_by_a_new_link(world: World, by_link: ServiceAgreement) -> None:
    phone, path = Browser(), urlsplit(link_url(by_link)).path
    for _time in range(5):
        phone.post(f"{path}code/", {"code": "0000" if link_code(by_link) != "0000" else "1111"})
    assert f"{path}nouveau/" in page(phone.get(path))
    phone.post(f"{path}nouveau/")
    assert urlsplit(link_url(by_link)).path != path


def test_paper_and_drafts_tell_nobody(world: World, alone: Provider) -> None:
    agree_service(alone, world.cobbler, valid_from=TODAY, by=world.actor())
    withdraw_agreement(draft_agreement(alone, world.cobbler, terms(), by=world.actor()), by=world.actor())
    settle(world.organisation)
    assert not Message.objects.filter(kind__startswith="agreement.").exists()


def test_refusals_have_words_and_codes() -> None:
    found: list[type[DomainError]] = [AgreementReplaced, AgreementSigned, AgreementOver, SignedForTheOther]
    assert [one.code for one in found] == [
        "agreement_replaced",
        "agreement_already_signed",
        "agreement_over",
        "agreement_signed_for_the_other",
    ]
    assert {one.status for one in found} == {409}
