"""The catalogues are compiled and checked without gettext's own programs."""

from __future__ import annotations

import gettext
import io
from pathlib import Path

import messages
import pytest

from billing.rules.standard_texts import STANDARD_TEXTS

CATALOGUE = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\n"

#. a comment
#: bookings/views.py:3
#, python-format
msgid "Hello %(name)s"
msgstr "Bonjour %(name)s"

msgctxt "month"
msgid "May"
msgstr "mai"

msgid "%(count)s item"
msgid_plural "%(count)s items"
msgstr[0] "%(count)s article"
msgstr[1] "%(count)s articles"

msgid ""
"On two "
"lines\n"
msgstr "Sur deux lignes\n"

msgid "Not yet"
msgstr ""

#, fuzzy
msgid "Perhaps"
msgstr "Peut-être"

msgid "Really? Yes: %(percent)s%%"
msgstr "Vraiment ? Oui : « %(percent)s %% », 3 h, 2 hivers"

#~ msgid "Gone"
#~ msgstr "Parti"
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A catalogue with one of everything."""
    folder = tmp_path / "locale/fr/LC_MESSAGES"
    folder.mkdir(parents=True)
    path = folder / "django.po"
    path.write_text(CATALOGUE, encoding="utf-8")
    return path


def test_compiled_catalogue_is_read_by_gettext(catalogue: Path, tmp_path: Path) -> None:
    messages.compile_all(tmp_path)
    french = gettext.GNUTranslations(io.BytesIO(catalogue.with_suffix(".mo").read_bytes()))
    assert french.gettext("Hello %(name)s") == "Bonjour %(name)s"
    assert french.pgettext("month", "May") == "mai"
    assert french.gettext("May") == "May"
    assert french.ngettext("%(count)s item", "%(count)s items", 1) == "%(count)s article"
    assert french.ngettext("%(count)s item", "%(count)s items", 5) == "%(count)s articles"
    assert french.gettext("On two lines\n") == "Sur deux lignes\n"
    assert french.gettext("Not yet") == "Not yet"
    assert french.gettext("Perhaps") == "Perhaps"


def test_french_signs_never_begin_a_line(catalogue: Path, tmp_path: Path) -> None:
    """Plain spaces in the catalogue, narrow no-break ones in what Django reads."""
    messages.compile_all(tmp_path)
    french = gettext.GNUTranslations(io.BytesIO(catalogue.with_suffix(".mo").read_bytes()))
    said = "Vraiment_? Oui~: «~%(percent)s_%%~», 3~h, 2 hivers".replace("_", "\u202f").replace("~", "\u00a0")
    assert french.gettext("Really? Yes: %(percent)s%%") == said
    assert french.gettext("Gone") == "Gone"


def test_problems_are_named_with_their_lines(catalogue: Path) -> None:
    found = [problem.split(": ", 1)[1] for problem in messages.problems_in(catalogue)]
    assert found == ["'Not yet' is not translated", "'Perhaps' is marked fuzzy"]


@pytest.mark.parametrize("translation", ["Bonjour", "Bonjour %(nom)s", "Bonjour %(name)s %(name2)s"])
def test_other_placeholders_are_refused(catalogue: Path, translation: str) -> None:
    catalogue.write_text(f'msgid "Hello %(name)s"\nmsgstr "{translation}"\n', encoding="utf-8")
    assert len(messages.problems_in(catalogue)) == 1


@pytest.mark.parametrize(
    ("translation", "problems"),
    [
        ("J'ai lu", 1),
        ("Prix de l'%(name)s", 1),
        ("J’ai lu", 0),
        ("<a title='lu'>J’ai lu</a>", 0),
        ("le signe '", 0),
    ],
)
def test_french_is_set_with_its_own_apostrophe(catalogue: Path, translation: str, problems: int) -> None:
    name = " %(name)s" if "%(name)s" in translation else ""
    catalogue.write_text(f'msgid "Read{name}"\nmsgstr "{translation}"\n', encoding="utf-8")
    assert len(messages.problems_in(catalogue)) == problems


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("""fr: (issued: "Date d'émission", to: "au")""", ["quote.typ:2: has ' for an apostrophe: write ’"]),
        ("""fr: (issued: "Date d’émission", to: "au")""", []),
        ("""// what "the client" didn't sign""", []),
        (r"""fr: (sign: "dit \"l'ancien\"")""", ["quote.typ:2: has ' for an apostrophe: write ’"]),
    ],
)
def test_words_of_documents_are_set_with_it_too(tmp_path: Path, line: str, problems: list[str]) -> None:
    documents = tmp_path / "templates" / "documents"
    documents.mkdir(parents=True)
    (documents / "quote.typ").write_text(f"#let words = (\n{line}\n)\n", encoding="utf-8")
    found = messages.straight_in_documents(tmp_path)
    assert [problem.rpartition("/")[2] for problem in found] == problems


def test_the_sentences_of_the_law_are_set_with_it_too() -> None:
    assert [text.code for text in STANDARD_TEXTS if "'" in text.text["fr"]] == []


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("""said = f"{_('with %(name)s') % {'name': name}}!\"""", 1),
        ("""said = f"{service or gettext('All services')} {percent} %\"""", 1),
        ("""said = _("with %(name)s") % {"name": name} + f" – {label(name)}\"""", 0),
    ],
)
def test_a_sentence_inside_of_an_f_string_is_refused(tmp_path: Path, line: str, problems: int) -> None:
    """xgettext does not read f-strings: such a sentence stays English without a word about it."""
    source = tmp_path / "rows.py"
    source.write_text(f"name = ''\n{line}\n", encoding="utf-8")
    assert [one.rpartition("rows.py:")[2][:2] for one in messages.in_f_strings(source)] == ["2:"] * problems


def test_malformed_catalogue_is_refused_with_its_line(catalogue: Path) -> None:
    catalogue.write_text('msgid "Hello"\nmsgstr Bonjour\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"django\.po:2: not a line"):
        messages.read_catalogue(catalogue)
