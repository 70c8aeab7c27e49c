"""The real `overens up` in a folder of its own, with everything it started in view, so that any of it can be killed."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
CHILDREN_GONE = 5.0
"""Seconds that what a killed `up` had started may outlive it."""

PARTS = {
    "up": ("service", "up"),
    "web": ("service", "serve"),
    "migrate": ("service", "migrate"),
    "deliver": ("service", "deliver"),
    "runner": ("flows.serve",),
    "scheduler": ("prefect", "server"),
    "flow": ("prefect.engine",),
}
"""Each part by words of its command line; "flow" is the process of one run."""

SENDERS = {"web", "deliver", "flow"}


@dataclass
class House:
    """One data folder and two ports; what was killed, and how long each return took."""

    folder: Path
    environment: dict[str, str]
    port: int
    flows: bool = False
    prefect_port: int = 0
    returns: list[float] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)
    senders_killed: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = [sys.executable, "-m", "service", "up", "--port", str(self.port), *([] if self.flows else ["--no-flows"])]
        with (self.folder / "up.log").open("ab") as log:
            self.process = subprocess.Popen(words, cwd=ROOT, env=self._told(), stdout=log, stderr=log)

    def deliver(self) -> subprocess.Popen[bytes]:
        """One run of the command that does what the delivery flow does."""
        words = [sys.executable, "-m", "service", "deliver"]
        with (self.folder / "deliver.log").open("ab") as log:
            return subprocess.Popen(words, cwd=ROOT, env=self._told(), stdout=log, stderr=log)

    def _told(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("OVERENS_", "PREFECT_"))}
        chosen = {"OVERENS_DATA_DIR": str(self.folder), "OVERENS_PREFECT_PORT": str(self.prefect_port or 4200)}
        return mine | chosen | self.environment

    def living(self) -> dict[int, str]:
        """Every process that works in this folder, by pid, with the name of its part."""
        mark, found = f"OVERENS_DATA_DIR={self.folder}".encode(), dict[int, str]()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (said := _said(entry)) and mark in said[1]:
                found[int(entry.name)] = _part(said[0])
        return found

    def healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def whole(self) -> bool:
        """The web answers, and every child that ought to be there is."""
        wanted = {"up", "web"} | ({"runner", "scheduler"} if self.flows else set())
        return self.healthy() and wanted <= set(self.living().values())

    def at_work(self) -> bool:
        """Whether a scheduled run is in progress."""
        return "flow" in self.living().values()

    def kill(self, part: str) -> bool:
        """SIGKILL for one process of this part; False when there is none just now."""
        found = [pid for pid, name in self.living().items() if name == part]
        if not found:
            return False
        if part == "up":
            return self._kill_parent()
        self._count(part, [name for name in self.living().values() if name == "flow"] if part == "runner" else [part])
        _kill(found[-1])
        return True

    def _kill_parent(self) -> bool:
        """Its children must follow it, and only then is it started again, on the same ports."""
        assert self.process is not None
        taken = [name for name in self.living().values() if name != "deliver"]
        self.process.kill()
        self.process.wait()
        self._count("up", taken)
        assert until(self.empty, CHILDREN_GONE) < CHILDREN_GONE, f"left behind by a killed up: {self.living()}"
        self.start()
        return True

    def _count(self, part: str, taken: list[str]) -> None:
        self.kills.append(part)
        self.senders_killed += sum(name in SENDERS for name in taken)

    def empty(self) -> bool:
        return not set(self.living().values()) - {"deliver"}

    def returned(self, seconds: float) -> float:
        """How long it takes until all is well again; the test fails when it takes longer than this."""
        took = until(self.whole, seconds)
        assert took < seconds, f"not back after {self.kills[-3:]}: {self.living()}\n{self.tail()}"
        self.returns.append(took)
        return took

    def stop(self) -> int:
        """An orderly end; nothing may be left, and the ports are free again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(40)
        assert until(self.empty, CHILDREN_GONE) < CHILDREN_GONE, f"left behind: {self.living()}"
        for port in filter(None, (self.port, self.prefect_port)):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        return code

    def abandon(self) -> None:
        """Whatever a failed test left: ended, each by its pid."""
        for pid in self.living():
            _kill(pid)

    def tail(self) -> str:
        return (self.folder / "up.log").read_text(errors="replace")[-3000:]


def until(ask: Callable[[], bool], seconds: float) -> float:
    """Seconds until it is so, or at least `seconds` when it did not become so."""
    began = time.monotonic()
    while not ask() and time.monotonic() - began < seconds:
        time.sleep(0.05)
    return time.monotonic() - began


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def strike(house: House, dice: random.Random, parts: list[str]) -> None:
    """One blow: a random part, sometimes several at once, sometimes the newcomer again while it is starting."""
    several = dice.random() < 0.2
    for part in {dice.choice(parts) for _ in range(2 if several else 1)}:
        house.kill(part)
    if dice.random() < 0.3:
        time.sleep(dice.uniform(0, 2.5))
        house.kill(dice.choice(parts))


def _said(entry: Path) -> tuple[list[str], list[bytes]] | None:
    try:
        return (entry / "cmdline").read_text(errors="replace").split("\0"), (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return None


def _part(words: list[str]) -> str:
    return next((name for name, wanted in PARTS.items() if set(wanted) <= set(words)), "other")


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it may end by itself in this very moment
        os.kill(pid, signal.SIGKILL)
