"""What is started stays alive, ends in order, and leaves nobody behind: small children, the real supervisor."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from service.settings import SettingsError, load
from service.supervise import Child, alone, environment, schedule_children, supervise, take_ports

T = TypeVar("T")
ROOT = Path(__file__).parents[2]

PARENT = """
    import os, sys
    from pathlib import Path
    from service.log import configure
    from service.supervise import Child, supervise

    configure()
    NOTE = "import os, signal, sys, time; note = open(sys.argv[1], 'a', buffering=1); note.write(f'{os.getpid()}\\\\n');"
    STAYS = NOTE + "signal.signal(15, lambda *_: (note.write(f'{time.monotonic_ns()}\\\\n'), sys.exit(0))); time.sleep(600)"
    DEAF = NOTE + "signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    WRONG = NOTE + "sys.exit(2)"

    def child(name, code):
        return Child(name, [sys.executable, "-c", code, f"{name}.txt"], os.environ, grace=0.5)

    children = [child(name, globals()[kind]) for name, kind in (one.split("=") for one in sys.argv[1:])]
    sys.exit(supervise(children, lambda: True, lambda: print("ready", flush=True)))
"""


@contextmanager
def parent(folder: Path, *children: str) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in a process of its own; each child notes its pid and its end in `folder`; killed when the test leaves it."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), *children],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def eventually(ask: Callable[[], T], seconds: float = 10) -> T:
    """The first true answer; the test fails when none comes in time."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return answer


def notes(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def pid(path: Path) -> int:
    return int(eventually(lambda: [line for line in notes(path) if line.isdigit()])[-1])


def gone(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.crash
def test_a_killed_child_is_started_again_at_once(tmp_path: Path) -> None:
    with parent(tmp_path, "one=STAYS"):
        first = pid(tmp_path / "one.txt")
        os.kill(first, signal.SIGKILL)
        eventually(lambda: len(notes(tmp_path / "one.txt")) == 2, seconds=2)


@pytest.mark.crash
def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    with parent(tmp_path, "one=STAYS", "two=DEAF") as process:
        children = [pid(tmp_path / "one.txt"), pid(tmp_path / "two.txt")]
        process.kill()
        eventually(lambda: all(map(gone, children)), seconds=5)


@pytest.mark.crash
def test_a_stop_ends_all_in_order_even_the_deaf(tmp_path: Path) -> None:
    with parent(tmp_path, "one=STAYS", "two=DEAF", "three=STAYS") as process:
        children = [pid(tmp_path / f"{name}.txt") for name in ("one", "two", "three")]
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(10) == 0
        assert all(map(gone, children))
    ends = [int(notes(tmp_path / f"{name}.txt")[1]) for name in ("one", "three")]
    assert ends == sorted(ends)


@pytest.mark.crash
def test_a_child_whose_settings_are_wrong_ends_the_whole(tmp_path: Path) -> None:
    with parent(tmp_path, "one=WRONG", "two=STAYS") as process:
        assert process.wait(10) == 2


def test_a_child_that_keeps_dying_is_started_less_and_less_often() -> None:
    child = Child("short", [sys.executable, "-c", ""], os.environ, grace=1)
    waits = []
    for _ in range(3):
        child.start()
        eventually(lambda: child.died() is not None)
        waits.append(round(child.due - time.monotonic()))
    assert waits == [0, 1, 2]


def test_it_says_ready_only_once_and_only_when_it_is(tmp_path: Path) -> None:
    answers, told = iter([False, True, True]), list[str]()

    def tell() -> None:
        told.append("ready")
        os.kill(os.getpid(), signal.SIGTERM)

    child = Child(
        "one", [sys.executable, "-c", "import time; time.sleep(600)"], os.environ, grace=1, log_file=tmp_path / "one.log"
    )
    assert supervise([child], lambda: next(answers), tell) == 0
    assert told == ["ready"]


def test_a_port_in_use_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.supervise.PORT_GRACE", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Porten {port} används redan av något annat. Välj en annan med --port."):
            take_ports([("127.0.0.1", port, "--port")])


def test_a_data_folder_has_one_master_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(SettingsError, match="Överens är redan igång"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_the_children_hear_what_the_command_line_chose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://somewhere.else.example/api")
    told = environment(load(data_dir=tmp_path, demo=True, base_url="http://127.0.0.1:8010"))
    assert (told["OVERENS_DATA_DIR"], told["OVERENS_DEMO"], told["OVERENS_BASE_URL"]) == (
        str(tmp_path),
        "true",
        "http://127.0.0.1:8010",
    )
    assert told["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"


def test_no_server_is_started_for_a_scheduler_that_runs_elsewhere(tmp_path: Path) -> None:
    here, elsewhere = load(data_dir=tmp_path), load(data_dir=tmp_path, prefect_api_url="http://scheduler:4200/api")
    assert [child.name for child in schedule_children(here)] == ["flows", "scheduler"]
    assert [child.name for child in schedule_children(elsewhere)] == ["flows"]
