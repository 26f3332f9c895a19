#!/usr/bin/env python3
"""Catalogues of translations, without gettext's programs where they are not needed.

messages.py compile   turn every .po into the .mo that Django reads (nothing to install)
messages.py check     every sentence of the sources is translated, with the same placeholders (needs xgettext)
messages.py update    take the sentences of the sources into the .po files (needs xgettext)
"""

from __future__ import annotations

import ast
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Spaces that no line may end on in French, typed as plain ones: narrow before high signs, a whole one before a colon,
# a unit and inside quotation marks (Imprimerie nationale).
NARROW = re.compile(r" (?=[;!?€]|%%)")
WHOLE = re.compile(r" (?=[:»]|(?:h|min|km)\b)|(?<=«) ")
# French is set with ’; what stands inside a tag is no French.
STRAIGHT = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_]|%\()")
# Documents carry their own words, in both languages, as Typst's texts.
TYPST_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
TAG = re.compile(r"<[^>]*>")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")
# What marks a sentence for translation in the sources.
TRANSLATING = frozenset(
    {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy", "npgettext"}
)
EXTRACT = (
    *(
        str(ROOT / ".venv/bin/django-admin"),
        "makemessages",
        "--locale=fr",
        "--no-location",
        "--no-obsolete",
        "--no-wrap",
        "--extension=html,txt,py,mjml",
    ),
    *("--ignore=frontend/*", "--ignore=tests/*", "--ignore=scripts/*", "--ignore=staticfiles/*"),
)


@dataclass
class Entry:
    """One sentence of a catalogue."""

    line: int
    fuzzy: bool = False
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What gettext looks up: context, end-of-transmission, sentence."""
        context = self.fields.get("msgctxt")
        sentence = self.fields["msgid"]
        return sentence if context is None else f"{context}\x04{sentence}"

    @property
    def translations(self) -> list[str]:
        """The translation, or the plural forms in order."""
        return [text for name, text in self.fields.items() if name.startswith("msgstr")]


def read_catalogue(path: Path) -> list[Entry]:
    """Parse a .po file, obsolete entries left out. Raises ValueError, with the line, when it is malformed."""
    entries: list[Entry] = []
    current, name, fuzzy = Entry(0), "", False
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
        elif line.startswith('"') and name:
            current.fields[name] += _unquote(line, path, number)
        elif found := re.fullmatch(r"(msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s+(\".*\")", line):
            name = found.group(1)
            if name == "msgctxt" or (name == "msgid" and set(current.fields) != {"msgctxt"}):
                current = Entry(number, fuzzy)
                entries.append(current)
                fuzzy = False
            current.fields[name] = _unquote(found.group(2), path, number)
        elif line:
            raise ValueError(f"{path}:{number}: not a line of a catalogue: {line}")
        else:
            name = ""
    return entries


def _unquote(text: str, path: Path, number: int) -> str:
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{path}:{number}: bad quotes: {text}") from error


def typeset(entries: list[Entry]) -> None:
    """Set the translations by the rules of French printing, so that whoever translates types plain spaces."""
    for entry in entries:
        for name in entry.fields:
            if name.startswith("msgstr") and entry.key:
                entry.fields[name] = WHOLE.sub("\u00a0", NARROW.sub("\u202f", entry.fields[name]))


def binary(entries: list[Entry]) -> bytes:
    """The .mo file of a catalogue: header first, untranslated and fuzzy entries left out."""
    pairs = {}
    for entry in entries:
        if all(entry.translations) and (not entry.fuzzy or not entry.key):
            plural = entry.fields.get("msgid_plural")
            key = entry.key if plural is None else f"{entry.key}\0{plural}"
            pairs[key.encode()] = "\0".join(entry.translations).encode()
    ids, texts = b"", b""
    id_places, text_places = [], []
    for key_bytes in sorted(pairs):
        id_places.append((len(key_bytes), len(ids)))
        text_places.append((len(pairs[key_bytes]), len(texts)))
        ids += key_bytes + b"\0"
        texts += pairs[key_bytes] + b"\0"
    count, tables = len(pairs), 7 * 4
    start_ids = tables + 16 * count
    start_texts = start_ids + len(ids)
    table = [number for length, place in id_places for number in (length, start_ids + place)]
    table += [number for length, place in text_places for number in (length, start_texts + place)]
    header = struct.pack("<7I", 0x950412DE, 0, count, tables, tables + 8 * count, 0, 0)
    return header + struct.pack(f"<{len(table)}I", *table) + ids + texts


def catalogues(root: Path) -> list[Path]:
    """All .po files of a tree."""
    return sorted(root.glob("locale/*/LC_MESSAGES/*.po"))


def compile_all(root: Path) -> None:
    """Write the .mo beside each .po, when it differs. Raises ValueError for a malformed catalogue."""
    for path in catalogues(root):
        entries = read_catalogue(path)
        if path.parent.parent.name == "fr":
            typeset(entries)
        made = binary(entries)
        target = path.with_suffix(".mo")
        if not target.exists() or target.read_bytes() != made:
            target.write_bytes(made)


def problems_in(path: Path) -> list[str]:
    """Untranslated, fuzzy, doubled or mismatched entries, one line each."""
    found, seen = [], set()
    for entry in read_catalogue(path):
        if not entry.key:
            continue
        where = f"{path}:{entry.line}: {entry.fields['msgid'][:60]!r}"
        if entry.key in seen:
            found.append(f"{where} is there twice")
        seen.add(entry.key)
        if entry.fuzzy:
            found.append(f"{where} is marked fuzzy")
        elif not all(entry.translations):
            found.append(f"{where} is not translated")
        else:
            allowed = set(PLACEHOLDER.findall(entry.fields["msgid"] + entry.fields.get("msgid_plural", "")))
            # a plural form may leave out the number, a plain sentence nothing
            strict = "msgid_plural" not in entry.fields
            used = [set(PLACEHOLDER.findall(text)) for text in entry.translations]
            if any(names - allowed or (strict and names != allowed) for names in used):
                found.append(f"{where} has other placeholders in its translation")
            if any(STRAIGHT.search(TAG.sub("", text)) for text in entry.translations):
                found.append(f"{where} has ' for an apostrophe: write ’")
    return found


def straight_in_documents(root: Path) -> list[str]:
    """Words of documents, which no catalogue holds, with a typewriter's apostrophe."""
    return [
        f"{path}:{number}: has ' for an apostrophe: write ’"
        for path in sorted(root.glob("templates/documents/*.typ"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(STRAIGHT.search(text) for text in TYPST_TEXT.findall(line))
    ]


def in_f_strings(path: Path) -> list[str]:
    """Sentences to translate that stand inside of an f-string: xgettext does not look there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {part for text in ast.walk(tree) if isinstance(text, ast.JoinedStr) for part in ast.walk(text)}
    calls = [part for part in inside if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)]
    lines = sorted(call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id in TRANSLATING)
    return [f"{path}:{line}: xgettext does not see sentences inside of an f-string" for line in lines]


def check(root: Path) -> list[str]:
    """Problems of every catalogue, and differences from the sources, found in a copy of the tracked files."""
    problems = [problem for path in catalogues(root) for problem in problems_in(path)] + straight_in_documents(root)
    listed = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.py",
        "*.html",
        "*.txt",
        "*.mjml",
        "*.po",
    ]
    names = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    sources = [root / one for one in names if one.endswith(".py") and not one.startswith("tests/")]
    problems += [problem for source in sources if source.exists() for problem in in_f_strings(source)]
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for relative in filter(None, names):
            if (root / relative).exists():
                (copy / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / relative, copy / relative)
        (copy / "locale").mkdir(exist_ok=True)
        subprocess.run(EXTRACT, cwd=copy, check=True, capture_output=True)
        fresh = copy / "locale/fr/LC_MESSAGES/django.po"
        wanted = {entry.key for entry in read_catalogue(fresh)} if fresh.exists() else set()
    kept = root / "locale/fr/LC_MESSAGES/django.po"
    known = {entry.key for entry in read_catalogue(kept)} if kept.exists() else set()
    problems += [f"{kept}: missing: {key[:80]!r}" for key in sorted(wanted - known)]
    return problems + [f"{kept}: no longer used: {key[:80]!r}" for key in sorted(known - wanted - {""})]


def main(verb: str) -> int:
    """Run one of the verbs above; returns the exit status."""
    if verb == "compile":
        compile_all(ROOT)
    elif verb == "update":
        (ROOT / "locale").mkdir(exist_ok=True)
        subprocess.run(EXTRACT, cwd=ROOT, check=True)
    elif verb == "check":
        problems = check(ROOT)
        print("\n".join(problems) or "catalogues: complete")
        return 1 if problems else 0
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
