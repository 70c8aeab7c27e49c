"""The real scheduler under the real command: a run really appears, really runs, and survives what kills it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from service.schedules import NAMES, Run, Schedules, standing
from service.settings import Settings, load
from service.supervise import web_answers

T = TypeVar("T")
pytestmark = pytest.mark.scheduler


@dataclass
class Started:
    """A running `overens up` with its settings."""

    process: subprocess.Popen[str]
    settings: Settings
    port: int

    def runs(self) -> list[Run]:
        with Schedules(self.settings) as schedules:
            return schedules.past()

    def child(self, name: str) -> int:
        """The pid of the child that runs this module."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next(int(one) for one in children if name in Path(f"/proc/{one}/cmdline").read_text().split("\0"))


def eventually(ask: Callable[[], T], seconds: float = 90) -> T:
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)
    return answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder, port, prefect_port = tmp_path_factory.mktemp("up"), free_port(), free_port()
    environment = os.environ | {"OVERENS_DATA_DIR": str(folder), "OVERENS_PREFECT_PORT": str(prefect_port)}
    command = [sys.executable, "-m", "service", "up", "--port", str(port)]
    with (
        (folder / "up.log").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        said = process.stdout.readline()
        while said and not said.startswith("ready"):
            said = process.stdout.readline()
        assert said == f"ready http://127.0.0.1:{port}\n", (folder / "up.log").read_text()
        try:
            yield Started(process, load(data_dir=folder, prefect_port=prefect_port, base_url=f"http://127.0.0.1:{port}"), port)
        finally:
            process.terminate()
            process.wait(40)


def test_ready_means_that_runs_of_every_schedule_stand_as_rows(started: Started) -> None:
    def coming() -> set[str]:
        with Schedules(started.settings) as schedules:
            return {run.schedule for run in schedules.coming(200)}

    eventually(lambda: coming() == {"reminders", "rounds", "deliver", "follow-ups", "nightly"})


def test_every_schedule_without_a_mailbox_says_when_it_runs_next(started: Started) -> None:
    eventually(lambda: {one.name for one in standing(started.settings) if one.next} == NAMES.keys() - {"inbox"})


def test_the_reminders_catch_up_at_start(started: Started) -> None:
    eventually(lambda: any((run.schedule, run.state) == ("reminders", "COMPLETED") for run in started.runs()))


def test_a_person_can_start_a_run(started: Started) -> None:
    before = len([run for run in started.runs() if run.schedule == "reminders"])
    with Schedules(started.settings) as schedules:
        schedules.run_now("reminders")
    eventually(lambda: len([run for run in started.runs() if run.schedule == "reminders"]) > before)


def test_the_scheduler_asks_who_you_are(started: Started) -> None:
    assert httpx.get(f"{started.settings.scheduler_url}/flows/count").status_code == 401
    assert httpx.post(f"{started.settings.scheduler_url}/flow_runs/filter", json={}).status_code in (401, 403)


@pytest.mark.crash
@pytest.mark.parametrize("name", ["service", "flows.serve", "prefect"])
def test_a_killed_child_comes_back(started: Started, name: str) -> None:
    first = started.child(name)
    os.kill(first, signal.SIGKILL)

    def back() -> bool:
        try:
            return started.child(name) != first
        except StopIteration:
            return False

    eventually(back, seconds=10)
    eventually(lambda: web_answers(started.settings, "127.0.0.1", started.port), seconds=20)


@pytest.mark.crash
def test_runs_go_on_after_the_kills(started: Started) -> None:
    def answered() -> bool:
        with Schedules(started.settings) as schedules:
            return schedules.healthy()

    eventually(answered)
    eventually(lambda: any(run.expected for run in started.runs()))
    now = max(run.expected for run in started.runs() if run.expected)
    eventually(
        lambda: any(run.state == "COMPLETED" and run.expected and run.expected > now for run in started.runs()), seconds=150
    )


def test_a_stop_is_orderly_and_pauses_nothing(started: Started) -> None:
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(40) == 0
