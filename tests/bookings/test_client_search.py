"""Who is in front of me: half a name, a number in any notation, part of an address, by an index behind the wall."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from django.db import connection

from bookings.models import Client
from bookings.rules import names
from tests.conftest import as_owner
from tests.world import World

ROWS = 20_000
# What people are called here: every Latin letter that keyboards and papers have.
LETTERS = "".join(chr(n) for n in range(0x20, 0x250) if chr(n).isprintable())


def add(world: World, first: str, last: str, **more: str) -> Client:
    return Client.objects.create(organisation=world.organisation, first_name=first, last_name=last, **more)


def found(text: str) -> list[str]:
    return [str(client) for client in Client.objects.matching(text).order_by("last_name", "pk")]


@pytest.mark.promise("domain R2")
def test_beginnings_of_words_in_any_order_without_accents_are_enough(world: World) -> None:
    add(world, "Éloïse", "Lefèvre-Dœuil", email="contact.asso@mairie-dijon.example", phone="+33380112233")
    add(world, "Camille", "Rousseau")
    assert found("rou cam") == ["Camille Rousseau", "Camille Roux"]
    assert found("Camille ROUSS") == ["Camille Rousseau"]
    for text in ("lef elo", "eloise", "doe", "DŒUIL", "lefèvre dœuil", "Lefevre-Doeuil", "éloïse"):
        assert found(text) == ["Éloïse Lefèvre-Dœuil"], text
    assert found("fevre") == []  # not the beginning of a word
    assert found("cam lef") == []


@pytest.mark.promise("domain R2")
def test_a_number_is_found_in_any_notation(world: World) -> None:
    add(world, "Éloïse", "Lefèvre", phone="+33380112233")
    for text in (
        "03 80 11 22 33",
        "0380112233",
        "03.80.11",
        "+33 3 80 11 22 33",
        "0033380112233",
        "+33 (0)3 80 11",
        "2233",
    ):
        assert found(text) == ["Éloïse Lefèvre"], text
    assert found("03 8") == []
    assert found("06 12 34 56 78") == ["Camille Roux"]


@pytest.mark.promise("domain R2")
def test_part_of_an_address_is_found(world: World) -> None:
    add(world, "Éloïse", "Lefèvre", email="contact.asso@mairie-dijon.example")
    for text in ("contact", "contact.asso", "@mairie", "mairie-dijon.example", "asso@mairie eloise"):
        assert found(text) == ["Éloïse Lefèvre"], text


@pytest.mark.promise("domain R2")
def test_a_reference_finds_who_asked(world: World) -> None:
    request = world.request(reference="ABCD-2345")
    other = add(world, "Abcd-2345", "Machine")
    assert found("abcd2345") == [str(request.client)]
    assert found("ABCD-2345") == [str(other), str(request.client)]  # what is written alike is found too
    assert found("ABCD-2346") == []


def test_signs_that_mean_something_to_a_database_are_letters_like_others(world: World) -> None:
    for text in ("", "  ", "r", "%%", "_ _", "100%", "\\", "'; --", "a\x00b", "x" * 5000, "-- ..", "@", "."):
        assert found(text) == [], text
    add(world, "100%", "Laine")
    assert found("100%") == ["100% Laine"]


def test_the_database_and_the_rule_write_words_alike(world: World) -> None:
    with connection.cursor() as cursor:
        for letter in LETTERS:
            cursor.execute("SELECT plain_text(%s)", (f"a{letter}b É",))
            assert cursor.fetchone() == (names.plain(f"a{letter}b É"),), unicodedata.name(letter)


def test_who_came_last_stands_first(world: World) -> None:
    first, second, never = (add(world, "Camille", f"Roux{n}") for n in range(3))
    for client in (second, first):
        request = world.request()
        type(request).objects.filter(pk=request.pk).update(client=client)
    order = list(Client.objects.matching("roux cam").recent_first())
    assert order == [first, second, never, world.client]


@pytest.mark.promise("domain R2")
def test_likely_doubles_are_found_before_somebody_is_made_twice(world: World) -> None:
    slip = add(world, "Gérard", "Lefebvre", email="g.lefebvre@example.fr", phone="+33611111111")

    def like(**known: Any) -> list[Client]:
        return Client.objects.all().like(**known)

    assert like(name="Gérard Lefèbre") == [slip]
    assert like(name="lefebvre gerard") == [slip]
    assert like(name="Girard Lefebvre") == [slip]
    assert like(name="Zoé Martin", phone="+33611111111") == [slip]
    assert like(name="Zoé Martin", email="G.Lefebvre@example.fr") == [slip]
    assert like(name="Gérard Depardieu") == []
    assert like(name="Zoé Martin") == []
    assert like(name="Camile Rou") == [world.client]


def test_nobody_of_another_organisation_is_found(world: World, other_world: World) -> None:
    assert [client.organisation_id for client in Client.objects.matching("roux")] == [world.organisation.pk]


@pytest.fixture
def many(world: World) -> None:
    """As many clients as a town has, each called otherwise."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO bookings_client (organisation_id, public_id, first_name, last_name, email, phone, language,
                   street, postcode, city)
               SELECT %s, gen_random_uuid(), 'P' || md5(n::text), 'N' || md5((n + 7)::text), md5(n::text) || '@a.fr',
                   '+336' || lpad((n * 7919)::text, 8, '0'), 'fr', '', '', '' FROM generate_series(1, %s) n""",
            (world.organisation.pk, ROWS),
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('client_search')")
        cursor.execute("ANALYZE bookings_client")


def plan(world: World, text: str) -> str:
    """How PostgreSQL looks for it, as the runtime role."""
    return Client.objects.visible_to(world.actor("concierge")).matching(text).recent_first()[:10].explain()


@pytest.mark.promise("speed P8")
def test_the_search_reads_the_index_and_not_the_table(world: World, many: None) -> None:
    for text in ("pc4c nd3", "pc4c", "c4ca4238@a", "06 12 34 56", "marie curie", "ABCD-2345"):
        read = plan(world, text)
        assert "client_search" in read, text
        assert "Seq Scan on bookings_client" not in read, text


def test_without_the_promise_of_the_superuser_it_reads_every_row(world: World, many: None) -> None:
    """The twin: row-level security comes before LIKE, unless LIKE is known to tell nothing."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER FUNCTION pg_catalog.textlike(text, text) NOT LEAKPROOF")
    assert "client_search" not in plan(world, "pc4c")


@pytest.mark.promise("speed P8")
def test_whose_address_it_is_stands_in_the_index(world: World, many: None) -> None:
    """Asked by each booking. The twin: how the address used to be compared reads every client."""
    own = Client.objects.filter(organisation=world.organisation)
    assert "client_by_email_key" in own.with_email(world.client.email).explain()
    assert "Seq Scan on bookings_client" in own.filter(email__iexact=world.client.email).explain()


def test_an_address_is_one_persons_however_they_write_it(world: World) -> None:
    """Dots and plus signs may be another mailbox elsewhere: they hint at doubles, and decide nothing."""
    dotted = add(world, "Élodie", "Petit", email="e.petit+dijon@example.fr")
    add(world, "Élodie", "Petit", email="epetit@example.fr")
    add(world, "Sans", "Adresse")
    known = Client.objects.order_by("pk")
    assert list(known.with_email("e.petit+dijon@example.fr")) == [dotted]
    assert list(known.with_email("e.petit@example.fr")) == []
    assert list(known.with_email("e_petit@example.fr")) == []
    assert list(known.with_email("")) == []
    Client.objects.filter(pk=dotted.pk).update(email="E.Petit+Dijon@Example.fr")
    assert list(known.with_email("e.petit+dijon@example.fr")) == [dotted]
