"""Marks name rows that exist, and the rows that the main job rests on are named.

Two lists of the specification number their rows R1, R2 and so on: reliability (``R01`` to ``R50``, beside ``S``, ``P``,
``DR`` and ``I``) and the domain. A row of the domain is marked as such: ``domain R34``. ``L`` rows are labour rules.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent
LAST = {"R": 50, "S": 54, "P": 10, "L": 23, "DR": 12, "I": 12, "domain R": 52, "speed P": 9}
SHAPE = re.compile(r"(R|S|P)(\d\d)|(L|DR|I|domain R|speed P)([1-9]\d?)")
# What the main job promises end to end.
NEEDED = {
    *("R01", "R02", "R03", "R14", "R15", "R28", "R40", "R44"),
    *("S01", "S02", "S03", "S06", "S07", "S12", "S16", "S36", "S39", "S44", "S49"),
    *("DR5", "DR8", "domain R14", "domain R31", "domain R34"),
}


def marks() -> Counter[str]:
    """How often each row is named."""
    found: Counter[str] = Counter()
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "promise":
                found.update(str(word.value) for word in node.args if isinstance(word, ast.Constant))
    return found


def test_every_mark_names_a_row() -> None:
    for name in marks():
        match = SHAPE.fullmatch(name)
        assert match is not None, name
        kind, number = match[1] or match[3], int(match[2] or match[4])
        assert 1 <= number <= LAST[kind], name


def test_the_rows_of_the_main_job_are_proved() -> None:
    assert sorted(NEEDED - set(marks())) == []
