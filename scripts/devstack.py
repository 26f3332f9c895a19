#!/usr/bin/env python3
"""The whole system on one Linux machine, without root, Docker or a database server.

devstack.py run                run everything until Ctrl-C; the state stays in .state/ (or CONCIERGE_STATE)
devstack.py exec -- COMMAND    run a command in the environment of the running system
devstack.py services -- COMMAND   a throw-away PostgreSQL and Valkey for the time of a command (tests);
                               with --durable they write to disk as in production (benchmarks)
devstack.py status             what runs, with process ids
devstack.py reset              forget the local data
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from devservices.postgres import APP, OWNER, SUPERUSER, SYSTEM_FOLDER, Postgres, server_account
from devservices.processes import MARK, Child, Guard, StackError, Supervisor, end_marked, say, spawn
from devservices.state import State, short_hash
from devservices.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT, DEFAULT_MAIL_PORT = 8000, 8025
BROKER, CACHE = 0, 1  # Valkey database numbers


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands above; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="verb", required=True)
    run_parser = commands.add_parser("run")
    run_parser.add_argument("--instead", action="append", metavar="NAME=COMMAND", help=argparse.SUPPRESS)
    for name in ("exec", "services"):
        one = commands.add_parser(name)
        if name == "services":
            one.add_argument("--durable", action="store_true")
        one.add_argument("command", nargs="+")
    commands.add_parser("status")
    commands.add_parser("reset")
    options = parser.parse_args(arguments)
    # Its programs start over and over: what they import is compiled once, whatever an image says about it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not sys.platform.startswith("linux"):
        return refuse("this needs Linux (or WSL); elsewhere see docker-compose.yml")
    try:
        match options.verb:
            case "run":
                return run(options.instead)
            case "exec":
                return execute(options.command)
            case "services":
                return services(options.command, durable=options.durable)
            case "status":
                return status()
            case _:
                return reset()
    except StackError as error:
        return refuse(str(error))


def refuse(reason: str) -> int:
    """Say why nothing (more) happens."""
    print(f"✗ {reason}", file=sys.stderr, flush=True)
    return 1


def local_state() -> State:
    """The state folder: .state beside the Makefile, or the one named by CONCIERGE_STATE."""
    return State(ROOT / Path(os.environ.get("CONCIERGE_STATE", ".state")).expanduser())


# --- run --------------------------------------------------------------------------------------------------------------


def run(instead: list[str] | None) -> int:
    """Start everything, stay until asked to stop. `instead` replaces the application's programs (own tests)."""
    state = local_state()
    account = server_account()
    state.create(enterable=account is not None)
    state.take_lock()
    port, mail_port = chosen_ports()
    mark = {MARK: str(state.folder)}
    end_marked(mark[MARK], patience=0.0)
    guard = Guard(mark[MARK])
    supervisor = Supervisor(on_change=state.write_status)
    try:
        exported = start_servers(supervisor, state, mark)
        exported |= {
            "DJANGO_SETTINGS_MODULE": "concierge.settings.dev",
            "SECRET_KEY": state.secrets()["secret_key"],
            "BASE_URL": f"http://localhost:{port}",
            "PORT": str(port),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "MAILBOX_DIR": str(state.folder / "mail"),
            "SMS_GATEWAY": "file",
            "SMS_DIR": str(state.folder / "sms"),
            "SMS_INBOUND_KEYS": f"sens-pratique/local={state.secrets()['secret_key']}",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        }
        state.write_env(exported)
        quiet = "ignore::UserWarning:celery.platforms"  # root is told about it by Celery at every start
        env = {**os.environ, **exported, **mark, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": quiet}
        if instead is None:
            start_application(supervisor, env, state, port=port, mail_port=mail_port)
        else:
            for name, _, command in (item.partition("=") for item in instead):
                supervisor.add(Child(name, shlex.split(command), env=env, cwd=ROOT))
            say("ready")
        while not supervisor.stopping:
            supervisor.tick()
    except StackError as error:
        if not supervisor.stopping:
            return refuse(str(error))
    finally:
        if supervisor.signals:
            say("Stopping")
        supervisor.stop()
        state.env_file.unlink(missing_ok=True)
        state.status_file.unlink(missing_ok=True)
        guard.dismiss()
    say("Stopped. The data are kept")
    return 0


def start_servers(supervisor: Supervisor, state: State, mark: Mapping[str, str]) -> dict[str, str]:
    """Start PostgreSQL and Valkey, unless the environment names others; returns the variables that lead to them.

    Raises StackError when one does not start, or when DATABASE_URL comes without its owner's.
    """
    exported: dict[str, str] = {}
    given = os.environ.get("DATABASE_URL"), os.environ.get("DATABASE_OWNER_URL")
    if all(given):
        exported |= {"DATABASE_URL": str(given[0]), "DATABASE_OWNER_URL": str(given[1])}
    elif any(given):
        raise StackError(
            "DATABASE_URL and DATABASE_OWNER_URL go together: set both to use your own PostgreSQL, or neither"
        )
    if broker := os.environ.get("REDIS_URL"):
        exported |= {"REDIS_URL": broker, "CELERY_BROKER_URL": os.environ.get("CELERY_BROKER_URL", broker)}
    postgres = None if all(given) else Postgres(state, server_account(), state.secrets())
    valkey = None if broker else Valkey(state, state.secrets()["valkey"])
    if postgres:
        postgres.initialise()
        postgres.end_orphan()
        say("Starting PostgreSQL")
        supervisor.add(postgres.child(mark))
    if valkey:
        say("Starting Valkey")
        supervisor.add(valkey.child(mark))
    if postgres:
        postgres.wait_until_ready(supervisor)
        postgres.prepare()
        exported |= {"DATABASE_URL": postgres.url(APP), "DATABASE_OWNER_URL": postgres.url(OWNER)}
    if valkey:
        valkey.wait_until_ready(supervisor)
        exported |= {"REDIS_URL": valkey.url(CACHE), "CELERY_BROKER_URL": valkey.broker_url(BROKER)}
    return exported


def start_application(
    supervisor: Supervisor, env: Mapping[str, str], state: State, *, port: int, mail_port: int
) -> None:
    """Migrate, load the demonstration once, start the programs, print where everything is."""
    python, scripts = sys.executable, Path(sys.executable).parent
    say("Migrating the database")
    manage = [python, "manage.py"]
    owner = {**env, "DATABASE_URL": env["DATABASE_OWNER_URL"]}
    supervisor.run_step([*manage, "migrate", "--no-input"], env=owner, cwd=ROOT, quiet=True)
    mailbox = [python, "scripts/mailbox.py", "serve", "--port", str(mail_port), "--folder", str(state.folder / "mail")]
    supervisor.add(Child("mailbox", mailbox, env=env, cwd=ROOT, rank=1, log=state.folder / "log/mailbox.log"))
    if has_command("seed_demo"):
        supervisor.run_step([*manage, "seed_demo", "--once"], env=env, cwd=ROOT, quiet=False)
    celery = [str(scripts / "celery"), "--quiet", "-A", "concierge"]
    beat_file = state.folder / "run/beat-schedule"
    programs = {
        "web": [
            *(str(scripts / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
            *("--workers", "2", "--blocking-threads", "4", "--http", "1", "--no-ws", "--respawn-failed-workers"),
            *("--workers-kill-timeout", "10", "--log-level", "warning", "concierge.wsgi:application"),
        ],
        "worker": [
            *(*celery, "worker", "--concurrency", "2", "--loglevel", env.get("LOG_LEVEL", "INFO")),
            *("--without-gossip", "--without-mingle", "--queues", "celery,webhooks"),
        ],
        "sweeper": [*manage, "run_sweeper"],
        "beat": [*celery, "beat", "--loglevel", "WARNING", "--schedule", str(beat_file), "--pidfile", ""],
    }
    say("Starting the web server, the worker, the sweeper and the scheduler")
    for name, argv in programs.items():
        supervisor.add(Child(name, argv, env=env, cwd=ROOT))
    if wait_for_answer(supervisor, f"http://127.0.0.1:{port}/healthz"):
        print(f"\n  Ready: http://localhost:{port}\n", flush=True)
    else:
        print(f"\n  The web server does not answer yet at http://localhost:{port}: see the lines above\n", flush=True)
    if has_command("demo_accounts") and not supervisor.stopping:
        supervisor.run_step([*manage, "demo_accounts"], env=env, cwd=ROOT, quiet=False)
    print(f"  Mails   {state.folder / 'mail'}/*.eml   (none leaves this machine; `make mail` shows the last one)")
    print(f"  SMS     {state.folder / 'sms'}/*.txt   (likewise; `make sms` shows the last one)")
    print(f"  Logs    {state.folder / 'log'}/   (warnings of the others below; everything: LOG_LEVEL=INFO make run)")
    print("  Play    make demo   (in another terminal)")
    print("  Stop    Ctrl-C   (the data are kept; `make reset` forgets them)\n", flush=True)


def has_command(name: str) -> bool:
    """Whether an application has this management command, without starting Django."""
    return any(ROOT.glob(f"*/management/commands/{name}.py"))


def wait_for_answer(supervisor: Supervisor, address: str, *, patience: float = 60.0) -> bool:
    """True as soon as the address answers anything below 500, False after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not supervisor.stopping:
        supervisor.tick(0.1)
        try:
            with urllib.request.urlopen(address, timeout=5):  # our own loopback address
                return True
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return True
        except OSError:
            continue
    return False


# --- ports ------------------------------------------------------------------------------------------------------------


def chosen_ports() -> tuple[int, int]:
    """The web port and the mail port. Raises StackError, naming the port and the way out, when one is taken."""
    port = port_from("PORT", DEFAULT_PORT)
    if problem := port_problem(port):
        other = next(number for number in range(port + 1, port + 1000) if not port_problem(number))
        raise StackError(f"port {port} {problem}. Choose another one: PORT={other} make run")
    mail_port = port_from("MAIL_PORT", DEFAULT_MAIL_PORT)
    if mail_port == port or (problem := port_problem(mail_port)):
        if "MAIL_PORT" in os.environ:
            raise StackError(f"mail port {mail_port} is already taken. Choose another one with MAIL_PORT")
        mail_port = next(
            number for number in range(mail_port + 1, 65000) if number != port and not port_problem(number)
        )
    return port, mail_port


def port_from(name: str, default: int) -> int:
    """A port number from the environment. Raises StackError when it isn't one."""
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StackError(f"{name}={text} is not a port number (1 to 65535)")
    return int(text)


def port_problem(port: int) -> str | None:
    """Why this loopback port can't be used, or None."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return "is already taken by another program" if error.errno == errno.EADDRINUSE else "may not be used here"
    return None


# --- the other commands -----------------------------------------------------------------------------------------------


def execute(command: list[str]) -> int:
    """Become the command, in the environment of the running system."""
    env = {**os.environ, **local_state().read_env()}
    os.chdir(ROOT)
    try:
        os.execvpe(command[0], command, env)
    except OSError as error:
        raise StackError(f"{command[0]}: {error.strerror}") from error


def services(command: list[str], *, durable: bool = False) -> int:
    """Run a command beside empty servers that are removed afterwards; returns its exit status (128 + n after signal n).

    `durable`: they flush every commit, as in production; else they are fast and forgetful. DATABASE_URL belongs to a
    superuser, who may create test databases and take any role.
    """
    account = server_account()
    folder = Path(tempfile.mkdtemp(prefix="concierge-test-")).resolve()
    state = State(folder)
    state.create(enterable=account is not None)
    mark = {MARK: str(folder)}
    homes = [folder, SYSTEM_FOLDER / short_hash(folder)]

    def remove() -> None:
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)

    guard = Guard(mark[MARK], after=remove)
    supervisor = Supervisor()
    try:
        secrets = state.secrets()
        postgres = Postgres(state, account, secrets, throw_away=not durable)
        homes += [postgres.sockets]
        valkey = Valkey(state, secrets["valkey"], throw_away=not durable)
        homes += [valkey.socket.parent]
        postgres.initialise()
        supervisor.add(postgres.child(mark))
        supervisor.add(valkey.child(mark))
        postgres.wait_until_ready(supervisor)
        valkey.wait_until_ready(supervisor)
        postgres.prepare()
        env = {
            **os.environ,
            **mark,
            "DATABASE_URL": postgres.url(SUPERUSER),
            "DATABASE_OWNER_URL": postgres.url(SUPERUSER),
            "DATABASE_APP_URL": postgres.url(APP),
            "REDIS_URL": valkey.url(CACHE),
            "CELERY_BROKER_URL": valkey.broker_url(BROKER),
            "SECRET_KEY": secrets["secret_key"],
            "DJANGO_SETTINGS_MODULE": "concierge.settings.test",
        }
        try:
            process = spawn(command, env=env, cwd=Path.cwd(), own_session=False)
        except OSError as error:
            raise StackError(f"{command[0]}: {error.strerror}") from error
        forwarded = 0
        while process.poll() is None:
            supervisor.tick(0.1)
            if supervisor.signals > forwarded:  # a terminal's Ctrl-C has already reached the command
                forwarded = supervisor.signals
                if supervisor.last_signal != signal.SIGINT:
                    process.send_signal(supervisor.last_signal)
        return process.returncode if process.returncode >= 0 else 128 - process.returncode
    finally:
        supervisor.stop()
        end_marked(mark[MARK], patience=1.0)
        guard.dismiss()
        remove()


def status() -> int:
    """Print what runs, as JSON; exit status 3 when nothing does."""
    state = local_state()
    if not state.running_pid():
        print("{}")
        return 3
    children = json.loads(state.status_file.read_text()) if state.status_file.exists() else {}
    print(json.dumps({"supervisor": state.running_pid(), **children}))
    return 0


def reset() -> int:
    """Remove the state folder, with its database. Raises StackError while the system runs."""
    state = local_state()
    if pid := state.running_pid():
        raise StackError(f"the system is running (pid {pid}); stop it first")
    for folder in (SYSTEM_FOLDER / short_hash(state.folder), state.folder):
        if folder.exists():
            shutil.rmtree(folder)
            say(f"Removed {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
