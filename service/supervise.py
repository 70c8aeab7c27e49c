"""The parent of `overens up`: starts the web and the schedules, starts again what dies, and takes them all along when it ends."""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TextIO
from urllib.parse import urlsplit

import httpx

from flows.environment import ORPHANED, prefect_environment
from service import log
from service.schedules import SchedulerAway, Schedules
from service.settings import PREFIX, Settings, SettingsError
from states.errors import StoreUnavailable

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
STEADY = 30.0
"""Seconds after which a child without a port counts as well started."""

LARGEST_LOG = 10 * 1024 * 1024
PORT_GRACE = 3.0
"""Seconds for the children of a killed `up` to let go of their ports."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_log = log.logger("supervise")


@dataclass
class Child:
    """One process we keep alive: how it is started, how long it may take to end when it is asked to, where it listens.

    `orphaned` is the signal it gets when we die; one that starts processes itself must hear it, to take them along.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    grace: float
    log_file: Path | None = None
    port: tuple[str, int] | None = None
    orphaned: signal.Signals = signal.SIGKILL
    well: bool = False
    wait: float = FIRST_WAIT
    started: float = 0.0
    due: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        parent = os.getpid()
        with ExitStack() as stack:
            output = stack.enter_context(_opened(self.log_file)) if self.log_file else None
            self.process = subprocess.Popen(  # noqa: S603 (our own programs, no shell)
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output or sys.stderr,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends its children in order
                preexec_fn=lambda: _die_with(parent, self.orphaned),
            )
        self.started, self.well = time.monotonic(), False
        _log.info("child started", child=self.name, pid=self.process.pid)

    def died(self) -> int | None:
        """The exit code, once, when the child has just ended.

        What had started well is started again at once; what cannot start, after a growing wait.
        """
        if self.process is None or (code := self.process.poll()) is None:
            self.well = self.well or self._has_started()
            return None
        _signal_group(self.process.pid, signal.SIGKILL)  # what it had started would outlive us too, were we killed next
        wait = 0.0 if self.well else self.wait
        self.due, self.process = time.monotonic() + wait, None
        self.wait = FIRST_WAIT if self.well else min(self.wait * 2, LONGEST_WAIT)
        _log.warning("child ended, will be started again", child=self.name, exit_code=code, seconds=wait)
        return code

    def _has_started(self) -> bool:
        if self.process is None:
            return False
        return _listens(*self.port) if self.port else time.monotonic() - self.started >= STEADY

    def stop(self) -> None:
        """Ask it to end and wait for all it started, a message in hand above all; after its grace, end what is left."""
        if self.process is None:
            return
        self.process.terminate()
        patience = time.monotonic() + self.grace
        while (late := self._group_lives()) and time.monotonic() < patience:
            time.sleep(0.05)
        if late:
            _log.warning("child did not end in time", child=self.name, seconds=self.grace)
            _signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def _group_lives(self) -> bool:
        return self.process is not None and (self.process.poll() is None or _signal_group(self.process.pid, 0))


def supervise(children: list[Child], ready: Callable[[], bool], tell: Callable[[], None]) -> int:
    """Keep the children alive until SIGTERM or SIGINT, then end them in the order given.

    `tell` is called once, when `ready` first holds. Returns 0, or 2 when a child says that its settings are wrong.
    """
    stopping, told, asked = Event(), False, time.monotonic()
    with _signals(stopping):
        try:
            for child in reversed(children):
                child.start()
            while not stopping.wait(0.1):
                for child in children:
                    if child.died() == 2:
                        return 2
                    if child.process is None and time.monotonic() >= child.due:
                        child.start()
                if not told and time.monotonic() - asked >= 1:
                    asked, told = time.monotonic(), ready()
                    if told:
                        tell()
            return 0
        finally:
            for child in children:
                child.stop()


def command(settings: Settings, name: str, output: int | TextIO) -> int:
    """Run one of our own commands in a process of its own, so that this one stays small; returns its exit code."""
    words, parent = [sys.executable, "-m", "service", name], os.getpid()
    return subprocess.run(  # noqa: S603 (our own program, no shell)
        words, env=environment(settings), stdout=output, check=False, preexec_fn=lambda: _die_with(parent)
    ).returncode


def up(settings: Settings, host: str, port: int, *, flows: bool, tell: Callable[[str], None]) -> int:
    """The web and, unless left out, the schedules; returns the exit code."""
    children = [web(settings, host, port)] + (schedule_children(settings) if flows else [])
    take_ports([(host, port, "--port"), *_scheduler_port(settings, flows)])

    def ready() -> bool:
        return web_answers(settings, host, port) and (not flows or runs_appear(settings))

    def tell_ready() -> None:
        tell(f"ready {settings.base_url}")
        if settings.demo:
            command(settings, "demo-links", sys.stdout)

    with alone(settings.data_dir):
        for step in ["migrate", "seed"] if settings.demo else ["migrate"]:
            if failed := command(settings, step, sys.stderr):
                return failed
        return supervise(children, ready, tell_ready)


def schedules_only(settings: Settings, tell: Callable[[str], None]) -> int:
    """The schedules without the web, for a machine of their own."""
    take_ports(_scheduler_port(settings, True))
    with alone(settings.data_dir, "flows.lock"):
        return supervise(schedule_children(settings), lambda: runs_appear(settings), lambda: tell("ready schedules"))


def web(settings: Settings, host: str, port: int) -> Child:
    words = [sys.executable, "-m", "service", "serve", "--host", host, "--port", str(port)]
    return Child("web", words, environment(settings), grace=12, port=(host, port))


def schedule_children(settings: Settings) -> list[Child]:
    """The runner, and before it the scheduler's own server unless that one runs elsewhere."""
    logs = settings.data_dir / "logs"
    serve = [sys.executable, "-m", "flows.serve"]
    runner = Child("flows", serve, environment(settings), 10, logs / "flows.log", orphaned=ORPHANED)
    if settings.prefect_api_url:
        return [runner]
    words = [sys.executable, "-m", "prefect", "server", "start"]
    at = (settings.prefect_host, settings.prefect_port)
    return [runner, Child("scheduler", words, environment(settings), 6, logs / "scheduler.log", at)]


def environment(settings: Settings) -> dict[str, str]:
    """What a child inherits: ours, what was chosen on the command line, and no foreign scheduler's settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    chosen = {
        f"{PREFIX}DATA_DIR": str(settings.data_dir),
        f"{PREFIX}BASE_URL": settings.base_url,
        f"{PREFIX}DEMO": str(settings.demo).lower(),
        f"{PREFIX}LOG_LEVEL": settings.log_level,
    }
    return inherited | chosen | prefect_environment(settings)


def take_ports(wanted: list[tuple[str, int, str]]) -> None:
    """Raise SettingsError when somebody else has one of the ports; the last item of each names what to change."""
    for host, port, option in wanted:
        patience = time.monotonic() + PORT_GRACE
        while not _free(host, port):
            if time.monotonic() > patience:
                raise SettingsError(f"Porten {port} används redan av något annat. Välj en annan med {option}.")
            time.sleep(0.2)


@contextmanager
def alone(folder: Path, name: str = "up.lock") -> Iterator[None]:
    """Hold the data folder; the lock goes with the process, however it ends, so nothing stale is left behind."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (folder / name).open("a")
    except OSError as error:
        raise StoreUnavailable(f"Mappen {folder} kan inte användas ({error.strerror}).") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"Överens är redan igång i mappen {folder}. Välj en annan med {PREFIX}DATA_DIR.") from None
        yield


def web_answers(settings: Settings, host: str, port: int) -> bool:
    """Whether the web process says that it and the store are ready; asked by the name people use, others are refused."""
    place = _from_here(host)
    try:
        named, at = {"Host": urlsplit(settings.base_url).netloc}, f"[{place}]" if ":" in place else place
        return httpx.get(f"http://{at}:{port}/health/ready", headers=named, timeout=2).is_success
    except httpx.HTTPError:
        return False


def runs_appear(settings: Settings) -> bool:
    """The canary: a scheduled run really stands as a row. A green health check alone has been seen with a dead scheduler."""
    with Schedules(settings) as schedules:
        try:
            return bool(schedules.coming(1))
        except SchedulerAway:
            return False


def _scheduler_port(settings: Settings, flows: bool) -> list[tuple[str, int, str]]:
    here = flows and not settings.prefect_api_url
    return [(settings.prefect_host, settings.prefect_port, f"{PREFIX}PREFECT_PORT")] if here else []


def _from_here(host: str) -> str:
    """How this machine itself reaches what listens on this address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (read, not bound)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((_from_here(host), port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _die_with(parent: int, orphaned: signal.Signals = signal.SIGKILL) -> None:
    """In the child, before it becomes itself: be told when the parent ends, even when it was killed (Linux)."""
    _libc.prctl(_PR_SET_PDEATHSIG, orphaned)
    if os.getppid() != parent:
        os._exit(1)  # it died while we were being born


def _signal_group(leader: int, number: int) -> bool:
    """Whether anybody is left in the group of this child and what it started."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A log file to write on, begun anew when it has grown large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    large = path.exists() and path.stat().st_size > LARGEST_LOG
    with path.open("wb" if large else "ab") as file:
        yield file.fileno()


@contextmanager
def _signals(stopping: Event) -> Iterator[None]:
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def address(host: str, port: int) -> str:
    """The address people use when none is set: this machine by the host and port the web was told to take."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
