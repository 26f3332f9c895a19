"""Papers with their files: sent, looked at, approved or refused; only what is approved counts (domain.md R32, S26)."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from concierge import retention, tenancy
from concierge.errors import Conflict, Invalid
from concierge.files import JPEG, PDF, CleanFile
from concierge.models import Event
from notifications.models import Message
from providers.actions import reviews
from providers.actions.businesses import add_member
from providers.actions.documents import add_document
from providers.actions.matching import consider_providers, latest_documents, policy_for
from providers.actions.refusals import DocumentHasFile, DocumentReviewed, TooManyDocuments
from providers.actions.reviews import (
    MOST_TO_CHECK,
    approve_document,
    attach_file,
    refuse_document,
    send_document,
    take_document_back,
)
from providers.actions.rounds import start_round
from providers.enums import DocumentKind
from providers.models import Provider, ProviderDocument, StoredFile
from providers.rules import papers
from tests.conftest import settle
from tests.forms import as_shown
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.providers.test_pages import browser_of, page
from tests.providers.test_races import race
from tests.providers.uploading import a_pdf, an_image
from tests.world import World, build_world

FILE = CleanFile(b"%PDF-1.7 clean", PDF, 2)
ISSUED, LAST = dt.date(2026, 11, 2), dt.date(2027, 11, 1)
SPACE = "/prestataires/mon-espace/documents/"


def url(name: str, document: ProviderDocument, *more: Any) -> str:
    return reverse(f"providers:{name}", args=[document.provider.public_id, document.public_id, *more])


def sent(provider: Provider, kind: DocumentKind = DocumentKind.INSURANCE, **given: Any) -> ProviderDocument:
    return send_document(provider, kind=kind, file=FILE, by=acting_for(provider), **given)


def upload(content: bytes | None = None, name: str = "papier.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, a_pdf() if content is None else content)


def counting(provider: Provider) -> dict[str, dt.date | None]:
    return latest_documents(Provider.objects.prefetch_related("documents").get(pk=provider.pk))


@pytest.fixture
def member(world: World) -> tuple[Provider, Browser]:
    """A provider without papers, and its browser."""
    provider = add_provider(world, papers=False)
    add_member(provider, world.users["provider"], by=world.actor())
    return provider, browser_of(world.users["provider"])


@pytest.fixture
def manager(world: World) -> Browser:
    return browser_of(world.users["site_manager"])


# --- the verbs ------------------------------------------


@pytest.mark.promise("domain R32")
def test_only_what_is_approved_counts_and_lets_a_provider_work(world: World) -> None:
    provider, by = add_provider(world, papers=False), world.actor()
    add_document(provider, kind=DocumentKind.REGISTRATION, issued_on=ISSUED, by=by)
    order = world.request(world.cobbler).work_orders.get()
    one, other = sent(provider), sent(provider)
    refuse_document(other, reason="On ne lit pas la date.", by=by)
    assert counting(provider) == {"registration": None}
    verdict = consider_providers(order, policy_for(order)).verdicts[0]
    assert verdict.rule == "document_missing"
    approve_document(one, issued_on=ISSUED, expires_on=LAST, reference="RC-1", by=by)
    assert counting(provider) == {"insurance": LAST, "registration": None}
    start_round(order, by=by)
    assert provider.offers.count() == 1
    names = Event.objects.filter(name__startswith="provider.document_").order_by("pk").values_list("name", "actor")
    assert [(name, actor.split(":")[0]) for name, actor in names] == [
        ("provider.document_sent", "provider"),
        ("provider.document_sent", "provider"),
        ("provider.document_refused", "system"),
        ("provider.document_approved", "system"),
    ]


def test_what_was_looked_at_stays_and_a_wrong_approval_changes_nothing(world: World) -> None:
    provider, by = add_provider(world, papers=False), world.actor()
    one = sent(provider, DocumentKind.VIGILANCE)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"issued_on": dt.date(2026, 11, 24), "expires_on": dt.date(2027, 1, 1)}, "issued_on"),
        ({"issued_on": ISSUED}, "expires_on"),
        ({"issued_on": ISSUED, "expires_on": dt.date(2027, 5, 2)}, "expires_on"),
        ({"issued_on": ISSUED, "expires_on": dt.date(2026, 11, 1)}, "expires_on"),
        ({"issued_on": ISSUED, "expires_on": dt.date.max}, "expires_on"),
        ({"issued_on": dt.date.min, "expires_on": ISSUED}, "issued_on"),
    ]
    for given, field in wrong:
        with pytest.raises(Invalid) as refused:
            approve_document(one, **given, by=by)
        assert refused.value.field == field
    with pytest.raises(Invalid):
        refuse_document(one, reason="  ", by=by)
    one.refresh_from_db()
    assert (one.status, one.reviewed_at) == ("to_check", None)
    approve_document(one, issued_on=ISSUED, expires_on=dt.date(2027, 5, 1), is_verified=True, by=by)
    one.refresh_from_db()
    assert (one.status, one.verified_at is not None) == ("approved", True)
    for again in (
        lambda: refuse_document(one, reason="non", by=by),
        lambda: approve_document(one, issued_on=ISSUED, by=by),
        lambda: take_document_back(one, by=acting_for(provider)),
        lambda: attach_file(one, FILE, by=acting_for(provider)),
    ):
        with pytest.raises(DocumentReviewed):
            again()


def test_a_file_comes_once_and_not_too_many_wait(world: World) -> None:
    provider = add_provider(world, papers=False)
    by = acting_for(provider)
    announced = send_document(provider, kind=DocumentKind.INSURANCE, by=by)
    with pytest.raises(Invalid):
        approve_document(announced, issued_on=ISSUED, expires_on=LAST, by=world.actor())
    attach_file(announced, FILE, by=by)
    with pytest.raises(DocumentHasFile):
        attach_file(announced, FILE, by=by)
    for _more in range(MOST_TO_CHECK - 1):
        sent(provider)
    with pytest.raises(TooManyDocuments):
        sent(provider)
    take_document_back(announced, by=by)
    take_document_back(announced, by=by)
    with pytest.raises(Conflict):
        approve_document(announced, issued_on=ISSUED, expires_on=LAST, by=world.actor())
    sent(provider)
    assert ProviderDocument.objects.to_check().count() == MOST_TO_CHECK


def test_what_was_announced_only_keeps_nobody_from_sending(world: World) -> None:
    """Of very many the oldest give way; what comes with its file is as many as before."""
    provider = add_provider(world, papers=False)
    by = acting_for(provider)
    first, *others = [send_document(provider, kind=DocumentKind.INSURANCE, by=by) for _n in range(MOST_TO_CHECK + 1)]
    assert list(provider.documents.order_by("pk")) == others
    with pytest.raises(Conflict):
        attach_file(first, FILE, by=by)
    for _more in range(MOST_TO_CHECK):
        sent(provider)
    with pytest.raises(TooManyDocuments):
        sent(provider)
    with pytest.raises(TooManyDocuments):
        attach_file(others[0], FILE, by=by)
    assert (provider.documents.to_check().count(), provider.documents.announced().count()) == (12, 12)


@pytest.mark.promise("I11")
def test_postgres_refuses_what_no_paper_is(world: World) -> None:
    provider = add_provider(world)
    one = sent(provider)
    changes: list[dict[str, Any]] = [
        {"status": "refused"},
        {"refusal": "non"},
        {"status": "approved"},
        {"status": "lost"},
        {"verified_at": MONDAY},
    ]
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            ProviderDocument.objects.filter(pk=one.pk).update(**change)
    for change in ({"media_type": "text/html"}, {"size": 0}, {"size": 10_485_761}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StoredFile.objects.filter(document=one).update(**change)


@pytest.mark.promise("P04")
def test_refused_papers_go_after_a_month_and_old_files_after_five_years(world: World, monday: Any) -> None:
    provider, by = add_provider(world, papers=False), world.actor()
    old = add_document(provider, kind=DocumentKind.REGISTRATION, issued_on=dt.date(2020, 1, 1), file=FILE, by=by)
    add_document(provider, kind=DocumentKind.REGISTRATION, issued_on=ISSUED, file=FILE, by=by)
    ended = add_document(
        provider, kind=DocumentKind.INSURANCE, issued_on=ISSUED, expires_on=dt.date(2026, 11, 30), file=FILE, by=by
    )
    refused, waiting = sent(provider), sent(provider)
    refuse_document(refused, reason="Illisible", by=by)
    announced = send_document(provider, kind=DocumentKind.INSURANCE, by=acting_for(provider))
    names = ("refused_papers", "old_papers")
    found = {name: [row.pk for row in retention.ended(name)] for name in names}
    assert found == {"refused_papers": [], "old_papers": []}
    monday.move_to(MONDAY + dt.timedelta(days=40))  # a row says itself when it was made
    assert [row.pk for row in retention.ended("refused_papers")] == [refused.pk, announced.pk]
    monday.move_to(MONDAY + dt.timedelta(days=1840))
    assert {row.document_id for row in retention.ended("old_papers")} == {old.pk, ended.pk}
    purged = retention.purge()
    assert {name: purged[name] for name in names} == {"refused_papers": 2, "old_papers": 2}
    assert set(ProviderDocument.objects.filter(file__isnull=False).values_list("status", "pk")) == {
        ("to_check", waiting.pk),
        ("approved", provider.documents.get(kind="registration", issued_on=ISSUED).pk),
    }


# --- races ----------------------------------------------


@pytest.fixture
def world_of_threads(transactional_db: None) -> Iterator[World]:
    """A world that every thread can see."""
    made = build_world()
    with tenancy.working_for(made.organisation):
        yield made


def _two_answers(world: World) -> dict[str, int]:
    one = sent(add_provider(world, papers=False))
    by = world.actor()
    return race(
        world,
        lambda: approve_document(one, issued_on=ISSUED, expires_on=LAST, by=by),
        lambda: refuse_document(one, reason="Illisible", by=by),
    )


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
def test_of_two_who_look_at_once_one_is_told_that_it_was_looked_at(world_of_threads: World) -> None:
    assert _two_answers(world_of_threads) == {"ok": 1, "document_reviewed": 1}
    assert Event.objects.filter(name__in=["provider.document_approved", "provider.document_refused"]).count() == 1


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_answers_are_told(world_of_threads: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have read “to be checked” before either writes."""
    both = threading.Barrier(2, timeout=10)
    looked_up = ProviderDocument.objects.select_related

    def read_only(document: ProviderDocument, verb: str) -> ProviderDocument:
        found = looked_up("provider__organisation").get(pk=document.pk)
        both.wait()
        return found

    monkeypatch.setattr(reviews, "_lock", read_only)
    assert _two_answers(world_of_threads) == {"ok": 2}


# --- pages ----------------------------------------------


@pytest.mark.promise("domain R32", "S26")
def test_a_provider_sends_a_photograph_and_the_team_approves_it(
    world: World, member: tuple[Provider, Browser], manager: Browser
) -> None:
    provider, browser = member
    body = page(browser.get(SPACE + "?kind=insurance"))
    assert (body.count("Manquant"), "Inutile pour le moment" in body) == (2, True)
    typed = as_shown(browser.get(SPACE + "?kind=insurance"))
    assert typed["kind"] == "insurance"
    answer = browser.post(SPACE, {**typed, "file": upload(an_image("PNG", color=(255, 0, 0)), "photo.png")})
    assert answer["Location"] == SPACE
    one = ProviderDocument.objects.get()
    assert (one.status, one.file.media_type) == ("to_check", JPEG)
    assert "nous l’examinons et vous tenons au courant" in page(browser.get(SPACE))
    assert "1 document envoyé par un prestataire" in page(manager.get("/prestataires/"))
    assert provider.name in page(manager.get("/prestataires/documents/"))
    assert url("document", one) in page(manager.get(reverse("providers:provider", args=[provider.public_id])))
    assert url("file", one) in page(manager.get(url("document", one)))
    answer = manager.post(
        url("judge-document", one, "approuver"), {"issued_on": "2026-11-02", "expires_on": "2027-11-01"}
    )
    assert answer.status_code == 302
    one.refresh_from_db()
    assert (one.status, one.expires_on) == ("approved", LAST)
    assert "Compte jusqu’au 1er novembre 2027" in page(browser.get(SPACE))
    assert "Rien à contrôler" in page(manager.get("/prestataires/documents/"))


def test_a_refused_paper_says_why_to_who_sent_it(
    world: World, member: tuple[Provider, Browser], manager: Browser
) -> None:
    provider, browser = member
    one = sent(provider)
    judge = url("judge-document", one, "refuser")
    assert manager.post(judge, {"reason": ""}).status_code == 422
    assert manager.post(judge, {"reason": "La date est <b>coupée</b>."}).status_code == 302
    assert "La date est &lt;b&gt;coupée&lt;/b&gt;." in page(browser.get(SPACE))
    again = manager.post(judge, {"reason": "encore"})
    assert (again.status_code, "a déjà été examiné" in page(again, 409)) == (409, True)
    back = browser.post(reverse("providers:space-document-back", args=[one.public_id]), follow=True)
    assert "a déjà été examiné" in page(back)
    waiting = sent(provider)
    browser.post(reverse("providers:space-document-back", args=[waiting.public_id]))
    assert ProviderDocument.objects.get() == one
    assert manager.post(url("judge-document", waiting, "approuver"), {"issued_on": "2026-11-02"}).status_code == 404


def test_what_was_announced_has_not_arrived_and_can_be_taken_back(
    world: World, member: tuple[Provider, Browser], manager: Browser
) -> None:
    provider, browser = member
    announced = send_document(provider, kind=DocumentKind.INSURANCE, by=acting_for(provider))
    staff = reverse("providers:provider", args=[provider.public_id])
    words = "annoncé, le fichier n’est pas arrivé."
    assert [words in page(who.get(where)) for who, where in ((browser, SPACE), (manager, staff))] == [True, True]
    body = page(browser.get(SPACE))
    assert ("le fichier n’est pas encore arrivé" in body, "nous l’examinons" in body) == (True, False)
    back = reverse("providers:space-document-back", args=[announced.public_id])
    assert back in body
    assert reverse("providers:space-file", args=[announced.public_id]) not in body
    attach_file(announced, FILE, by=acting_for(provider))
    body = page(browser.get(SPACE))
    assert ("reçu, à vérifier" in body, words in body, back in body) == (True, False, True)
    take_document_back(announced, by=acting_for(provider))
    again = send_document(provider, kind=DocumentKind.INSURANCE, by=acting_for(provider))
    browser.post(reverse("providers:space-document-back", args=[again.public_id]))
    assert ProviderDocument.objects.count() == 0


def test_the_page_reads_no_bytes_of_files(member: tuple[Provider, Browser]) -> None:
    provider, browser = member
    one = sent(provider)
    with CaptureQueriesContext(connection) as asked:
        body = page(browser.get(SPACE))
    assert reverse("providers:space-file", args=[one.public_id]) in body
    assert [query["sql"] for query in asked if '"content"' in query["sql"]] == []


@pytest.mark.promise("S26")
@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"file": b"<html>"}, "file", "Nous prenons les fichiers PDF et les photos (JPEG, PNG, WebP)."),
        ({"file": a_pdf()[:-30]}, "file", "Ce fichier est illisible"),
        ({"file": None}, "file", "Ce champ est obligatoire."),
        ({"file": b""}, "file", "Le fichier soumis est vide."),
        ({"kind": "licence"}, "kind", "Sélectionnez un choix valide."),
        ({"kind": "licence"}, "file", "Choisissez encore une fois le fichier"),
        ({"expires_on": "9999-12-31"}, "expires_on", "Ce jour est trop lointain."),
    ],
)
def test_a_wrong_file_is_refused_at_its_field_and_keeps_the_rest(
    member: tuple[Provider, Browser], changes: dict[str, Any], field: str, said: str
) -> None:
    _provider, browser = member
    typed: dict[str, Any] = {"kind": "registration", "expires_on": "2027-11-01", "file": a_pdf(), **changes}
    content = typed.pop("file")
    answer = browser.post(SPACE, typed if content is None else {**typed, "file": upload(content)})
    assert answer.status_code == 422
    assert answer.context["form"].errors[field][0].startswith(said)
    assert (ProviderDocument.objects.count(), StoredFile.objects.count()) == (0, 0)
    if field == "file" and "kind" not in changes:
        assert as_shown(answer)["expires_on"] == "2027-11-01"


@pytest.mark.promise("S26", "S05")
def test_a_file_is_given_to_who_may_read_it_and_never_shown(
    world: World, member: tuple[Provider, Browser], manager: Browser
) -> None:
    provider, browser = member
    one = sent(provider)
    foreign = sent(add_provider(world))
    for answer in (
        manager.get(url("file", one)),
        browser.get(reverse("providers:space-file", args=[one.public_id])),
    ):
        assert (answer.status_code, answer.content) == (200, FILE.content)
        assert {name: answer[name] for name in ("Content-Type", "Content-Disposition", "X-Content-Type-Options")} == {
            "Content-Type": "application/pdf",
            "Content-Disposition": f'attachment; filename="insurance-{provider.siret}.pdf"',
            "X-Content-Type-Options": "nosniff",
        }
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["Cache-Control"] == "private, no-store"
    assert browser.get(reverse("providers:space-file", args=[foreign.public_id])).status_code == 404
    assert browser.post(reverse("providers:space-document-back", args=[foreign.public_id])).status_code == 404
    for role in ("dispatcher", "accountant", "trainee", "provider"):
        reader = browser_of(world.users[role])
        for name in ("file", "document"):
            assert reader.get(url(name, one)).status_code == 403
        assert reader.post(url("judge-document", one, "refuser"), {"reason": "x"}).status_code == 403
        assert reader.get("/prestataires/documents/").status_code == 403
    mixed = reverse("providers:file", args=[foreign.provider.public_id, one.public_id])
    assert manager.get(mixed).status_code == 404


def test_the_team_adds_a_paper_with_its_file(world: World, manager: Browser) -> None:
    provider = add_provider(world, papers=False)
    add = reverse("providers:new-document", args=[provider.public_id])
    typed = {"kind": "registration", "reference": "A", "issued_on": "2026-11-02", "expires_on": ""}
    wrong = manager.post(add, {**typed, "file": upload(b"MZ")})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["file"])
    lost = manager.post(add, {**typed, "issued_on": "", "file": upload()})
    assert set(lost.context["form"].errors) == {"issued_on", "file"}
    assert manager.post(add, {**typed, "file": upload()}).status_code == 302
    one = ProviderDocument.objects.get()
    assert (one.status, one.file.pages, Event.objects.filter(name="provider.document_sent").count()) == (
        "approved",
        1,
        0,
    )


def test_the_lists_ask_as_much_for_three_as_for_one(
    world: World, manager: Browser, member: tuple[Provider, Browser]
) -> None:
    provider, browser = member
    add_document(provider, kind=DocumentKind.REGISTRATION, issued_on=ISSUED, file=FILE, by=world.actor())
    sent(provider)

    def counts() -> list[int]:
        found = []
        for who, where in ((manager, "/prestataires/documents/"), (browser, SPACE)):
            with CaptureQueriesContext(connection) as asked:
                page(who.get(where))
            found.append(len(asked))
        return found

    counts()
    before = counts()
    for kind in (DocumentKind.INSURANCE, DocumentKind.VIGILANCE):
        sent(provider, kind)
    assert counts() == before


# --- the API --------------------------------------------


def _call(key: str, path: str, data: Any, number: int, content_type: str = "application/json") -> Any:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"paper-{number}"}
    return Browser(raise_request_exception=False).post(
        f"/api/v1{path}", data, content_type=content_type, headers=headers
    )


@pytest.mark.promise("domain R32", "S26", "R03")
def test_a_system_announces_a_paper_and_sends_its_file(world: World) -> None:
    provider, rival = add_provider(world, papers=False), add_provider(world)
    key, foreign = (world.api_key(provider_id=one.pk) for one in (provider, rival))
    made = _call(key, "/provider-documents", {"kind": "insurance", "reference": "RC-9"}, 1)
    assert (made.status_code, made.json()["status"], made.json()["has_file"]) == (201, "to_check", False)
    path = f"/provider-documents/{made.json()['id']}/file"
    assert _call(foreign, path, a_pdf(), 2, "application/pdf").status_code == 404
    assert _call(key, path, "{}", 3).status_code == 415
    bad = _call(key, path, b"MZ", 4, "application/pdf")
    assert (bad.status_code, bad.json()["code"], bad.json()["reason"]) == (422, "bad_file", "unknown_type")
    assert StoredFile.objects.count() == 0
    content = a_pdf(2)
    first = _call(key, path, content, 5, "application/octet-stream")
    assert (first.status_code, first.json()["has_file"]) == (200, True)
    again = _call(key, path, content, 5, "application/octet-stream")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert _call(key, path, a_pdf(3), 5, "application/octet-stream").json()["code"] == "idempotency_key_reused"
    assert _call(key, path, content, 6, "application/pdf").json()["code"] == "document_has_file"
    too_big = _call(key, path, b"%PDF-" + bytes(8 * 1024 * 1024), 7, "application/pdf")
    assert (too_big.status_code, too_big["Content-Type"]) == (413, "application/problem+json")
    assert StoredFile.objects.get().pages == 2
    listed = Browser().get("/api/v1/provider-documents", headers={"Authorization": f"Bearer {foreign}"}).json()
    assert {row["provider"] for row in listed["results"]} == {str(rival.public_id)}


@pytest.mark.promise("S26", "S33")
def test_a_file_is_opened_only_when_one_is_awaited_and_outside_of_transactions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = add_provider(world, papers=False)
    key, by = world.api_key(provider_id=provider.pk), acting_for(provider)
    full, refused, free = (send_document(provider, kind=DocumentKind.INSURANCE, by=by) for _n in range(3))
    attach_file(full, FILE, by=by)
    refuse_document(refused, reason="Pas celui-ci.", by=world.actor())
    opened: list[bool] = []
    around = list(connection.savepoint_ids)

    def opens(content: bytes) -> bytes:
        opened.append(connection.savepoint_ids == around)
        return b'{"media_type": "application/pdf", "pages": 1}\n%PDF-made'

    monkeypatch.setattr("concierge.files.uploads._run", opens)
    paths = [f"/provider-documents/{one.public_id}/file" for one in (full, refused, free)]
    codes = [_call(key, path, a_pdf(), 1, "application/pdf").json()["code"] for path in paths[:2]]
    assert codes == ["document_has_file", "document_reviewed"]
    without = {"Authorization": f"Bearer {key}"}
    answer = Browser().post(f"/api/v1{paths[2]}", a_pdf(), content_type="application/pdf", headers=without)
    assert (answer.json()["code"], opened) == ("idempotency_key_required", [])
    first, again = (_call(key, paths[2], a_pdf(), 2, "application/pdf") for _time in range(2))
    assert (first.status_code, again["Idempotent-Replayed"], opened) == (200, "true", [True])


@pytest.mark.promise("S26", "S33")
def test_a_provider_sends_only_so_many_files_by_its_keys(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.api.documents.MOST_UPLOADS", 2)
    provider, rival = add_provider(world, papers=False), add_provider(world, papers=False)

    def send(one: Provider, number: int) -> Any:
        path = f"/provider-documents/{waiting[one.pk].public_id}/file"
        return _call(world.api_key(provider_id=one.pk), path, b"MZ", number, "application/pdf")

    waiting = {one.pk: send_document(one, kind=DocumentKind.INSURANCE, by=acting_for(one)) for one in (provider, rival)}
    assert [send(provider, number).status_code for number in range(3)] == [422, 422, 429]
    assert send(provider, 4)["Retry-After"] == "600"
    assert send(rival, 5).status_code == 422


@pytest.mark.usefixtures("both_doors_taken")
def test_when_many_files_arrive_at_once_the_api_says_when_to_come_back(world: World) -> None:
    provider = add_provider(world, papers=False)
    announced = send_document(provider, kind=DocumentKind.INSURANCE, by=acting_for(provider))
    path = f"/provider-documents/{announced.public_id}/file"
    answer = _call(world.api_key(provider_id=provider.pk), path, a_pdf(), 1, "application/pdf")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "5")


def test_the_organisation_says_whose_paper_it_is(world: World, other_world: World) -> None:
    provider = add_provider(world, papers=False)
    key = world.api_key()
    given = {"kind": "vigilance", "provider": str(provider.public_id)}
    assert _call(key, "/provider-documents", given, 1).status_code == 201
    for wrong in (None, "00000000-0000-4000-8000-000000000000"):
        answer = _call(key, "/provider-documents", {**given, "provider": wrong}, 2)
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "provider")
    assert ProviderDocument.objects.get().provider == provider


# --- who is told ----------------------------------------


@pytest.mark.promise("domain R32")
def test_letters_about_papers_go_to_who_waits_for_them(world: World) -> None:
    provider, by = add_provider(world, papers=False), world.actor()
    one, other = sent(provider), sent(provider)
    approve_document(one, issued_on=ISSUED, expires_on=LAST, by=by)
    refuse_document(other, reason="Illisible", by=by)
    settle()
    told = Message.objects.filter(kind__startswith="provider.document_").order_by("pk").values_list("kind", "address")
    assert sorted(told) == sorted(
        [
            ("provider.document_sent", world.users["network_head"].email),
            ("provider.document_sent", world.users["network_head"].email),
            ("provider.document_approved", provider.email),
            ("provider.document_refused", provider.email),
        ]
    )


def needed() -> list[str]:
    return list(Message.objects.filter(kind="provider.document_needed").values_list("address", flat=True))


@pytest.mark.promise("domain R32")
def test_who_only_lacks_the_certificate_is_told_once(world: World, monday: Any, monkeypatch: Any) -> None:
    """The far one would not be asked in any case; the one without insurance lacks more."""
    term = papers.VigilanceTerm(dt.date(2015, 4, 1), Decimal(10), 6)
    monkeypatch.setattr(papers, "vigilance_term", lambda day, terms=(): term)
    near = add_provider(world)
    add_provider(world, latitude=Decimal("48.8"))
    add_provider(world, papers=False)
    for _time in range(2):
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
        settle()
    assert needed() == [near.email]
    monday.move_to(MONDAY + dt.timedelta(days=31))
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    settle()
    assert needed() == [near.email, near.email]
