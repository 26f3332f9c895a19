"""The repertory of trades: shipped with a date, found by word, refreshed without losing anything (domain R25)."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from concierge import rome
from concierge.rome import NotTheRepertory, Repertory, Trade, merged, read_edition, written
from workers.enums import USUAL_TRADES

NEW = dt.date(2026, 6, 15)


def official(*, left_out: str = "", renamed: str = "", also: str = "") -> str:
    """An edition like those of the open data, made of the snapshot."""
    lines = ["code_rome;code_fiche_em;code_ogr;libelle_rome;statut"]
    for code, trade in rome.rome().trades.items():
        if code != left_out:
            lines.append(f"{code};1;1;{'Autre nom' if code == renamed else trade.label};1")
    return "\n".join([*lines, also] if also else lines) + "\n"


@pytest.mark.promise("domain R25")
def test_the_snapshot_has_every_trade_of_concierge_work_and_a_date() -> None:
    repertory = rome.rome()
    assert len(repertory.trades) == 609
    assert repertory.version == dt.date(2024, 10, 8)
    assert [code for code in USUAL_TRADES if not repertory.is_current(code)] == []
    assert repertory.label("H2410") == "Repasseur-presseur / Repasseuse-presseuse"
    assert repertory.label("Z0000") == "Z0000"


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("repass", "H2410"),
        ("EPICIER", "D1106"),
        ("épicière", "D1106"),
        ("locaux proprete", "K2204"),
        ("n4104", "N4104"),
        ("concierge hotel", "G1701"),
    ],
)
def test_a_trade_is_found_by_word_whatever_its_accents(words: str, first: str) -> None:
    assert rome.rome().search(words, most=20)[0].code == first


def test_a_search_is_bounded_and_nothing_finds_nothing() -> None:
    assert len(rome.rome().search("e", most=20)) == 20
    assert rome.rome().search("  ", most=20) == []
    assert rome.rome().search("zzzz", most=20) == []


@pytest.mark.promise("domain R25")
def test_a_trade_that_a_newer_edition_leaves_out_stays_and_is_proposed_no_more() -> None:
    new = merged(
        rome.rome(),
        read_edition(official(left_out="H2410", renamed="D1206", also="N9999;1;1;Livreur d'ici;1"), dated=NEW),
    )
    assert new.version == NEW
    assert not new.is_current("H2410")
    assert new.label("H2410") == rome.rome().label("H2410")
    assert new.search("repasseur", most=5) == []
    assert new.label("D1206") == "Autre nom"
    assert new.trades["D1206"].family == rome.rome().trades["D1206"].family
    assert new.label("N9999") == "Livreur d’ici"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a;b\n1;2\n", "None of the columns code_rome, code is there."),
        ("code_rome;libelle_rome\nH241;Repasseur\n", "Line 2: 'H241' is not a ROME code."),
        ("code_rome,label\nH2410,\n", "Line 2: the name of H2410 is missing or too long."),
        ("code,label\nH2410,Un\nH2410,Deux\n", "Line 3: H2410 has two names."),
        ("code,label\nH2410,Un\n", "Only 1 trades: the file is cut short."),
    ],
)
def test_a_file_that_is_not_the_repertory_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(NotTheRepertory) as refused:
        merged(rome.rome(), read_edition(text, dated=NEW))
    assert str(refused.value) == sentence


def test_an_edition_older_than_the_snapshot_or_cut_short_is_refused() -> None:
    with pytest.raises(NotTheRepertory, match="newer"):
        merged(rome.rome(), read_edition(official(), dated=dt.date(2023, 3, 20)))
    some = {code: trade for code, trade in read_edition(official(), dated=NEW).items() if code < "N"}
    more = {f"N8{n:03}": Trade(f"N8{n:03}", "x", "", dt.date(2024, 10, 8)) for n in range(99)}
    with pytest.raises(NotTheRepertory, match="would be gone"):
        merged(Repertory({**rome.rome().trades, **more}), some)


def test_the_command_says_what_changes_then_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, edition = tmp_path / "rome.csv", tmp_path / "edition.csv"
    shipped.write_text(rome.FILE.read_text(encoding="utf-8"), encoding="utf-8")
    edition.write_text(official(left_out="H2410", renamed="D1206"), encoding="utf-8")
    monkeypatch.setattr(rome, "FILE", shipped)
    before = shipped.read_text(encoding="utf-8")
    try:
        said = io.StringIO()
        call_command("refresh_rome", edition, dated=NEW, dry_run=True, stdout=said)
        assert shipped.read_text(encoding="utf-8") == before
        assert said.getvalue().splitlines() == [
            "renamed    D1206 Cordonnier / Cordonnière → Autre nom",
            "left out   H2410 Repasseur-presseur / Repasseuse-presseuse",
            "608 trades of 2026-06-15, 609 in all.",
        ]
        call_command("refresh_rome", edition, dated=NEW, stdout=io.StringIO())
        assert rome.rome().version == NEW
        with pytest.raises(CommandError, match="newer"):
            call_command("refresh_rome", edition, dated=dt.date(2025, 1, 1), stdout=io.StringIO())
    finally:
        rome.rome.cache_clear()


def test_the_snapshot_is_written_as_it_is_shipped() -> None:
    assert written(rome.rome()) == rome.FILE.read_text(encoding="utf-8")
